#include "planner/laws/muennighoff2023.h"

#include <math.h>
#include <stdlib.h>

#include "planner/laws/anchors.h"
#include "planner/laws/repetition.h"
#include "tests/harness.h"

const char vsh_suite[] = "muennighoff2023";

static vsh_optimum best_on(double flops, double unique)
{
    return vsh_law_optimum(&vsh_muennighoff2023, flops, &(vsh_point){.unique = unique});
}

/* By the law that stands in for one that knows no repetition. */
static double price_of(double params, double tokens, double unique)
{
    return vsh_law_repetition_price(&vsh_besiroglu2024,
                                    &(vsh_point){.tokens = tokens, .unique = unique}, params);
}

static double loss(double params, double tokens, double unique)
{
    return vsh_law_loss(&vsh_muennighoff2023, &(vsh_point){params, tokens, unique, 1});
}

/* huggingface/datablations README, to all printed digits. */
static void the_two_values_of_the_authors_are_met(void)
{
    CHECK_NEAR(loss(6.34e9, 242e9, 25e9), 2.2256440889984477, 1e-12, 0);
    CHECK_NEAR(loss(8.67e9, 178e9, 25e9), 2.2269634075087867, 1e-12, 0);
}

static void one_epoch_is_worth_itself_and_three_nearly_three(void)
{
    CHECK_NEAR(vsh_muennighoff_effective_tokens(1e8, 1e8), 1e8, 0, 0);
    CHECK_NEAR(vsh_muennighoff_effective_tokens(3e8, 1e8), 2.875e8, 0.001, 0);
    CHECK_NEAR(vsh_muennighoff_effective_tokens(5e9, 0), 5e9, 0, 0); /* 0: all are unique */
    CHECK_NEAR(vsh_muennighoff_effective_tokens(5e9, 1e10), 5e9, 0, 0);
}

static void repetition_is_worth_less_each_time_and_bounded(void)
{
    double before = 0, gain = 1e300;

    for (int epochs = 1; epochs < 400; epochs++) {
        double worth = vsh_muennighoff_effective_tokens(epochs * 1e8, 1e8);
        CHECK(worth > before && worth <= epochs * 1e8 * (1 + 1e-12));
        CHECK(worth - before < gain);
        gain = worth - before;
        before = worth;
    }
    CHECK_NEAR(vsh_muennighoff_effective_tokens(1e15, 1e8), 1e8 * (1 + 15.387756), 1e-12, 0);
}

static void four_epochs_cost_little_and_sixteen_much(void)
{
    double one = loss(391.1e6, 7.67e9, 0);

    CHECK_NEAR(loss(391.1e6, 7.67e9, 7.67e9 / 4) - one, 0.047, 0, 0.001);
    CHECK_NEAR(loss(391.1e6, 7.67e9, 7.67e9 / 16) - one, 0.277, 0, 0.001);
}

static void unlimited_data_is_the_limit_of_much_data(void)
{
    vsh_optimum unlimited = best_on(1.8e19, 0);
    vsh_optimum plenty = best_on(1.8e19, 1e13);

    CHECK_NEAR(plenty.params, unlimited.params, 1e-6, 0);
    CHECK_NEAR(plenty.loss, unlimited.loss, 1e-12, 0);
}

static void less_unique_data_is_never_better(void)
{
    double before = 0;

    for (double unique = 1e11; unique > 1e7; unique /= 2) {
        double best = best_on(1.8e19, unique).loss;
        CHECK(best >= before - 1e-9);
        before = best;
    }
}

/* A grid of 1 % steps finds nothing below what the search found. */
static void the_search_finds_the_least_loss(void)
{
    static const double uniques[] = {1e8, 3e8, 1e9, 4e9, 0};
    static const double budgets[] = {1e17, 1.8e19, 1e21};

    for (size_t u = 0; u < 5; u++)
        for (size_t b = 0; b < 3; b++) {
            vsh_optimum best = best_on(budgets[b], uniques[u]);
            double least = INFINITY;
            for (double params = 1e6; params < 1e12; params *= 1.01)
                least = fmin(least, loss(params, budgets[b] / 6 / params, uniques[u]));
            CHECK(best.loss <= least + 1e-9);
            CHECK_NEAR(best.loss, loss(best.params, best.tokens, uniques[u]), 1e-12, 0);
        }
}

/* On 1e8 tokens all compute from 5e18 to 1e20 FLOP buys 0.008 nats. */
static void compute_beyond_the_useful_buys_less_than_asked(void)
{
    double useful = vsh_law_useful_flops(&vsh_muennighoff2023, 1e8, 0.008);
    double there = best_on(useful, 1e8).loss;
    double far = best_on(useful * 1e4, 1e8).loss;

    CHECK(there - far <= 0.008 * (1 + 1e-6));
    CHECK(best_on(useful * 0.9, 1e8).loss - far > 0.008 * (1 - 1e-3));
    CHECK_NEAR(best_on(5e18, 1e8).loss - best_on(1e20, 1e8).loss, 0.008, 0.1, 0);
    CHECK(vsh_law_useful_flops(&vsh_muennighoff2023, 1e9, 0.008) > 10 * useful);
}

static void the_law_saturates_where_measured_runs_get_worse(void)
{
    double small = loss(80e6, 3e8, 1e8), huge = loss(1e10, 3e8, 1e8);

    CHECK_NEAR(small - huge, 0.023, 0, 0.002); /* 125 times the compute */
    CHECK(vsh_anchor_nearest_fresh(2.81e9, 1e8, VSH_C4)->loss > huge + 2.5);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of all 296 runs of the authors, those inside the range lie 0.16 - 0.33 nats above the law (10 %
 * and 90 % quantiles): another tokenizer and recipe than the fit's. Here on the thinned set. */
static void the_law_is_a_lower_bound_of_the_runs_inside_its_range(void)
{
    double above[200];
    int count, inside = 0;
    const vsh_anchor *runs = vsh_anchors(&count);

    REQUIRE(count <= 200);
    for (int i = 0; i < count; i++) {
        vsh_point point = {runs[i].params, runs[i].tokens, runs[i].unique, 1};
        vsh_repeats repeats = vsh_muennighoff_repeats(&point);
        /* shorter runs than 2e9 tokens were not fitted */
        if (runs[i].corpus == 1 && repeats.params <= 20 && repeats.tokens <= 20 &&
            runs[i].tokens >= 2e9)
            above[inside++] = runs[i].loss - vsh_law_loss(&vsh_muennighoff2023, &point);
    }
    REQUIRE(inside >= 20);
    qsort(above, (size_t)inside, sizeof above[0], by_value);
    CHECK(above[0] > 0);
    CHECK(above[inside / 2] > 0.16 && above[inside / 2] < 0.33);
}

static void repetition_has_a_price_that_begins_at_nothing(void)
{
    double before = 0;

    CHECK(price_of(350e6, 8e9, 0) == 0);
    CHECK(price_of(350e6, 8e9, 8e9) == 0);
    CHECK(price_of(350e6, 8e9, 7.99e9) < 1e-3);
    for (double unique = 4e9; unique > 1e8; unique /= 2) {
        double price = price_of(350e6, 8e9, unique);
        CHECK(price > before);
        before = price;
    }
    CHECK_NEAR(price_of(350e6, 8e9, 2e9), 0.05, 0, 0.02); /* four epochs */
}

const vsh_test vsh_tests[] = {
    {"repetition_has_a_price_that_begins_at_nothing",
     repetition_has_a_price_that_begins_at_nothing},
    {"the_two_values_of_the_authors_are_met", the_two_values_of_the_authors_are_met},
    {"one_epoch_is_worth_itself_and_three_nearly_three",
     one_epoch_is_worth_itself_and_three_nearly_three},
    {"repetition_is_worth_less_each_time_and_bounded",
     repetition_is_worth_less_each_time_and_bounded},
    {"four_epochs_cost_little_and_sixteen_much", four_epochs_cost_little_and_sixteen_much},
    {"unlimited_data_is_the_limit_of_much_data", unlimited_data_is_the_limit_of_much_data},
    {"less_unique_data_is_never_better", less_unique_data_is_never_better},
    {"the_search_finds_the_least_loss", the_search_finds_the_least_loss},
    {"compute_beyond_the_useful_buys_less_than_asked",
     compute_beyond_the_useful_buys_less_than_asked},
    {"the_law_saturates_where_measured_runs_get_worse",
     the_law_saturates_where_measured_runs_get_worse},
    {"the_law_is_a_lower_bound_of_the_runs_inside_its_range",
     the_law_is_a_lower_bound_of_the_runs_inside_its_range},
    {NULL, NULL}};
