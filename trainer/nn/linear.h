/* What surrounds a product: bias and the residual stream. */
#ifndef VSH_LINEAR_H
#define VSH_LINEAR_H

#include <stdbool.h>

#include "trainer/nn/nn.h"

/* Rows of this many elements that go to a thread together: one block, fewer when they are long. */
static inline int64_t vsh_rows_together(int64_t width)
{
    int64_t rows = (1 << 16) / width;

    return rows < 1 ? 1 : rows < VSH_ROW_BLOCK ? rows : VSH_ROW_BLOCK;
}

/* y (rows, N) += bias (N) in every row; y has stride elements a row. */
void vsh_bias_forward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width,
                      int64_t stride, const void *bias, void *y);
/* dbias (N) += the sum of dy over rows, in order of fixed blocks; partial has room for
 * vsh_row_blocks(rows) x N floats. */
void vsh_bias_backward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width,
                       int64_t stride, const void *dy, void *dbias, float *partial);

/* to (N) += the sum over blocks of partial (blocks, N). */
void vsh_add_partial(const vsh_nn *nn, vsh_element element, int64_t blocks, int64_t width,
                     const float *partial, void *to);

/* Columns [0, width) of each row, between matrices of different strides. */
void vsh_copy_columns(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width,
                      const void *from, int64_t from_stride, void *to, int64_t to_stride);

/* to += from, count elements. */
void vsh_add(const vsh_nn *nn, vsh_element element, int64_t count, const void *from, void *to);
void vsh_copy(const vsh_nn *nn, vsh_element element, int64_t count, const void *from, void *to);
void vsh_zero(const vsh_nn *nn, vsh_element element, int64_t count, void *to);
/* Between stored types. */
void vsh_round(const vsh_nn *nn, int64_t count, const float *from, vsh_bf16 *to);
void vsh_widen(const vsh_nn *nn, int64_t count, const vsh_bf16 *from, float *to);
/* to += from. */
void vsh_add_wide(const vsh_nn *nn, int64_t count, const vsh_bf16 *from, float *to);
/* No element is an infinity or NaN. */
bool vsh_all_finite(const vsh_nn *nn, vsh_element element, int64_t count, const void *x);

#endif
