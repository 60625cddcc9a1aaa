/* The joint law of dense and Mixture-of-Experts models. */
#ifndef VSH_LUDZIEJEWSKI_H
#define VSH_LUDZIEJEWSKI_H

#include "planner/laws/chinchilla.h"
#include "planner/laws/law.h"

/* For a fixed number of experts the law has the Chinchilla form in (N active, D). */
vsh_chinchilla vsh_ludziejewski_form(double experts);
/* Tokens below which E experts are worse than dense at the same active parameters. */
double vsh_ludziejewski_crossover(double params_active, double experts);

#endif
