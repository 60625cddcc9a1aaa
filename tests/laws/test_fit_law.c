/* A fit to runs with scatter is a law as any other: it can be written, read, drawn from and asked;
 * and runs that do not tell a coefficient are refused by its name. */
#include <math.h>
#include <string.h>

#include "core/file.h"
#include "core/rng.h"
#include "planner/fit/fit.h"
#include "planner/fit/fittable.h"
#include "planner/laws/covariance.h"
#include "planner/laws/law_file.h"
#include "planner/laws/uncertainty.h"
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

/* ---- what is left open ----------------------------------------------------------------------- */

/* Few runs on a narrow range: E may be anything below the losses, and A, B and exponents follow. */
static vsh_runs weak(void)
{
    vsh_runs runs = {.path = "weak.csv", .has_tokens = true};

    runs.run = vsh_alloc(vsh_test_arena(), 64, sizeof *runs.run);
    REQUIRE(runs.run != NULL);
    for (int i = 0; i < 21; i++) {
        vsh_point at = {4e7 * pow(1.6, i % 7), 1e9 * pow(3, i / 7) * (1 + 0.1 * (i % 3)), 0, 1, 0};
        double noise =
            vsh_random_uniform(5, 0, (uint64_t)i) + vsh_random_uniform(5, 1, (uint64_t)i);
        runs.run[runs.count++] = (vsh_run){
            at, vsh_form_loss(cases[0].form, cases[0].c, &at) * exp(0.04 * (noise - 1)), i + 2, 0};
    }
    return runs;
}

static vsh_law written_and_read(const vsh_law *law)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_law back = {0};

    vsh_law_write(law, &text);
    vsh_doc doc = vsh_test_doc(vsh_text_string(&text));
    REQUIRE_OK(vsh_law_from_doc(vsh_test_arena(), &doc, &back, &err), &err);
    return back;
}

/* ln E of draws near 0 has a variance in the hundreds; as a normal distribution it gave losses of
 * 1e23. */
static void what_runs_leave_open_is_named_and_drawn_as_it_is(void)
{
    vsh_runs runs = weak();
    vsh_fit fit = fit_of(&vsh_form_chinchilla, &runs, VSH_RESAMPLE_RUNS, 200);
    vsh_draw_options options = {.seed = 1, .residual_sd = fit.residual_sd};
    vsh_point middle = {2e8, 3e9, 0, 1, 0};
    vsh_interval asked = {0}, params, tokens, loss;
    vsh_law law;

    REQUIRE(fit.identified);
    CHECK(fit.law.open & 1U);
    CHECK(fit.law.covariance == NULL && fit.law.stderr_[0] == 0);
    CHECK_INT(fit.law.draw_count, 200);
    law = written_and_read(&fit.law);
    CHECK_INT(law.open, fit.law.open);
    CHECK_INT(law.draw_count, 200);
    REQUIRE_OK(vsh_uncertain_loss(&law, &middle, &options, &asked, &err), &err);
    CHECK(asked.low > 0.9 * vsh_law_loss(&law, &middle));
    CHECK(asked.high < 1.1 * vsh_law_loss(&law, &middle));
    /* what the fit says of its optimum is what the law in the file says of it */
    options = (vsh_draw_options){.flops = fit.flops, .seed = 1};
    REQUIRE_OK(vsh_uncertain_optimum(&law, &options, &params, &tokens, &loss, &err), &err);
    CHECK_NEAR(params.low, fit.optimum_params.low, 0.03, 0);
    CHECK_NEAR(params.high, fit.optimum_params.high, 0.03, 0);
    CHECK_NEAR(loss.low, fit.optimum_loss.low, 0.01, 0);
    CHECK_NEAR(loss.high, fit.optimum_loss.high, 0.01, 0);
}

static void well_determined_runs_leave_nothing_open(void)
{
    vsh_runs runs = scattered(cases[0].form, cases[0].c, 0.002);
    vsh_fit fit = fit_of(cases[0].form, &runs, VSH_RESAMPLE_RUNS, 60);

    CHECK_INT(fit.law.open, 0);
    CHECK(fit.law.covariance != NULL && fit.law.stderr_[0] > 0);
}

/* R_D* beyond what the runs repeat: every larger value fits as well, so draws end at the limit. */
static void draws_at_the_end_of_what_is_tried_leave_it_open(void)
{
    static const double c[] = {1.87, 521, 1488, 0.3527, 5.31, 150};
    vsh_runs runs = scattered(&vsh_form_repeated, c, 0.01);
    vsh_fit fit = fit_of(&vsh_form_repeated, &runs, VSH_RESAMPLE_RUNS, 60);

    REQUIRE(fit.identified);
    CHECK(fit.law.open & 1U << 5);
}

static void few_draws_say_nothing(void)
{
    vsh_runs runs = scattered(cases[0].form, cases[0].c, 0.002);
    vsh_fit fit = fit_of(cases[0].form, &runs, VSH_RESAMPLE_RUNS, VSH_FIT_DRAWS_LEAST - 1);

    CHECK(fit.identified && fit.law.covariance == NULL && fit.law.draw_count == 0);
    CHECK(fit.law.stderr_[0] == 0 && isnan(fit.optimum_params.low));
}

/* Two runs in a hundred lie far off, as those of diverged training do: a standard deviation takes
 * them for the width of all. */
static void outliers_do_not_widen_what_most_runs_scatter_by(void)
{
    vsh_runs runs = scattered(cases[2].form, cases[2].c, 0.002);
    vsh_draw_options options = {.seed = 1};
    vsh_interval loss = {0};
    vsh_point fresh = {1e9, 2e10, 0, 1, 0};
    vsh_fit fit;
    vsh_law law;

    for (int i = 0; i < runs.count; i += 50)
        runs.run[i].loss *= 2.5;
    fit = fit_of(cases[2].form, &runs, VSH_RESAMPLE_RUNS, 40);
    REQUIRE(fit.identified);
    CHECK(fit.residual_sd > 0.1);
    law = written_and_read(&fit.law);
    options.residual_sd = vsh_law_residual(&law);
    REQUIRE_OK(vsh_uncertain_loss(&law, &fresh, &options, &loss, &err), &err);
    CHECK(loss.high - loss.low < 0.05);
    CHECK(loss.high - loss.low > 0.01);
}

static void a_law_is_valid_where_its_runs_were_and_not_beyond(void)
{
    vsh_runs runs = weak();
    vsh_fit fit;
    vsh_law law;
    char reason[160];

    runs.run[14] = runs.run[15]; /* the corner: smallest and longest */
    fit = fit_of(&vsh_form_chinchilla, &runs, VSH_RESAMPLE_RUNS, 0);
    law = written_and_read(&fit.law);
    for (int i = 0; i < runs.count; i++)
        CHECK(vsh_law_valid(&law, &runs.run[i].at, reason, sizeof reason));
    CHECK(!vsh_law_valid(&law, &(vsh_point){4e7, 1.05e10, 0, 1, 0}, reason, sizeof reason));
    CHECK_HAS(reason, "tokens a parameter, fitted on at most");
    CHECK(law.flops_low > 0 && law.flops_high > law.flops_low);
}

/* Published runs with which decades were once printed as if they were known. */
static bool published(const char *path, vsh_run_columns columns, vsh_runs *runs)
{
    vsh_text here = {.arena = vsh_test_arena()};

    if (vsh_file_read_bounded(path, 1 << 22, &here) != VSH_READ_DONE) {
        vsh_skip("the published runs are not here");
        return false;
    }
    REQUIRE_OK(vsh_runs_read(vsh_test_arena(), path, &columns, runs, &err), &err);
    return true;
}

static void published_runs_leave_open_what_they_do_not_tell(void)
{
    vsh_run_columns overtrained = {.loss = "loss_nats",
                                   .where = {"dataset=rpj", "val_set=paloma_c4_en/00000001.tar"},
                                   .where_count = 2};
    vsh_run_columns repeated = {.loss = "val_loss_nats"};
    vsh_fit_options options = {.delta = 1e-3, .vocab = 50257, .bootstraps = 40, .seed = 1};
    vsh_runs runs;
    vsh_fit fit;

    if (!published("../shared/reference/loss_overtraining_runs.csv", overtrained, &runs))
        return;
    fit = fit_of(&vsh_form_chinchilla, &runs, VSH_RESAMPLE_RUNS, 200);
    REQUIRE(fit.identified);
    CHECK_INT(fit.law.open & 7, 7); /* E, A, B */
    CHECK(fit.optimum_loss.high < 3);
    written_and_read(&fit.law);
    if (!published("../shared/reference/loss_repeated_data_runs.csv", repeated, &runs))
        return;
    fit = fit_of(&vsh_form_repeated, &runs, VSH_RESAMPLE_RUNS, 40);
    REQUIRE(fit.identified);
    CHECK(fit.law.open & 1U << 5); /* R_D*, from 37 to the end of what is tried */
    fit = fit_of(&vsh_form_bounded, &runs, VSH_RESAMPLE_RUNS, 40);
    CHECK(!fit.identified && fit.unidentified & 1U << 1); /* L0, unless it is given */
    options.form = &vsh_form_bounded;
    REQUIRE_OK(vsh_fit_run(vsh_test_arena(), &runs, &options, &fit, &err), &err);
    REQUIRE(fit.identified);
    CHECK(fit.law.open & 1U << 3 && fit.law.open & 1U << 4); /* b and c */
}

static void every_word_of_fit_is_a_form_that_is_fitted(void)
{
    for (int i = 0; vsh_fit_words[i]; i++) {
        REQUIRE(vsh_form_find(vsh_fit_words[i]) != NULL);
        CHECK(vsh_fittable_find(vsh_form_find(vsh_fit_words[i])) != NULL);
    }
}

const vsh_test vsh_tests[] = {
    {"published_runs_leave_open_what_they_do_not_tell",
     published_runs_leave_open_what_they_do_not_tell},
    {"every_word_of_fit_is_a_form_that_is_fitted", every_word_of_fit_is_a_form_that_is_fitted},
    {"what_runs_leave_open_is_named_and_drawn_as_it_is",
     what_runs_leave_open_is_named_and_drawn_as_it_is},
    {"well_determined_runs_leave_nothing_open", well_determined_runs_leave_nothing_open},
    {"draws_at_the_end_of_what_is_tried_leave_it_open",
     draws_at_the_end_of_what_is_tried_leave_it_open},
    {"few_draws_say_nothing", few_draws_say_nothing},
    {"outliers_do_not_widen_what_most_runs_scatter_by",
     outliers_do_not_widen_what_most_runs_scatter_by},
    {"a_law_is_valid_where_its_runs_were_and_not_beyond",
     a_law_is_valid_where_its_runs_were_and_not_beyond},
    {"a_fitted_law_reads_back_as_it_was_written", a_fitted_law_reads_back_as_it_was_written},
    {"a_fit_predicts_what_made_its_runs", a_fit_predicts_what_made_its_runs},
    {"every_way_of_drawing_gives_a_covariance", every_way_of_drawing_gives_a_covariance},
    {"a_bound_that_was_not_felt_is_refused", a_bound_that_was_not_felt_is_refused},
    {"repetition_that_never_happened_is_refused", repetition_that_never_happened_is_refused},
    {"experts_that_were_not_varied_are_refused", experts_that_were_not_varied_are_refused},
    {"a_term_that_nothing_needs_is_left_out", a_term_that_nothing_needs_is_left_out},
    {NULL, NULL}};
