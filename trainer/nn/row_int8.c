#include "trainer/nn/row_int8.h"

#include <math.h>

static void make_row(vsh_element element, int64_t cols, const void *w, int8_t *q, float *scale)
{
    float largest = 0;

    for (int64_t i = 0; i < cols; i++)
        largest = fmaxf(largest, fabsf(vsh_element_get(element, w, i)));
    *scale = largest / (float)VSH_ROW_INT8_MOST;
    for (int64_t i = 0; i < cols; i++) {
        /* a scale so small that it lost digits would lead beyond 127 */
        double whole =
            *scale > 0 ? rint((double)vsh_element_get(element, w, i) / (double)*scale) : 0;
        q[i] = (int8_t)fmax(-VSH_ROW_INT8_MOST, fmin(VSH_ROW_INT8_MOST, whole));
    }
}

void vsh_row_int8_make(vsh_element element, int64_t rows, int64_t cols, const void *w, int8_t *q,
                       float *scale)
{
    for (int64_t r = 0; r < rows; r++)
        make_row(element, cols, vsh_at_const(w, element, r * cols), q + r * cols, scale + r);
}

void vsh_row_int8_restore(int64_t rows, int64_t cols, const int8_t *q, const float *scale,
                          vsh_element element, void *w)
{
    for (int64_t i = 0; i < rows * cols; i++)
        vsh_element_put(element, w, i, (float)q[i] * scale[i / cols]);
}
