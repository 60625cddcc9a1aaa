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
/* What repeating costs so many parameters, as this law sees it: the loss on repeated tokens less
 * that on as many fresh ones. 0 when nothing repeats; continuous where the unique tokens just
 * suffice. */
double vsh_muennighoff_price(double params, double tokens, double unique);
/* The best N for a budget on unique tokens (0 = unlimited), by golden-section search in log N. */
vsh_optimum vsh_muennighoff_optimum(double flops, double unique);
/* The least compute after which any further compute on these tokens gains less than nats. */
double vsh_muennighoff_useful_flops(double unique, double nats);

#endif
