/* Kernels for avx2; the Makefile compiles this file with its instructions. */
#if defined(__x86_64__)
#define ISA avx2
#include "trainer/nn/isa_body.h"
#else
typedef int vsh_no_avx2;
#endif
