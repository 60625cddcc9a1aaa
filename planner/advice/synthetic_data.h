/* Text that a model writes: what a weaker, cheaper generator gives for the same money. */
#ifndef VSH_SYNTHETIC_DATA_H
#define VSH_SYNTHETIC_DATA_H

#include "planner/advice/technique.h"

/* Samples of a weak generator for those of a strong one at equal sampling FLOPs: (P_strong /
 * P_weak) samples, Bansal et al. 2024 (arXiv:2408.16737). */
double vsh_compute_matched_samples(double strong_params, double weak_params, double samples);
/* The same at equal money, from prices a token. */
double vsh_price_matched_samples(double strong_usd, double weak_usd, double samples);
/* 2 P FLOPs a token that is sampled. */
double vsh_generation_flops(double params, double tokens);

vsh_technique_fill vsh_advise_synthetic_data;

#endif
