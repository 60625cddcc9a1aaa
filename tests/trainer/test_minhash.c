#include "trainer/text/minhash.h"

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/text/minhash_least.h"

const char vsh_suite[] = "minhash";

/* ---- texts as hashes of words -----------------------------------------------------------------
 */

/* A word that stands nowhere else. */
static uint64_t word(uint64_t stream, uint64_t number)
{
    vsh_random_block b =
        vsh_philox((vsh_random_block){{(uint32_t)number, (uint32_t)(number >> 32), (uint32_t)stream,
                                       (uint32_t)(stream >> 32)}},
                   77, 7);
    return (uint64_t)b.word[0] << 32 | b.word[1];
}

static vsh_words text_of(int64_t hashes, uint64_t stream)
{
    vsh_words words = {.hash = vsh_alloc(vsh_test_arena(), (size_t)hashes + 1, sizeof(uint64_t)),
                       .hashes = hashes};

    for (int64_t i = 0; i < hashes; i++)
        words.hash[i] = word(stream, (uint64_t)i);
    return words;
}

static vsh_minhash *open_shape(const vsh_minhash_shape *shape)
{
    vsh_minhash *minhash = NULL;
    vsh_error err = {""};

    REQUIRE_OK(vsh_minhash_open(vsh_test_arena(), shape, &minhash, &err), &err);
    return minhash;
}

static double similarity_of(const vsh_minhash_shape *shape, const vsh_words *a, const vsh_words *b)
{
    vsh_arena arena = {0};
    vsh_error err = {""};
    double similarity = -1;

    REQUIRE_OK(vsh_minhash_similarity(&arena, shape, a, b, &similarity, &err), &err);
    vsh_arena_free(&arena);
    return similarity;
}

/* Two texts of as many shingles, all different; a run of changed words behind `same` shingles takes
 * the others from what they share: s = same / (2 all - same). */
static void make_pair(vsh_words *a, vsh_words *b, int shingle, int all, int same, uint64_t stream)
{
    a->hashes = b->hashes = all + shingle - 1;
    for (int64_t i = 0; i < a->hashes; i++) {
        a->hash[i] = word(2 * stream, (uint64_t)i);
        b->hash[i] = i < same + shingle - 1 ? a->hash[i] : word(2 * stream + 1, (uint64_t)i);
    }
}

static bool share_a_band(vsh_minhash *minhash, int bands, const vsh_words *a, const vsh_words *b)
{
    uint64_t of_a[VSH_MINHASH_BANDS_MAX], of_b[VSH_MINHASH_BANDS_MAX];
    bool share = false;

    vsh_minhash_bands(minhash, a, 1, of_a);
    vsh_minhash_bands(minhash, b, 2, of_b);
    for (int i = 0; i < bands; i++)
        share = share || of_a[i] == of_b[i];
    return share;
}

/* ---- claims -----------------------------------------------------------------------------------
 */

static void default_recall_is_the_published_curve(void)
{
    /* Penedo et al. 2024, section 3.4: 14 bands of 8 find 56 %, 77 %, 92 %, 98.8 % of the pairs
     * with similarity 0.7, 0.75, 0.8, 0.85. */
    CHECK_NEAR(vsh_minhash_recall(&vsh_minhash_default, 0.7), 0.56, 0, 0.01);
    CHECK_NEAR(vsh_minhash_recall(&vsh_minhash_default, 0.75), 0.77, 0, 0.01);
    CHECK_NEAR(vsh_minhash_recall(&vsh_minhash_default, 0.8), 0.92, 0, 0.01);
    CHECK_NEAR(vsh_minhash_recall(&vsh_minhash_default, 0.85), 0.988, 0, 0.002);
    CHECK_NEAR(vsh_minhash_recall(&vsh_minhash_default, 0), 0, 0, 0);
    CHECK_NEAR(vsh_minhash_recall(&vsh_minhash_default, 1), 1, 0, 0);
}

/* Shared and all shingles of each text such that s is what it should be exactly. */
static const struct {
    double s;
    int same, all;
} planted[] = {{0.5, 40, 60}, {0.6, 45, 60}, {0.7, 70, 85}, {0.8, 80, 90}, {0.9, 90, 95}};

enum { PAIRS = 12000 };

/* 12000 pairs: 0.02 is at least 4.3 standard deviations of the share that is found. */
static void recall_is_the_theory_at_exact_similarities(void)
{
    const vsh_minhash_shape shape = vsh_minhash_default;
    vsh_minhash *minhash = open_shape(&shape);
    vsh_words a = text_of(100, 0), b = text_of(100, 0);

    for (size_t t = 0; t < sizeof planted / sizeof planted[0]; t++) {
        int found = 0;
        for (int i = 0; i < PAIRS; i++) {
            make_pair(&a, &b, shape.shingle, planted[t].all, planted[t].same,
                      (uint64_t)i + 100000 * t);
            if (i < 16)
                CHECK_NEAR(similarity_of(&shape, &a, &b), planted[t].s, 1e-15, 0);
            found += share_a_band(minhash, shape.bands, &a, &b);
        }
        CHECK_NEAR((double)found / PAIRS, vsh_minhash_recall(&shape, planted[t].s), 0, 0.02);
    }
}

/* The share of equal rows is s on average (Broder 1997), and scatters as independent rows do. One
 * row a band shows them singly. */
static void rows_agree_as_often_as_the_texts_and_independently(void)
{
    enum { ROWS = 64, TRIALS = 6000 };
    const vsh_minhash_shape shape = {.bands = ROWS, .rows = 1, .shingle = 5, .seed = 3};
    static const struct {
        int same, all;
    } sizes[] = {{8, 12}, {20, 26}, {800, 830}};
    vsh_minhash *minhash = open_shape(&shape);
    vsh_words a = text_of(900, 0), b = text_of(900, 0);

    for (size_t t = 0; t < 3; t++) {
        const double s = sizes[t].same / (2.0 * sizes[t].all - sizes[t].same);
        const int trials = t == 2 ? TRIALS / 4 : TRIALS;
        const double variance = s * (1 - s) / ROWS;
        double sum = 0, squares = 0;
        for (int i = 0; i < trials; i++) {
            uint64_t of_a[ROWS], of_b[ROWS];
            int equal = 0;
            make_pair(&a, &b, shape.shingle, sizes[t].all, sizes[t].same,
                      (uint64_t)i + 1000000 * (t + 1));
            vsh_minhash_bands(minhash, &a, 1, of_a);
            vsh_minhash_bands(minhash, &b, 1, of_b);
            for (int k = 0; k < ROWS; k++)
                equal += of_a[k] == of_b[k];
            sum += (double)equal / ROWS;
            squares += ((double)equal / ROWS - s) * ((double)equal / ROWS - s);
        }
        CHECK_NEAR(sum / trials, s, 0, 4.5 * sqrt(variance / trials));
        /* a variance of n trials is known to sqrt(2 / n) */
        CHECK_NEAR(squares / trials / variance, 1, 0, 4.5 * sqrt(2.0 / trials));
    }
}

static void different_texts_share_no_band(void)
{
    vsh_minhash *minhash = open_shape(&vsh_minhash_default);
    enum { TEXTS = 3000 };
    uint64_t(*band)[14] = vsh_alloc(vsh_test_arena(), TEXTS, sizeof *band);
    int64_t equal = 0;

    for (int i = 0; i < TEXTS; i++) {
        vsh_words words = text_of(5 + i % 60, (uint64_t)i + 500);
        vsh_minhash_bands(minhash, &words, 1, band[i]);
    }
    for (int b = 0; b < 14; b++)
        for (int i = 0; i < TEXTS; i++)
            for (int j = 0; j < i; j++)
                equal += band[i][b] == band[j][b];
    CHECK_INT(equal, 0);
}

/* Sets of words that overlap in places decide nothing: shingles are runs of words in order. */
static void order_of_words_counts(void)
{
    vsh_words a = text_of(40, 9), b = text_of(40, 9);

    for (int i = 0; i < 40; i++)
        b.hash[i] = a.hash[39 - i];
    CHECK_NEAR(similarity_of(&vsh_minhash_default, &a, &b), 0, 0, 0);
    CHECK(!share_a_band(open_shape(&vsh_minhash_default), 14, &a, &b));
}

static void a_short_text_is_one_shingle(void)
{
    vsh_minhash *minhash = open_shape(&vsh_minhash_default);

    for (int64_t n = 1; n <= 5; n++) {
        vsh_words a = text_of(n, 4), same = text_of(n, 4), other = text_of(n, 4);
        other.hash[n - 1]++;
        CHECK(share_a_band(minhash, 14, &a, &same));
        CHECK(!share_a_band(minhash, 14, &a, &other));
        CHECK_NEAR(similarity_of(&vsh_minhash_default, &a, &same), 1, 0, 0);
        CHECK_NEAR(similarity_of(&vsh_minhash_default, &a, &other), 0, 0, 0);
        other = text_of(n + 1, 4);
        CHECK(!share_a_band(minhash, 14, &a, &other));
    }
}

/* A repeated text has the same set of shingles but those over its seams. */
static void a_set_counts_a_shingle_once(void)
{
    vsh_words once = text_of(60, 8), twice = text_of(120, 8);

    memcpy(twice.hash + 60, once.hash, 60 * sizeof *once.hash);
    CHECK_NEAR(similarity_of(&vsh_minhash_default, &once, &twice), 56.0 / 60, 1e-15, 0);
}

static void texts_without_words_have_bands_of_their_bytes(void)
{
    vsh_minhash *minhash = open_shape(&vsh_minhash_default);
    const vsh_words none = {.hashes = 0};
    uint64_t a[14], same[14], other[14];

    vsh_minhash_bands(minhash, &none, 11, a);
    vsh_minhash_bands(minhash, &none, 11, same);
    vsh_minhash_bands(minhash, &none, 12, other);
    for (int b = 0; b < 14; b++) {
        CHECK(a[b] == same[b]);
        CHECK(a[b] != other[b]);
    }
    CHECK_NEAR(similarity_of(&vsh_minhash_default, &none, &none), 0, 0, 0);
}

/* The header's sentence, term by term. */
static void every_instruction_set_finds_the_same_least(void)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};
    enum { HASHES = 112, SHINGLES = 36 };
    uint32_t flip[HASHES], factor[HASHES], shingle[SHINGLES], want[HASHES];

    for (int k = 0; k < HASHES; k++) {
        flip[k] = (uint32_t)word(1, (uint64_t)k);
        factor[k] = (uint32_t)word(2, (uint64_t)k) | 1;
        want[k] = k % 5 ? UINT32_MAX : 1000; /* some have a least already */
    }
    for (int i = 0; i < SHINGLES; i++)
        shingle[i] = (uint32_t)word(3, (uint64_t)i);
    for (int k = 0; k < HASHES; k++)
        for (int i = 0; i < SHINGLES; i++) {
            uint32_t hash = (shingle[i] ^ flip[k]) * factor[k];
            want[k] = hash < want[k] ? hash : want[k];
        }
    for (size_t n = 0; n < 3; n++) {
        vsh_least *least_of = vsh_least_named(names[n]);
        uint32_t least[HASHES];
        if (!least_of)
            continue;
        for (int k = 0; k < HASHES; k++)
            least[k] = k % 5 ? UINT32_MAX : 1000;
        least_of(least, flip, factor, HASHES, shingle, SHINGLES);
        CHECK(memcmp(least, want, sizeof least) == 0);
    }
    CHECK(vsh_least_named("plain") != NULL);
    CHECK(vsh_least_named("abacus") == NULL);
}

/* Keys of a corpus that was looked at elsewhere stay good. */
static void bands_are_the_same_on_every_machine(void)
{
    vsh_words words = text_of(300, 6);
    uint64_t band[14];

    vsh_minhash_bands(open_shape(&vsh_minhash_default), &words, 0, band);
    CHECK_INT((int64_t)band[0], 8987983838423605038);
    CHECK_INT((int64_t)band[13], -7829166388288427119);
}

static void a_seed_changes_the_bands(void)
{
    vsh_minhash_shape shape = vsh_minhash_default;
    vsh_words words = text_of(50, 6);
    uint64_t one[14], two[14];

    vsh_minhash_bands(open_shape(&shape), &words, 0, one);
    shape.seed++;
    vsh_minhash_bands(open_shape(&shape), &words, 0, two);
    for (int b = 0; b < 14; b++)
        CHECK(one[b] != two[b]);
}

static void impossible_shapes_are_refused(void)
{
    static const vsh_minhash_shape bad[] = {{0, 8, 5, 1},      {65, 1, 5, 1}, {14, 0, 5, 1},
                                            {64, 9, 5, 1},     {14, 8, 0, 1}, {-1, -8, 5, 1},
                                            {2, 1 << 30, 5, 1}};
    vsh_minhash *minhash;
    vsh_error err;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_FAILS(vsh_minhash_open(vsh_test_arena(), &bad[i], &minhash, &err), &err, VSH_EINPUT,
                    "expected");
    CHECK_OK(vsh_minhash_open(vsh_test_arena(), &(vsh_minhash_shape){64, 8, 1, 1}, &minhash, &err),
             &err);
}

const vsh_test vsh_tests[] = {
    {"default_recall_is_the_published_curve", default_recall_is_the_published_curve},
    {"recall_is_the_theory_at_exact_similarities", recall_is_the_theory_at_exact_similarities},
    {"rows_agree_as_often_as_the_texts_and_independently",
     rows_agree_as_often_as_the_texts_and_independently},
    {"different_texts_share_no_band", different_texts_share_no_band},
    {"order_of_words_counts", order_of_words_counts},
    {"a_short_text_is_one_shingle", a_short_text_is_one_shingle},
    {"a_set_counts_a_shingle_once", a_set_counts_a_shingle_once},
    {"texts_without_words_have_bands_of_their_bytes",
     texts_without_words_have_bands_of_their_bytes},
    {"every_instruction_set_finds_the_same_least", every_instruction_set_finds_the_same_least},
    {"bands_are_the_same_on_every_machine", bands_are_the_same_on_every_machine},
    {"a_seed_changes_the_bands", a_seed_changes_the_bands},
    {"impossible_shapes_are_refused", impossible_shapes_are_refused},
    {NULL, NULL},
};
