#include "core/cli.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "cli";

static const char *const precision_words[] = {"fp32", "bf16", "int8", NULL};

typedef struct {
    vsh_common common;
    const char *hw, *model;
    double hours, price;
    int64_t chips, tokens;
    int precision;
    bool refresh;
} sample;

static const vsh_opt options[] = {
    {VSH_OPT_TEXT, 0, "hw", "NAME", "hardware profile", offsetof(sample, hw)},
    {VSH_OPT_TEXT, 'm', "model", "FILE", "model description", offsetof(sample, model)},
    {VSH_OPT_REAL, 'H', "hours", "H", "hours at hand", offsetof(sample, hours), 0.01, 1e6},
    {VSH_OPT_REAL, 0, "price", "USD", "price of an hour", offsetof(sample, price), 0, 1e6},
    {VSH_OPT_INTEGER, 0, "chips", "N", "chips", offsetof(sample, chips), 1, 1e6},
    {VSH_OPT_INTEGER, 0, "tokens", "T", "unique tokens", offsetof(sample, tokens), 1, 9e15},
    {VSH_OPT_WORD, 0, "precision", "W", "fp32, bf16 or int8", offsetof(sample, precision), 0, 0,
     precision_words},
    {VSH_OPT_FLAG, 'r', "refresh", NULL, "measure again", offsetof(sample, refresh)},
    {VSH_OPT_LATER, 0, "report", "DIR", "write a report", 0},
    VSH_COMMON_OPTIONS(sample)};

static const vsh_command command = {.name = "count",
                                    .usage = "--model M [--hours H]",
                                    .summary = "Counts things.",
                                    .examples = "  vishwa count --model tiny-dense\n",
                                    .options = options,
                                    .operand_max = 2};

static vsh_error err;
static sample got;
static const char *operands[VSH_OPERANDS_MAX];
static int operand_count;

/* Parses words separated by single blanks; "~" stands for an empty word. */
static vsh_status parse(const char *line)
{
    static char room[4096];
    char *argv[32];
    int argc = 0;

    snprintf(room, sizeof room, "%s", line);
    for (char *word = strtok(room, " "); word && argc < 32; word = strtok(NULL, " ")) {
        if (strcmp(word, "~") == 0)
            *word = '\0';
        argv[argc++] = word;
    }
    got = (sample){.hours = -1, .price = -1};
    err.text[0] = '\0';
    return vsh_cli_parse(&command, argc, argv, &got, operands, &operand_count, &err);
}

static void check_message(const char *line, const char *message)
{
    CHECK_INT(parse(line), VSH_EINPUT);
    CHECK_TEXT(err.text, message);
}

static void nothing_given_changes_nothing(void)
{
    CHECK_OK(parse(""), &err);
    CHECK_NEAR(got.hours, -1, 0, 0);
    CHECK(got.hw == NULL && !got.common.json);
    CHECK_INT(operand_count, 0);
}

static void values_follow_a_blank_or_an_equals_sign(void)
{
    CHECK_OK(parse("--hw tpu-v5e --hours=100 --chips 8 --precision=int8 -m a.yaml -H 5"), &err);
    CHECK_TEXT(got.hw, "tpu-v5e");
    CHECK_NEAR(got.hours, 5, 0, 0); /* the last one counts */
    CHECK_INT(got.chips, 8);
    CHECK_INT(got.precision, 2);
    CHECK_TEXT(got.model, "a.yaml");
    CHECK_OK(parse("-mb.yaml -H2.5"), &err);
    CHECK_TEXT(got.model, "b.yaml");
    CHECK_NEAR(got.hours, 2.5, 0, 0);
    CHECK_OK(parse("--model=a=b.yaml"), &err);
    CHECK_TEXT(got.model, "a=b.yaml");
}

static void numbers_take_si_suffixes(void)
{
    CHECK_OK(parse("--tokens 100M --chips 1k --hours 1e3"), &err);
    CHECK_INT(got.tokens, 100000000);
    CHECK_INT(got.chips, 1000);
    CHECK_NEAR(got.hours, 1000, 0, 0);
    CHECK_OK(parse("--tokens 1.5B"), &err);
    CHECK_INT(got.tokens, 1500000000);
    CHECK_OK(parse("--tokens 8999999999999999"), &err); /* below 2^53: exact */
    CHECK_INT(got.tokens, 8999999999999999);
    CHECK_INT(parse("--tokens 9007199254740993"), VSH_EINPUT);
}

static void a_number_is_finite_decimal_and_in_range(void)
{
    static const char *const wrong[] = {"-5",   "0",    "-1e-9", "nan",   "NaN",  "inf",  "-inf",
                                        "1e400", "1e-400", "0x10", "1_000", "1,5", "abc",  "5h",
                                        "--",   "1e7",  "+",     "010"};
    char line[64];

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(line, sizeof line, "--hours=%s", wrong[i]);
        CHECK_FAILS(parse(line), &err, VSH_EINPUT,
                    "--hours: expected a number from 0.01 to 1000000, got \"");
        CHECK_NEAR(got.hours, -1, 0, 0);
    }
}

static void negative_hours_are_a_value_and_no_option(void)
{
    check_message("--hours -5", "--hours: expected a number from 0.01 to 1000000, got \"-5\"");
    check_message("--hours --json",
                  "--hours: expected a number from 0.01 to 1000000, got \"--json\"");
}

static void a_whole_number_is_whole(void)
{
    check_message("--chips 1.5", "--chips: expected a whole number from 1 to 1000000, got \"1.5\"");
    check_message("--chips 0", "--chips: expected a whole number from 1 to 1000000, got \"0\"");
    check_message("--chips 2M", "--chips: expected a whole number from 1 to 1000000, got \"2M\"");
    CHECK_OK(parse("--chips 1.5k"), &err);
    CHECK_INT(got.chips, 1500);
}

static void a_missing_or_empty_value_is_said_to_be_missing(void)
{
    check_message("--hours", "--hours: expected H, got nothing");
    check_message("--hours=", "--hours: expected H, got nothing");
    check_message("--hours ~", "--hours: expected H, got nothing");
    check_message("--model", "--model: expected FILE, got nothing");
    check_message("-m", "--model: expected FILE, got nothing");
    check_message("--hw ~", "--hw: expected NAME, got nothing");
    check_message("--precision=", "--precision: expected W, got nothing");
}

static void an_unknown_option_is_refused_with_the_nearest_known(void)
{
    check_message("--chip 3", "count: unknown option \"--chip\"; did you mean --chips?");
    check_message("--presicion fp32",
                  "count: unknown option \"--presicion\"; did you mean --precision?");
    check_message("--token=3", "count: unknown option \"--token=3\"; did you mean --tokens?");
    check_message("--voltage", "count: unknown option \"--voltage\"");
    check_message("-x", "count: unknown option \"-x\"");
}

static void an_abbreviation_is_not_guessed(void)
{
    CHECK_INT(parse("--js"), VSH_EINPUT);
    CHECK_INT(parse("--prec fp32"), VSH_EINPUT);
    CHECK_INT(parse("--hour 3"), VSH_EINPUT);
    CHECK_HAS(err.text, "did you mean --hours?");
    CHECK_INT(parse("--JSON"), VSH_EINPUT);
}

static void flags_are_set_and_cleared(void)
{
    CHECK_OK(parse("--json --refresh -h"), &err);
    CHECK(got.common.json && got.refresh && got.common.help);
    CHECK_OK(parse("-r"), &err);
    CHECK(got.refresh);
    CHECK_OK(parse("--json --no-json"), &err);
    CHECK(!got.common.json);
    CHECK_OK(parse("--no-json --json"), &err);
    CHECK(got.common.json);
}

static void a_flag_takes_no_value(void)
{
    check_message("--json=true", "--json: takes no value, got \"true\"");
    check_message("--json=", "--json: takes no value, got \"\"");
    check_message("--no-json=1", "--json: takes no value, got \"1\"");
    check_message("-rx", "--refresh: takes no value, got \"x\"");
}

static void only_flags_have_a_no_form(void)
{
    CHECK_FAILS(parse("--no-hours"), &err, VSH_EINPUT, "unknown option \"--no-hours\"");
    CHECK_FAILS(parse("--no-"), &err, VSH_EINPUT, "unknown option \"--no-\"");
    CHECK_FAILS(parse("--no"), &err, VSH_EINPUT, "unknown option \"--no\"");
    CHECK_FAILS(parse("--no-no-json"), &err, VSH_EINPUT, "unknown option");
}

static void a_word_is_one_of_the_list(void)
{
    check_message("--precision fp23", "--precision: expected one of fp32, bf16, int8, got \"fp23\"; "
                                      "did you mean fp32?");
    check_message("--precision 1",
                  "--precision: expected one of fp32, bf16, int8, got \"1\"");
    check_message("--color blue", "--color: expected one of auto, always, never, got \"blue\"");
}

static void operands_are_kept_in_order_up_to_their_number(void)
{
    CHECK_OK(parse("one --json two"), &err);
    CHECK_INT(operand_count, 2);
    CHECK_TEXT(operands[0], "one");
    CHECK_TEXT(operands[1], "two");
    CHECK(got.common.json);
    check_message("one two three", "count: unexpected word \"three\"");
}

static void after_two_dashes_all_words_are_operands(void)
{
    CHECK_OK(parse("-- --json -5"), &err);
    CHECK_INT(operand_count, 2);
    CHECK_TEXT(operands[0], "--json");
    CHECK_TEXT(operands[1], "-5");
    CHECK(!got.common.json);
    CHECK_OK(parse("-- --"), &err);
    CHECK_INT(operand_count, 1);
    CHECK_TEXT(operands[0], "--");
    CHECK_OK(parse("-"), &err); /* the usual name of standard input */
    CHECK_TEXT(operands[0], "-");
}

static void an_option_not_built_yet_says_so(void)
{
    check_message("--report out", "--report: not built yet");
    check_message("--report=out", "--report: not built yet");
}

static void the_common_options_are_those_of_the_contract(void)
{
    CHECK_OK(parse("--json --explain --seed 7 --threads 2 --color never --force --quiet --verbose "
                   "--version --help"),
             &err);
    CHECK(got.common.json && got.common.explain && got.common.force && got.common.quiet);
    CHECK(got.common.verbose && got.common.version && got.common.help);
    CHECK_INT(got.common.seed, 7);
    CHECK_INT(got.common.threads, 2);
    CHECK_TEXT(vsh_colour_words[got.common.colour], "never");
    CHECK_FAILS(parse("--threads 0"), &err, VSH_EINPUT, "--threads: ");
    CHECK_FAILS(parse("--seed -1"), &err, VSH_EINPUT, "--seed: ");
}

static void a_hostile_word_is_shown_cut_and_without_controls(void)
{
    static char line[2200];

    memset(line, 'x', sizeof line - 1);
    memcpy(line, "--\033[31m\n", 8);
    CHECK_INT(parse(line), VSH_EINPUT);
    CHECK(strchr(err.text, '\033') == NULL && strchr(err.text, '\n') == NULL);
    CHECK(strlen(err.text) < 300);
    CHECK_INT(parse("--%s%n%d"), VSH_EINPUT);
    CHECK_HAS(err.text, "\"--%s%n%d\"");
}

static void help_shows_examples_first_and_every_option(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    const char *help, *examples, *list;

    vsh_cli_help("vishwa", &command, &text);
    help = vsh_text_string(&text);
    examples = strstr(help, "vishwa count --model tiny-dense");
    list = strstr(help, "Options");
    REQUIRE(examples && list);
    CHECK(examples < list);
    CHECK_HAS(help, "vishwa count: Counts things.");
    for (const vsh_opt *o = options; o->type != VSH_OPT_END; o++) {
        char name[40], word[40];
        snprintf(name, sizeof name, "--%s", o->name);
        snprintf(word, sizeof word, "%.*s", (int)strcspn(o->help, " "), o->help);
        CHECK_HAS(list, name);
        CHECK_HAS(list, o->type == VSH_OPT_LATER ? "not built yet" : word);
    }
    CHECK_HAS(list, "-m, --model FILE             model description\n");
}

static void help_fits_a_terminal_of_80_columns(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_cli_help("vishwa", &command, &text);
    for (const char *line = vsh_text_string(&text); *line; line += strcspn(line, "\n") + 1)
        CHECK(strcspn(line, "\n") <= 80);
}

const vsh_test vsh_tests[] = {
    {"nothing_given_changes_nothing", nothing_given_changes_nothing},
    {"values_follow_a_blank_or_an_equals_sign", values_follow_a_blank_or_an_equals_sign},
    {"numbers_take_si_suffixes", numbers_take_si_suffixes},
    {"a_number_is_finite_decimal_and_in_range", a_number_is_finite_decimal_and_in_range},
    {"negative_hours_are_a_value_and_no_option", negative_hours_are_a_value_and_no_option},
    {"a_whole_number_is_whole", a_whole_number_is_whole},
    {"a_missing_or_empty_value_is_said_to_be_missing",
     a_missing_or_empty_value_is_said_to_be_missing},
    {"an_unknown_option_is_refused_with_the_nearest_known",
     an_unknown_option_is_refused_with_the_nearest_known},
    {"an_abbreviation_is_not_guessed", an_abbreviation_is_not_guessed},
    {"flags_are_set_and_cleared", flags_are_set_and_cleared},
    {"a_flag_takes_no_value", a_flag_takes_no_value},
    {"only_flags_have_a_no_form", only_flags_have_a_no_form},
    {"a_word_is_one_of_the_list", a_word_is_one_of_the_list},
    {"operands_are_kept_in_order_up_to_their_number", operands_are_kept_in_order_up_to_their_number},
    {"after_two_dashes_all_words_are_operands", after_two_dashes_all_words_are_operands},
    {"an_option_not_built_yet_says_so", an_option_not_built_yet_says_so},
    {"the_common_options_are_those_of_the_contract", the_common_options_are_those_of_the_contract},
    {"a_hostile_word_is_shown_cut_and_without_controls",
     a_hostile_word_is_shown_cut_and_without_controls},
    {"help_shows_examples_first_and_every_option", help_shows_examples_first_and_every_option},
    {"help_fits_a_terminal_of_80_columns", help_fits_a_terminal_of_80_columns},
    {NULL, NULL}};
