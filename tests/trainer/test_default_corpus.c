#include "trainer/text/default_corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "core/file.h"
#include "core/rng.h"
#include "tests/trainer/test_folder.h"
#include "trainer/base/json_read.h"
#include "trainer/text/corpus_sources.h"

const char vsh_suite[] = "default_corpus";

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

static const char *document_of(const char *text, const int64_t *start, int64_t i, int64_t end)
{
    return vsh_copy_text(vsh_test_arena(), text + start[i], (size_t)(end - start[i]));
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

/* One fault of the dictionary's text each. */
static void what_is_no_prose_goes(void)
{
    static const struct {
        const char *entry, *prose;
    } cases[] = {
        {"Icteric \\Ic*ter\"ic\\ ([i^]k*t[e^]r\"[i^]k), Icterical\n\\Ic*ter\"ic*al\\, a.\n   "
         "Yellow.\n",
         "Icteric, Icterical, a. Yellow."},
        {"Lark \\Lark\\, n.\n   A bird.\n   [1913 Webster] Larker\n   Larking\n",
         "Lark, n. A bird."},
        {"Redskin \\Red\"skin`\\ (-sk?n`), n.\n   An Indian.\n", "Redskin, n. An Indian."},
        {"Accost \\Ac*cost\"\\ (#; 115), v. t.\n   To greet.\n", "Accost, v. t. To greet."},
        {"Hoof \\Hoof\\, n. (Zo[\"o]l.)\n   A nail.\n", "Hoof, n. (Zo\u00f6l.) A nail."},
        {"Nova \\No\"va\\, n.\n   A star[2]. -- {Novae} (n[=o]\"v[=e]), pl. H[2]O.\n",
         "Nova, n. A star. -- Novae, pl. H[2]O."},
        {"Style \\Style\\, n.\n   (a) [Perhaps fr. L. stilus.] A pen. [Written also stile.]\n",
         "Style, n.\n(a) A pen. [Written also stile.]"},
        {"Rule \\Rule\\, n.\n   A line. ======= See [a href=\"http:]/www.x.org\">Lines.\n",
         "Rule, n. A line. See Lines."},
        {"Ax \\Ax\\, Axe \\Axe\\,, n.\n   A tool.\n", "Ax, Axe, n. A tool."},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vsh_documents documents = clean(vsh_gcide_clean, cases[i].entry);
        REQUIRE(documents.count == 1);
        CHECK_TEXT(cleaned(&documents, 0), cases[i].prose);
    }
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

/* Nothing but the corpus may stand in it. */
static void remove_corpus(const vsh_default_corpus *corpus, const char *in)
{
    for (int i = 0; i < corpus->paths; i++)
        CHECK(unlink(corpus->path[i]) == 0);
    CHECK(rmdir(in) == 0);
}

static void nothing_there_names_the_remedy(void)
{
    static const vsh_corpus_places nowhere = {
        {NULL, "/tmp/vsh-none"}, "/tmp/vsh-none", "/tmp/vsh-none"};
    vsh_default_corpus corpus;

    CHECK_FAILS(
        vsh_default_corpus_extract(vsh_test_arena(), &nowhere, folder_of_test(), &corpus, &err),
        &err, VSH_EINPUT, "make deps");
    CHECK(rmdir(test_folder) == 0);
}

static void what_is_missing_is_said(void)
{
    vsh_corpus_places places = {{NULL, NULL}, "/tmp/vsh-none", "/tmp/vsh-none"};
    vsh_text lines = {.arena = vsh_test_arena()};
    vsh_default_corpus corpus;
    vsh_status status;

    write_gzip("Lark \\Lark\\ n.\n   1. A \"bird\".\n\n   2. Caf[eacute].\n\nA \\A\\ n.\n   B.\n");
    places.gcide[1] = path;
    status = vsh_default_corpus_extract(vsh_test_arena(), &places, folder_of_test(), &corpus, &err);
    unlink(path);
    REQUIRE_OK(status, &err);
    REQUIRE(corpus.paths == 1);
    CHECK_OK(vsh_file_read(corpus.path[0], &lines, &err), &err);
    CHECK_TEXT(vsh_text_string(&lines),
               "{\"text\": \"Lark, n.\\u000a1. A \\\"bird\\\".\\u000a2. Caf"
               "[eacute].\"}\n{\"text\": \"A, n. B.\"}\n");
    CHECK_HAS(corpus.description, "GCIDE 0.48 (GPL-2+)");
    CHECK_HAS(corpus.description, "; without WordNet 3.0, King James Bible (make deps)");
    CHECK_TEXT(corpus.missing, "WordNet 3.0, King James Bible");
    remove_corpus(&corpus, test_folder);
}

static void a_folder_that_is_not_there_is_an_error(void)
{
    vsh_corpus_places places = {{NULL, NULL}, "/tmp/vsh-none", "/tmp/vsh-none"};
    vsh_default_corpus corpus;

    write_gzip(two_entries);
    places.gcide[1] = path;
    CHECK_FAILS(
        vsh_default_corpus_extract(vsh_test_arena(), &places, "/tmp/vsh-none", &corpus, &err), &err,
        VSH_EMACHINE, "/tmp/vsh-none/gcide.jsonl");
    unlink(path);
}

typedef struct {
    int64_t documents, bytes, marks, empty, malformed;
} census;

static void count_document(const char *text, census *all)
{
    const size_t length = strlen(text);

    all->documents++;
    all->bytes += (int64_t)length;
    all->empty += length == 0;
    all->malformed += !is_utf8(text, length);
    for (size_t i = 0; i < length; i++)
        all->marks += strchr("\\{}\r\t", text[i]) != NULL;
}

/* Each line through a reader of JSON that is not ours. */
static void count_lines(const char *file, census *all)
{
    vsh_arena arena = {0};
    vsh_text text = {.arena = &arena};

    CHECK_OK(vsh_file_read(file, &text, &err), &err);
    for (const char *at = vsh_text_string(&text), *end; *at; at = end + 1) {
        vsh_arena line = {0};
        const vsh_value *document;
        vsh_value root;
        end = strchr(at, '\n');
        if (!end || vsh_json_read(&line, file, at, (size_t)(end - at), &root, &err) != VSH_OK ||
            !(document = vsh_value_get_kind(&root, "text", VSH_VALUE_TEXT))) {
            CHECK(!"a line of JSONL");
            vsh_arena_free(&line);
            break;
        }
        count_document(document->text, all);
        vsh_arena_free(&line);
    }
    vsh_arena_free(&arena);
}

static bool extract_default(vsh_default_corpus *corpus)
{
    vsh_status status =
        vsh_default_corpus_write(vsh_test_arena(), "data", folder_of_test(), corpus, &err);

    if (status == VSH_EINPUT && strstr(err.text, "make deps")) {
        rmdir(test_folder);
        vsh_skip("no part of the default corpus is installed");
        return false;
    }
    REQUIRE_OK(status, &err);
    return true;
}

static void the_default_corpus_is_clean(void)
{
    vsh_default_corpus corpus;
    census all = {0};

    if (!extract_default(&corpus))
        return;
    for (int i = 0; i < corpus.paths; i++)
        count_lines(corpus.path[i], &all);
    remove_corpus(&corpus, test_folder);
    CHECK(all.empty == 0 && all.malformed == 0);
    CHECK(all.marks < all.bytes / 100000);
    if (strstr(corpus.description, "without"))
        vsh_skip("a part of the default corpus is not installed");
    else
        CHECK(all.bytes >= 40000000 && all.documents > 200000);
}

static bool same_files(const char *a, const char *b)
{
    vsh_arena arena = {0};
    vsh_text one = {.arena = &arena}, two = {.arena = &arena};
    bool same;

    CHECK_OK(vsh_file_read(a, &one, &err), &err);
    CHECK_OK(vsh_file_read(b, &two, &err), &err);
    same =
        one.length > 0 && one.length == two.length && memcmp(one.data, two.data, one.length) == 0;
    vsh_arena_free(&arena);
    return same;
}

static void the_default_corpus_is_the_same_again(void)
{
    vsh_default_corpus one, two;
    char first[64];

    if (!extract_default(&one))
        return;
    memcpy(first, test_folder, sizeof first);
    REQUIRE(extract_default(&two));
    CHECK(one.paths == two.paths);
    for (int i = 0; i < one.paths; i++)
        CHECK(same_files(one.path[i], two.path[i]));
    remove_corpus(&one, first);
    remove_corpus(&two, test_folder);
}

const vsh_test vsh_tests[] = {
    {"an_entry_becomes_prose", an_entry_becomes_prose},
    {"what_is_no_prose_goes", what_is_no_prose_goes},
    {"bytes_of_latin_1_become_utf8", bytes_of_latin_1_become_utf8},
    {"broken_markup_is_survived", broken_markup_is_survived},
    {"the_dictionary_is_read_from_its_compressed_file",
     the_dictionary_is_read_from_its_compressed_file},
    {"a_damaged_dictionary_is_refused", a_damaged_dictionary_is_refused},
    {"a_synset_becomes_a_line", a_synset_becomes_a_line},
    {"a_chapter_is_a_document", a_chapter_is_a_document},
    {"nothing_there_names_the_remedy", nothing_there_names_the_remedy},
    {"what_is_missing_is_said", what_is_missing_is_said},
    {"a_folder_that_is_not_there_is_an_error", a_folder_that_is_not_there_is_an_error},
    {"the_default_corpus_is_clean", the_default_corpus_is_clean},
    {"the_default_corpus_is_the_same_again", the_default_corpus_is_the_same_again},
    {NULL, NULL},
};
