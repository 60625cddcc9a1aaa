/* The vectorized inner loops, compiled once for each instruction set and chosen when the program
 * starts. Each part of the network describes its own loops in NAME_kernels.h and writes them in
 * NAME_body.h; isa_*.c puts the bodies together. */
#ifndef VSH_KERNELS_H
#define VSH_KERNELS_H

#include "trainer/nn/attention_kernels.h"
#include "trainer/nn/element.h"
#include "trainer/nn/gemm_kernels.h"
#include "trainer/nn/moe_kernels.h"
#include "trainer/nn/update_kernels.h"
#include "trainer/nn/vector_kernels.h"

typedef struct {
    const char *name; /* avx512, avx2 or plain */
    vsh_vector_kernels vector[VSH_ELEMENT_COUNT];
    vsh_attention_kernels attention[VSH_ELEMENT_COUNT];
    vsh_moe_kernels moe[VSH_ELEMENT_COUNT];
    vsh_update_kernels update;
    vsh_gemm_kernels gemm;
} vsh_kernels;

/* The best this processor has. */
const vsh_kernels *vsh_kernels_find(void);
/* By name, for tests; NULL when this processor has it not. */
const vsh_kernels *vsh_kernels_named(const char *name);

#endif
