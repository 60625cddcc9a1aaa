#include "planner/layout/search.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "core/clock.h"

const char *const vsh_rank_words[] = {"time", "money", "memory", NULL};
const char *const vsh_refusal_words[VSH_REFUSED_COUNT] = {"does_not_divide", "batch", "rounds",
                                                          "software", "memory"};

/* ---- order --------------------------------------------------------------------------------- */

static int compare(double a, double b) { return (a > b) - (a < b); }

/* Fewer of everything first: of two that are as good the plainer one. */
static int layout_order(const vsh_found *a, const vsh_found *b)
{
    const vsh_split *s = &a->layout.split, *t = &b->layout.split;
    const int64_t pairs[][2] = {
        {b->chips, a->chips},         {s->tensor, t->tensor},
        {a->layout.pp, b->layout.pp}, {s->context, t->context},
        {s->expert, t->expert},       {s->sequence, t->sequence},
        {s->zero, t->zero},           {a->layout.interleave, b->layout.interleave},
        {a->micro, b->micro},         {a->recompute, b->recompute}};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i][0] != pairs[i][1])
            return pairs[i][0] < pairs[i][1] ? -1 : 1;
    return 0;
}

static double rank_value(vsh_rank rank, const vsh_found *f)
{
    return rank == VSH_RANK_TIME    ? f->step_s
           : rank == VSH_RANK_MONEY ? f->chip_seconds
                                    : f->memory_bytes;
}

int vsh_found_order(vsh_rank rank, const vsh_found *a, const vsh_found *b)
{
    int by_value = compare(rank_value(rank, a), rank_value(rank, b));
    int by_time = by_value ? by_value : compare(a->step_s, b->step_s);

    return by_time ? by_time : layout_order(a, b);
}

/* ---- what one thread finds ----------------------------------------------------------------- */

static void keep_best(const vsh_search *s, vsh_search_answer *a, const vsh_found *f)
{
    int at = a->count;

    if (at == s->keep && vsh_found_order(s->rank, f, &a->best[at - 1]) >= 0)
        return;
    if (at < s->keep)
        a->count++;
    else
        at--;
    for (; at > 0 && vsh_found_order(s->rank, f, &a->best[at - 1]) < 0; at--)
        a->best[at] = a->best[at - 1];
    a->best[at] = *f;
}

/* As good in everything, and better in something or the plainer of two alike. */
static bool beats(const vsh_found *a, const vsh_found *b)
{
    bool better = a->step_s < b->step_s || a->memory_bytes < b->memory_bytes ||
                  a->chip_seconds < b->chip_seconds;

    if (a->step_s > b->step_s || a->memory_bytes > b->memory_bytes ||
        a->chip_seconds > b->chip_seconds)
        return false;
    return better || layout_order(a, b) < 0;
}

static void keep_front(vsh_search_answer *a, const vsh_found *f)
{
    int kept = 0;

    for (int i = 0; i < a->front_count; i++)
        if (beats(&a->front[i], f)) { /* what beat the last one may beat the next */
            vsh_found swap = a->front[i];
            a->front[i] = a->front[0];
            a->front[0] = swap;
            return;
        }
    for (int i = 0; i < a->front_count; i++)
        if (!beats(f, &a->front[i]))
            a->front[kept++] = a->front[i];
    if (kept < VSH_FRONT_MAX)
        a->front[kept++] = *f;
    a->front_count = kept;
}

static vsh_status make_answer(const vsh_search *s, vsh_arena *arena, vsh_search_answer *a,
                              vsh_error *err)
{
    *a = (vsh_search_answer){.seconds = 0};
    a->best = vsh_alloc(arena, (size_t)s->keep, sizeof *a->best);
    a->front = vsh_alloc(arena, VSH_FRONT_MAX, sizeof *a->front);
    return a->best && a->front ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "out of memory");
}

static void add_answer(const vsh_search *s, vsh_search_answer *sum, const vsh_search_answer *a)
{
    sum->considered += a->considered;
    sum->evaluated += a->evaluated;
    sum->fitting += a->fitting;
    sum->across += a->across;
    for (int r = 0; r < VSH_REFUSED_COUNT; r++)
        sum->refused[r] += a->refused[r];
    for (int i = 0; i < a->count; i++)
        keep_best(s, sum, &a->best[i]);
    for (int i = 0; i < a->front_count; i++)
        keep_front(sum, &a->front[i]);
}

/* ---- the space ----------------------------------------------------------------------------- */

/* One piece of work: all micro-batches, numbers of stages and chunks, and stages of ZeRO. */
typedef struct {
    const vsh_platform *platform;
    int64_t chips, tensor, context, expert;
    bool sequence;
    vsh_recompute_mode recompute;
} task;

typedef struct {
    int64_t *item, count;
} divisors;

typedef struct {
    const vsh_search *search;
    vsh_chunking chunking;
    divisors micro;
    task *task;
    int64_t task_count, task_room;
    atomic_int_least64_t next, done;
    double begun;
    struct worker *worker;
} space;

/* A list's price under what it depends on beside the task. */
typedef struct {
    vsh_list_price price;
    bool known;
} cached_price;

typedef struct worker {
    space *space;
    vsh_memory_parts parts;
    vsh_search_answer answer;
    cached_price once[2]; /* gradients reduced once a step; summed over micro-batches or not */
    cached_price each[2]; /* ZeRO 2, 3: with every micro-batch, over these replicas */
    vsh_status status;
    vsh_error err;
} worker;

static vsh_status add_task(space *sp, const task *t, vsh_arena *arena, vsh_error *err)
{
    task *grown = vsh_grow(arena, sp->task, sp->task_count, &sp->task_room, sizeof *grown);

    if (!grown)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    sp->task = grown;
    sp->task[sp->task_count++] = *t;
    return VSH_OK;
}

static vsh_status divisors_of(int64_t number, vsh_arena *arena, divisors *d, vsh_error *err)
{
    int64_t below = 0;

    *d = (divisors){.count = 0};
    for (int64_t i = 1; i <= number / i; i++)
        d->count += number % i ? 0 : i == number / i ? 1 : 2;
    d->item = vsh_alloc(arena, (size_t)d->count, sizeof *d->item);
    if (!d->item)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 1; i <= number / i; i++)
        if (number % i == 0) {
            d->item[d->count - 1 - below] = number / i;
            d->item[below++] = i;
        }
    return VSH_OK;
}

static vsh_status add_splits(space *sp, const vsh_platform *platform, int64_t chips,
                             vsh_arena *arena, vsh_error *err)
{
    int64_t experts = sp->search->run.laid.model->experts.count;
    task t = {.platform = platform, .chips = chips};
    divisors ways;

    VSH_TRY(divisors_of(chips, arena, &ways, err));
    for (int64_t all = 0; all < ways.count * ways.count * ways.count; all++) {
        int64_t rest;
        t.tensor = ways.item[all / ways.count / ways.count];
        t.context = ways.item[all / ways.count % ways.count];
        t.expert = ways.item[all % ways.count];
        rest = chips / t.tensor; /* context x data x stages */
        if (rest % t.context || rest % t.expert || t.expert > (experts > 0 ? experts : 1))
            continue;
        for (int modes = 0; modes < 6; modes++) {
            t.sequence = modes / 3;
            t.recompute = (vsh_recompute_mode)(modes % 3);
            if (!t.sequence || t.tensor > 1)
                VSH_TRY(add_task(sp, &t, arena, err));
        }
    }
    return VSH_OK;
}

static vsh_status add_chips(space *sp, vsh_arena *arena, vsh_error *err)
{
    const vsh_search *s = sp->search;
    divisors chips;

    VSH_TRY(divisors_of(s->chips, arena, &chips, err));
    VSH_TRY(divisors_of(s->run.laid.batch, arena, &sp->micro, err));
    for (int64_t i = chips.count - 1; i >= (s->fewer ? 0 : chips.count - 1); i--) {
        vsh_platform *platform = vsh_alloc(arena, 1, sizeof *platform);
        vsh_status joined;
        if (!platform)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        joined = vsh_platform_of(s->hardware, s->stack, s->run.precision, s->run.flash,
                                 chips.item[i], 0, platform, err);
        if (joined == VSH_OK)
            VSH_TRY(add_splits(sp, platform, chips.item[i], arena, err));
        else if (!s->fewer)
            return joined;
    }
    return VSH_OK;
}

/* ---- one task ------------------------------------------------------------------------------ */

/* Layouts of a task with these stages: chunks x stages of ZeRO. */
static int64_t chunk_numbers(int64_t layers, int64_t pp)
{
    return pp > 1 && layers >= pp ? layers / pp : 1;
}
static int zero_most(const vsh_split *split) { return vsh_split_replicas(split) > 1 ? 3 : 0; }

static vsh_status price_of(const vsh_step_run *run, const vsh_platform *platform,
                           const vsh_mesh *mesh, cached_price *c, vsh_error *err)
{
    if (c->known)
        return VSH_OK;
    VSH_TRY(vsh_list_price_of(run, platform, mesh, &c->price, err));
    c->known = true;
    return VSH_OK;
}

/* No layout as fast as this and of this memory would be kept. */
static bool is_useless(const worker *w, const vsh_found *f)
{
    const vsh_search *s = w->space->search;
    const vsh_search_answer *a = &w->answer;

    if (a->count < s->keep ||
        compare(rank_value(s->rank, f), rank_value(s->rank, &a->best[s->keep - 1])) <= 0)
        return false;
    for (int i = 0; i < a->front_count; i++)
        if (a->front[i].step_s < f->step_s && a->front[i].memory_bytes <= f->memory_bytes &&
            a->front[i].chip_seconds <= f->chip_seconds)
            return true;
    return false;
}

static void set_time(vsh_found *f, const vsh_step_run *run, const task *t, const vsh_mesh *mesh,
                     const cached_price *c)
{
    f->step_s = vsh_step_time_of(run, t->platform, mesh, &c->price).step;
    f->chip_seconds = f->step_s * (double)t->chips;
}

static cached_price *list_of(worker *w, const vsh_step_run *run)
{
    int zero = run->layout.split.zero;

    return zero < 2 ? &w->once[vsh_micro_batches(&run->layout, &run->laid) > 1]
                    : &w->each[zero - 2];
}

/* Whether it surely fits and is too slow, first by a bound of its time: the list of ZeRO 2 or 3 is
 * that of one micro-batch without them, and collectives beside it; then by its time. */
static vsh_status is_passed_over(worker *w, const task *t, const vsh_step_run *run,
                                 const vsh_mesh *mesh, vsh_found *f, bool *passed, vsh_error *err)
{
    cached_price *own = list_of(w, run);
    vsh_step_run plain = *run;
    double most;

    *passed = false;
    VSH_TRY(vsh_memory_most(&w->parts, &run->layout, run->laid.micro, &most, err));
    if (most > w->space->search->capacity)
        return VSH_OK;
    plain.layout.split.zero = 0;
    plain.laid.batch = run->layout.split.data * run->laid.micro;
    VSH_TRY(price_of(&plain, t->platform, mesh, &w->once[0], err));
    set_time(f, run, t, mesh, own->known ? own : &w->once[0]);
    *passed = is_useless(w, f);
    if (*passed || own->known)
        return VSH_OK;
    VSH_TRY(price_of(run, t->platform, mesh, own, err));
    set_time(f, run, t, mesh, own);
    *passed = is_useless(w, f);
    return VSH_OK;
}

static vsh_status time_one(worker *w, const task *t, const vsh_step_run *run, const vsh_mesh *mesh,
                           vsh_found *f, vsh_error *err)
{
    cached_price *c = list_of(w, run);

    VSH_TRY(price_of(run, t->platform, mesh, c, err));
    set_time(f, run, t, mesh, c);
    keep_best(w->space->search, &w->answer, f);
    keep_front(&w->answer, f);
    return VSH_OK;
}

/* Its memory, or a bound that is already more than a chip has. */
static vsh_status memory_of(worker *w, const task *t, const vsh_step_run *run, const vsh_mesh *mesh,
                            vsh_found *f, bool *passed, vsh_error *err)
{
    double capacity = w->space->search->capacity, *bytes = &f->memory_bytes;

    *passed = false;
    *bytes = vsh_memory_state(&w->parts, &run->layout);
    if (*bytes > capacity)
        return VSH_OK;
    VSH_TRY(vsh_memory_least(&w->parts, &run->layout, run->laid.micro, bytes, err));
    if (*bytes > capacity)
        return VSH_OK;
    if (run->layout.split.zero > 1)
        VSH_TRY(is_passed_over(w, t, run, mesh, f, passed, err));
    return *passed ? VSH_OK
                   : vsh_memory_whole(&w->parts, &run->layout, run->laid.micro, bytes, err);
}

/* A layout that divides. A model that cannot be cut there says so when its memory is asked. */
static vsh_status try_one(worker *w, const task *t, const vsh_step_run *run, const vsh_mesh *mesh,
                          vsh_error *err)
{
    vsh_found f = {.chips = t->chips,
                   .layout = run->layout,
                   .micro = run->laid.micro,
                   .recompute = t->recompute};
    bool passed, fits;
    vsh_status status = memory_of(w, t, run, mesh, &f, &passed, err);

    if (status == VSH_EINPUT) {
        w->answer.refused[VSH_REFUSED_DIVIDE]++;
        return VSH_OK;
    }
    VSH_TRY(status);
    fits = f.memory_bytes <= w->space->search->capacity;
    w->answer.evaluated++;
    w->answer.refused[VSH_REFUSED_MEMORY] += !fits;
    w->answer.fitting += fits;
    w->answer.across += fits && t->tensor > t->platform->fabric.domain;
    return fits && !passed ? time_one(w, t, run, mesh, &f, err) : VSH_OK;
}

static vsh_status try_stages(worker *w, const task *t, vsh_step_run *run, vsh_error *err)
{
    int64_t layers = run->laid.model->layers, pp = run->layout.pp;
    int64_t numbers = chunk_numbers(layers, pp);
    bool batch = run->laid.batch % (run->layout.split.data * run->laid.micro) == 0;
    bool rounds = vsh_micro_batches(&run->layout, &run->laid) % pp == 0;
    vsh_mesh mesh = vsh_mesh_of(&t->platform->fabric, &run->layout.split, pp);
    int zeros = zero_most(&run->layout.split) + 1;

    w->each[0].known = w->each[1].known = false;
    for (int64_t v = 1; v <= numbers; v++) {
        bool divides = layers % (pp * v) == 0;
        if (!divides || !batch || (v > 1 && !rounds)) {
            w->answer.refused[!divides ? VSH_REFUSED_DIVIDE
                              : !batch ? VSH_REFUSED_BATCH
                                       : VSH_REFUSED_ROUNDS] += zeros;
            continue;
        }
        run->layout.interleave = v;
        for (int zero = 0; zero < zeros; zero++) {
            run->layout.split.zero = zero;
            if (vsh_admits_not(w->space->search->admits, &run->layout))
                w->answer.refused[VSH_REFUSED_SOFTWARE]++;
            else
                VSH_TRY(try_one(w, t, run, &mesh, err));
        }
    }
    return VSH_OK;
}

static vsh_status try_micro(worker *w, const task *t, vsh_step_run *run, bool divides,
                            vsh_error *err)
{
    int64_t rest = t->chips / t->tensor / t->context, layers = run->laid.model->layers;

    w->once[0].known = w->once[1].known = false;
    for (int64_t pp = 1; pp <= rest; pp++) {
        int64_t data = rest / pp, layouts;
        if (rest % pp || data * t->context % t->expert)
            continue;
        run->layout.split.data = data;
        run->layout.pp = pp;
        layouts = chunk_numbers(layers, pp) * (zero_most(&run->layout.split) + 1);
        w->answer.considered += layouts;
        if (!divides || pp > layers)
            w->answer.refused[VSH_REFUSED_DIVIDE] += layouts;
        else
            VSH_TRY(try_stages(w, t, run, err));
    }
    return VSH_OK;
}

static vsh_status do_task(worker *w, const task *t, vsh_error *err)
{
    const divisors *micro = &w->space->micro;
    vsh_step_run run = w->space->search->run;
    bool divides;

    run.recompute = t->recompute;
    run.layout = (vsh_layout){.split = {.tensor = t->tensor,
                                        .sequence = t->sequence,
                                        .context = t->context,
                                        .expert = t->expert},
                              .pp = 1,
                              .interleave = 1};
    divides = vsh_split_check(run.laid.model, &run.layout.split, &(vsh_stage){0}, run.laid.seq,
                              err) == VSH_OK;
    if (divides)
        vsh_memory_parts_begin(&w->parts, &run);
    for (int64_t i = 0; i < micro->count; i++) {
        run.laid.micro = micro->item[i];
        VSH_TRY(try_micro(w, t, &run, divides, err));
    }
    return VSH_OK;
}

/* ---- all of them --------------------------------------------------------------------------- */

static void tell(space *sp)
{
    const vsh_search *s = sp->search;

    if (s->progress)
        s->progress(s->context, (double)atomic_load(&sp->done) / (double)sp->task_count,
                    vsh_clock_now().v - sp->begun);
}

static void work(void *context, int64_t thread)
{
    space *sp = context;
    worker *w = &sp->worker[thread];

    for (;;) {
        int64_t i = atomic_fetch_add(&sp->next, 1);
        if (i >= sp->task_count || w->status != VSH_OK)
            return;
        w->status = do_task(w, &sp->task[i], &w->err);
        atomic_fetch_add(&sp->done, 1);
        if (thread == 0)
            tell(sp);
    }
}

static vsh_status make_workers(space *sp, vsh_arena *arena, vsh_error *err)
{
    const vsh_search *s = sp->search;

    sp->worker = vsh_alloc(arena, (size_t)s->threads, sizeof *sp->worker);
    if (!sp->worker)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < s->threads; i++) {
        worker *w = &sp->worker[i];
        w->space = sp;
        VSH_TRY(vsh_memory_parts_make(&sp->chunking, s->run.framework, arena, &w->parts, err));
        VSH_TRY(make_answer(s, arena, &w->answer, err));
    }
    return VSH_OK;
}

static vsh_status run_team(space *sp, vsh_arena *arena, vsh_error *err)
{
    vsh_team_job job = {.work = work, .context = sp};
    vsh_team_times *times = vsh_alloc(arena, 1, sizeof *times);
    vsh_team *team;

    if (!times)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_team_form(arena, sp->search->threads, &team, err));
    return vsh_team_run(team, &job, sp->search->threads, times, err);
}

static void sort_front(vsh_search_answer *a)
{
    for (int i = 1; i < a->front_count; i++)
        for (int j = i; j > 0 && vsh_found_order(VSH_RANK_TIME, &a->front[j], &a->front[j - 1]) < 0;
             j--) {
            vsh_found swap = a->front[j];
            a->front[j] = a->front[j - 1];
            a->front[j - 1] = swap;
        }
}

vsh_status vsh_search_all(const vsh_search *search, vsh_arena *arena, vsh_search_answer *answer,
                          vsh_error *err)
{
    space sp = {.search = search, .begun = vsh_clock_now().v};

    assert(search->run.recipe && search->keep > 0 && search->threads > 0 && search->chips > 0);
    VSH_TRY(vsh_chunking_of(search->run.laid.model, arena, &sp.chunking, err));
    VSH_TRY(add_chips(&sp, arena, err));
    VSH_TRY(make_workers(&sp, arena, err));
    VSH_TRY(make_answer(search, arena, answer, err));
    VSH_TRY(run_team(&sp, arena, err));
    for (int64_t i = 0; i < search->threads; i++) {
        if (sp.worker[i].status != VSH_OK) {
            *err = sp.worker[i].err;
            return sp.worker[i].status;
        }
        add_answer(search, answer, &sp.worker[i].answer);
    }
    sort_front(answer);
    answer->seconds = vsh_clock_now().v - sp.begun;
    return VSH_OK;
}
