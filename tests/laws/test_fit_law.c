/* A fit to runs with scatter is a law as any other: it can be written, read, drawn from and asked;
 * and runs that do not tell a coefficient are refused by its name. */
#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "planner/fit/fit.h"
#include "planner/laws/covariance.h"
#include "planner/laws/law_file.h"
#include "tests/harness.h"

const char vsh_suite[] = "fit_law";

static vsh_error err;

/* Sizes by tokens by epochs by experts, with a scatter that is about normal. */
static vsh_runs scattered(const vsh_form *form, const double *c, double scatter)
{
    static const double epochs[] = {1, 3, 12, 40}, experts[] = {1, 2, 8, 32, 128};
    vsh_runs runs = {.path = "made.csv",
                     .has_tokens = true,
                     .has_unique = form->repeats,
                     .has_experts = form->experts,
                     .group_count = 7};
    int many = form->experts ? 5 : 1, often = form->repeats ? 4 : 1;

    runs.run = vsh_alloc(vsh_test_arena(), 4096, sizeof *runs.run);
    REQUIRE(runs.run != NULL);
    for (double params = 2e7; params < 1e10; params *= 2.7)
        for (double tokens = 1e9; tokens < 4e11; tokens *= 3.3)
            for (int r = 0; r < often; r++)
                for (int e = 0; e < many; e++) {
                    vsh_point at = {params, tokens, tokens / epochs[r], experts[e], 0};
                    double sum = -2;
                    for (uint64_t k = 0; k < 4; k++)
                        sum += vsh_random_uniform(3, k, (uint64_t)runs.count);
                    runs.run[runs.count] =
                        (vsh_run){at, vsh_form_loss(form, c, &at) * exp(scatter * sum * 1.7),
                                  runs.count + 2, runs.count % 7};
                    runs.count++;
                }
    return runs;
}

static vsh_fit fit_of(const vsh_form *form, const vsh_runs *runs, vsh_resample resample,
                      int bootstraps)
{
    vsh_fit_options options = {.form = form,
                               .delta = 1e-3,
                               .bootstraps = bootstraps,
                               .resample = resample,
                               .seed = 1,
                               .corpus = "made up"};
    vsh_fit fit;

    REQUIRE_OK(vsh_fit_run(vsh_test_arena(), runs, &options, &fit, &err), &err);
    return fit;
}

static const struct {
    const vsh_form *form;
    double c[VSH_COEFFICIENTS];
} cases[] = {
    {&vsh_form_chinchilla, {1.8, 480, 2100, 0.35, 0.37}},
    {&vsh_form_tied, {1.9, 520, 1488, 0.353}},
    {&vsh_form_repeated, {1.87, 521, 1488, 0.3527, 5.31, 15.4}},
    {&vsh_form_bounded, {1.2, 5, 60, 300, 0.002, 0.35, 0.37, 0.8, 0.6}},
    {&vsh_form_routed, {-0.082, -0.108, 0.009, 1.104, 1.847, 314.478}},
    {&vsh_form_kaplan, {6.4e13, 0.076, 1.8e13, 0.103, 1e9, 0.7}},
    {&vsh_form_joint_experts,
     {35.91, -0.1889, -0.2285, 0.0098, 35.98, -0.1775, 0.5529, -0.0259, 1.3637, 2.0732, 290.4521}}};

enum { CASES = sizeof cases / sizeof cases[0] };

static void a_fitted_law_reads_back_as_it_was_written(void)
{
    for (int i = 0; i < CASES; i++) {
        vsh_runs runs = scattered(cases[i].form, cases[i].c, 0.002);
        vsh_fit fit = fit_of(cases[i].form, &runs, VSH_RESAMPLE_RUNS, 12);
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_law law;
        CHECK_TEXT(fit.reason, "");
        REQUIRE(fit.identified);
        vsh_law_write(&fit.law, &text);
        vsh_doc doc = vsh_test_doc(vsh_text_string(&text));
        REQUIRE_OK(vsh_law_from_doc(vsh_test_arena(), &doc, &law, &err), &err);
        CHECK(law.form == cases[i].form);
        CHECK_INT(law.runs, runs.count);
        for (int k = 0; law.form->coefficient[k]; k++)
            CHECK_NEAR(law.coefficient[k], fit.law.coefficient[k], 0, 0);
        CHECK_TEXT(law.corpus, "made up");
        CHECK(law.residual_sd > 0.0015 && law.residual_sd < 0.0025);
    }
}

/* The losses of the law that made the runs are met, however its coefficients trade. */
static void a_fit_predicts_what_made_its_runs(void)
{
    for (int i = 0; i < CASES; i++) {
        vsh_runs runs = scattered(cases[i].form, cases[i].c, 0.002);
        vsh_fit fit = fit_of(cases[i].form, &runs, VSH_RESAMPLE_RUNS, 0);
        for (int k = 0; k < runs.count; k += 5)
            CHECK_NEAR(fit.fitted[k], vsh_form_loss(cases[i].form, cases[i].c, &runs.run[k].at),
                       0.003, 0);
    }
}

static void every_way_of_drawing_gives_a_covariance(void)
{
    vsh_runs runs = scattered(cases[0].form, cases[0].c, 0.004);
    double lower[VSH_COEFFICIENTS][VSH_COEFFICIENTS];

    for (vsh_resample way = VSH_RESAMPLE_RUNS; way <= VSH_RESAMPLE_GROUPS; way++) {
        vsh_fit fit = fit_of(cases[0].form, &runs, way, 40);
        REQUIRE(fit.identified && fit.law.covariance);
        CHECK(vsh_covariance_factor(fit.law.covariance, 5, lower));
        CHECK(fit.law.stderr_[3] > 0.004 && fit.law.stderr_[3] < 0.02);
    }
}

/* ---- what is not identified ------------------------------------------------------------------ */

static void refuses(const vsh_form *form, const vsh_runs *runs, unsigned least, const char *reason)
{
    vsh_fit fit = fit_of(form, runs, VSH_RESAMPLE_RUNS, 12);

    CHECK(!fit.identified);
    CHECK_INT(fit.unidentified & least, least);
    CHECK_HAS(fit.reason, reason);
    CHECK(fit.law.covariance == NULL && fit.draw == NULL);
}

static void a_bound_that_was_not_felt_is_refused(void)
{
    vsh_runs runs = scattered(cases[0].form, cases[0].c, 0.002);

    refuses(&vsh_form_bounded, &runs, 1U << 1, "");
}

static void repetition_that_never_happened_is_refused(void)
{
    vsh_runs runs = scattered(cases[0].form, cases[0].c, 0.002);

    runs.has_unique = true;
    refuses(&vsh_form_repeated, &runs, 1U << 4 | 1U << 5, "ratios of tokens to unique tokens");
}

static void experts_that_were_not_varied_are_refused(void)
{
    vsh_runs runs = scattered(cases[0].form, cases[0].c, 0.002);

    runs.has_experts = true;
    refuses(&vsh_form_routed, &runs, 1U << 4 | 1U << 5, "numbers of experts");
    refuses(&vsh_form_joint_experts, &runs, 1U << 9 | 1U << 10, "numbers of experts");
}

/* The overfitting term is left out when nothing overfits, and the rest is fitted. */
static void a_term_that_nothing_needs_is_left_out(void)
{
    static const double plain[] = {1.2, 5, 60, 300, 0, 0.35, 0.37, 0, 0};
    vsh_runs runs = scattered(&vsh_form_bounded, plain, 0.002);
    vsh_fit fit = fit_of(&vsh_form_bounded, &runs, VSH_RESAMPLE_RUNS, 0);

    CHECK_TEXT(fit.reason, "");
    REQUIRE(fit.identified);
    if (fit.fixed) {
        CHECK_INT(fit.fixed, 1 << 4 | 1 << 7 | 1 << 8);
        CHECK_NEAR(fit.law.coefficient[4], 0, 0, 0);
    }
    CHECK_NEAR(fit.law.coefficient[5], 0.35, 0.05, 0);
}

const vsh_test vsh_tests[] = {
    {"a_fitted_law_reads_back_as_it_was_written", a_fitted_law_reads_back_as_it_was_written},
    {"a_fit_predicts_what_made_its_runs", a_fit_predicts_what_made_its_runs},
    {"every_way_of_drawing_gives_a_covariance", every_way_of_drawing_gives_a_covariance},
    {"a_bound_that_was_not_felt_is_refused", a_bound_that_was_not_felt_is_refused},
    {"repetition_that_never_happened_is_refused", repetition_that_never_happened_is_refused},
    {"experts_that_were_not_varied_are_refused", experts_that_were_not_varied_are_refused},
    {"a_term_that_nothing_needs_is_left_out", a_term_that_nothing_needs_is_left_out},
    {NULL, NULL}};
