/* Forms fitted to the smaller, shorter or cheaper of published runs and asked about the others,
 * beside baselines that ignore what the form is about (docs/laws.md, "Held-out predictions"). The
 * bounds are the errors found, with room for another order of sums. */
#include "tests/laws/held_out.h"

#include "tests/harness.h"

const char vsh_suite[] = "held_out";

/* False, with a word why, where the runs are not at hand. */
static bool run(held_id id, int draws, held_table *t)
{
    vsh_error err;
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "../shared/reference/%s", held_experiments[id].file);
    file = fopen(path, "r");
    if (!file) {
        vsh_skip("the published runs are not here");
        return false;
    }
    fclose(file);
    REQUIRE_OK(held_run(vsh_test_arena(), id, draws, t, &err), &err);
    return true;
}

/* Mean error of a baseline over that of the form, on the runs that both told. */
static double times_better(const held_table *t, int form, int baseline, int texts)
{
    return held_judge(t, baseline, form, texts).mean / held_judge(t, form, baseline, texts).mean;
}

/* ---- experts ------------------------------------------------------------------------------- */

/* Runs held out, bounds of the mean and the worst error, how many times worse size alone is. */
static const struct {
    held_id id;
    int held;
    double mean, worst, margin;
} routed[] = {{HELD_SBASE, 4, 0.026, 0.038, 1.6},
              {HELD_HASH, 8, 0.024, 0.038, 1.4},
              {HELD_RLR, 3, 0.026, 0.028, 1.7}};

static void the_routed_law_predicts_the_largest_models_better_than_size_alone(void)
{
    static held_table t;

    for (size_t i = 0; i < sizeof routed / sizeof routed[0]; i++) {
        if (!run(routed[i].id, 0, &t))
            return;
        CHECK_INT(t.count, routed[i].held);
        CHECK(t.point[0].run.at.params > 1.3e9);
        CHECK(held_judge(&t, 0, 0, HELD_ALL_TEXTS).mean < routed[i].mean);
        CHECK(held_judge(&t, 0, 0, HELD_ALL_TEXTS).worst < routed[i].worst);
        CHECK(times_better(&t, 0, 1, HELD_ALL_TEXTS) > routed[i].margin);
    }
}

/* The losses come out too low, and the interval does not hold them: what the planner says of models
 * three times the size of the fitted ones is too good. */
static void the_routed_law_is_too_sure_of_larger_models(void)
{
    static held_table t;
    int covered = 0, twice = 0, count = 0;

    for (size_t i = 0; i < sizeof routed / sizeof routed[0]; i++) {
        held_errors e;
        if (!run(routed[i].id, HELD_DRAWS, &t))
            return;
        e = held_judge(&t, 0, 0, HELD_ALL_TEXTS);
        CHECK(e.bias < -0.02);
        covered += e.covered;
        twice += e.twice;
        count += e.count;
    }
    CHECK_INT(count, 15);
    CHECK(covered <= 3);
    CHECK(twice >= 12);
}

static void the_shipped_coefficients_are_right_about_the_router_they_are_of(void)
{
    static held_table t;

    if (!run(HELD_SBASE, 0, &t))
        return;
    CHECK(held_judge(&t, 3, 3, HELD_ALL_TEXTS).worst < 0.009);
    REQUIRE(run(HELD_HASH, 0, &t));
    CHECK(held_judge(&t, 3, 3, HELD_ALL_TEXTS).bias < -0.02);
}

/* ---- over-training ------------------------------------------------------------------------- */

static void parameters_and_tokens_predict_larger_models_better_than_compute(void)
{
    static held_table t;
    held_errors e;

    if (!run(HELD_LARGER, HELD_DRAWS, &t))
        return;
    CHECK_INT(t.count, 31);
    e = held_judge(&t, 0, 0, HELD_ALL_TEXTS);
    CHECK_INT(e.count, 31);
    CHECK(e.median < 0.021);
    CHECK(e.mean < 0.042);
    CHECK_INT(e.covered, 31);
    CHECK(times_better(&t, 0, 2, HELD_ALL_TEXTS) > 1.6);
    CHECK(times_better(&t, 0, 3, HELD_ALL_TEXTS) > 1.6);
    CHECK(held_judge(&t, 0, 0, HELD_WEB_TEXTS).mean < 0.026);
    CHECK(times_better(&t, 0, 2, HELD_WEB_TEXTS) > 1.5);
}

static void parameters_and_tokens_predict_longer_training_better_than_compute(void)
{
    static held_table t;
    held_errors e;

    if (!run(HELD_LONGER, HELD_DRAWS, &t))
        return;
    CHECK_INT(t.count, 95);
    e = held_judge(&t, 0, 0, HELD_ALL_TEXTS);
    CHECK(e.median < 0.028);
    CHECK(e.mean < 0.037);
    CHECK(e.covered >= 84 && e.covered <= 94);
    CHECK(times_better(&t, 0, 2, HELD_ALL_TEXTS) > 2);
    CHECK(times_better(&t, 0, 2, HELD_WEB_TEXTS) > 2.3);
}

/* One exponent for both is a bias that few runs pay for: in some sets they do not tell two. */
static void fewer_exponents_predict_better_from_few_runs(void)
{
    static held_table t;

    if (!run(HELD_LARGER, 0, &t))
        return;
    CHECK(t.told[0] == t.sets);
    CHECK(t.told[1] < t.sets);
    CHECK(times_better(&t, 0, 1, HELD_ALL_TEXTS) > 1);
}

/* ---- what loses, and what wins ------------------------------------------------------------- */

/* Runs of the largest budgets lie near the best size, so that compute says almost all. */
static void near_the_optimum_compute_alone_predicts_larger_budgets_better(void)
{
    static held_table t;

    if (!run(HELD_BUDGETS, 0, &t))
        return;
    CHECK_INT(t.count, 84);
    CHECK(held_judge(&t, 0, 0, HELD_ALL_TEXTS).mean < 0.0112);
    CHECK(times_better(&t, 0, 2, HELD_ALL_TEXTS) < 0.9);
}

static void larger_models_at_all_budgets_need_parameters_and_tokens(void)
{
    static held_table t;

    if (!run(HELD_MODELS, 0, &t))
        return;
    CHECK_INT(t.count, 122);
    CHECK(held_judge(&t, 0, 0, HELD_ALL_TEXTS).mean < 0.0092);
    CHECK(times_better(&t, 0, 2, HELD_ALL_TEXTS) > 1.6);
}

/* Seven in ten in the interval of the fit, nineteen in twenty in one twice as wide. */
static void twice_the_interval_holds_what_lies_beyond_the_fitted_runs(void)
{
    static const held_id ids[] = {HELD_BUDGETS, HELD_MODELS};
    static held_table t;

    for (size_t i = 0; i < 2; i++) {
        held_errors e;
        if (!run(ids[i], HELD_DRAWS, &t))
            return;
        e = held_judge(&t, 0, 0, HELD_ALL_TEXTS);
        CHECK(e.covered < 0.8 * e.count);
        CHECK(e.twice >= 0.94 * e.count);
    }
}

static void repetition_helps_to_predict_but_small_runs_do_not_tell_it(void)
{
    static held_table t;

    if (!run(HELD_REPEATED_3B, 0, &t))
        return;
    CHECK_INT(t.count, 29);
    CHECK(held_judge(&t, 0, 0, HELD_ALL_TEXTS).median < 0.013);
    CHECK(times_better(&t, 0, 2, HELD_ALL_TEXTS) > 1.5);
    REQUIRE(run(HELD_REPEATED_2B, 0, &t));
    CHECK(times_better(&t, 0, 3, HELD_ALL_TEXTS) < 0.7);
}

const vsh_test vsh_tests[] = {
    {"the_routed_law_predicts_the_largest_models_better_than_size_alone",
     the_routed_law_predicts_the_largest_models_better_than_size_alone},
    {"the_routed_law_is_too_sure_of_larger_models", the_routed_law_is_too_sure_of_larger_models},
    {"the_shipped_coefficients_are_right_about_the_router_they_are_of",
     the_shipped_coefficients_are_right_about_the_router_they_are_of},
    {"parameters_and_tokens_predict_larger_models_better_than_compute",
     parameters_and_tokens_predict_larger_models_better_than_compute},
    {"parameters_and_tokens_predict_longer_training_better_than_compute",
     parameters_and_tokens_predict_longer_training_better_than_compute},
    {"fewer_exponents_predict_better_from_few_runs", fewer_exponents_predict_better_from_few_runs},
    {"near_the_optimum_compute_alone_predicts_larger_budgets_better",
     near_the_optimum_compute_alone_predicts_larger_budgets_better},
    {"larger_models_at_all_budgets_need_parameters_and_tokens",
     larger_models_at_all_budgets_need_parameters_and_tokens},
    {"twice_the_interval_holds_what_lies_beyond_the_fitted_runs",
     twice_the_interval_holds_what_lies_beyond_the_fitted_runs},
    {"repetition_helps_to_predict_but_small_runs_do_not_tell_it",
     repetition_helps_to_predict_but_small_runs_do_not_tell_it},
    {NULL, NULL}};
