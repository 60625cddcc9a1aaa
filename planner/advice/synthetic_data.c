#include "planner/advice/synthetic_data.h"

#include <stdio.h>

#include "core/text.h"

double vsh_compute_matched_samples(double strong_params, double weak_params, double samples)
{
    return strong_params / weak_params * samples;
}

double vsh_price_matched_samples(double strong_usd, double weak_usd, double samples)
{
    return strong_usd / weak_usd * samples;
}

double vsh_generation_flops(double params, double tokens) { return 2 * params * tokens; }

/* Of a million output tokens of Gemini Pro and Flash in August 2024, as the paper takes them
 * (secondary). */
#define STRONG_USD 10.5
#define WEAK_USD 0.3

/* The pair of the paper: Gemma 2 27B and 9B. What generating costs is no cost of serving this
 * model: that column stays empty. */
vsh_status vsh_advise_synthetic_data(const plan *p, plan_advice *a, vsh_error *err)
{
    const double strong = 27e9, weak = 9e9;
    double flops = vsh_generation_flops(weak, p->recommended.unique_tokens);

    (void)err;
    a->applies = false;
    snprintf(
        a->why, sizeof a->why,
        "A 9 B generator gives %.0f samples for the FLOPs of one by 27 B, and a cheap model %.0f "
        "for the money of one by a dear one ($10.5 and $0.3 a million tokens in 2024): the "
        "saving is of generation. Not for pre-training: writing this plan's %s tokens with 9 B "
        "parameters "
        "takes %s FLOP, %.1f times the budget, before anything is trained.",
        vsh_compute_matched_samples(strong, weak, 1),
        vsh_price_matched_samples(STRONG_USD, WEAK_USD, 1),
        vsh_show_count(p->recommended.unique_tokens).text, vsh_show_exponent(flops).text,
        flops / p->flops);
    return VSH_OK;
}
