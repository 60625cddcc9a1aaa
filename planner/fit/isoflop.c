#include "planner/fit/isoflop.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "planner/fit/budgets.h"

const char *const vsh_valley_words[] = {"valley", "too few sizes", "no curvature", "one-sided",
                                        NULL};

/* A parabola's curvature is more than its noise beyond this many standard errors. */
#define CURVED 2.0

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
        b->sizes += p->params > last * VSH_ONE_SIZE;
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

static int by_budget(const void *a, const void *b)
{
    double p = ((const vsh_budget *)a)->flops, q = ((const vsh_budget *)b)->flops;

    return (p > q) - (p < q);
}

vsh_status vsh_isoflop_find(vsh_arena *arena, const vsh_runs *runs, vsh_isoflop *found,
                            vsh_error *err)
{
    VSH_TRY(vsh_budgets_find(arena, runs, found, err));
    fit_parabolas(runs, found);
    qsort(found->budget, (size_t)found->count, sizeof *found->budget, by_budget);
    fit_line(found);
    return VSH_OK;
}
