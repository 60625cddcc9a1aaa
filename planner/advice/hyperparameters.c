#include "planner/advice/hyperparameters.h"

#include <math.h>

double vsh_steplaw_rate(double params, double tokens)
{
    return 1.79 * pow(params, -0.713) * pow(tokens, 0.307);
}

double vsh_steplaw_batch_tokens(double tokens) { return 0.58 * pow(tokens, 0.571); }

double vsh_deepseek_rate(double flops) { return 0.3118 * pow(flops, -0.125); }

double vsh_deepseek_batch_tokens(double flops) { return 0.2920 * pow(flops, 0.3271); }

double vsh_ludziejewski_rate(double params_active, double experts)
{
    return exp(8.39 - 0.81 * log(params_active) - 0.25 * log(fmax(1, experts))); /* 0: dense too */
}

double vsh_kaplan_critical_batch(double loss) { return 2e8 / pow(loss, 1 / 0.21); }

double vsh_kaplan_overfit_tokens(double params) { return 5e3 * pow(params, 0.74); }

static double capped(double rate) { return rate < VSH_RATE_MAX ? rate : VSH_RATE_MAX; }

vsh_hyperparameters vsh_hyperparameters_of(double params_non_embedding, double params_active,
                                           double tokens, double flops, double experts)
{
    double rates[] = {capped(vsh_steplaw_rate(params_non_embedding, tokens)),
                      capped(vsh_deepseek_rate(flops)),
                      capped(vsh_ludziejewski_rate(params_active, experts))};
    double batches[] = {vsh_steplaw_batch_tokens(tokens), vsh_deepseek_batch_tokens(flops)};

    return (vsh_hyperparameters){.rate = cbrt(rates[0] * rates[1] * rates[2]),
                                 .rate_low = fmin(rates[0], fmin(rates[1], rates[2])),
                                 .rate_high = fmax(rates[0], fmax(rates[1], rates[2])),
                                 .batch_tokens = sqrt(batches[0] * batches[1]),
                                 .batch_low = fmin(batches[0], batches[1]),
                                 .batch_high = fmax(batches[0], batches[1])};
}
