/* From a start to the minimum of the objective. */
#ifndef VSH_DESCENT_H
#define VSH_DESCENT_H

#include "planner/fit/problem.h"

/* Downhill from c; the coefficients that are fixed stay. Returns the objective reached, infinity
 * where there is none. */
double vsh_descend(const vsh_problem *problem, double *c);

/* The lowest of the minima below the best points of variable projection. Infinity when no point of
 * the grid has a loss. */
double vsh_minimum_find(const vsh_problem *problem, double best[VSH_COEFFICIENTS]);

#endif
