#include "trainer/data/tokenizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/child.h"
#include "core/file.h"
#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/base/whole_file.h"
#include "trainer/data/spm_model.h"

const char vsh_suite[] = "tokenizer";

static vsh_error err;

/* ---- models made here --------------------------------------------------------------------- */

enum { PIECES = 300 };

/* <unk>, <s>, </s>, 256 bytes, a blank, the letters, and some words. */
static vsh_spm_model make_model(void)
{
    static const char *const more[] = {"\u2581", "the", "\u2581the", "th",     "he",
                                       "in",     "an",  "\n\n",      "\u00e9", "\u4e2d"};
    vsh_spm_piece *piece = vsh_alloc(vsh_test_arena(), PIECES, sizeof *piece);
    vsh_spm_model model = {.piece = piece, .algorithm = VSH_SPM_UNIGRAM, .unknown = 0, .end = 2};

    REQUIRE(piece != NULL);
    piece[model.count++] = (vsh_spm_piece){"<unk>", 5, VSH_SPM_UNKNOWN, 0};
    piece[model.count++] = (vsh_spm_piece){"<s>", 3, VSH_SPM_CONTROL, 0};
    piece[model.count++] = (vsh_spm_piece){"</s>", 4, VSH_SPM_CONTROL, 0};
    for (int i = 0; i < 256; i++) {
        char *name = vsh_alloc(vsh_test_arena(), 7, 1);
        snprintf(name, 7, "<0x%02X>", (unsigned)i);
        piece[model.count++] = (vsh_spm_piece){name, 6, VSH_SPM_BYTE, 0};
    }
    for (char c = 'a'; c <= 'z'; c++)
        piece[model.count++] =
            (vsh_spm_piece){vsh_copy_text(vsh_test_arena(), &c, 1), 1, VSH_SPM_NORMAL, -5};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        piece[model.count++] =
            (vsh_spm_piece){more[i], (int32_t)strlen(more[i]), VSH_SPM_NORMAL, -3 - (float)i};
    REQUIRE(model.count <= PIECES);
    return model;
}

static vsh_text written(const vsh_spm_model *model)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_spm_model_write(model, &text);
    REQUIRE(!text.failed);
    return text;
}

static vsh_status parse(const vsh_text *text, vsh_spm_model *model)
{
    return vsh_spm_model_parse(vsh_test_arena(), "m", text->data, (int64_t)text->length, model,
                               &err);
}

/* A path in a fresh folder of /tmp; clear_folder removes both. */
static char folder[64], path[96];

static const char *in_folder(const char *name)
{
    if (!*folder) {
        snprintf(folder, sizeof folder, "/tmp/vsh-tokenizer-XXXXXX");
        REQUIRE(mkdtemp(folder) != NULL);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void clear_folder(void)
{
    static const char *const names[] = {"a", "b", "text,with comma"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    CHECK(rmdir(folder) == 0); /* nothing else was left in it */
    *folder = '\0';
}

static vsh_status open_written(const vsh_text *text, vsh_tokenizer **tokenizer)
{
    FILE *file = fopen(in_folder("a"), "wb"); /* vsh_file_write waits for the disk */
    vsh_status status;

    REQUIRE(file != NULL);
    REQUIRE(fwrite(vsh_text_string(text), 1, text->length, file) == text->length);
    REQUIRE(fclose(file) == 0);
    status = vsh_tokenizer_open(vsh_test_arena(), path, tokenizer, &err);
    clear_folder();
    return status;
}

static vsh_tokenizer *open_model(const vsh_spm_model *model)
{
    vsh_text text = written(model);
    vsh_tokenizer *tokenizer;

    REQUIRE_OK(open_written(&text, &tokenizer), &err);
    return tokenizer;
}

/* ---- there and back ----------------------------------------------------------------------- */

static vsh_ids encode(const vsh_tokenizer *tokenizer, const char *text, size_t length)
{
    vsh_ids ids = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_tokenizer_encode(tokenizer, text, length, &ids, &err), &err);
    for (int64_t i = 0; i < ids.count; i++)
        REQUIRE(ids.id[i] >= 0 && ids.id[i] < vsh_tokenizer_vocab(tokenizer));
    return ids;
}

static bool comes_back(const vsh_tokenizer *tokenizer, const char *text, size_t length)
{
    vsh_ids ids = encode(tokenizer, text, length);
    vsh_text back = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_tokenizer_decode(tokenizer, ids.id, ids.count, &back, &err), &err);
    return back.length == length && memcmp(vsh_text_string(&back), text, length) == 0;
}

static uint64_t draw(uint64_t seed, uint64_t counter, uint64_t below)
{
    return (uint64_t)((double)below * vsh_random_uniform(seed, 7, counter));
}

/* Words, blanks and controls of all kinds, some of them not UTF-8. */
static size_t random_text(uint64_t seed, char *text, size_t room)
{
    static const char *const parts[] = {
        " ",      "  ",           "\n",   "\n\n",    "\t",     "the",      " the",   "in an",
        "\u00e9", "\u4e2d\u6587", "\r\n", "\x01",    "\u2581", "<0x0A>",   "</s>",   "\U0001f600",
        "\xff",   "\xc3",         "\x7f", "e\u0301", "<unk>",  "\xe2\x96", "\u00a0", "\u3000"};
    const uint64_t kinds = sizeof parts / sizeof *parts;
    size_t length = 0, count = (size_t)draw(seed, 0, 40);

    for (size_t i = 1; i <= count; i++) {
        const char *part = parts[draw(seed, i, kinds)];
        if (length + strlen(part) + 1 > room)
            break;
        memcpy(text + length, part, strlen(part));
        length += strlen(part);
        if (draw(seed, i, 40 * kinds) == 0)
            text[length++] = '\0';
    }
    return length;
}

static void check_round_trips(const vsh_tokenizer *tokenizer, uint64_t rounds)
{
    char text[400];

    CHECK(comes_back(tokenizer, "", 0));
    for (uint64_t seed = 0; seed < rounds; seed++)
        CHECK(comes_back(tokenizer, text, random_text(seed, text, sizeof text)));
}

static void bytes_come_back(void)
{
    vsh_tokenizer *tokenizer;

    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &tokenizer, &err), &err);
    CHECK_INT(vsh_tokenizer_vocab(tokenizer), 257);
    CHECK_INT(vsh_tokenizer_end(tokenizer), 256);
    CHECK(vsh_tokenizer_path(tokenizer) == NULL);
    CHECK_INT(encode(tokenizer, "\xff\0a", 3).id[0], 255);
    check_round_trips(tokenizer, 200);
    vsh_tokenizer_close(tokenizer);
}

static void any_text_comes_back_through_a_model(void)
{
    vsh_spm_model model = make_model();

    for (int32_t algorithm = VSH_SPM_UNIGRAM; algorithm <= VSH_SPM_BPE; algorithm++) {
        vsh_tokenizer *tokenizer;
        model.algorithm = algorithm;
        tokenizer = open_model(&model);
        check_round_trips(tokenizer, 1000);
        CHECK_INT(vsh_tokenizer_vocab(tokenizer), model.count);
        CHECK_INT(vsh_tokenizer_end(tokenizer), 2);
        vsh_tokenizer_close(tokenizer);
    }
}

/* Without a piece for the blank the library would spell U+2581. */
static void a_model_without_a_blank_keeps_blanks(void)
{
    vsh_spm_model model = make_model();
    vsh_spm_piece *pieces = (vsh_spm_piece *)(uintptr_t)model.piece;
    vsh_tokenizer *tokenizer;

    for (int32_t i = 0; i < model.count; i++)
        if (pieces[i].length == 3 && memcmp(pieces[i].text, "\u2581", 3) == 0)
            pieces[i].text = "xyz";
    tokenizer = open_model(&model);
    check_round_trips(tokenizer, 300);
    vsh_tokenizer_close(tokenizer);
}

static void longer_pieces_are_preferred_as_scored(void)
{
    vsh_spm_model model = make_model();
    vsh_tokenizer *tokenizer = open_model(&model);

    CHECK_INT(encode(tokenizer, "the the", 7).count, 2);
    vsh_tokenizer_close(tokenizer);
}

static void long_texts_come_back(void)
{
    enum { LENGTH = 300000 };
    static const char *const fills[] = {"x", "the in ", "\u4e2d\u00e9", "  \n"};
    vsh_spm_model model = make_model();
    vsh_tokenizer *tokenizer = open_model(&model);
    char *text = vsh_alloc(vsh_test_arena(), LENGTH + 8, 1);

    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        size_t length = 0, step = strlen(fills[i]);
        for (; length + step <= LENGTH; length += step)
            memcpy(text + length, fills[i], step);
        CHECK(comes_back(tokenizer, text, length));
    }
    vsh_tokenizer_close(tokenizer);
}

/* Appends a piece drawn from few characters, of any kind that a text may meet, unless it is there.
 */
static void add_random_piece(uint64_t seed, uint64_t counter, vsh_spm_piece *piece, int32_t *count)
{
    static const char *const parts[] = {"a", "b", "\u2581", "\u00e9", "\n", "<", "0", "\u4e2d"};
    static const int32_t kinds[] = {VSH_SPM_NORMAL,  VSH_SPM_NORMAL,       VSH_SPM_NORMAL,
                                    VSH_SPM_CONTROL, VSH_SPM_USER_DEFINED, VSH_SPM_UNUSED};
    static const float scores[] = {-1, -2, -2, -3.5f, 0, 1, 1e9f, -1e9f};
    vsh_text text = {.arena = vsh_test_arena()};
    uint64_t length = 1 + draw(seed, counter, 4);

    for (uint64_t i = 1; i <= length; i++)
        vsh_text_add(&text, "%s", parts[draw(seed, counter + i, 8)]);
    if (kinds[draw(seed, counter + 6, 6)] == VSH_SPM_CONTROL)
        vsh_text_add(&text, "/"); /* one character is refused */
    for (int32_t i = 0; i < *count; i++)
        if ((size_t)piece[i].length == text.length &&
            memcmp(piece[i].text, text.data, text.length) == 0)
            return;
    piece[(*count)++] =
        (vsh_spm_piece){text.data, (int32_t)text.length, kinds[draw(seed, counter + 6, 6)],
                        scores[draw(seed, counter + 7, 8)]};
}

/* Whatever stands in a model that is accepted, any text comes back through the library. */
static void any_text_comes_back_through_any_model(void)
{
    static const char *const parts[] = {"a", "b",      " ", "\u00e9", "\n",     "<",
                                        "0", "\u4e2d", "x", "\xff",   "\u2581", "  "};
    vsh_tokenizer *tokenizer;
    char text[200];

    for (uint64_t seed = 0; seed < 60; seed++) {
        vsh_spm_model model = make_model();
        vsh_spm_piece *piece = vsh_alloc(vsh_test_arena(), PIECES, sizeof *piece);
        model.algorithm = seed % 2 ? VSH_SPM_BPE : VSH_SPM_UNIGRAM;
        memcpy(piece, model.piece, 259 * sizeof *piece);
        model.piece = piece;
        model.count = 259;
        for (uint64_t i = 0; i < 30; i++)
            add_random_piece(seed, 10 * i, piece, &model.count);
        tokenizer = open_model(&model);
        for (uint64_t i = 0; i < 60; i++) {
            size_t length = 0;
            for (uint64_t j = draw(seed, 1000 * i + 400, 30); j > 0; j--) {
                const char *part = parts[draw(seed, 1000 * i + 400 + j, 12)];
                memcpy(text + length, part, strlen(part));
                length += strlen(part);
            }
            CHECK(comes_back(tokenizer, text, length));
        }
        vsh_tokenizer_close(tokenizer);
    }
}

static size_t put_code_point(uint32_t c, char *at)
{
    const size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = length; --i > 0; c >>= 6)
        at[i] = (char)(0x80 | (c & 0x3f));
    at[0] = (char)(lead[length] | c);
    return length;
}

/* Every third character of Unicode, in order and at random beside others; then bytes of all kinds.
 */
static void any_character_and_any_byte_comes_back(void)
{
    enum { LAST = 0x10ffff, DRAWN = 100000 };
    char *text = vsh_alloc(vsh_test_arena(), 2 * LAST, 1);
    vsh_spm_model model = make_model();

    for (int32_t algorithm = VSH_SPM_UNIGRAM; algorithm <= VSH_SPM_BPE; algorithm++) {
        vsh_tokenizer *tokenizer;
        size_t length = 0;
        model.algorithm = algorithm;
        tokenizer = open_model(&model);
        for (uint32_t c = (uint32_t)algorithm; c <= LAST; c += 3)
            if (c < 0xd800 || c > 0xdfff)
                length += put_code_point(c, text + length);
        CHECK(comes_back(tokenizer, text, length));
        length = 0;
        for (uint64_t i = 0; i < DRAWN; i++) {
            uint32_t c = (uint32_t)draw(3, i, i % 2 ? 0x3000 : LAST);
            if (c < 0xd800 || c > 0xdfff)
                length += put_code_point(c, text + length);
        }
        CHECK(comes_back(tokenizer, text, length));
        for (uint64_t i = 0; i < DRAWN; i++)
            text[i] = (char)draw(4, i, 256);
        CHECK(comes_back(tokenizer, text, DRAWN));
        vsh_tokenizer_close(tokenizer);
    }
}

static void a_seam_in_a_long_text_costs_no_token(void)
{
    enum { WORDS = 60000 };
    vsh_spm_model model = make_model();
    vsh_tokenizer *tokenizer = open_model(&model);
    char *text = vsh_alloc(vsh_test_arena(), 4 * WORDS + 1, 1);

    for (int i = 0; i < WORDS; i++)
        memcpy(text + 4 * i, " the", 4);
    CHECK_INT(encode(tokenizer, text, 4 * WORDS).count, WORDS);
    vsh_tokenizer_close(tokenizer);
}

static void ids_outside_the_vocabulary_are_refused(void)
{
    vsh_spm_model model = make_model();
    vsh_tokenizer *tokenizers[2];
    vsh_text text = {.arena = vsh_test_arena()};

    tokenizers[0] = open_model(&model);
    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &tokenizers[1], &err), &err);
    for (int i = 0; i < 2; i++) {
        int32_t bad[] = {0, -1, vsh_tokenizer_vocab(tokenizers[i]), INT32_MAX};
        for (int j = 1; j < 4; j++) {
            bad[1] = bad[j];
            CHECK_FAILS(vsh_tokenizer_decode(tokenizers[i], bad, 2, &text, &err), &err, VSH_EINPUT,
                        "token 1: expected an id of 0 to");
        }
        vsh_tokenizer_close(tokenizers[i]);
    }
}

static void the_end_of_a_document_is_no_text(void)
{
    vsh_spm_model model = make_model();
    vsh_tokenizer *tokenizer = open_model(&model);
    vsh_text text = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_tokenizer_decode(tokenizer, (const int32_t[]){2, 1, 2}, 3, &text, &err), &err);
    CHECK_INT((int64_t)text.length, 0);
    vsh_tokenizer_close(tokenizer);
}

/* ---- malformed models --------------------------------------------------------------------- */

static void a_model_is_read_as_it_was_written(void)
{
    vsh_spm_model model = make_model(), back;
    vsh_text text = written(&model), again;

    REQUIRE_OK(parse(&text, &back), &err);
    again = written(&back);
    CHECK(back.count == model.count && back.end == 2 && back.unknown == 0);
    CHECK(again.length == text.length && memcmp(again.data, text.data, text.length) == 0);
    for (int32_t i = 0; i < 256; i++)
        CHECK_INT(back.byte_id[i], 3 + i);
}

static void every_cut_is_refused(void)
{
    vsh_spm_model model = make_model(), back;
    vsh_text text = written(&model);

    for (size_t length = 0; length < text.length; length++) {
        vsh_text cut = {.data = text.data, .length = length};
        CHECK(parse(&cut, &back) == VSH_EINPUT);
    }
}

/* One change each to piece 280, a letter, or to a special one. */
static void bad_pieces_are_refused(void)
{
    enum { TOO_LONG = VSH_SPM_PIECE_BYTES + 1 };
    char long_piece[TOO_LONG];
    const struct {
        int32_t at;
        vsh_spm_piece piece;
        const char *part;
    } cases[] = {
        {280, {"q", 1, VSH_SPM_NORMAL, NAN}, "finite score"},
        {280, {"q", 1, VSH_SPM_NORMAL, INFINITY}, "finite score"},
        {280, {"q", 1, VSH_SPM_NORMAL, -1e30f}, "finite score"},
        {280, {"q", 1, 0, 0}, "unknown type"},
        {280, {"q", 1, 7, 0}, "unknown type"},
        {280, {"q", 1, -1, 0}, "unknown type"},
        {280, {"", 0, VSH_SPM_NORMAL, 0}, "empty"},
        {280, {"a\0b", 3, VSH_SPM_NORMAL, 0}, "UTF-8 without NUL"},
        {280, {"\xff", 1, VSH_SPM_NORMAL, 0}, "UTF-8 without NUL"},
        {280, {"\xc0\xaf", 2, VSH_SPM_NORMAL, 0}, "UTF-8 without NUL"},
        {280, {"\xed\xa0\x80", 3, VSH_SPM_NORMAL, 0}, "UTF-8 without NUL"},
        {280, {"\xe2\x96", 2, VSH_SPM_NORMAL, 0}, "UTF-8 without NUL"},
        {280, {long_piece, TOO_LONG, VSH_SPM_NORMAL, 0}, "longer than 512"},
        {280, {"a", 1, VSH_SPM_NORMAL, 0}, "piece 280: twice"},
        {280, {"<x>", 3, VSH_SPM_UNKNOWN, 0}, "a second unknown"},
        {280, {"<0x0G>", 6, VSH_SPM_BYTE, 0}, "expected a byte"},
        {280, {"Q", 1, VSH_SPM_BYTE, 0}, "expected a byte"},
        {280, {"\u4e2e", 3, VSH_SPM_CONTROL, 0}, "of one character"},
        {100, {"word", 4, VSH_SPM_NORMAL, 0}, "expected 256 byte pieces, got 255"},
        {0, {"word", 4, VSH_SPM_NORMAL, 0}, "no piece for unknown text"},
        {2, {"</s>", 4, VSH_SPM_NORMAL, 0}, "no control piece that ends"},
    };

    memset(long_piece, 'x', sizeof long_piece);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vsh_spm_model model = make_model(), back;
        vsh_tokenizer *tokenizer;
        vsh_text text;
        model.algorithm = VSH_SPM_BPE;
        ((vsh_spm_piece *)(uintptr_t)model.piece)[cases[i].at] = cases[i].piece;
        text = (vsh_text){.arena = vsh_test_arena()};
        vsh_spm_model_write(&model, &text);
        CHECK_FAILS(parse(&text, &back), &err, VSH_EINPUT, cases[i].part);
        CHECK_FAILS(open_written(&text, &tokenizer), &err, VSH_EINPUT, cases[i].part);
    }
}

/* The pieces of a good model and then these bytes. */
static void check_tail(const char *tail, size_t length, const char *part)
{
    vsh_spm_model model = make_model(), back;
    vsh_text text = written(&model);

    while (text.length > 0 && text.data[text.length - 1] != 0x12) /* the field of training */
        text.length--;
    REQUIRE(text.length > 4000);
    text.length--;
    vsh_text_put(&text, tail, length);
    if (part)
        CHECK_FAILS(parse(&text, &back), &err, VSH_EINPUT, part);
    else
        CHECK_OK(parse(&text, &back), &err);
}

#define TRAINING "\x12\x03\x98\x02\x01"                  /* byte_fallback */
#define NORMALIZATION "\x1a\x06\x18\x00\x20\x00\x28\x01" /* no prefix, blanks kept, escaped */

static void other_models_are_refused(void)
{
    static const struct {
        const char *tail;
        size_t length;
        const char *part;
    } cases[] = {
#define TAIL(text, part) {text, sizeof(text) - 1, part}
        TAIL(TRAINING NORMALIZATION, NULL),
        TAIL("\x12\x05\x18\x02\x98\x02\x01" NORMALIZATION, NULL),
        TAIL(TRAINING NORMALIZATION "\xc2\x0c\x03xyz", NULL), /* field 200, an extension */
        TAIL(TRAINING NORMALIZATION "\x22\x02\x0a\x00", NULL),
        TAIL("\x12\x05\x18\x03\x98\x02\x01" NORMALIZATION, "model_type unigram or bpe"),
        TAIL("\x12\x05\x18\x00\x98\x02\x01" NORMALIZATION, "model_type unigram or bpe"),
        TAIL("\x12\x00" NORMALIZATION, "byte_fallback"),
        TAIL(NORMALIZATION, "byte_fallback"),
        TAIL(TRAINING, "add_dummy_prefix"),
        TAIL(TRAINING "\x1a\x02\x18\x00", "remove_extra_whitespaces"),
        TAIL(TRAINING "\x1a\x06\x18\x00\x20\x00\x28\x00", "escape_whitespaces"),
        TAIL(TRAINING "\x1a\x04\x12\x02xx", "no character map"),
        TAIL(TRAINING NORMALIZATION "\x2a\x03\x12\x01x", "no character map"),
        TAIL(TRAINING TRAINING NORMALIZATION, "a part twice"),
        TAIL(TRAINING NORMALIZATION NORMALIZATION, "a part twice"),
        TAIL(TRAINING "\x18\x01", "known field of another type"),
        TAIL(TRAINING "\x1a\x05\x1d\x00\x00\x00\x00", "known field of another type"),
        TAIL("\x12\x04\x9a\x02\x01x" NORMALIZATION, "known field of another type"),
        TAIL(TRAINING NORMALIZATION "\xc3\x0c", "field of unknown type"),
        TAIL(TRAINING NORMALIZATION "\x00\x00", "field number"),
        TAIL(TRAINING NORMALIZATION "\xc2\x0c\x7fx", "longer than what is left"),
        TAIL(TRAINING NORMALIZATION "\xc2\x0c\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
             "longer than what is left"),
        TAIL(TRAINING NORMALIZATION "\xc0\x0c\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
             "more than 64 bits"),
        TAIL(TRAINING NORMALIZATION "\xc0\x0c\xff", "does not end"),
        TAIL(TRAINING NORMALIZATION "\xc5\x0c\x01\x02", "cut off inside a number"),
#undef TAIL
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_tail(cases[i].tail, cases[i].length, cases[i].part);
}

static void files_that_are_no_models_are_refused(void)
{
    vsh_tokenizer *tokenizer;
    vsh_text text = {.arena = vsh_test_arena()};

    CHECK_FAILS(open_written(&text, &tokenizer), &err, VSH_EINPUT, "expected 1 to");
    vsh_text_add(&text, "model: gpt2\n");
    CHECK(open_written(&text, &tokenizer) == VSH_EINPUT);
    CHECK_FAILS(vsh_tokenizer_open(vsh_test_arena(), "/tmp/vsh-no-such-model", &tokenizer, &err),
                &err, VSH_EINPUT, "No such file");
    CHECK_FAILS(vsh_tokenizer_open(vsh_test_arena(), "/tmp", &tokenizer, &err), &err, VSH_EINPUT,
                "expected a regular file");
}

/* ---- training ----------------------------------------------------------------------------- */

static const char *const syllables[] = {"ba", "ke", "lo", "mi", "nu", "ra", "si", "to"};

static vsh_text made_up_text(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (uint64_t i = 0; i < 4000; i++) {
        vsh_text_add(&text, "%s%s%s%s", draw(1, 4 * i, 3) ? "" : " ",
                     syllables[draw(1, 4 * i + 1, 8)], syllables[draw(1, 4 * i + 2, 8)],
                     draw(1, 4 * i + 3, 20) ? "" : ".\n");
    }
    return text;
}

/* Trains on the text; false, and the test is skipped, where spm_train is missing. */
static bool train(const vsh_text *text, const vsh_tokenizer_options *options, const char *name)
{
    char model[96];
    vsh_status status;

    snprintf(model, sizeof model, "%s", in_folder(name));
    REQUIRE_OK(vsh_file_write(in_folder("text,with comma"), text, &err), &err);
    status = vsh_tokenizer_train(vsh_test_arena(), path, model, options, &err);
    if (status == VSH_EMACHINE && strstr(err.text, "make deps")) {
        clear_folder();
        vsh_skip("spm_train is not installed");
        return false;
    }
    REQUIRE_OK(status, &err);
    return true;
}

static const char *const control[] = {"<gap>", "<fill>", NULL};
static const vsh_tokenizer_options recipes[] = {
    {"unigram", 400}, {"bpe", 400}, {"unigram", 400, false, control}, {"bpe", 400, false, control}};

enum { RECIPES = sizeof recipes / sizeof *recipes };

static void a_trained_model_compresses_and_comes_back(void)
{
    vsh_text text = made_up_text();
    vsh_tokenizer *tokenizer;

    for (int i = 0; i < RECIPES; i++) {
        if (!train(&text, &recipes[i], "a"))
            return;
        REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), in_folder("a"), &tokenizer, &err), &err);
        clear_folder();
        CHECK_INT(vsh_tokenizer_vocab(tokenizer), 400);
        CHECK(encode(tokenizer, text.data, text.length).count < (int64_t)text.length / 2);
        CHECK(comes_back(tokenizer, text.data, text.length));
        check_round_trips(tokenizer, 300);
        vsh_tokenizer_close(tokenizer);
    }
}

static bool has_id(const vsh_ids *ids, int32_t id)
{
    for (int64_t i = 0; i < ids->count; i++)
        if (ids->id[i] == id)
            return true;
    return false;
}

static void no_text_becomes_a_control_piece(void)
{
    static const char say[] = "ba <gap>ke</s> <fill><s><unk>";
    vsh_text text = made_up_text(), back = {.arena = vsh_test_arena()};
    vsh_tokenizer *tokenizer;

    for (int i = 0; i < RECIPES; i++) {
        vsh_ids ids;
        int32_t gap, fill;
        if (!train(&text, &recipes[i], "a"))
            return;
        REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), in_folder("a"), &tokenizer, &err), &err);
        clear_folder();
        gap = vsh_tokenizer_piece(tokenizer, "<gap>");
        fill = vsh_tokenizer_piece(tokenizer, "<fill>");
        CHECK((gap >= 0 && fill >= 0 && gap != fill) == (recipes[i].control != NULL));
        CHECK_INT(vsh_tokenizer_piece(tokenizer, "</s>"), vsh_tokenizer_end(tokenizer));
        CHECK_INT(vsh_tokenizer_piece(tokenizer, "<ga"), -1);
        CHECK_INT(vsh_tokenizer_piece(tokenizer, "b"), -1); /* a piece of text */
        ids = encode(tokenizer, say, sizeof say - 1);
        CHECK(comes_back(tokenizer, say, sizeof say - 1));
        CHECK(!has_id(&ids, vsh_tokenizer_end(tokenizer)) && !has_id(&ids, 0));
        if (recipes[i].control) {
            CHECK(!has_id(&ids, gap) && !has_id(&ids, fill));
            CHECK_OK(vsh_tokenizer_decode(tokenizer, &gap, 1, &back, &err), &err);
            CHECK_INT((int64_t)back.length, 0);
        }
        vsh_tokenizer_close(tokenizer);
    }
    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &tokenizer, &err), &err);
    CHECK_INT(vsh_tokenizer_piece(tokenizer, "</s>"), -1);
    vsh_tokenizer_close(tokenizer);
}

static void read_model(const char *name, char **bytes, int64_t *length)
{
    REQUIRE_OK(vsh_whole_file_read(vsh_test_arena(), in_folder(name), 1 << 20, bytes, length, &err),
               &err);
}

static void the_same_text_gives_the_same_model(void)
{
    vsh_text text = made_up_text();
    char *bytes[2];
    int64_t length[2];

    for (int i = 0; i < RECIPES; i++) {
        if (!train(&text, &recipes[i], "a") || !train(&text, &recipes[i], "b"))
            return;
        read_model("a", &bytes[0], &length[0]);
        read_model("b", &bytes[1], &length[1]);
        clear_folder();
        CHECK(length[0] == length[1] && memcmp(bytes[0], bytes[1], (size_t)length[0]) == 0);
    }
}

/* Lines that spm_train passes over or mends do not end it. */
static void any_text_can_be_learned_from(void)
{
    vsh_text text = made_up_text();
    char junk[400];

    for (uint64_t seed = 0; seed < 300; seed++) {
        vsh_text_put(&text, junk, random_text(seed, junk, sizeof junk));
        vsh_text_put(&text, "\n", 1);
    }
    for (int i = 0; i < 2; i++)
        if (train(&text, &recipes[i], "a"))
            clear_folder();
}

/* The status of training with another vocabulary on the text that train has written. */
static vsh_status train_again(vsh_tokenizer_options options, int32_t vocab)
{
    char model[96];

    options.vocab = vocab;
    snprintf(model, sizeof model, "%s", in_folder("b"));
    return vsh_tokenizer_train(vsh_test_arena(), in_folder("text,with comma"), model, &options,
                               &err);
}

static void a_vocabulary_that_does_not_fit_is_said_with_one_that_does(void)
{
    vsh_text text = made_up_text();
    const char *at;
    int largest = 0, least = 0;

    for (int i = 2; i < RECIPES; i++) {
        if (!train(&text, &recipes[i], "a"))
            return;
        CHECK_FAILS(train_again(recipes[i], 60000), &err, VSH_EINPUT,
                    "too little text for a vocabulary of 60000");
        CHECK_HAS(err.text, "a smaller --vocab, or --tokenizer bytes");
        at = strstr(err.text, "60000: ");
        REQUIRE(at && sscanf(at, "60000: %d is the largest", &largest) == 1);
        CHECK_OK(train_again(recipes[i], largest), &err);
        CHECK_FAILS(train_again(recipes[i], largest + 1), &err, VSH_EINPUT, "too little text");
        CHECK_FAILS(train_again(recipes[i], 200), &err, VSH_EINPUT, "200 is too small");
        at = strstr(err.text, "alone are ");
        REQUIRE(at && sscanf(at, "alone are %d", &least) == 1);
        CHECK(least > 259 && least < 300);
        CHECK_FAILS(train_again(recipes[i], least - 1), &err, VSH_EINPUT, "is too small");
        clear_folder();
    }
}

static void too_little_text_is_said(void)
{
    static const char *const texts[] = {"", "\n\n", "x", "a b c\n"};

    for (size_t i = 0; i < 2 * sizeof texts / sizeof *texts; i++) {
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_status status;
        vsh_text_add(&text, "%s", texts[i / 2]);
        REQUIRE_OK(vsh_file_write(in_folder("text,with comma"), &text, &err), &err);
        status = train_again(recipes[i % 2], 400);
        clear_folder();
        if (status == VSH_EMACHINE && strstr(err.text, "make deps")) {
            vsh_skip("spm_train is not installed");
            return;
        }
        CHECK_FAILS(status, &err, VSH_EINPUT, "tokenizer: too little text");
        CHECK_HAS(err.text, "--tokenizer bytes");
    }
}

static void a_training_that_fails_leaves_nothing(void)
{
    vsh_text text = made_up_text();
    vsh_status status;

    if (!train(&text, &recipes[0], "a"))
        return;
    CHECK(train_again(recipes[0], 60000) == VSH_EINPUT);
    CHECK(access(in_folder("b"), F_OK) != 0);
    clear_folder();
    status = vsh_tokenizer_train(vsh_test_arena(), "/tmp/vsh-no-such-text", "/tmp/vsh-none/model",
                                 &recipes[0], &err);
    CHECK_FAILS(status, &err, VSH_EINPUT, "/tmp/vsh-no-such-text");
    status =
        vsh_tokenizer_train(vsh_test_arena(), "Makefile", "/tmp/vsh-none/model", &recipes[0], &err);
    CHECK_FAILS(status, &err, VSH_EMACHINE, "/tmp/vsh-none/model");
}

/* ---- hostile changes of a trained model --------------------------------------------------- */

/* The file as spm_train itself writes it, with fields that ours has not; false where there is no
 * spm_train. */
static bool write_foreign(const char *algorithm, char **bytes, int64_t *length)
{
    char model_type[40], prefix[120];
    const char *const argv[] = {"spm_train",
                                "--input=/dev/stdin",
                                prefix,
                                model_type,
                                "--vocab_size=400",
                                "--byte_fallback=true",
                                "--normalization_rule_name=identity",
                                "--add_dummy_prefix=false",
                                "--remove_extra_whitespaces=false",
                                "--self_test_sample_size=3",
                                NULL};
    char input[96];
    const vsh_child child = {argv, input, {60}, 1 << 20};
    vsh_text text = made_up_text(), said = {.arena = vsh_test_arena()};
    vsh_status status;

    snprintf(model_type, sizeof model_type, "--model_type=%s", algorithm);
    snprintf(input, sizeof input, "%s", in_folder("text,with comma"));
    snprintf(prefix, sizeof prefix, "--model_prefix=%s", in_folder("a"));
    REQUIRE_OK(vsh_file_write(input, &text, &err), &err);
    status = vsh_child_run(&child, &said, &err);
    if (status == VSH_OK) {
        read_model("a.model", bytes, length);
        unlink(in_folder("a.model"));
        unlink(in_folder("a.vocab"));
    } else {
        vsh_skip("spm_train is not installed");
    }
    clear_folder();
    return status == VSH_OK;
}

/* Refused, or the very model that the whole file is: what was cut off was not needed. */
static void every_cut_of_a_trained_model_is_refused(void)
{
    int64_t length, accepted = 0;
    char *bytes;

    for (int i = 0; i < 2; i++) {
        vsh_spm_model model;
        vsh_text whole = {.arena = vsh_test_arena()};
        if (!write_foreign(recipes[i].algorithm, &bytes, &length))
            return;
        REQUIRE_OK(vsh_spm_model_parse(vsh_test_arena(), "m", bytes, length, &model, &err), &err);
        vsh_spm_model_write(&model, &whole);
        for (int64_t cut = 0; cut < length; cut++) {
            vsh_arena arena = {0};
            vsh_text part = {.arena = &arena};
            vsh_status status = vsh_spm_model_parse(&arena, "m", bytes, cut, &model, &err);
            CHECK(status == VSH_OK || status == VSH_EINPUT);
            if (status == VSH_OK) {
                accepted++;
                vsh_spm_model_write(&model, &part);
                CHECK(part.length == whole.length &&
                      memcmp(part.data, whole.data, whole.length) == 0);
            }
            vsh_arena_free(&arena);
        }
    }
    CHECK(accepted <= 8); /* between the last parts */
}

/* Every byte changed once: refused, or a model through which texts still come back. */
static void every_changed_byte_is_refused_or_harmless(void)
{
    enum { OPENED_EVERY = 5 };
    int64_t length, opened = 0;
    char *bytes, text[400];

    for (int i = 0; i < 2; i++) {
        if (!write_foreign(recipes[i].algorithm, &bytes, &length))
            return;
        for (int64_t at = 0; at < length; at++) {
            const char kept = bytes[at];
            vsh_arena arena = {0};
            vsh_spm_model model;
            bytes[at] = (char)(kept ^ (char)(1 + draw(9, (uint64_t)at, 255)));
            if (vsh_spm_model_parse(&arena, "m", bytes, length, &model, &err) == VSH_OK &&
                at % OPENED_EVERY == 0) {
                vsh_tokenizer *tokenizer = open_model(&model);
                for (uint64_t seed = 0; seed < 3; seed++)
                    CHECK(comes_back(tokenizer, text, random_text(seed, text, sizeof text)));
                vsh_tokenizer_close(tokenizer);
                opened++;
            }
            vsh_arena_free(&arena);
            bytes[at] = kept;
        }
    }
    CHECK(opened > 50);
}

static void absurd_sizes_are_refused(void)
{
    vsh_spm_model model;
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_tokenizer *tokenizer;
    int64_t huge = (int64_t)VSH_SPM_FILE_BYTES + 1;

    for (int32_t i = 0; i <= VSH_SPM_PIECES; i++)
        vsh_text_put(&text, "\x0a\x00", 2);
    CHECK_FAILS(parse(&text, &model), &err, VSH_EINPUT, "expected 1 to 1048576 pieces");
    text.length -= 2;
    CHECK_FAILS(parse(&text, &model), &err, VSH_EINPUT, "piece 0: empty");
    text.length = 0; /* a file that says it is long */
    REQUIRE_OK(vsh_file_write(in_folder("a"), &text, &err), &err);
    REQUIRE(truncate(in_folder("a"), huge) == 0);
    CHECK_FAILS(vsh_tokenizer_open(vsh_test_arena(), in_folder("a"), &tokenizer, &err), &err,
                VSH_EINPUT, "expected at most");
    clear_folder();
    CHECK_FAILS(vsh_spm_model_parse(vsh_test_arena(), "m", "", huge, &model, &err), &err,
                VSH_EINPUT, "longer than 64 MiB");
}

const vsh_test vsh_tests[] = {
    {"bytes_come_back", bytes_come_back},
    {"any_text_comes_back_through_a_model", any_text_comes_back_through_a_model},
    {"a_model_without_a_blank_keeps_blanks", a_model_without_a_blank_keeps_blanks},
    {"longer_pieces_are_preferred_as_scored", longer_pieces_are_preferred_as_scored},
    {"long_texts_come_back", long_texts_come_back},
    {"any_text_comes_back_through_any_model", any_text_comes_back_through_any_model},
    {"any_character_and_any_byte_comes_back", any_character_and_any_byte_comes_back},
    {"a_seam_in_a_long_text_costs_no_token", a_seam_in_a_long_text_costs_no_token},
    {"ids_outside_the_vocabulary_are_refused", ids_outside_the_vocabulary_are_refused},
    {"the_end_of_a_document_is_no_text", the_end_of_a_document_is_no_text},
    {"a_model_is_read_as_it_was_written", a_model_is_read_as_it_was_written},
    {"every_cut_is_refused", every_cut_is_refused},
    {"bad_pieces_are_refused", bad_pieces_are_refused},
    {"other_models_are_refused", other_models_are_refused},
    {"files_that_are_no_models_are_refused", files_that_are_no_models_are_refused},
    {"a_trained_model_compresses_and_comes_back", a_trained_model_compresses_and_comes_back},
    {"no_text_becomes_a_control_piece", no_text_becomes_a_control_piece},
    {"the_same_text_gives_the_same_model", the_same_text_gives_the_same_model},
    {"any_text_can_be_learned_from", any_text_can_be_learned_from},
    {"a_vocabulary_that_does_not_fit_is_said_with_one_that_does",
     a_vocabulary_that_does_not_fit_is_said_with_one_that_does},
    {"too_little_text_is_said", too_little_text_is_said},
    {"a_training_that_fails_leaves_nothing", a_training_that_fails_leaves_nothing},
    {"every_cut_of_a_trained_model_is_refused", every_cut_of_a_trained_model_is_refused},
    {"every_changed_byte_is_refused_or_harmless", every_changed_byte_is_refused_or_harmless},
    {"absurd_sizes_are_refused", absurd_sizes_are_refused},
    {NULL, NULL},
};
