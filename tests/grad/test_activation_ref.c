#include "trainer/nn/activation.h"

#include <math.h>

#include "tests/grad/differences.h"

const char vsh_suite[] = "activation_ref";

enum { ROWS = 5, WIDTH = 6 };

typedef struct {
    vsh_mlp mlp;
    double *pre, *out, *dout;
} activation_case;

static double objective(void *context)
{
    activation_case *c = context;

    vsh_activation_forward_ref(c->mlp, ROWS, WIDTH, c->pre, c->out);
    return weighted_sum(ROWS * WIDTH, c->out, c->dout);
}

static void check_activation(vsh_mlp mlp, bool gated)
{
    int64_t count = ROWS * WIDTH * (gated ? 2 : 1);
    activation_case c = {mlp, new_uniform(count, 1, 4), new_doubles(ROWS * WIDTH),
                         new_uniform(ROWS * WIDTH, 2, 1)};
    double *dpre = new_doubles(count);

    vsh_activation_backward_ref(mlp, ROWS, WIDTH, c.pre, c.dout, dpre);
    check_gradient(objective, &c, c.pre, dpre, count);
}

static void gradients_of_plain_activations_are_slopes(void)
{
    check_activation(VSH_MLP_GELU, false);
    check_activation(VSH_MLP_RELU, false);
}

static void gradients_of_gated_activations_are_slopes(void)
{
    check_activation(VSH_MLP_SWIGLU, true);
    check_activation(VSH_MLP_GEGLU, true);
}

/* The tanh form strays from x Phi(x) by less than 5e-4 (Hendrycks and Gimpel). */
static void gelu_is_near_x_times_the_normal_distribution(void)
{
    for (int i = -40; i <= 40; i++) {
        double x = 0.1 * i, out;
        vsh_activation_forward_ref(VSH_MLP_GELU, 1, 1, &x, &out);
        CHECK_NEAR(out, x * 0.5 * erfc(-x / sqrt(2)), 0, 5e-4);
    }
}

static void the_gate_comes_first_and_the_value_second(void)
{
    double pre[4] = {0, 1, 5, 7}, out[2]; /* gates 0 and 1, values 5 and 7 */

    vsh_activation_forward_ref(VSH_MLP_SWIGLU, 1, 2, pre, out);
    CHECK_NEAR(out[0], 0, 0, 0);
    CHECK_NEAR(out[1], 7 / (1 + exp(-1)), 1e-15, 0);
}

const vsh_test vsh_tests[] = {
    {"gradients_of_plain_activations_are_slopes", gradients_of_plain_activations_are_slopes},
    {"gradients_of_gated_activations_are_slopes", gradients_of_gated_activations_are_slopes},
    {"gelu_is_near_x_times_the_normal_distribution", gelu_is_near_x_times_the_normal_distribution},
    {"the_gate_comes_first_and_the_value_second", the_gate_comes_first_and_the_value_second},
    {NULL, NULL}};
