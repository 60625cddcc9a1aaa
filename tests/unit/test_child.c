#include "core/child.h"

#include "tests/harness.h"

const char vsh_suite[] = "child";

static vsh_error err;

static vsh_text empty_text(void) { return (vsh_text){.arena = vsh_test_arena()}; }

static vsh_status run(vsh_text *said, double seconds, size_t output_max, const char *const *argv)
{
    const vsh_child child = {argv, NULL, {seconds}, output_max};

    return vsh_child_run(&child, said, &err);
}

static void output_is_collected(void)
{
    vsh_text said = empty_text();

    REQUIRE_OK(run(&said, 20, 100, (const char *const[]){"printf", "a b\\nc", NULL}), &err);
    CHECK_TEXT(vsh_text_string(&said), "a b\nc");
}

static void words_reach_no_shell(void)
{
    vsh_text said = empty_text();

    REQUIRE_OK(run(&said, 20, 100, (const char *const[]){"printf", "%s", "$(id); `id`", NULL}),
               &err);
    CHECK_TEXT(vsh_text_string(&said), "$(id); `id`");
}

static void the_environment_is_empty_but_for_the_locale(void)
{
    vsh_text said = empty_text();

    REQUIRE_OK(run(&said, 20, 4096, (const char *const[]){"env", NULL}), &err);
    CHECK_TEXT(vsh_text_string(&said), "LC_ALL=C\n");
}

static void standard_input_is_empty_or_a_file(void)
{
    static const char *const argv[] = {"cat", NULL};
    const vsh_child child = {argv, "tests/unit/test_child.c", {20}, 1 << 20};
    vsh_text said = empty_text();

    REQUIRE_OK(run(&said, 20, 100, argv), &err);
    CHECK_INT((int64_t)said.length, 0);
    REQUIRE_OK(vsh_child_run(&child, &said, &err), &err);
    CHECK_HAS(vsh_text_string(&said), "standard_input_is_empty_or_a_file");
}

static void the_end_of_the_complaints_is_the_message(void)
{
    vsh_text said = empty_text();

    CHECK_FAILS(run(&said, 20, 100,
                    (const char *const[]){"sh", "-c", "echo one >&2; echo two >&2; exit 7", NULL}),
                &err, VSH_EINPUT, "two");
    CHECK_FAILS(run(&said, 20, 100,
                    (const char *const[]){"sh", "-c",
                                          "i=0; while [ $i -lt 3000 ]; do echo line $i >&2; "
                                          "i=$((i+1)); done; kill -TERM $$",
                                          NULL}),
                &err, VSH_EINPUT, "signal 15: line 29");
}

static void one_of_ours_speaks_for_itself(void)
{
    static const struct {
        const char *script, *said;
        vsh_status status;
    } cases[] = {
        {"echo vishwa-x: bad file >&2; exit 2", "vishwa-x: bad file", VSH_EINPUT},
        {"echo vishwa-x: nothing fits >&2; exit 1", "vishwa-x: nothing fits", VSH_ENO},
        {"echo vishwa-x: disk full >&2; exit 4", "vishwa-x: disk full", VSH_EMACHINE},
        {"exit 1", "sh: exit 1: ", VSH_EMACHINE},
        {"exit 2", "sh: exit 2: ", VSH_EMACHINE},
        {"kill -TERM $$", "sh: ended by signal 15", VSH_EMACHINE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const argv[] = {"sh", "-c", cases[i].script, NULL};
        const vsh_child child = {argv, NULL, {20}, 100, .ours = true};
        vsh_text said = empty_text();
        CHECK_FAILS(vsh_child_run(&child, &said, &err), &err, cases[i].status, "");
        CHECK_TEXT(err.text, cases[i].said);
    }
}

static void a_missing_program_is_the_machines_fault(void)
{
    vsh_text said = empty_text();

    CHECK_FAILS(run(&said, 20, 100, (const char *const[]){"vsh-no-such-program", NULL}), &err,
                VSH_EMACHINE, "make deps");
}

static void a_child_that_hangs_is_ended(void)
{
    vsh_text said = empty_text();

    CHECK_FAILS(run(&said, 0.2, 100, (const char *const[]){"sleep", "600", NULL}), &err,
                VSH_EMACHINE, "not done after");
}

static void a_child_that_hangs_in_silence_is_ended(void)
{
    vsh_text said = empty_text();

    CHECK_FAILS(
        run(&said, 0.2, 100, (const char *const[]){"sh", "-c", "exec sleep 600 >&- 2>&-", NULL}),
        &err, VSH_EMACHINE, "not done after");
}

static void a_child_is_ended_when_the_end_is_asked_for(void)
{
    const volatile sig_atomic_t asked = 1;
    static const char *const argv[] = {"sleep", "600", NULL};
    const vsh_child child = {argv, NULL, {60}, 100, .stop = &asked};
    vsh_text said = empty_text();

    CHECK_FAILS(vsh_child_run(&child, &said, &err), &err, VSH_ESTOPPED, "sleep: stopped");
}

static void a_child_that_talks_without_end_is_ended(void)
{
    vsh_text said = empty_text();

    CHECK_FAILS(run(&said, 60, 100000, (const char *const[]){"yes", NULL}), &err, VSH_EMACHINE,
                "wrote more than");
}

const vsh_test vsh_tests[] = {
    {"output_is_collected", output_is_collected},
    {"a_child_is_ended_when_the_end_is_asked_for", a_child_is_ended_when_the_end_is_asked_for},
    {"words_reach_no_shell", words_reach_no_shell},
    {"the_environment_is_empty_but_for_the_locale", the_environment_is_empty_but_for_the_locale},
    {"standard_input_is_empty_or_a_file", standard_input_is_empty_or_a_file},
    {"the_end_of_the_complaints_is_the_message", the_end_of_the_complaints_is_the_message},
    {"one_of_ours_speaks_for_itself", one_of_ours_speaks_for_itself},
    {"a_missing_program_is_the_machines_fault", a_missing_program_is_the_machines_fault},
    {"a_child_that_hangs_is_ended", a_child_that_hangs_is_ended},
    {"a_child_that_hangs_in_silence_is_ended", a_child_that_hangs_in_silence_is_ended},
    {"a_child_that_talks_without_end_is_ended", a_child_that_talks_without_end_is_ended},
    {NULL, NULL},
};
