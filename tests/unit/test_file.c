#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

const char vsh_suite[] = "file";

static char folder[64];
static vsh_error err;

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/vsh-file-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
}

static const char *in_folder(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int entries(void)
{
    DIR *directory = opendir(folder);
    int count = -2; /* itself and the one above */

    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static vsh_text text_of(const char *content)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_put(&text, content, strlen(content));
    return text;
}

static void check_content(const char *path, const char *content)
{
    char back[256] = "";
    FILE *file = fopen(path, "r");

    REQUIRE(file != NULL);
    back[fread(back, 1, sizeof back - 1, file)] = '\0';
    fclose(file);
    CHECK_TEXT(back, content);
}

static void a_file_is_written_whole_and_nothing_stays_beside_it(void)
{
    vsh_text text = text_of("loss: 2.82\n");

    make_folder();
    CHECK_OK(vsh_file_write(in_folder("plan.json"), &text, &err), &err);
    check_content(in_folder("plan.json"), "loss: 2.82\n");
    CHECK_INT(entries(), 1);
    unlink(in_folder("plan.json"));
    rmdir(folder);
}

static void what_was_there_is_replaced(void)
{
    vsh_text first = text_of("a longer first content\n"), second = text_of("second\n");

    make_folder();
    CHECK_OK(vsh_file_write(in_folder("x"), &first, &err), &err);
    CHECK_OK(vsh_file_write(in_folder("x"), &second, &err), &err);
    check_content(in_folder("x"), "second\n");
    CHECK_INT(entries(), 1);
    unlink(in_folder("x"));
    rmdir(folder);
}

static void an_empty_text_makes_an_empty_file(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    make_folder();
    CHECK_OK(vsh_file_write(in_folder("x"), &text, &err), &err);
    check_content(in_folder("x"), "");
    unlink(in_folder("x"));
    rmdir(folder);
}

static void names_are_taken_as_they_are(void)
{
    static const char *const names[] = {"with space", "$(touch oops)", "a'b\"c",  "%s%n",
                                        "-x",         "new\nline",     "\xc3\xbc"};

    make_folder();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        vsh_text text = text_of("x");
        CHECK_OK(vsh_file_write(in_folder(names[i]), &text, &err), &err);
        check_content(in_folder(names[i]), "x");
        CHECK_INT(entries(), 1);
        unlink(in_folder(names[i]));
    }
    rmdir(folder);
}

static void the_users_umask_decides_who_may_read(void)
{
    mode_t before = umask(077);
    vsh_text text = text_of("private");
    struct stat info = {0};

    make_folder();
    CHECK_OK(vsh_file_write(in_folder("x"), &text, &err), &err);
    CHECK(stat(in_folder("x"), &info) == 0);
    CHECK_INT(info.st_mode & 0777, 0600);
    umask(022);
    CHECK_OK(vsh_file_write(in_folder("x"), &text, &err), &err);
    CHECK(stat(in_folder("x"), &info) == 0);
    CHECK_INT(info.st_mode & 0777, 0644);
    umask(before);
    unlink(in_folder("x"));
    rmdir(folder);
}

static void a_place_that_cannot_be_written_is_the_machines_fault(void)
{
    vsh_text text = text_of("x");

    make_folder();
    CHECK_FAILS(vsh_file_write(in_folder("no/such/x"), &text, &err), &err, VSH_EMACHINE,
                "no/such/x: No such file");
    CHECK_OK(vsh_folder_make(in_folder("taken"), &err), &err);
    CHECK_FAILS(vsh_file_write(in_folder("taken"), &text, &err), &err, VSH_EMACHINE, "taken: ");
    CHECK_INT(entries(), 1); /* no half-written file beside it */
    rmdir(in_folder("taken"));
    rmdir(folder);
    CHECK_FAILS(vsh_file_write("", &text, &err), &err, VSH_EMACHINE, "");
}

static void an_incomplete_text_leaves_the_old_file(void)
{
    vsh_text good = text_of("good"), bad = text_of("half");

    make_folder();
    CHECK_OK(vsh_file_write(in_folder("x"), &good, &err), &err);
    bad.failed = true;
    CHECK_FAILS(vsh_file_write(in_folder("x"), &bad, &err), &err, VSH_EMACHINE, "out of memory");
    check_content(in_folder("x"), "good");
    CHECK_INT(entries(), 1);
    unlink(in_folder("x"));
    rmdir(folder);
}

static void folders_are_made_with_their_parents_and_twice_is_once(void)
{
    struct stat info;

    make_folder();
    CHECK_OK(vsh_folder_make(in_folder("a/b/c"), &err), &err);
    CHECK(stat(in_folder("a/b/c"), &info) == 0 && S_ISDIR(info.st_mode));
    CHECK_OK(vsh_folder_make(in_folder("a/b/c"), &err), &err);
    CHECK_OK(vsh_folder_make(in_folder("a//b/"), &err), &err);
    rmdir(in_folder("a/b/c"));
    rmdir(in_folder("a/b"));
    rmdir(in_folder("a"));
    rmdir(folder);
}

static void a_folder_that_cannot_be_is_refused(void)
{
    vsh_text text = text_of("x");
    static char long_name[6000];

    make_folder();
    CHECK_OK(vsh_file_write(in_folder("file"), &text, &err), &err);
    CHECK_FAILS(vsh_folder_make(in_folder("file"), &err), &err, VSH_EMACHINE, "file");
    CHECK_FAILS(vsh_folder_make(in_folder("file/below"), &err), &err, VSH_EMACHINE, "file");
    CHECK_FAILS(vsh_folder_make("", &err), &err, VSH_EMACHINE, "");
    memset(long_name, 'x', sizeof long_name - 1);
    CHECK_FAILS(vsh_folder_make(long_name, &err), &err, VSH_EMACHINE, "xxx");
    CHECK_FAILS(vsh_file_write(long_name, &text, &err), &err, VSH_EMACHINE, "xxx");
    unlink(in_folder("file"));
    rmdir(folder);
}

/* A name that is a device keeps being one. */
static void a_device_is_written_and_not_replaced(void)
{
    vsh_text text = text_of("through");
    struct stat there;

    CHECK_FAILS(vsh_file_write("/dev/full", &text, &err), &err, VSH_EMACHINE, "/dev/full");
    CHECK_OK(vsh_file_write("/dev/null", &text, &err), &err);
    CHECK(stat("/dev/null", &there) == 0 && S_ISCHR(there.st_mode));
    CHECK(stat("/dev/full", &there) == 0 && S_ISCHR(there.st_mode));
}

static void reading_stops_beyond_the_bound_and_at_what_is_no_file(void)
{
    vsh_text text = text_of("0123456789"), read = {.arena = vsh_test_arena()};

    make_folder();
    CHECK_OK(vsh_file_write(in_folder("file"), &text, &err), &err);
    CHECK_INT(vsh_file_read_bounded(in_folder("file"), 10, &read), VSH_READ_DONE);
    CHECK_TEXT(vsh_text_string(&read), "0123456789");
    read.length = 0;
    CHECK_INT(vsh_file_read_bounded(in_folder("file"), 9, &read), VSH_READ_DONE);
    CHECK(read.length > 9); /* the caller sees that there was more */
    read.length = 0;
    CHECK_INT(vsh_file_read_bounded("/dev/zero", 9, &read), VSH_READ_SPECIAL);
    CHECK_INT(vsh_file_read_bounded(folder, 9, &read), VSH_READ_FOLDER);
    CHECK_INT(vsh_file_read_bounded(in_folder("none"), 9, &read), VSH_READ_UNOPENED);
    CHECK_INT(errno, ENOENT);
    CHECK_INT((int64_t)read.length, 0);
    unlink(in_folder("file"));
    rmdir(folder);
}

const vsh_test vsh_tests[] = {
    {"reading_stops_beyond_the_bound_and_at_what_is_no_file",
     reading_stops_beyond_the_bound_and_at_what_is_no_file},
    {"a_device_is_written_and_not_replaced", a_device_is_written_and_not_replaced},
    {"a_file_is_written_whole_and_nothing_stays_beside_it",
     a_file_is_written_whole_and_nothing_stays_beside_it},
    {"what_was_there_is_replaced", what_was_there_is_replaced},
    {"an_empty_text_makes_an_empty_file", an_empty_text_makes_an_empty_file},
    {"names_are_taken_as_they_are", names_are_taken_as_they_are},
    {"the_users_umask_decides_who_may_read", the_users_umask_decides_who_may_read},
    {"a_place_that_cannot_be_written_is_the_machines_fault",
     a_place_that_cannot_be_written_is_the_machines_fault},
    {"an_incomplete_text_leaves_the_old_file", an_incomplete_text_leaves_the_old_file},
    {"folders_are_made_with_their_parents_and_twice_is_once",
     folders_are_made_with_their_parents_and_twice_is_once},
    {"a_folder_that_cannot_be_is_refused", a_folder_that_cannot_be_is_refused},
    {NULL, NULL}};
