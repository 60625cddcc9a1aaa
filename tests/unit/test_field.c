#include "core/field.h"

#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "field";

static const char *const shapes[] = {"ring", "torus2d", "torus3d", "switch", NULL};

typedef struct {
    const char *name;
    int64_t layers;
    double factor;
    bool tied;
    int shape;
    vsh_figure power;
    const vsh_node *rest;
} sample;

static const vsh_field fields[] = {
    {"name", VSH_FIELD_TEXT, offsetof(sample, name), true},
    {"layers", VSH_FIELD_INTEGER, offsetof(sample, layers), false, 1, 1024},
    {"factor", VSH_FIELD_REAL, offsetof(sample, factor), false, 0.01, 1000},
    {"tied", VSH_FIELD_BOOL, offsetof(sample, tied)},
    {"shape", VSH_FIELD_WORD, offsetof(sample, shape), .words = shapes},
    {"power", VSH_FIELD_FIGURE, offsetof(sample, power), false, 1e-3, 1e6, VSH_DIM_WATTS},
    {"rest", VSH_FIELD_NODE, offsetof(sample, rest)},
    {NULL}};

static vsh_error err;

static vsh_status read_sample(const char *text, bool strict, sample *out)
{
    vsh_doc doc = vsh_test_doc(text);

    err.text[0] = '\0';
    return vsh_fields_read(&doc, doc.root, fields, strict, out, &err);
}

/* "name: x" on line 1, then line; must be refused with exactly this message. */
static void check_message(const char *line, const char *message)
{
    vsh_text text = {.arena = vsh_test_arena()};
    sample out = {0};

    vsh_text_add(&text, "name: x\n%s\n", line);
    CHECK_INT(read_sample(vsh_text_string(&text), true, &out), VSH_EINPUT);
    CHECK_TEXT(err.text, message);
}

static void each_type_is_read_into_its_place(void)
{
    sample out = {0};

    REQUIRE_OK(read_sample("{name: x, layers: 12, factor: 1.25, tied: true, shape: torus3d,\n"
                           " power: 200 W, rest: [1, 2]}",
                           true, &out),
               &err);
    CHECK_TEXT(out.name, "x");
    CHECK_INT(out.layers, 12);
    CHECK_NEAR(out.factor, 1.25, 0, 0);
    CHECK(out.tied);
    CHECK_INT(out.shape, 2);
    CHECK(out.power.known);
    CHECK_NEAR(out.power.value, 200, 0, 0);
    REQUIRE(out.rest != NULL);
    CHECK_INT(out.rest->child_count, 2);
}

static void absent_and_null_keys_leave_their_place_alone(void)
{
    sample out = {.layers = 7, .factor = 0.5, .tied = true, .shape = 3};

    REQUIRE_OK(read_sample("name: x\nlayers: null\nfactor: ~\ntied:\npower: null\n", true, &out),
               &err);
    CHECK_INT(out.layers, 7);
    CHECK_NEAR(out.factor, 0.5, 0, 0);
    CHECK(out.tied);
    CHECK_INT(out.shape, 3);
    CHECK(!out.power.known);
}

static void a_missing_or_null_required_key_is_named(void)
{
    sample out = {0};

    CHECK_FAILS(read_sample("layers: 1\n", true, &out), &err, VSH_EINPUT,
                "test.yaml:1:1: the key \"name\" is missing");
    CHECK_FAILS(read_sample("name: null\n", true, &out), &err, VSH_EINPUT,
                "the key \"name\" is missing");
}

static void an_unknown_key_is_refused_with_the_nearest_known(void)
{
    check_message("layer: 3", "test.yaml:2:1: unknown key \"layer\"; did you mean layers?");
    check_message("voltage: 3", "test.yaml:2:1: unknown key \"voltage\"");
    check_message("\"\": 3", "test.yaml:2:1: unknown key \"\"");
}

static void a_reader_that_is_not_strict_passes_over_unknown_keys(void)
{
    sample out = {0};

    CHECK_OK(read_sample("name: x\nvoltage: {deep: [1]}\n", false, &out), &err);
    CHECK_TEXT(out.name, "x");
}

static void integers_are_whole_and_in_range(void)
{
    static const char *const wrong[] = {
        "0",    "1025",  "-1",  "1.5", "1e3",  "12 W", "\"12\"", "0x10",
        "010",  "1_0",   "nan", "inf", "true", "[12]", "{a: 1}", "99999999999999999999",
        "'12'", "twelve"};
    vsh_text text;
    sample out = {0};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        text = (vsh_text){.arena = vsh_test_arena()};
        vsh_text_add(&text, "name: x\nlayers: %s\n", wrong[i]);
        CHECK_FAILS(read_sample(vsh_text_string(&text), true, &out), &err, VSH_EINPUT,
                    "test.yaml:2:9: layers: expected a whole number from 1 to 1024, got ");
    }
    CHECK_INT(out.layers, 0);
    CHECK_OK(read_sample("name: x\nlayers: 1024\n", true, &out), &err);
    CHECK_INT(out.layers, 1024);
}

static void reals_are_finite_and_in_range(void)
{
    static const char *const wrong[] = {"0",    "0.001", "1001",  "-1",     "nan", ".nan",
                                        ".inf", "inf",   "1e400", "1e-400", "0x1", "\"1.5\"",
                                        "1,5",  "[1]",   "1.5 W", "true"};
    vsh_text text;
    sample out = {0};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        text = (vsh_text){.arena = vsh_test_arena()};
        vsh_text_add(&text, "name: x\nfactor: %s\n", wrong[i]);
        CHECK_FAILS(read_sample(vsh_text_string(&text), true, &out), &err, VSH_EINPUT,
                    "test.yaml:2:9: factor: expected a number from 0.01 to 1000, got ");
    }
    CHECK_OK(read_sample("name: x\nfactor: 1e3\n", true, &out), &err);
    CHECK_NEAR(out.factor, 1000, 0, 0);
}

static void booleans_are_true_or_false_and_never_yes_or_no(void)
{
    static const char *const wrong[] = {"yes", "no", "NO",       "on", "True",
                                        "1",   "0",  "\"true\"", "[]"};
    vsh_text text;
    sample out = {0};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        text = (vsh_text){.arena = vsh_test_arena()};
        vsh_text_add(&text, "name: x\ntied: %s\n", wrong[i]);
        CHECK_FAILS(read_sample(vsh_text_string(&text), true, &out), &err, VSH_EINPUT,
                    "test.yaml:2:7: tied: expected true or false, got ");
    }
    out.tied = true;
    CHECK_OK(read_sample("name: x\ntied: false\n", true, &out), &err);
    CHECK(!out.tied);
}

static void words_come_from_the_list_and_errors_show_it(void)
{
    check_message("shape: torus", "test.yaml:2:8: shape: expected one of ring, torus2d, torus3d, "
                                  "switch, got \"torus\"; did you mean torus2d or torus3d?");
    check_message("shape: swich", "test.yaml:2:8: shape: expected one of ring, torus2d, torus3d, "
                                  "switch, got \"swich\"; did you mean switch?");
    check_message(
        "shape: [ring]",
        "test.yaml:2:8: shape: expected one of ring, torus2d, torus3d, switch, got a list");
    check_message("shape: Ring", "test.yaml:2:8: shape: expected one of ring, torus2d, torus3d, "
                                 "switch, got \"Ring\"; did you mean ring?");
}

static void a_text_is_a_scalar(void)
{
    sample out = {0};

    CHECK_FAILS(read_sample("name: [x]\n", true, &out), &err, VSH_EINPUT,
                "test.yaml:1:7: name: expected a text, got a list");
    CHECK_OK(read_sample("name: 2025-01\n", true, &out), &err);
    CHECK_TEXT(out.name, "2025-01");
}

static void a_bare_figure_is_its_value_and_nothing_is_known_of_it(void)
{
    sample out = {0};

    REQUIRE_OK(read_sample("name: x\npower: 1.2 kW\n", true, &out), &err);
    CHECK_NEAR(out.power.value, 1200, 1e-15, 0);
    CHECK_NEAR(out.power.low, 1200, 1e-15, 0);
    CHECK_NEAR(out.power.high, 1200, 1e-15, 0);
    CHECK_INT(out.power.tag, VSH_TAG_UNKNOWN);
    CHECK(out.power.source == NULL && out.power.date == NULL);
}

static void a_long_figure_keeps_source_date_tag_and_range(void)
{
    sample out = {0};

    REQUIRE_OK(read_sample("name: x\npower: {value: 200 W, low: 120 W, high: 0.25 kW,\n"
                           "  source: \"a page: with a colon\", date: 2025-01, tag: assumed}\n",
                           true, &out),
               &err);
    CHECK_NEAR(out.power.value, 200, 0, 0);
    CHECK_NEAR(out.power.low, 120, 0, 0);
    CHECK_NEAR(out.power.high, 250, 0, 0);
    CHECK_TEXT(out.power.source, "a page: with a colon");
    CHECK_TEXT(out.power.date, "2025-01");
    CHECK_INT(out.power.tag, VSH_TAG_ASSUMED);
}

static void every_tag_has_its_word(void)
{
    static const char *const tags[] = {"unknown", "specification", "measured", "calibrated",
                                       "assumed"};

    for (int tag = 0; tag < VSH_TAG_COUNT; tag++) {
        vsh_text text = {.arena = vsh_test_arena()};
        sample out = {0};
        CHECK_TEXT(vsh_tag_names[tag], tags[tag]);
        vsh_text_add(&text, "name: x\npower: {value: 1 W, tag: %s}\n", tags[tag]);
        CHECK_OK(read_sample(vsh_text_string(&text), true, &out), &err);
        CHECK_INT((int)out.power.tag, tag);
    }
}

static void bad_figures_are_refused_at_the_part_that_is_wrong(void)
{
    check_message("power: 200",
                  "test.yaml:2:8: power: expected a power such as \"200 W\", got \"200\"");
    check_message("power: 200 J",
                  "test.yaml:2:8: power: expected a power such as \"200 W\", got \"200 J\"");
    check_message("power: [200 W]",
                  "test.yaml:2:8: power: expected a power such as \"200 W\", got a list");
    check_message("power: {value: nan W}",
                  "test.yaml:2:16: value: expected a power such as \"200 W\", got \"nan W\"");
    check_message("power: {source: x}", "test.yaml:2:8: power: the key \"value\" is missing");
    check_message("power: {value: 200 W, vale: 3}",
                  "test.yaml:2:23: unknown key \"vale\"; did you mean value?");
    check_message("power: {value: 200 W, tag: guessed}",
                  "test.yaml:2:28: tag: expected one of unknown, specification, measured, "
                  "calibrated, assumed, got \"guessed\"");
    check_message("power: {value: 200 W, low: 210 W}",
                  "test.yaml:2:8: power: expected low <= value <= high");
    check_message("power: {value: 200 W, high: 190 W}",
                  "test.yaml:2:8: power: expected low <= value <= high");
}

/* Messages show their examples in quotes: whoever copies one must not read that "200 W" was
 * expected and "200 W" was found. */
static void a_quantity_in_quotes_is_read_or_the_quotes_are_named(void)
{
    sample out = {0};

    if (read_sample("name: x\npower: \"200 W\"\n", true, &out) == VSH_OK)
        CHECK_NEAR(out.power.value, 200, 0, 0);
    else
        CHECK_HAS(err.text, "quote");
}

static void a_figure_stays_in_its_range(void)
{
    sample out = {0};

    CHECK_FAILS(read_sample("name: x\npower: 0 W\n", true, &out), &err, VSH_EINPUT,
                "test.yaml:2:8: power: expected a power");
    CHECK_FAILS(read_sample("name: x\npower: -200 W\n", true, &out), &err, VSH_EINPUT,
                "got \"-200 W\"");
    CHECK_FAILS(read_sample("name: x\npower: 2000 kW\n", true, &out), &err, VSH_EINPUT,
                "got \"2000 kW\"");
    CHECK_FAILS(read_sample("name: x\npower: {value: 200 W, low: -1 W}\n", true, &out), &err,
                VSH_EINPUT, "low: ");
    CHECK(!out.power.known);
}

static void what_is_not_a_map_has_no_fields(void)
{
    sample out = {0};

    CHECK_FAILS(read_sample("[a, b]", true, &out), &err, VSH_EINPUT,
                "test.yaml:1:1: expected a map of keys, got a list");
    CHECK_FAILS(read_sample("just text", true, &out), &err, VSH_EINPUT,
                "test.yaml:1:1: expected a map of keys, got \"just text\"");
}

static void one_value_is_read_without_a_table(void)
{
    vsh_field depth = {"exits", VSH_FIELD_INTEGER, 0, false, 1, 12};
    vsh_doc doc = vsh_test_doc("[4, 13]");
    int64_t value = 0;

    CHECK_OK(vsh_field_read_value(&doc, doc.root->first, &depth, &value, &err), &err);
    CHECK_INT(value, 4);
    CHECK_FAILS(vsh_field_read_value(&doc, doc.root->last, &depth, &value, &err), &err, VSH_EINPUT,
                "test.yaml:1:5: expected a whole number from 1 to 12, got \"13\"");
    CHECK_INT(value, 4);
}

const vsh_test vsh_tests[] = {
    {"each_type_is_read_into_its_place", each_type_is_read_into_its_place},
    {"absent_and_null_keys_leave_their_place_alone", absent_and_null_keys_leave_their_place_alone},
    {"a_missing_or_null_required_key_is_named", a_missing_or_null_required_key_is_named},
    {"an_unknown_key_is_refused_with_the_nearest_known",
     an_unknown_key_is_refused_with_the_nearest_known},
    {"a_reader_that_is_not_strict_passes_over_unknown_keys",
     a_reader_that_is_not_strict_passes_over_unknown_keys},
    {"integers_are_whole_and_in_range", integers_are_whole_and_in_range},
    {"reals_are_finite_and_in_range", reals_are_finite_and_in_range},
    {"booleans_are_true_or_false_and_never_yes_or_no",
     booleans_are_true_or_false_and_never_yes_or_no},
    {"words_come_from_the_list_and_errors_show_it", words_come_from_the_list_and_errors_show_it},
    {"a_text_is_a_scalar", a_text_is_a_scalar},
    {"a_bare_figure_is_its_value_and_nothing_is_known_of_it",
     a_bare_figure_is_its_value_and_nothing_is_known_of_it},
    {"a_long_figure_keeps_source_date_tag_and_range",
     a_long_figure_keeps_source_date_tag_and_range},
    {"every_tag_has_its_word", every_tag_has_its_word},
    {"bad_figures_are_refused_at_the_part_that_is_wrong",
     bad_figures_are_refused_at_the_part_that_is_wrong},
    {"a_quantity_in_quotes_is_read_or_the_quotes_are_named",
     a_quantity_in_quotes_is_read_or_the_quotes_are_named},
    {"a_figure_stays_in_its_range", a_figure_stays_in_its_range},
    {"what_is_not_a_map_has_no_fields", what_is_not_a_map_has_no_fields},
    {"one_value_is_read_without_a_table", one_value_is_read_without_a_table},
    {NULL, NULL}};
