#include "core/rng.h"

#include <math.h>

#include "tests/harness.h"

const char vsh_suite[] = "rng";

static void check_block(vsh_random_block got, const uint32_t want[4])
{
    for (int i = 0; i < 4; i++)
        CHECK_INT(got.word[i], want[i]);
}

/* Random123 (Salmon et al. 2011), kat_vectors: philox4x32 with 10 rounds. */
static void philox_gives_the_known_answers_of_random123(void)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        vsh_random_block counter = {{known[i].counter[0], known[i].counter[1], known[i].counter[2],
                                     known[i].counter[3]}};
        check_block(vsh_philox(counter, known[i].key[0], known[i].key[1]), known[i].answer);
    }
}

static void the_same_triple_always_gives_the_same_number(void)
{
    double first = vsh_random_uniform(7, 11, 13);

    vsh_random_uniform(8, 1, 2);
    CHECK_NEAR(vsh_random_uniform(7, 11, 13), first, 0, 0);
}

static void seed_stream_and_counter_each_matter_in_all_64_bits(void)
{
    double base = vsh_random_uniform(0, 0, 0);

    for (int bit = 0; bit < 64; bit++) {
        uint64_t one = (uint64_t)1 << bit;
        CHECK(vsh_random_uniform(one, 0, 0) != base);
        CHECK(vsh_random_uniform(0, one, 0) != base);
        CHECK(vsh_random_uniform(0, 0, one) != base);
    }
}

static void uniforms_lie_strictly_between_zero_and_one(void)
{
    double least = 1, most = 0;

    for (uint64_t i = 0; i < 100000; i++) {
        double u = vsh_random_uniform(1, 2, i);
        least = fmin(least, u);
        most = fmax(most, u);
    }
    CHECK(least > 0 && least < 1e-3);
    CHECK(most < 1 && most > 1 - 1e-3);
}

/* Philox run backwards from a block of all zeros and from one of all ones: the two ends of the
 * range. A quantile function answers infinity at exactly 0 or 1. */
static void the_interval_is_open_at_both_ends(void)
{
    double lowest = vsh_random_uniform(1, 0xd45467c7ca90ff34u, 0x1fbd5b10fd264eadu);
    double highest = vsh_random_uniform(1, 0xb7dbde9996918555u, 0x46206202378052c0u);

    CHECK(lowest > 0 && lowest < 0x1p-52);
    CHECK(highest < 1 && highest >= 1 - 0x1p-52);
}

static void uniforms_have_the_moments_of_the_uniform(void)
{
    enum { COUNT = 200000 };
    double sum = 0, squares = 0, lagged = 0, before = 0.5;

    for (uint64_t i = 0; i < COUNT; i++) {
        double u = vsh_random_uniform(3, 5, i) - 0.5;
        sum += u;
        squares += u * u;
        lagged += u * before;
        before = u;
    }
    /* five standard errors: sqrt(1/12/n), sqrt(1/180/n), 1/12/sqrt(n) */
    CHECK_NEAR(sum / COUNT, 0, 0, 5 * sqrt(1.0 / 12 / COUNT));
    CHECK_NEAR(squares / COUNT, 1.0 / 12, 0, 5 * sqrt(1.0 / 180 / COUNT));
    CHECK_NEAR(lagged / COUNT, 0, 0, 5.0 / 12 / sqrt(COUNT));
}

static void streams_of_one_seed_are_unrelated(void)
{
    enum { COUNT = 50000 };
    double product = 0;

    for (uint64_t i = 0; i < COUNT; i++)
        product += (vsh_random_uniform(1, 0, i) - 0.5) * (vsh_random_uniform(1, 1, i) - 0.5);
    CHECK_NEAR(product / COUNT, 0, 0, 5.0 / 12 / sqrt(COUNT));
}

const vsh_test vsh_tests[] = {
    {"philox_gives_the_known_answers_of_random123", philox_gives_the_known_answers_of_random123},
    {"the_same_triple_always_gives_the_same_number", the_same_triple_always_gives_the_same_number},
    {"seed_stream_and_counter_each_matter_in_all_64_bits",
     seed_stream_and_counter_each_matter_in_all_64_bits},
    {"uniforms_lie_strictly_between_zero_and_one", uniforms_lie_strictly_between_zero_and_one},
    {"the_interval_is_open_at_both_ends", the_interval_is_open_at_both_ends},
    {"uniforms_have_the_moments_of_the_uniform", uniforms_have_the_moments_of_the_uniform},
    {"streams_of_one_seed_are_unrelated", streams_of_one_seed_are_unrelated},
    {NULL, NULL}};
