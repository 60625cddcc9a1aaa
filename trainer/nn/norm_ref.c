#include "trainer/nn/norm.h"

#include <math.h>

typedef struct {
    double mean;    /* 0 for RMS norm */
    double inverse; /* 1 / sqrt(mean square of x - mean, + epsilon) */
} statistics;

static statistics row_statistics(bool layer, int64_t width, const double *x)
{
    double mean = 0, square = 0;

    for (int64_t c = 0; c < width; c++)
        mean += x[c] / (double)width;
    if (!layer)
        mean = 0;
    for (int64_t c = 0; c < width; c++)
        square += (x[c] - mean) * (x[c] - mean) / (double)width;
    return (statistics){mean, 1 / sqrt(square + (double)VSH_NORM_EPSILON)};
}

void vsh_norm_forward_ref(bool layer, int64_t rows, int64_t width, const double *x,
                          const double *weight, const double *bias, double *out)
{
    for (int64_t r = 0; r < rows; r++) {
        const double *in = x + r * width;
        statistics s = row_statistics(layer, width, in);
        for (int64_t c = 0; c < width; c++)
            out[r * width + c] = (in[c] - s.mean) * s.inverse * weight[c] + (bias ? bias[c] : 0);
    }
}

/* With n = (x - mean) inverse and g = dout weight:
 * dx = inverse (g - n mean(g n)), and for layer norm, whose mean moves too, minus mean(g) inside.
 */
void vsh_norm_backward_ref(bool layer, int64_t rows, int64_t width, const double *x,
                           const double *weight, const double *dout, double *dx, double *dweight,
                           double *dbias)
{
    for (int64_t r = 0; r < rows; r++) {
        const double *in = x + r * width, *grad = dout + r * width;
        statistics s = row_statistics(layer, width, in);
        double mean_g = 0, mean_gn = 0;
        for (int64_t c = 0; c < width; c++) {
            double n = (in[c] - s.mean) * s.inverse, g = grad[c] * weight[c];
            mean_g += g / (double)width;
            mean_gn += g * n / (double)width;
            dweight[c] += grad[c] * n;
            if (dbias)
                dbias[c] += grad[c];
        }
        for (int64_t c = 0; c < width; c++) {
            double n = (in[c] - s.mean) * s.inverse, g = grad[c] * weight[c];
            dx[r * width + c] += s.inverse * (g - n * mean_gn - (layer ? mean_g : 0));
        }
    }
}
