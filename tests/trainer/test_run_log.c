#include "trainer/run/run_log.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"
#include "trainer/base/folder.h"

const char vsh_suite[] = "run_log";

static vsh_error err;
static char folder[64], path[128];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/vsh-run-log-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/log.jsonl", folder);
}

static void remove_folder(void) { CHECK_OK(vsh_folder_remove(folder, &err), &err); }

static void put(const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");

    REQUIRE(file != NULL);
    REQUIRE(fwrite(text, 1, length, file) == length);
    REQUIRE(fclose(file) == 0);
}

/* The whole file as text, "(none)" when it is not there. */
static const char *content(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    FILE *file = fopen(path, "rb");
    char part[4096];
    size_t got;

    if (!file)
        return "(none)";
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        vsh_text_put(&text, part, got);
    fclose(file);
    return vsh_text_string(&text);
}

static void write_line(const vsh_run_log *log, const char *line)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, "%s\n", line);
    REQUIRE_OK(vsh_run_log_write(log, &text, &err), &err);
}

/* Opens after a step, writes a line when there is one, closes; returns the content. */
static const char *opened(int64_t after_step, const char *line)
{
    vsh_run_log log;

    REQUIRE_OK(vsh_run_log_open(vsh_test_arena(), path, after_step, &log, &err), &err);
    if (line)
        write_line(&log, line);
    vsh_run_log_close(&log);
    return content();
}

static const char *cut(const char *text, int64_t after_step)
{
    put(text, strlen(text));
    return opened(after_step, NULL);
}

#define START "{\"event\": \"start\", \"step\": 0, \"params\": 5}\n"
#define STEP1 "{\"step\": 1, \"loss\": 3.5}\n"
#define STEP2 "{\"step\":2,\"loss\":3.25}\n"
#define EVAL2 "{\"event\": \"evaluate\", \"step\": 2, \"loss\": 3}\n"
#define STEP3 "{\"step\":3,\"loss\":3}\n"
#define STEP10 "{\"step\":10,\"loss\":1}\n"
#define NOTE "{\"event\":\"note\",\"what\":\"said\"}\n"

static void a_new_log_begins_empty(void)
{
    make_folder();
    CHECK_TEXT(opened(-1, NULL), "");
    put(STEP1, strlen(STEP1));
    CHECK_TEXT(opened(-1, NULL), "");
    CHECK_TEXT(opened(-1, "{\"step\":1}"), "{\"step\":1}\n");
    remove_folder();
}

static void a_missing_log_is_begun_also_when_a_run_goes_on(void)
{
    make_folder();
    CHECK_TEXT(content(), "(none)");
    CHECK_TEXT(opened(100, "{\"step\":101}"), "{\"step\":101}\n");
    remove_folder();
}

static void what_came_after_the_step_is_cut_off(void)
{
    make_folder();
    CHECK_TEXT(cut(START STEP1 STEP2 EVAL2 STEP3 STEP10, 2), START STEP1 STEP2 EVAL2);
    CHECK_TEXT(cut(START STEP1 STEP2 EVAL2 STEP3 STEP10, 1), START STEP1);
    CHECK_TEXT(cut(START STEP1 STEP2, 0), START);
    CHECK_TEXT(cut(START STEP1 STEP2 STEP3, 9), START STEP1 STEP2 STEP3);
    CHECK_TEXT(cut(STEP3, 2), "");
    CHECK_TEXT(cut("", 5), "");
    remove_folder();
}

/* 10 comes after 9 and 2, not between 1 and 2. */
static void steps_are_numbers_and_not_words(void)
{
    make_folder();
    CHECK_TEXT(cut(STEP2 STEP10, 9), STEP2);
    CHECK_TEXT(cut(STEP2 STEP10, 10), STEP2 STEP10);
    CHECK_TEXT(cut("{\"step\":9007199254740993}\n", 9007199254740992), "");
    CHECK_TEXT(cut("{\"step\":9007199254740992}\n", 9007199254740992),
               "{\"step\":9007199254740992}\n");
    remove_folder();
}

/* After a roll-back steps are there twice; the second time is cut off with the first that is too
 * late, and runs again. */
static void steps_that_ran_twice_are_cut_at_the_first_that_is_late(void)
{
    make_folder();
    CHECK_TEXT(cut(STEP1 STEP2 STEP3 STEP2 STEP3, 2), STEP1 STEP2);
    remove_folder();
}

static void a_line_that_was_not_finished_is_cut_off(void)
{
    make_folder();
    CHECK_TEXT(cut(STEP1 "{\"step\":2,\"lo", 5), STEP1);
    CHECK_TEXT(cut(STEP1 "{\"step\":2,\"loss\":3.25}", 5), STEP1);
    CHECK_TEXT(cut("{\"st", 5), "");
    CHECK_TEXT(opened(5, "{\"step\":6}"), "{\"step\":6}\n");
    remove_folder();
}

static void an_event_without_a_step_stays_where_it_stands(void)
{
    make_folder();
    CHECK_TEXT(cut(NOTE STEP1 NOTE STEP2 NOTE, 1), NOTE STEP1 NOTE);
    CHECK_TEXT(cut(NOTE, 0), NOTE);
    remove_folder();
}

#define END3 "{\"event\": \"end\", \"step\": 3}\n"

/* A run that had ended goes on: its end is no more. */
static void an_end_is_cut_off_when_a_run_goes_on(void)
{
    make_folder();
    CHECK_TEXT(cut(STEP1 STEP2 STEP3 END3, 3), STEP1 STEP2 STEP3);
    CHECK_TEXT(cut(STEP1 STEP2 STEP3 END3 "{\"event\": \"resume\", \"step\": 3}\n", 3),
               STEP1 STEP2 STEP3);
    remove_folder();
}

static bool has_ended(const char *text)
{
    bool ended = true;

    put(text, strlen(text));
    REQUIRE_OK(vsh_run_log_ended(vsh_test_arena(), path, &ended, &err), &err);
    return ended;
}

static void a_run_has_ended_when_its_last_line_says_so(void)
{
    bool ended = true;

    make_folder();
    REQUIRE_OK(vsh_run_log_ended(vsh_test_arena(), path, &ended, &err), &err);
    CHECK(!ended);
    CHECK(has_ended(END3));
    CHECK(has_ended(STEP1 STEP2 STEP3 END3));
    CHECK(!has_ended(""));
    CHECK(!has_ended("\n"));
    CHECK(!has_ended(STEP3));
    CHECK(!has_ended(END3 STEP3));
    CHECK(!has_ended(END3 "\n"));
    CHECK(!has_ended(STEP3 "{\"event\": \"end\", \"step\": 3}")); /* not finished */
    CHECK(!has_ended(STEP3 "{\"event\": \"evaluate\", \"step\": 3}\n"));
    remove_folder();
}

/* What stands deep in a line is a text of somebody's, not the step of the line. */
static void a_step_inside_a_long_line_is_not_its_step(void)
{
    static const char line[] =
        "{\"event\": \"note\", \"what\": \"0123456789 0123456789 0123456789 0123456789\", "
        "\"of\": {\"step\": 99}}\n";

    make_folder();
    CHECK_TEXT(cut(line, 5), line);
    remove_folder();
}

static void lines_of_other_programs_do_no_harm(void)
{
    static const char bytes[] = "\n\n\0\0garbage\xff\xfe\n{\"step\":\n{\"step\":-3}\n"
                                "{\"step\":99999999999999999999}\n{\"step\":1}\n";
    struct stat info;

    make_folder();
    put(bytes, sizeof bytes - 1);
    opened(5, NULL);
    REQUIRE(stat(path, &info) == 0);
    CHECK_INT(info.st_size, 35); /* up to the number that is too large to be before */
    remove_folder();
}

static void lines_are_appended(void)
{
    vsh_run_log log;

    make_folder();
    put(START, strlen(START));
    REQUIRE_OK(vsh_run_log_open(vsh_test_arena(), path, 0, &log, &err), &err);
    write_line(&log, "{\"step\":1}");
    CHECK_TEXT(content(), START "{\"step\":1}\n");
    CHECK_OK(vsh_run_log_sync(&log, &err), &err);
    write_line(&log, "{\"step\":2}");
    CHECK_TEXT(content(), START "{\"step\":1}\n{\"step\":2}\n");
    vsh_run_log_close(&log);
    CHECK_INT(log.descriptor, -1);
    vsh_run_log_close(&log); /* and again */
    remove_folder();
}

/* A line longer than any buffer is whole. */
static void a_long_line_is_kept_whole(void)
{
    size_t length = 300000;
    char *text = vsh_alloc(vsh_test_arena(), length + 1, 1);

    make_folder();
    REQUIRE(text != NULL);
    memset(text, 'x', length);
    memcpy(text, "{\"step\":1,\"", 11);
    text[length - 1] = '\n';
    CHECK_TEXT(cut(text, 1), text);
    CHECK_TEXT(cut(text, 0), "");
    remove_folder();
}

static void a_log_that_cannot_be_is_told_by_name(void)
{
    vsh_run_log log;
    vsh_text failed = {.arena = vsh_test_arena(), .failed = true};

    make_folder();
    snprintf(path, sizeof path, "%s/nowhere/log.jsonl", folder);
    CHECK_FAILS(vsh_run_log_open(vsh_test_arena(), path, 3, &log, &err), &err, VSH_EMACHINE,
                "nowhere/log.jsonl");
    CHECK_INT(log.descriptor, -1);
    snprintf(path, sizeof path, "%s", folder);
    CHECK_FAILS(vsh_run_log_open(vsh_test_arena(), path, 3, &log, &err), &err, VSH_EMACHINE,
                folder);
    CHECK_FAILS(vsh_run_log_open(vsh_test_arena(), path, -1, &log, &err), &err, VSH_EMACHINE,
                folder);
    snprintf(path, sizeof path, "%s/log.jsonl", folder);
    REQUIRE_OK(vsh_run_log_open(vsh_test_arena(), path, -1, &log, &err), &err);
    CHECK_FAILS(vsh_run_log_write(&log, &failed, &err), &err, VSH_EMACHINE, "out of memory");
    vsh_run_log_close(&log);
    remove_folder();
}

/* /dev/full takes nothing. */
static void a_full_disk_is_told(void)
{
    vsh_run_log log = {open("/dev/full", O_WRONLY), "/dev/full"};
    vsh_text line = {.arena = vsh_test_arena()};

    if (log.descriptor < 0) {
        vsh_skip("there is no /dev/full");
        return;
    }
    vsh_text_add(&line, "{\"step\":1}\n");
    CHECK_FAILS(vsh_run_log_write(&log, &line, &err), &err, VSH_EMACHINE, "/dev/full: ");
    vsh_run_log_close(&log);
}

/* Of the log as it is opened after a step. */
static double joules_after(const char *text, int64_t step)
{
    vsh_run_log log;

    put(text, strlen(text));
    REQUIRE_OK(vsh_run_log_open(vsh_test_arena(), path, step, &log, &err), &err);
    vsh_run_log_close(&log);
    return log.joules;
}

#define SPENT(step, joules) "{\"step\": " step ", \"loss\": 3, \"energy_j\": " joules "}\n"
#define FORESEEN "{\"event\": \"resume\", \"step\": 1, \"predicted\": {\"energy_j\": 1e3}}\n"

static void a_log_knows_the_energy_of_its_steps(void)
{
    static const char all[] = START SPENT("1", "0.5") FORESEEN EVAL2 SPENT("2", "0.25")
        SPENT("3", "4e1") "{\"event\": \"end\", \"step\": 3, \"measured\": {\"energy_j\": 7}}\n";

    make_folder();
    CHECK(joules_after(all, -1) == 0);
    CHECK(joules_after(all, 0) == 0);
    CHECK(joules_after(all, 1) == 0.5);
    CHECK(joules_after(all, 2) == 0.75);
    CHECK(joules_after(all, 9) == 40.75);
    CHECK(isnan(joules_after(START SPENT("1", "0.5") SPENT("2", "null"), 2)));
    CHECK(joules_after(START SPENT("1", "0.5") SPENT("2", "null"), 1) == 0.5);
    CHECK(isnan(joules_after(START STEP1, 2)));
    CHECK(joules_after(START SPENT("1", "0.5") "{\"step\": 2, \"energy_j\": 3", 2) == 0.5);
    remove_folder();
}

const vsh_test vsh_tests[] = {
    {"a_log_knows_the_energy_of_its_steps", a_log_knows_the_energy_of_its_steps},
    {"a_new_log_begins_empty", a_new_log_begins_empty},
    {"a_missing_log_is_begun_also_when_a_run_goes_on",
     a_missing_log_is_begun_also_when_a_run_goes_on},
    {"what_came_after_the_step_is_cut_off", what_came_after_the_step_is_cut_off},
    {"steps_are_numbers_and_not_words", steps_are_numbers_and_not_words},
    {"steps_that_ran_twice_are_cut_at_the_first_that_is_late",
     steps_that_ran_twice_are_cut_at_the_first_that_is_late},
    {"a_line_that_was_not_finished_is_cut_off", a_line_that_was_not_finished_is_cut_off},
    {"an_event_without_a_step_stays_where_it_stands",
     an_event_without_a_step_stays_where_it_stands},
    {"an_end_is_cut_off_when_a_run_goes_on", an_end_is_cut_off_when_a_run_goes_on},
    {"a_run_has_ended_when_its_last_line_says_so", a_run_has_ended_when_its_last_line_says_so},
    {"a_step_inside_a_long_line_is_not_its_step", a_step_inside_a_long_line_is_not_its_step},
    {"lines_of_other_programs_do_no_harm", lines_of_other_programs_do_no_harm},
    {"lines_are_appended", lines_are_appended},
    {"a_long_line_is_kept_whole", a_long_line_is_kept_whole},
    {"a_log_that_cannot_be_is_told_by_name", a_log_that_cannot_be_is_told_by_name},
    {"a_full_disk_is_told", a_full_disk_is_told},
    {NULL, NULL}};
