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
    double *draws; /* one a bootstrap */
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

/* Of a budget the best of the sizes that were drawn and that both trained: who tried more would
 * have the better best. (Points of all sizes would make steps: of one budget none costs exactly
 * what another does.) */
static bool best_at(const comparison *c, const runs *all, const weights *w, int budget,
                    vsh_study_pair *best)
{
    const runs *other = all == &c->dense ? &c->family : &c->dense;
    vsh_study_pair one;
    double total;

    best->loss = INFINITY;
    for (int s = 0; s < c->family_sizes; s++)
        if (w->size[s] && has(other, s, budget) &&
            mean_of(all, w, s, budget, &one.cost, &one.loss, &total) && one.loss < best->loss)
            *best = one;
    return isfinite(best->loss);
}

static int64_t best_of(const comparison *c, const runs *all, const weights *w, vsh_study_pair *out)
{
    int64_t count = 0;

    for (int b = 0; b < BUDGETS; b++)
        count += best_at(c, all, w, b, &out[count]);
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

/* The best of each budget. */
static double compare_best(comparison *c, const weights *w, vsh_study_saving *where)
{
    int64_t dense = best_of(c, &c->dense, w, c->room[0]);
    int64_t family = best_of(c, &c->family, w, c->room[1]);

    for (int s = 0; s < c->family_sizes; s++)
        where->sizes += w->size[s] && is_shared(c, s);
    return compare(c->room[0], dense, c->room[1], family, where);
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

static weights drawn(const comparison *c, int which)
{
    const vsh_study_question *q = c->question;
    weights w;

    draw(w.seed, c->seed_count, q->seed, 2 * (uint64_t)which);
    draw(w.size, c->family_sizes, q->seed, 2 * (uint64_t)which + 1);
    return w;
}

static weights once_each(void)
{
    weights w;

    for (int i = 0; i < SEEDS; i++)
        w.seed[i] = 1;
    for (int i = 0; i < KINDS; i++)
        w.size[i] = 1;
    return w;
}

/* What 95 % of the draws that had an answer lie within; nothing where half had none. */
static void take_interval(const comparison *c, int draws, double *low, double *high)
{
    if (draws < 2 || 2 * draws < c->question->bootstraps)
        return;
    vsh_sort_reals(c->draws, draws);
    *low = vsh_quantile(c->draws, draws, 0.025);
    *high = vsh_quantile(c->draws, draws, 0.975);
}

static void resample(comparison *c, vsh_study_saving *s)
{
    for (int i = 0; i < c->question->bootstraps; i++) {
        vsh_study_saving unused;
        weights w = drawn(c, i);
        c->draws[s->draws] = saving_of(c, &w, &unused);
        s->draws += isfinite(c->draws[s->draws]);
    }
    take_interval(c, s->draws, &s->low, &s->high);
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

/* All records that a question is about, in memory of the caller's. */
static vsh_status open_comparison(vsh_arena *memory, const vsh_study_records *records,
                                  const vsh_study_question *q, comparison **opened, vsh_error *err)
{
    comparison *c = vsh_alloc(memory, 1, sizeof *c);

    if (!c)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    c->question = q;
    c->dense.item = vsh_alloc(memory, POINTS, sizeof(run));
    c->family.item = vsh_alloc(memory, POINTS, sizeof(run));
    c->room[0] = vsh_alloc(memory, POINTS, sizeof(vsh_study_pair));
    c->room[1] = vsh_alloc(memory, POINTS, sizeof(vsh_study_pair));
    c->draws = vsh_alloc(memory, (size_t)q->bootstraps + 1, sizeof *c->draws);
    if (!c->dense.item || !c->family.item || !c->room[0] || !c->room[1] || !c->draws)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    take_all(c, records);
    *opened = c;
    return VSH_OK;
}

vsh_status vsh_study_saving_of(const vsh_study_records *records, const vsh_study_question *q,
                               vsh_study_saving *s, vsh_error *err)
{
    const weights all = once_each();
    vsh_arena memory = {0};
    comparison *c;
    vsh_status status = open_comparison(&memory, records, q, &c, err);

    *s = (vsh_study_saving){.saving = NAN, .low = NAN, .high = NAN};
    if (status == VSH_OK) {
        for (int64_t i = 0; i < records->count; i++)
            s->diverged += diverged(q, &records->item[i]);
        s->saving = saving_of(c, &all, s);
        resample(c, s);
        judge(c, s);
    }
    vsh_arena_free(&memory);
    return status;
}

/* ---- budget by budget ---------------------------------------------------------------------- */

static bool compare_at(const comparison *c, const weights *w, int budget, vsh_study_at_budget *at)
{
    if (!best_at(c, &c->dense, w, budget, &at->dense) ||
        !best_at(c, &c->family, w, budget, &at->family))
        return false;
    at->budget = budget;
    at->difference = at->family.loss / at->dense.loss - 1;
    return true;
}

/* Seeds that both have a run of at this budget: one may have diverged here alone. */
static int seeds_at(const comparison *c, int budget)
{
    bool there[SEEDS] = {false};
    int count = 0;

    for (int64_t i = 0; i < c->family.count; i++) {
        const run *r = &c->family.item[i];
        if (r->budget != budget || there[r->seed] || !has(&c->dense, r->size, budget))
            continue;
        there[r->seed] = true;
        count++;
    }
    return count;
}

static void judge_at(const comparison *c, int budget, vsh_study_at_budget *at)
{
    int draws = 0, sizes = 0;

    for (int i = 0; i < c->question->bootstraps; i++) {
        weights w = drawn(c, i);
        vsh_study_at_budget one;
        if (compare_at(c, &w, budget, &one))
            c->draws[draws++] = one.difference;
    }
    at->low = at->high = NAN;
    take_interval(c, draws, &at->low, &at->high);
    for (int s = 0; s < c->family_sizes; s++)
        sizes += has(&c->family, s, budget) && has(&c->dense, s, budget);
    at->resolved = seeds_at(c, budget) >= 3 && sizes >= 2 && (at->low > 0 || at->high < 0);
}

vsh_status vsh_study_at_budgets(const vsh_study_records *records, const vsh_study_question *q,
                                vsh_study_at_budget at[VSH_STUDY_BUDGETS], int *count,
                                vsh_error *err)
{
    const weights all = once_each();
    vsh_arena memory = {0};
    comparison *c;
    vsh_status status = open_comparison(&memory, records, q, &c, err);

    *count = 0;
    for (int b = 0; b < BUDGETS && status == VSH_OK; b++)
        if (compare_at(c, &all, b, &at[*count]))
            judge_at(c, b, &at[(*count)++]);
    vsh_arena_free(&memory);
    return status;
}
