#include "trainer/study/study_frontier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "core/sort.h"

const char *const vsh_study_cost_words[] = {"flops", "seconds", NULL};

/* Losses that are asked, and the most sizes, seeds and points that are told apart. */
enum { LOSSES = 9, SEEDS = 16, KINDS = 32, POINTS = 4096 };

/* ---- a frontier ---------------------------------------------------------------------------- */

static int by_cost(const void *a, const void *b)
{
    const vsh_study_pair *x = a, *y = b;

    if (x->cost != y->cost)
        return x->cost < y->cost ? -1 : 1;
    return (x->loss > y->loss) - (x->loss < y->loss);
}

int64_t vsh_study_frontier(vsh_study_pair *p, int64_t count)
{
    int64_t kept = 0;

    qsort(p, (size_t)count, sizeof *p, by_cost);
    for (int64_t i = 0; i < count; i++)
        if (kept == 0 || p[i].loss < p[kept - 1].loss)
            p[kept++] = p[i];
    return kept;
}

double vsh_study_cost_at(const vsh_study_pair *f, int64_t count, double loss)
{
    for (int64_t i = 0; i + 1 < count; i++)
        if (loss <= f[i].loss && loss >= f[i + 1].loss) {
            double share = (f[i].loss - loss) / (f[i].loss - f[i + 1].loss);
            return exp(log(f[i].cost) + share * log(f[i + 1].cost / f[i].cost));
        }
    return NAN;
}

double vsh_study_loss_at(const vsh_study_pair *f, int64_t count, double cost)
{
    for (int64_t i = 0; i + 1 < count; i++)
        if (cost >= f[i].cost && cost <= f[i + 1].cost)
            return f[i].loss + (f[i + 1].loss - f[i].loss) * log(cost / f[i].cost) /
                                   log(f[i + 1].cost / f[i].cost);
    return NAN;
}

/* ---- records, drawn ------------------------------------------------------------------------ */

/* One run, with what tells it apart as numbers. */
typedef struct {
    int seed, size; /* index */
    int64_t budget;
    double cost, loss, total;
} run;

typedef struct {
    run *item;
    int64_t count;
} runs;

/* How often each seed and each of the family's sizes counts. */
typedef struct {
    int seed[SEEDS], size[KINDS];
} weights;

typedef struct {
    const vsh_study_question *question;
    int64_t seeds[SEEDS], sizes[KINDS]; /* as in the records */
    int seed_count, size_count; /* the family's sizes first, then those that only dense has */
    int family_sizes;
    runs dense, family;
    vsh_study_pair *room[2];
} comparison;

static int index_of(int64_t *known, int *count, int most, int64_t value)
{
    for (int i = 0; i < *count; i++)
        if (known[i] == value)
            return i;
    if (*count == most)
        return -1;
    known[*count] = value;
    return (*count)++;
}

static double cost_of(const vsh_study_question *q, const vsh_study_record *r)
{
    return q->cost == VSH_COST_FLOPS ? r->flops : r->seconds;
}

static bool is_asked(const vsh_study_question *q, const char *family, const vsh_study_record *r)
{
    return strcmp(r->family, family) == 0 && strcmp(r->role, "curve") == 0 &&
           r->unique_tokens == q->unique_tokens;
}

static bool suits(const vsh_study_question *q, const char *family, const vsh_study_record *r)
{
    return is_asked(q, family, r) && isfinite(r->loss) && cost_of(q, r) > 0;
}

static bool diverged(const vsh_study_question *q, const vsh_study_record *r)
{
    return (is_asked(q, "dense", r) || is_asked(q, q->family, r)) && !isfinite(r->loss);
}

/* This run's size, budget and seed diverged in one of the two. */
static bool is_lost(const vsh_study_records *records, const vsh_study_question *q,
                    const vsh_study_record *r)
{
    for (int64_t i = 0; i < records->count; i++) {
        const vsh_study_record *other = &records->item[i];
        if (other->seed == r->seed && other->budget == r->budget && other->layers == r->layers &&
            other->hidden == r->hidden && diverged(q, other))
            return true;
    }
    return false;
}

static bool has_seed(const vsh_study_records *records, const vsh_study_question *q,
                     const char *family, int64_t seed)
{
    for (int64_t i = 0; i < records->count; i++)
        if (records->item[i].seed == seed && suits(q, family, &records->item[i]))
            return true;
    return false;
}

/* A seed that only one of the two has would move that one alone: it is left out. */
static void take(comparison *c, const vsh_study_records *records, const char *family, runs *to,
                 const vsh_study_record *r)
{
    const vsh_study_question *q = c->question;
    run one = {.budget = r->budget,
               .cost = cost_of(q, r),
               .loss = r->loss,
               .total = (double)r->params_total};

    if (to->count == POINTS || !suits(q, family, r) || is_lost(records, q, r) ||
        !has_seed(records, q, "dense", r->seed) || !has_seed(records, q, q->family, r->seed))
        return;
    one.seed = index_of(c->seeds, &c->seed_count, SEEDS, r->seed);
    one.size = index_of(c->sizes, &c->size_count, KINDS, r->layers * 1000000 + r->hidden);
    if (one.seed >= 0 && one.size >= 0)
        to->item[to->count++] = one;
}

static void take_all(comparison *c, const vsh_study_records *records)
{
    for (int64_t i = 0; i < records->count; i++)
        take(c, records, c->question->family, &c->family, &records->item[i]);
    c->family_sizes = c->size_count;
    for (int64_t i = 0; i < records->count; i++)
        take(c, records, "dense", &c->dense, &records->item[i]);
}

/* The mean over seeds of the runs of a size and budget, weighted. */
static bool mean_of(const runs *all, const weights *w, int size, int64_t budget, double *cost,
                    double *loss, double *total)
{
    double count = 0, costs = 0, losses = 0;

    for (int64_t i = 0; i < all->count; i++) {
        const run *r = &all->item[i];
        if (r->size != size || r->budget != budget)
            continue;
        count += w->seed[r->seed];
        costs += w->seed[r->seed] * log(r->cost);
        losses += w->seed[r->seed] * r->loss;
        *total = r->total;
    }
    if (count <= 0)
        return false;
    *cost = exp(costs / count);
    *loss = losses / count;
    return true;
}

enum { BUDGETS = VSH_STUDY_BUDGETS };

static bool has(const runs *all, int size, int64_t budget)
{
    for (int64_t i = 0; i < all->count; i++)
        if (all->item[i].size == size && all->item[i].budget == budget)
            return true;
    return false;
}

/* Both trained it at some budget. */
static bool is_shared(const comparison *c, int size)
{
    for (int b = 0; b < BUDGETS; b++)
        if (has(&c->family, size, b) && has(&c->dense, size, b))
            return true;
    return false;
}

/* Of each budget the best of the sizes that were drawn and that both trained: who tried more would
 * have the better best. (Points of all sizes would make steps: of one budget none costs exactly
 * what another does.) */
static int64_t best_of(const comparison *c, const runs *all, const weights *w, vsh_study_pair *out)
{
    const runs *other = all == &c->dense ? &c->family : &c->dense;
    int64_t count = 0;

    for (int b = 0; b < BUDGETS; b++) {
        vsh_study_pair best = {.loss = INFINITY}, one;
        double total;
        for (int s = 0; s < c->family_sizes; s++)
            if (w->size[s] && has(other, s, b) &&
                mean_of(all, w, s, b, &one.cost, &one.loss, &total) && one.loss < best.loss)
                best = one;
        if (isfinite(best.loss))
            out[count++] = best;
    }
    return vsh_study_frontier(out, count);
}

/* The dense model of total parameters at a budget: on a line in the logarithm of the parameters
 * between the two sizes around them, of all that there are: they are a ruler, not what is drawn. */
static bool dense_of_total(const comparison *c, const weights *w, double total, int64_t budget,
                           vsh_study_pair *out)
{
    double below = 0, above = INFINITY, share;
    vsh_study_pair low = {0}, high = {0};

    for (int s = 0; s < c->size_count; s++) {
        double cost, loss, own;
        if (!mean_of(&c->dense, w, s, budget, &cost, &loss, &own))
            continue;
        if (own <= total && own > below) {
            below = own;
            low = (vsh_study_pair){cost, loss};
        }
        if (own >= total && own < above) {
            above = own;
            high = (vsh_study_pair){cost, loss};
        }
    }
    if (!(below > 0) || !isfinite(above))
        return false;
    share = above > below ? log(total / below) / log(above / below) : 0;
    out->cost = exp(log(low.cost) + share * log(high.cost / low.cost));
    out->loss = low.loss + share * (high.loss - low.loss);
    return true;
}

/* ---- the saving ---------------------------------------------------------------------------- */

/* The mean of log(cost of the family / cost of dense) at losses evenly spread over what both reach;
 * NaN where there is none. */
static double compare(const vsh_study_pair *dense, int64_t dense_count,
                      const vsh_study_pair *family, int64_t family_count, vsh_study_saving *where)
{
    double low, high, sum = 0;

    if (dense_count < 2 || family_count < 2)
        return NAN;
    high = fmin(dense[0].loss, family[0].loss);
    low = fmax(dense[dense_count - 1].loss, family[family_count - 1].loss);
    if (!(low < high))
        return NAN;
    for (int i = 0; i < LOSSES; i++) {
        double loss = low + (high - low) * (i + 0.5) / LOSSES;
        sum += log(vsh_study_cost_at(family, family_count, loss) /
                   vsh_study_cost_at(dense, dense_count, loss));
    }
    where->loss_low = fmin(where->loss_low, low);
    where->loss_high = fmax(where->loss_high, high);
    return sum / LOSSES;
}

/* Each size of the family beside the dense model that is as large, as often as it was drawn. */
static double compare_totals(comparison *c, const weights *w, vsh_study_saving *where)
{
    double sum = 0, each;
    int drawn = 0;

    for (int s = 0; s < c->family_sizes; s++) {
        int64_t mine = 0, theirs = 0;
        double total = 0;
        for (int b = 0; b < BUDGETS && w->size[s]; b++) {
            vsh_study_pair *own = &c->room[1][mine];
            if (!mean_of(&c->family, w, s, b, &own->cost, &own->loss, &total))
                continue;
            mine++;
            theirs += dense_of_total(c, w, total, b, &c->room[0][theirs]);
        }
        theirs = vsh_study_frontier(c->room[0], theirs);
        mine = vsh_study_frontier(c->room[1], mine);
        each = compare(c->room[0], theirs, c->room[1], mine, where);
        if (isfinite(each)) {
            sum += w->size[s] * each;
            drawn += w->size[s];
            where->sizes++;
        }
    }
    return drawn ? sum / drawn : (double)NAN;
}

/* The best of each budget, and the frontiers that this came from. */
static double compare_best(comparison *c, const weights *w, vsh_study_saving *where)
{
    where->dense_count = (int)best_of(c, &c->dense, w, where->dense);
    where->family_count = (int)best_of(c, &c->family, w, where->family);
    for (int s = 0; s < c->family_sizes; s++)
        where->sizes += w->size[s] && is_shared(c, s);
    return compare(where->dense, where->dense_count, where->family, where->family_count, where);
}

static double saving_of(comparison *c, const weights *w, vsh_study_saving *where)
{
    where->loss_low = INFINITY;
    where->loss_high = -INFINITY;
    where->sizes = 0;
    return 1 -
           exp(c->question->equal_total ? compare_totals(c, w, where) : compare_best(c, w, where));
}

/* ---- its interval -------------------------------------------------------------------------- */

static void draw(int *counts, int kinds, uint64_t seed, uint64_t stream)
{
    memset(counts, 0, (size_t)kinds * sizeof *counts);
    for (int i = 0; i < kinds; i++) {
        int which = (int)(vsh_random_uniform(seed, stream, (uint64_t)i) * kinds);
        counts[which < kinds ? which : kinds - 1]++;
    }
}

static void resample(comparison *c, double *draws, vsh_study_saving *s)
{
    const vsh_study_question *q = c->question;

    for (int i = 0; i < q->bootstraps; i++) {
        vsh_study_saving unused;
        weights w;
        draw(w.seed, c->seed_count, q->seed, 2 * (uint64_t)i);
        draw(w.size, c->family_sizes, q->seed, 2 * (uint64_t)i + 1);
        draws[s->draws] = saving_of(c, &w, &unused);
        s->draws += isfinite(draws[s->draws]);
    }
    if (s->draws < 2 || 2 * s->draws < q->bootstraps)
        return;
    vsh_sort_reals(draws, s->draws);
    s->low = vsh_quantile(draws, s->draws, 0.025);
    s->high = vsh_quantile(draws, s->draws, 0.975);
}

static void judge(const comparison *c, vsh_study_saving *s)
{
    s->resolved = false;
    if (!isfinite(s->saving))
        s->reason = "the two reach no loss in common";
    else if (c->seed_count < 3)
        s->reason = "fewer than three seeds";
    else if (s->sizes < 2) /* draws of sizes would all be the same one: no interval over sizes */
        s->reason = "fewer than two sizes compare";
    else if (!isfinite(s->low))
        s->reason = "too few draws reach a loss in common";
    else if (s->low <= 0 && s->high >= 0)
        s->reason = "the interval holds 0";
    else {
        s->resolved = true;
        s->reason = "";
    }
}

vsh_status vsh_study_saving_of(const vsh_study_records *records, const vsh_study_question *q,
                               vsh_study_saving *s, vsh_error *err)
{
    vsh_arena memory = {0};
    comparison *c = vsh_alloc(&memory, 1, sizeof *c);
    double *draws = vsh_alloc(&memory, (size_t)q->bootstraps + 1, sizeof *draws);
    weights all;

    *s = (vsh_study_saving){.saving = NAN, .low = NAN, .high = NAN};
    if (c) {
        c->question = q;
        c->dense.item = vsh_alloc(&memory, POINTS, sizeof(run));
        c->family.item = vsh_alloc(&memory, POINTS, sizeof(run));
        c->room[0] = vsh_alloc(&memory, POINTS, sizeof(vsh_study_pair));
        c->room[1] = vsh_alloc(&memory, POINTS, sizeof(vsh_study_pair));
    }
    if (!c || !draws || !c->dense.item || !c->family.item || !c->room[0] || !c->room[1]) {
        vsh_arena_free(&memory);
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    }
    take_all(c, records);
    for (int64_t i = 0; i < records->count; i++)
        s->diverged += diverged(q, &records->item[i]);
    for (int i = 0; i < SEEDS; i++)
        all.seed[i] = 1;
    for (int i = 0; i < KINDS; i++)
        all.size[i] = 1;
    s->saving = saving_of(c, &all, s);
    resample(c, draws, s);
    judge(c, s);
    vsh_arena_free(&memory);
    return VSH_OK;
}
