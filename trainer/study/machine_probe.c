#include "trainer/study/machine_probe.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>

#include "core/kernel_loop.h"
#include "core/sort.h"
#include "core/thread_team.h"

/* Each repetition is long beside what starting it takes and short beside the turn that a scheduler
 * gives somebody else. */
enum { ITERATIONS = 200000, TRIAD_ELEMENTS = 1 << 20 };
static const double lasting_s = 0.1;

typedef struct {
    vsh_kernel_loops loops;
    vsh_loop_registers *registers; /* [threads] */
    float *arrays;                 /* [threads][3][TRIAD_ELEMENTS] */
} probing;

static void multiply(void *context, int64_t thread)
{
    const probing *p = context;

    p->loops.loop[VSH_FP32].run(&p->registers[thread], ITERATIONS);
}

static void move(void *context, int64_t thread)
{
    const probing *p = context;
    float *a = p->arrays + thread * 3 * TRIAD_ELEMENTS;

    p->loops.triad(a, a + TRIAD_ELEMENTS, a + 2 * TRIAD_ELEMENTS, TRIAD_ELEMENTS);
}

/* Work over time, of the slowest among the fastest tenth of the repetitions: the very fastest is
 * luck with a cache that others share, and the median is theirs whenever they run. */
static vsh_status time_it(vsh_team *team, probing *p, void (*work)(void *, int64_t),
                          int64_t threads, double amount, double *rate, vsh_error *err)
{
    vsh_arena memory = {0};
    vsh_team_job job = {.work = work, .context = p, .lasting = {lasting_s}};
    vsh_team_times times = {0};
    double *seconds;

    VSH_TRY(vsh_team_run(team, &job, threads, &times, err));
    seconds = vsh_alloc(&memory, (size_t)times.count, sizeof *seconds);
    if (!seconds)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < times.count; i++)
        seconds[i] = times.each[i].v;
    vsh_sort_reals(seconds, times.count);
    *rate = amount * (double)threads / seconds[times.count / 10];
    vsh_arena_free(&memory);
    return VSH_OK;
}

static vsh_status take(vsh_arena *arena, int64_t threads, vsh_machine_probe *probe, vsh_error *err)
{
    probing p = {.loops = vsh_kernel_loops_find()};
    vsh_team *team;

    p.registers = vsh_alloc(arena, (size_t)threads, sizeof *p.registers);
    p.arrays = vsh_alloc(arena, (size_t)threads * 3 * TRIAD_ELEMENTS, sizeof *p.arrays);
    if (!p.registers || !p.arrays)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < threads; i++)
        vsh_loop_registers_fill(&p.registers[i]);
    VSH_TRY(vsh_team_form(arena, threads, &team, err));
    VSH_TRY(time_it(team, &p, multiply, threads, p.loops.loop[VSH_FP32].work.v * ITERATIONS,
                    &probe->multiply.v, err));
    return time_it(team, &p, move, threads, 3 * sizeof(float) * (double)TRIAD_ELEMENTS,
                   &probe->move.v, err);
}

vsh_status vsh_machine_probe_take(int64_t threads, vsh_machine_probe *probe, vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_status status = take(&arena, threads, probe, err);

    vsh_arena_free(&arena);
    return status;
}

static double apart(double a, double b) { return fmax(a, b) / fmin(a, b) - 1; }

double vsh_machine_probe_spread(const vsh_machine_probe *a, const vsh_machine_probe *b)
{
    return fmax(apart(a->multiply.v, b->multiply.v), apart(a->move.v, b->move.v));
}

/* The second figure of a thread's schedstat: nanoseconds on a run queue. */
static double thread_waited(const char *thread)
{
    char path[64];
    double ran, waited = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%.20s/schedstat", thread);
    file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%lf %lf", &ran, &waited) != 2)
        waited = 0;
    fclose(file);
    return 1e-9 * waited;
}

double vsh_machine_waited(void)
{
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *entry;
    double sum = 0;

    if (!threads)
        return 0;
    while ((entry = readdir(threads)))
        if (entry->d_name[0] != '.')
            sum += thread_waited(entry->d_name);
    closedir(threads);
    return sum;
}
