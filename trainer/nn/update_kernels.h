/* TODO(update) */
#ifndef VSH_UPDATE_KERNELS_H
#define VSH_UPDATE_KERNELS_H

#include <stdint.h>

typedef struct {
    int64_t (*none)(void);
} vsh_update_kernels;

#define VSH_UPDATE_TABLE                                                                           \
    {                                                                                              \
        0                                                                                          \
    }

#endif
