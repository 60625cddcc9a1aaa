#include "trainer/text/overlap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "overlap";

enum { GRAM = 13, VOCABULARY = 3000 };

static vsh_error err;

/* A sentence of made-up words, written one way or another. */
static int64_t write_words(char *text, uint64_t seed, uint64_t first, uint64_t count, bool loud)
{
    int64_t bytes = 0;

    for (uint64_t w = first; w < first + count; w++) {
        int word = (int)(VOCABULARY * vsh_random_uniform(7, seed, w));
        bytes += sprintf(text + bytes, loud ? "(W%dORD), " : "w%dord ", word);
    }
    return bytes;
}

static vsh_overlap *open_overlap(void)
{
    vsh_overlap *overlap;

    REQUIRE_OK(vsh_overlap_open(vsh_test_arena(), GRAM, &overlap, &err), &err);
    return overlap;
}

static void add(vsh_overlap *overlap, const char *text, int64_t bytes)
{
    REQUIRE_OK(vsh_overlap_add(overlap, text, bytes, &err), &err);
}

static int64_t meets(const vsh_overlap *overlap, vsh_words *words, const char *text, int64_t bytes)
{
    vsh_document document = {.text = text, .bytes = bytes};

    vsh_words_find(&document, words);
    return vsh_overlap_meets(overlap, words);
}

static vsh_words open_words(void)
{
    vsh_words words;

    REQUIRE_OK(vsh_words_open(vsh_test_arena(), &words, &err), &err);
    return words;
}

static void an_empty_set_meets_nothing(void)
{
    vsh_overlap *overlap = open_overlap();
    vsh_words words = open_words();

    add(overlap, "", 0);
    add(overlap, "four words are few", 18);
    CHECK_INT(vsh_overlap_grams(overlap), 0);
    CHECK_INT(meets(overlap, &words, "four words are few", 18), -1);
    CHECK_INT(meets(overlap, &words, "", 0), -1);
}

static void thirteen_words_meet_and_twelve_do_not(void)
{
    vsh_overlap *overlap = open_overlap();
    vsh_words words = open_words();
    char text[2048];
    int64_t bytes = write_words(text, 1, 0, 30, false);

    add(overlap, text, bytes);
    CHECK_INT(vsh_overlap_grams(overlap), 30 - GRAM + 1);
    for (uint64_t count = 12; count <= 13; count++) {
        /* five words of another text, a dash (a word, but not of a gram), and a piece of this */
        bytes = write_words(text, 2, 0, 5, true);
        bytes += sprintf(text + bytes, "-- ");
        bytes += write_words(text + bytes, 1, 9, count, true);
        CHECK_INT(meets(overlap, &words, text, bytes), count == 13 ? 6 : -1);
    }
}

static void short_texts_meet_whole(void)
{
    vsh_overlap *overlap = open_overlap();
    vsh_words words = open_words();
    static const char *const texts[] = {"What is the capital of France?",
                                        "What is the capital of Upper Volta now, please?",
                                        "one two three four five"};

    for (int i = 0; i < 3; i++)
        add(overlap, texts[i], (int64_t)strlen(texts[i]));
    CHECK_INT(vsh_overlap_grams(overlap), 3);
#define ASK(text) meets(overlap, &words, text, (int64_t)strlen(text))
    CHECK_INT(ASK("Then: what is the capital of france"), 1);
    CHECK_INT(ASK("What is the capital of"), -1);
    CHECK_INT(ASK("What is the capital of Spain, and of France?"), -1);
    CHECK_INT(ASK("what is the CAPITAL of upper volta now please"), 0);
    CHECK_INT(ASK("what is the capital of upper volta now"), -1);
    CHECK_INT(ASK("one two three four five"), 0);
    CHECK_INT(ASK("two three four five one"), -1);
}

/* Every planted text is found and nothing else: among 2,000 documents of 60 words, one in four with
 * thirteen words of one of 500 texts, in other case and punctuation. */
static void what_was_planted_is_found_and_nothing_else(void)
{
    vsh_overlap *overlap = open_overlap();
    vsh_words words = open_words();
    int64_t found = 0, wrong = 0;
    char text[4096];

    for (uint64_t t = 0; t < 500; t++)
        add(overlap, text, write_words(text, 1000 + t, 0, 40, false));
    for (uint64_t d = 0; d < 2000; d++) {
        bool planted = d % 4 == 0;
        int64_t bytes = write_words(text, 10000 + d, 0, 30, false), met;
        if (planted)
            bytes += write_words(text + bytes, 1000 + d / 4, d % 27, GRAM, true);
        bytes += write_words(text + bytes, 10000 + d, 30, 30, false);
        met = meets(overlap, &words, text, bytes);
        found += planted && met == 30;
        wrong += !planted && met >= 0;
    }
    CHECK_INT(found, 500);
    CHECK_INT(wrong, 0);
}

/* Pieces of a text longer than a document hang together. */
static void a_long_text_is_added_whole(void)
{
    vsh_overlap *overlap = open_overlap();
    vsh_words words = open_words();
    uint64_t count = 150000;
    char *text = vsh_alloc(vsh_test_arena(), count, 12), piece[512];
    int64_t bytes = write_words(text, 5, 0, count, false);

    REQUIRE(bytes > VSH_DOCUMENT_BYTES_MAX);
    add(overlap, text, bytes);
    for (uint64_t at = 0; at + GRAM <= count; at += 97)
        CHECK(meets(overlap, &words, piece, write_words(piece, 5, at, GRAM, false)) == 0);
    for (uint64_t at = VSH_DOCUMENT_BYTES_MAX / 9; at < VSH_DOCUMENT_BYTES_MAX / 8; at++)
        CHECK(meets(overlap, &words, piece, write_words(piece, 5, at, GRAM, false)) == 0);
}

static void bad_input_is_survived(void)
{
    vsh_overlap *overlap = open_overlap();
    vsh_words words = open_words();
    int64_t bytes = 2 * VSH_DOCUMENT_BYTES_MAX;
    char *text = vsh_alloc(vsh_test_arena(), (size_t)bytes, 1);

    add(overlap, text, bytes);
    memset(text, 0xe2, (size_t)bytes);
    add(overlap, text, bytes);
    memset(text, 'x', (size_t)bytes);
    add(overlap, text, bytes);
    memset(text, '\n', (size_t)bytes);
    add(overlap, text, bytes);
    CHECK_INT(vsh_overlap_grams(overlap), 0);
    for (int64_t i = 1; i < bytes; i += 2)
        text[i] = ' ';
    for (int64_t i = 0; i < bytes; i += 2)
        text[i] = 'x';
    add(overlap, text, bytes);
    CHECK_INT(vsh_overlap_grams(overlap), 1);
    CHECK_INT(meets(overlap, &words, text, VSH_DOCUMENT_BYTES_MAX), 0);
}

const vsh_test vsh_tests[] = {
    {"an_empty_set_meets_nothing", an_empty_set_meets_nothing},
    {"thirteen_words_meet_and_twelve_do_not", thirteen_words_meet_and_twelve_do_not},
    {"short_texts_meet_whole", short_texts_meet_whole},
    {"what_was_planted_is_found_and_nothing_else", what_was_planted_is_found_and_nothing_else},
    {"a_long_text_is_added_whole", a_long_text_is_added_whole},
    {"bad_input_is_survived", bad_input_is_survived},
    {NULL, NULL},
};
