/* The joint law of dense and Mixture-of-Experts models, and what experts save under it. */
#ifndef VSH_LUDZIEJEWSKI_H
#define VSH_LUDZIEJEWSKI_H

#include "planner/laws/chinchilla.h"
#include "planner/laws/law.h"

/* For a fixed number of experts the law has the Chinchilla form in (N active, D). */
vsh_chinchilla vsh_ludziejewski_form(double experts);
/* Tokens below which E experts are worse than dense at the same active parameters. */
double vsh_ludziejewski_crossover(double params_active, double experts);
/* Share of the compute saved at equal loss, both at their optimum. */
double vsh_ludziejewski_saving(double flops, double experts);

/* The best model of the paper's own geometry (equations 9 and 10: n = d/64 layers, 50257 tokens,
 * N_act = 2dV + 13nd^2, N_total = 2dV + (4 + 9E)nd^2) with at most total_max parameters. */
typedef struct {
    double params_active, params_total, tokens, loss;
} vsh_capped_optimum;

vsh_capped_optimum vsh_ludziejewski_capped(double flops, double experts, double total_max);
/* Share of the compute that E experts save at equal loss, both sides capped alike; NaN when no
 * model of that geometry is small enough. The loss of such a capped optimum is infinite. */
double vsh_ludziejewski_capped_saving(double flops, double experts, double total_max);

#endif
