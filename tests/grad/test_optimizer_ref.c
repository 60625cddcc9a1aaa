#include <math.h>

#include "tests/harness.h"
#include "trainer/run/optimizer.h"

const char vsh_suite[] = "optimizer_ref";

/* The first step of AdamW is the rate along the gradient's sign, whatever its size. */
static void the_first_step_of_adamw_is_the_rate(void)
{
    const vsh_optimizer_options options = {VSH_ADAMW, 0.9, 0.95, 1e-12, 0.1, 0};
    double gradient[3] = {1e-3, -2, 50}, weight[3] = {1, 1, 1}, state[6] = {0};

    vsh_optimizer_step_ref(&options, false, 3, 1, 1, 0.01, gradient, weight, state);
    CHECK_NEAR(weight[0], 0.99, 1e-9, 0);
    CHECK_NEAR(weight[1], 1.01, 1e-9, 0);
    CHECK_NEAR(weight[2], 0.99, 1e-9, 0);
}

/* Two steps by hand: m = 0.1 g1, then 0.09 g1 + 0.1 g2; the same for v with 0.05. */
static void adamw_corrects_the_start_of_its_moments(void)
{
    const vsh_optimizer_options options = {VSH_ADAMW, 0.9, 0.95, 1e-3, 0, 0};
    double gradient = 2, weight = 0, state[2] = {0}, first;

    vsh_optimizer_step_ref(&options, false, 1, 1, 1, 0.1, &gradient, &weight, state);
    CHECK_NEAR(weight, -0.1 * 2 / (2 + 1e-3), 1e-14, 0);
    first = weight;
    gradient = -1;
    vsh_optimizer_step_ref(&options, false, 1, 1, 2, 0.1, &gradient, &weight, state);
    CHECK_NEAR(weight - first,
               -0.1 * ((0.9 * 0.2 - 0.1) / 0.19) /
                   (sqrt((0.95 * 0.2 + 0.05) / (1 - 0.95 * 0.95)) + 1e-3),
               1e-13, 0);
}

static void decay_shrinks_by_rate_times_decay(void)
{
    static const int kinds[] = {VSH_ADAMW, VSH_SGD, VSH_ADAFACTOR};

    for (int i = 0; i < 3; i++) {
        const vsh_optimizer_options options = {kinds[i], 0.9, 0.95, 1e-8, 0.5, 0};
        double gradient[4] = {0}, weight[4] = {1, -2, 3, 4}, state[8] = {0};
        vsh_optimizer_step_ref(&options, true, 2, 2, 1, 0.1, gradient, weight, state);
        CHECK_NEAR(weight[1], -2 * (1 - 0.1 * 0.5), 1e-15, 0);
        vsh_optimizer_step_ref(&options, false, 2, 2, 1, 0.1, gradient, weight, state);
        CHECK_NEAR(weight[1], -2 * (1 - 0.1 * 0.5), 1e-15, 0);
    }
}

static void momentum_sums_past_gradients(void)
{
    const vsh_optimizer_options options = {VSH_SGD, 0.5, 0, 0, 0, 0};
    double gradient = 1, weight = 0, state = 0;

    for (int step = 1; step <= 3; step++)
        vsh_optimizer_step_ref(&options, false, 1, 1, step, 1, &gradient, &weight, &state);
    CHECK_NEAR(weight, -(1 + 1.5 + 1.75), 0, 0);
}

/* Squares of rank one are factored without loss: the first step has the sign's shape. */
static void adafactor_is_exact_for_squares_of_rank_one(void)
{
    const vsh_optimizer_options options = {.kind = VSH_ADAFACTOR};
    double gradient[6] = {1, -2, 3, -2, 4, 6}, weight[6] = {0}, state[5] = {0};

    vsh_optimizer_step_ref(&options, false, 2, 3, 1, 0.1, gradient, weight, state);
    for (int i = 0; i < 6; i++)
        CHECK_NEAR(weight[i], gradient[i] > 0 ? -0.1 : 0.1, 1e-13, 0);
    CHECK_NEAR(state[0], 14.0 / 3, 1e-15, 0); /* means of squares: row 0, column 2 */
    CHECK_NEAR(state[4], 45.0 / 2, 1e-15, 0);
}

static void adafactor_keeps_the_whole_moment_of_a_vector(void)
{
    const vsh_optimizer_options options = {.kind = VSH_ADAFACTOR};
    double gradient[3] = {1, 2, 3}, weight[3] = {0}, state[3] = {0};
    double decay = 1 - pow(2, -0.8);

    vsh_optimizer_step_ref(&options, false, 3, 1, 1, 0.1, gradient, weight, state);
    gradient[2] = 0;
    vsh_optimizer_step_ref(&options, false, 3, 1, 2, 0.1, gradient, weight, state);
    CHECK_NEAR(state[2], 9 * decay, 1e-14, 0);
    CHECK_NEAR(state[1], 4, 1e-14, 0);
}

/* A gradient ten times the past's would step far; the update's root mean square stays 1. */
static void adafactor_clips_its_update(void)
{
    const vsh_optimizer_options options = {.kind = VSH_ADAFACTOR};
    double gradient[4] = {1, 1, 1, 1}, weight[4] = {0}, state[4] = {0}, square = 0;

    for (int step = 1; step <= 50; step++)
        vsh_optimizer_step_ref(&options, false, 2, 2, step, 0, gradient, weight, state);
    for (int i = 0; i < 4; i++)
        gradient[i] = 10 * (i + 1);
    vsh_optimizer_step_ref(&options, false, 2, 2, 51, 0.1, gradient, weight, state);
    for (int i = 0; i < 4; i++)
        square += weight[i] * weight[i] / 4;
    CHECK_NEAR(sqrt(square), 0.1, 1e-14, 0);
}

const vsh_test vsh_tests[] = {
    {"the_first_step_of_adamw_is_the_rate", the_first_step_of_adamw_is_the_rate},
    {"adamw_corrects_the_start_of_its_moments", adamw_corrects_the_start_of_its_moments},
    {"decay_shrinks_by_rate_times_decay", decay_shrinks_by_rate_times_decay},
    {"momentum_sums_past_gradients", momentum_sums_past_gradients},
    {"adafactor_is_exact_for_squares_of_rank_one", adafactor_is_exact_for_squares_of_rank_one},
    {"adafactor_keeps_the_whole_moment_of_a_vector", adafactor_keeps_the_whole_moment_of_a_vector},
    {"adafactor_clips_its_update", adafactor_clips_its_update},
    {NULL, NULL}};
