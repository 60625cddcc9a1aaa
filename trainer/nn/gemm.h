/* Matrix products, whoever computes them: OpenBLAS, oneDNN or the kernels of this project. The
 * output is cut into blocks by shape alone, so the bits do not depend on the number of threads. */
#ifndef VSH_GEMM_H
#define VSH_GEMM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "trainer/base/pool.h"
#include "trainer/nn/element.h"
#include "trainer/nn/kernels.h"

/* Scratch of each thread of a pool that a network runs on: a block of a product fits. */
enum { VSH_SCRATCH_BYTES = 2 << 20 };

typedef struct vsh_gemm_engine vsh_gemm_engine;

/* Row-major; the leading dimensions are of the matrices as stored. */
typedef struct {
    vsh_gemm_form form;
    vsh_element element; /* of a, b and c; sums are fp32 */
    bool int8;           /* NT only: both operands quantized to 8 bits, a scale a row of each */
    bool wide;           /* c is fp32 whatever the element: logits, router */
    bool add;            /* c += product, else c = product */
    int64_t m, n, k;
    const void *a;
    const void *b;
    void *c;
    int64_t lda, ldb, ldc; /* in elements */
} vsh_gemm_call;

typedef struct {
    const char *blas; /* "openblas", "onednn" or "own" for all fp32 products; NULL: the table */
    const char *table_path; /* where the measured table is kept; NULL: a fixed rule in its place */
    const char *units; /* what multiplies 16 and 8 bits: "amx", "avx512", "none"; NULL: the best */
} vsh_gemm_options;

/* options NULL: all of them NULL. The table is measured when its file is absent, damaged or of
 * other libraries (two seconds), and written. VSH_EINPUT for a word that is none of these,
 * VSH_EMACHINE when oneDNN is wanted and absent, or for memory, or when the table cannot be
 * written. */
vsh_status vsh_gemm_open(vsh_arena *arena, vsh_pool *pool, const vsh_kernels *kernels,
                         const vsh_gemm_options *options, vsh_gemm_engine **engine, vsh_error *err);
void vsh_gemm_close(vsh_gemm_engine *engine);

void vsh_gemm(vsh_gemm_engine *engine, const vsh_gemm_call *call);

/* groups products over consecutive rows: group g has rows [first[g], first[g+1]) of the tokens'
 * side. NT, NN: rows of a and c belong to the group; b is the group's own, b_stride elements apart.
 *   TN:     rows of a and b (the k side) belong to the group; c is the group's own, c_stride apart.
 * call holds what all groups share: n and k (NT, NN) or m and n (TN), pointers of row 0 and group
 * 0. A group without rows leaves c as it is (add) or zero (TN, not add). */
void vsh_gemm_grouped(vsh_gemm_engine *engine, const vsh_gemm_call *call, int64_t groups,
                      const int32_t *first, int64_t stride);

/* Y (M,N) += or = of one tile on the calling thread, fp32, for attention; the library's. */
void vsh_gemm_tile(const vsh_gemm_engine *engine, vsh_gemm_form form, int64_t m, int64_t n,
                   int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb,
                   float beta, float *c, int64_t ldc);

/* What computes here, for logs: "OpenBLAS 0.3.21 SkylakeX, oneDNN 2.6.3, own avx512". */
const char *vsh_gemm_describe(const vsh_gemm_engine *engine);

#endif
