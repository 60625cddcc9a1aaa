#include "planner/advice/memory_layers.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"

double vsh_memory_flops(double memory_params) { return 6 * memory_params; }

double vsh_attention_flops(double layers, double heads, double head_dim, double keys)
{
    return 4 * layers * heads * head_dim * keys;
}

double vsh_memory_break_even(double memory_params, double layers, double heads, double head_dim)
{
    return vsh_memory_flops(memory_params) / vsh_attention_flops(layers, heads, head_dim, 1);
}

/* A memory of two matrices of the model's width in each layer (assumed), in place of attention. */
vsh_status vsh_advise_memory_layers(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_run *run = &p->recommended;
    const vsh_model *m = &run->model;
    double layers = (double)m->layers, width = (double)m->hidden, heads = (double)m->heads;
    double dim = ((double)vsh_model_qk_dim(m) + (double)vsh_model_v_dim(m)) / 2;
    double memory = 2 * width * width * layers, keys = ((double)run->seq + 1) / 2;
    double attention = vsh_attention_flops(layers, heads, dim, keys);
    double even = vsh_memory_break_even(memory, layers, heads, dim);

    (void)err;
    a->inference = (attention - vsh_memory_flops(memory)) / (run->flops_per_token / 3);
    a->applies = false; /* what no law prices in loss cannot be said to pay */
    snprintf(a->why, sizeof a->why,
             "In place of attention: %s FLOP a token against %s for the %s keys a token sees "
             "on average here. It pays beyond %s keys, sequences of about %s tokens.",
             vsh_show_exponent(vsh_memory_flops(memory)).text, vsh_show_exponent(attention).text,
             vsh_show_count(keys).text, vsh_show_count(even).text, vsh_show_count(2 * even).text);
    return VSH_OK;
}
