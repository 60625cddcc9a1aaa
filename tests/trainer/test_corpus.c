#include "trainer/data/corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "corpus";

static char path[64];
static vsh_error err;

/* A file with these bytes, removed by the caller. */
static void make_file(const char *bytes, size_t length)
{
    int file;

    snprintf(path, sizeof path, "/tmp/vsh-corpus-XXXXXX");
    file = mkstemp(path);
    REQUIRE(file >= 0);
    REQUIRE(write(file, bytes, length) == (ssize_t)length);
    close(file);
}

static vsh_corpus read_bytes(const char *bytes, size_t length)
{
    vsh_corpus corpus = {0};
    vsh_status status;

    make_file(bytes, length);
    status = vsh_corpus_read(vsh_test_arena(), path, &corpus, &err);
    unlink(path);
    REQUIRE_OK(status, &err);
    return corpus;
}

static const char *document_of(const char *text, const int64_t *start, int64_t i, int64_t end)
{
    return vsh_copy_text(vsh_test_arena(), text + start[i], (size_t)(end - start[i]));
}

static const char *document(const vsh_corpus *corpus, int64_t i)
{
    return document_of(corpus->text, corpus->start, i, corpus->start[i + 1]);
}

/* ---- a file of the user's ----------------------------------------------------------------- */

static void blank_lines_end_documents(void)
{
    static const char text[] = "\n\none\ntwo\n\n\n\nthree\r\n\r\nfour\r\nfive\n \nsix\n";
    vsh_corpus corpus = read_bytes(text, sizeof text - 1);

    REQUIRE(corpus.documents == 3);
    CHECK_TEXT(document(&corpus, 0), "one\ntwo");
    CHECK_TEXT(document(&corpus, 1), "three");
    CHECK_TEXT(document(&corpus, 2), "four\r\nfive\n \nsix");
    CHECK_INT(corpus.start[3], corpus.bytes);
    CHECK_HAS(corpus.description, "3 documents");
}

static void a_file_without_blank_lines_is_one_document(void)
{
    vsh_corpus corpus = read_bytes("x", 1);

    CHECK_INT(corpus.documents, 1);
    CHECK_TEXT(document(&corpus, 0), "x");
}

/* Random breaks: the documents joined again are the file without its breaks around. */
static void no_byte_of_a_document_is_lost(void)
{
    static const char letters[] = "ab\n\n\n\r c";

    for (uint64_t round = 0; round < 300; round++) {
        char text[64], kept[64], got[64];
        size_t length = 1 + (size_t)(60 * vsh_random_uniform(round, 1, 0)), a = 0, b = 0;
        vsh_corpus corpus;
        text[0] = 'x';
        for (size_t i = 1; i < length; i++)
            text[i] = letters[(size_t)(8 * vsh_random_uniform(round, 0, i))];
        corpus = read_bytes(text, length);
        for (size_t i = 0; i < length; i++)
            if (text[i] != '\n' && text[i] != '\r')
                kept[a++] = text[i];
        for (int64_t i = 0; i < corpus.bytes; i++)
            if (corpus.text[i] != '\n' && corpus.text[i] != '\r')
                got[b++] = corpus.text[i];
        REQUIRE(a == b && memcmp(kept, got, a) == 0);
        for (int64_t d = 0; d < corpus.documents; d++) {
            const char *one = document(&corpus, d);
            CHECK(*one && *one != '\n' && !strstr(one, "\n\n"));
        }
    }
}

static void odd_bytes_are_kept_and_counted(void)
{
    static const char text[] = "a\0b\n\n\xff\xfe ok \xc3\xa9 \xc0\xaf\n";
    vsh_corpus corpus = read_bytes(text, sizeof text - 1);

    CHECK_INT(corpus.bytes, (int64_t)sizeof text - 1 - 3);
    CHECK_HAS(corpus.description, "1 NUL bytes");
    CHECK_HAS(corpus.description, "4 bytes that are not UTF-8");
    CHECK(memcmp(corpus.text, "a\0b\xff", 4) == 0);
}

static void a_file_without_text_is_refused(void)
{
    static const char *const texts[] = {"", "\n", "\r\n\r\n\n"};
    vsh_corpus corpus;

    for (size_t i = 0; i < 3; i++) {
        make_file(texts[i], strlen(texts[i]));
        CHECK_FAILS(vsh_corpus_read(vsh_test_arena(), path, &corpus, &err), &err, VSH_EINPUT,
                    "no text in it");
        unlink(path);
    }
    CHECK_FAILS(vsh_corpus_read(vsh_test_arena(), "/tmp/vsh-no-such-file", &corpus, &err), &err,
                VSH_EINPUT, "No such file");
    CHECK_FAILS(vsh_corpus_read(vsh_test_arena(), "/tmp", &corpus, &err), &err, VSH_EINPUT,
                "expected a regular file");
}

/* ---- choosing ----------------------------------------------------------------------------- */

/* A corpus of numbered documents. */
static vsh_corpus numbered(int count)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (int i = 0; i < count; i++)
        vsh_text_add(&text, "headword %d\nline two of it\n\n", i);
    return read_bytes(text.data, text.length);
}

static void one_document_in_n_is_held_out(void)
{
    vsh_corpus corpus = numbered(5000);
    int held = 0;

    for (int64_t i = 0; i < corpus.documents; i++)
        held += vsh_corpus_held_out(&corpus, i, 50);
    CHECK_NEAR(held, 100, 0, 40); /* 4 standard deviations */
    CHECK(!vsh_corpus_held_out(&corpus, 0, 0));
    CHECK(vsh_corpus_held_out(&corpus, 0, 1));
}

static void only_the_first_line_decides_what_is_held_out(void)
{
    static const char text[] =
        "same head\nbody one\n\nother\n\nsame head\nanother body\n\nsame head";
    vsh_corpus corpus = read_bytes(text, sizeof text - 1);

    for (int64_t one_in = 2; one_in < 40; one_in++) {
        bool first = vsh_corpus_held_out(&corpus, 0, one_in);
        CHECK(vsh_corpus_held_out(&corpus, 2, one_in) == first);
        CHECK(vsh_corpus_held_out(&corpus, 3, one_in) == first);
    }
}

static void a_sample_has_no_held_out_document(void)
{
    vsh_corpus corpus = numbered(4000), sample;
    vsh_text text = {.arena = vsh_test_arena()}, again = {.arena = vsh_test_arena()};

    REQUIRE(vsh_corpus_sample(&corpus, 20, corpus.bytes / 4, &text));
    REQUIRE(vsh_corpus_sample(&corpus, 20, corpus.bytes / 4, &again));
    CHECK(text.length == again.length && memcmp(text.data, again.data, text.length) == 0);
    CHECK_NEAR((double)text.length, 0.25 * (double)corpus.bytes, 0.15, 0);
    sample = read_bytes(text.data, text.length);
    for (int64_t i = 0; i < sample.documents; i++)
        CHECK(!vsh_corpus_held_out(&sample, i, 20));
}

const vsh_test vsh_tests[] = {
    {"blank_lines_end_documents", blank_lines_end_documents},
    {"a_file_without_blank_lines_is_one_document", a_file_without_blank_lines_is_one_document},
    {"no_byte_of_a_document_is_lost", no_byte_of_a_document_is_lost},
    {"odd_bytes_are_kept_and_counted", odd_bytes_are_kept_and_counted},
    {"a_file_without_text_is_refused", a_file_without_text_is_refused},
    {"one_document_in_n_is_held_out", one_document_in_n_is_held_out},
    {"only_the_first_line_decides_what_is_held_out", only_the_first_line_decides_what_is_held_out},
    {"a_sample_has_no_held_out_document", a_sample_has_no_held_out_document},
    {NULL, NULL},
};
