/* TODO(moe) */
#ifndef VSH_MOE_KERNELS_H
#define VSH_MOE_KERNELS_H

#include <stdint.h>

typedef struct {
    int64_t (*none)(void);
} vsh_moe_kernels;

#define VSH_MOE_TABLE(suffix)                                                                      \
    {                                                                                              \
        0                                                                                          \
    }

#endif
