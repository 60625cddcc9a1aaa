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

static void savings_grow_with_experts_as_worked(void)
{
    static const double percent[][2] = {{2, 10}, {4, 23}, {8, 37}, {16, 50}, {32, 62}};

    for (int i = 0; i < 5; i++)
        CHECK_NEAR(100 * vsh_ludziejewski_saving(1.8e19, percent[i][0]), percent[i][1], 0, 0.5);
    CHECK_NEAR(vsh_ludziejewski_saving(1.8e19, 1), 0, 0, 1e-9);
}

static void a_saving_is_compute_that_reaches_the_same_loss(void)
{
    double dense = vsh_law_optimum(&vsh_ludziejewski2025, 1.8e19, &(vsh_point){.experts = 1}).loss;
    double saving = vsh_ludziejewski_saving(1.8e19, 8);

    CHECK_NEAR(
        vsh_law_optimum(&vsh_ludziejewski2025, 1.8e19 * (1 - saving), &(vsh_point){.experts = 8})
            .loss,
        dense, 1e-9, 0);
}

static void a_cap_is_kept_and_costs_little_when_tokens_are_free(void)
{
    double before = 1;

    for (double experts = 1; experts <= 32; experts *= 2) {
        vsh_capped_optimum best = vsh_ludziejewski_capped(1.8e19, experts, 775e6);
        double free_loss =
            vsh_law_optimum(&vsh_ludziejewski2025, 1.8e19, &(vsh_point){.experts = experts}).loss;
        CHECK(best.params_total <= 775e6);
        CHECK(best.params_active <= best.params_total);
        CHECK(best.loss >= free_loss);
        CHECK_NEAR(6 * best.params_active * best.tokens, 1.8e19, 1e-12, 0);
        CHECK_NEAR(best.loss, loss(best.params_active, best.tokens, experts), 1e-12, 0);
        CHECK(best.params_active < before * 1e10);
        before = best.params_active / 1e10;
    }
    CHECK_NEAR(vsh_ludziejewski_capped_saving(1.8e19, 2, 775e6), 0.10, 0, 0.005);
    CHECK_NEAR(vsh_ludziejewski_capped_saving(1.8e19, 4, 775e6), 0.22, 0, 0.005);
    CHECK_NEAR(vsh_ludziejewski_capped_saving(1.8e19, 8, 775e6), 0.36, 0, 0.01);
}

/* A cap no model of the geometry can keep has no answer; it must not be passed off as one. */
static void a_cap_below_the_smallest_model_gives_no_model(void)
{
    vsh_capped_optimum none = vsh_ludziejewski_capped(1.8e19, 8, 1e6);

    CHECK(!isfinite(none.loss) || none.params_total <= 1e6);
}

const vsh_test vsh_tests[] = {
    {"the_form_of_each_number_of_experts_is_the_papers",
     the_form_of_each_number_of_experts_is_the_papers},
    {"zero_experts_are_a_dense_model", zero_experts_are_a_dense_model},
    {"experts_lose_on_few_tokens_and_win_on_many", experts_lose_on_few_tokens_and_win_on_many},
    {"at_the_crossover_experts_and_dense_are_equal", at_the_crossover_experts_and_dense_are_equal},
    {"more_active_parameters_need_more_tokens_before_experts_pay",
     more_active_parameters_need_more_tokens_before_experts_pay},
    {"savings_grow_with_experts_as_worked", savings_grow_with_experts_as_worked},
    {"a_saving_is_compute_that_reaches_the_same_loss",
     a_saving_is_compute_that_reaches_the_same_loss},
    {"a_cap_is_kept_and_costs_little_when_tokens_are_free",
     a_cap_is_kept_and_costs_little_when_tokens_are_free},
    {"a_cap_below_the_smallest_model_gives_no_model",
     a_cap_below_the_smallest_model_gives_no_model},
    {NULL, NULL}};
