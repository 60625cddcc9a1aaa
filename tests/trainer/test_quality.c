#include "trainer/text/quality.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/rng.h"
#include "core/text.h"
#include "tests/harness.h"
#include "tests/trainer/english.h"

const char vsh_suite[] = "quality";

static vsh_error err;

static int rule_called(const char *name)
{
    for (int r = 0; r < vsh_quality_rule_count; r++)
        if (strcmp(vsh_quality_rules[r].name, name) == 0)
            return r;
    REQUIRE(!"a rule of this name");
    return -1;
}

/* Scratch of a test. */
typedef struct {
    vsh_words words;
    vsh_quality *quality;
} judge;

static judge open_judge(const vsh_quality_limits *limits)
{
    judge j;

    REQUIRE_OK(vsh_words_open(vsh_test_arena(), &j.words, &err), &err);
    REQUIRE_OK(vsh_quality_open(vsh_test_arena(), limits, &j.quality, &err), &err);
    return j;
}

static judge default_judge(void)
{
    vsh_quality_limits limits;

    vsh_quality_default(&limits);
    return open_judge(&limits);
}

/* All rules off but one. */
static judge judge_of(const char *rule, double limit)
{
    vsh_quality_limits limits;

    for (int r = 0; r < VSH_QUALITY_RULES; r++)
        limits.limit[r] = (double)NAN;
    limits.limit[rule_called(rule)] = limit;
    return open_judge(&limits);
}

static int verdict(judge *j, const char *text, int64_t bytes, double *figure)
{
    vsh_document document = {.text = text, .bytes = bytes};

    vsh_words_find(&document, &j->words);
    return vsh_quality_judge(j->quality, &document, &j->words, figure);
}

/* The document has this figure by this rule: with the limit just on the good side of it, it passes;
 * just beyond, it fails and the figure is told. */
static void check_figure(const char *rule, const char *text, int64_t bytes, double want)
{
    double toward = vsh_quality_rules[rule_called(rule)].least ? -1e-9 : 1e-9, figure = -1;
    judge lenient = judge_of(rule, want + toward), strict = judge_of(rule, want - toward);

    CHECK_INT(verdict(&lenient, text, bytes, &figure), -1);
    CHECK_INT(verdict(&strict, text, bytes, &figure), rule_called(rule));
    CHECK_NEAR(figure, want, 1e-12, 1e-12);
    vsh_arena_free(vsh_test_arena());
}

static void check_text(const char *rule, const char *text, double want)
{
    check_figure(rule, text, (int64_t)strlen(text), want);
}

/* ---- characters -------------------------------------------------------------------------- */

static void words_are_counted_without_signs(void)
{
    check_text("min-words", "three words -- here !", 3);
    check_text("max-words", "three words -- here !", 3);
}

static void shares_are_of_what_is_no_white_space(void)
{
    check_text("digit-share", "ab 12 34 \n cd", 0.5);
    check_text("symbol-share", "ab $% <> \t cd", 0.5);
    check_text("symbol-share", "abc, (def)! \u2192", 3.0 / 13);
    check_text("letter-share", "ab 12 cd \u2014", 4.0 / 9);
    check_text("letter-share", "\u00e9t\u00e9 12 \u4e2d", 8.0 / 10);
    check_figure("control-share", "ab\0\x01 cd", 7, 2.0 / 6);
    check_figure("malformed-share", "ab\xff\xc3 cd\xc3\xa9", 9, 2.0 / 8);
}

static void long_words_are_those_of_ascii(void)
{
    char text[256] = "aGVsbG8sIHdvcmxkLCB0aGlzIGlzIGJhc2UgNjQgdGV4dA==", wide[256] = "";

    check_text("long-word-share", text, 1);
    check_text("long-word-share", strcat(text, " and four words more"), 48.0 / 64);
    for (int i = 0; i < 40; i++)
        strcat(wide, "\u4e2d");
    check_text("long-word-share", strcat(wide, " aGVsbG8sIHdvcmxkLCB0aGlzIGlzIGJhc2UgNjQgdGV4dA=="),
               48.0 / 168);
}

/* ---- pages ------------------------------------------------------------------------------- */

/* count words of four letters, no two alike, with a blank behind each. */
static vsh_text some_words(int first, int count)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (int i = first; i < first + count; i++)
        vsh_text_add(&text, "%c%c%c%c ", 'a' + i / 26 % 26, 'k' + i % 7, 'a' + i % 26,
                     'b' + i / 676);
    return text;
}

static void check_page(const char *rule, const vsh_text *text, double want)
{
    REQUIRE(text->data && !text->failed);
    check_figure(rule, text->data, (int64_t)text->length, want);
}

static void words_of_a_page_are_weighed(void)
{
    vsh_text text = some_words(0, 60);

    check_page("min-mean-word", &text, 4);
    text = some_words(0, 60);
    check_page("max-mean-word", &text, 4);
    text = some_words(0, 50);
    vsh_text_add(&text,
                 "\u00e9\u00e9\u00e9\u00e9 \u4e2d\u4e2d\u4e2d\u4e2d"); /* characters, not bytes */
    check_page("max-mean-word", &text, 4);
    text = some_words(0, 50);
    vsh_text_add(&text, "#tag ##");
    check_page("hash-ratio", &text, 3.0 / 52);
    text = some_words(0, 50);
    vsh_text_add(&text, "so... on..... and \u2026 a. b..");
    check_page("ellipsis-ratio", &text, 3.0 / 56);
    text = some_words(0, 50);
    vsh_text_add(&text, "1 2 3 -- x2 \u00e9 \u2192 4");
    check_page("alphabetic-words", &text, 52.0 / 58);
    text = some_words(0, 60);
    vsh_text_add(&text, "The, the \"of\" withal.");
    check_page("stop-words", &text, 2);
}

static void lines_of_a_page_are_counted(void)
{
    vsh_text text = some_words(0, 60);

    vsh_text_add(&text, "\n\u2022 one\n  - two\n-three\n\n * four...\nfive \u2026  \n\n");
    check_page("bullet-lines", &text, 3.0 / 6);
    text = some_words(0, 60);
    vsh_text_add(&text, "\n\u2022 one\n  - two\n-three\n\n * four...\nfive \u2026  \n\n");
    check_page("ellipsis-lines", &text, 2.0 / 6);
}

/* Two paragraphs of two lines, the second with one line of the first, the third the first again. */
static vsh_text repeated_lines(void)
{
    vsh_text text = some_words(0, 30);

    vsh_text_add(&text, "\nsame line\n\n  same line \nother\n \n");
    for (int i = 0; i < 2; i++) {
        vsh_text again = some_words(0, 30);
        vsh_text_add(&text, "%s\n\n", vsh_text_string(&again));
    }
    return text;
}

static void lines_and_paragraphs_that_stood_before_are_counted(void)
{
    double bytes = (double)repeated_lines().length;
    vsh_text text = repeated_lines();

    check_page("duplicate-lines", &text, 3.0 / 6);
    text = repeated_lines();
    check_page("duplicate-line-bytes", &text, (9 + 149 + 149) / bytes);
    text = repeated_lines();
    check_page("duplicate-paragraphs", &text, 1.0 / 4);
    text = repeated_lines();
    check_page("duplicate-paragraph-bytes", &text, 149 / bytes);
}

/* ---- n-grams ----------------------------------------------------------------------------- */

static vsh_text repeated_grams(int words, int times)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (int i = 0; i < times; i++) {
        vsh_text some = some_words(30 * i, 30), again = some_words(1000, words);
        vsh_text_put(&text, some.data, some.length);
        vsh_text_put(&text, again.data, again.length);
    }
    return text;
}

static void the_most_frequent_gram_is_weighed(void)
{
    for (int n = 2; n <= 4; n++) {
        vsh_text text = repeated_grams(n, 5);
        double bytes = (double)text.length;
        char rule[32];
        snprintf(rule, sizeof rule, "top-%d-gram", n);
        check_page(rule, &text, 5 * (5 * n - 1) / bytes);
        text = some_words(0, 60); /* once is not often */
        judge j = judge_of(rule, 0);
        double figure;
        CHECK_INT(verdict(&j, text.data, (int64_t)text.length, &figure), -1);
    }
}

static void what_stood_before_is_weighed_once(void)
{
    for (int n = 5; n <= 10; n++) {
        vsh_text text = repeated_grams(n + 2, 3);
        double bytes = (double)text.length, figure;
        char rule[32];
        judge j;
        snprintf(rule, sizeof rule, "duplicate-%d-grams", n);
        /* the second and third time, n + 2 words of 5 bytes but the last blank, once */
        check_page(rule, &text, 2 * (5 * (n + 2) - 1) / bytes);
        text = repeated_grams(n - 1, 3);
        j = judge_of(rule, 0);
        CHECK_INT(verdict(&j, text.data, (int64_t)text.length, &figure), -1);
    }
}

static void a_word_without_end_is_all_repetition(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (int i = 0; i < 100; i++)
        vsh_text_add(&text, "ha ");
    /* from the first byte to the last, whose blank is not among them, overlaps counted once */
    check_page("top-2-gram", &text, 299.0 / 300);
}

static void rules_of_pages_do_not_ask_short_documents(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    judge j = default_judge();
    double figure;

    for (int i = 0; i < VSH_QUALITY_WORDS - 1; i++)
        vsh_text_add(&text, "ha ");
    CHECK_INT(verdict(&j, text.data, (int64_t)text.length, &figure), -1);
    vsh_text_add(&text, "ha ");
    CHECK(verdict(&j, text.data, (int64_t)text.length, &figure) >= 0);
}

/* ---- limits ------------------------------------------------------------------------------ */

static void limits_are_set_by_name(void)
{
    vsh_quality_limits limits;

    vsh_quality_default(&limits);
    CHECK_OK(vsh_quality_set("duplicate-lines=0.5", &limits, &err), &err);
    CHECK(limits.limit[rule_called("duplicate-lines")] == 0.5);
    CHECK_OK(vsh_quality_set("min-words=off", &limits, &err), &err);
    CHECK(isnan(limits.limit[rule_called("min-words")]));
    CHECK_FAILS(vsh_quality_set("min-word=5", &limits, &err), &err, VSH_EINPUT,
                "did you mean min-words");
    CHECK_FAILS(vsh_quality_set("min-words", &limits, &err), &err, VSH_EINPUT,
                "min-words: expected");
    CHECK_FAILS(vsh_quality_set("min-words=", &limits, &err), &err, VSH_EINPUT, "got \"\"");
    CHECK_FAILS(vsh_quality_set("min-words=nan", &limits, &err), &err, VSH_EINPUT, "nan");
    CHECK_FAILS(vsh_quality_set("min-words=-1", &limits, &err), &err, VSH_EINPUT, "at least 0");
    CHECK_FAILS(vsh_quality_set("min-words=3x", &limits, &err), &err, VSH_EINPUT, "3x");
    CHECK_FAILS(vsh_quality_set("=3", &limits, &err), &err, VSH_EINPUT, "no rule");
    CHECK_FAILS(vsh_quality_set("", &limits, &err), &err, VSH_EINPUT, "no rule");
}

static void published_thresholds_are_the_defaults(void)
{
    static const char *const ours[] = {"min-words", "max-words"};

    for (int r = 0; r < vsh_quality_rule_count; r++) {
        const vsh_quality_rule *rule = &vsh_quality_rules[r];
        bool changed = strcmp(rule->name, ours[0]) == 0 || strcmp(rule->name, ours[1]) == 0;
        CHECK(isnan(rule->published) || changed || rule->published == rule->limit);
    }
    CHECK_NEAR(vsh_quality_rules[rule_called("duplicate-10-grams")].published, 0.1, 0, 0);
    CHECK_NEAR(vsh_quality_rules[rule_called("top-2-gram")].published, 0.2, 0, 0);
}

/* ---- plants ------------------------------------------------------------------------------ */

static double uniform(uint64_t stream, uint64_t at) { return vsh_random_uniform(3, stream, at); }

/* Kinds of garbage as crawls have them. */
static int64_t garbage(char *text, uint64_t kind, uint64_t seed)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    int64_t bytes = 0;

    for (uint64_t i = 0; i < 200; i++) {
        double u = uniform(seed, i);
        if (kind == 0) /* bytes */
            text[bytes++] = (char)(256 * u);
        else if (kind == 1) /* base 64 in lines of 64 */
            bytes += sprintf(text + bytes, "%c%s", base64[(int)(64 * u)], i % 64 == 63 ? "\n" : "");
        else if (kind == 2) /* a table of numbers */
            bytes += sprintf(text + bytes, "%d%s", (int)(1e6 * u), i % 4 == 3 ? "\n" : " ");
        else if (kind == 3) /* signs */
            bytes += sprintf(text + bytes, "%c", "{}<>=*&%$#@|~^_+ \n"[(int)(18 * u)]);
        else if (kind == 4) /* a menu again and again */
            bytes += sprintf(text + bytes, "%s", i % 10 ? "Home " : "\nContact us and more\n");
        else /* UTF-16 */
            bytes += sprintf(text + bytes, "%c%c", 'a' + (int)(26 * u), 0);
    }
    return bytes;
}

static void planted_garbage_is_dropped(void)
{
    judge j = default_judge();
    int64_t dropped[6] = {0};
    char text[4096];
    double figure;

    for (uint64_t i = 0; i < 600; i++)
        dropped[i % 6] += verdict(&j, text, garbage(text, i % 6, i), &figure) >= 0;
    for (int kind = 0; kind < 6; kind++)
        CHECK_INT(dropped[kind], 100);
}

/* Of the dictionary, WordNet and the Bible next to nothing is dropped: 0.44 % of the documents,
 * 763 of them two words, and 1.5 % of the bytes, most of it chapters that repeat themselves. */
static void good_text_passes(void)
{
    judge j = default_judge();
    vsh_documents english;
    int64_t documents = 0, bytes = 0;

    if (!read_english(vsh_test_arena(), &english)) {
        vsh_skip("a part of the default corpus is not installed");
        return;
    }
    for (int64_t d = 0; d < english.count; d++) {
        vsh_document document = english_document(&english, d, 1);
        double figure;
        if (verdict(&j, document.text, document.bytes, &figure) < 0)
            continue;
        documents++;
        bytes += document.bytes;
    }
    CHECK((double)documents < 0.006 * (double)english.count);
    CHECK((double)bytes < 0.02 * (double)english.open);
}

static void bad_input_is_survived(void)
{
    char *text = vsh_alloc(vsh_test_arena(), VSH_DOCUMENT_BYTES_MAX, 1);
    judge j = default_judge();
    double figure;

    CHECK(verdict(&j, text, 0, &figure) >= 0);
    CHECK(verdict(&j, text, VSH_DOCUMENT_BYTES_MAX, &figure) >= 0);
    memset(text, 0xc3, VSH_DOCUMENT_BYTES_MAX);
    CHECK(verdict(&j, text, VSH_DOCUMENT_BYTES_MAX, &figure) >= 0);
    memset(text, '\n', VSH_DOCUMENT_BYTES_MAX);
    CHECK(verdict(&j, text, VSH_DOCUMENT_BYTES_MAX, &figure) >= 0);
    memset(text, 'x', VSH_DOCUMENT_BYTES_MAX);
    CHECK(verdict(&j, text, VSH_DOCUMENT_BYTES_MAX, &figure) >= 0);
    for (int end = 0; end < 2; end++) { /* one-letter words, then one-letter lines */
        for (int i = 1; i < VSH_DOCUMENT_BYTES_MAX; i += 2)
            text[i] = " \n"[end];
        CHECK(verdict(&j, text, VSH_DOCUMENT_BYTES_MAX, &figure) >= 0);
    }
}

/* Documents of any bytes, with every rule asked for its exact figure: shares lie within 1. */
static void any_bytes_are_survived(void)
{
    static const char bytes[] = "ab \n.-#\xe2\x80\xa6\xff\0 c";
    int64_t outside = 0;

    for (int r = 0; r < vsh_quality_rule_count; r++) {
        bool is_share = strncmp(vsh_quality_rules[r].what, "share", 5) == 0;
        judge j = judge_of(vsh_quality_rules[r].name, vsh_quality_rules[r].least ? 1e9 : 0);
        for (uint64_t round = 0; round < 100; round++) {
            char text[1024];
            double figure = 0;
            for (uint64_t i = 0; i < sizeof text; i++)
                text[i] = bytes[(size_t)((sizeof bytes - 1) * uniform(round, i))];
            verdict(&j, text, (int64_t)(sizeof text * uniform(round, 2000)), &figure);
            outside += !(figure >= 0 && figure <= (is_share ? 1 : 1024));
        }
        vsh_arena_free(vsh_test_arena());
    }
    CHECK_INT(outside, 0);
}

const vsh_test vsh_tests[] = {
    {"words_are_counted_without_signs", words_are_counted_without_signs},
    {"shares_are_of_what_is_no_white_space", shares_are_of_what_is_no_white_space},
    {"long_words_are_those_of_ascii", long_words_are_those_of_ascii},
    {"words_of_a_page_are_weighed", words_of_a_page_are_weighed},
    {"lines_of_a_page_are_counted", lines_of_a_page_are_counted},
    {"lines_and_paragraphs_that_stood_before_are_counted",
     lines_and_paragraphs_that_stood_before_are_counted},
    {"the_most_frequent_gram_is_weighed", the_most_frequent_gram_is_weighed},
    {"what_stood_before_is_weighed_once", what_stood_before_is_weighed_once},
    {"a_word_without_end_is_all_repetition", a_word_without_end_is_all_repetition},
    {"rules_of_pages_do_not_ask_short_documents", rules_of_pages_do_not_ask_short_documents},
    {"limits_are_set_by_name", limits_are_set_by_name},
    {"published_thresholds_are_the_defaults", published_thresholds_are_the_defaults},
    {"planted_garbage_is_dropped", planted_garbage_is_dropped},
    {"good_text_passes", good_text_passes},
    {"bad_input_is_survived", bad_input_is_survived},
    {"any_bytes_are_survived", any_bytes_are_survived},
    {NULL, NULL},
};
