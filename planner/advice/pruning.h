/* Weights removed, after Frantar et al. 2023 (arXiv:2309.08520), equation 1, T5 on C4:
 * L = (a_S (1 - S)^b_S + c_S) N^-b_N + (a_D / D)^b_D + c with N the weights that are left. Fitted
 * on 48 runs of 1.3 M - 85 M weights left, 16 B - 66 B tokens, sparsity 0 - 0.875. */
#ifndef VSH_PRUNING_H
#define VSH_PRUNING_H

#include "planner/advice/technique.h"

double vsh_frantar_loss(double sparsity, double params_left, double tokens);
/* Dense parameters that are worth as much as one that is left. */
double vsh_frantar_multiplier(double sparsity);

vsh_technique_fill vsh_advise_pruning;

#endif
