/* Variable projection: a grid over what the prediction is not linear in, and at each point of it
 * the best factors of the terms, none below zero. It cannot end in a local minimum between its
 * points. */
#ifndef VSH_VARPRO_H
#define VSH_VARPRO_H

#include "planner/fit/problem.h"

/* The best coefficients with the axes at these values: least squares weighted so that they are
 * about those of log loss. Returns the sum of squares, infinity when there are none. factor: of
 * each term. */
double vsh_varpro_solve(const vsh_problem *problem, const double *axis, double *factor, double *c);

/* The starts found: coefficients, and the objective there. */
enum { VSH_VARPRO_STARTS = 6 };
typedef struct {
    int count;
    double squares[VSH_VARPRO_STARTS];
    double axis[VSH_VARPRO_STARTS][VSH_AXES];
    double c[VSH_VARPRO_STARTS][VSH_COEFFICIENTS];
} vsh_varpro;

/* The best points of the grid, the best first, the first refined around. coarse: a third of the
 * steps, not refined. */
void vsh_varpro_search(const vsh_problem *problem, bool coarse, vsh_varpro *found);

#endif
