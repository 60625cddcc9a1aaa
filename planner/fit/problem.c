#include "planner/fit/problem.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_matrix.h>
#include <math.h>
#include <string.h>

/* Central differences: error of the third derivative against that of rounding. */
#define DIFFERENCE 1e-5

static double log_of(const vsh_problem *problem, const double *c, const vsh_point *point)
{
    return log(problem->kind->form->loss(c, point));
}

/* The coefficients with one of them moved, on the logarithm where it is positive. */
static void move(const vsh_form *form, double *c, int i, double step)
{
    c[i] = form->positive & 1U << i ? c[i] * exp(step) : c[i] + step;
}

double vsh_problem_log_loss(const vsh_problem *problem, const double *c, const vsh_point *point,
                            double slope[VSH_COEFFICIENTS])
{
    if (problem->kind->log_loss)
        return problem->kind->log_loss(c, point, slope);
    for (int i = 0; i < problem->coefficients; i++) {
        double up[VSH_COEFFICIENTS], down[VSH_COEFFICIENTS];
        slope[i] = 0;
        if (problem->fixed & 1U << i)
            continue;
        memcpy(up, c, sizeof up);
        memcpy(down, c, sizeof down);
        move(problem->kind->form, up, i, DIFFERENCE);
        move(problem->kind->form, down, i, -DIFFERENCE);
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

/* ---- descent --------------------------------------------------------------------------------- */

enum { ROUNDS = 300, PATIENCE = 4 };

/* Solves (within + share beyond + damp diagonal) step = slope over the free coefficients. */
static bool solve(const vsh_problem *problem, const vsh_objective *o, double share, double damp,
                  double step[VSH_COEFFICIENTS])
{
    double matrix[VSH_COEFFICIENTS * VSH_COEFFICIENTS], right[VSH_COEFFICIENTS];
    double scale[VSH_COEFFICIENTS];
    int free[VSH_COEFFICIENTS], count = 0;
    gsl_matrix_view view;
    gsl_vector_view solution;

    memset(step, 0, VSH_COEFFICIENTS * sizeof *step);
    for (int i = 0; i < problem->coefficients; i++) {
        double bent = o->within[i][i] + o->beyond[i][i];
        scale[i] = bent > 0 ? 1 / sqrt(bent) : 0;
        if (!(problem->fixed & 1U << i) && bent > 0 && isfinite(bent))
            free[count++] = i;
    }
    if (count == 0)
        return false;
    for (int i = 0; i < count; i++) {
        int a = free[i];
        right[i] = o->slope[a] * scale[a];
        for (int j = 0; j <= i; j++) {
            int b = free[j];
            matrix[i * count + j] = matrix[j * count + i] =
                (o->within[a][b] + share * o->beyond[a][b]) * scale[a] * scale[b];
        }
        matrix[i * count + i] += damp;
    }
    view = gsl_matrix_view_array(matrix, (size_t)count, (size_t)count);
    solution = gsl_vector_view_array(right, (size_t)count);
    if (gsl_linalg_cholesky_decomp1(&view.matrix) != 0 ||
        gsl_linalg_cholesky_svx(&view.matrix, &solution.vector) != 0)
        return false;
    for (int i = 0; i < count; i++)
        step[free[i]] = right[i] * scale[free[i]];
    return true;
}

static double try_step(const vsh_problem *problem, const double *c, const double *step, double *to)
{
    for (int i = 0; i < VSH_COEFFICIENTS; i++) {
        to[i] = c[i];
        if (i < problem->coefficients && step[i] != 0)
            move(problem->kind->form, to, i, step[i]);
        if (!isfinite(to[i]))
            return INFINITY;
    }
    return vsh_objective_value(problem, to);
}

/* Newton's method on a function that is a parabola near and straight beyond delta: the runs beyond
 * bend not at all (share 0), but steps are only safe when they are bent as reweighted least squares
 * bends them (share 1). The share, and a Levenberg-Marquardt damping, fall while steps succeed. */
double vsh_objective_descend(const vsh_problem *problem, double *c)
{
    double share = 1, damp = 1e-3, value = vsh_objective_value(problem, c);
    int idle = 0;

    for (int round = 0; round < ROUNDS && idle < PATIENCE && isfinite(value); round++) {
        vsh_objective o;
        double step[VSH_COEFFICIENTS], to[VSH_COEFFICIENTS], reached = INFINITY;
        vsh_objective_at(problem, c, &o);
        for (int attempt = 0; attempt < 30; attempt++) {
            if (solve(problem, &o, share, damp, step)) {
                reached = try_step(problem, c, step, to);
                if (reached < value)
                    break;
            }
            share = fmin(1, fmax(share, 1e-6) * 10);
            damp = fmax(damp, 1e-12) * 10;
        }
        if (!(reached < value))
            break;
        idle = value - reached < 1e-14 * value ? idle + 1 : 0;
        value = reached;
        memcpy(c, to, sizeof to);
        share /= 10;
        damp /= 10;
    }
    return value;
}
