#include "trainer/text/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/text/characters.h"

const char vsh_suite[] = "words";

static vsh_error err;

static vsh_words words_of(const char *text, int64_t bytes)
{
    vsh_document document = {.text = text, .bytes = bytes};
    vsh_words words;

    REQUIRE_OK(vsh_words_open(vsh_test_arena(), &words, &err), &err);
    vsh_words_find(&document, &words);
    return words;
}

static vsh_words words_in(const char *text) { return words_of(text, (int64_t)strlen(text)); }

static uint64_t hash_in(const char *text)
{
    vsh_words words = words_in(text);
    vsh_document document = {.text = text, .bytes = (int64_t)strlen(text)};

    return vsh_words_hash(&words, &document);
}

static void words_are_what_white_space_parts(void)
{
    const char *text = " one\ttwo\u00a0three\u2003four\u3000five\nsix\u2028\xc2\x85"
                       "seven ";
    vsh_words words = words_in(text);

    CHECK_INT(words.words, 7);
    REQUIRE(words.words == 7);
    CHECK(memcmp(text + words.word[2].begin, "three", 5) == 0 && words.word[2].length == 5);
    CHECK(memcmp(text + words.word[6].begin, "seven", 5) == 0 && words.word[6].length == 5);
}

/* The twin: a character at a time. */
static int64_t count_slowly(const char *text, int64_t bytes, int64_t *last_begin)
{
    int64_t count = 0;
    bool inside = false;

    for (int64_t i = 0; i < bytes;) {
        int length;
        bool space = vsh_character_at(text + i, bytes - i, &length) == VSH_SPACE;
        if (!space && !inside) {
            count++;
            *last_begin = i;
        }
        inside = !space;
        i += length;
    }
    return count;
}

static void words_are_those_of_a_walk_by_character(void)
{
    static const char *const pieces[] = {"a",      "word",   " ",      "\n",           "\u00a0",
                                         "\u2009", "\u3000", "\u00e9", "\xff",         "",
                                         "\xe2",   "\x80",   "-",      "longer-words", "\xc2"};

    for (uint64_t round = 0; round < 300; round++) {
        char text[2048];
        int64_t bytes = 0, last = -1, count;
        vsh_words words;
        for (uint64_t k = 0; k < 100; k++) {
            size_t p = (size_t)(15 * vsh_random_uniform(1, round, k));
            memcpy(text + bytes, pieces[p], strlen(pieces[p]));
            bytes += (int64_t)strlen(pieces[p]);
        }
        /* exactly as long as the text: the sanitizers see what is read behind it */
        words = words_of(memcpy(vsh_alloc(vsh_test_arena(), (size_t)bytes, 1), text, (size_t)bytes),
                         bytes);
        count = count_slowly(text, bytes, &last);
        CHECK_INT(words.words, count);
        if (count > 0)
            CHECK_INT(words.word[words.words - 1].begin, last);
        vsh_arena_free(vsh_test_arena());
    }
}

static void case_white_space_and_punctuation_do_not_matter(void)
{
    uint64_t plain = hash_in("dont stop the press");

    CHECK(hash_in("  Don't STOP,\n(the) \"press!\"") == plain);
    CHECK(hash_in("\u201cDon\u2019t\u201d \u2014 stop \u2013 the press\u2026") == plain);
    CHECK(hash_in("-- Dont,,, stop. the? press ---") == plain);
    CHECK(hash_in("dont stop the pres") != plain);
    CHECK(hash_in("stop dont the press") != plain);
    CHECK(hash_in("dontstop the press") != plain);
    CHECK(hash_in("d\u00f6nt stop the press") != plain);
}

/* Of every length around the blocks of eight, with a sign at every place: the fast ways and the
 * slow one give the same hash. */
static void a_words_hash_does_not_depend_on_where_its_punctuation_is(void)
{
    for (int length = 1; length <= 40; length++) {
        char plain[64] = "", signed_word[64];
        vsh_words a, b;
        for (int i = 0; i < length; i++)
            plain[i] = (char)('a' + i % 26);
        a = words_of(plain, length);
        REQUIRE(a.hashes == 1);
        for (int at = 0; at <= length; at++) {
            memcpy(signed_word, plain, (size_t)at);
            signed_word[at] = '-';
            memcpy(signed_word + at + 1, plain + at, (size_t)(length - at + 1));
            signed_word[0] = (char)(signed_word[0] >= 'a' ? signed_word[0] - 32 : signed_word[0]);
            b = words_in(signed_word);
            CHECK(b.hashes == 1 && b.hash[0] == a.hash[0]);
        }
        vsh_arena_free(vsh_test_arena());
    }
}

static void signs_alone_are_words_without_a_hash(void)
{
    vsh_words words = words_in("a -- \u2014 1 $$$ \u2192 x2 \u00e9 \xff");

    CHECK_INT(words.words, 9);
    CHECK_INT(words.hashes, 4);
    CHECK_INT(words.alphabetic, 3);
    REQUIRE(words.hashes == 4);
    CHECK_INT(words.place[1], 3);
    CHECK_INT(words.place[3], 7);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Numbers differ in few bits: of 100,000 no two hashes are equal, in 32 bits about as many as
 * chance has (1.16), and each of 1,024 buckets of the low and of the high bits has about 98. */
static void hashes_are_uniform(void)
{
    enum { COUNT = 100000, BUCKETS = 1024 };
    char *text = vsh_alloc(vsh_test_arena(), COUNT, 7);
    int64_t low[BUCKETS] = {0}, high[BUCKETS] = {0}, same = 0;
    double low_chi = 0, high_chi = 0, mean = (double)COUNT / BUCKETS;
    vsh_words words;

    for (int i = 0; i < COUNT; i++)
        snprintf(text + 7 * i, 7, "%05d", i);
    for (int i = 0; i < 7 * COUNT; i++)
        text[i] = text[i] ? text[i] : ' ';
    words = words_of(text, 7 * COUNT);
    REQUIRE(words.hashes == COUNT);
    for (int i = 0; i < COUNT; i++) {
        low[words.hash[i] % BUCKETS]++;
        high[words.hash[i] >> 54]++;
    }
    for (int i = 0; i < BUCKETS; i++) {
        low_chi += ((double)low[i] - mean) * ((double)low[i] - mean) / mean;
        high_chi += ((double)high[i] - mean) * ((double)high[i] - mean) / mean;
    }
    /* chi-squared of 1,023 degrees: 1,023 +- 45 */
    CHECK(low_chi > 800 && low_chi < 1250);
    CHECK(high_chi > 800 && high_chi < 1250);
    for (int i = 0; i < COUNT; i++)
        words.hash[i] &= UINT32_MAX;
    qsort(words.hash, COUNT, sizeof *words.hash, compare);
    for (int i = 1; i < COUNT; i++)
        same += words.hash[i] == words.hash[i - 1];
    CHECK(same <= 8);
}

static void documents_without_words_are_told_apart_by_their_bytes(void)
{
    CHECK(hash_in("---") != hash_in("----"));
    CHECK(hash_in("---") == hash_in("---"));
    CHECK(hash_in("") != hash_in("\n"));
}

static void the_largest_documents_fit(void)
{
    char *text = vsh_alloc(vsh_test_arena(), VSH_DOCUMENT_BYTES_MAX, 1);

    memset(text, 'x', VSH_DOCUMENT_BYTES_MAX);
    CHECK_INT(words_of(text, VSH_DOCUMENT_BYTES_MAX).words, 1);
    for (int i = 1; i < VSH_DOCUMENT_BYTES_MAX; i += 2)
        text[i] = ' ';
    CHECK_INT(words_of(text, VSH_DOCUMENT_BYTES_MAX).words, VSH_DOCUMENT_BYTES_MAX / 2);
    memset(text, '\n', VSH_DOCUMENT_BYTES_MAX);
    CHECK_INT(words_of(text, VSH_DOCUMENT_BYTES_MAX).words, 0);
    memset(text, 0, VSH_DOCUMENT_BYTES_MAX);
    CHECK_INT(words_of(text, VSH_DOCUMENT_BYTES_MAX).hashes, 0);
    memset(text, 0xff, VSH_DOCUMENT_BYTES_MAX);
    CHECK_INT(words_of(text, VSH_DOCUMENT_BYTES_MAX).words, 1);
}

const vsh_test vsh_tests[] = {
    {"words_are_what_white_space_parts", words_are_what_white_space_parts},
    {"words_are_those_of_a_walk_by_character", words_are_those_of_a_walk_by_character},
    {"case_white_space_and_punctuation_do_not_matter",
     case_white_space_and_punctuation_do_not_matter},
    {"a_words_hash_does_not_depend_on_where_its_punctuation_is",
     a_words_hash_does_not_depend_on_where_its_punctuation_is},
    {"signs_alone_are_words_without_a_hash", signs_alone_are_words_without_a_hash},
    {"hashes_are_uniform", hashes_are_uniform},
    {"documents_without_words_are_told_apart_by_their_bytes",
     documents_without_words_are_told_apart_by_their_bytes},
    {"the_largest_documents_fit", the_largest_documents_fit},
    {NULL, NULL},
};
