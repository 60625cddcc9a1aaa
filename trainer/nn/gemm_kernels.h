/* TODO(gemm) */
#ifndef VSH_GEMM_KERNELS_H
#define VSH_GEMM_KERNELS_H

#include <stdint.h>

typedef struct {
    int64_t (*none)(void);
} vsh_gemm_kernels;

#define VSH_GEMM_TABLE                                                                             \
    {                                                                                              \
        0                                                                                          \
    }

#endif
