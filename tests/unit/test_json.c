#include "core/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "json";

static vsh_text out;

static vsh_json start(void)
{
    out = (vsh_text){.arena = vsh_test_arena()};
    return (vsh_json){.out = &out};
}

/* What was written, read again by the document reader. */
static vsh_doc read_back(void) { return vsh_test_doc(vsh_text_string(&out)); }

static void an_object_is_one_line_a_key_and_ends_its_last_line(void)
{
    vsh_json json = start();

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_object(&json, "budget");
    vsh_json_real(&json, "hours", 100);
    vsh_json_end(&json);
    vsh_json_array(&json, "ops");
    vsh_json_bool(&json, NULL, true);
    vsh_json_null(&json, NULL);
    vsh_json_end(&json);
    vsh_json_end(&json);
    CHECK_TEXT(vsh_text_string(&out), "{\n"
                                      "  \"schema_version\": 1,\n"
                                      "  \"budget\": {\n"
                                      "    \"hours\": 100\n"
                                      "  },\n"
                                      "  \"ops\": [\n"
                                      "    true,\n"
                                      "    null\n"
                                      "  ]\n"
                                      "}\n");
    CHECK(!json.refused);
}

static void empty_objects_and_arrays_are_closed(void)
{
    vsh_json json = start();

    vsh_json_object(&json, NULL);
    vsh_json_array(&json, "warnings");
    vsh_json_end(&json);
    vsh_json_object(&json, "layout");
    vsh_json_end(&json);
    vsh_json_end(&json);
    CHECK_TEXT(vsh_text_string(&out), "{\n  \"warnings\": [],\n  \"layout\": {}\n}\n");
}

static void keys_keep_the_order_they_were_written_in(void)
{
    vsh_json json = start();
    vsh_doc doc;
    const vsh_node *child;

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "z", 1);
    vsh_json_integer(&json, "a", 2);
    vsh_json_integer(&json, "m", 3);
    vsh_json_end(&json);
    doc = read_back();
    child = doc.root->first;
    CHECK_TEXT(child->key, "z");
    CHECK_TEXT(child->next->key, "a");
    CHECK_TEXT(child->next->next->key, "m");
}

/* The text of one real, without the lines around it. */
static const char *real_text(double value)
{
    static char text[64];
    vsh_json json = start();

    vsh_json_array(&json, NULL);
    vsh_json_real(&json, NULL, value);
    vsh_json_end(&json);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(out.data + 4, "\n"), out.data + 4);
    return text;
}

static void simple_reals_are_written_as_a_person_would(void)
{
    CHECK_TEXT(real_text(0.1), "0.1");
    CHECK_TEXT(real_text(100), "100");
    CHECK_TEXT(real_text(0), "0");
    CHECK_TEXT(real_text(1.8e19), "1.8e+19");
    CHECK_TEXT(real_text(2.5), "2.5");
    CHECK_TEXT(real_text(1.0 / 3), "0.3333333333333333");
}

static void every_real_reads_back_to_the_bit(void)
{
    static const double extremes[] = {DBL_MAX, -DBL_MAX, DBL_MIN, DBL_EPSILON, 4.9e-324, -0.0,
                                      9007199254740993.0, 0.1 + 0.2};

    for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++)
        CHECK_NEAR(strtod(real_text(extremes[i]), NULL), extremes[i], 0, 0);
    for (uint64_t i = 0; i < 2000; i++) {
        double value = (vsh_random_uniform(9, 1, i) - 0.5) *
                       pow(10, 600 * (vsh_random_uniform(9, 2, i) - 0.5));
        CHECK_NEAR(strtod(real_text(value), NULL), value, 0, 0);
    }
}

static void what_is_not_finite_becomes_null_and_is_remembered(void)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};

    for (int i = 0; i < 3; i++) {
        vsh_json json = start();
        vsh_json_object(&json, NULL);
        vsh_json_real(&json, "loss", bad[i]);
        vsh_json_real(&json, "hours", 1);
        vsh_json_end(&json);
        CHECK_TEXT(vsh_text_string(&out), "{\n  \"loss\": null,\n  \"hours\": 1\n}\n");
        CHECK(json.refused);
    }
}

static void integers_are_exact_in_all_64_bits(void)
{
    vsh_json json = start();

    vsh_json_array(&json, NULL);
    vsh_json_integer(&json, NULL, INT64_MIN);
    vsh_json_integer(&json, NULL, INT64_MAX);
    vsh_json_integer(&json, NULL, 9007199254740993);
    vsh_json_end(&json);
    CHECK_HAS(vsh_text_string(&out), "-9223372036854775808");
    CHECK_HAS(vsh_text_string(&out), " 9223372036854775807");
    CHECK_HAS(vsh_text_string(&out), "9007199254740993");
}

static void write_string(const char *value)
{
    vsh_json json = start();

    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "text", value);
    vsh_json_end(&json);
}

static void quotes_backslashes_and_controls_are_escaped(void)
{
    write_string("say \"hi\" \\ \n\t\x01\x7f");
    CHECK_HAS(vsh_text_string(&out), "\"say \\\"hi\\\" \\\\ \\u000a\\u0009\\u0001\\u007f\"");
}

static void a_missing_string_is_null(void)
{
    write_string(NULL);
    CHECK_TEXT(vsh_text_string(&out), "{\n  \"text\": null\n}\n");
}

static void a_string_reads_back_as_it_was(void)
{
    static const char *const texts[] = {
        "", "plain", "\"", "\\", "a b", "Zürich", "\xf0\x9f\x8e\x89 \xe2\x89\xa4",
        "null", "true", "1e400", "# no comment", "{a: [b, c]}", "- x", "&a *a", "%TAG",
        "</script>", "=cmd|' /C calc'!A0"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        vsh_doc doc;
        write_string(texts[i]);
        doc = read_back();
        CHECK_TEXT(vsh_node_get(doc.root, "text")->text, texts[i]);
        CHECK(vsh_node_get(doc.root, "text")->quoted);
    }
}

static void bytes_that_are_not_utf8_become_the_replacement_character(void)
{
    static const struct {
        const char *bytes, *shown;
    } cases[] = {
        {"a\xff", "\"a\\ufffd\""},                          /* never a lead byte */
        {"caf\xe9 x", "\"caf\\ufffd x\""},                  /* Latin-1 */
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""},                 /* overlong slash */
        {"\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},      /* overlong, three bytes */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},      /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* above U+10FFFF */
        {"\xe2\x82", "\"\\ufffd\\ufffd\""},                 /* cut short */
        {"\x80", "\"\\ufffd\""},                            /* a lone continuation */
        {"\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""},       /* U+10FFFF is the last good one */
        {"\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\""}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_string(cases[i].bytes);
        CHECK_HAS(vsh_text_string(&out), cases[i].shown);
    }
}

static void a_hostile_key_is_quoted_too(void)
{
    vsh_json json = start();
    vsh_doc doc;

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "a\"b\\: [c", 1);
    vsh_json_end(&json);
    doc = read_back();
    CHECK_TEXT(doc.root->first->key, "a\"b\\: [c");
}

static void levels_nest_as_deep_as_the_header_promises(void)
{
    vsh_json json = start();
    vsh_doc doc;

    for (int i = 0; i < VSH_JSON_DEPTH - 1; i++)
        vsh_json_array(&json, NULL);
    for (int i = 0; i < VSH_JSON_DEPTH - 1; i++)
        vsh_json_end(&json);
    CHECK_INT(json.depth, 0);
    doc = read_back();
    CHECK_INT(doc.root->child_count, 1);
}

const vsh_test vsh_tests[] = {
    {"an_object_is_one_line_a_key_and_ends_its_last_line",
     an_object_is_one_line_a_key_and_ends_its_last_line},
    {"empty_objects_and_arrays_are_closed", empty_objects_and_arrays_are_closed},
    {"keys_keep_the_order_they_were_written_in", keys_keep_the_order_they_were_written_in},
    {"simple_reals_are_written_as_a_person_would", simple_reals_are_written_as_a_person_would},
    {"every_real_reads_back_to_the_bit", every_real_reads_back_to_the_bit},
    {"what_is_not_finite_becomes_null_and_is_remembered",
     what_is_not_finite_becomes_null_and_is_remembered},
    {"integers_are_exact_in_all_64_bits", integers_are_exact_in_all_64_bits},
    {"quotes_backslashes_and_controls_are_escaped", quotes_backslashes_and_controls_are_escaped},
    {"a_missing_string_is_null", a_missing_string_is_null},
    {"a_string_reads_back_as_it_was", a_string_reads_back_as_it_was},
    {"bytes_that_are_not_utf8_become_the_replacement_character",
     bytes_that_are_not_utf8_become_the_replacement_character},
    {"a_hostile_key_is_quoted_too", a_hostile_key_is_quoted_too},
    {"levels_nest_as_deep_as_the_header_promises", levels_nest_as_deep_as_the_header_promises},
    {NULL, NULL}};
