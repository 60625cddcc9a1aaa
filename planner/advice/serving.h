/* Sizing that counts serving: the cheapest model, over training and inference together, among
 * those that reach a loss. */
#ifndef VSH_SERVING_H
#define VSH_SERVING_H

#include "planner/laws/law.h"

/* Unique tokens that bring so many parameters to the loss; infinite when no number does. */
double vsh_tokens_for_loss(const vsh_law *law, double params, double experts, double loss);

/* Minimizes 6 N D + 2 N D_served subject to L(N, D) = loss, Sardana and Frankle 2023
 * (arXiv:2401.00448) equation 3. start: the training optimum with that loss. */
vsh_optimum vsh_serving_optimum(const vsh_law *law, vsh_optimum start, double served_tokens);

#endif
