#include "planner/advice/serving.h"

#include <math.h>

#include "tests/harness.h"

const char vsh_suite[] = "serving";

static double cost(vsh_optimum run, double served)
{
    return 6 * run.params * run.tokens + 2 * run.params * served;
}

static vsh_optimum start(void) { return vsh_law_optimum(vsh_law_default(), 1.8e19, NULL); }

static void nothing_served_leaves_the_training_optimum(void)
{
    vsh_optimum best = vsh_serving_optimum(vsh_law_default(), start(), 0);

    CHECK_NEAR(best.params, start().params, 0.01, 0);
    CHECK_NEAR(cost(best, 0), cost(start(), 0), 1e-4, 0);
}

static void more_serving_asks_for_a_smaller_model_trained_longer(void)
{
    vsh_optimum before = start();

    for (double served = 1e10; served < 1e14; served *= 10) {
        vsh_optimum best = vsh_serving_optimum(vsh_law_default(), start(), served);
        CHECK(best.params < before.params && best.tokens > before.tokens);
        CHECK(cost(best, served) <= cost(before, served));
        before = best;
    }
}

static void the_loss_stays_what_was_asked(void)
{
    for (double served = 1e9; served < 1e14; served *= 10) {
        vsh_optimum best = vsh_serving_optimum(vsh_law_default(), start(), served);
        vsh_point point = {best.params, best.tokens, 0, 1};
        CHECK_NEAR(vsh_law_loss(vsh_law_default(), &point), start().loss, 1e-9, 0);
    }
}

/* Sardana's first-order condition: the elasticities stand as 1 + D_served / (3 D). */
static void the_first_order_condition_holds(void)
{
    for (double served = 1e10; served < 1e13; served *= 10) {
        vsh_optimum best = vsh_serving_optimum(vsh_law_default(), start(), served);
        double step = 1e-5, N = best.params, D = best.tokens;
        double in_params = vsh_law_loss(vsh_law_default(), &(vsh_point){N * exp(step), D, 0, 1}) -
                           vsh_law_loss(vsh_law_default(), &(vsh_point){N * exp(-step), D, 0, 1});
        double in_tokens = vsh_law_loss(vsh_law_default(), &(vsh_point){N, D * exp(step), 0, 1}) -
                           vsh_law_loss(vsh_law_default(), &(vsh_point){N, D * exp(-step), 0, 1});
        CHECK_NEAR(in_params / in_tokens, 1 + served / (3 * D), 1e-3, 0);
    }
}

const vsh_test vsh_tests[] = {
    {"nothing_served_leaves_the_training_optimum", nothing_served_leaves_the_training_optimum},
    {"more_serving_asks_for_a_smaller_model_trained_longer",
     more_serving_asks_for_a_smaller_model_trained_longer},
    {"the_loss_stays_what_was_asked", the_loss_stays_what_was_asked},
    {"the_first_order_condition_holds", the_first_order_condition_holds},
    {NULL, NULL}};
