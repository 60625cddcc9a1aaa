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

    return (plan_tuning){
        .run = *run, .laws = laws, .rate = one_digit(laws.rate), .critical_batch = NAN};
}

void plan_tune_schedule(plan_tuning *tuning, double tokens, double batch_tokens, double epochs,
                        double loss)
{
    vsh_tuned trained = tuning->run;

    trained.tokens = tokens; /* whole steps of the batch */
    tuning->schedule = vsh_schedule_advice_of(&trained, batch_tokens, epochs);
    tuning->critical_batch = vsh_kaplan_critical_batch(loss);
}
