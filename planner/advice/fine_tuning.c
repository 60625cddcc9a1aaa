#include "planner/advice/fine_tuning.h"

#include <stdio.h>

#include "core/text.h"

/* Qwen2.5 (arXiv:2412.15115): sizes from the model cards; 18 T tokens, from memory. */
static const vsh_base_model known[] = {
    {"Qwen2.5-0.5B", 0.494e9, 18e12}, {"Qwen2.5-1.5B", 1.54e9, 18e12},
    {"Qwen2.5-3B", 3.09e9, 18e12},    {"Qwen2.5-7B", 7.61e9, 18e12},
    {"Qwen2.5-32B", 32.5e9, 18e12},   {"Qwen2.5-72B", 72.7e9, 18e12}};

double vsh_fine_tuning_flops(double params, double tokens) { return 6 * params * tokens; }

double vsh_adapter_flops(double params, double tokens) { return 4 * params * tokens; }

const vsh_base_model *vsh_base_model_for(double memory_bytes)
{
    const vsh_base_model *best = NULL;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (2 * known[i].params <= memory_bytes - PLAN_ACTIVATION_RESERVE)
            best = &known[i];
    return best;
}

/* Tokens of a fine-tuning set, about a hundred thousand conversations (assumed). */
#define TUNING_TOKENS 1e8

vsh_status vsh_advise_fine_tuning(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_request *r = &p->request;
    double rate = r->chips * r->effective.v, tuned, spent;
    const vsh_base_model *base =
        vsh_base_model_for(r->chips * PLAN_MEMORY_SHARE * r->hardware->memory_bytes.value);

    (void)err;
    if (!base) {
        snprintf(a->why, sizeof a->why, "None of the models known here fits these chips.");
        return VSH_OK;
    }
    tuned = vsh_adapter_flops(base->params, TUNING_TOKENS);
    spent = vsh_fine_tuning_flops(base->params, base->tokens);
    a->time = 1 - tuned / rate / 3600 / p->recommended.hours;
    a->applies = false; /* another task: the plan cannot know whether it would do */
    snprintf(a->why, sizeof a->why,
             "%s with adapters on %s tokens (assumed): %s on these chips. Its pre-training cost "
             "%s FLOP, %s times this budget, which nobody here pays again. The loss is of another "
             "task: no figure compares.",
             base->name, vsh_show_count(TUNING_TOKENS).text, vsh_show_time(tuned / rate).text,
             vsh_show_exponent(spent).text, vsh_show_integer((int64_t)(spent / p->flops)).text);
    return VSH_OK;
}
