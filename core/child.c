#include "core/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"

enum { COMPLAINT_BYTES = 4096, READ_BYTES = 65536 };

/* A signal is heard on another thread and does not wake this one. */
static const double patience_s = 0.2;

/* A running child and what it has said so far. */
typedef struct {
    const char *name;
    pid_t pid;    /* 0: ended */
    int pipes[2]; /* its standard output and standard error; -1 when it closed them */
    vsh_text *output;
    char complaint[COMPLAINT_BYTES]; /* the end of its standard error */
    size_t complaint_length;
} running;

static bool make_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return true;
}

/* Descriptors 0, 1 and 2 of the child; signals as a fresh process has them. */
static int spawn(const vsh_child *child, int out, int complaints, pid_t *pid)
{
    static const char *const environment[] = {"LC_ALL=C", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int result;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(
        &actions, 0, child->input_path ? child->input_path : "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, complaints, 2);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    result =
        posix_spawnp(pid, child->argv[0], &actions, &attributes,
                     (char *const *)(uintptr_t)child->argv, (char *const *)(uintptr_t)environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return result;
}

static vsh_status start(const vsh_child *child, running *run, vsh_error *err)
{
    int out[2], complaints[2], result;

    if (!make_pipe(out))
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", run->name, strerror(errno));
    if (!make_pipe(complaints)) {
        close(out[0]);
        close(out[1]);
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", run->name, strerror(errno));
    }
    result = spawn(child, out[1], complaints[1], &run->pid);
    close(out[1]);
    close(complaints[1]);
    run->pipes[0] = out[0];
    run->pipes[1] = complaints[0];
    if (result == 0)
        return VSH_OK;
    close(out[0]);
    close(complaints[0]);
    return vsh_fail(err, VSH_EMACHINE, "%s: cannot be started: %s; run: make deps", run->name,
                    strerror(result));
}

/* Keeps the end. */
static void complain(running *run, const char *bytes, size_t length)
{
    const size_t room = sizeof run->complaint;
    size_t kept;

    if (length > room) {
        bytes += length - room;
        length = room;
    }
    kept = run->complaint_length < room - length ? run->complaint_length : room - length;
    memmove(run->complaint, run->complaint + run->complaint_length - kept, kept);
    memcpy(run->complaint + kept, bytes, length);
    run->complaint_length = kept + length;
}

static vsh_status take(running *run, int which, size_t output_max, vsh_error *err)
{
    char bytes[READ_BYTES];
    ssize_t got = read(run->pipes[which], bytes, sizeof bytes);

    if (got < 0 && errno == EINTR)
        return VSH_OK;
    if (got <= 0) {
        close(run->pipes[which]);
        run->pipes[which] = -1;
        return VSH_OK;
    }
    if (which == 1) {
        complain(run, bytes, (size_t)got);
        return VSH_OK;
    }
    if ((size_t)got > output_max - run->output->length)
        return vsh_fail(err, VSH_EMACHINE, "%s: wrote more than %s", run->name,
                        vsh_show_bytes((double)output_max).text);
    vsh_text_put(run->output, bytes, (size_t)got);
    return run->output->failed ? vsh_fail(err, VSH_EMACHINE, "%s: out of memory", run->name)
                               : VSH_OK;
}

static vsh_status too_late(const running *run, const vsh_child *child, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: not done after %s", run->name,
                    vsh_show_time(child->time_max.v).text);
}

/* Whether it may go on. */
static vsh_status ask(const running *run, const vsh_child *child, double deadline, vsh_error *err)
{
    if (child->stop && *child->stop)
        return vsh_fail(err, VSH_ESTOPPED, "%s: stopped", run->name);
    return vsh_clock_now().v < deadline ? VSH_OK : too_late(run, child, err);
}

/* Until it has closed both. */
static vsh_status listen_to(running *run, const vsh_child *child, double deadline, vsh_error *err)
{
    while (run->pipes[0] >= 0 || run->pipes[1] >= 0) {
        struct pollfd polled[2] = {{run->pipes[0], POLLIN, 0}, {run->pipes[1], POLLIN, 0}};
        double left = deadline - vsh_clock_now().v;
        VSH_TRY(ask(run, child, deadline, err));
        if (poll(polled, 2, left < patience_s ? 1 + (int)(1000 * left) : (int)(1000 * patience_s)) <
                0 &&
            errno != EINTR)
            return vsh_fail(err, VSH_EMACHINE, "%s: %s", run->name, strerror(errno));
        for (int i = 0; i < 2; i++)
            if (polled[i].revents)
                VSH_TRY(take(run, i, child->output_max, err));
    }
    return VSH_OK;
}

/* The end of what it complained of, from the begin of a line where there is one: the reason often
 * stands in the last line but one. */
static const char *last_complaint(running *run, int *length)
{
    enum { SHOWN = 400 };
    size_t end = run->complaint_length, begin;

    while (end > 0 && (unsigned char)run->complaint[end - 1] <= ' ')
        end--;
    begin = end > SHOWN ? end - SHOWN : 0;
    for (size_t i = begin; begin > 0 && i < end; i++)
        if (run->complaint[i] == '\n') {
            begin = i + 1;
            break;
        }
    for (size_t i = begin; i < end; i++)
        if (run->complaint[i] == '\n')
            run->complaint[i] = ' ';
    *length = (int)(end - begin);
    return run->complaint + begin;
}

/* One that has closed its output may still run. */
static vsh_status await(running *run, const vsh_child *child, double deadline, int *how,
                        vsh_error *err)
{
    pid_t ended;

    while ((ended = waitpid(run->pid, how, WNOHANG)) != run->pid) {
        if (ended < 0 && errno != EINTR)
            return vsh_fail(err, VSH_EMACHINE, "%s: %s", run->name, strerror(errno));
        VSH_TRY(ask(run, child, deadline, err));
        poll(NULL, 0, 1);
    }
    run->pid = 0;
    return VSH_OK;
}

/* What a program of ours says of its question is taken at its word; the rest is the machine's. */
static vsh_status word_of_ours(int code)
{
    return code == VSH_ENO || code == VSH_EINPUT ? (vsh_status)code : VSH_EMACHINE;
}

static vsh_status judge(running *run, const vsh_child *child, int how, vsh_error *err)
{
    int length;
    const char *line = last_complaint(run, &length);

    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return VSH_OK;
    if (child->ours && WIFEXITED(how) && length > 0)
        return vsh_fail(err, word_of_ours(WEXITSTATUS(how)), "%.*s", length, line);
    if (WIFSIGNALED(how)) /* one is killed by who runs out of memory, not for its input */
        return vsh_fail(err, child->ours || WTERMSIG(how) == SIGKILL ? VSH_EMACHINE : VSH_EINPUT,
                        "%s: ended by signal %d%s%.*s", run->name, WTERMSIG(how),
                        length ? ": " : "", length, line);
    if (WEXITSTATUS(how) == 127 && length == 0) /* how posix_spawn may say "not found" */
        return vsh_fail(err, VSH_EMACHINE, "%s: cannot be started; run: make deps", run->name);
    return vsh_fail(err, child->ours ? VSH_EMACHINE : VSH_EINPUT, "%s: exit %d: %.*s", run->name,
                    WEXITSTATUS(how), length, line);
}

/* Ends what still runs and keeps nothing of it. */
static void put_away(running *run)
{
    for (int i = 0; i < 2; i++)
        if (run->pipes[i] >= 0)
            close(run->pipes[i]);
    if (run->pid == 0)
        return;
    kill(run->pid, SIGKILL);
    while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

vsh_status vsh_child_run(const vsh_child *child, vsh_text *output, vsh_error *err)
{
    const double deadline = vsh_clock_now().v + child->time_max.v;
    running run = {.name = child->argv[0], .pipes = {-1, -1}, .output = output};
    vsh_status status;
    int how = 0;

    assert(child->argv[0] && child->time_max.v > 0 && output->length <= child->output_max);
    VSH_TRY(start(child, &run, err));
    status = listen_to(&run, child, deadline, err);
    if (status == VSH_OK)
        status = await(&run, child, deadline, &how, err);
    put_away(&run);
    return status == VSH_OK ? judge(&run, child, how, err) : status;
}
