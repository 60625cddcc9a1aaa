#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/data/infill.h"
#include "trainer/data/spm_model.h"

const char vsh_suite[] = "infill";

static vsh_error err;

/* ---- a tokenizer of bytes, letters and control pieces -----------------------------------------
 */

enum { PREFIX = 3, SUFFIX, MIDDLE, FIRST_TEXT };

/* pieces: how many of infilling's it has. */
static vsh_tokenizer *open_tokenizer(int pieces)
{
    vsh_spm_piece *piece = vsh_alloc(vsh_test_arena(), 300, sizeof *piece);
    vsh_spm_model model = {.piece = piece, .algorithm = VSH_SPM_UNIGRAM, .unknown = 0, .end = 2};
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_tokenizer *tokenizer = NULL;
    char path[] = "/tmp/vsh-infill-XXXXXX";
    int file = mkstemp(path);

    REQUIRE(piece && file >= 0);
    close(file);
    piece[model.count++] = (vsh_spm_piece){"<unk>", 5, VSH_SPM_UNKNOWN, 0};
    piece[model.count++] = (vsh_spm_piece){"<s>", 3, VSH_SPM_CONTROL, 0};
    piece[model.count++] = (vsh_spm_piece){"</s>", 4, VSH_SPM_CONTROL, 0};
    for (int i = 0; i < pieces; i++)
        piece[model.count++] = (vsh_spm_piece){
            vsh_infill_pieces[i], (int32_t)strlen(vsh_infill_pieces[i]), VSH_SPM_CONTROL, 0};
    for (int i = 0; i < 256; i++) {
        char *name = vsh_alloc(vsh_test_arena(), 7, 1);
        snprintf(name, 7, "<0x%02X>", (unsigned)i);
        piece[model.count++] = (vsh_spm_piece){name, 6, VSH_SPM_BYTE, 0};
    }
    piece[model.count++] = (vsh_spm_piece){"\u2581", 3, VSH_SPM_NORMAL, -2};
    piece[model.count++] = (vsh_spm_piece){"e", 1, VSH_SPM_NORMAL, -3};
    vsh_spm_model_write(&model, &text);
    REQUIRE_OK(vsh_file_write(path, &text, &err), &err);
    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), path, &tokenizer, &err), &err);
    unlink(path);
    return tokenizer;
}

/* Ids that are all different. */
static int32_t *document_of(int64_t count)
{
    int32_t *id = vsh_alloc(vsh_test_arena(), (size_t)count + 1, sizeof *id);

    for (int64_t i = 0; i < count; i++)
        id[i] = FIRST_TEXT + (int32_t)i;
    return id;
}

static vsh_ids infilled(const vsh_tokenizer *tokenizer, const int32_t *id, int64_t count,
                        uint64_t seed, uint64_t hash)
{
    vsh_ids out = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_infill(tokenizer, id, count, seed, hash, &out, &err), &err);
    return out;
}

static int64_t find(const vsh_ids *ids, int32_t id)
{
    for (int64_t i = 0; i < ids->count; i++)
        if (ids->id[i] == id)
            return i;
    return -1;
}

/* What stood where: behind the three control pieces. */
typedef struct {
    int64_t prefix, suffix, middle; /* places of the control pieces */
    bool suffix_first;
} places;

static places places_of(const vsh_ids *ids)
{
    places p = {find(ids, PREFIX), find(ids, SUFFIX), find(ids, MIDDLE), false};

    p.suffix_first = p.suffix == p.prefix + 1;
    return p;
}

/* The move undone, by the pieces alone. */
static vsh_ids undone(const vsh_ids *ids)
{
    const places p = places_of(ids);
    vsh_ids out = {.arena = vsh_test_arena()};

    REQUIRE(p.prefix == 0 && p.prefix < p.suffix && p.suffix < p.middle);
    CHECK_OK(vsh_ids_add(&out, ids->id + 1, p.suffix - 1, &err), &err);
    CHECK_OK(vsh_ids_add(&out, ids->id + p.middle + 1, ids->count - p.middle - 1, &err), &err);
    CHECK_OK(vsh_ids_add(&out, ids->id + p.suffix + 1, p.middle - p.suffix - 1, &err), &err);
    return out;
}

/* ---- claims -----------------------------------------------------------------------------------
 */

static void undoing_the_move_gives_the_document_back(void)
{
    vsh_tokenizer *tokenizer = open_tokenizer(3);

    for (int64_t count = 8; count < 120; count++)
        for (uint64_t hash = 0; hash < 40; hash++) {
            const int32_t *id = document_of(count);
            vsh_ids out = infilled(tokenizer, id, count, 5, hash * 0x9E3779B97F4A7C15u);
            vsh_ids back = undone(&out);
            CHECK_INT(out.count, count + 3);
            REQUIRE(back.count == count);
            CHECK(memcmp(back.id, id, (size_t)count * sizeof *id) == 0);
        }
    vsh_tokenizer_close(tokenizer);
}

static void every_token_stands_there_once(void)
{
    vsh_tokenizer *tokenizer = open_tokenizer(3);
    enum { COUNT = 50 };
    const int32_t *id = document_of(COUNT);

    for (uint64_t hash = 0; hash < 300; hash++) {
        vsh_ids out = infilled(tokenizer, id, COUNT, 1, hash);
        int seen[FIRST_TEXT + COUNT] = {0};
        for (int64_t i = 0; i < out.count; i++)
            seen[out.id[i]]++;
        for (int i = 0; i < FIRST_TEXT + COUNT; i++)
            CHECK_INT(seen[i], i >= PREFIX);
    }
    vsh_tokenizer_close(tokenizer);
}

static void seed_and_hash_alone_decide(void)
{
    vsh_tokenizer *tokenizer = open_tokenizer(3);
    enum { COUNT = 200 };
    const int32_t *id = document_of(COUNT);
    vsh_ids one = infilled(tokenizer, id, COUNT, 7, 1234), same, seed, hash;

    infilled(tokenizer, id, 99, 3, 3);
    same = infilled(tokenizer, id, COUNT, 7, 1234);
    seed = infilled(tokenizer, id, COUNT, 8, 1234);
    hash = infilled(tokenizer, id, COUNT, 7, 1235);
    CHECK(memcmp(one.id, same.id, (size_t)one.count * sizeof *one.id) == 0);
    CHECK(memcmp(one.id, seed.id, (size_t)one.count * sizeof *one.id) != 0);
    CHECK(memcmp(one.id, hash.id, (size_t)one.count * sizeof *one.id) != 0);
    vsh_tokenizer_close(tokenizer);
}

/* Two different cuts at random leave three parts of a third each on average; the order is a coin.
 */
static void parts_are_drawn_evenly_and_none_is_empty(void)
{
    vsh_tokenizer *tokenizer = open_tokenizer(3);
    enum { COUNT = 60, TRIALS = 4000 };
    const int32_t *id = document_of(COUNT);
    double prefix = 0, suffix = 0, middle = 0;
    int suffix_first = 0, in_order = 0;

    for (uint64_t hash = 0; hash < TRIALS; hash++) {
        vsh_ids out = infilled(tokenizer, id, COUNT, 11, hash);
        const places p = places_of(&out);
        const int64_t s = p.middle - p.suffix - 1;
        CHECK(s > 0 && out.count - p.middle - 1 > 0);
        suffix += (double)s;
        if (p.suffix_first) {
            suffix_first++;
            CHECK(out.count - p.middle - 1 > 1);
        } else {
            in_order++;
            CHECK(p.suffix - 1 > 0);
            prefix += (double)(p.suffix - 1);
            middle += (double)(out.count - p.middle - 1);
        }
    }
    /* a part is 20 on average and scatters by 14 */
    CHECK_NEAR(suffix / TRIALS, 20, 0, 4.5 * 14.2 / sqrt(TRIALS));
    CHECK_NEAR(prefix / in_order, 20, 0, 4.5 * 14.2 / sqrt(in_order));
    CHECK_NEAR(middle / in_order, 20, 0, 4.5 * 14.2 / sqrt(in_order));
    CHECK_NEAR((double)suffix_first / TRIALS, 0.5, 0, 4.5 * 0.5 / sqrt(TRIALS));
    vsh_tokenizer_close(tokenizer);
}

static void short_documents_give_nothing(void)
{
    vsh_tokenizer *tokenizer = open_tokenizer(3);
    const int32_t *id = document_of(8);

    for (int64_t count = 0; count < 8; count++)
        CHECK_INT(infilled(tokenizer, id, count, 1, (uint64_t)count).count, 0);
    vsh_tokenizer_close(tokenizer);
}

/* Behind what is there already, and decoded it is the text in its new order. */
static void it_appends_and_decodes(void)
{
    static const char text[] = "one two three four five six";
    vsh_tokenizer *tokenizer = open_tokenizer(3);
    vsh_ids ids = {.arena = vsh_test_arena()}, out = {.arena = vsh_test_arena()}, back;
    vsh_text decoded = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_tokenizer_encode(tokenizer, text, strlen(text), &ids, &err), &err);
    REQUIRE_OK(vsh_ids_add(&out, (int32_t[]){7, 8}, 2, &err), &err);
    REQUIRE_OK(vsh_infill(tokenizer, ids.id, ids.count, 1, 2, &out, &err), &err);
    CHECK_INT(out.count, 2 + 3 + ids.count);
    CHECK_INT(out.id[0], 7);
    CHECK_INT(out.id[2], PREFIX);
    out.id += 2;
    out.count -= 2;
    back = undone(&out);
    REQUIRE_OK(vsh_tokenizer_decode(tokenizer, back.id, back.count, &decoded, &err), &err);
    CHECK_TEXT(vsh_text_string(&decoded), text);
    vsh_tokenizer_close(tokenizer);
}

static void a_tokenizer_without_the_pieces_is_refused(void)
{
    vsh_ids out = {.arena = vsh_test_arena()};
    vsh_tokenizer *bytes;
    const int32_t *id = document_of(20);

    for (int pieces = 0; pieces < 3; pieces++) {
        vsh_tokenizer *tokenizer = open_tokenizer(pieces);
        CHECK_FAILS(vsh_infill(tokenizer, id, 20, 1, 1, &out, &err), &err, VSH_EINPUT,
                    vsh_infill_pieces[pieces]);
        vsh_tokenizer_close(tokenizer);
    }
    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &bytes, &err), &err);
    CHECK_FAILS(vsh_infill(bytes, id, 20, 1, 1, &out, &err), &err, VSH_EINPUT, "bytes: expected");
    CHECK_INT(out.count, 0);
}

const vsh_test vsh_tests[] = {
    {"undoing_the_move_gives_the_document_back", undoing_the_move_gives_the_document_back},
    {"every_token_stands_there_once", every_token_stands_there_once},
    {"seed_and_hash_alone_decide", seed_and_hash_alone_decide},
    {"parts_are_drawn_evenly_and_none_is_empty", parts_are_drawn_evenly_and_none_is_empty},
    {"short_documents_give_nothing", short_documents_give_nothing},
    {"it_appends_and_decodes", it_appends_and_decodes},
    {"a_tokenizer_without_the_pieces_is_refused", a_tokenizer_without_the_pieces_is_refused},
    {NULL, NULL},
};
