#include "planner/fit/isoflop.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const vsh_valley_words[] = {"valley", "too few sizes", "no curvature", "one-sided",
                                        NULL};

/* Widths in ln C among which one is chosen: from budgets that were met exactly to those that were
 * rounded to whole steps or read off a figure. (assumed) */
static const double tolerances[] = {0.001, 0.01, 0.03, 0.1, 0.2};

/* Runs crowd at a budget: they are more than their neighbourhood, half a unit of ln C to both
 * sides, would put there evenly, by three standard deviations of a count. (assumed) */
#define CROWD 3.0
#define NEIGHBOURHOOD 0.5

/* A parabola's curvature is more than its noise beyond this many standard errors. */
#define CURVED 2.0

/* Sizes within a thousandth are one: those of a figure are read off it. */
#define ONE_SIZE 1.001

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

static bool repeats(const vsh_point *p) { return p->unique > 0 && p->unique < p->tokens; }

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
        if (!repeats(&runs->run[i].at))
            points[count++] = runs->run[i].at;
    *kind = frequent_kind(points, count);
    return VSH_OK;
}

static void number_sizes(candidate *at, int count)
{
    qsort(at, (size_t)count, sizeof *at, by_size);
    for (int i = 1; i < count; i++)
        at[i].size = at[i - 1].size + (at[i].ln_params - at[i - 1].ln_params > log(ONE_SIZE));
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
        if (!repeats(p) && same_kind(p, kind))
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

/* ---- a parabola ------------------------------------------------------------------------------ */

/* Normal equations of loss on 1, u, u^2. */
typedef struct {
    double matrix[9], right[3];
    int count;
} normal_equations;

static void add_run(normal_equations *n, double u, double loss)
{
    const double power[3] = {1, u, u * u};

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            n->matrix[3 * i + j] += power[i] * power[j];
        n->right[i] += power[i] * loss;
    }
    n->count++;
}

/* The coefficients; the matrix becomes its inverse. False for fewer than three sizes. */
static bool solve(normal_equations *n, double c[3])
{
    gsl_matrix_view matrix = gsl_matrix_view_array(n->matrix, 3, 3);
    gsl_vector_view right = gsl_vector_view_array(n->right, 3),
                    answer = gsl_vector_view_array(c, 3);
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    bool done = gsl_linalg_cholesky_decomp1(&matrix.matrix) == 0 &&
                gsl_linalg_cholesky_solve(&matrix.matrix, &right.vector, &answer.vector) == 0 &&
                gsl_linalg_cholesky_invert(&matrix.matrix) == 0;

    gsl_set_error_handler(handler);
    return done;
}

double vsh_budget_loss(const vsh_budget *budget, double params)
{
    double u = log(params / budget->centre);

    return budget->c[0] + u * (budget->c[1] + u * budget->c[2]);
}

/* The runs within reach of the centre: from, to, sizes and flops. */
static void choose_runs(const vsh_runs *runs, vsh_budget *b)
{
    double ln_flops = 0, last = 0;

    b->from = b->to = b->sizes = 0;
    for (int i = 0; i < b->count; i++) {
        const vsh_point *p = &runs->run[b->run[i]].at;
        b->from += p->params * VSH_ISOFLOP_REACH < b->centre;
        if (p->params * VSH_ISOFLOP_REACH < b->centre || p->params > b->centre * VSH_ISOFLOP_REACH)
            continue;
        b->to = i + 1;
        b->sizes += p->params > last * ONE_SIZE;
        last = p->params;
        ln_flops += log(6) + log(p->params) + log(p->tokens);
    }
    b->flops = exp(ln_flops / (b->to - b->from));
}

/* The parabola through the chosen runs, and in inverse its covariance at unit variance. */
static bool fit_parabola(const vsh_runs *runs, vsh_budget *b, double inverse[9])
{
    normal_equations n = {0};

    for (int i = b->from; i < b->to; i++) {
        const vsh_run *run = &runs->run[b->run[i]];
        add_run(&n, log(run->at.params / b->centre), run->loss);
    }
    if (b->sizes < VSH_ISOFLOP_SIZES || !solve(&n, b->c))
        return false;
    memcpy(inverse, n.matrix, sizeof n.matrix);
    return true;
}

/* First about the best run, then about the vertex found so, until the same runs are chosen: among
 * runs as good as each other the best one is a matter of chance. */
static bool settle_parabola(const vsh_runs *runs, vsh_budget *b, double inverse[9])
{
    const vsh_run *best = &runs->run[b->run[0]];

    for (int i = 1; i < b->count; i++)
        if (runs->run[b->run[i]].loss < best->loss)
            best = &runs->run[b->run[i]];
    b->centre = best->at.params;
    for (int turn = 0, from, to; turn < 10; turn++) {
        double smallest = runs->run[b->run[0]].at.params;
        double largest = runs->run[b->run[b->count - 1]].at.params;
        from = b->from;
        to = b->to;
        choose_runs(runs, b);
        if (!fit_parabola(runs, b, inverse))
            return false;
        if ((turn > 0 && from == b->from && to == b->to) || b->c[2] <= 0)
            break;
        b->centre = fmin(fmax(b->centre * exp(-b->c[1] / (2 * b->c[2])), smallest), largest);
    }
    /* whichever way it ended, the parabola is written about this centre */
    return fit_parabola(runs, b, inverse);
}

static double sum_of_squares(const vsh_runs *runs, const vsh_budget *b)
{
    double squares = 0;

    for (int i = b->from; i < b->to; i++) {
        const vsh_run *run = &runs->run[b->run[i]];
        double off = run->loss - vsh_budget_loss(b, run->at.params);
        squares += off * off;
    }
    return squares;
}

/* The vertex, whether it is a valley's, and its interval. ln N* = ln centre - c1 / (2 c2). */
static void judge(const vsh_runs *runs, const vsh_isoflop *found, vsh_budget *b,
                  const double inverse[9])
{
    double sd = found->spare ? found->residual_sd : 0, u, by_1, by_2, spread;

    if (!(b->c[2] > CURVED * sd * sqrt(inverse[8])) || b->c[2] <= 0) {
        b->verdict = VSH_NO_CURVE;
        return;
    }
    u = -b->c[1] / (2 * b->c[2]);
    b->best.params = b->centre * exp(u);
    if (b->best.params <= runs->run[b->run[b->from]].at.params ||
        b->best.params >= runs->run[b->run[b->to - 1]].at.params) {
        b->verdict = VSH_ONE_SIDED;
        return;
    }
    b->verdict = VSH_VALLEY;
    b->best.tokens = b->flops / 6 / b->best.params;
    b->best.loss = vsh_budget_loss(b, b->best.params);
    b->params = (vsh_interval){NAN, NAN};
    if (!found->spare)
        return;
    by_1 = -1 / (2 * b->c[2]);
    by_2 = b->c[1] / (2 * b->c[2] * b->c[2]);
    spread = sd * sqrt(by_1 * by_1 * inverse[4] + 2 * by_1 * by_2 * inverse[5] +
                       by_2 * by_2 * inverse[8]);
    spread *= gsl_cdf_tdist_Pinv(0.975, found->spare);
    b->params = (vsh_interval){b->best.params * exp(-spread), b->best.params * exp(spread)};
}

static void fit_parabolas(const vsh_runs *runs, vsh_isoflop *found)
{
    double inverse[VSH_ISOFLOP_BUDGETS][9], sum = 0;

    for (int i = 0; i < found->count; i++) {
        vsh_budget *b = &found->budget[i];
        double squares;
        b->residual_sd = NAN;
        b->verdict = settle_parabola(runs, b, inverse[i]) ? VSH_VALLEY : VSH_FEW_SIZES;
        if (b->verdict == VSH_FEW_SIZES)
            continue;
        squares = sum_of_squares(runs, b);
        sum += squares;
        found->spare += b->to - b->from - 3;
        if (b->to - b->from > 3)
            b->residual_sd = sqrt(squares / (b->to - b->from - 3));
    }
    found->residual_sd = found->spare ? sqrt(sum / found->spare) : (double)NAN;
    for (int i = 0; i < found->count; i++) {
        if (found->budget[i].verdict != VSH_FEW_SIZES)
            judge(runs, found, &found->budget[i], inverse[i]);
        found->valleys += found->budget[i].verdict == VSH_VALLEY;
    }
}

/* ---- the line through the vertices ----------------------------------------------------------- */

typedef struct {
    double x, y, xx, xy, yy;
} moments;

/* About the means, of ln C and ln N*. */
static moments moments_of(const vsh_isoflop *found)
{
    moments mean = {0}, about = {0};

    for (int i = 0; i < found->count; i++)
        if (found->budget[i].verdict == VSH_VALLEY) {
            mean.x += log(found->budget[i].flops) / found->valleys;
            mean.y += log(found->budget[i].best.params) / found->valleys;
        }
    about.x = mean.x;
    about.y = mean.y;
    for (int i = 0; i < found->count; i++)
        if (found->budget[i].verdict == VSH_VALLEY) {
            double x = log(found->budget[i].flops) - mean.x;
            double y = log(found->budget[i].best.params) - mean.y;
            about.xx += x * x;
            about.xy += x * y;
            about.yy += y * y;
        }
    return about;
}

static void fit_line(vsh_isoflop *found)
{
    moments m;
    double off;

    found->exponent = found->params = found->flops = found->line_sd = NAN;
    found->exponent_range = (vsh_interval){NAN, NAN};
    if (found->valleys < 2)
        return;
    m = moments_of(found);
    found->exponent = m.xy / m.xx;
    found->params = exp(m.y);
    found->flops = exp(m.x);
    found->line_sum = m.xx;
    if (found->valleys < 3)
        return;
    off = fmax(0, m.yy - found->exponent * m.xy);
    found->line_sd = sqrt(off / (found->valleys - 2));
    found->line_t = gsl_cdf_tdist_Pinv(0.975, found->valleys - 2);
    off = found->line_t * found->line_sd / sqrt(m.xx);
    found->exponent_range = (vsh_interval){found->exponent - off, found->exponent + off};
}

double vsh_isoflop_params(const vsh_isoflop *found, double flops)
{
    return found->params * pow(flops / found->flops, found->exponent);
}

vsh_interval vsh_isoflop_params_range(const vsh_isoflop *found, double flops)
{
    double x = log(flops / found->flops), middle = vsh_isoflop_params(found, flops);
    double off =
        found->line_t * found->line_sd * sqrt(1.0 / found->valleys + x * x / found->line_sum);

    return (vsh_interval){middle * exp(-off), middle * exp(off)};
}

double vsh_form_exponent(const vsh_form *form, const double *c, double low, double high,
                         const vsh_point *given)
{
    return log(vsh_form_optimum(form, c, high, given).params /
               vsh_form_optimum(form, c, low, given).params) /
           log(high / low);
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

static int by_budget(const void *a, const void *b)
{
    double p = ((const vsh_budget *)a)->flops, q = ((const vsh_budget *)b)->flops;

    return (p > q) - (p < q);
}

vsh_status vsh_isoflop_find(vsh_arena *arena, const vsh_runs *runs, vsh_isoflop *found,
                            vsh_error *err)
{
    crowd all;

    assert(arena && runs && found);
    *found = (vsh_isoflop){0};
    VSH_TRY(choose_kind(arena, runs, &found->kind, err));
    VSH_TRY(gather(arena, runs, &found->kind, &all, err));
    found->looked_at = all.count;
    found->count = choose_tolerance(&all, &found->tolerance);
    VSH_TRY(fill_budgets(arena, &all, found, err));
    fit_parabolas(runs, found);
    qsort(found->budget, (size_t)found->count, sizeof *found->budget, by_budget);
    fit_line(found);
    return VSH_OK;
}
