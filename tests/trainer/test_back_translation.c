#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/trainer/test_folder.h"
#include "trainer/text/back_translation.h"

const char vsh_suite[] = "back_translation";

static vsh_error err;
static int64_t failed;

/* ---- a translator made here -------------------------------------------------------------------
 */

/* A folder with a program named apertium, first in PATH while it stands. */
static char program[96], path_before[8192];

/* list: what apertium -l prints. there and back: shell commands for each mode. */
static void stand_in(const char *list, const char *there, const char *back)
{
    vsh_text script = {.arena = vsh_test_arena()};
    char path[8300];

    snprintf(path_before, sizeof path_before, "%s", getenv("PATH") ? getenv("PATH") : "");
    folder_of_test();
    snprintf(program, sizeof program, "%s/apertium", test_folder);
    vsh_text_add(&script,
                 "#!/bin/sh\ncase \"$*\" in\n-l) printf '%s' ;;\n'-u eng-spa') %s ;;\n"
                 "'-u spa-eng') %s ;;\n*) echo \"odd call: $*\" >&2; exit 9 ;;\nesac\n",
                 list, there, back);
    REQUIRE_OK(vsh_file_write(program, &script, &err), &err);
    REQUIRE(chmod(program, 0700) == 0);
    snprintf(path, sizeof path, "%s:%s", test_folder, path_before);
    setenv("PATH", path, 1);
}

/* Nothing else is left in the folder. */
static void take_down(void)
{
    setenv("PATH", path_before, 1);
    unlink(program);
    CHECK(rmdir(test_folder) == 0);
}

static const char both[] = "  eng-spa\\n  spa-eng\\n  spa-eng_US\\n";

static vsh_document document_of(const char *text)
{
    return (vsh_document){.text = text, .bytes = (int64_t)strlen(text)};
}

enum { FEW = 5 };
static const char *const few[FEW] = {"The first text is here.", "A second text,\nof two lines.",
                                     "And the third one", "fourth", "The last text of them."};

static vsh_status translate_few(vsh_document *out)
{
    vsh_document documents[FEW];

    for (int i = 0; i < FEW; i++)
        documents[i] = document_of(few[i]);
    return vsh_back_translate(vsh_test_arena(), test_folder, documents, FEW, NULL, out, &failed,
                              &err);
}

static const char *text_at(const vsh_document *out, int i)
{
    return out[i].text ? out[i].text : "(none)";
}

/* ---- claims -----------------------------------------------------------------------------------
 */

static void texts_go_there_and_back(void)
{
    vsh_document out[FEW];

    stand_in(both, "sed s/text/texto/", "sed s/The/Der/");
    REQUIRE_OK(translate_few(out), &err);
    CHECK_TEXT(text_at(out, 0), "Der first texto is here.");
    CHECK_TEXT(text_at(out, 1), "A second texto,\nof two lines.");
    CHECK_TEXT(text_at(out, 2), "(none)"); /* the same as before */
    CHECK_TEXT(text_at(out, 3), "(none)");
    CHECK_TEXT(text_at(out, 4), "Der last texto of them.");
    CHECK_INT(out[0].bytes, (int64_t)strlen(out[0].text));
    take_down();
}

static void white_space_around_texts_may_change(void)
{
    vsh_document out[FEW];

    stand_in(both, "sed -e s/text/texto/ -e 's/$/ /' | grep .", "sed 'G;G'");
    REQUIRE_OK(translate_few(out), &err);
    CHECK_TEXT(text_at(out, 0), "The first texto is here.");
    CHECK_TEXT(text_at(out, 4), "The last texto of them.");
    take_down();
}

/* A text whose mark, or whose neighbour's mark, did not come back is dropped. */
static void lost_marks_never_give_a_text_to_another(void)
{
    static const struct {
        const char *command;
        const char *kept; /* y: the text comes, n: it does not */
    } cases[] = {
        {"sed /QVSHQ2QZ/d", "ynnyy"},
        {"sed s/QVSHQ2QZ/qvshq2qz/", "ynnyy"},
        {"sed 's/QVSHQ2QZ/QVSHQ 2 QZ/'", "ynnyy"},
        {"sed 's/QVSHQ2QZ/QVSHQ002QZ/'", "ynnyy"},
        {"sed 's/QVSHQ2QZ/QVSHQ2QX/'", "ynnyy"},
        {"sed 's/QVSHQ2QZ/QVSHQ3QZ/'", "ynnyy"},
        {"sed /QVSHQ0QZ/d", "nyyyy"},
        {"sed /QVSHQ5QZ/d", "yyyyn"},
        {"sed /QVSHQ/d", "nnnnn"},
        {"head -c 60", "ynnnn"},
        {"tac", "nnnnn"},
        {"sed 's/QVSHQ3QZ/& more/'", "yynny"},
        {"sed 's/QVSHQ3QZ/QVSHQ99999999999999999999QZ/'", "yynny"},
        {"cat /dev/null", "nnnnn"},
    };
    vsh_document out[FEW];

    for (size_t t = 0; t < sizeof cases / sizeof cases[0]; t++) {
        stand_in(both, "sed /[a-z]/s/$/./", cases[t].command);
        REQUIRE_OK(translate_few(out), &err);
        for (int i = 0; i < FEW; i++) {
            CHECK_INT(out[i].text != NULL, cases[t].kept[i] == 'y');
            if (out[i].text)
                CHECK(strncmp(out[i].text, few[i], 4) == 0);
        }
        take_down();
    }
}

static void much_longer_and_shorter_ones_are_none(void)
{
    vsh_document documents[] = {document_of("abcdef"), document_of("abcdefghi"),
                                document_of("xxxxxxxxxx"), document_of("yyyyyyyyyyyyyyyyyyy")};
    vsh_document out[4];

    stand_in(both, "sed -e s/^abcdef$/123456789012345678/ -e s/^abcdefghi$/123/",
             "sed -e s/^xx*$/123/ -e 's/^yy*$/&&&&/'");
    REQUIRE_OK(
        vsh_back_translate(vsh_test_arena(), test_folder, documents, 4, NULL, out, &failed, &err),
        &err);
    CHECK_TEXT(text_at(out, 0), "123456789012345678"); /* three times */
    CHECK_TEXT(text_at(out, 1), "123");                /* a third */
    CHECK_TEXT(text_at(out, 2), "(none)");
    CHECK_TEXT(text_at(out, 3), "(none)");
    take_down();
}

/* Malformed bytes end the translator's text, marks would mix documents up: neither goes. */
static void texts_that_cannot_go_stay_and_the_others_go(void)
{
    vsh_document documents[] = {document_of("first"),
                                {"b\xff"
                                 "d text",
                                 8, 1, 0, 0},
                                {"a\0b", 3, 0, 1, 0},
                                document_of("x\nQVSHQ4QZ\ny"),
                                document_of("a qvshq1qz"),
                                document_of("last"),
                                document_of(" \n ")};
    vsh_document out[7];
    vsh_text seen = {.arena = vsh_test_arena()};
    char path[128];

    stand_in(both, "tee \"$(dirname \"$0\")/seen\" | sed s/st/ST/", "cat");
    REQUIRE_OK(
        vsh_back_translate(vsh_test_arena(), test_folder, documents, 7, NULL, out, &failed, &err),
        &err);
    snprintf(path, sizeof path, "%s/seen", test_folder);
    CHECK_OK(vsh_file_read(path, &seen, &err), &err);
    CHECK(memchr(seen.data, 0xff, seen.length) == NULL);
    CHECK(memchr(seen.data, 0, seen.length) == NULL);
    CHECK(strstr(seen.data, "qvsh") == NULL);
    unlink(path);
    CHECK_TEXT(text_at(out, 0), "firST");
    for (int i = 1; i < 5; i++)
        CHECK_TEXT(text_at(out, i), "(none)");
    CHECK_TEXT(text_at(out, 5), "laST");
    CHECK_TEXT(text_at(out, 6), "(none)");
    take_down();
}

static void malformed_translations_are_none(void)
{
    vsh_document out[FEW];

    stand_in(both, "sed s/text/texto/", "sed -e 's/first/\\xff/' -e 's/second/\\x00/'");
    REQUIRE_OK(translate_few(out), &err);
    CHECK_TEXT(text_at(out, 0), "(none)");
    CHECK_TEXT(text_at(out, 1), "(none)");
    CHECK_TEXT(text_at(out, 4), "The last texto of them.");
    take_down();
}

/* Batches are cut at 4 MiB; every call of the translator leaves a line. */
static void many_texts_go_in_batches(void)
{
    enum { DOCUMENTS = 90, BYTES = 100000 };
    vsh_document documents[DOCUMENTS], out[DOCUMENTS];
    vsh_text said = {.arena = vsh_test_arena()};
    char counted[128];

    for (int i = 0; i < DOCUMENTS; i++) {
        char *text = vsh_alloc(vsh_test_arena(), BYTES + 1, 1);
        memset(text, 'a' + i % 26, BYTES);
        for (int at = 0; at < BYTES; at += 80)
            text[at] = ' ';
        snprintf(text, 16, "Number %d", i);
        text[strlen(text)] = ' ';
        documents[i] = document_of(text);
    }
    stand_in(both, "echo >> \"$(dirname \"$0\")/count\"; sed s/Number/No./", "cat");
    REQUIRE_OK(vsh_back_translate(vsh_test_arena(), test_folder, documents, DOCUMENTS, NULL, out,
                                  &failed, &err),
               &err);
    for (int i = 0; i < DOCUMENTS; i++) {
        char begin[16];
        snprintf(begin, sizeof begin, "No. %d ", i);
        REQUIRE(out[i].text != NULL);
        CHECK(strncmp(out[i].text, begin, strlen(begin)) == 0);
        CHECK_INT(out[i].bytes, documents[i].bytes - 3);
    }
    snprintf(counted, sizeof counted, "%s/count", test_folder);
    CHECK_OK(vsh_file_read(counted, &said, &err), &err);
    CHECK_INT((int64_t)said.length, 3); /* 9 MB */
    unlink(counted);
    take_down();
}

static void a_missing_translator_says_what_to_install(void)
{
    vsh_document out[FEW];

    stand_in(both, "cat", "cat");
    unlink(program);
    setenv("PATH", test_folder, 1);
    CHECK_FAILS(vsh_back_translation_check(&err), &err, VSH_EINPUT,
                "apt install apertium apertium-eng-spa");
    CHECK_FAILS(translate_few(out), &err, VSH_EINPUT, "apt install apertium apertium-eng-spa");
    CHECK(strchr(err.text, '\n') == NULL);
    take_down();
}

static void a_missing_pair_of_languages_is_told(void)
{
    stand_in("  eng-spa\\n  spa-eng_US\\n", "cat", "cat");
    CHECK_FAILS(vsh_back_translation_check(&err), &err, VSH_EINPUT,
                "apertium -l does not list spa-eng");
    take_down();
    stand_in("", "cat", "cat");
    CHECK_FAILS(vsh_back_translation_check(&err), &err, VSH_EINPUT, "does not list eng-spa");
    take_down();
    stand_in(both, "cat", "cat");
    CHECK_OK(vsh_back_translation_check(&err), &err);
    take_down();
}

/* Ends with a complaint or a signal, or says too much: the batch is lost, not the build. */
static void a_translator_that_fails_on_a_batch_loses_that_batch(void)
{
    static const char *const ways[][2] = {
        {"cat", "echo lost my dictionary >&2; exit 4"}, {"kill -9 $$", "cat"}, {"yes", "cat"}};
    vsh_document out[FEW];

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        stand_in(both, ways[i][0], ways[i][1]);
        CHECK_OK(translate_few(out), &err);
        CHECK_INT(failed, FEW);
        for (int k = 0; k < FEW; k++)
            CHECK_TEXT(text_at(out, k), "(none)");
        take_down();
    }
}

/* 9 MB are three batches; the one with number 50 in it is the second. */
static void the_other_batches_come_back(void)
{
    enum { DOCUMENTS = 90, BYTES = 100000 };
    vsh_document documents[DOCUMENTS], out[DOCUMENTS];
    int came = 0;

    for (int i = 0; i < DOCUMENTS; i++) {
        char *text = vsh_alloc(vsh_test_arena(), BYTES + 1, 1);
        memset(text, 'a', BYTES);
        snprintf(text, 16, "Number %d", i);
        text[strlen(text)] = ' ';
        documents[i] = document_of(text);
    }
    stand_in(both, "sed -e \"/Number 50 /q7\" -e s/Number/No./", "cat");
    REQUIRE_OK(vsh_back_translate(vsh_test_arena(), test_folder, documents, DOCUMENTS, NULL, out,
                                  &failed, &err),
               &err);
    for (int i = 0; i < DOCUMENTS; i++)
        came += out[i].text != NULL;
    CHECK(failed > 30 && failed < 50);
    CHECK_INT(came, DOCUMENTS - failed);
    CHECK(!out[50].text && out[0].text && out[89].text);
    take_down();
}

static void a_stop_is_no_failure(void)
{
    volatile sig_atomic_t stop = 1;
    vsh_document documents[] = {document_of("text")}, out[1];

    stand_in(both, "exit 3", "cat");
    CHECK(vsh_back_translate(vsh_test_arena(), test_folder, documents, 1, &stop, out, &failed,
                             &err) != VSH_OK);
    CHECK_INT(failed, 0);
    take_down();
}

static void no_room_for_the_file_is_told(void)
{
    vsh_document documents[] = {document_of("text")}, out[1];

    stand_in(both, "cat", "cat");
    CHECK_FAILS(vsh_back_translate(vsh_test_arena(), "/nonexistent", documents, 1, NULL, out,
                                   &failed, &err),
                &err, VSH_EMACHINE, "/nonexistent/translate-");
    CHECK_OK(vsh_back_translate(vsh_test_arena(), "/nonexistent", documents, 0, NULL, out, &failed,
                                &err),
             &err);
    take_down();
}

/* ---- the real one, where it is ----------------------------------------------------------------
 */

static void apertium_says_it_otherwise(void)
{
    static const char *const texts[] = {
        "The quick brown fox jumps over the lazy dog.",
        "Line one of the big house [1],\n\tline two with {braces} and \\ a <tag>",
        "a paragraph without an end\n\nand another one",
        "QWERTYUIOP",
        "The small cat of the neighbour sleeps under the green table all day long.",
    };
    vsh_document documents[5], out[5], alone;

    if (vsh_back_translation_check(&err) != VSH_OK) {
        vsh_skip("apertium with apertium-eng-spa is not installed");
        return;
    }
    folder_of_test();
    for (int i = 0; i < 5; i++)
        documents[i] = document_of(texts[i]);
    REQUIRE_OK(
        vsh_back_translate(vsh_test_arena(), test_folder, documents, 5, NULL, out, &failed, &err),
        &err);
    CHECK_HAS(text_at(out, 0), "fox");
    CHECK_HAS(text_at(out, 0), "dog");
    CHECK_HAS(text_at(out, 1), "house [1],\n\t");
    CHECK_HAS(text_at(out, 1), "\\");
    CHECK_HAS(text_at(out, 2), "\n\n");
    CHECK_TEXT(text_at(out, 3), "(none)");
    CHECK_HAS(text_at(out, 4), "table");
    /* a batch does not change what one of its texts becomes */
    REQUIRE_OK(vsh_back_translate(vsh_test_arena(), test_folder, &documents[4], 1, NULL, &alone,
                                  &failed, &err),
               &err);
    CHECK_TEXT(text_at(&alone, 0), text_at(out, 4));
    CHECK(rmdir(test_folder) == 0);
}

/* Texts of the signs that its own formats are made of. */
static void apertium_keeps_odd_texts_apart(void)
{
    static const char *const signs[] = {"[",    "]",  "{",  "}", "^",    "$",  "/",       "\\",
                                        "@",    "<",  ">",  "#", "*",    "+",  "~",       "\n",
                                        "\n\n", "\t", " ",  ".", ".[]",  "[]", "[[t",     "\r",
                                        "\x01", "é",  "你", "😀", "Mr. ", "'s", "1,000.5", "[[/]]"};
    enum { DOCUMENTS = 200, SIGNS = sizeof signs / sizeof signs[0] };
    vsh_document documents[DOCUMENTS], out[DOCUMENTS];
    uint32_t state = 12345;
    int came = 0;

    if (vsh_back_translation_check(&err) != VSH_OK) {
        vsh_skip("apertium with apertium-eng-spa is not installed");
        return;
    }
    folder_of_test();
    for (int i = 0; i < DOCUMENTS; i++) {
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_text_add(&text, "Text %d of the quick brown fox ", 1000 + i);
        for (int k = 0; k < 20; k++) {
            state = state * 1664525u + 1013904223u;
            vsh_text_add(&text, "%s", signs[(state >> 8) % SIGNS]);
        }
        documents[i] = (vsh_document){.text = text.data, .bytes = (int64_t)text.length};
    }
    REQUIRE_OK(vsh_back_translate(vsh_test_arena(), test_folder, documents, DOCUMENTS, NULL, out,
                                  &failed, &err),
               &err);
    for (int i = 0; i < DOCUMENTS; i++)
        if (out[i].text) {
            char number[16];
            snprintf(number, sizeof number, "%d", 1000 + i);
            CHECK_HAS(out[i].text, number);
            came++;
        }
    CHECK_INT(came, DOCUMENTS);
    CHECK(rmdir(test_folder) == 0);
}

const vsh_test vsh_tests[] = {
    {"texts_go_there_and_back", texts_go_there_and_back},
    {"white_space_around_texts_may_change", white_space_around_texts_may_change},
    {"lost_marks_never_give_a_text_to_another", lost_marks_never_give_a_text_to_another},
    {"much_longer_and_shorter_ones_are_none", much_longer_and_shorter_ones_are_none},
    {"texts_that_cannot_go_stay_and_the_others_go", texts_that_cannot_go_stay_and_the_others_go},
    {"malformed_translations_are_none", malformed_translations_are_none},
    {"many_texts_go_in_batches", many_texts_go_in_batches},
    {"a_missing_translator_says_what_to_install", a_missing_translator_says_what_to_install},
    {"a_missing_pair_of_languages_is_told", a_missing_pair_of_languages_is_told},
    {"a_translator_that_fails_on_a_batch_loses_that_batch",
     a_translator_that_fails_on_a_batch_loses_that_batch},
    {"the_other_batches_come_back", the_other_batches_come_back},
    {"a_stop_is_no_failure", a_stop_is_no_failure},
    {"no_room_for_the_file_is_told", no_room_for_the_file_is_told},
    {"apertium_says_it_otherwise", apertium_says_it_otherwise},
    {"apertium_keeps_odd_texts_apart", apertium_keeps_odd_texts_apart},
    {NULL, NULL},
};
