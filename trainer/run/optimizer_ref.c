#include "trainer/run/optimizer.h"

#include <assert.h>
#include <math.h>

typedef struct {
    const vsh_optimizer_options *options;
    int64_t rows, cols, step;
    double rate;
    const double *gradient;
    double *weight, *state;
} tensor_step;

/* Loshchilov and Hutter 2019, algorithm 2; epsilon outside the root. */
static void adamw(const tensor_step *s)
{
    const vsh_optimizer_options *o = s->options;
    int64_t count = s->rows * s->cols;
    double *m = s->state, *v = s->state + count;

    for (int64_t i = 0; i < count; i++) {
        double g = s->gradient[i];
        m[i] = o->beta1 * m[i] + (1 - o->beta1) * g;
        v[i] = o->beta2 * v[i] + (1 - o->beta2) * g * g;
        double m_hat = m[i] / (1 - pow(o->beta1, (double)s->step));
        double v_hat = v[i] / (1 - pow(o->beta2, (double)s->step));
        s->weight[i] -= s->rate * m_hat / (sqrt(v_hat) + o->epsilon);
    }
}

static void sgd(const tensor_step *s)
{
    for (int64_t i = 0; i < s->rows * s->cols; i++) {
        s->state[i] = s->options->beta1 * s->state[i] + s->gradient[i];
        s->weight[i] -= s->rate * s->state[i];
    }
}

/* Row and column means of squared gradients, whose product over the mean is the second moment. */
static void adafactor_moments(const tensor_step *s, double beta2)
{
    const double tiny = 1e-30; /* epsilon_1 of the paper */
    double *rows = s->state, *cols = s->state + s->rows;

    for (int64_t r = 0; r < s->rows; r++)
        rows[r] *= beta2;
    for (int64_t c = 0; s->cols > 1 && c < s->cols; c++)
        cols[c] *= beta2;
    for (int64_t r = 0; r < s->rows; r++)
        for (int64_t c = 0; c < s->cols; c++) {
            double g = s->gradient[r * s->cols + c], square = g * g + tiny;
            rows[r] += (1 - beta2) * square / (double)s->cols;
            if (s->cols > 1)
                cols[c] += (1 - beta2) * square / (double)s->rows;
        }
}

/* Shazeer and Stern 2018, algorithms 4 and 5 with the rate from outside: the decay is
 * 1 - step^-0.8, the update is clipped to a root mean square of 1, there is no first moment;
 * beta1, beta2 and epsilon of the options are not used. */
static void adafactor(const tensor_step *s)
{
    const double *rows = s->state, *cols = s->state + s->rows;
    int64_t count = s->rows * s->cols;
    double mean = 0, square = 0;

    adafactor_moments(s, 1 - pow((double)s->step, -0.8));
    for (int64_t r = 0; r < s->rows; r++)
        mean += rows[r] / (double)s->rows;
    for (int pass = 0; pass < 2; pass++) /* the size of the update, then the update */
        for (int64_t i = 0; i < count; i++) {
            double v = rows[i / s->cols];
            if (s->cols > 1)
                v *= cols[i % s->cols] / mean;
            double u = s->gradient[i] / sqrt(v);
            if (pass == 0)
                square += u * u / (double)count;
            else
                s->weight[i] -= s->rate * u / fmax(1, sqrt(square));
        }
}

void vsh_optimizer_step_ref(const vsh_optimizer_options *options, bool decay, int64_t rows,
                            int64_t cols, int64_t step, double rate, const double *gradient,
                            double *weight, double *state)
{
    tensor_step s = {options, rows, cols, step, rate, gradient, weight, state};

    if (decay)
        for (int64_t i = 0; i < rows * cols; i++)
            weight[i] *= 1 - rate * options->weight_decay;
    assert(options->kind == VSH_ADAMW || options->kind == VSH_SGD ||
           options->kind == VSH_ADAFACTOR);
    if (options->kind == VSH_ADAMW)
        adamw(&s);
    else if (options->kind == VSH_SGD)
        sgd(&s);
    else
        adafactor(&s);
}
