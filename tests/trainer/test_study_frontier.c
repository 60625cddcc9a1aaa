#include "trainer/study/study_frontier.h"

#include <math.h>
#include <stdio.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "study_frontier";

static vsh_error err;

/* ---- frontiers ----------------------------------------------------------------------------- */

static void a_frontier_keeps_what_no_cheaper_one_is_as_good_as(void)
{
    vsh_study_pair p[] = {{4, 3.0}, {1, 5.0}, {2, 5.5}, {3, 4.0}, {3, 4.2}, {5, 3.0}, {6, 2.0}};
    static const double cost[] = {1, 3, 4, 6};

    CHECK_INT(vsh_study_frontier(p, 7), 4);
    for (int i = 0; i < 4; i++)
        CHECK_NEAR(p[i].cost, cost[i], 0, 0);
    CHECK_INT(vsh_study_frontier(p, 0), 0);
}

static void between_points_the_logarithm_of_cost_is_a_line(void)
{
    static const vsh_study_pair f[] = {{1, 3}, {100, 2}, {1000, 1}};

    CHECK_NEAR(vsh_study_cost_at(f, 3, 2.5), 10, 1e-12, 0);
    CHECK_NEAR(vsh_study_cost_at(f, 3, 3), 1, 1e-12, 0);
    CHECK_NEAR(vsh_study_cost_at(f, 3, 1), 1000, 1e-12, 0);
    CHECK_NEAR(vsh_study_loss_at(f, 3, 10), 2.5, 1e-12, 0);
    for (double loss = 1.125; loss < 3; loss += 0.125)
        CHECK_NEAR(vsh_study_loss_at(f, 3, vsh_study_cost_at(f, 3, loss)), loss, 1e-9, 0);
}

static void nothing_is_said_beyond_the_ends(void)
{
    static const vsh_study_pair f[] = {{1, 3}, {100, 2}};

    CHECK(isnan(vsh_study_cost_at(f, 2, 3.01)) && isnan(vsh_study_cost_at(f, 2, 1.99)));
    CHECK(isnan(vsh_study_loss_at(f, 2, 0.99)) && isnan(vsh_study_loss_at(f, 2, 101)));
    CHECK(isnan(vsh_study_cost_at(f, 1, 3)));
}

/* ---- a planted saving ---------------------------------------------------------------------- */

enum { SIZES = 4, BUDGETS = 4, SEEDS = 3, RECORDS_MAX = 512 };

/* How the records of a test are made. */
typedef struct {
    double saving;       /* of FLOPs, by the family */
    double slower;       /* times as long a FLOP */
    double noise;        /* of log loss */
    double total_factor; /* total parameters of the family over those of its dense peer */
    int64_t unique_tokens;
    int seeds;
} plant;

static const plant plain = {0.25, 1.5, 0, 1.0, 0, SEEDS};

static double noise(uint64_t stream, uint64_t at)
{
    double sum = 0;

    for (uint64_t i = 0; i < 12; i++)
        sum += vsh_random_uniform(77, stream, 16 * at + i);
    return sum - 6; /* nearly a normal's */
}

static void add(vsh_study_records *all, const plant *p, const char *family, int size, int budget,
                int seed)
{
    bool dense = family[0] == 'd';
    double N = 3e4 * pow(2, size), flops = 1e11 * pow(10, 0.5 * budget), D = flops / (6 * N);
    double loss = 1.2 + 60 / pow(N, 0.4) + 120 / pow(D, 0.4);
    vsh_study_record *r = &all->item[all->count++];

    REQUIRE(all->count <= RECORDS_MAX);
    *r = (vsh_study_record){.name = "x", .role = "curve", .family = family};
    r->layers = 2;
    r->hidden = 16 * (size + 1);
    r->budget = budget;
    r->seed = seed + 1;
    r->unique_tokens = p->unique_tokens;
    r->params_total = (int64_t)(N * (dense ? 1 : p->total_factor));
    r->flops = flops * (dense ? 1 : 1 - p->saving);
    r->seconds = r->flops * 1e-10 * (dense ? 1 : p->slower);
    r->loss = loss * exp(p->noise * noise((uint64_t)(dense ? 1 : 2),
                                          (uint64_t)(size + 8 * budget + 64 * seed)));
}

static vsh_study_records planted(const plant *p)
{
    vsh_study_records all = {vsh_alloc(vsh_test_arena(), RECORDS_MAX, sizeof *all.item), 0};

    REQUIRE(all.item != NULL);
    for (int seed = 0; seed < p->seeds; seed++)
        for (int size = 0; size < SIZES; size++)
            for (int budget = 0; budget < BUDGETS; budget++) {
                add(&all, p, "dense", size, budget, seed);
                add(&all, p, "e8k1", size, budget, seed);
            }
    return all;
}

static vsh_study_saving ask(const vsh_study_records *all, vsh_study_cost cost, int64_t text,
                            bool equal_total)
{
    vsh_study_question question = {.family = "e8k1",
                                   .unique_tokens = text,
                                   .cost = cost,
                                   .equal_total = equal_total,
                                   .bootstraps = 400,
                                   .seed = 1};
    vsh_study_saving saving;

    REQUIRE_OK(vsh_study_saving_of(all, &question, &saving, &err), &err);
    return saving;
}

static void a_planted_saving_comes_back(void)
{
    for (double planted_saving = -0.6; planted_saving < 0.7; planted_saving += 0.2) {
        plant p = plain;
        vsh_study_records all;
        vsh_study_saving s;
        p.saving = planted_saving;
        all = planted(&p);
        s = ask(&all, VSH_COST_FLOPS, 0, false);
        CHECK_NEAR(s.saving, planted_saving, 0, 0.02);
        CHECK(s.loss_low < s.loss_high && s.loss_low > 1.2);
    }
}

static void the_same_in_time_is_less_by_what_a_flop_takes_longer(void)
{
    vsh_study_records all = planted(&plain);

    CHECK_NEAR(ask(&all, VSH_COST_FLOPS, 0, false).saving, 0.25, 0, 0.02);
    CHECK_NEAR(ask(&all, VSH_COST_SECONDS, 0, false).saving, 1 - 0.75 * 1.5, 0, 0.03);
}

/* A dense model of as many parameters is then the peer itself. */
static void at_equal_total_parameters_the_peer_is_the_dense_model_of_that_size(void)
{
    plant p = plain;
    vsh_study_records all = planted(&p);

    CHECK_NEAR(ask(&all, VSH_COST_FLOPS, 0, true).saving, 0.25, 0, 0.02);
    p.total_factor = 2; /* the dense model one row larger */
    all = planted(&p);
    CHECK(fabs(ask(&all, VSH_COST_FLOPS, 0, true).saving - 0.25) > 0.01);
    p.total_factor = 1000; /* no dense model is as large */
    all = planted(&p);
    CHECK(isnan(ask(&all, VSH_COST_FLOPS, 0, true).saving));
}

static void noise_widens_the_interval_which_holds_the_truth(void)
{
    plant p = plain;
    vsh_study_records all;
    vsh_study_saving quiet, loud;

    p.noise = 0.001;
    all = planted(&p);
    quiet = ask(&all, VSH_COST_FLOPS, 0, false);
    p.noise = 0.01;
    all = planted(&p);
    loud = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK(quiet.resolved && quiet.low > 0);
    CHECK(quiet.low <= 0.25 && quiet.high >= 0.25);
    CHECK(loud.low <= 0.25 && loud.high >= 0.25);
    CHECK(loud.high - loud.low > quiet.high - quiet.low);
}

static void no_saving_under_noise_is_not_resolved(void)
{
    plant p = plain;
    vsh_study_records all;
    vsh_study_saving s;

    p.saving = 0;
    p.noise = 0.01;
    all = planted(&p);
    s = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK(!s.resolved);
    CHECK(s.low <= 0 && s.high >= 0);
    CHECK_HAS(s.reason, "holds 0");
}

static void fewer_than_three_seeds_resolve_nothing(void)
{
    plant p = plain;
    vsh_study_records all;
    vsh_study_saving s;

    p.seeds = 2;
    all = planted(&p);
    s = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK_NEAR(s.saving, 0.25, 0, 0.02);
    CHECK(!s.resolved);
    CHECK_HAS(s.reason, "three seeds");
}

static void a_seed_that_only_one_has_does_not_count(void)
{
    plant p = plain;
    vsh_study_records all;
    vsh_study_saving before, after;

    p.seeds = 2;
    all = planted(&p);
    before = ask(&all, VSH_COST_FLOPS, 0, false);
    for (int64_t i = 0, count = all.count; i < count; i++) { /* a third, of dense alone, better */
        all.item[all.count] = all.item[i];
        all.item[all.count].seed = 3;
        all.item[all.count].loss *= 0.9;
        all.count += all.item[i].family[0] == 'd' && all.item[i].seed == 1;
    }
    after = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK_NEAR(after.saving, before.saving, 0, 0);
    CHECK(!after.resolved);
    CHECK_HAS(after.reason, "three seeds");
}

/* ---- sizes --------------------------------------------------------------------------------- */

/* Leaves runs of the family of these sizes only. */
static void keep_sizes(vsh_study_records *all, int64_t sizes)
{
    int64_t kept = 0;

    for (int64_t i = 0; i < all->count; i++)
        if (all->item[i].family[0] == 'd' || all->item[i].hidden <= 16 * sizes)
            all->item[kept++] = all->item[i];
    all->count = kept;
}

static void one_size_alone_resolves_nothing(void)
{
    for (int equal_total = 0; equal_total < 2; equal_total++) {
        vsh_study_records all = planted(&plain);
        vsh_study_saving s = ask(&all, VSH_COST_FLOPS, 0, equal_total);
        CHECK_INT(s.sizes, SIZES);
        CHECK(s.resolved);
        keep_sizes(&all, 2);
        s = ask(&all, VSH_COST_FLOPS, 0, equal_total);
        CHECK_INT(s.sizes, 2);
        CHECK(s.resolved);
        keep_sizes(&all, 1);
        s = ask(&all, VSH_COST_FLOPS, 0, equal_total);
        CHECK_INT(s.sizes, 1);
        CHECK_NEAR(s.saving, 0.25, 0, 0.02);
        CHECK(!s.resolved);
        CHECK_HAS(s.reason, "two sizes");
    }
}

/* Of four sizes one costs and three save. One draw in twenty has the one three times or more, so
 * that is where the interval begins: at half of the way, in the logarithm. */
static void a_size_counts_as_often_as_it_is_drawn(void)
{
    vsh_study_records all = planted(&plain);
    vsh_study_saving s;

    for (int64_t i = 0; i < all.count; i++)
        if (all.item[i].family[0] == 'e')
            all.item[i].flops *= all.item[i].hidden == 16 ? 2 : 0.5;
    s = ask(&all, VSH_COST_FLOPS, 0, true);
    CHECK_INT(s.sizes, 4);
    CHECK_NEAR(s.saving, 1 - 0.75 * sqrt(0.5), 0, 0.02);
    CHECK_NEAR(s.low, 1 - 0.75 * sqrt(2), 0, 0.02);
    CHECK_NEAR(s.high, 1 - 0.75 * 0.5, 0, 0.02);
}

/* ---- what was compared --------------------------------------------------------------------- */

/* The unlucky two seeds of a size and budget lost: the lucky one alone would be judged against all
 * three of dense. */
static void where_one_diverged_the_other_is_left_out_too(void)
{
    plant p = plain;
    vsh_study_records all;
    vsh_study_saving s, whole;

    all = planted(&p);
    whole = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK_INT(whole.diverged, 0);
    for (int64_t i = 0; i < all.count; i++) {
        vsh_study_record *r = &all.item[i];
        if (r->family[0] == 'e')
            r->loss = r->seed > 1 ? (double)NAN : r->loss;
        else if (r->seed > 1) /* dense lost nothing, and was far worse */
            r->loss += 0.5;
    }
    s = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK_INT(s.diverged, SIZES * BUDGETS * (SEEDS - 1));
    CHECK_NEAR(s.saving, whole.saving, 1e-9, 0);
    CHECK(!s.resolved);
}

static int ask_budgets(const vsh_study_records *all, vsh_study_at_budget *at)
{
    vsh_study_question question = {.family = "e8k1", .bootstraps = 400, .seed = 1};
    int count;

    REQUIRE_OK(vsh_study_at_budgets(all, &question, at, &count, &err), &err);
    return count;
}

static void the_points_are_means_over_seeds_of_sizes_that_both_have(void)
{
    plant p = plain;
    vsh_study_records all;
    vsh_study_at_budget at[VSH_STUDY_BUDGETS];
    int budgets;

    p.noise = 0.01;
    all = planted(&p);
    keep_sizes(&all, 2);
    for (int64_t i = 0; i < all.count; i++) { /* dense alone has these, and they are the best */
        vsh_study_record *r = &all.item[i];
        bool alone = r->hidden > 32 || (r->hidden == 32 && r->budget == 0);
        if (alone && r->family[0] == 'e')
            r->role = "tune";
        else if (alone)
            r->loss = 0.5;
    }
    budgets = ask_budgets(&all, at);
    CHECK_INT(budgets, BUDGETS);
    for (int k = 0; k < budgets; k++) {
        double best = INFINITY;
        for (int size = 0; size < 2; size++) {
            double sum = 0;
            for (int64_t i = 0; i < all.count; i++)
                if (all.item[i].family[0] == 'd' && all.item[i].hidden == 16 * (size + 1) &&
                    all.item[i].loss > 1 && fabs(all.item[i].flops / at[k].dense.cost - 1) < 1e-9)
                    sum += all.item[i].loss;
            best = sum > 0 ? fmin(best, sum / SEEDS) : best;
        }
        CHECK_NEAR(at[k].dense.loss, best, 1e-9, 0);
    }
    CHECK_NEAR(at[0].family.cost, 0.75 * 1e11, 1e-9, 0);
}

/* A frontier does not show this: no cheaper run is as good as those before the loss rose. */
static void a_family_that_falls_back_at_the_last_budget_is_seen_there(void)
{
    plant p = plain;
    vsh_study_records all;
    vsh_study_at_budget at[VSH_STUDY_BUDGETS];
    double saving;

    p.noise = 0.002;
    all = planted(&p);
    saving = ask(&all, VSH_COST_FLOPS, 0, false).saving;
    for (int64_t i = 0; i < all.count; i++)
        if (all.item[i].family[0] == 'e' && all.item[i].budget == BUDGETS - 1)
            all.item[i].loss *= 1.4;
    CHECK_INT(ask_budgets(&all, at), BUDGETS);
    for (int k = 0; k < BUDGETS; k++) {
        bool last = k == BUDGETS - 1;
        CHECK_NEAR(at[k].difference, last ? 0.4 : 0, 0, 0.01);
        CHECK(at[k].low <= at[k].difference && at[k].high >= at[k].difference);
    }
    CHECK(at[BUDGETS - 1].resolved);
    for (int64_t i = 0; i < all.count; i++) /* two of three diverge there, and there alone */
        if (all.item[i].budget == BUDGETS - 1 && all.item[i].seed > 1)
            all.item[i].loss = NAN;
    CHECK_INT(ask_budgets(&all, at), BUDGETS);
    CHECK(!at[BUDGETS - 1].resolved);
    for (int64_t i = 0; i < all.count; i++) /* a budget that one of the two has not */
        if (all.item[i].family[0] == 'e' && all.item[i].budget == 1)
            all.item[i].role = "tune";
    CHECK_INT(ask_budgets(&all, at), BUDGETS - 1);
    CHECK_INT(at[1].budget, 2);
    for (int64_t i = 0; i < all.count; i++)
        all.item[i].role = "curve";
    CHECK_NEAR(ask(&all, VSH_COST_FLOPS, 0, false).saving, saving, 0, 0.05);
    p.seeds = 2; /* which resolve nothing */
    all = planted(&p);
    for (int64_t i = 0; i < all.count; i++)
        all.item[i].loss *= all.item[i].family[0] == 'e' ? 1.4 : 1;
    CHECK_INT(ask_budgets(&all, at), BUDGETS);
    CHECK_NEAR(at[BUDGETS - 1].difference, 0.4, 0, 0.01);
    CHECK(!at[BUDGETS - 1].resolved);
}

static void texts_roles_and_lost_runs_are_kept_apart(void)
{
    plant p = plain;
    vsh_study_records all = planted(&p), little;
    static const double savings[] = {-0.4, -0.1};
    vsh_study_saving before = ask(&all, VSH_COST_FLOPS, 0, false), after;

    for (int text = 0; text < 2; text++) {
        p.unique_tokens = 1000 * (text + 1);
        p.saving = savings[text];
        little = planted(&p);
        for (int64_t i = 0; i < little.count; i++)
            all.item[all.count++] = little.item[i];
    }
    all.item[all.count] = all.item[1];
    all.item[all.count].role = "tune";
    all.item[all.count++].loss = 0.1;
    all.item[all.count] = all.item[1];
    all.item[all.count++].loss = NAN;
    after = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK_NEAR(after.saving, before.saving, 0, 1e-12);
    CHECK_NEAR(ask(&all, VSH_COST_FLOPS, 1000, false).saving, savings[0], 0, 0.03);
    CHECK_NEAR(ask(&all, VSH_COST_FLOPS, 2000, false).saving, savings[1], 0, 0.03);
}

static void what_reaches_no_loss_in_common_has_no_saving(void)
{
    vsh_study_records all = planted(&plain);
    vsh_study_saving s;

    for (int64_t i = 0; i < all.count; i++)
        if (all.item[i].family[0] == 'e')
            all.item[i].loss += 10;
    s = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK(isnan(s.saving) && isnan(s.low) && !s.resolved);
    CHECK_HAS(s.reason, "no loss in common");
    all.count = 0;
    CHECK(isnan(ask(&all, VSH_COST_FLOPS, 0, false).saving));
}

static void the_order_of_the_records_does_not_matter(void)
{
    plant p = plain;
    vsh_study_records all;
    vsh_study_saving a, b;

    p.noise = 0.005;
    all = planted(&p);
    a = ask(&all, VSH_COST_FLOPS, 0, false);
    for (int64_t i = 0; i < all.count / 2; i++) {
        vsh_study_record other = all.item[i];
        all.item[i] = all.item[all.count - 1 - i];
        all.item[all.count - 1 - i] = other;
    }
    b = ask(&all, VSH_COST_FLOPS, 0, false);
    CHECK_NEAR(a.saving, b.saving, 1e-9, 0);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

const vsh_test vsh_tests[] = {
    TEST(a_frontier_keeps_what_no_cheaper_one_is_as_good_as),
    TEST(between_points_the_logarithm_of_cost_is_a_line),
    TEST(nothing_is_said_beyond_the_ends),
    TEST(a_planted_saving_comes_back),
    TEST(the_same_in_time_is_less_by_what_a_flop_takes_longer),
    TEST(at_equal_total_parameters_the_peer_is_the_dense_model_of_that_size),
    TEST(noise_widens_the_interval_which_holds_the_truth),
    TEST(no_saving_under_noise_is_not_resolved),
    TEST(fewer_than_three_seeds_resolve_nothing),
    TEST(a_seed_that_only_one_has_does_not_count),
    TEST(one_size_alone_resolves_nothing),
    TEST(a_size_counts_as_often_as_it_is_drawn),
    TEST(where_one_diverged_the_other_is_left_out_too),
    TEST(the_points_are_means_over_seeds_of_sizes_that_both_have),
    TEST(a_family_that_falls_back_at_the_last_budget_is_seen_there),
    TEST(texts_roles_and_lost_runs_are_kept_apart),
    TEST(what_reaches_no_loss_in_common_has_no_saving),
    TEST(the_order_of_the_records_does_not_matter),
    {NULL, NULL},
};
