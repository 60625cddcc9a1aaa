/* The parts that fill a vsh_fit, in the order in which they are called. */
#ifndef VSH_FIT_PARTS_H
#define VSH_FIT_PARTS_H

#include "planner/fit/fit.h"
#include "planner/fit/problem.h"

vsh_status vsh_fit_out_of_memory(const vsh_runs *runs, vsh_error *err);

/* minimise.c: the least objective of a problem, and the coefficients there. */
vsh_status vsh_fit_minimise(vsh_arena *arena, const vsh_fit_options *options,
                            const vsh_problem *problem, double c[VSH_COEFFICIENTS],
                            double *objective, vsh_error *err);
/* residuals.c: repeated_rows. */
vsh_status vsh_fit_repeated_rows(vsh_arena *arena, vsh_fit *fit, vsh_error *err);
/* fitted_law.c: the law about its coefficients: source, range, domain. */
vsh_status vsh_fit_describe(vsh_arena *arena, const vsh_fit_options *options, vsh_fit *fit,
                            vsh_error *err);
/* residuals.c: fitted, residual, their sizes, the worst. */
vsh_status vsh_fit_residuals(vsh_arena *arena, const vsh_problem *problem, vsh_fit *fit,
                             vsh_error *err);
/* spread.c: optimum; with bootstraps draws, covariance, errors, ranges, and what they leave open,
 * which may be too much: identified. */
vsh_status vsh_fit_spread(vsh_arena *arena, const vsh_problem *problem,
                          const vsh_fit_options *options, vsh_fit *fit, vsh_error *err);

#endif
