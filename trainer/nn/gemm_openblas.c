#include "trainer/nn/gemm_openblas.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

/* libopenblas.so.0 is an alternatives link, which an administrator may point at any BLAS; only
 * OpenBLAS has these. */
#pragma weak openblas_set_num_threads
#pragma weak openblas_get_config
#pragma weak openblas_get_corename

void vsh_openblas_start(void)
{
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
}

void vsh_openblas_multiply(const vsh_product *p, float beta)
{
    cblas_sgemm(CblasRowMajor, p->form == VSH_GEMM_TN ? CblasTrans : CblasNoTrans,
                p->form == VSH_GEMM_NT ? CblasTrans : CblasNoTrans, (blasint)p->m, (blasint)p->n,
                (blasint)p->k, p->alpha, p->a, (blasint)p->lda, p->b, (blasint)p->ldb, beta, p->c,
                (blasint)p->ldc);
}

const char *vsh_openblas_describe(char *room, int room_bytes)
{
    char version[32] = "";

    if (!openblas_get_config || !openblas_get_corename)
        return "BLAS";
    sscanf(openblas_get_config(), "OpenBLAS %31s", version);
    snprintf(room, (size_t)room_bytes, "OpenBLAS %s %s", version, openblas_get_corename());
    return room;
}
