/* What every part of the network computes with. */
#ifndef VSH_NN_H
#define VSH_NN_H

#include "trainer/base/pool.h"
#include "trainer/nn/element.h"
#include "trainer/nn/gemm.h"
#include "trainer/nn/kernels.h"

typedef struct {
    vsh_pool *pool;
    const vsh_kernels *kernels;
    vsh_gemm_engine *gemm;
} vsh_nn;

/* Rows that go to a thread together; a part of the work everywhere in the network. */
enum { VSH_ROW_BLOCK = 64 };

static inline int64_t vsh_row_blocks(int64_t rows)
{
    return (rows + VSH_ROW_BLOCK - 1) / VSH_ROW_BLOCK;
}

#endif
