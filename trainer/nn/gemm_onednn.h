/* oneDNN on the calling thread, loaded when the program runs: it is the faster library for many
 * shapes, and nothing needs it. */
#ifndef VSH_GEMM_ONEDNN_H
#define VSH_GEMM_ONEDNN_H

#include "trainer/nn/gemm_kernels.h"

typedef struct vsh_onednn vsh_onednn;
struct vsh_onednn {
    void *library; /* NULL: not on this machine */
    int (*sgemm)(char a_form, char b_form, int64_t m, int64_t n, int64_t k, float alpha,
                 const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                 int64_t ldc);
    void (*set_threads)(int threads);
    int version[3];
};

vsh_onednn vsh_onednn_open(void);
void vsh_onednn_close(vsh_onednn *onednn);
void vsh_onednn_multiply(const vsh_onednn *onednn, const vsh_product *product);

#endif
