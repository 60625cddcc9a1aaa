/* One fit to be made: runs with weights, the form, and the objective over its coefficients. */
#ifndef VSH_PROBLEM_H
#define VSH_PROBLEM_H

#include <stdbool.h>

#include "planner/fit/fit.h"
#include "planner/fit/fittable.h"
#include "planner/fit/runs.h"

typedef struct {
    const vsh_fittable *kind;
    vsh_axis axis[VSH_AXES]; /* the kind's, completed from the runs */
    unsigned fixed;          /* bits of the coefficients that are given, unused or derived */
    int coefficients;
    double low[VSH_COEFFICIENTS], high[VSH_COEFFICIENTS]; /* the ends of their axes, or none */
    const vsh_run *run;
    const double *weight; /* how often each run counts; NULL: once */
    int count;
    bool least_squares;
    double delta;
} vsh_problem;

/* The options' way of fitting a form to runs. plain: without the coefficients that the kind calls
 * optional. */
void vsh_problem_make(const vsh_fittable *kind, const vsh_fit_options *options, const vsh_run *run,
                      int count, bool plain, vsh_problem *problem);

/* How many coefficients move. */
int vsh_problem_free_count(const vsh_problem *problem);
/* Which coefficients move. */
static inline bool vsh_problem_is_free(const vsh_problem *problem, int coefficient)
{
    return !(problem->fixed & 1U << coefficient);
}

/* ln of the loss that coefficients predict; slope: its derivatives by the free coefficients, by the
 * logarithm of the positive ones. */
double vsh_problem_log_loss(const vsh_problem *problem, const double *c, const vsh_point *point,
                            double slope[VSH_COEFFICIENTS]);

/* The coefficients with one of them moved, by its logarithm where it is positive. */
void vsh_problem_move(const vsh_problem *problem, double *c, int coefficient, double step);

/* What the objective is near a point, seen from the derivatives of every run. */
typedef struct {
    double value;                   /* not finite where the form has no loss */
    double slope[VSH_COEFFICIENTS]; /* downhill */
    /* Curvature of the runs within delta, and of those beyond as if bent to the parabola through
     * their value; the lower triangles. */
    double within[VSH_COEFFICIENTS][VSH_COEFFICIENTS], beyond[VSH_COEFFICIENTS][VSH_COEFFICIENTS];
} vsh_objective;

/* Huber's function of measured minus predicted log loss, summed over the runs (the mean made
 * published fits stop early); or half their squares. */
double vsh_objective_value(const vsh_problem *problem, const double *c);
void vsh_objective_at(const vsh_problem *problem, const double *c, vsh_objective *objective);

#endif
