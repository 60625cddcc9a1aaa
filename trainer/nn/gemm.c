#include "trainer/nn/gemm.h"

#include <assert.h>
#include <cblas.h>
#include <string.h>

struct vsh_gemm_engine {
    vsh_pool *pool;
    const vsh_kernels *kernels;
};

vsh_status vsh_gemm_open(vsh_arena *arena, vsh_pool *pool, const vsh_kernels *kernels,
                         const vsh_gemm_options *options, vsh_gemm_engine **engine, vsh_error *err)
{
    (void)options;
    *engine = vsh_alloc(arena, 1, sizeof **engine);
    if (!*engine)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    (*engine)->pool = pool;
    (*engine)->kernels = kernels;
    openblas_set_num_threads(1);
    return VSH_OK;
}

void vsh_gemm_close(vsh_gemm_engine *engine) { (void)engine; }

void vsh_gemm_tile(const vsh_gemm_engine *engine, vsh_gemm_form form, int64_t m, int64_t n,
                   int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb,
                   float beta, float *c, int64_t ldc)
{
    (void)engine;
    cblas_sgemm(CblasRowMajor, form == VSH_GEMM_TN ? CblasTrans : CblasNoTrans,
                form == VSH_GEMM_NT ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a,
                (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

typedef struct {
    vsh_gemm_engine *engine;
    const vsh_gemm_call *call;
} job;

enum { BLOCK = 256 };

/* The first version: blocks of rows of c, fp32 through the library, bf16 element by element. */
static void one_block(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_gemm_call *g = j->call;
    int64_t row = part * BLOCK, rows = g->m - row < BLOCK ? g->m - row : BLOCK;
    int64_t a_at = g->form == VSH_GEMM_TN ? row : row * g->lda;

    (void)thread;
    if (g->element == VSH_F32) {
        vsh_gemm_tile(j->engine, g->form, rows, g->n, g->k, 1, (const float *)g->a + a_at, g->lda,
                      g->b, g->ldb, g->add ? 1 : 0, (float *)g->c + row * g->ldc, g->ldc);
        return;
    }
    for (int64_t i = row; i < row + rows; i++)
        for (int64_t n = 0; n < g->n; n++) {
            const vsh_bf16 *a = g->a, *b = g->b;
            vsh_bf16 *c = (vsh_bf16 *)g->c + i * g->ldc + n;
            float *wide = (float *)g->c + i * g->ldc + n;
            float sum = !g->add ? 0 : g->wide ? *wide : vsh_float_of_bf16(*c);
            for (int64_t k = 0; k < g->k; k++)
                sum +=
                    vsh_float_of_bf16(a[g->form == VSH_GEMM_TN ? k * g->lda + i : i * g->lda + k]) *
                    vsh_float_of_bf16(b[g->form == VSH_GEMM_NT ? n * g->ldb + k : k * g->ldb + n]);
            if (g->wide)
                *wide = sum;
            else
                *c = vsh_bf16_of_float(sum);
        }
}

void vsh_gemm(vsh_gemm_engine *engine, const vsh_gemm_call *call)
{
    job j = {engine, call};

    vsh_pool_run(engine->pool, one_block, &j, (call->m + BLOCK - 1) / BLOCK);
}

void vsh_gemm_grouped(vsh_gemm_engine *engine, const vsh_gemm_call *call, int64_t groups,
                      const int32_t *first, int64_t stride)
{
    for (int64_t g = 0; g < groups; g++) {
        vsh_gemm_call one = *call;
        int64_t row = first[g], rows = first[g + 1] - first[g];
        one.a = vsh_at_const(call->a, call->element, row * call->lda);
        if (call->form == VSH_GEMM_TN) {
            one.b = vsh_at_const(call->b, call->element, row * call->ldb);
            one.c = vsh_at(call->c, call->element, g * stride);
            one.k = rows;
        } else {
            one.b = vsh_at_const(call->b, call->element, g * stride);
            one.c = vsh_at(call->c, call->element, row * call->ldc);
            one.m = rows;
        }
        if (rows > 0)
            vsh_gemm(engine, &one);
        else if (call->form == VSH_GEMM_TN && !call->add)
            for (int64_t m = 0; m < call->m; m++)
                memset(vsh_at(one.c, call->element, m * call->ldc), 0,
                       (size_t)call->n * vsh_element_bytes(call->element));
    }
}

const char *vsh_gemm_describe(const vsh_gemm_engine *engine)
{
    (void)engine;
    return openblas_get_config();
}
