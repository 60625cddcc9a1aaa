/* Models smaller than the optimum, trained for longer: dearer to train, cheaper to serve. */
#ifndef VSH_OVER_TRAINING_H
#define VSH_OVER_TRAINING_H

#include "planner/advice/technique.h"

/* The multiplier of compute at equal loss of share as many parameters as the optimum, C = 6 N D, by
 * the law itself: Gadre et al. 2024 (arXiv:2403.08540) equation 4, L = E + (a M^eta + b M^-eta)
 * C^-eta with M = D/N, is a tied law written in these letters, and its coefficients were not found.
 */
double vsh_over_training_cost(const vsh_law *law, vsh_optimum best, double share);

vsh_technique_fill vsh_advise_over_training, vsh_advise_serving;

#endif
