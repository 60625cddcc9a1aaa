#include "trainer/study/study_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"

const char vsh_suite[] = "study_record";

static vsh_error err;

static const vsh_study_record sample = {.name = "curve-dense-L2C48-s1-b3",
                                        .role = "curve",
                                        .family = "dense",
                                        .layers = 2,
                                        .hidden = 48,
                                        .params_total = 67872,
                                        .params_active = 67872,
                                        .params_embedding = 12336,
                                        .budget = 3,
                                        .steps = 435,
                                        .batch_tokens = 512,
                                        .tokens = 222720,
                                        .seed = 1,
                                        .lr = 0.0123456789,
                                        .flops = 99956736000,
                                        .seconds = 1.25,
                                        .loss = 1.0 / 3,
                                        .byte_loss = NAN,
                                        .dropped = NAN,
                                        .load_max = 1.5,
                                        .commit = "0.1 (abc)",
                                        .machine = "a \"machine\"",
                                        .date = "2026-01-31"};

/* A file of this text, in /tmp, removed by the caller. */
static const char *file_of(const char *text)
{
    static char path[64];
    int file;

    snprintf(path, sizeof path, "/tmp/vsh-study-XXXXXX");
    file = mkstemp(path);
    REQUIRE(file >= 0);
    REQUIRE(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    return path;
}

static const char *line_of(const vsh_study_record *record)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_study_record_write(record, &text);
    return vsh_text_string(&text);
}

static void a_record_reads_back_as_it_was_written(void)
{
    const char *path = file_of(line_of(&sample));
    vsh_study_records all;

    REQUIRE_OK(vsh_study_records_read(vsh_test_arena(), path, &all, &err), &err);
    unlink(path);
    REQUIRE(all.count == 1);
    CHECK_TEXT(all.item[0].name, sample.name);
    CHECK_TEXT(all.item[0].machine, sample.machine);
    CHECK_INT(all.item[0].tokens, sample.tokens);
    CHECK_INT(all.item[0].steps, sample.steps);
    CHECK_NEAR(all.item[0].lr, sample.lr, 0, 0);
    CHECK_NEAR(all.item[0].loss, sample.loss, 0, 0);
    CHECK_NEAR(all.item[0].flops, sample.flops, 0, 0);
    CHECK(isnan(all.item[0].byte_loss) && isnan(all.item[0].dropped));
    CHECK_TEXT(line_of(&all.item[0]), line_of(&sample));
    CHECK(vsh_study_records_find(&all, sample.name) == &all.item[0]);
    CHECK(vsh_study_records_find(&all, "another") == NULL);
}

static void a_record_is_one_line(void)
{
    const char *line = line_of(&sample);

    CHECK(strchr(line, '\n') == line + strlen(line) - 1);
}

static void a_line_that_was_not_finished_is_passed_over(void)
{
    vsh_study_record record = sample;
    vsh_text text = {.arena = vsh_test_arena()};
    const char *path;
    vsh_study_records all;
    size_t whole;

    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "run-%d", i);
        record.name = name;
        vsh_study_record_write(&record, &text);
    }
    whole = text.length;
    vsh_text_add(&text, "%.40s", line_of(&sample));
    path = file_of(vsh_text_string(&text));
    REQUIRE_OK(vsh_study_records_read(vsh_test_arena(), path, &all, &err), &err);
    unlink(path);
    CHECK_INT(all.count, 200);
    CHECK_INT(all.bytes, (int64_t)whole);
    CHECK_TEXT(all.item[199].name, "run-199");
}

/* The line of the sample with another value of a key. */
static const char *line_with(const char *was, const char *is)
{
    const char *line = line_of(&sample), *at = strstr(line, was);
    vsh_text text = {.arena = vsh_test_arena()};

    REQUIRE(at != NULL);
    vsh_text_add(&text, "%.*s%s%s", (int)(at - line), line, is, at + strlen(was));
    return vsh_text_string(&text);
}

static void what_is_no_number_is_refused_with_its_line_and_key(void)
{
    static const struct {
        const char *was, *is, *found;
    } bad[] = {{"\"lr\": 0.0123456789", "\"lr\": \"0.01\"", ":2: lr: expected a number"},
               {"\"loss\": 0.3", "\"loss\": [0.3], \"x\": 0.3", ":2: loss: expected a number"},
               {"\"steps\": 435", "\"steps\": \"435\"", ":2: steps: expected a whole number"},
               {"\"steps\": 435", "\"steps\": 435.5", ":2: steps: expected a whole number"},
               {"\"family\": \"dense\"", "\"family\": 1", ":2: family: expected a text"}};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        vsh_study_record first = sample;
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_study_records all;
        const char *path;
        first.name = "first";
        vsh_text_add(&text, "%s%s", line_of(&first), line_with(bad[i].was, bad[i].is));
        path = file_of(vsh_text_string(&text));
        CHECK_FAILS(vsh_study_records_read(vsh_test_arena(), path, &all, &err), &err, VSH_EINPUT,
                    bad[i].found);
        unlink(path);
    }
}

static void a_name_that_is_there_twice_is_refused(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_study_records all;
    const char *path;

    vsh_text_add(&text, "%s%s", line_of(&sample), line_of(&sample));
    path = file_of(vsh_text_string(&text));
    CHECK_FAILS(vsh_study_records_read(vsh_test_arena(), path, &all, &err), &err, VSH_EINPUT,
                ":2: a second record of curve-dense-L2C48-s1-b3");
    unlink(path);
}

static void no_file_has_no_records_and_a_bad_one_is_refused(void)
{
    vsh_study_records all;
    const char *path;

    REQUIRE_OK(vsh_study_records_read(vsh_test_arena(), "/tmp/no/such", &all, &err), &err);
    CHECK(all.count == 0 && all.bytes == 0);
    path = file_of("{\"name\": \"x\"}\n");
    CHECK_FAILS(vsh_study_records_read(vsh_test_arena(), path, &all, &err), &err, VSH_EINPUT,
                ":1: expected a record with \"role\"");
    unlink(path);
    path = file_of("no json\n");
    CHECK_FAILS(vsh_study_records_read(vsh_test_arena(), path, &all, &err), &err, VSH_EINPUT, path);
    unlink(path);
}

/* A trunk of six steps, and what branches off after the fourth. */
static const char trunk[] =
    "{\"event\": \"start\", \"step\": 0}\n"
    "{\"step\": 1, \"step_time_s\": 9, \"flops\": 100}\n"
    "{\"step\": 2, \"step_time_s\": 1, \"flops\": 100, \"update\": \"skipped\"}\n"
    "{\"step\": 3, \"step_time_s\": 1, \"flops\": 100, \"dropped_share\": 0.5, \"load_max\": 2}\n"
    "{\"step\": 4, \"step_time_s\": 2, \"flops\": 100}\n"
    "{\"event\": \"end\", \"step\": 4}\n"
    "{\"step\": 5, \"step_time_s\": 70, \"flops\": 100}\n"
    "{\"step\": 6, \"step_time_s\": 70, \"flops\": 100}\n";
static const char branch[] =
    "{\"event\": \"start\", \"step\": 4}\n"
    "{\"step\": 5, \"step_time_s\": 3, \"flops\": 100}\n"
    "{\"event\": \"evaluate\", \"step\": 5, \"loss\": 2.5, \"tokens\": 10}\n"
    "{\"event\": \"end\", \"step\": 5}\n";

static void trunk_and_branch_add_up_to_one_run(void)
{
    vsh_study_log log = {.loss = NAN, .loss_step = -1};
    const char *path = file_of(trunk);

    REQUIRE_OK(vsh_study_log_add(path, 0, 4, &log, &err), &err);
    unlink(path);
    CHECK(isnan(log.loss));
    CHECK_INT(log.loss_step, -1);
    path = file_of(branch);
    REQUIRE_OK(vsh_study_log_add(path, 4, 5, &log, &err), &err);
    unlink(path);
    CHECK_INT(log.steps, 5);
    CHECK_INT(log.skipped, 1);
    CHECK_INT(log.routed_steps, 1);
    CHECK_NEAR(log.flops, 500, 0, 0);
    CHECK_NEAR(log.seconds, 16, 0, 0);
    CHECK_NEAR(log.dropped, 0.5, 0, 0);
    CHECK_NEAR(log.loss, 2.5, 0, 0);
    CHECK_INT(log.loss_step, 5);
}

static void the_median_is_of_the_steps_asked_for(void)
{
    vsh_study_log log = {.loss_step = -1};
    const char *path = file_of(trunk);

    REQUIRE_OK(vsh_study_log_add(path, 1, 4, &log, &err), &err);
    unlink(path);
    CHECK_NEAR(log.median_s, 1, 0, 0);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

const vsh_test vsh_tests[] = {
    TEST(a_record_reads_back_as_it_was_written),
    TEST(a_record_is_one_line),
    TEST(a_line_that_was_not_finished_is_passed_over),
    TEST(what_is_no_number_is_refused_with_its_line_and_key),
    TEST(a_name_that_is_there_twice_is_refused),
    TEST(no_file_has_no_records_and_a_bad_one_is_refused),
    TEST(trunk_and_branch_add_up_to_one_run),
    TEST(the_median_is_of_the_steps_asked_for),
    {NULL, NULL},
};
