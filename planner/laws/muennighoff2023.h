/* The data-constrained law: what repeated tokens and excess parameters are still worth. */
#ifndef VSH_MUENNIGHOFF_H
#define VSH_MUENNIGHOFF_H

#include "planner/laws/law.h"

/* How far a point repeats: epochs beyond the first, and parameters beyond what the unique tokens
 * can use, both as ratios. The law is validated up to VSH_REPEATS_MAX of either. */
typedef struct {
    double tokens, params;
} vsh_repeats;

#define VSH_REPEATS_MAX 20.0

vsh_repeats vsh_muennighoff_repeats(const vsh_point *point);
/* The same by other coefficients of that form. */
vsh_repeats vsh_repeats_of(const double *coefficients, const vsh_point *point);
/* D' of the law: what tokens seen are worth as unique ones. */
double vsh_muennighoff_effective_tokens(double tokens, double unique);

#endif
