#include "planner/advice/hyperparameters.h"

#include <math.h>
#include <stddef.h>

#include "tests/harness.h"

const char vsh_suite[] = "hyperparameters";

/* The mission: about .35 B parameters, 8.5 B tokens, 1.8e19 FLOP. */
static void the_laws_give_the_worked_values_at_the_mission(void)
{
    CHECK_NEAR(vsh_steplaw_rate(0.35e9, 8.5e9), 1.6e-3, 0.03, 0);
    CHECK_NEAR(vsh_steplaw_batch_tokens(8.5e9), 271098, 1e-5, 0);
    CHECK_NEAR(vsh_deepseek_rate(1.8e19), 1.2217e-3, 1e-4, 0);
    CHECK_NEAR(vsh_deepseek_batch_tokens(1.8e19), 580474, 1e-5, 0);
    CHECK_NEAR(vsh_ludziejewski_rate(300e6, 1), 6.0e-4, 0.02, 0);
    CHECK_NEAR(vsh_ludziejewski_rate(300e6, 8), 3.6e-4, 0.02, 0);
    CHECK_NEAR(vsh_kaplan_critical_batch(2.8), 1.48493e6, 1e-5, 0);
    CHECK_NEAR(vsh_kaplan_critical_batch(3.5), 0.5e6, 0.05, 0);
}

static void larger_models_learn_slower_and_longer_runs_take_larger_batches(void)
{
    CHECK(vsh_steplaw_rate(1e9, 1e10) < vsh_steplaw_rate(1e8, 1e10));
    CHECK(vsh_deepseek_rate(1e20) < vsh_deepseek_rate(1e19));
    CHECK(vsh_ludziejewski_rate(1e9, 1) < vsh_ludziejewski_rate(1e8, 1));
    CHECK(vsh_steplaw_batch_tokens(1e11) > vsh_steplaw_batch_tokens(1e10));
    CHECK(vsh_deepseek_batch_tokens(1e20) > vsh_deepseek_batch_tokens(1e19));
    CHECK(vsh_kaplan_critical_batch(2) > vsh_kaplan_critical_batch(3));
}

static void experts_lower_the_rate(void)
{
    double before = 1;

    for (double experts = 1; experts <= 64; experts *= 2) {
        CHECK(vsh_ludziejewski_rate(3e8, experts) < before);
        before = vsh_ludziejewski_rate(3e8, experts);
    }
}

static void the_centre_lies_between_laws_that_disagree(void)
{
    static const double params[] = {1e6, 1e8, 3.5e8, 7e9, 4e11};

    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        double n = params[i], tokens = 20 * n;
        vsh_hyperparameters h = vsh_hyperparameters_of(n, n, tokens, 6 * n * tokens, 1);
        double over = 1 + 1e-12; /* of a geometric mean of equals */
        CHECK(h.rate_low > 0 && h.rate_low <= h.rate * over && h.rate <= h.rate_high * over);
        CHECK(h.batch_low > 0 && h.batch_low <= h.batch_tokens * over &&
              h.batch_tokens <= h.batch_high * over);
        CHECK(h.rate_high <= VSH_RATE_MAX);
    }
}

/* Step Law at the trainer's scale gives 6.5e-3: an extrapolation that diverges. */
static void a_rate_extrapolated_to_tiny_models_is_capped(void)
{
    vsh_hyperparameters h = vsh_hyperparameters_of(1e7, 1e7, 2e8, 1.2e16, 1);

    CHECK(vsh_steplaw_rate(1e7, 2e8) > 6e-3);
    CHECK(h.rate <= VSH_RATE_MAX * (1 + 1e-12) && h.rate_high <= VSH_RATE_MAX);
}

static void a_model_without_experts_is_one_expert_or_none(void)
{
    vsh_hyperparameters none = vsh_hyperparameters_of(3e8, 3e8, 6e9, 1e19, 0);
    vsh_hyperparameters one = vsh_hyperparameters_of(3e8, 3e8, 6e9, 1e19, 1);

    CHECK(isfinite(none.rate) && none.rate > 0);
    CHECK_NEAR(none.rate, one.rate, 1e-12, 0);
    CHECK_NEAR(none.rate_high, one.rate_high, 1e-12, 0);
}

/* 3e8 tokens at half a million a batch are 572 steps: limited by steps as well as by data. */
static void the_founding_plan_takes_too_few_steps(void)
{
    CHECK_NEAR(3e8 / 524288, 572.2, 1e-4, 0);
    CHECK(3e8 / 524288 < VSH_STEPS_MIN);
    CHECK(8.5e9 / vsh_hyperparameters_of(3.2e8, 3.5e8, 8.5e9, 1.8e19, 1).batch_tokens >
          VSH_STEPS_MIN);
}

const vsh_test vsh_tests[] = {
    {"the_laws_give_the_worked_values_at_the_mission",
     the_laws_give_the_worked_values_at_the_mission},
    {"larger_models_learn_slower_and_longer_runs_take_larger_batches",
     larger_models_learn_slower_and_longer_runs_take_larger_batches},
    {"experts_lower_the_rate", experts_lower_the_rate},
    {"the_centre_lies_between_laws_that_disagree", the_centre_lies_between_laws_that_disagree},
    {"a_rate_extrapolated_to_tiny_models_is_capped", a_rate_extrapolated_to_tiny_models_is_capped},
    {"a_model_without_experts_is_one_expert_or_none",
     a_model_without_experts_is_one_expert_or_none},
    {"the_founding_plan_takes_too_few_steps", the_founding_plan_takes_too_few_steps},
    {NULL, NULL}};
