/* A matrix in 8 bits with one fp32 scale a row: w = q scale, q whole numbers from -127 to 127. A
 * row of weights makes one output, so the scale is that of an output channel. */
#ifndef VSH_ROW_INT8_H
#define VSH_ROW_INT8_H

#include <stdint.h>

#include "trainer/nn/element.h"

enum { VSH_ROW_INT8_MOST = 127 };

/* scale (rows) is the row's largest magnitude over 127, q (rows, cols) the nearest whole number,
 * ties to even. A row of zeros has scale 0. w is finite. */
void vsh_row_int8_make(vsh_element element, int64_t rows, int64_t cols, const void *w, int8_t *q,
                       float *scale);
/* w = q scale, rounded once to fp32, and in 16 bits once more. */
void vsh_row_int8_restore(int64_t rows, int64_t cols, const int8_t *q, const float *scale,
                          vsh_element element, void *w);

#endif
