#include "core/ceiling.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/kernel_loop.h"
#include "core/text.h"
#include "core/thread_team.h"

enum {
    ROUNDS = 3, /* the loops take turns, so a slow phase of a shared host spoils one round */
    PARTS = 16  /* of an array, one a repetition: the triad walks the whole set all the same */
};
/* Shorter than the time slices of the kernel, so that beside a busy process some repetitions of
 * all threads are whole. */
static const double repetition_seconds = 0.002;
static const vsh_seconds slice = {0.05}; /* one loop, one thread count, one round */
static const vsh_seconds triad_time = {0.5};

static int by_value(const void *left, const void *right)
{
    const vsh_seconds *a = left, *b = right;

    return (a->v > b->v) - (a->v < b->v);
}

static double fastest_seconds(vsh_team_times *times)
{
    assert(times->count > 0);
    qsort(times->each, (size_t)times->count, sizeof times->each[0], by_value);
    return times->each[0].v;
}

static vsh_repetitions sum_up(const vsh_team_times *sorted)
{
    return (vsh_repetitions){sorted->count,
                             vsh_seconds_ratio(sorted->each[0], sorted->each[sorted->count / 2])};
}

/* ---- peaks ---------------------------------------------------------------------------------- */

typedef struct {
    const vsh_kernel_loop *loop;
    int64_t iterations;
    vsh_loop_registers *registers; /* of each thread */
} loop_job;

static void work_loop(void *context, int64_t thread)
{
    const loop_job *job = context;

    job->loop->run(&job->registers[thread], job->iterations);
}

static double time_loop(loop_job *job)
{
    double start = vsh_clock_now().v;

    work_loop(job, 0);
    return vsh_clock_now().v - start;
}

/* Iterations that take one repetition's time on the calling thread. The better of two trials,
 * since an interruption would leave the repetitions too short. */
static int64_t calibrate(loop_job job)
{
    for (job.iterations = 4096;; job.iterations *= 2) {
        double seconds = time_loop(&job);
        if (seconds >= repetition_seconds / 4)
            seconds = fmin(seconds, time_loop(&job));
        if (seconds >= repetition_seconds / 4)
            return (int64_t)((double)job.iterations * fmin(repetition_seconds / seconds, 4)) + 1;
    }
}

static vsh_status measure_peaks(vsh_team *team, const vsh_kernel_loops *loops,
                                vsh_loop_registers *registers, vsh_ceiling *ceiling, vsh_error *err)
{
    vsh_team_times one[VSH_PRECISION_COUNT] = {0}, all[VSH_PRECISION_COUNT] = {0};
    loop_job jobs[VSH_PRECISION_COUNT] = {0};

    for (int round = 0; round < ROUNDS; round++)
        for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
            vsh_team_job job = {.work = work_loop, .context = &jobs[p], .lasting = slice};
            if (!loops->loop[p].run)
                continue;
            if (round == 0) {
                jobs[p] = (loop_job){.loop = &loops->loop[p], .registers = registers};
                jobs[p].iterations = calibrate(jobs[p]);
            }
            VSH_TRY(vsh_team_run(team, &job, 1, &one[p], err));
            VSH_TRY(vsh_team_run(team, &job, ceiling->threads, &all[p], err));
        }
    for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
        vsh_ceiling_peak *peak = &ceiling->peak[p];
        double work = loops->loop[p].work.v * (double)jobs[p].iterations;
        if (!loops->loop[p].run)
            continue;
        peak->name = loops->loop[p].name;
        peak->one.v = work / fastest_seconds(&one[p]);
        peak->all.v = work * (double)ceiling->threads / fastest_seconds(&all[p]);
        peak->repeated = sum_up(&all[p]);
    }
    return VSH_OK;
}

/* ---- the triad ------------------------------------------------------------------------------ */

/* One thread's: it allocates them itself, and so touches its pages first. */
typedef struct {
    _Alignas(64) vsh_arena arena;
    float *a, *b, *c;
    int64_t part; /* the next to walk */
} arrays;

typedef struct {
    vsh_triad *run;
    int64_t floats; /* of one array of a thread */
    arrays *each;
} triad_job;

/* Not left at zero: some Intel caches do not write back a zero stored over a zero
 * (travisdowns.github.io, "Hardware Store Elimination", 2020). */
static bool prepare_triad(void *context, int64_t thread)
{
    const triad_job *job = context;
    arrays *mine = &job->each[thread];
    size_t count = (size_t)job->floats;

    mine->a = vsh_alloc(&mine->arena, count, sizeof *mine->a);
    mine->b = vsh_alloc(&mine->arena, count, sizeof *mine->b);
    mine->c = vsh_alloc(&mine->arena, count, sizeof *mine->c);
    if (!mine->a || !mine->b || !mine->c)
        return false;
    for (size_t i = 0; i < count; i++) {
        mine->b[i] = 1;
        mine->c[i] = 2;
    }
    return true;
}

static void work_triad(void *context, int64_t thread)
{
    const triad_job *job = context;
    arrays *mine = &job->each[thread];
    int64_t floats = job->floats / PARTS, at = mine->part * floats;

    job->run(mine->a + at, mine->b + at, mine->c + at, floats);
    mine->part = (mine->part + 1) % PARTS;
}

static vsh_status measure_triad(vsh_team *team, triad_job *triad, vsh_ceiling *ceiling,
                                vsh_error *err)
{
    vsh_team_job job = {prepare_triad, work_triad, triad, triad_time};
    vsh_team_times times = {0};
    vsh_status status = vsh_team_run(team, &job, ceiling->threads, &times, err);

    for (int64_t i = 0; i < ceiling->threads; i++)
        vsh_arena_free(&triad->each[i].arena);
    VSH_TRY(status);
    if (times.count == 0)
        return vsh_fail(err, VSH_EMACHINE,
                        "measuring this machine: no memory for arrays of %s in total",
                        vsh_show_bytes(ceiling->triad_bytes.v).text);
    ceiling->triad.v = ceiling->triad_bytes.v / PARTS / fastest_seconds(&times);
    ceiling->triad_repeated = sum_up(&times);
    return VSH_OK;
}

vsh_status vsh_ceiling_measure(vsh_arena *arena, int64_t threads, vsh_bytes triad_bytes,
                               vsh_ceiling *ceiling, vsh_error *err)
{
    vsh_kernel_loops loops = vsh_kernel_loops_find();
    double share = triad_bytes.v / 12 / (double)threads; /* floats of one array of a thread */
    triad_job triad = {.run = loops.triad,
                       .floats = ((int64_t)(share / PARTS) / 16 + 1) * 16 * PARTS,
                       .each = vsh_alloc(arena, (size_t)threads, sizeof(arrays))};
    vsh_loop_registers *registers = vsh_alloc(arena, (size_t)threads, sizeof *registers);
    vsh_team *team;

    assert(threads >= 1 && ceiling);
    if (!triad.each || !registers)
        return vsh_fail(err, VSH_EMACHINE, "measuring this machine: out of memory");
    for (int64_t i = 0; i < threads; i++)
        vsh_loop_registers_fill(&registers[i]);
    *ceiling = (vsh_ceiling){.threads = threads,
                             .triad_bytes = {12.0 * (double)triad.floats * (double)threads}};
    VSH_TRY(vsh_team_form(arena, threads, &team, err));
    VSH_TRY(measure_peaks(team, &loops, registers, ceiling, err));
    return measure_triad(team, &triad, ceiling, err);
}
