/* TODO(vector) */
#ifndef VSH_VECTOR_KERNELS_H
#define VSH_VECTOR_KERNELS_H

#include <stdint.h>

typedef struct {
    int64_t (*none)(void);
} vsh_vector_kernels;

#define VSH_VECTOR_TABLE(suffix)                                                                   \
    {                                                                                              \
        0                                                                                          \
    }

#endif
