/* The harness judges every other test, so it is judged here: this program runs itself. */
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char vsh_suite[] = "harness";

/* What the program says when it is run again with a filter, and its exit code. */
typedef struct {
    char out[256], err[1024];
    int code;
} answer;

static void read_all(const char *path, char *room, size_t room_bytes)
{
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(room, 1, room_bytes - 1, file) : 0;

    room[length] = '\0';
    if (file)
        fclose(file);
    unlink(path);
}

/* A child process with VSH_SABOTAGE=mode in its environment. */
static answer run_self(const char *filter, const char *mode)
{
    answer said = {.code = -1};
    char out[64], err[64];
    pid_t child;
    int state;

    snprintf(out, sizeof out, "/tmp/vsh-harness-%ld.out", (long)getpid());
    snprintf(err, sizeof err, "/tmp/vsh-harness-%ld.err", (long)getpid());
    fflush(stdout);
    child = fork();
    if (child == 0) {
        if (freopen(out, "w", stdout) && freopen(err, "w", stderr) &&
            setenv("VSH_SABOTAGE", mode, 1) == 0)
            execl("/proc/self/exe", "test_harness", filter, (char *)NULL);
        _exit(99);
    }
    REQUIRE(child > 0 && waitpid(child, &state, 0) == child);
    said.code = WIFEXITED(state) ? WEXITSTATUS(state) : -1;
    read_all(out, said.out, sizeof said.out);
    read_all(err, said.err, sizeof said.err);
    return said;
}

static bool sabotage(const char *mode)
{
    const char *asked = getenv("VSH_SABOTAGE");

    return asked && strcmp(asked, mode) == 0;
}

/* Passes, unless the environment asks it to misbehave. */
static void subject(void)
{
    if (sabotage("skip")) {
        vsh_skip("asked to");
        return;
    }
    if (sabotage("silent"))
        return;
    if (sabotage("near"))
        CHECK_NEAR(1.25, 1.5, 1e-3, 0);
    if (sabotage("nan"))
        CHECK_NEAR(NAN, 1, 1e9, 1e9);
    if (sabotage("int")) {
        CHECK_INT(41, 42);
        CHECK_INT(43, 42);
    }
    if (sabotage("text"))
        CHECK_TEXT("left", "right");
    if (sabotage("fatal"))
        REQUIRE(getenv("VSH_SABOTAGE") == NULL);
    CHECK(true);
}

static void passing_tests_exit_zero(void)
{
    answer said = run_self("subject", "nothing");

    CHECK_INT(said.code, 0);
    CHECK_TEXT(said.out, "1 passed, 0 failed\n");
}

static void a_failed_check_makes_the_exit_code_one(void)
{
    answer said = run_self("subject", "near");

    CHECK_INT(said.code, 1);
    CHECK_TEXT(said.out, "0 passed, 1 failed\n");
    CHECK_HAS(said.err, "test_harness.c:");
    CHECK_HAS(said.err, "1.25, expected 1.5");
    said = run_self("subject", "fatal");
    CHECK_INT(said.code, 1);
    CHECK_TEXT(said.out, "0 passed, 1 failed\n");
}

static void not_a_number_is_never_near(void)
{
    CHECK_INT(run_self("subject", "nan").code, 1);
}

static void tests_are_counted_and_not_checks(void)
{
    answer said = run_self("subject", "int");

    CHECK_TEXT(said.out, "0 passed, 1 failed\n");
    CHECK_HAS(said.err, "41, expected 42");
    CHECK_HAS(said.err, "43, expected 42");
    CHECK_HAS(run_self("subject", "text").err, "\"left\", expected \"right\"");
}

static void a_test_that_checks_nothing_fails(void)
{
    answer said = run_self("subject", "silent");

    CHECK_INT(said.code, 1);
    CHECK_HAS(said.err, "checks nothing");
}

static void a_skipped_test_is_neither_passed_nor_failed(void)
{
    answer said = run_self("subject", "skip");

    CHECK_INT(said.code, 0);
    CHECK_TEXT(said.out, "0 passed, 0 failed, 1 skipped\n");
    CHECK_HAS(said.err, "asked to");
}

static void a_filter_runs_only_what_it_names(void)
{
    CHECK_TEXT(run_self("subj", "nothing").out, "1 passed, 0 failed\n");
    CHECK_TEXT(run_self("no such test", "nothing").out, "0 passed, 0 failed\n");
}

const vsh_test vsh_tests[] = {
    {"subject_of_the_tests_below", subject},
    {"passing_tests_exit_zero", passing_tests_exit_zero},
    {"a_failed_check_makes_the_exit_code_one", a_failed_check_makes_the_exit_code_one},
    {"not_a_number_is_never_near", not_a_number_is_never_near},
    {"tests_are_counted_and_not_checks", tests_are_counted_and_not_checks},
    {"a_test_that_checks_nothing_fails", a_test_that_checks_nothing_fails},
    {"a_skipped_test_is_neither_passed_nor_failed", a_skipped_test_is_neither_passed_nor_failed},
    {"a_filter_runs_only_what_it_names", a_filter_runs_only_what_it_names},
    {NULL, NULL}};
