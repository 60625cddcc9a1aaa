/* Models smaller than the optimum, trained for longer: dearer to train, cheaper to serve. */
#ifndef VSH_OVER_TRAINING_H
#define VSH_OVER_TRAINING_H

#include "planner/advice/technique.h"

/* Gadre et al. 2024 (arXiv:2403.08540) equation 4, with M = D / N tokens a parameter:
 * L = E + (a M^eta + b M^-eta) C^-eta. */
double vsh_gadre_loss(double E, double a, double b, double eta, double flops, double ratio);
/* The multiplier of compute at equal loss of share as many parameters as the optimum, C = 6 N D. */
double vsh_over_training_cost(const vsh_law *law, vsh_optimum best, double share);

vsh_technique_fill vsh_advise_over_training, vsh_advise_serving;

#endif
