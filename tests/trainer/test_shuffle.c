#include "trainer/data/shuffle.h"

#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "shuffle";

static void everything_stands_at_one_place(void)
{
    for (int64_t count = 1; count < 700; count += count < 70 ? 1 : 37) {
        vsh_shuffle s = vsh_shuffle_of(5, 2, count);
        char *seen = vsh_alloc(vsh_test_arena(), (size_t)count, 1);
        REQUIRE(seen != NULL);
        for (int64_t i = 0; i < count; i++) {
            int64_t at = vsh_shuffle_at(&s, i);
            REQUIRE(at >= 0 && at < count);
            CHECK(!seen[at]);
            seen[at] = 1;
        }
    }
}

static void large_counts_do_not_overflow(void)
{
    static const int64_t counts[] = {1 << 20, (1 << 20) + 1, (INT64_C(1) << 40) + 7,
                                     INT64_C(1) << 62};

    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        vsh_shuffle s = vsh_shuffle_of(1, 0, counts[c]);
        for (int64_t i = 0; i < 1000; i++) {
            int64_t at = vsh_shuffle_at(&s, counts[c] - 1 - i);
            CHECK(at >= 0 && at < counts[c]);
        }
    }
}

static int same_places(const vsh_shuffle *a, const vsh_shuffle *b)
{
    int same = 0;

    for (int64_t i = 0; i < a->count; i++)
        same += vsh_shuffle_at(a, i) == vsh_shuffle_at(b, i);
    return same;
}

/* Two random orders share one place on average. */
static void seeds_and_numbers_have_orders_of_their_own(void)
{
    vsh_shuffle s = vsh_shuffle_of(5, 2, 1000), seed = vsh_shuffle_of(6, 2, 1000),
                number = vsh_shuffle_of(5, 3, 1000),
                far = vsh_shuffle_of(5 + (UINT64_C(1) << 32), 2, 1000),
                again = vsh_shuffle_of(5, 2, 1000);

    CHECK(same_places(&s, &seed) < 12);
    CHECK(same_places(&s, &number) < 12);
    CHECK(same_places(&s, &far) < 12);
    CHECK_INT(same_places(&s, &again), 1000);
}

/* Of n things, how often one stands at a place, and how often it stands before another, is even:
 * chi-square of 24 x 24 cells with 23 x 23 free ones, within five deviations. */
static void every_thing_stands_everywhere_equally_often(void)
{
    enum { N = 24, ORDERS = 24000 };
    static int at[N][N];
    double squares = 0, expected = (double)ORDERS / N;
    int rising = 0;

    memset(at, 0, sizeof at);
    for (int64_t o = 0; o < ORDERS; o++) {
        vsh_shuffle s = vsh_shuffle_of(11, o, N);
        int64_t before = -1;
        for (int64_t i = 0; i < N; i++) {
            int64_t thing = vsh_shuffle_at(&s, i);
            at[i][thing]++;
            rising += before >= 0 && thing > before;
            before = thing;
        }
    }
    for (int i = 0; i < N; i++)
        for (int t = 0; t < N; t++)
            squares += (at[i][t] - expected) * (at[i][t] - expected) / expected;
    CHECK_NEAR(squares, 529, 0, 5 * 32.5);
    /* neighbours rise half of the time: variance (n + 1)/12 an order */
    CHECK_NEAR(rising, ORDERS * (N - 1) / 2.0, 0, 5 * 224);
}

const vsh_test vsh_tests[] = {
    {"everything_stands_at_one_place", everything_stands_at_one_place},
    {"large_counts_do_not_overflow", large_counts_do_not_overflow},
    {"seeds_and_numbers_have_orders_of_their_own", seeds_and_numbers_have_orders_of_their_own},
    {"every_thing_stands_everywhere_equally_often", every_thing_stands_everywhere_equally_often},
    {NULL, NULL}};
