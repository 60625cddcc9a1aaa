/* One fit to be made: runs with weights, the form, and the objective over its coefficients. */
#ifndef VSH_PROBLEM_H
#define VSH_PROBLEM_H

#include "planner/fit/fittable.h"
#include "planner/fit/runs.h"

typedef struct {
    const vsh_fittable *kind;
    vsh_axis axis[VSH_AXES]; /* the kind's, in numbers */
    unsigned fixed;          /* bits of the coefficients that are given or unused */
    int coefficients;
    const vsh_run *run;
    const double *weight; /* how often each run counts; NULL: once */
    int count;
    bool least_squares;
    double delta;
} vsh_problem;

/* ln of the loss that coefficients predict; slope: its derivatives by the coefficients, or by the
 * logarithm of the positive ones. */
double vsh_problem_log_loss(const vsh_problem *problem, const double *c, const vsh_point *point,
                            double slope[VSH_COEFFICIENTS]);

/* What the objective is near a point, seen from the derivatives of every run. */
typedef struct {
    double value; /* of the objective; not finite where the form has no loss */
    double slope[VSH_COEFFICIENTS]; /* downhill */
    /* Curvature of the runs within delta, and of those beyond as if bent to the parabola through
     * their value. */
    double within[VSH_COEFFICIENTS][VSH_COEFFICIENTS], beyond[VSH_COEFFICIENTS][VSH_COEFFICIENTS];
} vsh_objective;

/* Huber's function of measured minus predicted log loss, summed; or half their squares. */
double vsh_objective_value(const vsh_problem *problem, const double *c);
void vsh_objective_at(const vsh_problem *problem, const double *c, vsh_objective *objective);

/* Downhill from c to the minimum; the coefficients that are fixed stay. Returns the objective. */
double vsh_objective_descend(const vsh_problem *problem, double *c);

#endif
