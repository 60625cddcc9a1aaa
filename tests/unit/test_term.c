#include "core/term.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"

const char vsh_suite[] = "term";

enum { AUTO, ALWAYS, NEVER }; /* vsh_colour_words */

static void always_and_never_do_not_ask_the_terminal(void)
{
    int pipe_ends[2];

    REQUIRE(pipe(pipe_ends) == 0);
    CHECK(vsh_term_choose(pipe_ends[1], ALWAYS, NULL, "xterm").colour);
    CHECK(vsh_term_choose(pipe_ends[1], ALWAYS, "1", "dumb").colour);
    CHECK(!vsh_term_choose(pipe_ends[1], NEVER, NULL, "xterm").colour);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void a_pipe_or_a_file_gets_no_colour_by_itself(void)
{
    int pipe_ends[2];

    REQUIRE(pipe(pipe_ends) == 0);
    CHECK(!vsh_term_choose(pipe_ends[1], AUTO, NULL, "xterm-256color").colour);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void a_terminal_gets_colour_unless_the_environment_says_no(void)
{
    int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);

    if (terminal < 0 || !isatty(terminal)) {
        vsh_skip("no pseudo-terminal on this machine");
        if (terminal >= 0)
            close(terminal);
        return;
    }
    CHECK(vsh_term_choose(terminal, AUTO, NULL, "xterm").colour);
    CHECK(vsh_term_choose(terminal, AUTO, NULL, NULL).colour);
    CHECK(vsh_term_choose(terminal, AUTO, "", "xterm").colour); /* no-color.org: empty is unset */
    CHECK(!vsh_term_choose(terminal, AUTO, "1", "xterm").colour);
    CHECK(!vsh_term_choose(terminal, AUTO, NULL, "dumb").colour);
    CHECK(!vsh_term_choose(terminal, NEVER, NULL, "xterm").colour);
    close(terminal);
}

static void without_colour_no_escape_is_written(void)
{
    vsh_term plain = {false}, colour = {true};

    CHECK_TEXT(vsh_term_bold(plain), "");
    CHECK_TEXT(vsh_term_warn(plain), "");
    CHECK_TEXT(vsh_term_plain(plain), "");
    CHECK(vsh_term_bold(colour)[0] == '\033');
    CHECK(vsh_term_warn(colour)[0] == '\033');
    CHECK_TEXT(vsh_term_plain(colour), "\033[0m");
}

static void what_is_written_arrives_whole(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    FILE *file = tmpfile();
    char back[64] = "";
    vsh_error err;

    REQUIRE(file != NULL);
    vsh_text_add(&text, "loss %.2f\n", 2.82);
    CHECK_OK(vsh_term_write(file, &text, &err), &err);
    rewind(file);
    CHECK_INT((int64_t)fread(back, 1, sizeof back - 1, file), (int64_t)text.length);
    CHECK_TEXT(back, "loss 2.82\n");
    fclose(file);
}

static void an_empty_text_is_written_without_complaint(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    FILE *file = tmpfile();
    vsh_error err;

    REQUIRE(file != NULL);
    CHECK_OK(vsh_term_write(file, &text, &err), &err);
    CHECK_INT(ftell(file), 0);
    fclose(file);
}

static void a_full_disk_is_the_machines_fault(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    FILE *full = fopen("/dev/full", "w");
    vsh_error err;

    if (!full) {
        vsh_skip("no /dev/full on this machine");
        return;
    }
    for (int i = 0; i < 10000; i++) /* more than any stdio buffer */
        vsh_text_add(&text, "0123456789");
    CHECK_FAILS(vsh_term_write(full, &text, &err), &err, VSH_EMACHINE, "output: ");
    fclose(full);
    full = fopen("/dev/full", "w");
    REQUIRE(full != NULL);
    text = (vsh_text){.arena = vsh_test_arena()};
    vsh_text_add(&text, "x"); /* fits in the buffer: only the flush can tell */
    CHECK_FAILS(vsh_term_write(full, &text, &err), &err, VSH_EMACHINE, "No space left");
    fclose(full);
}

static void an_incomplete_text_is_not_written_at_all(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    FILE *file = tmpfile();
    vsh_error err;

    REQUIRE(file != NULL);
    vsh_text_add(&text, "half of it");
    text.failed = true;
    CHECK_FAILS(vsh_term_write(file, &text, &err), &err, VSH_EMACHINE, "out of memory");
    CHECK_INT(ftell(file), 0);
    fclose(file);
}

const vsh_test vsh_tests[] = {
    {"always_and_never_do_not_ask_the_terminal", always_and_never_do_not_ask_the_terminal},
    {"a_pipe_or_a_file_gets_no_colour_by_itself", a_pipe_or_a_file_gets_no_colour_by_itself},
    {"a_terminal_gets_colour_unless_the_environment_says_no",
     a_terminal_gets_colour_unless_the_environment_says_no},
    {"without_colour_no_escape_is_written", without_colour_no_escape_is_written},
    {"what_is_written_arrives_whole", what_is_written_arrives_whole},
    {"an_empty_text_is_written_without_complaint", an_empty_text_is_written_without_complaint},
    {"a_full_disk_is_the_machines_fault", a_full_disk_is_the_machines_fault},
    {"an_incomplete_text_is_not_written_at_all", an_incomplete_text_is_not_written_at_all},
    {NULL, NULL}};
