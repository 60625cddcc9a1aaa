#include <math.h>

#include "planner/plan.h"

vsh_tuned plan_tuned_of(const vsh_model *model, const vsh_parameters *p, double experts,
                        double tokens)
{
    return (vsh_tuned){.non_embedding = (double)(p->active - p->embedding),
                       .matmul = vsh_law_params(&vsh_porian2024, model, p),
                       .active = vsh_law_params(&vsh_ludziejewski2025, model, p),
                       .tokens = tokens,
                       .experts = experts};
}

/* Finer than that the laws do not agree. */
static double one_digit(double value)
{
    double scale = pow(10, floor(log10(value)));

    return round(value / scale) * scale;
}

plan_tuning plan_tune(const vsh_tuned *run)
{
    vsh_hyperparameters laws = vsh_hyperparameters_of(run);
    double rate = one_digit(laws.rate);

    laws.rate_low = fmin(laws.rate_low, rate); /* rounded, it is in the range still */
    laws.rate_high = fmax(laws.rate_high, rate);
    return (plan_tuning){
        .run = *run, .laws = laws, .rate = rate, .critical_loss = NAN, .critical_data = NAN};
}

void plan_tune_schedule(plan_tuning *tuning, double tokens, double batch_tokens, double epochs,
                        double loss)
{
    vsh_tuned trained = tuning->run;

    tuning->laws.batch_low = fmin(tuning->laws.batch_low, batch_tokens);
    tuning->laws.batch_high = fmax(tuning->laws.batch_high, batch_tokens);
    trained.tokens = tokens; /* whole steps of the batch */
    tuning->schedule = vsh_schedule_advice_of(&trained, batch_tokens, epochs);
    tuning->critical_loss = vsh_kaplan_critical_batch(loss);
    tuning->critical_data = vsh_zhang_critical_batch(tokens);
}
