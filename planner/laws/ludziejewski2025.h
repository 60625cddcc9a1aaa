/* The joint law of dense and Mixture-of-Experts models. */
#ifndef VSH_LUDZIEJEWSKI_H
#define VSH_LUDZIEJEWSKI_H

#include "planner/laws/chinchilla.h"
#include "planner/laws/law.h"

/* For a fixed number of experts the law has the Chinchilla form in (N active, D). */
vsh_chinchilla vsh_ludziejewski_form(double experts);
/* The same of any law of the form joint-experts, such as one from a file. */
vsh_chinchilla vsh_joint_form(const vsh_law *law, double experts);

/* Whether a law can be asked in place of the published one: of that form, N active parameters. */
bool vsh_is_joint_law(const vsh_law *law);

/* Tokens below which E experts are worse than dense at the same active parameters: 0 where they are
 * never worse, infinite where they always are. */
double vsh_joint_crossover(const vsh_law *law, double params_active, double experts);
double vsh_ludziejewski_crossover(double params_active, double experts);

#endif
