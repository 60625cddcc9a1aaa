#include "core/status.h"

#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "status";

static void a_failure_returns_its_status_and_one_line(void)
{
    vsh_error err;

    CHECK_INT(vsh_fail(&err, VSH_EINPUT, "%s: expected %d", "x.yaml:3:4", 5), VSH_EINPUT);
    CHECK_TEXT(err.text, "x.yaml:3:4: expected 5");
    CHECK_INT(vsh_fail(&err, VSH_EMACHINE, "disk full"), VSH_EMACHINE);
    CHECK_TEXT(err.text, "disk full");
}

static void nobody_has_to_want_the_message(void)
{
    CHECK_INT(vsh_fail(NULL, VSH_ENO, "unread %d", 1), VSH_ENO);
}

static void statuses_are_the_exit_codes_of_the_contract(void)
{
    CHECK_INT(VSH_OK, 0);
    CHECK_INT(VSH_ENO, 1);
    CHECK_INT(VSH_EINPUT, 2);
    CHECK_INT(VSH_ESTOPPED, 3);
    CHECK_INT(VSH_EMACHINE, 4);
}

static void control_characters_of_a_file_never_reach_the_terminal(void)
{
    vsh_error err;

    vsh_fail(&err, VSH_EINPUT, "%s", "a\nb\rc\033[31md\te\x7f"
                                     "f\b");
    CHECK_TEXT(err.text, "a?b?c?[31md?e?f?");
    for (const char *c = err.text; *c; c++)
        CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void text_beyond_ascii_passes_through(void)
{
    vsh_error err;

    vsh_fail(&err, VSH_EINPUT, "%s", "Zürich \xe2\x82\xac");
    CHECK_TEXT(err.text, "Zürich \xe2\x82\xac");
}

static void a_long_message_is_cut_and_terminated(void)
{
    char long_text[4000];
    vsh_error err;

    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    vsh_fail(&err, VSH_EINPUT, "%s", long_text);
    CHECK_INT((int64_t)strlen(err.text), (int64_t)sizeof err.text - 1);
}

static void a_percent_sign_in_a_value_is_text(void)
{
    vsh_error err;

    vsh_fail(&err, VSH_EINPUT, "%s", "%s%n%d");
    CHECK_TEXT(err.text, "%s%n%d");
}

static int calls;

static vsh_status answer(vsh_status status)
{
    calls++;
    return status;
}

static vsh_status three_calls(vsh_status second)
{
    VSH_TRY(answer(VSH_OK));
    VSH_TRY(answer(second));
    VSH_TRY(answer(VSH_OK));
    return VSH_OK;
}

static void try_forwards_the_first_failure_unchanged(void)
{
    calls = 0;
    CHECK_INT(three_calls(VSH_OK), VSH_OK);
    CHECK_INT(calls, 3);
    calls = 0;
    CHECK_INT(three_calls(VSH_ESTOPPED), VSH_ESTOPPED);
    CHECK_INT(calls, 2);
}

const vsh_test vsh_tests[] = {
    {"a_failure_returns_its_status_and_one_line", a_failure_returns_its_status_and_one_line},
    {"nobody_has_to_want_the_message", nobody_has_to_want_the_message},
    {"statuses_are_the_exit_codes_of_the_contract", statuses_are_the_exit_codes_of_the_contract},
    {"control_characters_of_a_file_never_reach_the_terminal",
     control_characters_of_a_file_never_reach_the_terminal},
    {"text_beyond_ascii_passes_through", text_beyond_ascii_passes_through},
    {"a_long_message_is_cut_and_terminated", a_long_message_is_cut_and_terminated},
    {"a_percent_sign_in_a_value_is_text", a_percent_sign_in_a_value_is_text},
    {"try_forwards_the_first_failure_unchanged", try_forwards_the_first_failure_unchanged},
    {NULL, NULL}};
