/* Kernels for avx512; the Makefile compiles this file with its instructions. */
#if defined(__x86_64__)
#define ISA avx512
#include "trainer/nn/isa_body.h"
#else
typedef int vsh_no_avx512;
#endif
