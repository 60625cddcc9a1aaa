#include "planner/fit/varpro.h"

#include <math.h>
#include <string.h>

#include "planner/fit/nonnegative.h"

_Static_assert((int)VSH_TERMS <= (int)VSH_NONNEGATIVE_MAX, "the solver takes every form's terms");

/* Sums of products of the weighted terms and targets over the runs. */
typedef struct {
    double gram[VSH_NONNEGATIVE_MAX][VSH_NONNEGATIVE_MAX], right[VSH_NONNEGATIVE_MAX], squares;
} normal_equations;

static void add_up(const vsh_problem *problem, const double *axis, normal_equations *sum)
{
    const vsh_fittable *kind = problem->kind;

    *sum = (normal_equations){0};
    for (int i = 0; i < problem->count; i++) {
        const vsh_run *run = &problem->run[i];
        double term[VSH_TERMS] = {0}, weight, target, times;
        times = problem->weight ? problem->weight[i] : 1;
        if (!(times > 0))
            continue;
        target = kind->target(axis, run->loss, &weight);
        if (!(weight > 0))
            continue;
        weight *= weight * times;
        kind->terms(axis, &run->at, term);
        sum->squares += weight * target * target;
        for (int j = 0; j < kind->term_count; j++) {
            sum->right[j] += weight * target * term[j];
            for (int k = 0; k <= j; k++)
                sum->gram[j][k] += weight * term[j] * term[k];
        }
    }
}

/* Columns of one length: terms differ by powers of ten. */
static void scale_columns(normal_equations *sum, int count, double *scale)
{
    for (int i = 0; i < count; i++)
        scale[i] = sum->gram[i][i] > 0 ? 1 / sqrt(sum->gram[i][i]) : 0;
    for (int i = 0; i < count; i++) {
        sum->right[i] *= scale[i];
        for (int j = 0; j <= i; j++)
            sum->gram[i][j] = sum->gram[j][i] = sum->gram[i][j] * scale[i] * scale[j];
    }
}

/* A term whose factor comes out as 0 keeps this share of the loss, so that the descent, which walks
 * in logarithms, can bring it back or make it vanish. */
#define SEED 1e-3

double vsh_varpro_solve(const vsh_problem *problem, const double *axis, double *factor, double *c)
{
    const vsh_fittable *kind = problem->kind;
    normal_equations sum;
    double scale[VSH_TERMS], left;
    int n = kind->term_count;

    add_up(problem, axis, &sum);
    scale_columns(&sum, n, scale);
    if (!vsh_nonnegative_solve(n, (const double(*)[VSH_NONNEGATIVE_MAX])sum.gram, sum.right,
                               kind->signed_terms, factor))
        return INFINITY;
    left = sum.squares;
    for (int i = 0; i < n; i++) {
        left -= 2 * factor[i] * sum.right[i];
        for (int j = 0; j < n; j++)
            left += factor[i] * sum.gram[i][j] * factor[j];
    }
    for (int i = 0; i < n; i++) {
        if (factor[i] == 0 && !(kind->signed_terms & VSH_BIT(i)))
            factor[i] = SEED * sqrt(sum.squares);
        factor[i] *= scale[i];
    }
    memset(c, 0, VSH_COEFFICIENTS * sizeof *c);
    kind->assemble(axis, factor, c);
    return isfinite(left) ? fmax(left, 0) : (double)INFINITY;
}

/* ---- the grid -------------------------------------------------------------------------------- */

static double along(const vsh_axis *axis, double share)
{
    return axis->ratio ? axis->low * pow(axis->high / axis->low, share)
                       : axis->low + (axis->high - axis->low) * share;
}

/* Keeps a point when it is among the best, which stay in order. */
static void keep(vsh_varpro *found, double squares, const double *axis, const double *c)
{
    int at;

    if (found->count == VSH_VARPRO_STARTS && squares >= found->squares[VSH_VARPRO_STARTS - 1])
        return;
    if (found->count < VSH_VARPRO_STARTS)
        found->count++;
    for (at = found->count - 1; at > 0 && found->squares[at - 1] > squares; at--) {
        found->squares[at] = found->squares[at - 1];
        memcpy(found->axis[at], found->axis[at - 1], sizeof found->axis[at]);
        memcpy(found->c[at], found->c[at - 1], sizeof found->c[at]);
    }
    found->squares[at] = squares;
    memcpy(found->axis[at], axis, sizeof found->axis[at]);
    memcpy(found->c[at], c, sizeof found->c[at]);
}

static void search_grid(const vsh_problem *problem, const vsh_axis *axis, const int *steps,
                        vsh_varpro *found)
{
    int at[VSH_AXES] = {0}, n = problem->kind->axis_count, moved;

    do {
        double value[VSH_AXES] = {0}, factor[VSH_TERMS], c[VSH_COEFFICIENTS], squares;
        for (int i = 0; i < n; i++)
            value[i] = along(&axis[i], steps[i] > 1 ? at[i] / (double)(steps[i] - 1) : 0.5);
        squares = vsh_varpro_solve(problem, value, factor, c);
        if (isfinite(squares))
            keep(found, squares, value, c);
        for (moved = 0; moved < n && ++at[moved] >= steps[moved]; moved++)
            at[moved] = 0;
    } while (moved < n);
}

/* A smaller grid around the best point, and again; it may wander out of the cell, not out of the
 * grid. */
static void refine(const vsh_problem *problem, vsh_varpro *found)
{
    enum { LEVELS = 10, MANY = 3 };
    int n = problem->kind->axis_count, steps[VSH_AXES];
    vsh_varpro near = *found;
    double reach = 1;
    int each = n > MANY ? 3 : 5; /* of six axes, five steps would be 15,625 points */

    near.count = 1;
    for (int level = 0; level < LEVELS; level++, reach /= 2) {
        vsh_axis small[VSH_AXES];
        for (int i = 0; i < n; i++) {
            const vsh_axis *whole = &problem->axis[i];
            double step = reach / fmax(whole->steps - 1, 1), middle = near.axis[0][i];
            steps[i] = whole->steps > 1 ? each : 1;
            small[i] = *whole;
            if (whole->steps <= 1)
                continue;
            if (whole->ratio) {
                double factor = pow(whole->high / whole->low, step);
                small[i].low = fmax(whole->low, middle / factor);
                small[i].high = fmin(whole->high, middle * factor);
            } else {
                double width = (whole->high - whole->low) * step;
                small[i].low = fmax(whole->low, middle - width);
                small[i].high = fmin(whole->high, middle + width);
            }
        }
        search_grid(problem, small, steps, &near);
    }
    found->squares[0] = near.squares[0];
    memcpy(found->axis[0], near.axis[0], sizeof near.axis[0]);
    memcpy(found->c[0], near.c[0], sizeof near.c[0]);
}

void vsh_varpro_search(const vsh_problem *problem, bool coarse, vsh_varpro *found)
{
    int steps[VSH_AXES];

    *found = (vsh_varpro){0};
    for (int i = 0; i < problem->kind->axis_count; i++) {
        steps[i] = problem->axis[i].steps;
        if (coarse && steps[i] > 6)
            steps[i] = steps[i] / 3;
    }
    search_grid(problem, problem->axis, steps, found);
    if (!coarse && found->count > 0 && problem->kind->axis_count > 0)
        refine(problem, found);
}
