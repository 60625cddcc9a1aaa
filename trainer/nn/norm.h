/* RMS norm (Zhang and Sennrich 2019, arXiv:1910.07467) and layer norm (Ba et al. 2016,
 * arXiv:1607.06450), epsilon inside the root. Statistics are made again in the backward pass: only
 * the input is kept. */
#ifndef VSH_NORM_H
#define VSH_NORM_H

#include <stdbool.h>

#include "trainer/nn/nn.h"

#define VSH_NORM_EPSILON 1e-5F

/* What a norm is; weight (C), bias (C) or NULL. */
typedef struct {
    bool layer; /* layer norm; false: RMS */
    vsh_element element;
    int64_t rows, width;
    const void *weight, *bias;
} vsh_norm_shape;

/* out (rows, C) = norm(x) weight + bias.   x (rows, C); out may be x. */
void vsh_norm_forward(const vsh_nn *nn, const vsh_norm_shape *shape, const void *x, void *out);

/* dx (rows, C) += gradient of the norm's input; dweight, dbias (C) += theirs; dbias NULL without
 * bias. dx may not overlap dout. partial is room for vsh_norm_partial_floats. */
void vsh_norm_backward(const vsh_nn *nn, const vsh_norm_shape *shape, const void *x,
                       const void *dout, void *dx, void *dweight, void *dbias, float *partial);

/* One row of sums for each block of rows, for weight and bias. */
static inline int64_t vsh_norm_partial_floats(int64_t rows, int64_t width)
{
    return 2 * vsh_row_blocks(rows) * width;
}

/* The naive twins, in double. dx, dweight, dbias are added to. */
void vsh_norm_forward_ref(bool layer, int64_t rows, int64_t width, const double *x,
                          const double *weight, const double *bias, double *out);
void vsh_norm_backward_ref(bool layer, int64_t rows, int64_t width, const double *x,
                           const double *weight, const double *dout, double *dx, double *dweight,
                           double *dbias);

#endif
