/* One table of kernels for each instruction set. */
#ifndef VSH_ISA_H
#define VSH_ISA_H

#include "trainer/nn/kernels.h"

#if defined(__x86_64__)
extern const vsh_kernels vsh_kernels_avx512, vsh_kernels_avx2;
#endif
extern const vsh_kernels vsh_kernels_plain;

#endif
