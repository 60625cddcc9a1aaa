/* Where loss is least at a fixed compute, read off the runs alone. */
#include "planner/fit/isoflop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lines.h"
#include "core/rng.h"
#include "planner/laws/chinchilla.h"
#include "planner/laws/law.h"
#include "tests/harness.h"

const char vsh_suite[] = "isoflop";

enum { RUNS = 400 };

static vsh_run table[RUNS];
static vsh_runs runs;
static vsh_error err;

static void begin(void) { runs = (vsh_runs){.path = "test.csv", .run = table}; }

static void add(double params, double tokens, double loss)
{
    REQUIRE(runs.count < RUNS);
    table[runs.count] = (vsh_run){{params, tokens, 0, 0, 0}, loss, runs.count + 2};
    runs.count++;
}

static vsh_optimum optimum(double flops)
{
    return vsh_law_optimum(&vsh_besiroglu2024, flops, NULL);
}

/* A run of the default law, its loss and its compute off by so many of a normal's standard
 * deviations. */
static double bell(int i)
{
    return sqrt(-2 * log(vsh_random_uniform(7, 1, (uint64_t)i))) *
           cos(6.283185307179586 * vsh_random_uniform(7, 2, (uint64_t)i));
}

static void add_of_law(double flops, double params, double noise)
{
    vsh_point point = {params, flops / 6 / params, 0, 1, 0};

    add(point.params, point.tokens,
        vsh_law_loss(&vsh_besiroglu2024, &point) * (1 + noise * bell(runs.count)));
}

/* Sizes evenly in ln N from the optimum over low to the optimum times high. */
static void add_budget(double flops, double low, double high, int sizes, double noise)
{
    double from = optimum(flops).params / low;

    for (int i = 0; i < sizes; i++)
        add_of_law(flops, from * pow(low * high, (double)i / (sizes - 1)), noise);
}

static vsh_isoflop find(void)
{
    vsh_isoflop found;

    REQUIRE_OK(vsh_isoflop_find(vsh_test_arena(), &runs, &found, &err), &err);
    return found;
}

/* ---- one budget ------------------------------------------------------------------------------ */

static void the_vertex_of_an_exact_parabola_is_found_exactly(void)
{
    vsh_isoflop found;

    begin();
    for (int i = -3; i <= 3; i++) {
        double u = 0.4 * i, params = 3e8 * exp(u);
        add(params, 1e19 / 6 / params, 2.9 + 0.05 * (u - 0.3) * (u - 0.3));
    }
    found = find();
    CHECK_INT(found.count, 1);
    CHECK_INT(found.valleys, 1);
    CHECK_NEAR(found.budget[0].flops, 1e19, 1e-12, 0);
    CHECK_NEAR(found.budget[0].best.params, 3e8 * exp(0.3), 1e-9, 0);
    CHECK_NEAR(found.budget[0].best.tokens, 1e19 / 6 / 3e8 / exp(0.3), 1e-9, 0);
    CHECK_NEAR(found.budget[0].best.loss, 2.9, 1e-12, 0);
    CHECK_NEAR(found.budget[0].params.low, found.budget[0].best.params, 1e-6, 0);
    CHECK(isnan(found.exponent)); /* one budget is no line */
}

static void a_parabola_over_a_factor_of_four_misses_the_laws_optimum_by_half_a_percent(void)
{
    vsh_isoflop found;

    begin();
    add_budget(1e19, 3.95, 3.95, 9, 0);
    found = find();
    REQUIRE(found.valleys == 1);
    CHECK_INT(found.budget[0].sizes, 9);
    CHECK_NEAR(found.budget[0].best.params, optimum(1e19).params, 0.006, 0);
    CHECK(fabs(found.budget[0].best.params / optimum(1e19).params - 1) > 0.004);
}

static void runs_on_one_side_of_the_valley_are_refused(void)
{
    vsh_isoflop found;

    begin();
    add_budget(1e19, 8, 1 / 1.5, 6, 0);
    add_budget(1e20, 1 / 1.5, 8, 6, 0);
    found = find();
    CHECK_INT(found.count, 2);
    CHECK_INT(found.valleys, 0);
    CHECK_INT(found.budget[0].verdict, VSH_ONE_SIDED);
    CHECK_INT(found.budget[1].verdict, VSH_ONE_SIDED);
}

static void runs_on_a_hill_or_a_plain_of_noise_are_refused(void)
{
    begin();
    for (int i = -3; i <= 3; i++) /* a hill */
        add(3e8 * exp(0.4 * i), 1e19 / 6 / 3e8 / exp(0.4 * i), 2.9 - 0.01 * i * i);
    CHECK_INT(find().budget[0].verdict, VSH_NO_CURVE);
    begin();
    for (int i = -3; i <= 3; i++) /* two values in turn: a slight curvature that means nothing */
        add(3e8 * exp(0.4 * i), 1e19 / 6 / 3e8 / exp(0.4 * i), 2.9 + 0.01 * (i % 2));
    CHECK_INT(find().budget[0].verdict, VSH_NO_CURVE);
}

static void four_sizes_are_needed_and_a_repeated_one_counts_once(void)
{
    begin();
    for (int i = -1; i <= 1; i++)
        for (int seed = 0; seed < 3; seed++)
            add_of_law(1e19, 3e8 * exp(0.4 * i), 0.001);
    CHECK_INT(find().count, 0);
    add_of_law(1e19, 3e8 * exp(0.8), 0.001);
    CHECK_INT(find().valleys, 1);
    CHECK_INT(find().budget[0].count, 10);
    CHECK_INT(find().budget[0].sizes, 4);
}

/* The four of them span a factor of 64 about the best: one of four is left. */
static void sizes_far_from_the_best_are_no_part_of_the_parabola(void)
{
    vsh_isoflop found;

    begin();
    add_budget(1e19, 64, 1, 4, 0);
    found = find();
    CHECK_INT(found.count, 1);
    CHECK_INT(found.budget[0].verdict, VSH_FEW_SIZES);
    CHECK_INT(found.budget[0].to, 4);
    CHECK(found.budget[0].from >= 2);
}

/* ---- several --------------------------------------------------------------------------------- */

static void the_exponent_of_a_law_is_recovered_from_its_own_runs(void)
{
    const vsh_chinchilla law = vsh_chinchilla_of(vsh_besiroglu2024.coefficient);
    double exponent = law.beta / (law.alpha + law.beta);
    vsh_isoflop found;

    begin();
    for (int i = 0; i < 5; i++)
        add_budget(1e18 * pow(10, 0.5 * i), 3.5, 3.5, 7, 0);
    found = find();
    CHECK_INT(found.valleys, 5);
    CHECK_NEAR(found.tolerance, 0.001, 0, 0); /* budgets that were met exactly */
    CHECK_NEAR(found.exponent, exponent, 0, 1e-4);
    CHECK_NEAR(
        vsh_form_exponent(vsh_besiroglu2024.form, vsh_besiroglu2024.coefficient, 1e18, 1e20, NULL),
        exponent, 1e-9, 0);
    CHECK_NEAR(vsh_isoflop_params(&found, 3e20), optimum(3e20).params, 0.006, 0);
}

/* Of 95 % intervals under noise at least 85 % hold the truth: 100 budgets. */
static void intervals_hold_the_truth(void)
{
    int held = 0, exponents = 0;

    for (int repeat = 0; repeat < 20; repeat++) {
        vsh_isoflop found;
        runs = (vsh_runs){.path = "test.csv", .run = table};
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 8; j++) {
                double flops = 1e18 * pow(10, 0.5 * i);
                vsh_point point = {optimum(flops).params * pow(9, (j - 3.5) / 7), 0, 0, 1, 0};
                point.tokens = flops / 6 / point.params;
                add(point.params, point.tokens,
                    vsh_law_loss(&vsh_besiroglu2024, &point) *
                        (1 + 0.003 * bell(40 * repeat + runs.count)));
            }
        found = find();
        REQUIRE(found.valleys == 5);
        exponents += found.exponent_range.low < 0.5126 && found.exponent_range.high > 0.5126;
        for (int i = 0; i < 5; i++)
            held += found.budget[i].params.low < optimum(found.budget[i].flops).params &&
                    found.budget[i].params.high > optimum(found.budget[i].flops).params;
    }
    CHECK(held >= 85 && held <= 100);
    CHECK(exponents >= 16);
}

/* Compute that is met within some percent, and runs scattered between the budgets. */
static void budgets_are_found_where_runs_crowd_and_not_between(void)
{
    vsh_isoflop found;

    begin();
    for (int i = 0; i < 4; i++) {
        double flops = 1e19 * pow(4, i);
        for (int j = 0; j < 9; j++)
            add_of_law(flops * exp(0.08 * (vsh_random_uniform(1, 3, (uint64_t)(9 * i + j)) - 0.5)),
                       optimum(flops).params * pow(9, (j - 4) / 8.0), 0.001);
    }
    for (int j = 0; j < 40; j++)
        add_of_law(5e18 * pow(200, vsh_random_uniform(1, 4, (uint64_t)j)),
                   1e8 * pow(30, vsh_random_uniform(1, 5, (uint64_t)j)), 0.001);
    found = find();
    CHECK(found.tolerance >= 0.1); /* 0.08 wide as they are */
    REQUIRE(found.count >= 4);
    for (int i = 0; i < 4; i++) {
        int near = 0;
        for (int j = 0; j < found.count; j++)
            near += fabs(log(found.budget[j].flops / (1e19 * pow(4, i)))) < 0.05;
        CHECK_INT(near, 1);
    }
    CHECK(found.count <= 5);
    CHECK_NEAR(found.exponent, 0.5126, 0, 0.03);
}

static void runs_that_repeat_or_are_of_another_kind_are_not_looked_at(void)
{
    vsh_isoflop found;

    begin();
    add_budget(1e19, 3, 3, 7, 0);
    for (int i = 0; i < 7; i++)
        table[i].at.experts = 8;
    add_budget(1e19, 3, 3, 5, 0); /* dense, fewer */
    add_budget(1e19, 3, 3, 9, 0);
    for (int i = 12; i < 21; i++)
        table[i].at.unique = table[i].at.tokens / 4;
    found = find();
    CHECK_INT(found.looked_at, 7);
    CHECK_NEAR(found.kind.experts, 8, 0, 0);
    REQUIRE(found.count == 1);
    CHECK_INT(found.budget[0].count, 7);
}

static void the_order_of_the_runs_does_not_matter(void)
{
    vsh_isoflop first, second;

    begin();
    for (int i = 0; i < 4; i++)
        add_budget(1e18 * pow(10, 0.5 * i), 3.5, 3.5, 7, 0.002);
    first = find();
    for (int i = 0; i < runs.count / 2; i++) {
        vsh_run other = table[i];
        table[i] = table[runs.count - 1 - i];
        table[runs.count - 1 - i] = other;
    }
    second = find();
    CHECK_NEAR(second.exponent, first.exponent, 1e-9, 0);
    CHECK_INT(second.valleys, first.valleys);
}

static void no_runs_and_runs_without_budgets_are_an_answer(void)
{
    begin();
    CHECK_INT(find().count, 0);
    for (int j = 0; j < 60; j++)
        add_of_law(1e18 * pow(1e4, j / 59.0), 1e8 * pow(30, vsh_random_uniform(2, 5, (uint64_t)j)),
                   0);
    CHECK_INT(find().count, 0);
    CHECK(isnan(find().exponent) && isnan(find().exponent_range.low));
    for (int i = 0; i < runs.count; i++) /* a table without tokens */
        table[i].at.tokens = NAN;
    CHECK_INT(find().looked_at, 0);
    CHECK_INT(find().count, 0);
}

/* ---- Chinchilla's own runs ------------------------------------------------------------------- */

/* False, with a word why, where they are not at hand. The first rows are those that the published
 * refit leaves out. */
static bool read_chinchilla(int leave_out)
{
    static const char path[] = "../shared/reference/loss_chinchilla_runs.csv";
    vsh_lines lines;
    char *line;

    begin();
    if (vsh_lines_read(vsh_test_arena(), path, 1 << 20, &lines, &err) != VSH_OK) {
        vsh_skip("the published runs are not here");
        return false;
    }
    for (int row = -1; (line = vsh_lines_next(&lines)); row++) {
        char *at = strchr(line, ',');
        double params, tokens;
        if (row < leave_out)
            continue;
        params = strtod(at + 1, &at);
        tokens = strtod(at + 1, &at);
        at = strchr(at + 1, ',');
        add(params, tokens, strtod(at + 1, NULL));
    }
    return true;
}

static const vsh_budget *nearest(const vsh_isoflop *found, double flops)
{
    const vsh_budget *best = &found->budget[0];

    for (int i = 1; i < found->count; i++)
        if (fabs(log(found->budget[i].flops / flops)) < fabs(log(best->flops / flops)))
            best = &found->budget[i];
    return best;
}

static void check_chinchilla(const vsh_isoflop *found)
{
    static const double published[] = {6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21};

    CHECK_NEAR(found->tolerance, 0.1, 0, 0);
    CHECK_INT(found->count, 9);
    CHECK_INT(found->valleys, 9);
    for (int i = 0; i < found->count && i < 9; i++)
        CHECK_NEAR(found->budget[i].flops, published[i], 0.11, 0);
    CHECK_NEAR(found->exponent, 0.50, 0, 0.015);
    CHECK(found->exponent_range.low < 0.49 && found->exponent_range.high > 0.49);
    CHECK_NEAR(nearest(found, 1e19)->best.params, 2.8e8, 0.12, 0);
    CHECK(nearest(found, 1e19)->params.low < 2.84e8);
    CHECK(nearest(found, 2.8e19)->best.params > 0.42e9);
    CHECK(nearest(found, 2.8e19)->best.params < 0.72e9);
}

/* The nine budgets of the paper (figure 3), which its approach 2 gives the exponent 0.49 (0.462,
 * 0.534) (table 2). */
static void the_nine_budgets_of_chinchilla_are_found_and_their_exponent(void)
{
    vsh_isoflop found;

    if (!read_chinchilla(5))
        return;
    found = find();
    check_chinchilla(&found);
}

static void runs_that_went_wrong_move_no_vertex(void)
{
    vsh_isoflop with, without;

    if (!read_chinchilla(0))
        return;
    with = find();
    check_chinchilla(&with);
    read_chinchilla(5);
    without = find();
    CHECK_NEAR(with.exponent, without.exponent, 0, 0.005);
}

const vsh_test vsh_tests[] = {
    {"the_vertex_of_an_exact_parabola_is_found_exactly",
     the_vertex_of_an_exact_parabola_is_found_exactly},
    {"a_parabola_over_a_factor_of_four_misses_the_laws_optimum_by_half_a_percent",
     a_parabola_over_a_factor_of_four_misses_the_laws_optimum_by_half_a_percent},
    {"runs_on_one_side_of_the_valley_are_refused", runs_on_one_side_of_the_valley_are_refused},
    {"runs_on_a_hill_or_a_plain_of_noise_are_refused",
     runs_on_a_hill_or_a_plain_of_noise_are_refused},
    {"four_sizes_are_needed_and_a_repeated_one_counts_once",
     four_sizes_are_needed_and_a_repeated_one_counts_once},
    {"sizes_far_from_the_best_are_no_part_of_the_parabola",
     sizes_far_from_the_best_are_no_part_of_the_parabola},
    {"the_exponent_of_a_law_is_recovered_from_its_own_runs",
     the_exponent_of_a_law_is_recovered_from_its_own_runs},
    {"intervals_hold_the_truth", intervals_hold_the_truth},
    {"budgets_are_found_where_runs_crowd_and_not_between",
     budgets_are_found_where_runs_crowd_and_not_between},
    {"runs_that_repeat_or_are_of_another_kind_are_not_looked_at",
     runs_that_repeat_or_are_of_another_kind_are_not_looked_at},
    {"the_order_of_the_runs_does_not_matter", the_order_of_the_runs_does_not_matter},
    {"no_runs_and_runs_without_budgets_are_an_answer",
     no_runs_and_runs_without_budgets_are_an_answer},
    {"the_nine_budgets_of_chinchilla_are_found_and_their_exponent",
     the_nine_budgets_of_chinchilla_are_found_and_their_exponent},
    {"runs_that_went_wrong_move_no_vertex", runs_that_went_wrong_move_no_vertex},
    {NULL, NULL},
};
