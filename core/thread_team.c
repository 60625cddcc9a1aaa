#define _GNU_SOURCE /* CPU affinity, which POSIX lacks */
#include "core/thread_team.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "core/clock.h"

static const double patience_seconds = 0.005; /* for the last thread of a team to wake */

typedef struct {
    _Alignas(64) vsh_team *team; /* a cache line each: all write at once */
    double start, end;           /* of the last repetition */
    bool failed;                 /* to prepare */
} member;

struct vsh_team {
    pthread_mutex_t gate; /* held while threads are started: if one fails, nobody begins */
    pthread_barrier_t meeting;
    cpu_set_t allowed; /* empty when unknown */
    member *members;
    pthread_t *ids;
    int64_t size_max, size; /* size: of this run, as are all below */
    bool cancelled, done;   /* behind the gate; decided by member 0 between two meetings */
    double deadline;
    atomic_int_least64_t awake; /* of this repetition */
    const vsh_team_job *job;
    vsh_team_times *times;
};

static void read_allowed(cpu_set_t *allowed)
{
    if (sched_getaffinity(0, sizeof *allowed, allowed) != 0) /* more CPUs than bits */
        CPU_ZERO(allowed);
}

int64_t vsh_team_cpus(void)
{
    cpu_set_t allowed;

    read_allowed(&allowed);
    return CPU_COUNT(&allowed);
}

vsh_status vsh_team_form(vsh_arena *arena, int64_t size_max, vsh_team **team, vsh_error *err)
{
    vsh_team *formed = vsh_alloc(arena, 1, sizeof *formed);

    assert(size_max >= 1);
    if (formed) {
        formed->members = vsh_alloc(arena, (size_t)size_max, sizeof(member));
        formed->ids = vsh_alloc(arena, (size_t)size_max, sizeof(pthread_t));
    }
    if (!formed || !formed->members || !formed->ids)
        return vsh_fail(err, VSH_EMACHINE, "measuring this machine: out of memory");
    formed->size_max = size_max;
    read_allowed(&formed->allowed);
    for (int64_t i = 0; i < size_max; i++)
        formed->members[i].team = formed;
    *team = formed;
    return VSH_OK;
}

/* Only member 0, between the meeting that ends a repetition and the one that starts the next. */
static void close_repetition(vsh_team *team)
{
    double first = team->members[0].start, last = team->members[0].end;

    for (int64_t i = 1; i < team->size; i++) {
        first = fmin(first, team->members[i].start);
        last = fmax(last, team->members[i].end);
    }
    team->times->each[team->times->count++] = (vsh_seconds){fmax(last - first, 1e-9)};
    team->done = last >= team->deadline || team->times->count == VSH_TEAM_TIMES_MAX;
    atomic_store(&team->awake, 0);
}

static void open_repetitions(vsh_team *team)
{
    team->done = team->times->count == VSH_TEAM_TIMES_MAX;
    atomic_store(&team->awake, 0);
    for (int64_t i = 0; i < team->size; i++)
        team->done = team->done || team->members[i].failed;
    team->deadline = vsh_clock_now().v + team->job->lasting.v;
}

/* A team as large as the mask gets one CPU each: woken threads otherwise crowd on one CPU while
 * a process of low priority keeps the other. A smaller team is left to the kernel, which knows
 * hyper-threads of one core apart. Best effort: a CPU may just have gone. */
static void pin(const vsh_team *team, int64_t thread)
{
    cpu_set_t mine;

    if (team->size < 2 || team->size != CPU_COUNT(&team->allowed))
        return;
    CPU_ZERO(&mine);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &team->allowed) && thread-- == 0)
            CPU_SET(cpu, &mine);
    pthread_setaffinity_np(pthread_self(), sizeof mine, &mine);
}

/* A barrier wakes its threads one after another, 0.05 ms and more apart: they start as one only
 * after a short spin. */
static void await_all(vsh_team *team)
{
    double end = vsh_clock_now().v + patience_seconds;

    atomic_fetch_add(&team->awake, 1);
    while (atomic_load(&team->awake) < team->size && vsh_clock_now().v < end)
        ;
}

static void take_part(member *m)
{
    vsh_team *team = m->team;
    const vsh_team_job *job = team->job;
    int64_t thread = m - team->members;

    pin(team, thread);
    m->failed = job->prepare && !job->prepare(job->context, thread);
    pthread_barrier_wait(&team->meeting);
    if (thread == 0)
        open_repetitions(team);
    for (;;) {
        pthread_barrier_wait(&team->meeting);
        if (team->done)
            return;
        await_all(team);
        m->start = vsh_clock_now().v;
        job->work(job->context, thread);
        m->end = vsh_clock_now().v;
        pthread_barrier_wait(&team->meeting);
        if (thread == 0)
            close_repetition(team);
    }
}

static void *run_member(void *argument)
{
    member *m = argument;
    bool cancelled;

    pthread_mutex_lock(&m->team->gate);
    cancelled = m->team->cancelled;
    pthread_mutex_unlock(&m->team->gate);
    if (!cancelled)
        take_part(m);
    return NULL;
}

/* Starts the others, does the caller's part and joins them. Returns how many threads there were;
 * fewer than size when one did not start, and *failure says why. */
static int64_t work_together(vsh_team *team, int *failure)
{
    int64_t started = 1;

    *failure = 0;
    pthread_mutex_lock(&team->gate);
    while (started < team->size && !*failure) {
        *failure = pthread_create(&team->ids[started], NULL, run_member, &team->members[started]);
        started += !*failure;
    }
    team->cancelled = *failure != 0;
    pthread_mutex_unlock(&team->gate);
    if (!*failure) {
        take_part(&team->members[0]);
        if (CPU_COUNT(&team->allowed) > 0) /* the caller is as free as before */
            pthread_setaffinity_np(pthread_self(), sizeof team->allowed, &team->allowed);
    }
    for (int64_t i = 1; i < started; i++)
        pthread_join(team->ids[i], NULL);
    return started;
}

vsh_status vsh_team_run(vsh_team *team, const vsh_team_job *job, int64_t size,
                        vsh_team_times *times, vsh_error *err)
{
    int64_t started;
    int failure;

    assert(job->work && times);
    assert(size >= 1 && size <= team->size_max);
    team->size = size;
    team->job = job;
    team->times = times;
    failure = pthread_barrier_init(&team->meeting, NULL, (unsigned)size);
    if (failure)
        return vsh_fail(err, VSH_EMACHINE,
                        "measuring this machine: no barrier for %lld threads: %s", (long long)size,
                        strerror(failure));
    failure = pthread_mutex_init(&team->gate, NULL);
    if (failure) {
        pthread_barrier_destroy(&team->meeting);
        return vsh_fail(err, VSH_EMACHINE, "measuring this machine: no mutex");
    }
    started = work_together(team, &failure);
    pthread_mutex_destroy(&team->gate);
    pthread_barrier_destroy(&team->meeting);
    if (failure)
        return vsh_fail(err, VSH_EMACHINE,
                        "measuring this machine: thread %lld of %lld does not start: %s",
                        (long long)started + 1, (long long)size, strerror(failure));
    return VSH_OK;
}
