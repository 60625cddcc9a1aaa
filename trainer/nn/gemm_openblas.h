/* OpenBLAS on the calling thread. */
#ifndef VSH_GEMM_OPENBLAS_H
#define VSH_GEMM_OPENBLAS_H

#include "trainer/nn/gemm_kernels.h"

/* One thread a call, from now on: the pool's threads call it side by side. */
void vsh_openblas_start(void);
void vsh_openblas_multiply(const vsh_product *product, float beta);
/* "OpenBLAS 0.3.21 SkylakeX", or "BLAS" of a library that is another. */
const char *vsh_openblas_describe(char *room, int room_bytes);

#endif
