#include "trainer/data/batches.h"

#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "batches";

static vsh_error err;

/* ---- data --------------------------------------------------------------------------------- */

enum { DOCUMENTS = 97 };

/* Document d is d, repeated 1 + d % 5 times, and an end (999): which document a token came from is
 * seen from the token. */
static void fill(vsh_shard *shard, int first, int documents)
{
    uint16_t *id = vsh_alloc(vsh_test_arena(), (size_t)documents * 6, sizeof *id);
    int64_t *start = vsh_alloc(vsh_test_arena(), (size_t)documents + 1, sizeof *start), count = 0;

    REQUIRE(id && start);
    for (int d = 0; d < documents; d++) {
        start[d] = count;
        for (int i = 0; i <= (first + d) % 5; i++)
            id[count++] = (uint16_t)(first + d);
        id[count++] = 999;
    }
    start[documents] = count;
    *shard =
        (vsh_shard){.id = id, .width = 2, .start = start, .documents = documents, .count = count};
}

/* Cut into shards of so many documents each. */
static vsh_token_data cut(int documents, int each)
{
    int shards = (documents + each - 1) / each;
    vsh_shard *shard = vsh_alloc(vsh_test_arena(), (size_t)shards, sizeof *shard);
    vsh_token_data data;

    REQUIRE(shard != NULL);
    for (int i = 0; i < shards; i++)
        fill(&shard[i], i * each, i < shards - 1 ? each : documents - i * each);
    REQUIRE_OK(vsh_token_data_over(vsh_test_arena(), shard, shards, &data, &err), &err);
    return data;
}

static vsh_token_data numbered(int documents) { return cut(documents, documents); }

/* All tokens in their own order. */
static const int32_t *ids_of(const vsh_token_data *data)
{
    int32_t *id = vsh_alloc(vsh_test_arena(), (size_t)data->count, sizeof *id);

    REQUIRE(id != NULL);
    vsh_token_data_read(data, 0, data->count, id);
    return id;
}

static vsh_stream *open_stream(const vsh_token_data *data, uint64_t seed)
{
    vsh_stream *stream;

    REQUIRE_OK(vsh_stream_open(vsh_test_arena(), data, seed, &stream, &err), &err);
    return stream;
}

/* Tokens [first, first + count) in one call. */
static int32_t *tokens(vsh_stream *stream, int64_t first, int64_t count)
{
    int32_t *inputs = vsh_alloc(vsh_test_arena(), (size_t)count, sizeof *inputs);
    int32_t *targets = vsh_alloc(vsh_test_arena(), (size_t)count, sizeof *targets);

    REQUIRE(inputs && targets);
    vsh_stream_batch(stream, first, 1, count, inputs, targets);
    return inputs;
}

/* ---- the stream --------------------------------------------------------------------------- */

static void every_document_comes_once_an_epoch(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    vsh_stream *stream = open_stream(&data, 3);

    for (int64_t epoch = 0; epoch < 4; epoch++) {
        const int32_t *id = tokens(stream, epoch * data.count, data.count);
        int seen[DOCUMENTS] = {0};
        for (int64_t i = 0; i < data.count;) {
            int32_t d = id[i];
            REQUIRE(d >= 0 && d < DOCUMENTS);
            seen[d]++;
            for (int j = 0; j <= d % 5; j++, i++)
                CHECK_INT(id[i], d);
            CHECK_INT(id[i++], 999);
        }
        for (int d = 0; d < DOCUMENTS; d++)
            CHECK_INT(seen[d], 1);
    }
}

/* How often each document stands in an epoch of a stream. */
static void count_documents(vsh_stream *stream, int64_t epoch, int seen[DOCUMENTS])
{
    const int64_t count = vsh_stream_epoch(stream);
    const int32_t *id = tokens(stream, epoch * count, count);

    memset(seen, 0, DOCUMENTS * sizeof *seen);
    for (int64_t i = 0; i < count; i++)
        if (id[i] == 999)
            seen[id[i - 1]]++;
}

static void a_limit_leaves_the_same_documents_in_every_epoch_and_seed(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    vsh_stream *stream = open_stream(&data, 3), *other = open_stream(&data, 4);
    int first[DOCUMENTS], seen[DOCUMENTS], some = 0;

    vsh_stream_limit(stream, 1, data.count / 3);
    vsh_stream_limit(other, 1, data.count / 3);
    CHECK(vsh_stream_epoch(stream) >= data.count / 3 &&
          vsh_stream_epoch(stream) < data.count / 3 + 6);
    count_documents(stream, 0, first);
    for (int64_t epoch = 0; epoch < 4; epoch++) {
        count_documents(stream, epoch, seen);
        CHECK(memcmp(seen, first, sizeof seen) == 0);
        count_documents(other, epoch, seen);
        CHECK(memcmp(seen, first, sizeof seen) == 0);
    }
    for (int d = 0; d < DOCUMENTS; d++) {
        CHECK(first[d] <= 1);
        some += first[d];
    }
    CHECK(some > DOCUMENTS / 5 && some < DOCUMENTS / 2);
}

static void those_of_fewer_tokens_are_among_those_of_more(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    vsh_stream *few = open_stream(&data, 3), *more = open_stream(&data, 3);
    int in_few[DOCUMENTS], in_more[DOCUMENTS];

    vsh_stream_limit(few, 1, data.count / 8);
    vsh_stream_limit(more, 1, data.count / 2);
    count_documents(few, 0, in_few);
    count_documents(more, 0, in_more);
    for (int d = 0; d < DOCUMENTS; d++)
        CHECK(in_few[d] <= in_more[d]);
}

static void a_limit_beyond_the_data_changes_nothing(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    vsh_stream *limited = open_stream(&data, 3), *all = open_stream(&data, 3);

    vsh_stream_limit(limited, 1, data.count);
    CHECK_INT(vsh_stream_epoch(limited), data.count);
    CHECK(memcmp(tokens(limited, 0, 2 * data.count), tokens(all, 0, 2 * data.count),
                 (size_t)data.count * 2 * sizeof(int32_t)) == 0);
}

static void epochs_and_seeds_have_orders_of_their_own(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    vsh_stream *a = open_stream(&data, 3), *b = open_stream(&data, 4);
    const size_t bytes = (size_t)data.count * sizeof(int32_t);
    const int32_t *first = tokens(a, 0, data.count);

    CHECK(memcmp(first, tokens(a, data.count, data.count), bytes) != 0);
    CHECK(memcmp(first, tokens(b, 0, data.count), bytes) != 0);
    CHECK(memcmp(first, ids_of(&data), bytes) != 0);
    CHECK(memcmp(first, tokens(open_stream(&data, 3), 0, data.count), bytes) == 0);
}

/* Each place of the order sees each document about equally often: mean 20, deviation 4.4. */
static void orders_are_even(void)
{
    enum { FEW = 20, EPOCHS = 400 };
    vsh_token_data data = numbered(FEW);
    vsh_stream *stream = open_stream(&data, 11);
    int at_first[FEW] = {0};

    for (int64_t epoch = 0; epoch < EPOCHS; epoch++)
        at_first[*tokens(stream, epoch * data.count, 1)]++;
    for (int d = 0; d < FEW; d++)
        CHECK_NEAR(at_first[d], EPOCHS / FEW, 0, 20);
}

static void any_split_of_calls_gives_the_same(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    vsh_stream *stream = open_stream(&data, 5), *other = open_stream(&data, 5);
    const int64_t total = 5 * data.count;
    const int32_t *all = tokens(stream, 0, total + 1);

    for (uint64_t round = 0; round < 300; round++) {
        int64_t seq = 1 + (int64_t)(40 * vsh_random_uniform(round, 0, 0));
        int64_t sequences = 1 + (int64_t)(9 * vsh_random_uniform(round, 0, 1));
        int64_t most = total - seq * sequences;
        int64_t first = (int64_t)((double)most * vsh_random_uniform(round, 0, 2));
        int32_t inputs[400], targets[400];
        vsh_stream_batch(other, first, sequences, seq, inputs, targets);
        CHECK(memcmp(inputs, all + first, (size_t)(seq * sequences) * sizeof *all) == 0);
        CHECK(memcmp(targets, all + first + 1, (size_t)(seq * sequences) * sizeof *all) == 0);
    }
}

static void a_batch_may_be_longer_than_many_epochs(void)
{
    vsh_token_data data = numbered(1);
    vsh_stream *stream = open_stream(&data, 0);
    const int32_t *id = tokens(stream, 1, 9);

    for (int i = 0; i < 9; i++)
        CHECK_INT(id[i], (i + 1) % 2 ? 999 : 0);
}

static void far_positions_need_no_replay(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    vsh_stream *stream = open_stream(&data, 5), *other = open_stream(&data, 5);
    const int64_t far = ((int64_t)1 << 53) - 7;
    const int32_t *here = tokens(stream, far, 40), *there;

    tokens(other, far + 10 * data.count, 3);
    there = tokens(other, far + 20, 20);
    CHECK(memcmp(here + 20, there, 20 * sizeof *here) == 0);
}

static void shards_make_no_difference(void)
{
    static const int each[] = {1, 2, 10, 96};
    vsh_token_data whole = numbered(DOCUMENTS);
    const int64_t total = 3 * whole.count;
    const int32_t *want = tokens(open_stream(&whole, 5), 0, total);
    int32_t inputs[2][60], targets[2][60];

    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        vsh_token_data parts = cut(DOCUMENTS, each[i]);
        const int32_t *got = tokens(open_stream(&parts, 5), 0, total);
        CHECK_INT(parts.shards, (DOCUMENTS + each[i] - 1) / each[i]);
        CHECK_INT(parts.documents, whole.documents);
        CHECK_INT(parts.count, whole.count);
        CHECK(memcmp(got, want, (size_t)total * sizeof *got) == 0);
        for (int64_t d = 0; d <= DOCUMENTS; d++)
            CHECK_INT(vsh_token_data_begin(&parts, d), vsh_token_data_begin(&whole, d));
        for (int64_t w = 0; vsh_evaluation_window(&whole, w, 60, inputs[0], targets[0]); w++) {
            REQUIRE(vsh_evaluation_window(&parts, w, 60, inputs[1], targets[1]));
            CHECK(memcmp(inputs[0], inputs[1], sizeof inputs[0]) == 0);
            CHECK(memcmp(targets[0], targets[1], sizeof targets[0]) == 0);
        }
    }
}

/* ---- evaluation --------------------------------------------------------------------------- */

static void windows_predict_every_token_but_the_first_once(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    const int32_t *id = ids_of(&data);

    for (int64_t seq = 1; seq < 50; seq += 7) {
        int32_t inputs[64], targets[64];
        int64_t window = 0, predicted = 0;
        for (; vsh_evaluation_window(&data, window, seq, inputs, targets); window++)
            for (int64_t i = 0; i < seq; i++) {
                int64_t at = window * seq + i;
                CHECK_INT(inputs[i], at < data.count ? id[at] : 0);
                CHECK_INT(targets[i], at + 1 < data.count ? id[at + 1] : -1);
                predicted += targets[i] >= 0;
            }
        CHECK_INT(predicted, data.count - 1);
        CHECK(!vsh_evaluation_window(&data, INT64_MAX, seq, inputs, targets));
    }
}

const vsh_test vsh_tests[] = {
    {"every_document_comes_once_an_epoch", every_document_comes_once_an_epoch},
    {"a_limit_leaves_the_same_documents_in_every_epoch_and_seed",
     a_limit_leaves_the_same_documents_in_every_epoch_and_seed},
    {"those_of_fewer_tokens_are_among_those_of_more",
     those_of_fewer_tokens_are_among_those_of_more},
    {"a_limit_beyond_the_data_changes_nothing", a_limit_beyond_the_data_changes_nothing},
    {"epochs_and_seeds_have_orders_of_their_own", epochs_and_seeds_have_orders_of_their_own},
    {"orders_are_even", orders_are_even},
    {"any_split_of_calls_gives_the_same", any_split_of_calls_gives_the_same},
    {"a_batch_may_be_longer_than_many_epochs", a_batch_may_be_longer_than_many_epochs},
    {"far_positions_need_no_replay", far_positions_need_no_replay},
    {"shards_make_no_difference", shards_make_no_difference},
    {"windows_predict_every_token_but_the_first_once",
     windows_predict_every_token_but_the_first_once},
    {NULL, NULL},
};
