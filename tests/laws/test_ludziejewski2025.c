#include "planner/laws/ludziejewski2025.h"

#include <math.h>

#include "tests/harness.h"

const char vsh_suite[] = "ludziejewski2025";

static double loss(double params, double tokens, double experts)
{
    return vsh_law_loss(&vsh_ludziejewski2025, &(vsh_point){params, tokens, 0, experts});
}

/* arXiv:2502.05172 table 4; made from the rounded coefficients of table 3, hence 0.3 %. */
static void the_form_of_each_number_of_experts_is_the_papers(void)
{
    static const double table[][5] = {{1, 30.3640, .1817, 53.9838, .1965},
                                      {8, 21.8330, .1676, 119.9126, .2338},
                                      {32, 16.5424, .1557, 234.6726, .2652}};

    for (int i = 0; i < 3; i++) {
        vsh_chinchilla form = vsh_ludziejewski_form(table[i][0]);
        CHECK_NEAR(form.A, table[i][1], 3e-3, 0);
        CHECK_NEAR(form.alpha, table[i][2], 3e-3, 0);
        CHECK_NEAR(form.B, table[i][3], 3e-3, 0);
        CHECK_NEAR(form.beta, table[i][4], 3e-3, 0);
        CHECK_NEAR(form.E, 1.3637, 0, 0);
    }
}

static void zero_experts_are_a_dense_model(void)
{
    CHECK_NEAR(loss(3e8, 8e9, 0), loss(3e8, 8e9, 1), 0, 0);
    CHECK_NEAR(vsh_law_optimum(&vsh_ludziejewski2025, 1.8e19, &(vsh_point){.experts = 0}).params,
               vsh_law_optimum(&vsh_ludziejewski2025, 1.8e19, &(vsh_point){.experts = 1}).params, 0,
               0);
}

/* The founding claim of 20-30 % less compute has a sign only where data is plentiful. */
static void experts_lose_on_few_tokens_and_win_on_many(void)
{
    CHECK_NEAR(loss(350e6, 1e8, 8) - loss(350e6, 1e8, 1), 0.125, 0, 0.001);
    CHECK_NEAR(loss(350e6, 3e8, 8) - loss(350e6, 3e8, 1), 0.040, 0, 0.001);
    CHECK_NEAR(loss(350e6, 1e9, 8) - loss(350e6, 1e9, 1), -0.021, 0, 0.001);
    CHECK_NEAR(loss(350e6, 3e9, 8) - loss(350e6, 3e9, 1), -0.056, 0, 0.001);
    CHECK_NEAR(loss(350e6, 8e9, 8) - loss(350e6, 8e9, 1), -0.075, 0, 0.001);
}

static void at_the_crossover_experts_and_dense_are_equal(void)
{
    static const double params[] = {1e6, 1e7, 350e6, 2.7e9, 1e10};

    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++)
        for (double experts = 2; experts <= 32; experts *= 2) {
            double tokens = vsh_ludziejewski_crossover(params[i], experts);
            CHECK_NEAR(loss(params[i], tokens, experts), loss(params[i], tokens, 1), 1e-9, 0);
            CHECK(loss(params[i], tokens * 2, experts) < loss(params[i], tokens * 2, 1));
            CHECK(loss(params[i], tokens / 2, experts) > loss(params[i], tokens / 2, 1));
        }
}

static void more_active_parameters_need_more_tokens_before_experts_pay(void)
{
    double before = 0;

    for (double params = 1e6; params < 1e11; params *= 2) {
        double tokens = vsh_ludziejewski_crossover(params, 8);
        CHECK(tokens > before);
        before = tokens;
    }
}

const vsh_test vsh_tests[] = {
    {"the_form_of_each_number_of_experts_is_the_papers",
     the_form_of_each_number_of_experts_is_the_papers},
    {"zero_experts_are_a_dense_model", zero_experts_are_a_dense_model},
    {"experts_lose_on_few_tokens_and_win_on_many", experts_lose_on_few_tokens_and_win_on_many},
    {"at_the_crossover_experts_and_dense_are_equal", at_the_crossover_experts_and_dense_are_equal},
    {"more_active_parameters_need_more_tokens_before_experts_pay",
     more_active_parameters_need_more_tokens_before_experts_pay},
    {NULL, NULL}};
