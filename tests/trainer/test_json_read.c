#include "trainer/base/json_read.h"

#include <string.h>

#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "json_read";

static vsh_error err;
static vsh_value root;

static vsh_status read_bytes(const char *bytes, size_t length)
{
    /* exactly as long as it is, so that a sanitizer sees a byte too far */
    char *copy = vsh_alloc(vsh_test_arena(), length ? length : 1, 1);

    REQUIRE(copy != NULL);
    memcpy(copy, bytes, length);
    return vsh_json_read(vsh_test_arena(), "x.json", copy, length, &root, &err);
}

static vsh_status read_text(const char *text) { return read_bytes(text, strlen(text)); }

static void values_of_every_kind_are_read(void)
{
    const vsh_value *list;

    REQUIRE_OK(read_text("{\"a\": [1, -2, 2.5, true, false, null, \"x\\u00e9\\n\"], \"b\": {}, "
                         "\"c\": []} \n"),
               &err);
    CHECK_INT(root.kind, VSH_VALUE_OBJECT);
    CHECK_INT(root.count, 3);
    list = vsh_value_get_kind(&root, "a", VSH_VALUE_LIST);
    REQUIRE(list != NULL && list->count == 7);
    CHECK_INT(list->item[0].integer, 1);
    CHECK_INT(list->item[1].integer, -2);
    CHECK_INT(list->item[2].kind, VSH_VALUE_REAL);
    CHECK_NEAR(list->item[2].real, 2.5, 0, 0);
    CHECK_INT(list->item[3].integer, 1);
    CHECK_INT(list->item[4].integer, 0);
    CHECK_INT(list->item[4].kind, VSH_VALUE_BOOL);
    CHECK_INT(list->item[5].kind, VSH_VALUE_NULL);
    CHECK_TEXT(list->item[6].text, "x\xc3\xa9\n");
    CHECK_TEXT(root.item[1].key, "b");
    CHECK_INT(root.item[1].count, 0);
    CHECK_INT(root.item[2].kind, VSH_VALUE_LIST);
}

static void a_member_is_found_by_its_name_and_kind(void)
{
    REQUIRE_OK(read_text("{\"a\": 1, \"b\": \"1\"}"), &err);
    CHECK(vsh_value_get(&root, "a") == &root.item[0]);
    CHECK(vsh_value_get(&root, "c") == NULL);
    CHECK(vsh_value_get_kind(&root, "b", VSH_VALUE_INTEGER) == NULL);
    CHECK(vsh_value_get(&root.item[0], "a") == NULL);
    CHECK(vsh_value_get(NULL, "a") == NULL);
}

static void whole_numbers_keep_all_63_bits(void)
{
    REQUIRE_OK(read_text("[9223372036854775807, -9223372036854775808, 1.0]"), &err);
    CHECK_INT(root.item[0].integer, INT64_MAX);
    CHECK_INT(root.item[1].integer, INT64_MIN);
    CHECK_INT(root.item[2].kind, VSH_VALUE_REAL);
}

static void what_is_not_json_is_refused_with_its_place(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "x.json:1:0: '[' or '{' expected"},
        {"1", "'[' or '{' expected"},
        {"{", "x.json:1:1: string or '}' expected"},
        {"{\"a\": 1,}", "string or '}' expected"},
        {"{\"a\": 1} {}", "end of file expected"},
        {"{\"a\": 1, \"a\": 2}", "duplicate object key"},
        {"{\"a\":\n 1, \"\\u0061\": 2}", "x.json:2:"},
        {"[\"a\\u0000b\"]", "\\u0000 is not allowed"},
        {"{\"a\\u0000b\": 1}", "NUL byte in object key"},
        {"[\"\xff\"]", "unable to decode byte 0x"},
        {"[\"\xc0\x80\"]", "unable to decode byte 0x"},
        {"[\"\xed\xa0\x80\"]", "unable to decode byte 0x"},
        {"[\"\\ud800\"]", "invalid Unicode"},
        {"[9223372036854775808]", "too big integer"},
        {"[1e400]", "real number overflow"},
        {"[NaN]", "invalid token"},
        {"[Infinity]", "invalid token"},
        {"[01]", "invalid token"},
        {"['a']", "invalid token"},
        {"[1] // x", "end of file expected"},
        {"[\"a\nb\"]", "unexpected newline"},
        {"\xef\xbb\xbf[1]", "x.json:1:"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_FAILS(read_text(cases[i].text), &err, VSH_EINPUT, cases[i].message);
    CHECK_FAILS(read_bytes("[1]\0", 4), &err, VSH_EINPUT, "x.json:1:");
    CHECK_FAILS(read_bytes("[\"a\0b\"]", 7), &err, VSH_EINPUT, "x.json:1:");
}

static void depth_and_number_of_values_are_bounded(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    char deep[200];

    memset(deep, '[', 33);
    memset(deep + 33, ']', 33);
    CHECK_FAILS(read_bytes(deep, 66), &err, VSH_EINPUT, "x.json: more than");
    CHECK_OK(read_bytes(deep + 1, 64), &err);
    /* brackets and commas inside a text are no values */
    REQUIRE_OK(read_text("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[,,,\"]"), &err);
    vsh_text_put(&text, "[0", 2);
    for (int i = 1; i < VSH_VALUES_MAX; i++)
        vsh_text_put(&text, ",0", 2);
    vsh_text_put(&text, "]", 1);
    CHECK_FAILS(read_bytes(text.data, text.length), &err, VSH_EINPUT, "more than 2097152 values");
}

const vsh_test vsh_tests[] = {
    {"values_of_every_kind_are_read", values_of_every_kind_are_read},
    {"a_member_is_found_by_its_name_and_kind", a_member_is_found_by_its_name_and_kind},
    {"whole_numbers_keep_all_63_bits", whole_numbers_keep_all_63_bits},
    {"what_is_not_json_is_refused_with_its_place", what_is_not_json_is_refused_with_its_place},
    {"depth_and_number_of_values_are_bounded", depth_and_number_of_values_are_bounded},
    {NULL, NULL}};
