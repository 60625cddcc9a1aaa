#include "planner/laws/anchors.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "planner/laws/chinchilla.h"
#include "tests/harness.h"

const char vsh_suite[] = "anchors";

enum { CHINCHILLA, DATABLATIONS };

static void every_run_is_whole(void)
{
    int count;
    const vsh_anchor *runs = vsh_anchors(&count);

    CHECK(count > 100);
    for (int i = 0; i < count; i++) {
        CHECK(runs[i].params >= 1e6 && runs[i].params < 1e11);
        CHECK(runs[i].tokens >= 1e8 && runs[i].tokens < 1e12);
        CHECK(runs[i].unique > 0 && runs[i].unique <= runs[i].tokens);
        CHECK(runs[i].loss > 1.9 && runs[i].loss < 12);
        CHECK(runs[i].corpus == CHINCHILLA || runs[i].corpus == DATABLATIONS);
        CHECK(runs[i].corpus == DATABLATIONS || runs[i].unique == runs[i].tokens);
        CHECK(vsh_anchor_corpora[runs[i].corpus] != NULL);
    }
}

static void no_run_is_listed_twice(void)
{
    int count;
    const vsh_anchor *runs = vsh_anchors(&count);

    for (int i = 0; i < count; i++)
        for (int k = 0; k < i; k++)
            if (runs[i].params == runs[k].params && runs[i].tokens == runs[k].tokens &&
                runs[i].unique == runs[k].unique && runs[i].loss == runs[k].loss) {
                fprintf(stderr, "%g parameters, %g tokens, loss %g\n", runs[i].params,
                        runs[i].tokens, runs[i].loss);
                CHECK(!"once");
            }
    CHECK(count > 0);
}

/* The measured twin of the founding plan. */
static void the_run_nearest_to_the_founding_plan_has_a_loss_of_5_0056(void)
{
    const vsh_anchor *run = vsh_anchor_nearest(1e10, 3e8);

    REQUIRE(run != NULL);
    CHECK_NEAR(run->params, 6.8e9, 0.001, 0);
    CHECK_NEAR(run->tokens, 0.245e9, 0.001, 0);
    CHECK_NEAR(run->loss, 5.0056, 0, 0);
    CHECK_INT(run->corpus, CHINCHILLA);
}

static void a_run_is_nearest_to_itself(void)
{
    int count;
    const vsh_anchor *runs = vsh_anchors(&count);

    for (int i = 0; i < count; i++) {
        const vsh_anchor *run = vsh_anchor_nearest(runs[i].params, runs[i].tokens);
        CHECK(run->params == runs[i].params && run->tokens == runs[i].tokens);
        run = runs[i].tokens > 1.01 * runs[i].unique
                  ? vsh_anchor_nearest_repeated(runs[i].params, runs[i].tokens, runs[i].unique)
                  : vsh_anchor_nearest_fresh(runs[i].params, runs[i].tokens, VSH_ANY_CORPUS);
        REQUIRE(run != NULL);
        CHECK(run->params == runs[i].params && run->tokens == runs[i].tokens);
    }
}

static void there_is_a_nearest_run_wherever_one_asks(void)
{
    for (double params = 1; params < 1e16; params *= 100)
        for (double tokens = 1; tokens < 1e18; tokens *= 100)
            CHECK(vsh_anchor_nearest(params, tokens) &&
                  vsh_anchor_nearest_fresh(params, tokens, VSH_ANY_CORPUS));
}

static void nearest_means_a_ratio_and_not_a_difference(void)
{
    const vsh_anchor *run = vsh_anchor_nearest(354e6, 8.5e9);

    CHECK(run->params > 354e6 / 2 && run->params < 354e6 * 2);
    CHECK(run->tokens > 8.5e9 / 2 && run->tokens < 8.5e9 * 2);
}

/* Muennighoff et al.: 2.8 B parameters on 1e8 tokens once 7.52, 48 times 5.34. */
static void repeated_and_fresh_runs_are_told_apart(void)
{
    CHECK_NEAR(vsh_anchor_nearest_fresh(2.81e9, 1e8, VSH_C4)->loss, 7.5189, 0, 0);
    CHECK_NEAR(vsh_anchor_nearest_repeated(2.81e9, 4.8e9, 1e8)->loss, 5.3408, 0, 0);
    for (double params = 1e6; params < 1e12; params *= 3)
        for (double tokens = 1e7; tokens < 1e13; tokens *= 3) {
            const vsh_anchor *run = vsh_anchor_nearest_fresh(params, tokens, VSH_ANY_CORPUS);
            CHECK(run->unique > 0.99 * run->tokens);
            run = vsh_anchor_nearest_repeated(params, tokens, 4.2e8);
            REQUIRE(run != NULL);
            CHECK(run->tokens > run->unique);
            CHECK_NEAR(run->unique, 4.2e8, 0.1, 0);
            CHECK_INT(run->corpus, DATABLATIONS);
        }
    CHECK(vsh_anchor_nearest_repeated(1e9, 1e9, 1e4) == NULL);
    CHECK(vsh_anchor_nearest_repeated(1e9, 1e9, 1.3e8) == NULL); /* nobody tried so many */
    CHECK(vsh_anchor_nearest_repeated(1e9, 1e13, 1e13) == NULL);
}

/* 93 runs on 1e8 tokens: 146 M parameters, 59 epochs. */
static void the_best_anybody_did_on_1e8_tokens_is_3_718(void)
{
    const vsh_anchor *run = vsh_anchor_best(1e8);

    REQUIRE(run != NULL);
    CHECK_NEAR(run->loss, 3.7181, 0, 0);
    CHECK_NEAR(run->params, 146.5e6, 0, 0);
    CHECK_NEAR(run->tokens / run->unique, 59, 0, 0);
    CHECK(vsh_anchor_best(1e13) == NULL);
    CHECK(vsh_anchor_best(1) == NULL);
}

static void the_best_repeated_run_repeats(void)
{
    static const double uniques[] = {1e8, 4e8, 1.5e9, 4e9, 1.2e10};

    for (size_t i = 0; i < sizeof uniques / sizeof uniques[0]; i++) {
        const vsh_anchor *run = vsh_anchor_best(uniques[i]);
        REQUIRE(run != NULL);
        CHECK(run->tokens > run->unique);
        CHECK_NEAR(run->unique, uniques[i], 0.1, 0);
        CHECK_INT(run->corpus, DATABLATIONS);
    }
}

/* Measured: 1.1 B parameters on 1e8 tokens get worse with every pass beyond 15. */
static void repeating_can_raise_the_measured_loss(void)
{
    CHECK(vsh_anchor_nearest_repeated(1.096e9, 3.9e9, 1e8)->loss > 4.8);
    CHECK(vsh_anchor_nearest_repeated(1.517e9, 6.6e10, 1e8)->loss >
          vsh_anchor_nearest_repeated(1.517e9, 8.8e9, 1e8)->loss + 3);
}

/* The same size and tokens, once all unique and once repeated, are two points. */
static void unique_tokens_are_a_dimension_of_nearness(void)
{
    const vsh_anchor *fresh = vsh_anchor_nearest_point(146.5e6, 5.9e9, 0, VSH_C4);
    const vsh_anchor *repeated = vsh_anchor_nearest_point(146.5e6, 5.9e9, 1e8, VSH_C4);

    CHECK_NEAR(repeated->loss, 3.7181, 0, 0);
    CHECK(fresh != repeated && fresh->unique > 1e9);
    CHECK_INT(vsh_anchor_nearest_point(1e9, 2e10, 0, VSH_MASSIVETEXT)->corpus, VSH_MASSIVETEXT);
    CHECK_INT(vsh_anchor_nearest_point(1e9, 2e10, 0, VSH_C4)->corpus, VSH_C4);
}

const vsh_test vsh_tests[] = {
    {"every_run_is_whole", every_run_is_whole},
    {"no_run_is_listed_twice", no_run_is_listed_twice},
    {"the_run_nearest_to_the_founding_plan_has_a_loss_of_5_0056",
     the_run_nearest_to_the_founding_plan_has_a_loss_of_5_0056},
    {"a_run_is_nearest_to_itself", a_run_is_nearest_to_itself},
    {"there_is_a_nearest_run_wherever_one_asks", there_is_a_nearest_run_wherever_one_asks},
    {"nearest_means_a_ratio_and_not_a_difference", nearest_means_a_ratio_and_not_a_difference},
    {"repeated_and_fresh_runs_are_told_apart", repeated_and_fresh_runs_are_told_apart},
    {"the_best_anybody_did_on_1e8_tokens_is_3_718", the_best_anybody_did_on_1e8_tokens_is_3_718},
    {"the_best_repeated_run_repeats", the_best_repeated_run_repeats},
    {"repeating_can_raise_the_measured_loss", repeating_can_raise_the_measured_loss},
    {"unique_tokens_are_a_dimension_of_nearness", unique_tokens_are_a_dimension_of_nearness},
    {NULL, NULL}};
