#include "planner/tuning/hyperparameters.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

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

/* What the paper gives in sequences of 512 tokens at 20 tokens a parameter. */
static void the_critical_batch_follows_the_data(void)
{
    CHECK_NEAR(vsh_zhang_critical_batch(20 * 151e6), 5.0e5, 0.02, 0);
    CHECK_NEAR(vsh_zhang_critical_batch(20 * 350e6), 7.5e5, 0.02, 0);
    CHECK_NEAR(vsh_zhang_critical_batch(20 * 1.2e9), 1.34e6, 0.02, 0);
}

static void experts_lower_the_rate(void)
{
    double before = 1;

    for (double experts = 1; experts <= 64; experts *= 2) {
        CHECK(vsh_ludziejewski_rate(3e8, experts) < before);
        before = vsh_ludziejewski_rate(3e8, experts);
    }
}

/* A dense run whose parameters all laws count alike. */
static vsh_tuned dense(double params, double tokens)
{
    return (vsh_tuned){
        .non_embedding = params, .matmul = params, .active = params, .tokens = tokens};
}

static int law_at(const char *name)
{
    for (int i = 0; i < VSH_TUNING_LAWS; i++)
        if (strcmp(vsh_tuning_laws[i].name, name) == 0)
            return i;
    REQUIRE(!"a law of this name");
    return -1;
}

static bool valid(const char *name, const vsh_tuned *run)
{
    char reason[80];
    bool answer = vsh_tuning_law_valid(&vsh_tuning_laws[law_at(name)], run, reason, sizeof reason);

    CHECK(answer == (reason[0] == '\0'));
    return answer;
}

static void the_centre_lies_between_laws_that_disagree(void)
{
    static const double params[] = {1e6, 3e7, 1e8, 3.5e8, 7e9, 4e11};

    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        vsh_tuned run = dense(params[i], 20 * params[i]);
        vsh_hyperparameters h = vsh_hyperparameters_of(&run);
        double over = 1 + 1e-12; /* of a geometric mean of equals */
        CHECK(h.rate_low > 0 && h.rate_low <= h.rate * over && h.rate <= h.rate_high * over);
        CHECK(h.batch_low > 0 && h.batch_low <= h.batch_tokens * over &&
              h.batch_tokens <= h.batch_high * over);
    }
}

static void a_law_says_whether_the_run_is_in_its_range(void)
{
    vsh_tuned mission = dense(0.35e9, 8.5e9), small = dense(60e6, 1.2e9), odd = dense(60e6, 12e9);

    CHECK(valid("steplaw2025", &mission));
    CHECK(valid("deepseek2024", &mission));
    CHECK(valid("ludziejewski2025", &mission));
    CHECK(!valid("porian2024", &mission));
    CHECK(valid("porian2024", &small));
    CHECK(!valid("porian2024", &odd)); /* 200 tokens a parameter */
    CHECK(!valid("steplaw2025", &small));
    mission.experts = 8;
    CHECK(valid("steplaw2025", &mission));
    CHECK(valid("ludziejewski2025", &mission));
    CHECK(!valid("deepseek2024", &mission));
    mission.experts = 64;
    CHECK(!valid("ludziejewski2025", &mission));
}

/* Porian's 160 sequences of 2,048 tokens at 4.7e-3 for 108 M parameters, 56 at 8e-3 for 22.5 M. */
static void porians_laws_give_the_values_they_were_fitted_to(void)
{
    CHECK_NEAR(vsh_porian_batch_tokens(108e6), 160 * 2048, 0.05, 0);
    CHECK_NEAR(vsh_porian_rate(108e6), 4.7e-3, 0.02, 0);
    CHECK_NEAR(vsh_porian_batch_tokens(22.5e6), 56 * 2048, 0.05, 0);
    CHECK_NEAR(vsh_porian_rate(22.5e6), 8.0e-3, 0.05, 0);
    CHECK_NEAR(0.7576, 0.00037 * 2048, 1e-3, 0);
}

static void only_laws_in_their_range_enter_the_centre(void)
{
    vsh_tuned run = dense(0.35e9, 8.5e9);
    vsh_hyperparameters h = vsh_hyperparameters_of(&run);
    double rates[] = {vsh_steplaw_rate(0.35e9, 8.5e9), vsh_deepseek_rate(6 * 0.35e9 * 8.5e9),
                      vsh_ludziejewski_rate(0.35e9, 1)};

    CHECK_NEAR(h.rate, cbrt(rates[0] * rates[1] * rates[2]), 1e-12, 0);
    CHECK(!h.used[law_at("porian2024")] && !h.rate_extrapolated && !h.batch_extrapolated);
    run.flops = 3e19; /* beyond DeepSeek's fit */
    h = vsh_hyperparameters_of(&run);
    CHECK_NEAR(h.rate, sqrt(rates[0] * rates[2]), 1e-12, 0);
    CHECK_NEAR(h.batch_tokens, vsh_steplaw_batch_tokens(8.5e9), 1e-12, 0);
    CHECK_NEAR(h.batch_high / h.batch_low, 2, 1e-12, 0); /* one law alone */
}

static void what_is_known_from_memory_is_never_used(void)
{
    int kaplan = law_at("kaplan2020");

    CHECK(vsh_tuning_laws[kaplan].evidence == VSH_EVIDENCE_MEMORY);
    for (double n = 1e4; n < 1e13; n *= 10) {
        vsh_tuned run = dense(n, 20 * n);
        CHECK(!vsh_hyperparameters_of(&run).used[kaplan]);
    }
    CHECK_NEAR(vsh_kaplan_rate(1e8), 6.7e-4, 0.01, 0);
    CHECK(isnan(vsh_kaplan_rate(2e10))); /* the line would go below zero */
}

/* Step Law at the trainer's scale gives 6.5e-3: an extrapolation that diverges. */
static void a_rate_extrapolated_to_tiny_models_is_capped(void)
{
    vsh_tuned run = dense(1e7, 2e8);
    vsh_hyperparameters h = vsh_hyperparameters_of(&run);

    CHECK(vsh_steplaw_rate(1e7, 2e8) > 6e-3);
    CHECK(h.rate_extrapolated && h.batch_extrapolated);
    CHECK(h.rate <= VSH_RATE_MAX * (1 + 1e-12) && h.rate_high <= VSH_RATE_MAX);
}

static void a_model_without_experts_is_one_expert_or_none(void)
{
    vsh_tuned none = dense(3e8, 6e9), one = none;

    one.experts = 1;
    CHECK_NEAR(vsh_hyperparameters_of(&none).rate, vsh_hyperparameters_of(&one).rate, 1e-12, 0);
    CHECK_NEAR(vsh_hyperparameters_of(&none).rate_high, vsh_hyperparameters_of(&one).rate_high,
               1e-12, 0);
}

static void a_batch_is_a_power_of_two_and_leaves_steps_enough(void)
{
    CHECK_NEAR(vsh_batch_near(383e3, 2048, 8e9), 524288, 0, 0);
    CHECK_NEAR(vsh_batch_near(524288, 2048, 3e8), 131072, 0, 0); /* not 572 steps */
    CHECK(3e8 / 131072 > VSH_STEPS_MIN && 3e8 / 262144 < VSH_STEPS_MIN);
    CHECK_NEAR(vsh_batch_near(100, 2048, 1e9), 2048, 0, 0); /* a sequence at least */
}

static void warmup_keeps_to_its_bounds(void)
{
    for (double n = 1e5; n < 1e12; n *= 3) {
        vsh_tuned run = dense(n, 20 * n);
        for (double batch = 1024; batch < 1e8; batch *= 8) {
            vsh_schedule_advice a = vsh_schedule_advice_of(&run, batch, 1);
            CHECK(a.warmup_low <= a.warmup_steps && a.warmup_steps <= a.warmup_high);
            CHECK(a.warmup_high <= 2000 && a.warmup_high <= 0.1 * run.tokens / batch);
            CHECK(a.warmup_low >= fmin(100, floor(0.1 * run.tokens / batch)));
        }
    }
}

/* 20 N tokens: Kaplan's 3,000 steps would be most of a small run, N tokens are a twentieth. */
static void a_tiny_model_warms_up_over_as_many_tokens_as_parameters(void)
{
    vsh_tuned run = dense(5.17e6, 20 * 5.17e6);
    vsh_schedule_advice a = vsh_schedule_advice_of(&run, 20 * 2048, 1);

    CHECK_NEAR(a.warmup_high, 126, 0, 0); /* N / batch */
    CHECK_NEAR(a.warmup_steps, 100, 0, 0);
}

static void small_batches_want_a_longer_second_moment(void)
{
    vsh_tuned run = dense(1e8, 2e9);

    CHECK_NEAR(vsh_schedule_advice_of(&run, 128 * 2048, 1).beta2, 0.99, 0, 0);
    CHECK_NEAR(vsh_schedule_advice_of(&run, 256 * 2048, 1).beta2, 0.95, 0, 0);
}

static void repeated_data_wants_ten_times_the_decay(void)
{
    vsh_tuned run = dense(1e8, 2e9);
    vsh_schedule_advice once = vsh_schedule_advice_of(&run, 131072, 1),
                        often = vsh_schedule_advice_of(&run, 131072, 20);

    CHECK_NEAR(often.weight_decay, 10 * once.weight_decay, 1e-12, 0);
    CHECK_NEAR(often.weight_decay_low, once.weight_decay, 1e-12, 0);
}

static void every_law_and_setting_has_a_source_and_a_label(void)
{
    static const char *const labels[] = {"primary", "secondary", "from memory", "derived",
                                         "assumed"};
    vsh_tuned run = dense(1e8, 2e9);
    vsh_schedule_advice advice = vsh_schedule_advice_of(&run, 131072, 20);
    vsh_setting settings[VSH_SETTINGS];
    const char *label[VSH_TUNING_LAWS + VSH_SETTINGS];

    vsh_settings_of(&advice, settings);
    for (int i = 0; i < VSH_TUNING_LAWS; i++) {
        const vsh_tuning_law *law = &vsh_tuning_laws[i];
        CHECK(law->source && law->formula && law->range && law->counts && law->rate(&run) > 0);
        label[i] = vsh_evidence_names[law->evidence];
    }
    for (int i = 0; i < VSH_SETTINGS; i++) {
        CHECK(settings[i].source && settings[i].low <= settings[i].value &&
              settings[i].value <= settings[i].high);
        label[VSH_TUNING_LAWS + i] = vsh_evidence_names[settings[i].evidence];
    }
    for (int i = 0; i < VSH_TUNING_LAWS + VSH_SETTINGS; i++) {
        bool known = false;
        for (size_t l = 0; l < sizeof labels / sizeof labels[0]; l++)
            known = known || strcmp(label[i], labels[l]) == 0;
        CHECK(known);
    }
}

/* 3e8 tokens at half a million a batch are 572 steps: limited by steps as well as by data. */
static void the_founding_plan_takes_too_few_steps(void)
{
    vsh_tuned mission = dense(3.5e8, 8.5e9);

    CHECK_NEAR(3e8 / 524288, 572.2, 1e-4, 0);
    CHECK(3e8 / 524288 < VSH_STEPS_MIN);
    CHECK(8.5e9 / vsh_hyperparameters_of(&mission).batch_tokens > VSH_STEPS_MIN);
}

const vsh_test vsh_tests[] = {
    {"the_laws_give_the_worked_values_at_the_mission",
     the_laws_give_the_worked_values_at_the_mission},
    {"larger_models_learn_slower_and_longer_runs_take_larger_batches",
     larger_models_learn_slower_and_longer_runs_take_larger_batches},
    {"the_critical_batch_follows_the_data", the_critical_batch_follows_the_data},
    {"experts_lower_the_rate", experts_lower_the_rate},
    {"the_centre_lies_between_laws_that_disagree", the_centre_lies_between_laws_that_disagree},
    {"a_law_says_whether_the_run_is_in_its_range", a_law_says_whether_the_run_is_in_its_range},
    {"porians_laws_give_the_values_they_were_fitted_to",
     porians_laws_give_the_values_they_were_fitted_to},
    {"only_laws_in_their_range_enter_the_centre", only_laws_in_their_range_enter_the_centre},
    {"what_is_known_from_memory_is_never_used", what_is_known_from_memory_is_never_used},
    {"a_rate_extrapolated_to_tiny_models_is_capped", a_rate_extrapolated_to_tiny_models_is_capped},
    {"a_model_without_experts_is_one_expert_or_none",
     a_model_without_experts_is_one_expert_or_none},
    {"a_batch_is_a_power_of_two_and_leaves_steps_enough",
     a_batch_is_a_power_of_two_and_leaves_steps_enough},
    {"warmup_keeps_to_its_bounds", warmup_keeps_to_its_bounds},
    {"a_tiny_model_warms_up_over_as_many_tokens_as_parameters",
     a_tiny_model_warms_up_over_as_many_tokens_as_parameters},
    {"small_batches_want_a_longer_second_moment", small_batches_want_a_longer_second_moment},
    {"repeated_data_wants_ten_times_the_decay", repeated_data_wants_ten_times_the_decay},
    {"every_law_and_setting_has_a_source_and_a_label",
     every_law_and_setting_has_a_source_and_a_label},
    {"the_founding_plan_takes_too_few_steps", the_founding_plan_takes_too_few_steps},
    {NULL, NULL}};
