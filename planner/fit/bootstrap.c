#include "planner/fit/bootstrap.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/rng.h"
#include "core/text.h"
#include "core/thread_team.h"
#include "planner/fit/descent.h"
#include "planner/fit/varpro.h"

/* Of more runs than this, so many are drawn, and the spread is scaled by the root of their share
 * ("m out of n", Bickel, Goetze and van Zwet 1997): a million runs, a thousand times, take hours.
 */
enum { RUNS_MAX = 20000 };

/* Budgets within a quarter of a decade are one. */
#define BUDGETS_A_DECADE 4.0

/* Runs that are drawn in each other's place lie side by side in order. */
typedef struct {
    int first, count;
} stratum;

typedef struct {
    const vsh_problem *problem;
    const vsh_fit_options *options;
    const double *best;
    int group_count; /* of groups drawn whole; 0: runs are drawn */
    int picks;       /* runs of a draw */
    int *order;      /* runs by stratum */
    int *stratum_of; /* of each place in that order */
    stratum *strata;
    double **weight;  /* of each thread */
    vsh_run **run;    /* of each thread, when picks are fewer than runs; else NULL */
    int *group_times; /* threads x group_count */
    double (*draw)[VSH_COEFFICIENTS];
    bool *done;
    atomic_int next;
    double start, shown;
} work;

/* ---- drawing --------------------------------------------------------------------------------- */

static int pick(const work *w, int draw, int counter, int from)
{
    double share = vsh_random_uniform(w->options->seed, (uint64_t)draw, (uint64_t)counter);

    return (int)(share * from);
}

static int pick_run(const work *w, int draw, int counter)
{
    const stratum *s;
    int place = counter;

    if (w->picks < w->problem->count) /* a place first, then one of its stratum */
        place = pick(w, draw, w->picks + counter, w->problem->count);
    s = &w->strata[w->stratum_of[place]];
    return w->order[s->first + pick(w, draw, counter, s->count)];
}

static void draw_groups(const work *w, int draw, int *times, double *weight)
{
    memset(times, 0, (size_t)w->group_count * sizeof *times);
    for (int i = 0; i < w->group_count; i++)
        times[pick(w, draw, i, w->group_count)]++;
    for (int i = 0; i < w->problem->count; i++)
        weight[i] = times[w->problem->run[i].group];
}

static void resample(const work *w, int draw, int64_t thread, vsh_problem *problem)
{
    double *weight = w->weight[thread];

    *problem = *w->problem;
    if (w->run[thread]) {
        for (int i = 0; i < w->picks; i++)
            w->run[thread][i] = w->problem->run[pick_run(w, draw, i)];
        problem->run = w->run[thread];
        problem->count = w->picks;
        return;
    }
    problem->weight = weight;
    if (w->group_count > 0) {
        draw_groups(w, draw, w->group_times + thread * w->group_count, weight);
        return;
    }
    memset(weight, 0, (size_t)w->problem->count * sizeof *weight);
    for (int i = 0; i < w->picks; i++)
        weight[pick_run(w, draw, i)]++;
}

/* ---- fitting --------------------------------------------------------------------------------- */

static bool usable(const vsh_problem *problem, const double *c)
{
    for (int i = 0; i < problem->coefficients; i++)
        if (!isfinite(c[i]) || (problem->kind->form->positive & 1U << i &&
                                vsh_problem_is_free(problem, i) && !(c[i] >= 0)))
            return false;
    return true;
}

/* The spread of few runs, brought to that of all. */
static void shrink(const work *w, double *c)
{
    double share = sqrt(w->picks / (double)w->problem->count);

    for (int i = 0; i < w->problem->coefficients; i++)
        c[i] = w->problem->kind->form->positive & 1U << i
                   ? w->best[i] * pow(c[i] / w->best[i], share)
                   : w->best[i] + (c[i] - w->best[i]) * share;
}

/* From the fit and, where a grid is cheap, from the best point of one: the lower of the two. */
static void fit_draw(work *w, int draw, int64_t thread)
{
    vsh_problem problem;
    double *c = w->draw[draw], value;

    resample(w, draw, thread, &problem);
    memcpy(c, w->best, sizeof w->draw[draw]);
    value = vsh_descend(&problem, c);
    if (problem.kind->axis_count <= 2 && problem.count <= RUNS_MAX / 10) {
        vsh_varpro starts;
        vsh_varpro_search(&problem, true, &starts);
        if (starts.count > 0 && vsh_descend(&problem, starts.c[0]) < value)
            memcpy(c, starts.c[0], sizeof w->draw[draw]);
    }
    w->done[draw] = isfinite(value) && usable(&problem, c);
    if (w->picks < w->problem->count)
        shrink(w, c);
}

static void show_progress(work *w, int done)
{
    const vsh_fit_options *options = w->options;
    double now = vsh_clock_now().v, interval = options->talk_is_terminal ? 0.1 : 30;
    double left = (now - w->start) / done * (options->bootstraps - done);

    if (!options->talk || now - w->shown < interval)
        return;
    w->shown = now;
    fprintf(options->talk, "%s  bootstrap %s/%s  eta %s%s", options->talk_is_terminal ? "\r" : "",
            vsh_show_integer(done).text, vsh_show_integer(options->bootstraps).text,
            vsh_show_time(left).text, options->talk_is_terminal ? "\033[K" : "\n");
    fflush(options->talk);
}

static void take_draws(void *context, int64_t thread)
{
    work *w = context;
    int draw;

    while ((draw = atomic_fetch_add(&w->next, 1)) < w->options->bootstraps) {
        fit_draw(w, draw, thread);
        if (thread == 0)
            show_progress(w, draw + 1);
    }
}

static void clear_progress(const work *w)
{
    if (w->shown > w->start && w->options->talk_is_terminal) {
        fputs("\r\033[K", w->options->talk);
        fflush(w->options->talk);
    }
}

/* ---- what lies side by side ------------------------------------------------------------------ */

typedef struct {
    int key, run;
} keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;

    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->run - y->run;
}

static int budget_of(const vsh_run *run)
{
    return (int)floor(log10(6 * run->at.params * run->at.tokens) * BUDGETS_A_DECADE);
}

static vsh_status out_of_memory(vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "bootstrap: out of memory");
}

static vsh_status order_runs(vsh_arena *arena, work *w, vsh_error *err)
{
    size_t n = (size_t)w->problem->count;
    bool budgets = w->options->resample == VSH_RESAMPLE_BUDGETS;
    keyed *key = vsh_alloc(arena, n, sizeof *key);
    int last = -1;

    w->order = vsh_alloc(arena, n, sizeof *w->order);
    w->stratum_of = vsh_alloc(arena, n, sizeof *w->stratum_of);
    w->strata = vsh_alloc(arena, n, sizeof *w->strata);
    if (!key || !w->order || !w->stratum_of || !w->strata)
        return out_of_memory(err);
    for (int i = 0; i < w->problem->count; i++)
        key[i] = (keyed){budgets ? budget_of(&w->problem->run[i]) : 0, i};
    qsort(key, n, sizeof *key, by_key);
    for (int i = 0; i < w->problem->count; i++) {
        if (i == 0 || key[i].key != key[i - 1].key)
            w->strata[++last].first = i;
        w->strata[last].count++;
        w->order[i] = key[i].run;
        w->stratum_of[i] = last;
    }
    return VSH_OK;
}

static vsh_status make_room(vsh_arena *arena, work *w, int64_t threads, vsh_error *err)
{
    size_t draws = (size_t)w->options->bootstraps;
    bool few = w->picks < w->problem->count;

    w->weight = vsh_alloc(arena, (size_t)threads, sizeof *w->weight);
    w->run = vsh_alloc(arena, (size_t)threads, sizeof *w->run);
    w->draw = vsh_alloc(arena, draws, sizeof *w->draw);
    w->done = vsh_alloc(arena, draws, sizeof *w->done);
    w->group_times =
        vsh_alloc(arena, (size_t)threads * (size_t)(w->group_count + 1), sizeof *w->group_times);
    if (!w->weight || !w->run || !w->draw || !w->done || !w->group_times)
        return out_of_memory(err);
    for (int64_t i = 0; i < threads; i++) {
        if (few)
            w->run[i] = vsh_alloc(arena, (size_t)w->picks, sizeof **w->run);
        else
            w->weight[i] = vsh_alloc(arena, (size_t)w->problem->count, sizeof **w->weight);
        if (!(few ? (void *)w->run[i] : (void *)w->weight[i]))
            return out_of_memory(err);
    }
    return order_runs(arena, w, err);
}

vsh_status vsh_bootstrap_run(vsh_arena *arena, const vsh_problem *problem,
                             const vsh_fit_options *options, int group_count,
                             const double best[VSH_COEFFICIENTS], vsh_bootstrap *bootstrap,
                             vsh_error *err)
{
    int64_t threads = options->threads > 0 ? options->threads : vsh_team_cpus();
    bool groups = options->resample == VSH_RESAMPLE_GROUPS;
    work w = {.problem = problem,
              .options = options,
              .best = best,
              .group_count = groups ? group_count : 0,
              .picks = problem->count <= RUNS_MAX || groups ? problem->count : RUNS_MAX,
              .start = vsh_clock_now().v};
    vsh_team_times times = {0};
    vsh_team *team;

    w.shown = w.start;
    threads = threads < 1 ? 1 : threads > options->bootstraps ? options->bootstraps : threads;
    VSH_TRY(make_room(arena, &w, threads, err));
    VSH_TRY(vsh_team_form(arena, threads, &team, err));
    VSH_TRY(vsh_team_run(team, &(vsh_team_job){.work = take_draws, .context = &w}, threads, &times,
                         err));
    clear_progress(&w);
    *bootstrap = (vsh_bootstrap){.draw = w.draw};
    for (int i = 0; i < options->bootstraps; i++) {
        if (w.done[i])
            memmove(w.draw[bootstrap->count++], w.draw[i], sizeof w.draw[i]);
        else
            bootstrap->failed++;
    }
    return VSH_OK;
}
