/* Kernels for any processor: vectors of four floats, which gcc maps to what there is. */
#define ISA plain
#include "trainer/nn/isa_body.h"
