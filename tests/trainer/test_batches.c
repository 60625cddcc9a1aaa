#include "trainer/data/batches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "batches";

static vsh_error err;

/* ---- data --------------------------------------------------------------------------------- */

enum { DOCUMENTS = 97 };

/* Document d is d, repeated 1 + d % 5 times, and an end (999): which document a token came from is
 * seen from the token. */
static vsh_token_data numbered(int documents)
{
    int32_t *id = vsh_alloc(vsh_test_arena(), (size_t)documents * 6, sizeof *id);
    int64_t *start = vsh_alloc(vsh_test_arena(), (size_t)documents + 1, sizeof *start), count = 0;

    REQUIRE(id && start);
    for (int d = 0; d < documents; d++) {
        start[d] = count;
        for (int i = 0; i <= d % 5; i++)
            id[count++] = d;
        id[count++] = 999;
    }
    start[documents] = count;
    return (vsh_token_data){.id = id, .start = start, .documents = documents, .count = count};
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

static void epochs_and_seeds_have_orders_of_their_own(void)
{
    vsh_token_data data = numbered(DOCUMENTS);
    vsh_stream *a = open_stream(&data, 3), *b = open_stream(&data, 4);
    const size_t bytes = (size_t)data.count * sizeof(int32_t);
    const int32_t *first = tokens(a, 0, data.count);

    CHECK(memcmp(first, tokens(a, data.count, data.count), bytes) != 0);
    CHECK(memcmp(first, tokens(b, 0, data.count), bytes) != 0);
    CHECK(memcmp(first, data.id, bytes) != 0);
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

/* ---- evaluation --------------------------------------------------------------------------- */

static void windows_predict_every_token_but_the_first_once(void)
{
    vsh_token_data data = numbered(DOCUMENTS);

    for (int64_t seq = 1; seq < 50; seq += 7) {
        int32_t inputs[64], targets[64];
        int64_t window = 0, predicted = 0;
        for (; vsh_evaluation_window(&data, window, seq, inputs, targets); window++)
            for (int64_t i = 0; i < seq; i++) {
                int64_t at = window * seq + i;
                CHECK_INT(inputs[i], at < data.count ? data.id[at] : 0);
                CHECK_INT(targets[i], at + 1 < data.count ? data.id[at + 1] : -1);
                predicted += targets[i] >= 0;
            }
        CHECK_INT(predicted, data.count - 1);
        CHECK(!vsh_evaluation_window(&data, INT64_MAX, seq, inputs, targets));
    }
}

/* ---- from a corpus ------------------------------------------------------------------------ */

static vsh_corpus make_corpus(int documents)
{
    vsh_text text = {.arena = vsh_test_arena()};
    int64_t *start = vsh_alloc(vsh_test_arena(), (size_t)documents + 1, sizeof *start);

    for (int i = 0; i < documents; i++) {
        start[i] = (int64_t)text.length;
        vsh_text_add(&text, "head %d\nbody of it", i);
    }
    start[documents] = (int64_t)text.length;
    return (vsh_corpus){text.data, start[documents], start, documents, "made here"};
}

static vsh_tokenizer *bytes_tokenizer(void)
{
    vsh_tokenizer *tokenizer;

    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &tokenizer, &err), &err);
    return tokenizer;
}

static vsh_token_data make_data(const vsh_corpus *corpus, bool held_out, const char *cache)
{
    vsh_token_data data = {0};

    REQUIRE_OK(vsh_token_data_make(vsh_test_arena(), corpus, bytes_tokenizer(), held_out, 10, cache,
                                   &data, &err),
               &err);
    return data;
}

static void the_two_splits_are_the_corpus(void)
{
    vsh_corpus corpus = make_corpus(400);
    vsh_token_data split[2] = {make_data(&corpus, false, NULL), make_data(&corpus, true, NULL)};
    int64_t next[2] = {0};

    CHECK_INT(split[0].documents + split[1].documents, 400);
    CHECK_INT(split[0].bytes + split[1].bytes, corpus.bytes);
    for (int64_t d = 0; d < 400; d++) {
        bool held = vsh_corpus_held_out(&corpus, d, 10);
        const vsh_token_data *data = &split[held];
        int64_t begin = data->start[next[held]], end = data->start[++next[held]];
        REQUIRE(end - begin == corpus.start[d + 1] - corpus.start[d] + 1);
        for (int64_t i = 0; i < end - begin - 1; i++)
            CHECK_INT(data->id[begin + i], (unsigned char)corpus.text[corpus.start[d] + i]);
        CHECK_INT(data->id[end - 1], 256);
    }
    for (int s = 0; s < 2; s++)
        CHECK_INT(split[s].start[split[s].documents], split[s].count);
    CHECK(split[0].hash != split[1].hash);
}

static void a_split_without_documents_is_refused(void)
{
    vsh_corpus corpus = make_corpus(1);
    vsh_token_data data;
    int failed = 0;

    for (int held = 0; held < 2; held++) {
        vsh_status status = vsh_token_data_make(vsh_test_arena(), &corpus, bytes_tokenizer(),
                                                held == 1, 10, NULL, &data, &err);
        if (status != VSH_OK)
            CHECK_FAILS(status, &err, VSH_EINPUT, "made here: expected documents to");
        failed += status != VSH_OK;
    }
    CHECK_INT(failed, 1);
}

/* ---- the cache ---------------------------------------------------------------------------- */

static char folder[64], cache[80], cached[100];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/vsh-batches-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(cache, sizeof cache, "%s/c", folder);
    snprintf(cached, sizeof cached, "%s.train.ids", cache);
}

static void remove_folder(void)
{
    unlink(cached);
    snprintf(cached, sizeof cached, "%s.held-out.ids", cache);
    unlink(cached);
    CHECK(rmdir(folder) == 0);
}

static bool same(const vsh_token_data *a, const vsh_token_data *b)
{
    return a->documents == b->documents && a->count == b->count && a->hash == b->hash &&
           a->bytes == b->bytes && memcmp(a->id, b->id, (size_t)a->count * sizeof *a->id) == 0 &&
           memcmp(a->start, b->start, (size_t)(a->documents + 1) * sizeof *a->start) == 0;
}

static size_t read_cached(char *bytes, size_t room)
{
    FILE *file = fopen(cached, "rb");
    size_t length;

    REQUIRE(file != NULL);
    length = fread(bytes, 1, room, file);
    fclose(file);
    return length;
}

static void write_cached(const char *bytes, size_t length)
{
    FILE *file = fopen(cached, "wb");

    REQUIRE(file != NULL);
    REQUIRE(fwrite(bytes, 1, length, file) == length);
    fclose(file);
}

static void a_cache_gives_the_same(void)
{
    vsh_corpus corpus = make_corpus(60);
    vsh_token_data plain = make_data(&corpus, false, NULL), made, read;

    make_folder();
    made = make_data(&corpus, false, cache);
    read = make_data(&corpus, false, cache);
    CHECK(same(&plain, &made) && same(&plain, &read));
    make_data(&corpus, true, cache);
    read = make_data(&corpus, false, cache);
    CHECK(same(&plain, &read));
    remove_folder();
}

static void a_changed_text_makes_the_cache_anew(void)
{
    vsh_corpus corpus = make_corpus(60), other = make_corpus(60);
    vsh_token_data plain, read;

    other.text[corpus.bytes - 1] ^= 1;
    plain = make_data(&other, false, NULL);
    make_folder();
    make_data(&corpus, false, cache);
    read = make_data(&other, false, cache);
    CHECK(same(&plain, &read));
    remove_folder();
}

static void a_damaged_cache_is_made_anew(void)
{
    vsh_corpus corpus = make_corpus(12);
    vsh_token_data plain = make_data(&corpus, false, NULL), read;
    char bytes[8192], damaged[8192], mended[8192];
    size_t length;

    make_folder();
    make_data(&corpus, false, cache);
    length = read_cached(bytes, sizeof bytes);
    REQUIRE(length > 64 && length < sizeof bytes);
    for (size_t i = 0; i < length; i += i < 64 ? 1 : 13) {
        memcpy(damaged, bytes, length);
        damaged[i] ^= 0x20;
        write_cached(damaged, length);
        read = make_data(&corpus, false, cache);
        CHECK(same(&plain, &read));
        write_cached(bytes, i);
        read = make_data(&corpus, false, cache);
        CHECK(same(&plain, &read));
        CHECK(read_cached(mended, sizeof mended) == length && memcmp(mended, bytes, length) == 0);
    }
    remove_folder();
}

static void an_unwritable_cache_is_the_machines_fault(void)
{
    vsh_corpus corpus = make_corpus(12);
    vsh_token_data data;

    CHECK_FAILS(vsh_token_data_make(vsh_test_arena(), &corpus, bytes_tokenizer(), false, 10,
                                    "/tmp/vsh-none/c", &data, &err),
                &err, VSH_EMACHINE, "/tmp/vsh-none/c.train.ids");
}

const vsh_test vsh_tests[] = {
    {"every_document_comes_once_an_epoch", every_document_comes_once_an_epoch},
    {"epochs_and_seeds_have_orders_of_their_own", epochs_and_seeds_have_orders_of_their_own},
    {"orders_are_even", orders_are_even},
    {"any_split_of_calls_gives_the_same", any_split_of_calls_gives_the_same},
    {"a_batch_may_be_longer_than_many_epochs", a_batch_may_be_longer_than_many_epochs},
    {"far_positions_need_no_replay", far_positions_need_no_replay},
    {"windows_predict_every_token_but_the_first_once",
     windows_predict_every_token_but_the_first_once},
    {"the_two_splits_are_the_corpus", the_two_splits_are_the_corpus},
    {"a_split_without_documents_is_refused", a_split_without_documents_is_refused},
    {"a_cache_gives_the_same", a_cache_gives_the_same},
    {"a_changed_text_makes_the_cache_anew", a_changed_text_makes_the_cache_anew},
    {"a_damaged_cache_is_made_anew", a_damaged_cache_is_made_anew},
    {"an_unwritable_cache_is_the_machines_fault", an_unwritable_cache_is_the_machines_fault},
    {NULL, NULL},
};
