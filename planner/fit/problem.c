#include "planner/fit/problem.h"

#include <math.h>
#include <string.h>

/* Central differences: error of the third derivative against that of rounding. */
#define DIFFERENCE 1e-5

/* Whether tokens were seen again, and in at least three amounts of unique ones. */
static bool repeats_vary(const vsh_run *run, int count)
{
    double seen[3] = {0};
    int distinct = 0;
    bool repeated = false;

    for (int i = 0; i < count; i++) {
        double unique = vsh_point_unique(&run[i].at);
        repeated = repeated || unique < run[i].at.tokens;
        if (distinct < 3 && unique != seen[0] && unique != seen[1] && unique != seen[2])
            seen[distinct++] = unique;
    }
    return repeated && distinct == 3;
}

int vsh_problem_free_count(const vsh_problem *problem)
{
    int count = 0;

    for (int i = 0; i < problem->coefficients; i++)
        count += vsh_problem_is_free(problem, i);
    return count;
}

void vsh_problem_make(const vsh_fittable *kind, const vsh_fit_options *options, const vsh_run *run,
                      int count, bool plain, vsh_problem *problem)
{
    vsh_fit_facts facts = {INFINITY, 0, options->vocab, !plain && repeats_vary(run, count)};

    *problem = (vsh_problem){.kind = kind,
                             .coefficients = vsh_form_count(kind->form),
                             .fixed = kind->derived,
                             .run = run,
                             .count = count,
                             .least_squares = options->least_squares,
                             .delta = options->delta};
    for (int i = 0; i < count; i++) {
        facts.least_loss = fmin(facts.least_loss, run[i].loss);
        facts.most_loss = fmax(facts.most_loss, run[i].loss);
    }
    memcpy(problem->axis, kind->axis, sizeof problem->axis);
    if (kind->adapt)
        problem->fixed |= kind->adapt(&facts, problem->axis);
    for (int i = 0; i < VSH_COEFFICIENTS; i++) {
        problem->low[i] = -INFINITY;
        problem->high[i] = INFINITY;
    }
    for (int i = 0; i < kind->axis_count; i++) {
        const vsh_axis *axis = &problem->axis[i];
        if (axis->coefficient < 0)
            continue;
        problem->low[axis->coefficient] = fmin(axis->low, axis->high);
        problem->high[axis->coefficient] = fmax(axis->low, axis->high);
    }
}

/* ---- the objective --------------------------------------------------------------------------- */

static double log_of(const vsh_problem *problem, const double *c, const vsh_point *point)
{
    return log(problem->kind->form->loss(c, point));
}

void vsh_problem_move(const vsh_problem *problem, double *c, int i, double step)
{
    c[i] = problem->kind->form->positive & 1U << i ? c[i] * exp(step) : c[i] + step;
}

double vsh_problem_log_loss(const vsh_problem *problem, const double *c, const vsh_point *point,
                            double slope[VSH_COEFFICIENTS])
{
    if (problem->kind->log_loss)
        return problem->kind->log_loss(c, point, slope);
    for (int i = 0; i < problem->coefficients; i++) {
        double up[VSH_COEFFICIENTS], down[VSH_COEFFICIENTS];
        slope[i] = 0;
        if (!vsh_problem_is_free(problem, i))
            continue;
        memcpy(up, c, sizeof up);
        memcpy(down, c, sizeof down);
        vsh_problem_move(problem, up, i, DIFFERENCE);
        vsh_problem_move(problem, down, i, -DIFFERENCE);
        slope[i] = (log_of(problem, up, point) - log_of(problem, down, point)) / (2 * DIFFERENCE);
    }
    return log_of(problem, c, point);
}

static double huber(const vsh_problem *problem, double residual)
{
    double size = fabs(residual);

    if (problem->least_squares || size <= problem->delta)
        return size * size / 2;
    return problem->delta * (size - problem->delta / 2);
}

double vsh_objective_value(const vsh_problem *problem, const double *c)
{
    double sum = 0;

    for (int i = 0; i < problem->count; i++) {
        double weight = problem->weight ? problem->weight[i] : 1;
        if (weight > 0)
            sum += weight * huber(problem, log(problem->run[i].loss) -
                                               log_of(problem, c, &problem->run[i].at));
    }
    return isfinite(sum) ? sum : (double)INFINITY;
}

void vsh_objective_at(const vsh_problem *problem, const double *c, vsh_objective *o)
{
    int n = problem->coefficients;

    *o = (vsh_objective){0};
    for (int i = 0; i < problem->count; i++) {
        double weight = problem->weight ? problem->weight[i] : 1, slope[VSH_COEFFICIENTS];
        double residual, size, bend;
        bool inside;
        if (!(weight > 0))
            continue;
        residual = log(problem->run[i].loss) -
                   vsh_problem_log_loss(problem, c, &problem->run[i].at, slope);
        size = fabs(residual);
        inside = problem->least_squares || size <= problem->delta;
        bend = weight * (inside ? 1 : problem->delta / size);
        o->value += weight * huber(problem, residual);
        for (int j = 0; j < n; j++) {
            double *row = inside ? o->within[j] : o->beyond[j];
            o->slope[j] += bend * residual * slope[j];
            for (int k = 0; k <= j; k++)
                row[k] += bend * slope[j] * slope[k];
        }
    }
    if (!isfinite(o->value))
        o->value = INFINITY;
}
