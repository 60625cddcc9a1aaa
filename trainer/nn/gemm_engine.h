/* The engine from inside: shared by the files gemm_*.c only. */
#ifndef VSH_GEMM_ENGINE_H
#define VSH_GEMM_ENGINE_H

#include "trainer/nn/gemm.h"
#include "trainer/nn/gemm_onednn.h"
#include "trainer/nn/gemm_units.h"

/* Who computes an fp32 product. */
typedef enum { VSH_BLAS_OPENBLAS, VSH_BLAS_ONEDNN, VSH_BLAS_OWN, VSH_BLAS_COUNT } vsh_blas;

extern const char *const vsh_blas_words[]; /* closed by NULL */

/* Classes of shapes: rows of tokens (m of NT and NN, k of TN) and elements of the weight matrix. */
enum { VSH_GEMM_ROW_CLASSES = 6, VSH_GEMM_SIZE_CLASSES = 2 };

/* The last row class has no upper end. */
static const int64_t vsh_gemm_class_rows[VSH_GEMM_ROW_CLASSES - 1] = {24, 48, 96, 192, 512};
enum { VSH_GEMM_CLASS_SIZE = 1 << 19 }; /* elements: below, a weight matrix stays in the cache */

typedef struct {
    int choice[VSH_GEMM_FORMS][VSH_GEMM_SIZE_CLASSES][VSH_GEMM_ROW_CLASSES]; /* vsh_blas */
    double fp32_rate_one, fp32_rate_all; /* FLOP/s of large products, one thread and all; 0: not
                                            measured */
    double bf16_rate_one, bf16_rate_all;
    int64_t threads; /* all */
} vsh_gemm_table;

struct vsh_gemm_engine {
    vsh_pool *pool;
    const vsh_kernels *kernels;
    vsh_onednn onednn;
    vsh_units bf16, int8;
    vsh_gemm_table table;
    bool own_tile[VSH_GEMM_FORMS]; /* tiles of attention */
    const char *libraries;         /* what the table was measured with */
    const char *description;       /* libraries, and who was chosen */
};

/* The class of a product. */
vsh_blas vsh_gemm_choice(const vsh_gemm_table *table, vsh_gemm_form form, int64_t m, int64_t n,
                         int64_t k);
/* Without measurement: OpenBLAS, and own kernels for few rows. */
void vsh_gemm_table_plain(vsh_gemm_table *table);
void vsh_gemm_table_force(vsh_gemm_table *table, vsh_blas blas);
/* From path, when it was written with the same libraries; else measured, and written there. */
vsh_status vsh_gemm_table_find(vsh_gemm_engine *engine, const char *path, vsh_error *err);

/* Writes the engine's description. */
vsh_status vsh_gemm_table_describe(vsh_arena *arena, vsh_gemm_engine *engine, vsh_error *err);

/* What c is stored as. */
static inline vsh_element vsh_gemm_stored(const vsh_gemm_call *call)
{
    return call->wide ? VSH_F32 : call->element;
}

/* One product on this thread; scratch has VSH_SCRATCH_BYTES. */
void vsh_gemm_multiply(const vsh_gemm_engine *engine, vsh_blas blas, const vsh_product *product,
                       void *scratch);
/* The same of stored bf16 or with 8-bit operands. */
void vsh_gemm_narrow(const vsh_gemm_engine *engine, const vsh_gemm_call *piece, void *scratch);

/* How a product is cut: blocks of c of about this size, or of what remains of it. */
typedef struct {
    int64_t rows, cols;
} vsh_gemm_block;

/* A whole call, part by part on this thread, for measurement. */
void vsh_gemm_serial(const vsh_gemm_engine *engine, const vsh_gemm_call *call, vsh_blas blas);

#endif
