#include "trainer/nn/pick.h"

#include <math.h>
#include <stdlib.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "pick";

enum { VOCAB = 37, LARGE = 5003 };

static const char *const isas[] = {"plain", "avx2", "avx512"};
enum { ISAS = 3 };

static _Alignas(64) char room[8 * (LARGE + 16)];

/* Some of them equal, one that cannot be. */
static void some_logits(uint64_t stream, int64_t vocab, float *logits)
{
    for (int64_t i = 0; i < vocab; i++)
        logits[i] = (float)floor(40 * vsh_random_uniform(1, stream, (uint64_t)i)) / 8;
    logits[vocab / 3] = -INFINITY;
}

/* ---- by force ------------------------------------------------------------------------------ */

typedef struct {
    double probability;
    int32_t token;
} candidate;

static int more_likely(const void *left, const void *right)
{
    const candidate *a = left, *b = right;

    if (a->probability != b->probability)
        return a->probability > b->probability ? -1 : 1;
    return a->token < b->token ? -1 : a->token > b->token;
}

/* The kept tokens in order, with probabilities that sum to 1; returns how many. */
static int64_t by_force(const vsh_pick_rule *rule, int64_t vocab, const float *logits,
                        candidate *list)
{
    double most = -INFINITY, sum = 0, share = 0;
    int64_t count = vocab, nucleus = 0;

    for (int64_t i = 0; i < vocab; i++)
        most = fmax(most, (double)logits[i]);
    for (int64_t i = 0; i < vocab; i++)
        list[i] = (candidate){exp(((double)logits[i] - most) / rule->temperature), (int32_t)i};
    qsort(list, (size_t)vocab, sizeof *list, more_likely);
    if (rule->top_k > 0 && rule->top_k < count)
        count = rule->top_k;
    for (int64_t i = 0; i < count; i++)
        sum += list[i].probability;
    while (nucleus < count && (nucleus == 0 || share < rule->top_p * sum))
        share += list[nucleus++].probability;
    for (int64_t i = 0; i < nucleus; i++)
        list[i].probability /= share;
    return nucleus;
}

/* The token at u is the one whose stretch of [0, 1] holds it, to what fp32 leaves uncertain. */
static void check_at(const vsh_kernels *kernels, const vsh_pick_rule *rule, int64_t vocab,
                     const float *logits, double u)
{
    static candidate list[LARGE];
    int64_t count = by_force(rule, vocab, logits, list);
    int32_t got = vsh_pick_at(kernels, rule, vocab, logits, u, room);
    double begin = 0, end = 0;
    bool found = false;

    for (int64_t i = 0; i < count && !found; i++) {
        begin = end;
        end += list[i].probability;
        found = list[i].token == got;
    }
    CHECK(found);
    CHECK(u >= begin - 2e-6 && u <= end + 2e-6);
}

/* None of these shares falls on a sum of probabilities, where rounding would decide. */
static void picks_are_those_of_sorting_everything(void)
{
    static const double temperatures[] = {0.2, 1, 3}, shares[] = {0.1234, 0.5678, 0.9123, 1};
    static const int64_t tops[] = {0, 1, 2, 7, VOCAB, 100};
    float logits[VOCAB];

    for (int isa = 0; isa < ISAS; isa++)
        for (int t = 0; t < 3; t++)
            for (int p = 0; p < 4; p++)
                for (int k = 0; k < 6 && vsh_kernels_named(isas[isa]); k++) {
                    vsh_pick_rule rule = {temperatures[t], tops[k], shares[p], 0};
                    some_logits((uint64_t)(t + 3 * p + 12 * k), VOCAB, logits);
                    for (int i = 0; i < 40; i++)
                        check_at(vsh_kernels_named(isas[isa]), &rule, VOCAB, logits,
                                 (i + 0.5) / 40);
                }
}

static void a_large_vocabulary_is_no_different(void)
{
    static float logits[LARGE];
    vsh_pick_rule rules[] = {{1, 0, 1, 0}, {0.7, 50, 1, 0}, {1, 0, 0.9, 0}};

    some_logits(99, LARGE, logits);
    for (int r = 0; r < 3; r++)
        for (int i = 0; i < 6; i++)
            check_at(vsh_kernels_find(), &rules[r], LARGE, logits, (i + 0.5) / 6);
}

/* ---- edges --------------------------------------------------------------------------------- */

static void no_temperature_means_the_most_likely(void)
{
    const float logits[] = {1, 3, -INFINITY, 3, 2};
    vsh_pick_rule cold = {0, 0, 1, 0}, one = {1, 1, 1, 0}, small = {1, 0, 1e-9, 0};

    for (int i = 1; i < 10; i++) {
        CHECK_INT(vsh_pick_at(vsh_kernels_find(), &cold, 5, logits, i / 10.0, room), 1);
        CHECK_INT(vsh_pick_at(vsh_kernels_find(), &one, 5, logits, i / 10.0, room), 1);
        CHECK_INT(vsh_pick_at(vsh_kernels_find(), &small, 5, logits, i / 10.0, room), 1);
    }
}

static void the_ends_of_the_range_pick_likely_and_unlikely(void)
{
    const float logits[] = {0, 1, -1000, 2, -INFINITY};
    vsh_pick_rule rule = {1, 0, 1, 0}, frozen = {1e-30, 0, 1, 0};

    CHECK_INT(vsh_pick_at(vsh_kernels_find(), &rule, 5, logits, 1e-16, room), 3);
    CHECK_INT(vsh_pick_at(vsh_kernels_find(), &rule, 5, logits, 1 - 1e-16, room), 0);
    CHECK_INT(vsh_pick_at(vsh_kernels_find(), &frozen, 5, logits, 1 - 1e-16, room), 3);
}

static void what_is_no_distribution_is_refused(void)
{
    vsh_pick_rule rule = {1, 0, 1, 0}, cold = {0, 0, 1, 0};
    const float bad[][3] = {{1, NAN, 2}, {INFINITY, 0, 0}, {NAN, NAN, NAN}};
    double confidence = 0;

    for (int i = 0; i < 3; i++) {
        CHECK_INT(vsh_pick_at(vsh_kernels_find(), &rule, 3, bad[i], 0.5, room), -1);
        CHECK_INT(vsh_pick_at(vsh_kernels_find(), &cold, 3, bad[i], 0.5, room), -1);
        CHECK_INT(vsh_most_likely(vsh_kernels_find(), 3, bad[i], &confidence), -1);
        CHECK(isnan(confidence));
    }
}

static void confidence_is_the_distance_of_two_probabilities(void)
{
    float logits[VOCAB];
    const float alone = 5;
    double confidence;

    for (uint64_t stream = 0; stream < 20; stream++) {
        vsh_pick_rule all = {1, 0, 1, 0};
        candidate list[VOCAB];
        some_logits(stream, VOCAB, logits);
        by_force(&all, VOCAB, logits, list);
        CHECK_INT(vsh_most_likely(vsh_kernels_find(), VOCAB, logits, &confidence), list[0].token);
        CHECK_NEAR(confidence, list[0].probability - list[1].probability, 1e-6, 1e-7);
    }
    CHECK_INT(vsh_most_likely(vsh_kernels_find(), 1, &alone, &confidence), 0);
    CHECK_NEAR(confidence, 1, 0, 0);
}

/* ---- random numbers ------------------------------------------------------------------------ */

static void picks_depend_on_seed_sequence_and_position_only(void)
{
    vsh_pick_rule rule = {1, 0, 1, 7}, other = {1, 0, 1, 8};
    float logits[VOCAB];
    int by_seed = 0, by_sequence = 0, by_position = 0;

    some_logits(3, VOCAB, logits);
    for (int64_t p = 0; p < 50; p++) {
        int32_t first = vsh_pick(vsh_kernels_find(), &rule, VOCAB, logits, 0, p, room);
        CHECK_INT(vsh_pick(vsh_kernels_find(), &rule, VOCAB, logits, 0, p, room), first);
        by_seed += vsh_pick(vsh_kernels_find(), &other, VOCAB, logits, 0, p, room) != first;
        by_sequence += vsh_pick(vsh_kernels_find(), &rule, VOCAB, logits, 1, p, room) != first;
        by_position += vsh_pick(vsh_kernels_find(), &rule, VOCAB, logits, 0, p + 50, room) != first;
    }
    CHECK(by_seed > 30 && by_sequence > 30 && by_position > 30);
}

/* 20000 draws: five standard deviations are below 0.018. */
static void tokens_come_as_often_as_they_should(void)
{
    const float logits[] = {0.5F, 2, -1, 1};
    vsh_pick_rule rule = {1.5, 3, 1, 11};
    candidate list[4];
    double share[4] = {0};
    int64_t count = by_force(&rule, 4, logits, list);

    for (int64_t p = 0; p < 20000; p++)
        share[vsh_pick(vsh_kernels_find(), &rule, 4, logits, 2, p, room)] += 1.0 / 20000;
    CHECK_INT(count, 3);
    for (int64_t i = 0; i < count; i++)
        CHECK_NEAR(share[list[i].token], list[i].probability, 0, 0.018);
    CHECK_NEAR(share[2], 0, 0, 0);
}

const vsh_test vsh_tests[] = {
    {"picks_are_those_of_sorting_everything", picks_are_those_of_sorting_everything},
    {"a_large_vocabulary_is_no_different", a_large_vocabulary_is_no_different},
    {"no_temperature_means_the_most_likely", no_temperature_means_the_most_likely},
    {"the_ends_of_the_range_pick_likely_and_unlikely",
     the_ends_of_the_range_pick_likely_and_unlikely},
    {"what_is_no_distribution_is_refused", what_is_no_distribution_is_refused},
    {"confidence_is_the_distance_of_two_probabilities",
     confidence_is_the_distance_of_two_probabilities},
    {"picks_depend_on_seed_sequence_and_position_only",
     picks_depend_on_seed_sequence_and_position_only},
    {"tokens_come_as_often_as_they_should", tokens_come_as_often_as_they_should},
    {NULL, NULL}};
