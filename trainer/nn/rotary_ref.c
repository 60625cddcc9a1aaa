#include "trainer/nn/rotary.h"

#include <math.h>

void vsh_rotary_ref(int64_t rows, int64_t seq, int64_t start, int64_t heads, int64_t head_dim,
                    int64_t stride, bool back, double *x)
{
    int64_t half = head_dim / 2;

    for (int64_t r = 0; r < rows; r++)
        for (int64_t h = 0; h < heads; h++)
            for (int64_t i = 0; i < half; i++) {
                double *a = x + r * stride + h * head_dim + i, *b = a + half;
                double frequency = pow(VSH_ROTARY_BASE, -2.0 * (double)i / (double)head_dim);
                double angle = (double)(start + r % seq) * frequency;
                double c = cos(angle), s = back ? -sin(angle) : sin(angle);
                double was_a = *a, was_b = *b;
                *a = was_a * c - was_b * s;
                *b = was_b * c + was_a * s;
            }
}
