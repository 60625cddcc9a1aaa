#include "trainer/text/jsonl.h"

#include <stdio.h>
#include <string.h>

#include "core/rng.h"
#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "jsonl";

/* In memory of exactly its length, so that a sanitizer sees a step beyond. */
static bool read_bytes(const char *line, size_t length, vsh_jsonl *found)
{
    char *own = vsh_alloc(vsh_test_arena(), length + 64, 1);

    memcpy(own, line, length);
    memset(own + length, '"', 63); /* what lies behind must not matter */
    return vsh_jsonl_read(own, (int64_t)length, found);
}

static const char *text_of(const char *line)
{
    vsh_jsonl found;

    if (!read_bytes(line, strlen(line), &found))
        return found.why;
    return vsh_copy_text(vsh_test_arena(), found.text, (size_t)found.bytes);
}

static void refused(const char *line, const char *why)
{
    vsh_jsonl found;

    CHECK(!read_bytes(line, strlen(line), &found));
    CHECK_HAS(found.why, why);
    CHECK(found.at >= 0 && found.at <= (int64_t)strlen(line));
}

static void text_is_found_wherever_it_stands(void)
{
    CHECK_TEXT(text_of("{\"text\":\"a b\"}"), "a b");
    CHECK_TEXT(text_of(" { \"text\" : \"a\" } \r"), "a");
    CHECK_TEXT(text_of("{\"text\":\"\"}"), "");
    CHECK_TEXT(text_of("{\"id\":1,\"text\":\"a\",\"x\":[{\"text\":\"no\"},2]}"), "a");
    CHECK_TEXT(text_of("{\"x\":{\"text\":\"no\",\"y\":{}},\"z\":[],\"text\":\"a\"}"), "a");
    CHECK_TEXT(text_of("{\"t\\u0065xt\":\"a\"}"), "a"); /* a name is what it stands for */
    CHECK_TEXT(text_of("{\"x\":\"text\",\"text\":\"a\",\"Text\":\"b\",\"text2\":\"c\"}"), "a");
}

static void values_of_all_kinds_are_passed_over(void)
{
    CHECK_TEXT(text_of("{\"a\":true,\"b\":false,\"c\":null,\"text\":\"a\"}"), "a");
    CHECK_TEXT(text_of("{\"a\":[0,-0,1.5,-1e9,2E+3,3e-40,1e999],\"text\":\"a\"}"), "a");
    CHECK_TEXT(text_of("{\"a\":[[],[[ ]],{ },[{}],\"]}\"],\"text\":\"a\"}"), "a");
}

static void escapes_are_decoded(void)
{
    CHECK_TEXT(text_of("{\"text\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"), "\"\\/\b\f\n\r\t");
    CHECK_TEXT(text_of("{\"text\":\"\\u0041\\u00e9\\u20aC\\uD83d\\ude00\"}"),
               "A\xc3\xa9\xe2\x82\xac"
               "\xf0\x9f\x98\x80");
    CHECK_TEXT(text_of("{\"text\":\"na\xc3\xafve 0123456789 \\n \xe6\x97\xa5 end\"}"),
               "na\xc3\xafve 0123456789 \n \xe6\x97\xa5 end");
    CHECK_TEXT(text_of("{\"text\":\"\\uffff\\ud800\\udc00\\udbff\\udfff\"}"),
               "\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

static void escaped_nul_is_a_byte_of_the_text(void)
{
    static const char line[] = "{\"text\":\"a\\u0000b\\u0000\"}";
    vsh_jsonl found;

    REQUIRE(read_bytes(line, sizeof line - 1, &found));
    CHECK_INT(found.bytes, 4);
    CHECK_INT(found.nul, 2);
    CHECK(memcmp(found.text, "a\0b", 4) == 0);
}

static void what_is_no_object_with_a_text_is_refused(void)
{
    static const char expected[] = "expected an object with a \"text\"";

    refused("", expected);
    refused("   ", expected);
    refused("[\"text\"]", expected);
    refused("\"text\"", expected);
    refused("12", expected);
    refused("{}", expected);
    refused("{\"id\":1}", expected);
    refused("{\"TEXT\":\"a\"}", expected);
    refused("{\"x\":{\"text\":\"a\"}}", expected);
    refused("{\"text\":1}", "expected a string");
    refused("{\"text\":null}", "expected a string");
    refused("{\"text\":[\"a\"]}", "expected a string");
    refused("{\"text\":{\"text\":\"a\"}}", "expected a string");
    refused("{\"text\":\"a\",\"text\":\"a\"}", "second");
    refused("{\"text\":\"a\",\"te\\u0078t\":\"b\"}", "second");
}

static void bad_json_is_refused(void)
{
    static const char *const lines[] = {
        "{",
        "{\"",
        "{\"text",
        "{\"text\"",
        "{\"text\":",
        "{\"text\":\"",
        "{\"text\":\"a",
        "{\"text\":\"a\"",
        "{\"text\":\"a\",",
        "{\"text\":\"a\",}",
        "{,\"text\":\"a\"}",
        "{\"text\":\"a\"}}",
        "{\"text\":\"a\"} x",
        "{\"text\":\"a\"}{\"text\":\"b\"}",
        "{\"text\":\"a\" \"b\":1}",
        "{\"text\" \"a\"}",
        "{text:\"a\"}",
        "{'text':'a'}",
        "{\"text\":\"a\",\"b\":[}",
        "{\"text\":\"a\",\"b\":[1,]}",
        "{\"text\":\"a\",\"b\":[1 2]}",
        "{\"text\":\"a\",\"b\":[1}]",
        "{\"text\":\"a\",\"b\":{1:2}}",
        "{\"text\":\"a\",\"b\":{,}}",
        "{\"text\":\"a\",\"b\":01}",
        "{\"text\":\"a\",\"b\":+1}",
        "{\"text\":\"a\",\"b\":.5}",
        "{\"text\":\"a\",\"b\":1.}",
        "{\"text\":\"a\",\"b\":1e}",
        "{\"text\":\"a\",\"b\":-}",
        "{\"text\":\"a\",\"b\":NaN}",
        "{\"text\":\"a\",\"b\":tru}",
        "{\"text\":\"a\",\"b\":True}",
        "{\"text\":\"a\",\"b\":}",
        "{\"text\":\"a\"}//",
        "\xef\xbb\xbf{\"text\":\"a\"}",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        refused(lines[i], "");
}

static void bad_strings_are_refused(void)
{
    refused("{\"text\":\"\\x\"}", "escape");
    refused("{\"text\":\"\\", "escape");
    refused("{\"text\":\"\\u12\"}", "hexadecimal");
    refused("{\"text\":\"\\u00g0\"}", "hexadecimal");
    refused("{\"text\":\"\\ud800\"}", "surrogate");
    refused("{\"text\":\"\\ud800\\n\"}", "surrogate");
    refused("{\"text\":\"\\ud800\\u0041\"}", "surrogate");
    refused("{\"text\":\"\\udc00\\ud800\"}", "surrogate");
    refused("{\"text\":\"\\ud800", "surrogate");
    refused("{\"text\":\"a\tb\"}", "control");
    refused("{\"text\":\"abcdefghijk\x01\"}", "control");
    refused("{\"text\":\"\xff\"}", "UTF-8");
    refused("{\"text\":\"\xc0\x80\"}", "UTF-8");
    refused("{\"text\":\"\xed\xa0\x80\"}", "UTF-8");
    refused("{\"text\":\"\xf4\x90\x80\x80\"}", "UTF-8");
    refused("{\"text\":\"\xe2\x82\"}", "UTF-8");
    refused("{\"text\":\"a\",\"b\":\"\xff\"}", "UTF-8");
    refused("{\"\xff\":1,\"text\":\"a\"}", "UTF-8");
}

static void depth_is_bounded(void)
{
    vsh_text line = {.arena = vsh_test_arena()};

    for (int depth = VSH_JSONL_DEPTH; depth <= VSH_JSONL_DEPTH + 1; depth++) {
        line.length = 0;
        vsh_text_add(&line, "{\"text\":\"a\",\"x\":");
        for (int i = 0; i < depth; i++)
            vsh_text_put(&line, i % 2 ? "[" : "{\"y\":", i % 2 ? 1 : 5);
        vsh_text_put(&line, "0", 1);
        for (int i = depth; i-- > 0;)
            vsh_text_put(&line, i % 2 ? "]" : "}", 1);
        vsh_text_put(&line, "}", 1);
        CHECK_HAS(text_of(line.data), depth == VSH_JSONL_DEPTH ? "a" : "in each other");
    }
    line.length = 0;
    for (int i = 0; i < 1 << 20; i++)
        vsh_text_put(&line, "[", 1);
    CHECK_HAS(text_of(line.data), "expected an object");
}

static uint32_t draw(uint64_t stream, uint64_t *at, uint32_t below)
{
    return (uint32_t)(vsh_random_uniform(11, stream, (*at)++) * below);
}

static void put_character(vsh_text *text, uint32_t c)
{
    char bytes[4];
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = length; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(length == 1 ? c : (0xf00u >> length & 0xf0u) | c);
    vsh_text_put(text, bytes, length);
}

static void put_escaped(vsh_text *line, uint32_t c)
{
    if (c < 0x10000)
        vsh_text_add(line, "\\u%04x", c);
    else
        vsh_text_add(line, "\\u%04X\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                     0xdc00 + ((c - 0x10000) & 0x3ff));
}

/* Characters of all lengths, each plain or escaped by chance. */
static void any_text_comes_back(void)
{
    static const uint32_t above[] = {0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000};

    for (uint64_t stream = 0; stream < 400; stream++) {
        vsh_text text = {.arena = vsh_test_arena()}, line = {.arena = vsh_test_arena()};
        uint64_t at = 0;
        vsh_jsonl found;
        vsh_text_add(&line, "{\"text\":\"");
        for (uint32_t i = draw(stream, &at, 60); i > 0; i--) {
            uint32_t c = draw(stream, &at, above[draw(stream, &at, 6)]);
            c = c >= 0xd800 && c < 0xe000 ? 'x' : c;
            put_character(&text, c);
            if (c < 0x20 || c == '"' || c == '\\' || draw(stream, &at, 4) == 0)
                put_escaped(&line, c);
            else
                put_character(&line, c);
        }
        vsh_text_add(&line, "\"}");
        REQUIRE(read_bytes(line.data, line.length, &found));
        CHECK_INT(found.bytes, (int64_t)text.length);
        CHECK(memcmp(found.text, text.length ? text.data : "", text.length) == 0);
    }
}

/* Every beginning of a good line is refused, and no byte behind it is looked at. */
static void cut_lines_are_refused(void)
{
    static const char line[] =
        "{\"a\":[1.5e3,true,{\"b\":\"\\u00e9\\ud83d\\ude00\xc3\xa9\"}],\"text\":\"some \\n text\"}";
    vsh_jsonl found;

    for (size_t i = 0; i + 1 < sizeof line; i++)
        CHECK_INT(read_bytes(line, i, &found), 0);
    CHECK(read_bytes(line, sizeof line - 1, &found));
}

const vsh_test vsh_tests[] = {
    {"text_is_found_wherever_it_stands", text_is_found_wherever_it_stands},
    {"values_of_all_kinds_are_passed_over", values_of_all_kinds_are_passed_over},
    {"escapes_are_decoded", escapes_are_decoded},
    {"escaped_nul_is_a_byte_of_the_text", escaped_nul_is_a_byte_of_the_text},
    {"what_is_no_object_with_a_text_is_refused", what_is_no_object_with_a_text_is_refused},
    {"bad_json_is_refused", bad_json_is_refused},
    {"bad_strings_are_refused", bad_strings_are_refused},
    {"depth_is_bounded", depth_is_bounded},
    {"any_text_comes_back", any_text_comes_back},
    {"cut_lines_are_refused", cut_lines_are_refused},
    {NULL, NULL},
};
