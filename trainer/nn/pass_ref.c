#include "trainer/nn/pass_ref.h"

#include <assert.h>

#include "trainer/nn/norm.h"

double *vsh_doubles_ref(vsh_pass_ref *pass, int64_t count)
{
    double *room = vsh_alloc(&pass->arena, (size_t)count, sizeof *room);

    assert(room);
    return room;
}

void vsh_add_ref(int64_t count, const double *from, double *to)
{
    for (int64_t i = 0; i < count; i++)
        to[i] += from[i];
}

/* Where a parameter of this offset, or its gradient, lies; NULL for one the model has not. */
static const double *weight_at(const vsh_pass_ref *pass, int64_t offset)
{
    return offset < 0 ? NULL : pass->weights + offset;
}
static double *gradient_at(const vsh_pass_ref *pass, int64_t offset)
{
    return offset < 0 ? NULL : pass->gradients + offset;
}

void vsh_linear_forward_ref(const vsh_pass_ref *pass, int64_t rows, int64_t n, int64_t k,
                            const double *x, int64_t weight, int64_t bias, double *y)
{
    const double *w = weight_at(pass, weight), *b = weight_at(pass, bias);

    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < n; i++) {
            double sum = b ? b[i] : 0;
            for (int64_t j = 0; j < k; j++)
                sum += x[r * k + j] * w[i * k + j];
            y[r * n + i] = sum;
        }
}

void vsh_linear_backward_ref(const vsh_pass_ref *pass, int64_t rows, int64_t n, int64_t k,
                             const double *x, int64_t weight, int64_t bias, const double *dy,
                             double *dx)
{
    const double *w = weight_at(pass, weight);
    double *dw = gradient_at(pass, weight), *db = gradient_at(pass, bias);

    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < n; i++) {
            double g = dy[r * n + i];
            if (db)
                db[i] += g;
            for (int64_t j = 0; j < k; j++) {
                dw[i * k + j] += g * x[r * k + j];
                dx[r * k + j] += g * w[i * k + j];
            }
        }
}

void vsh_pass_norm_ref(const vsh_pass_ref *pass, int64_t weight, int64_t bias, const double *x,
                       double *out)
{
    vsh_norm_forward_ref(pass->model->norm != VSH_NORM_RMS, pass->tokens, pass->model->hidden, x,
                         weight_at(pass, weight), weight_at(pass, bias), out);
}

void vsh_pass_norm_backward_ref(const vsh_pass_ref *pass, int64_t weight, int64_t bias,
                                const double *x, const double *dout, double *dx)
{
    vsh_norm_backward_ref(pass->model->norm != VSH_NORM_RMS, pass->tokens, pass->model->hidden, x,
                          weight_at(pass, weight), dout, dx, gradient_at(pass, weight),
                          gradient_at(pass, bias));
}
