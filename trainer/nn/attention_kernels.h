/* TODO(attention) */
#ifndef VSH_ATTENTION_KERNELS_H
#define VSH_ATTENTION_KERNELS_H

#include <stdint.h>

typedef struct {
    int64_t (*none)(void);
} vsh_attention_kernels;

#define VSH_ATTENTION_TABLE(suffix)                                                                \
    {                                                                                              \
        0                                                                                          \
    }

#endif
