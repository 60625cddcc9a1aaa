#include "trainer/data/corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/data/corpus_sources.h"

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

/* What a cleaner makes of a text. */
typedef void cleaner(const char *, size_t, vsh_documents *);

static vsh_documents clean(cleaner *by, const char *text)
{
    vsh_documents documents = vsh_documents_in(vsh_test_arena());

    by(text, strlen(text), &documents);
    REQUIRE(!documents.text.failed);
    return documents;
}

static const char *cleaned(const vsh_documents *documents, int64_t i)
{
    return document_of(documents->text.data, documents->start, i,
                       i + 1 < documents->count ? documents->start[i + 1] : documents->open);
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

/* ---- the dictionary ----------------------------------------------------------------------- */

static const char two_entries[] =
    "00-database-info\n   A notice.\n\n"
    "Lark \\Lark\\ (l[aum]rk), n. [OE. larke; cf. [AE]. {Lake}, v. i.]\n   (Zool.)\n"
    "   Any one of the\n   genus {Alauda} (family {Alaudid[ae]}). [Obs.]\n   [1913 Webster]\n\n"
    "         Hark!                      --Sydney Daily\n"
    "                                    Telegraph.\n"
    "   [1913 Webster] Larker\n\n"
    "Larker \\Lark\"er\\, larking \\lark\"ing\\ n.\n   1. A catcher.\n      [PJC]\n\n"
    "   2. (Mus.)\n      (a) Also {Zy`mo*lyt\"ic}.\n"
    "   Syn: none\n        [WordNet 1.5 +PJC]\n";

static void an_entry_becomes_prose(void)
{
    vsh_documents documents = clean(vsh_gcide_clean, two_entries);

    REQUIRE(documents.count == 2);
    CHECK_TEXT(cleaned(&documents, 0),
               "Lark, n. (Zool.) Any one of the genus Alauda (family Alaudid\u00e6). [Obs.]\n"
               "Hark! --Sydney Daily Telegraph.");
    CHECK_TEXT(cleaned(&documents, 1), "Larker, larking, n.\n1. A catcher.\n2. (Mus.)\n"
                                       "(a) Also Zymolytic. Syn: none");
}

static void bytes_of_latin_1_become_utf8(void)
{
    vsh_documents documents = clean(vsh_gcide_clean, "Caf\\caf\\ n.\n   A fa\xe7"
                                                     "ade, haven\x92t.\n");

    REQUIRE(documents.count == 1);
    CHECK_TEXT(cleaned(&documents, 0), "Caf, n. A fa\u00e7"
                                       "ade, haven't.");
}

static bool is_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        int bytes = vsh_utf8_length(text + i); /* a NUL stands behind */
        if (bytes == 0)
            return false;
        i += (size_t)bytes;
    }
    return true;
}

/* Whatever stands in the file: no memory is read that is not ours (the sanitizers watch), and what
 * comes out is UTF-8. */
static void broken_markup_is_survived(void)
{
    static const char signs[] = "\\\\[[]](){}\n\n\n  ..a1bZ*\"`'^=,\xc3\xa9";
    cleaner *const cleaners[] = {vsh_gcide_clean, vsh_wordnet_clean, vsh_bible_clean};

    for (uint64_t round = 0; round < 600; round++) {
        char text[256];
        size_t length = (size_t)(200 * vsh_random_uniform(round, 1, 0));
        vsh_documents documents = vsh_documents_in(vsh_test_arena());
        for (size_t i = 0; i < length; i++)
            text[i] = signs[(size_t)((sizeof signs - 1) * vsh_random_uniform(round, 0, i))];
        if (length > 10) {
            memcpy(text, round % 3 ? "00 0 n 02 a 0 b 0 | " : "A \\A\\ n.\n  ", 10);
        }
        cleaners[round % 3](vsh_copy_text(vsh_test_arena(), text, length), length, &documents);
        CHECK(round % 3 > 0 || is_utf8(vsh_text_string(&documents.text), (size_t)documents.open));
        for (int64_t i = 1; i < documents.count; i++)
            CHECK(documents.start[i] > documents.start[i - 1]);
    }
}

/* gcide.dict.dz as the package has it: gzip. */
static void write_gzip(const char *text)
{
    gzFile file;

    make_file("", 0);
    file = gzopen(path, "wb");
    REQUIRE(file != NULL);
    REQUIRE(gzwrite(file, text, (unsigned)strlen(text)) == (int)strlen(text));
    REQUIRE(gzclose(file) == Z_OK);
}

static void the_dictionary_is_read_from_its_compressed_file(void)
{
    vsh_documents documents = vsh_documents_in(vsh_test_arena());
    vsh_status status;

    write_gzip(two_entries);
    status = vsh_gcide_read(path, &documents, &err);
    unlink(path);
    CHECK_OK(status, &err);
    CHECK_INT(documents.count, 2);
}

static void a_damaged_dictionary_is_refused(void)
{
    vsh_documents documents = vsh_documents_in(vsh_test_arena());
    char bytes[4096];
    size_t length;
    FILE *file;

    write_gzip(two_entries);
    file = fopen(path, "rb");
    length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    unlink(path);
    for (size_t cut = 20; cut < length; cut += 7) {
        make_file(bytes, cut);
        CHECK_FAILS(vsh_gcide_read(path, &documents, &err), &err, VSH_EINPUT, "damaged");
        unlink(path);
    }
    bytes[length / 2] ^= 0x10;
    make_file(bytes, length);
    CHECK_FAILS(vsh_gcide_read(path, &documents, &err), &err, VSH_EINPUT, "damaged");
    unlink(path);
}

/* ---- WordNet and the Bible ---------------------------------------------------------------- */

static void a_synset_becomes_a_line(void)
{
    vsh_documents documents =
        clean(vsh_wordnet_clean,
              "  1 This software and database | is licensed\n"
              "00004258 03 n 02 living_thing 0 animate_thing 0 002 @ 00003553 n 0000 -c 01646941 a "
              "0000 | a living (or once living) entity  \n"
              "00908143 00 s 01 galore(ip) 0 000 | in great numbers; \"daffodils galore\"  \n"
              "garbage | here\n");

    REQUIRE(documents.count == 2);
    CHECK_TEXT(cleaned(&documents, 0),
               "living thing, animate thing: a living (or once living) entity");
    CHECK_TEXT(cleaned(&documents, 1), "galore: in great numbers; \"daffodils galore\"");
}

static void a_chapter_is_a_document(void)
{
    vsh_documents documents =
        clean(vsh_bible_clean, "Ge1:1 In the beginning.\nGe1:2 And the earth.\n"
                               "Ge2:1 Thus.\n1Jn1:1 That: which.\nXy3:4 Who?\n");

    REQUIRE(documents.count == 4);
    CHECK_TEXT(cleaned(&documents, 0), "Genesis 1\nIn the beginning.\nAnd the earth.");
    CHECK_TEXT(cleaned(&documents, 1), "Genesis 2\nThus.");
    CHECK_TEXT(cleaned(&documents, 2), "1 John 1\nThat: which.");
    CHECK_TEXT(cleaned(&documents, 3), "Xy3\nWho?");
}

/* ---- the default corpus ------------------------------------------------------------------- */

static void nothing_there_names_the_remedy(void)
{
    static const vsh_corpus_places nowhere = {
        {NULL, "/tmp/vsh-none"}, "/tmp/vsh-none", "/tmp/vsh-none"};
    vsh_corpus corpus;

    CHECK_FAILS(vsh_corpus_collect(vsh_test_arena(), &nowhere, &corpus, &err), &err, VSH_EINPUT,
                "make deps");
}

static void what_is_missing_is_said(void)
{
    vsh_corpus_places places = {{NULL, NULL}, "/tmp/vsh-none", "/tmp/vsh-none"};
    vsh_corpus corpus;
    vsh_status status;

    write_gzip(two_entries);
    places.gcide[1] = path;
    status = vsh_corpus_collect(vsh_test_arena(), &places, &corpus, &err);
    unlink(path);
    REQUIRE_OK(status, &err);
    CHECK_INT(corpus.documents, 2);
    CHECK_HAS(corpus.description, "GCIDE 0.48 (GPL-2+)");
    CHECK_HAS(corpus.description, "without WordNet 3.0 (make deps)");
}

static void the_default_corpus_is_clean(void)
{
    vsh_corpus corpus;
    vsh_status status = vsh_corpus_default(vsh_test_arena(), "data", &corpus, &err);
    int64_t marks = 0;

    if (status == VSH_EINPUT && strstr(err.text, "make deps")) {
        vsh_skip("no part of the default corpus is installed");
        return;
    }
    REQUIRE_OK(status, &err);
    REQUIRE(corpus.start[0] == 0 && corpus.start[corpus.documents] == corpus.bytes);
    for (int64_t i = 0; i < corpus.documents; i++)
        REQUIRE(corpus.start[i + 1] > corpus.start[i]);
    CHECK(is_utf8(corpus.text, (size_t)corpus.bytes));
    for (int64_t i = 0; i < corpus.bytes; i++)
        marks += strchr("\\{}\r\t", corpus.text[i]) != NULL;
    CHECK(marks < corpus.bytes / 100000);
    if (strstr(corpus.description, "without"))
        vsh_skip("a part of the default corpus is not installed");
    else
        CHECK(corpus.bytes > 40000000 && corpus.documents > 200000);
}

static void the_default_corpus_is_the_same_again(void)
{
    vsh_corpus one, two;

    if (vsh_corpus_default(vsh_test_arena(), "data", &one, &err) != VSH_OK) {
        vsh_skip("no part of the default corpus is installed");
        return;
    }
    REQUIRE_OK(vsh_corpus_default(vsh_test_arena(), "data", &two, &err), &err);
    CHECK(one.bytes == two.bytes && one.documents == two.documents &&
          memcmp(one.text, two.text, (size_t)one.bytes) == 0);
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
    {"an_entry_becomes_prose", an_entry_becomes_prose},
    {"bytes_of_latin_1_become_utf8", bytes_of_latin_1_become_utf8},
    {"broken_markup_is_survived", broken_markup_is_survived},
    {"the_dictionary_is_read_from_its_compressed_file",
     the_dictionary_is_read_from_its_compressed_file},
    {"a_damaged_dictionary_is_refused", a_damaged_dictionary_is_refused},
    {"a_synset_becomes_a_line", a_synset_becomes_a_line},
    {"a_chapter_is_a_document", a_chapter_is_a_document},
    {"nothing_there_names_the_remedy", nothing_there_names_the_remedy},
    {"what_is_missing_is_said", what_is_missing_is_said},
    {"the_default_corpus_is_clean", the_default_corpus_is_clean},
    {"the_default_corpus_is_the_same_again", the_default_corpus_is_the_same_again},
    {NULL, NULL},
};
