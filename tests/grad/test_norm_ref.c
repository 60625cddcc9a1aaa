#include "trainer/nn/norm.h"

#include <math.h>

#include "tests/grad/differences.h"

const char vsh_suite[] = "norm_ref";

enum { ROWS = 3, WIDTH = 7 };

typedef struct {
    bool layer;
    double *x, *weight, *bias, *out, *dout;
} norm_case;

static double objective(void *context)
{
    norm_case *c = context;

    vsh_norm_forward_ref(c->layer, ROWS, WIDTH, c->x, c->weight, c->bias, c->out);
    return weighted_sum(ROWS * WIDTH, c->out, c->dout);
}

static void check_norm(bool layer, bool bias)
{
    norm_case c = {layer,
                   new_uniform(ROWS * WIDTH, 1, 2),
                   new_uniform(WIDTH, 2, 1.5),
                   bias ? new_uniform(WIDTH, 3, 1) : NULL,
                   new_doubles(ROWS * WIDTH),
                   new_uniform(ROWS * WIDTH, 4, 1)};
    double *dx = new_doubles(ROWS * WIDTH), *dweight = new_doubles(WIDTH),
           *dbias = bias ? new_doubles(WIDTH) : NULL;

    vsh_norm_backward_ref(layer, ROWS, WIDTH, c.x, c.weight, c.dout, dx, dweight, dbias);
    check_gradient(objective, &c, c.x, dx, ROWS * WIDTH);
    check_gradient(objective, &c, c.weight, dweight, WIDTH);
    if (bias)
        check_gradient(objective, &c, c.bias, dbias, WIDTH);
}

static void rms_norm_gradients_are_slopes(void)
{
    check_norm(false, false);
    check_norm(false, true);
}

static void layer_norm_gradients_are_slopes(void)
{
    check_norm(true, false);
    check_norm(true, true);
}

static void a_normed_row_has_the_statistics_it_is_named_for(void)
{
    double x[4] = {3, -1, 4, 2}, ones[4] = {1, 1, 1, 1}, out[4], sum = 0, square = 0;

    vsh_norm_forward_ref(true, 1, 4, x, ones, NULL, out);
    for (int i = 0; i < 4; i++)
        sum += out[i];
    CHECK_NEAR(sum, 0, 0, 1e-12);
    vsh_norm_forward_ref(false, 1, 4, x, ones, NULL, out);
    for (int i = 0; i < 4; i++)
        square += out[i] * out[i];
    CHECK_NEAR(square, 4, 1e-5, 0); /* epsilon takes a little */
    CHECK_NEAR(out[0], 3 / sqrt(7.5 + (double)VSH_NORM_EPSILON), 1e-14, 0);
}

static void gradients_are_added_to_what_is_there(void)
{
    double x[3] = {1, 2, -1}, weight[3] = {1, 1, 1}, dout[3] = {1, 0, 0};
    double first[9] = {0}, second[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

    vsh_norm_backward_ref(true, 1, 3, x, weight, dout, first, first + 3, first + 6);
    vsh_norm_backward_ref(true, 1, 3, x, weight, dout, second, second + 3, second + 6);
    for (int i = 0; i < 9; i++)
        CHECK_NEAR(second[i], first[i] + 1, 1e-15, 0);
}

const vsh_test vsh_tests[] = {
    {"rms_norm_gradients_are_slopes", rms_norm_gradients_are_slopes},
    {"layer_norm_gradients_are_slopes", layer_norm_gradients_are_slopes},
    {"a_normed_row_has_the_statistics_it_is_named_for",
     a_normed_row_has_the_statistics_it_is_named_for},
    {"gradients_are_added_to_what_is_there", gradients_are_added_to_what_is_there},
    {NULL, NULL}};
