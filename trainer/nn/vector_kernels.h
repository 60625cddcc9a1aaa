/* Loops over rows of elements, the same for every layer: norms, activations, rotation, the loss,
 * sums. x, out and so on are of the stored type of the table; parameters called sums are floats. */
#ifndef VSH_VECTOR_KERNELS_H
#define VSH_VECTOR_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model.h"

enum { VSH_MLP_KINDS = VSH_MLP_GEGLU + 1 };

/* Rows of F, gated ones of 2F, as trainer/nn/activation.h says. */
typedef void vsh_activation_rows(int64_t rows, int64_t width, const void *pre, void *out);
typedef void vsh_activation_back(int64_t rows, int64_t width, void *pre, void *out_grad,
                                 const float *weight, float *dweight);

typedef struct {
    void (*exp)(int64_t count, const void *x, void *out);
    /* out = a + b; out may be either. */
    void (*add)(int64_t count, const void *a, const void *b, void *out);
    /* to += sums */
    void (*add_sums)(int64_t count, const float *sums, void *to);
    /* sums (columns) = the sum over rows of x (rows, stride); or over the rows in list. */
    void (*sum_rows)(int64_t rows, int64_t columns, int64_t stride, const void *x, float *sums);
    void (*sum_listed)(int64_t count, const int32_t *list, int64_t columns, int64_t stride,
                       const void *x, float *sums);
    void (*round)(int64_t count, const float *from, void *to);
    void (*widen)(int64_t count, const void *from, float *to);
    /* No element is an infinity or NaN. */
    bool (*finite)(int64_t count, const void *x);
    /* As trainer/nn/norm.h says; bias may be NULL. back writes dweight and dbias. */
    void (*norm)(bool layer, int64_t rows, int64_t width, const void *weight, const void *bias,
                 const void *x, void *out);
    void (*norm_back)(bool layer, int64_t rows, int64_t width, const void *weight, const void *x,
                      const void *dout, void *dx, float *dweight, float *dbias);
    vsh_activation_rows *activation[VSH_MLP_KINDS];
    vsh_activation_back *activation_back[VSH_MLP_KINDS];
    /* One row: heads x head_dim elements; table: head_dim / 2 cosines, then as many sines. */
    void (*rotate)(int64_t heads, int64_t head_dim, const float *table, bool back, void *x);
    /* Sum of e^(x - max) and the max of x. */
    double (*exp_sum)(int64_t count, const void *x, float *max);
    /* x = factor e^(x - max) */
    void (*softmax)(int64_t count, float max, float factor, void *x);
    /* Sum of e^((x - max) inverse). */
    double (*warm_sum)(int64_t count, float max, float inverse, const void *x);
    /* z = (teacher - max[0]) inverse; teacher becomes e^z. sums: of e^z, of e^z z, and of
     * e^z (x - max[1]) inverse. */
    void (*lesson_sums)(int64_t count, const float max[2], float inverse, float *teacher,
                        const void *x, double sums[3]);
    /* x = factor[0] e^(x - max) + factor[1] e^((x - max) inverse) - factor[2] softened. */
    void (*lesson_back)(int64_t count, float max, float inverse, const float factor[3],
                        const float *softened, void *x);
} vsh_vector_kernels;

#define VSH_VECTOR_TABLE(suffix)                                                                   \
    {                                                                                              \
        .exp = vector_exp##suffix, .add = vector_add##suffix, .add_sums = add_sums##suffix,        \
        .sum_rows = sum_rows##suffix, .sum_listed = sum_listed##suffix,                            \
        .round = vector_round##suffix, .widen = vector_widen##suffix, .finite = finite##suffix,    \
        .norm = norm##suffix, .norm_back = norm_back##suffix,                                      \
        .activation = {[VSH_MLP_GELU] = gelu_rows##suffix,                                         \
                       [VSH_MLP_RELU] = relu_rows##suffix,                                         \
                       [VSH_MLP_SWIGLU] = swiglu_rows##suffix,                                     \
                       [VSH_MLP_GEGLU] = geglu_rows##suffix},                                      \
        .activation_back = {[VSH_MLP_GELU] = gelu_back##suffix,                                    \
                            [VSH_MLP_RELU] = relu_back##suffix,                                    \
                            [VSH_MLP_SWIGLU] = swiglu_back##suffix,                                \
                            [VSH_MLP_GEGLU] = geglu_back##suffix},                                 \
        .rotate = rotate##suffix, .exp_sum = exp_sum##suffix, .softmax = softmax##suffix,          \
        .warm_sum = warm_sum##suffix, .lesson_sums = lesson_sums##suffix,                          \
        .lesson_back = lesson_back##suffix                                                         \
    }

#endif
