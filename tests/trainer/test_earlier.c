#include "trainer/text/earlier.h"

#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "earlier";

/* ---- keys in memory ---------------------------------------------------------------------------
 */

typedef struct {
    int64_t documents;
    int columns;
    uint64_t *key;     /* column-major */
    int64_t fail_from; /* documents from here on cannot be read; -1: all can */
    const uint64_t *passed_over;
} keys;

static uint64_t random64(uint64_t stream, uint64_t number)
{
    vsh_random_block b = vsh_philox(
        (vsh_random_block){{(uint32_t)number, (uint32_t)(number >> 32), (uint32_t)stream}}, 5, 5);
    return (uint64_t)b.word[0] << 32 | b.word[1];
}

/* Keys of so many kinds; few kinds: many duplicates. small: the kinds' numbers themselves, which
 * are no hashes. */
static keys make_keys(int64_t documents, int columns, uint64_t kinds, bool small, uint64_t stream)
{
    keys k = {documents, columns, NULL, -1, NULL};

    k.key = vsh_alloc(vsh_test_arena(), (size_t)(documents * columns + 1), sizeof *k.key);
    for (int64_t i = 0; i < documents * columns; i++) {
        uint64_t kind = random64(stream, (uint64_t)i) % kinds;
        k.key[i] = small ? kind : random64(stream + 1, kind);
    }
    return k;
}

static vsh_status read_keys(void *context, int column, int64_t first, int64_t count, uint64_t *to,
                            vsh_error *err)
{
    const keys *k = context;

    if (k->fail_from >= 0 && first + count > k->fail_from)
        return vsh_fail(err, VSH_EMACHINE, "segment 7: cannot be read");
    memcpy(to, k->key + (int64_t)column * k->documents + first, (size_t)count * sizeof *to);
    return VSH_OK;
}

/* The naive twin: each document against all before it. */
static void find_naively(const keys *k, int first_column, int columns, vsh_earlier *e)
{
    *e = (vsh_earlier){
        .bits = vsh_alloc(vsh_test_arena(), (size_t)k->documents / 64 + 1, sizeof(uint64_t))};
    for (int64_t d = 0; d < k->documents; d++) {
        int64_t before = d;
        for (int c = first_column; c < first_column + columns; c++)
            for (int64_t other = 0; other < before; other++)
                if (k->key[c * k->documents + other] == k->key[c * k->documents + d])
                    before = other;
        if (before == d)
            continue;
        e->bits[d / 64] |= (uint64_t)1 << d % 64;
        e->count++;
        if (e->pairs < VSH_EARLIER_PAIRS)
            e->pair[e->pairs++] = (vsh_earlier_pair){d, before};
    }
}

static vsh_status find(keys *k, int first_column, int columns, int threads, int64_t memory_bytes,
                       vsh_earlier *e, vsh_error *err)
{
    const vsh_earlier_question question = {k->documents, first_column,  columns, read_keys, k,
                                           memory_bytes, k->passed_over};
    vsh_arena *arena = vsh_test_arena();
    vsh_pool *pool = NULL;
    vsh_status status;

    REQUIRE_OK(vsh_pool_start(arena, threads, NULL, 0, &pool, err), err);
    status = vsh_earlier_find(arena, pool, &question, e, err);
    vsh_pool_stop(pool);
    return status;
}

static void check_same(const vsh_earlier *got, const vsh_earlier *want, int64_t documents)
{
    CHECK_INT(got->count, want->count);
    CHECK(memcmp(got->bits, want->bits, (size_t)(documents / 64 + 1) * sizeof *got->bits) == 0);
    CHECK_INT(got->pairs, want->pairs);
    for (int i = 0; i < want->pairs; i++) {
        CHECK_INT(got->pair[i].document, want->pair[i].document);
        CHECK_INT(got->pair[i].earlier, want->pair[i].earlier);
    }
}

/* ---- claims -----------------------------------------------------------------------------------
 */

static void it_finds_what_the_naive_twin_finds(void)
{
    static const struct {
        int64_t documents;
        int columns;
        uint64_t kinds;
        bool small;
    } cases[] = {{0, 3, 5, false},          {1, 1, 1, false},    {2, 1, 1, true},
                 {64, 2, 40, true},         {65, 1, 1, true},    {300, 3, 100, false},
                 {1000, 4, 500, true},      {1000, 2, 3, false}, {1500, 14, 9000, false},
                 {1500, 3, 1u << 30, false}};
    static const int64_t budgets[] = {1, 500, 3000, 20000, 1 << 20};
    vsh_error err = {""};

    for (size_t t = 0; t < sizeof cases / sizeof cases[0]; t++) {
        keys k = make_keys(cases[t].documents, cases[t].columns, cases[t].kinds, cases[t].small,
                           10 * (t + 1));
        vsh_earlier want, got;
        find_naively(&k, 0, k.columns, &want);
        for (size_t b = 0; b < sizeof budgets / sizeof budgets[0]; b++)
            for (int threads = 1; threads <= 3; threads++) {
                REQUIRE_OK(find(&k, 0, k.columns, threads, budgets[b], &got, &err), &err);
                check_same(&got, &want, k.documents);
            }
    }
}

static void only_the_columns_asked_for_count(void)
{
    keys k = make_keys(400, 5, 300, false, 3);
    vsh_earlier want, got;
    vsh_error err = {""};

    for (int first = 0; first < 5; first++)
        for (int columns = 0; columns <= 5 - first; columns++) {
            find_naively(&k, first, columns, &want);
            REQUIRE_OK(find(&k, first, columns, 2, 4000, &got, &err), &err);
            check_same(&got, &want, k.documents);
        }
}

/* Ranges are chosen as if keys were spread evenly; these are not, and their table overflows. */
static void keys_that_crowd_one_range_are_found_all_the_same(void)
{
    enum { DOCUMENTS = 3000 };
    keys k = make_keys(DOCUMENTS, 1, UINT64_MAX, false, 21);
    vsh_earlier want, got;
    vsh_error err = {""};
    int64_t crowded = 0;

    /* value_of() undone: its values 1, 2, ... all lie in the first range */
    for (int64_t i = 0; i < DOCUMENTS; i++) {
        uint64_t key = (uint64_t)(i % 2500);
        key = (key ^ key >> 32) * 0xF1DE83E19937733Du; /* the inverse of its factor modulo 2^64 */
        k.key[i] = key ^ key >> 32;
        crowded += k.key[i] != 0;
    }
    CHECK(crowded > 2900);
    find_naively(&k, 0, 1, &want);
    REQUIRE_OK(find(&k, 0, 1, 2, 6000, &got, &err), &err);
    check_same(&got, &want, DOCUMENTS);
    CHECK_INT(got.count, 500);
}

static void larger_sets_do_not_depend_on_threads_or_memory(void)
{
    enum { DOCUMENTS = 200000 };
    keys k = make_keys(DOCUMENTS, 3, 400000, false, 31);
    static const int64_t budgets[] = {100000, 1 << 20, 64 << 20};
    vsh_earlier want, got;
    vsh_error err = {""};

    REQUIRE_OK(find(&k, 0, 3, 1, 64 << 20, &want, &err), &err);
    /* a birthday each: 1 - E[distinct] / n in one column, three columns */
    CHECK(want.count > DOCUMENTS * 45 / 100 && want.count < DOCUMENTS * 55 / 100);
    for (size_t b = 0; b < 3; b++)
        for (int threads = 1; threads <= 4; threads++) {
            REQUIRE_OK(find(&k, 0, 3, threads, budgets[b], &got, &err), &err);
            check_same(&got, &want, DOCUMENTS);
        }
}

static void a_chain_of_neighbours_keeps_its_first_alone(void)
{
    keys k = make_keys(100, 2, 1u << 30, false, 41);
    vsh_earlier got;
    vsh_error err = {""};

    for (int i = 0; i < 100; i++) { /* i resembles i - 1 in column i % 2 */
        k.key[i] = (uint64_t)(i + 1) / 2;
        k.key[100 + i] = (uint64_t)i / 2 + 1000;
    }
    REQUIRE_OK(find(&k, 0, 2, 2, 1000, &got, &err), &err);
    CHECK_INT(got.count, 99);
    CHECK_INT((int64_t)(got.bits[0] & 1), 0);
    for (int i = 0; i < got.pairs; i++)
        CHECK_INT(got.pair[i].earlier, got.pair[i].document - 1);
}

/* An earlier one that is not among them. */
static int64_t source_of(int64_t d) { return d / 6 * 3 + 1; }

/* Every third document repeats one of another kind, in every column. */
static void what_is_passed_over_stands_in_no_pair_and_changes_no_other_answer(void)
{
    enum { DOCUMENTS = 900 };
    keys k = make_keys(DOCUMENTS, 3, 700, false, 61);
    uint64_t *over = vsh_alloc(vsh_test_arena(), DOCUMENTS / 64 + 1, sizeof *over);
    vsh_earlier all, got;
    vsh_error err = {""};

    for (int64_t d = 3; d < DOCUMENTS; d += 3) {
        over[d / 64] |= (uint64_t)1 << d % 64;
        for (int64_t c = 0; c < 3; c++)
            k.key[c * DOCUMENTS + d] = k.key[c * DOCUMENTS + source_of(d)];
    }
    REQUIRE_OK(find(&k, 0, 3, 2, 3000, &all, &err), &err);
    k.passed_over = over;
    REQUIRE_OK(find(&k, 0, 3, 2, 3000, &got, &err), &err);
    CHECK(got.count > 0);
    for (int64_t w = 0; w <= DOCUMENTS / 64; w++)
        CHECK(got.bits[w] == (all.bits[w] & ~over[w]));
    CHECK_INT(got.pairs, VSH_EARLIER_PAIRS);
    for (int i = 0; i < got.pairs; i++)
        CHECK(got.pair[i].document % 3 != 0 &&
              (got.pair[i].earlier % 3 != 0 || got.pair[i].earlier == 0));
}

static void a_reading_that_fails_is_passed_on(void)
{
    keys k = make_keys(50000, 4, 1u << 30, false, 51);
    vsh_earlier got;
    vsh_error err;

    k.fail_from = 30000;
    for (int threads = 1; threads <= 3; threads++)
        CHECK_FAILS(find(&k, 0, 4, threads, 300000, &got, &err), &err, VSH_EMACHINE,
                    "segment 7: cannot be read");
    k.fail_from = 0;
    CHECK_FAILS(find(&k, 0, 4, 2, 1 << 20, &got, &err), &err, VSH_EMACHINE, "segment 7");
}

const vsh_test vsh_tests[] = {
    {"it_finds_what_the_naive_twin_finds", it_finds_what_the_naive_twin_finds},
    {"only_the_columns_asked_for_count", only_the_columns_asked_for_count},
    {"keys_that_crowd_one_range_are_found_all_the_same",
     keys_that_crowd_one_range_are_found_all_the_same},
    {"larger_sets_do_not_depend_on_threads_or_memory",
     larger_sets_do_not_depend_on_threads_or_memory},
    {"a_chain_of_neighbours_keeps_its_first_alone", a_chain_of_neighbours_keeps_its_first_alone},
    {"what_is_passed_over_stands_in_no_pair_and_changes_no_other_answer",
     what_is_passed_over_stands_in_no_pair_and_changes_no_other_answer},
    {"a_reading_that_fails_is_passed_on", a_reading_that_fails_is_passed_on},
    {NULL, NULL},
};
