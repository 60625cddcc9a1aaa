#include "trainer/run/run_lock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

const char vsh_suite[] = "run_lock";

static vsh_error err;
static char folder[64], path[128];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/vsh-run-lock-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/run.lock", folder);
}

static void remove_folder(void)
{
    unlink(path);
    CHECK(rmdir(folder) == 0);
}

/* A process that takes the lock, says so through a pipe, and waits to be killed. */
static pid_t start_owner(void)
{
    int pipe_ends[2], descriptor;
    char byte = 0;
    pid_t child;

    REQUIRE(pipe(pipe_ends) == 0);
    child = fork();
    if (child == 0) {
        byte = vsh_run_lock(folder, &descriptor, NULL) == VSH_OK ? 'y' : 'n';
        if (write(pipe_ends[1], &byte, 1) == 1)
            pause();
        _exit(0);
    }
    REQUIRE(child > 0 && read(pipe_ends[0], &byte, 1) == 1);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    CHECK_INT(byte, 'y');
    return child;
}

static void end_owner(pid_t child)
{
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
}

static void the_owner_is_written_into_the_file(void)
{
    char text[256] = "", host[64] = "", expected[128];
    int descriptor;
    FILE *stream;

    make_folder();
    gethostname(host, sizeof host - 1);
    snprintf(expected, sizeof expected, "process %ld on %s\n", (long)getpid(), host);
    REQUIRE_OK(vsh_run_lock(folder, &descriptor, &err), &err);
    stream = fopen(path, "r");
    REQUIRE(stream != NULL);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    fclose(stream);
    CHECK_TEXT(text, expected);
    vsh_run_unlock(descriptor);
    remove_folder();
}

static void a_second_process_is_refused_and_told_who_has_it(void)
{
    char expected[64];
    int descriptor;
    pid_t owner;

    make_folder();
    owner = start_owner();
    snprintf(expected, sizeof expected, "run.lock: process %ld on ", (long)owner);
    CHECK_FAILS(vsh_run_lock(folder, &descriptor, &err), &err, VSH_EINPUT, expected);
    CHECK_INT(descriptor, -1);
    end_owner(owner);
    remove_folder();
}

static void the_lock_goes_with_its_process(void)
{
    int descriptor;

    make_folder();
    end_owner(start_owner());
    CHECK_OK(vsh_run_lock(folder, &descriptor, &err), &err);
    vsh_run_unlock(descriptor);
    remove_folder();
}

static void unlocking_lets_the_next_one_in(void)
{
    int descriptor, second;

    make_folder();
    REQUIRE_OK(vsh_run_lock(folder, &descriptor, &err), &err);
    CHECK_FAILS(vsh_run_lock(folder, &second, &err), &err, VSH_EINPUT, "runs here");
    vsh_run_unlock(descriptor);
    CHECK_OK(vsh_run_lock(folder, &second, &err), &err);
    vsh_run_unlock(second);
    vsh_run_unlock(-1);
    remove_folder();
}

static void a_longer_text_of_an_earlier_owner_is_gone(void)
{
    struct stat info = {0};
    int descriptor;
    FILE *stream;

    make_folder();
    stream = fopen(path, "w");
    REQUIRE(stream != NULL);
    for (int i = 0; i < 500; i++)
        fputs("old\n", stream);
    fclose(stream);
    REQUIRE_OK(vsh_run_lock(folder, &descriptor, &err), &err);
    CHECK(stat(path, &info) == 0 && info.st_size < 200);
    vsh_run_unlock(descriptor);
    remove_folder();
}

static void a_program_that_is_started_does_not_keep_the_lock(void)
{
    int descriptor, second, ready[2];
    char byte;
    pid_t child;

    make_folder();
    REQUIRE_OK(vsh_run_lock(folder, &descriptor, &err), &err);
    REQUIRE(pipe(ready) == 0);
    child = fork();
    if (child == 0) {
        dup2(ready[1], STDOUT_FILENO);
        execlp("sh", "sh", "-c", "echo; exec sleep 60", (char *)NULL);
        _exit(1);
    }
    REQUIRE(child > 0 && read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    close(ready[1]);
    vsh_run_unlock(descriptor);
    CHECK_OK(vsh_run_lock(folder, &second, &err), &err);
    vsh_run_unlock(second);
    end_owner(child);
    remove_folder();
}

static void places_that_cannot_hold_a_lock_are_refused(void)
{
    char target[160];
    int descriptor;

    make_folder();
    snprintf(target, sizeof target, "%s/target", folder);
    REQUIRE(symlink(target, path) == 0);
    CHECK_FAILS(vsh_run_lock(folder, &descriptor, &err), &err, VSH_EMACHINE,
                "run.lock: a symbolic link");
    CHECK(access(target, F_OK) != 0);
    unlink(path);
    REQUIRE(mkfifo(path, 0600) == 0);
    CHECK_FAILS(vsh_run_lock(folder, &descriptor, &err), &err, VSH_EMACHINE, "not a regular file");
    unlink(path);
    REQUIRE(mkdir(path, 0700) == 0);
    CHECK_FAILS(vsh_run_lock(folder, &descriptor, &err), &err, VSH_EMACHINE, "run.lock: ");
    rmdir(path);
    CHECK_FAILS(vsh_run_lock(path, &descriptor, &err), &err, VSH_EMACHINE, "No such file");
    memset(target, 'x', sizeof target - 1);
    target[sizeof target - 1] = '\0';
    CHECK_FAILS(vsh_run_lock(target, &descriptor, &err), &err, VSH_EMACHINE, "No such file");
    CHECK_INT(descriptor, -1);
    remove_folder();
}

const vsh_test vsh_tests[] = {
    {"the_owner_is_written_into_the_file", the_owner_is_written_into_the_file},
    {"a_second_process_is_refused_and_told_who_has_it",
     a_second_process_is_refused_and_told_who_has_it},
    {"the_lock_goes_with_its_process", the_lock_goes_with_its_process},
    {"unlocking_lets_the_next_one_in", unlocking_lets_the_next_one_in},
    {"a_longer_text_of_an_earlier_owner_is_gone", a_longer_text_of_an_earlier_owner_is_gone},
    {"a_program_that_is_started_does_not_keep_the_lock",
     a_program_that_is_started_does_not_keep_the_lock},
    {"places_that_cannot_hold_a_lock_are_refused", places_that_cannot_hold_a_lock_are_refused},
    {NULL, NULL}};
