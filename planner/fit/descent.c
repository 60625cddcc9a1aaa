#include "planner/fit/descent.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_matrix.h>
#include <math.h>
#include <string.h>

#include "planner/fit/varpro.h"

enum { ROUNDS = 300, PATIENCE = 4 };

/* At an end of its axis, with downhill beyond it. */
static bool is_held(const vsh_problem *problem, const double *c, const vsh_objective *o, int i)
{
    return (c[i] <= problem->low[i] && o->slope[i] < 0) ||
           (c[i] >= problem->high[i] && o->slope[i] > 0);
}

/* Solves (within + share beyond + damp diagonal) step = slope over the free coefficients. */
static bool solve(const vsh_problem *problem, const double *c, const vsh_objective *o, double share,
                  double damp, double step[VSH_COEFFICIENTS])
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
        if (vsh_problem_is_free(problem, i) && bent > 0 && isfinite(bent) &&
            !is_held(problem, c, o, i))
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
        if (i < problem->coefficients && step[i] != 0) {
            vsh_problem_move(problem, to, i, step[i]);
            to[i] = fmin(fmax(to[i], problem->low[i]), problem->high[i]);
        }
        if (!isfinite(to[i]))
            return INFINITY;
    }
    return vsh_objective_value(problem, to);
}

/* Newton's method on a function that is a parabola near and straight beyond delta: the runs beyond
 * bend not at all (share 0), but steps are only safe when they are bent as reweighted least squares
 * bends them (share 1). The share, and a Levenberg-Marquardt damping, fall while steps succeed. */
double vsh_descend(const vsh_problem *problem, double *c)
{
    double share = 1, damp = 1e-3, value = vsh_objective_value(problem, c);
    int idle = 0;

    for (int round = 0; round < ROUNDS && idle < PATIENCE && isfinite(value); round++) {
        vsh_objective o;
        double step[VSH_COEFFICIENTS], to[VSH_COEFFICIENTS], reached = INFINITY;
        vsh_objective_at(problem, c, &o);
        for (int attempt = 0; attempt < 30; attempt++) {
            if (solve(problem, c, &o, share, damp, step)) {
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
    if (problem->kind->derive)
        problem->kind->derive(c);
    return value;
}

double vsh_minimum_find(const vsh_problem *problem, double best[VSH_COEFFICIENTS])
{
    vsh_varpro starts;
    double least = INFINITY;

    vsh_varpro_search(problem, false, &starts);
    for (int i = 0; i < starts.count; i++) {
        double value = vsh_descend(problem, starts.c[i]);
        if (value < least) {
            least = value;
            memcpy(best, starts.c[i], sizeof starts.c[i]);
        }
    }
    return least;
}
