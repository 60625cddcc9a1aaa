/* Gradients judged by finite differences in double. */
#ifndef VSH_DIFFERENCES_H
#define VSH_DIFFERENCES_H

#include "core/rng.h"
#include "tests/harness.h"

/* What is differentiated: a number made from the numbers behind context. */
typedef double differentiable(void *context);

/* Numbers in (-size, size), the same at every run. */
static inline void fill_uniform(double *x, int64_t count, uint64_t stream, double size)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = size * (2 * vsh_random_uniform(1, stream, (uint64_t)i) - 1);
}

static inline double *new_doubles(int64_t count)
{
    double *room = vsh_alloc(vsh_test_arena(), (size_t)count, sizeof *room);

    REQUIRE(room != NULL);
    return room;
}

static inline double *new_uniform(int64_t count, uint64_t stream, double size)
{
    double *x = new_doubles(count);

    fill_uniform(x, count, stream, size);
    return x;
}

static inline double weighted_sum(int64_t count, const double *a, const double *b)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Derivative of f by *x from four points around it: the error is of fourth order, 1e-15 at this
 * step, and rounding adds some 1e-12 |f|. */
static inline double slope_at(differentiable *f, void *context, double *x)
{
    const double step = 2e-4, middle = *x;
    double near, far;

    *x = middle + step;
    near = f(context);
    *x = middle - step;
    near -= f(context);
    *x = middle + 2 * step;
    far = f(context);
    *x = middle - 2 * step;
    far -= f(context);
    *x = middle;
    return (8 * near - far) / (12 * step);
}

/* Every one of count derivatives. */
static inline void check_gradient(differentiable *f, void *context, double *x,
                                  const double *gradient, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        CHECK_NEAR(gradient[i], slope_at(f, context, x + i), 1e-6, 1e-9);
}

#endif
