#include "planner/fit/budgets.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Widths in ln C among which one is chosen: from budgets that were met exactly to those that were
 * rounded to whole steps or read off a figure. (assumed) */
static const double tolerances[] = {0.001, 0.01, 0.03, 0.1, 0.2};

/* Runs crowd at a budget: they are more than their neighbourhood, half a unit of ln C to both
 * sides, would put there evenly, by three standard deviations of a count. (assumed) */
#define CROWD 3.0
#define NEIGHBOURHOOD 0.5

enum { NO_BUDGET = -1 };

/* A run that is looked at. */
typedef struct {
    double ln_flops, ln_params, loss;
    int run;    /* of the table */
    int size;   /* runs of one size have the same number */
    int budget; /* that it belongs to */
    bool settled;
} candidate;

/* From the least compute. */
typedef struct {
    candidate *at;
    int count;
    int *seen; /* runs of each size in a window */
} crowd;

/* ---- what is looked at ----------------------------------------------------------------------- */

static double experts_of(const vsh_point *p) { return p->experts > 1 ? p->experts : 1; }

static bool same_kind(const vsh_point *a, const vsh_point *b)
{
    return experts_of(a) == experts_of(b) && a->granularity == b->granularity;
}

static int by_kind(const void *a, const void *b)
{
    const vsh_point *p = a, *q = b;
    double first = experts_of(p) - experts_of(q), second = p->granularity - q->granularity;

    return first != 0 ? (first > 0) - (first < 0) : (second > 0) - (second < 0);
}

static int by_size(const void *a, const void *b)
{
    const candidate *p = a, *q = b;

    if (p->ln_params != q->ln_params)
        return (p->ln_params > q->ln_params) - (p->ln_params < q->ln_params);
    return p->run - q->run; /* one order everywhere */
}

static int by_flops(const void *a, const void *b)
{
    const candidate *p = a, *q = b;

    if (p->ln_flops != q->ln_flops)
        return (p->ln_flops > q->ln_flops) - (p->ln_flops < q->ln_flops);
    return p->run - q->run; /* one order everywhere */
}

/* The most frequent kind among runs that repeat nothing. */
static vsh_point frequent_kind(vsh_point *points, int count)
{
    vsh_point best = {0};
    int most = 0;

    qsort(points, (size_t)count, sizeof *points, by_kind);
    for (int i = 0, first = 0; i < count; i++) {
        if (!same_kind(&points[i], &points[first]))
            first = i;
        if (i - first + 1 > most) {
            most = i - first + 1;
            best = (vsh_point){.experts = points[i].experts, .granularity = points[i].granularity};
        }
    }
    return best;
}

static vsh_status choose_kind(vsh_arena *arena, const vsh_runs *runs, vsh_point *kind,
                              vsh_error *err)
{
    vsh_point *points = vsh_alloc(arena, (size_t)runs->count + 1, sizeof *points);
    int count = 0;

    if (!points)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < runs->count; i++)
        if (!vsh_point_repeats(&runs->run[i].at))
            points[count++] = runs->run[i].at;
    *kind = frequent_kind(points, count);
    return VSH_OK;
}

static void number_sizes(candidate *at, int count)
{
    qsort(at, (size_t)count, sizeof *at, by_size);
    for (int i = 1; i < count; i++)
        at[i].size = at[i - 1].size + (at[i].ln_params - at[i - 1].ln_params > log(VSH_ONE_SIZE));
}

static vsh_status gather(vsh_arena *arena, const vsh_runs *runs, const vsh_point *kind, crowd *all,
                         vsh_error *err)
{
    *all = (crowd){.at = vsh_alloc(arena, (size_t)runs->count + 1, sizeof *all->at),
                   .seen = vsh_alloc(arena, (size_t)runs->count + 1, sizeof *all->seen)};
    if (!all->at || !all->seen)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < runs->count; i++) {
        const vsh_point *p = &runs->run[i].at;
        if (isfinite(p->tokens) && !vsh_point_repeats(p) && same_kind(p, kind))
            all->at[all->count++] =
                (candidate){.ln_flops = log(6) + log(p->params) + log(p->tokens),
                            .ln_params = log(p->params),
                            .loss = runs->run[i].loss,
                            .run = i};
    }
    number_sizes(all->at, all->count);
    qsort(all->at, (size_t)all->count, sizeof *all->at, by_flops);
    return VSH_OK;
}

/* ---- budgets --------------------------------------------------------------------------------- */

/* Candidates first .. last, without the settled ones. */
typedef struct {
    int first, last, sizes, runs;
} window;

/* The window of this width with the most sizes, among equals the one with the most runs. */
static window densest(crowd *all, double width)
{
    window best = {0}, now = {0};

    memset(all->seen, 0, ((size_t)all->count + 1) * sizeof *all->seen);
    for (int last = 0; last < all->count; last++) {
        const candidate *in = &all->at[last];
        if (in->settled)
            continue;
        now.sizes += all->seen[in->size]++ == 0;
        now.runs++;
        for (; in->ln_flops - all->at[now.first].ln_flops > width; now.first++)
            if (!all->at[now.first].settled) {
                now.sizes -= --all->seen[all->at[now.first].size] == 0;
                now.runs--;
            }
        now.last = last;
        if (now.sizes > best.sizes || (now.sizes == best.sizes && now.runs > best.runs))
            best = now;
    }
    return best;
}

/* The runs that an even spread over the neighbourhood would put into a window of this width. */
static double expected(const crowd *all, const window *w, double width)
{
    double middle = (all->at[w->first].ln_flops + all->at[w->last].ln_flops) / 2;
    int near = 0;

    for (int i = w->first; i >= 0 && all->at[i].ln_flops > middle - NEIGHBOURHOOD; i--)
        near++;
    for (int i = w->first + 1; i < all->count && all->at[i].ln_flops < middle + NEIGHBOURHOOD; i++)
        near++;
    return near * width / (2 * NEIGHBOURHOOD);
}

/* Settles the runs of a window: they are of this budget, or of none. */
static void settle(crowd *all, const window *w, int budget)
{
    for (int i = w->first; i <= w->last; i++)
        if (!all->at[i].settled) {
            all->at[i].settled = true;
            all->at[i].budget = budget;
        }
}

/* Finds where runs crowd, most sizes first; returns how many such budgets there are, and in gain
 * the runs in them beyond those of an even spread. */
static int find_crowds(crowd *all, double width, double *gain)
{
    int count = 0;

    *gain = 0;
    for (int i = 0; i < all->count; i++)
        all->at[i].settled = false;
    for (int tried = 0; tried < 2 * VSH_ISOFLOP_BUDGETS && count < VSH_ISOFLOP_BUDGETS; tried++) {
        window w = densest(all, width);
        bool stands_out;
        double even;
        if (w.sizes < VSH_ISOFLOP_SIZES)
            break;
        even = expected(all, &w, width);
        stands_out = w.runs > even + CROWD * sqrt(even);
        if (stands_out)
            *gain += w.runs - even;
        settle(all, &w, stands_out ? count++ : NO_BUDGET);
    }
    for (int i = 0; i < all->count; i++)
        if (!all->at[i].settled)
            all->at[i].budget = NO_BUDGET;
    return count;
}

/* The width under which most runs stand out, the narrower among equals. */
static int choose_tolerance(crowd *all, double *tolerance)
{
    double most = 0, gain;

    *tolerance = 0;
    for (size_t i = 0; i < sizeof tolerances / sizeof tolerances[0]; i++)
        if (find_crowds(all, tolerances[i], &gain) > 0 && gain > most) {
            most = gain;
            *tolerance = tolerances[i];
        }
    return *tolerance > 0 ? find_crowds(all, *tolerance, &gain) : 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The runs of each budget, from the smallest model. */
static vsh_status fill_budgets(vsh_arena *arena, crowd *all, vsh_isoflop *found, vsh_error *err)
{
    int *room = vsh_alloc(arena, (size_t)all->count + 1, sizeof *room);

    if (!room)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < all->count; i++)
        if (all->at[i].budget != NO_BUDGET)
            found->budget[all->at[i].budget].count++;
    for (int i = 0; i < found->count; room += found->budget[i++].count)
        found->budget[i].run = room;
    for (int i = 0; i < found->count; i++)
        found->budget[i].count = 0;
    qsort(all->at, (size_t)all->count, sizeof *all->at, by_size);
    for (int i = 0; i < all->count; i++)
        if (all->at[i].budget != NO_BUDGET) {
            vsh_budget *b = &found->budget[all->at[i].budget];
            b->run[b->count++] = all->at[i].run;
        }
    return VSH_OK;
}

vsh_status vsh_budgets_find(vsh_arena *arena, const vsh_runs *runs, vsh_isoflop *found,
                            vsh_error *err)
{
    crowd all;

    assert(arena && runs && found);
    *found = (vsh_isoflop){0};
    VSH_TRY(choose_kind(arena, runs, &found->kind, err));
    VSH_TRY(gather(arena, runs, &found->kind, &all, err));
    found->looked_at = all.count;
    found->count = choose_tolerance(&all, &found->tolerance);
    return fill_budgets(arena, &all, found, err);
}
