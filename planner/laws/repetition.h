/* What repeated tokens cost by any law: one whose form knows repetition says it itself, for the
 * others the data-constrained law does. */
#ifndef VSH_REPETITION_H
#define VSH_REPETITION_H

#include "planner/laws/law.h"

/* The law that prices repetition beside this one: itself, or muennighoff2023. */
const vsh_law *vsh_law_of_repetition(const vsh_law *law);

/* Nats that repeating costs at a point with its unique tokens: the loss on repeated tokens less
 * that on as many fresh ones. 0 when nothing repeats; continuous where the unique tokens just
 * suffice. total: the parameters as muennighoff2023 counts them, should it be asked. */
double vsh_law_repetition_price(const vsh_law *law, const vsh_point *point, double total);

/* One standard deviation of such a price, in nats, that comes on top of the law's own residual: the
 * spread of the measured runs about muennighoff2023, at most half of the price. 0 for a law that
 * prices itself: its residuals are of repeated runs. */
double vsh_law_repetition_sd(const vsh_law *law, double price);

/* The best use of a budget on unique tokens (0: unlimited); NaN throughout where the law no longer
 * distinguishes sizes there, so little do the tokens hold. */
vsh_optimum vsh_law_optimum_on(const vsh_law *law, double flops, double unique);
/* The least compute after which any further compute on these tokens gains less than nats. */
double vsh_law_useful_flops(const vsh_law *law, double unique, double nats);

#endif
