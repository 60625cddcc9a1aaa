/* What the bootstrap's draws say of the best use of a budget. */
#ifndef VSH_BAND_H
#define VSH_BAND_H

#include <stdbool.h>

#include "core/arena.h"
#include "planner/fit/fit.h"

/* 95 % of the optimal N over the draws of a fit; NaN without draws, and when memory ends.
 * independent: each coefficient from a draw of its own, as if they knew nothing of each other: what
 * a table of standard errors alone would say. */
vsh_interval vsh_band_params(const vsh_fit *fit, double flops, const vsh_point *given,
                             bool independent, vsh_arena *arena);

/* Their coefficients in draw i, all from it or each from another. */
void vsh_band_coefficients(const vsh_fit *fit, int draw, bool independent,
                           double c[VSH_COEFFICIENTS]);

/* The correlation of two coefficients as they are fitted; NaN without covariance, and for one that
 * does not move. */
double vsh_fit_correlation(const vsh_fit *fit, int i, int j);

#endif
