/* The figures are those of docs/model.md, worked outside of this program from the papers' forms. */
#include "planner/laws/experts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lines.h"
#include "planner/laws/fine_experts.h"
#include "planner/laws/clark2022.h"
#include "planner/laws/krajewski2024.h"
#include "planner/laws/ludziejewski2025.h"
#include "tests/harness.h"

const char vsh_suite[] = "experts";

/* The founding budget and what 16 bytes a parameter leave of one 16 GB chip. */
#define BUDGET 1.8e19
#define CAP 775e6

static const vsh_expert_limits none, capped = {.total_max = CAP};

static vsh_expert_limits on_unique(double unique)
{
    return (vsh_expert_limits){.total_max = CAP, .unique = unique};
}

/* ---- the best model, and what it saves ------------------------------------------------------- */

static void savings_grow_with_experts_as_worked(void)
{
    static const double percent[][2] = {{2, 10}, {4, 23}, {8, 37}, {16, 50}, {32, 62}};

    for (int i = 0; i < 5; i++)
        CHECK_NEAR(100 * vsh_experts_saving(BUDGET, percent[i][0], none), percent[i][1], 0, 0.5);
}

static void savings_under_the_cap_are_as_worked(void)
{
    CHECK_NEAR(vsh_experts_saving(BUDGET, 2, capped), 0.10, 0, 0.005);
    CHECK_NEAR(vsh_experts_saving(BUDGET, 4, capped), 0.22, 0, 0.005);
    CHECK_NEAR(vsh_experts_saving(BUDGET, 8, capped), 0.36, 0, 0.005);
}

static void one_expert_saves_nothing(void)
{
    const vsh_expert_limits all[] = {none, capped, on_unique(1e8), on_unique(4e9)};

    for (int i = 0; i < 4; i++) {
        vsh_expert_row row = vsh_experts_row(BUDGET, 1, all[i]);
        if (all[i].unique == 0)
            CHECK_NEAR(vsh_experts_saving(BUDGET, 1, all[i]), 0, 0, 1e-6);
        CHECK_NEAR(row.saving, 0, 0, 0);
        CHECK_NEAR(row.difference, 0, 0, 0);
        CHECK_INT(row.verdict, VSH_EXPERTS_BASELINE);
        CHECK_NEAR(row.dense_equivalent, row.best.params_active, 1e-9, 0);
    }
}

/* The width is searched; without limits the law has a closed form. */
static void the_best_model_without_limits_is_the_laws_optimum(void)
{
    for (double experts = 1; experts <= 32; experts *= 2)
        for (double flops = 1e17; flops < 1e25; flops *= 100) {
            vsh_optimum law =
                vsh_law_optimum(&vsh_ludziejewski2025, flops, &(vsh_point){.experts = experts});
            vsh_expert_run run = vsh_experts_best(flops, experts, none);
            CHECK_NEAR(run.loss, law.loss, 1e-7, 0);
            CHECK_NEAR(run.params_active, law.params, 1e-3, 0);
            CHECK_NEAR(6 * run.params_active * run.tokens, flops, 1e-9, 0);
            CHECK_NEAR(run.worth, run.tokens, 0, 0);
        }
}

static void a_saving_is_compute_that_reaches_the_same_loss(void)
{
    double dense = vsh_law_optimum(&vsh_ludziejewski2025, BUDGET, &(vsh_point){.experts = 1}).loss;
    double left = 1 - vsh_experts_saving(BUDGET, 8, none);

    CHECK_NEAR(
        vsh_law_optimum(&vsh_ludziejewski2025, BUDGET * left, &(vsh_point){.experts = 8}).loss,
        dense, 1e-7, 0);
}

static void a_cap_is_kept_and_never_helps(void)
{
    for (double experts = 1; experts <= 32; experts *= 2) {
        double before = vsh_experts_best(BUDGET, experts, none).loss;
        for (double cap = 8e9; cap > 2e7; cap /= 1.5) {
            vsh_expert_run run =
                vsh_experts_best(BUDGET, experts, (vsh_expert_limits){.total_max = cap});
            CHECK(run.params_total <= cap);
            CHECK(run.params_active <= run.params_total);
            CHECK(run.loss >= before);
            before = run.loss;
        }
    }
}

static void fewer_unique_tokens_never_help(void)
{
    for (double experts = 1; experts <= 32; experts *= 2) {
        double before = vsh_experts_best(BUDGET, experts, capped).loss;
        for (double unique = 1e11; unique > 1e7; unique /= 3) {
            vsh_expert_run run = vsh_experts_best(BUDGET, experts, on_unique(unique));
            CHECK(run.loss >= before);
            CHECK(run.worth <= run.tokens);
            before = run.loss;
        }
    }
}

static void a_cap_below_the_smallest_model_gives_no_model(void)
{
    vsh_expert_limits tiny = {.total_max = 1e5};
    vsh_expert_row row = vsh_experts_row(BUDGET, 8, tiny);

    CHECK(isinf(vsh_experts_best(BUDGET, 8, tiny).loss));
    CHECK(isnan(vsh_experts_saving(BUDGET, 8, tiny)));
    CHECK(isnan(row.saving) && isnan(row.difference));
    CHECK_INT(row.verdict, VSH_EXPERTS_NO_ROOM);
}

/* In the dense model's own parameters experts cannot save more than with memory of their own. */
static void equal_memory_saves_at_most_what_equal_loss_does(void)
{
    for (double experts = 2; experts <= 32; experts *= 2) {
        CHECK(vsh_experts_saving_in_memory(BUDGET, experts, none) <
              vsh_experts_saving(BUDGET, experts, none));
        CHECK(vsh_experts_saving_in_memory(BUDGET, experts, none) > 0);
    }
    CHECK_NEAR(vsh_experts_saving_in_memory(BUDGET, 1, none), 0, 0, 1e-6);
}

/* 37 % of the FLOPs at 0.8 of the throughput are 21 % of the time; 23 % are 4 %. */
static void hours_are_flops_over_the_lower_throughput(void)
{
    CHECK_NEAR(vsh_experts_time_saved(0.37, 0.8), 0.21, 0, 0.005);
    CHECK_NEAR(vsh_experts_time_saved(0.23, 0.8), 0.04, 0, 0.005);
    CHECK_NEAR(vsh_experts_time_saved(0.25, 0.75), 0, 0, 1e-12);
    CHECK(vsh_experts_time_saved(0.1, VSH_EXPERTS_MFU_HIGH) < 0);
}

/* ---- the crossover --------------------------------------------------------------------------- */

static void experts_lose_on_few_tokens_and_win_on_many(void)
{
    static const double table[][2] = {{1e8, .125},  {3e8, .040},  {6.2e8, 0},
                                      {1e9, -.021}, {3e9, -.056}, {8e9, -.075}};

    for (int i = 0; i < 6; i++) {
        vsh_expert_crossing c =
            vsh_experts_crossing(&vsh_ludziejewski2025, 8, 350e6, table[i][0], 0);
        CHECK_NEAR(c.difference, table[i][1], 0, 0.001);
        CHECK(!c.extrapolated);
    }
    CHECK_NEAR(vsh_experts_crossing(&vsh_ludziejewski2025, 8, 350e6, 1e9, 0).crossover, 6.2e8, 0.01,
               0);
    CHECK_NEAR(vsh_experts_crossing(&vsh_ludziejewski2025, 8, 1e10, 1e9, 0).crossover, 1.8e9, 0.03,
               0);
}

static void the_side_flips_at_the_crossover(void)
{
    for (double params = 1e7; params < 1e10; params *= 3)
        for (double experts = 2; experts <= 32; experts *= 2) {
            double at = vsh_ludziejewski_crossover(params, experts);
            CHECK_INT(
                vsh_experts_crossing(&vsh_ludziejewski2025, experts, params, 0.999 * at, 0).side,
                VSH_CROSSOVER_BELOW);
            CHECK_INT(
                vsh_experts_crossing(&vsh_ludziejewski2025, experts, params, 1.001 * at, 0).side,
                VSH_CROSSOVER_NEAR);
            CHECK_INT(
                vsh_experts_crossing(&vsh_ludziejewski2025, experts, params, 2.99 * at, 0).side,
                VSH_CROSSOVER_NEAR);
            CHECK_INT(
                vsh_experts_crossing(&vsh_ludziejewski2025, experts, params, 3.01 * at, 0).side,
                VSH_CROSSOVER_FAR);
            CHECK_NEAR(vsh_experts_compute_share(&vsh_ludziejewski2025, experts, params, at), 0, 0,
                       1e-9);
            CHECK(vsh_experts_compute_share(&vsh_ludziejewski2025, experts, params, 0.9 * at) < 0);
            CHECK(vsh_experts_compute_share(&vsh_ludziejewski2025, experts, params, 1.1 * at) > 0);
        }
}

/* Repeats are worth something to a dense model; nobody has measured what to experts. */
static void repeats_alone_do_not_carry_experts_over_the_crossover(void)
{
    vsh_expert_crossing c = vsh_experts_crossing(&vsh_ludziejewski2025, 8, 350e6, 4e9, 4e8);
    vsh_expert_crossing few = vsh_experts_crossing(&vsh_ludziejewski2025, 8, 350e6, 4e9, 1e7);

    CHECK(c.worth > c.crossover && c.fresh < c.crossover);
    CHECK_INT(c.side, VSH_CROSSOVER_UNDECIDED);
    CHECK_NEAR(c.difference,
               vsh_experts_crossing(&vsh_ludziejewski2025, 8, 350e6, c.worth, 0).difference, 1e-12,
               0);                /* the dense-priced reading */
    CHECK(isnan(few.difference)); /* 400 epochs: nobody has measured even dense models there */
    CHECK_INT(few.side, VSH_CROSSOVER_BELOW);
    /* and what is just above it stays near it however often it is repeated */
    CHECK_INT(vsh_experts_crossing(&vsh_ludziejewski2025, 8, 350e6, 2e10, 1e9).side,
              VSH_CROSSOVER_NEAR);
}

static void a_crossing_outside_the_laws_data_says_so(void)
{
    char text[400];
    vsh_expert_crossing c = vsh_experts_crossing(&vsh_ludziejewski2025, 8, 1e7, 1e8, 0);

    CHECK(c.extrapolated);
    vsh_experts_tell_crossing(&c, text, sizeof text);
    CHECK_HAS(text, "extrapolated");
    CHECK_HAS(text, "lose here");
}

/* A share of compute is what the dense optimum would need to gain as much loss. */
static void a_share_is_the_dense_compute_that_the_loss_is_worth(void)
{
    double share = vsh_experts_compute_share(&vsh_ludziejewski2025, 8, 350e6, 8e9);
    vsh_point dense = {350e6, 8e9, 0, 1}, with = {350e6, 8e9, 0, 8};
    double before = vsh_law_loss(&vsh_ludziejewski2025, &dense);
    double reached = vsh_law_loss(&vsh_ludziejewski2025, &with), flops = 1e17;

    while (vsh_law_optimum(&vsh_ludziejewski2025, flops, NULL).loss > before)
        flops *= 1.0001;
    CHECK_NEAR(vsh_law_optimum(&vsh_ludziejewski2025, flops / (1 - share), NULL).loss, reached, 0,
               1e-4);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static void the_verdict_flips_with_the_tokens_at_hand(void)
{
    int before = VSH_EXPERTS_LOSE;

    CHECK_INT(vsh_experts_row(BUDGET, 8, on_unique(1e7)).verdict, VSH_EXPERTS_LOSE);
    CHECK_INT(vsh_experts_row(BUDGET, 8, on_unique(3e8)).verdict, VSH_EXPERTS_LOSE);
    CHECK_INT(vsh_experts_row(BUDGET, 8, on_unique(2e10)).verdict, VSH_EXPERTS_WIN);
    CHECK_INT(vsh_experts_row(BUDGET, 8, capped).verdict, VSH_EXPERTS_WIN);
    for (double unique = 1e7; unique < 1e11; unique *= 1.5) { /* and flips once */
        int verdict = vsh_experts_row(BUDGET, 8, on_unique(unique)).verdict;
        bool loses = verdict == VSH_EXPERTS_LOSE;
        CHECK(!(loses && before != VSH_EXPERTS_LOSE));
        before = verdict;
    }
}

static void advice_is_refused_below_the_crossover(void)
{
    int below = 0;

    for (double flops = 1e15; flops < 1e21; flops *= 10)
        for (double unique = 1e6; unique < 1e9; unique *= 1.3)
            for (double experts = 2; experts <= 32; experts *= 2) {
                vsh_expert_row row =
                    vsh_experts_row(flops, experts, (vsh_expert_limits){.unique = unique});
                if (row.best.worth >= row.crossover)
                    continue;
                CHECK_INT(row.verdict, VSH_EXPERTS_LOSE);
                CHECK(isnan(row.saving));
                below++;
            }
    CHECK(below > 100);
}

/* With endless compute and tokens the memory is best filled with parameters that all work. */
static void experts_lose_where_memory_alone_is_scarce(void)
{
    vsh_expert_row row = vsh_experts_row(1e25, 8, capped);

    CHECK(row.best.tokens > 100 * row.crossover);
    CHECK_INT(row.verdict, VSH_EXPERTS_LOSE);
    CHECK_HAS(row.reason, "memory");
    CHECK_HAS(vsh_experts_row(BUDGET, 8, on_unique(1e8)).reason, "100 M unique tokens");
}

static void nothing_is_promised_where_experts_lose(void)
{
    vsh_expert_row row = vsh_experts_row(BUDGET, 8, on_unique(1e8));

    CHECK_INT(row.verdict, VSH_EXPERTS_LOSE);
    CHECK(isnan(row.saving) && isnan(row.saving_memory));
    CHECK(isnan(row.time_low) && isnan(row.time_high));
    CHECK(isnan(row.difference) && isnan(row.hours_low) && isnan(row.loss)); /* 150 epochs */
    CHECK_NEAR(row.crossover, vsh_ludziejewski_crossover(row.best.params_active, 8), 1e-12, 0);
}

/* Each row answers one question: what its loss column says less what the dense one's does. */
static void differences_are_those_of_the_loss_column(void)
{
    int shown = 0, hidden = 0;

    for (double unique = 2e8; unique < 2e10; unique *= 1.3) {
        vsh_expert_row dense = vsh_experts_row(BUDGET, 1, on_unique(unique));
        for (double experts = 2; experts <= 32; experts *= 2) {
            vsh_expert_row row = vsh_experts_row(BUDGET, experts, on_unique(unique));
            if (isnan(row.difference)) {
                CHECK(row.best.tokens / unique - 1 > 20 && isnan(row.hours_low));
                hidden++;
                continue;
            }
            CHECK_NEAR(row.difference, row.loss - dense.loss, 0, 1e-12);
            CHECK(row.difference < row.hours_low && row.hours_low < row.hours_high);
            shown++;
        }
    }
    CHECK(shown > 30 && hidden > 10);
}

/* 2 experts break even at 685 M tokens, and are seen on both sides of it. */
static void the_difference_does_not_jump_at_the_crossover(void)
{
    double before = NAN;

    for (double unique = 3.5e8; unique < 1.5e9; unique *= 1.02) {
        double now = vsh_experts_row(BUDGET, 2, on_unique(unique)).difference;
        CHECK(isfinite(now));
        CHECK(isnan(before) || (now <= before + 1e-9 && before - now < 0.003));
        before = now;
    }
}

static void advice_on_few_tokens_says_how_often_they_are_seen(void)
{
    static vsh_expert_table table;
    char text[400];

    vsh_experts_table(BUDGET, on_unique(2e9), &table);
    vsh_experts_tell(&table, text, sizeof text);
    CHECK_HAS(text, "11.6 epochs of those at hand");
    CHECK(!strstr(text, "if 23.2 B tokens are at hand"));
    vsh_experts_table(BUDGET, capped, &table);
    vsh_experts_tell(&table, text, sizeof text);
    CHECK_HAS(text, "if 23.2 B tokens are at hand");
}

static void no_loss_is_said_that_guessing_reaches(void)
{
    int silent = 0;

    for (double flops = 1e10; flops < 1e16; flops *= 3)
        for (double experts = 1; experts <= 32; experts *= 2) {
            vsh_expert_row row = vsh_experts_row(flops, experts, none);
            CHECK(isnan(row.loss) || row.loss < log(50257));
            CHECK(isfinite(row.loss) || experts == 1 || row.verdict == VSH_EXPERTS_OUTSIDE);
            CHECK(isfinite(row.loss) || (isnan(row.saving) || experts == 1));
            silent += isnan(row.loss);
        }
    CHECK(silent > 10);
}

/* A law whose experts are worth less: everything that was asked of the published one is asked of
 * it. */
static void another_joint_law_is_asked_throughout(void)
{
    vsh_law other = vsh_ludziejewski2025;
    vsh_expert_limits by_other = {.law = &other};

    CHECK(vsh_is_joint_law(&other) && !vsh_is_joint_law(vsh_law_default()));
    CHECK_NEAR(vsh_experts_saving(BUDGET, 8, by_other), vsh_experts_saving(BUDGET, 8, none), 1e-12,
               0);
    other.coefficient[2] /= 2; /* delta: of experts on the size's term */
    CHECK(vsh_experts_saving(BUDGET, 8, by_other) < 0.9 * vsh_experts_saving(BUDGET, 8, none));
    CHECK(vsh_joint_crossover(&other, 350e6, 8) > 1.2 * vsh_ludziejewski_crossover(350e6, 8));
    CHECK_NEAR(vsh_experts_row(BUDGET, 8, by_other).crossover,
               vsh_joint_crossover(&other, vsh_experts_best(BUDGET, 8, by_other).params_active, 8),
               1e-12, 0);
    other.coefficient[2] = 0.5; /* never worth anything: no finite crossover */
    CHECK(isinf(vsh_joint_crossover(&other, 350e6, 8)));
    other.n_counts = VSH_N_TOTAL;
    CHECK(!vsh_is_joint_law(&other));
}

/* 4 experts: 22 % of the FLOPs, and no time at 0.75 - 0.80 of the throughput. */
static void a_gain_in_flops_that_the_hours_eat_is_not_called_a_win(void)
{
    vsh_expert_row row = vsh_experts_row(BUDGET, 4, capped);

    CHECK_INT(row.verdict, VSH_EXPERTS_FLOPS_ONLY);
    CHECK(row.saving > 0.2 && row.time_low < 0 && row.time_high < 0.05);
    CHECK(row.hours_low < row.hours_high);
}

/* 32 experts in 775 M parameters ask for 482 tokens an active parameter; the paper refuses 414. */
static void tokens_a_parameter_beyond_the_data_are_outside(void)
{
    vsh_expert_row row = vsh_experts_row(BUDGET, 32, capped);

    CHECK_NEAR(row.best.tokens / row.best.params_active, 482, 0.01, 0);
    CHECK_INT(row.verdict, VSH_EXPERTS_OUTSIDE);
    CHECK_HAS(row.reason, "tokens an active parameter");
    CHECK_INT(vsh_experts_row(BUDGET, 32, none).verdict, VSH_EXPERTS_WIN);
}

static void the_table_advises_only_what_wins_under_all_limits(void)
{
    static vsh_expert_table table;
    char text[240];

    vsh_experts_table(BUDGET, capped, &table);
    CHECK_INT(table.limit_count, 2);
    CHECK_INT(table.advised, 4); /* 16 experts; 32 are outside the data */
    vsh_experts_table(BUDGET, on_unique(1e8), &table);
    CHECK_INT(table.limit_count, 3);
    CHECK_INT(table.advised, -1);
    vsh_experts_tell(&table, text, sizeof text);
    CHECK_HAS(text, "stay dense");
    CHECK_INT(table.row[0][3].verdict, VSH_EXPERTS_WIN); /* without limits they would */
    CHECK_NEAR(vsh_experts_eight(&table)->experts, 8, 0, 0);
}

/* ---- the other two laws ---------------------------------------------------------------------- */

static void clark_is_solved_for_the_dense_model_worth_as_much(void)
{
    CHECK_NEAR(vsh_clark_dense_equivalent(5e6, 128), 51.8e6, 0.002, 0);
    CHECK_NEAR(vsh_clark_dense_equivalent(350e6, 8), 639e6, 0.002, 0);
}

/* Krajewski's N is of all experts; read as active, experts would be worse than a dense model. Table
 * 2, 64 x 100 M, G = 8: the paper prints 3.133. The tokens are those of its own count of FLOPs,
 * with the router's: (12 d^2 6 + d E G 14) n a token, d = 64 n, N = d^2 (8 E + 4) n. */
static void fine_grained_experts_count_all_parameters(void)
{
    double total = 4.37e9, blocks = cbrt(total / (64 * 64 * 516)), width = 64 * blocks;
    double tokens = 2.95e18 / ((72 * width * width + 14 * 64 * 8 * width) * blocks);
    vsh_point all = {total, tokens, 0, 64, 8}, active = all;

    active.params /= vsh_krajewski_total_per_active();
    CHECK_NEAR(vsh_law_loss(&vsh_krajewski2024, &all), 3.110, 0, 0.003);
    CHECK_NEAR(vsh_law_loss(&vsh_krajewski2024, &active), 3.900, 0, 0.003);
    CHECK(vsh_law_loss(&vsh_krajewski2024, &active) >
          vsh_law_optimum(&vsh_krajewski2024, 2.95e18, NULL).loss);
}

static void fine_grained_experts_save_what_the_paper_claims(void)
{
    double before = 0;

    CHECK_NEAR(vsh_fine_experts(1e20, 8, 0).dense_times, 21.8, 0.005, 0); /* no router cost */
    for (double granularity = 1; granularity <= 16; granularity *= 2) {
        vsh_fine_row row = vsh_fine_experts(BUDGET, granularity, CAP);
        CHECK(row.saving > before);
        CHECK(row.saving >= 0.9 && row.saving < 1);
        CHECK_NEAR(6 * row.params_active * row.tokens, BUDGET, 1e-9, 0);
        CHECK(!row.fits && row.params_total > 1e10); /* 64 times the experts: not on one chip */
        CHECK(vsh_fine_experts(BUDGET, granularity, 2e10).fits);
        before = row.saving;
    }
}

/* ---- measured runs --------------------------------------------------------------------------- */

/* Clark's own runs of S-BASE and dense models, 130 B tokens each: what the columns hold. */
typedef struct {
    bool dense;
    double experts, base, loss;
} routed_run;

enum { ROUTED_COLUMNS = 17, ROUTED_RUNS = 128 };

static bool read_routed(char *line, routed_run *run)
{
    char *field[ROUTED_COLUMNS];

    for (int i = 0; i < ROUTED_COLUMNS; i++) {
        field[i] = line;
        line = line ? strchr(line, ',') : NULL;
        if (line)
            *line++ = '\0';
    }
    if (!field[ROUTED_COLUMNS - 1])
        return false;
    *run = (routed_run){strcmp(field[2], "Dense") == 0, strtod(field[3], NULL),
                        strtod(field[13], NULL), strtod(field[16], NULL)};
    /* top-1 in every second layer, the plain model: what the law's own table is of */
    return (run->dense || strcmp(field[2], "S-Base") == 0) && strtod(field[4], NULL) == 1 &&
           strtod(field[5], NULL) == 0.5 && strtod(field[6], NULL) == 1;
}

/* How many were read; 0 where they are not at hand. */
static int read_all_routed(routed_run runs[ROUTED_RUNS])
{
    vsh_lines lines;
    vsh_error err;
    int count = 0;
    char *line;

    if (vsh_lines_read(vsh_test_arena(), "../shared/reference/loss_routed_moe_runs.csv", 1 << 20,
                       &lines, &err)) {
        vsh_skip("the published runs are not here");
        return 0;
    }
    while ((line = vsh_lines_next(&lines)) && count < ROUTED_RUNS)
        count += read_routed(line, &runs[count]);
    return count;
}

static void clarks_law_meets_his_runs(void)
{
    routed_run runs[ROUTED_RUNS];
    int count = read_all_routed(runs);

    for (int i = 0; i < count; i++)
        CHECK_NEAR(vsh_law_loss(&vsh_clark2022,
                                &(vsh_point){.params = runs[i].base, .experts = runs[i].experts}),
                   runs[i].loss, 0.025, 0);
    CHECK(count == 0 || count > 20);
}

/* The joint law has never seen these: another corpus, another tokenizer, experts in every second
 * layer. What it says that 2 - 32 experts gain over the dense run is what they gained. */
static void the_joint_law_foretells_what_clarks_experts_gained(void)
{
    routed_run runs[ROUTED_RUNS];
    int count = read_all_routed(runs), compared = 0;
    double sum = 0;

    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            double gained, said;
            if (!runs[j].dense || runs[i].dense || runs[i].base != runs[j].base ||
                runs[i].experts > 32)
                continue;
            gained = runs[j].loss - runs[i].loss;
            said = -vsh_experts_crossing(&vsh_ludziejewski2025, runs[i].experts, runs[i].base,
                                         130e9, 0)
                        .difference;
            CHECK_NEAR(gained / said, 1.13, 0, 0.2);
            sum += gained / said;
            compared++;
        }
    if (count > 0) {
        CHECK(compared > 8);
        CHECK_NEAR(sum / compared, 1.2, 0, 0.1);
    }
}

const vsh_test vsh_tests[] = {
    {"savings_grow_with_experts_as_worked", savings_grow_with_experts_as_worked},
    {"savings_under_the_cap_are_as_worked", savings_under_the_cap_are_as_worked},
    {"one_expert_saves_nothing", one_expert_saves_nothing},
    {"the_best_model_without_limits_is_the_laws_optimum",
     the_best_model_without_limits_is_the_laws_optimum},
    {"a_saving_is_compute_that_reaches_the_same_loss",
     a_saving_is_compute_that_reaches_the_same_loss},
    {"a_cap_is_kept_and_never_helps", a_cap_is_kept_and_never_helps},
    {"fewer_unique_tokens_never_help", fewer_unique_tokens_never_help},
    {"a_cap_below_the_smallest_model_gives_no_model",
     a_cap_below_the_smallest_model_gives_no_model},
    {"equal_memory_saves_at_most_what_equal_loss_does",
     equal_memory_saves_at_most_what_equal_loss_does},
    {"hours_are_flops_over_the_lower_throughput", hours_are_flops_over_the_lower_throughput},
    {"experts_lose_on_few_tokens_and_win_on_many", experts_lose_on_few_tokens_and_win_on_many},
    {"the_side_flips_at_the_crossover", the_side_flips_at_the_crossover},
    {"repeats_alone_do_not_carry_experts_over_the_crossover",
     repeats_alone_do_not_carry_experts_over_the_crossover},
    {"a_crossing_outside_the_laws_data_says_so", a_crossing_outside_the_laws_data_says_so},
    {"a_share_is_the_dense_compute_that_the_loss_is_worth",
     a_share_is_the_dense_compute_that_the_loss_is_worth},
    {"the_verdict_flips_with_the_tokens_at_hand", the_verdict_flips_with_the_tokens_at_hand},
    {"advice_is_refused_below_the_crossover", advice_is_refused_below_the_crossover},
    {"experts_lose_where_memory_alone_is_scarce", experts_lose_where_memory_alone_is_scarce},
    {"nothing_is_promised_where_experts_lose", nothing_is_promised_where_experts_lose},
    {"differences_are_those_of_the_loss_column", differences_are_those_of_the_loss_column},
    {"the_difference_does_not_jump_at_the_crossover",
     the_difference_does_not_jump_at_the_crossover},
    {"advice_on_few_tokens_says_how_often_they_are_seen",
     advice_on_few_tokens_says_how_often_they_are_seen},
    {"no_loss_is_said_that_guessing_reaches", no_loss_is_said_that_guessing_reaches},
    {"another_joint_law_is_asked_throughout", another_joint_law_is_asked_throughout},
    {"a_gain_in_flops_that_the_hours_eat_is_not_called_a_win",
     a_gain_in_flops_that_the_hours_eat_is_not_called_a_win},
    {"tokens_a_parameter_beyond_the_data_are_outside",
     tokens_a_parameter_beyond_the_data_are_outside},
    {"the_table_advises_only_what_wins_under_all_limits",
     the_table_advises_only_what_wins_under_all_limits},
    {"clark_is_solved_for_the_dense_model_worth_as_much",
     clark_is_solved_for_the_dense_model_worth_as_much},
    {"fine_grained_experts_count_all_parameters", fine_grained_experts_count_all_parameters},
    {"fine_grained_experts_save_what_the_paper_claims",
     fine_grained_experts_save_what_the_paper_claims},
    {"clarks_law_meets_his_runs", clarks_law_meets_his_runs},
    {"the_joint_law_foretells_what_clarks_experts_gained",
     the_joint_law_foretells_what_clarks_experts_gained},
    {NULL, NULL}};
