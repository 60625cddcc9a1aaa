#include "planner/advice/cross_layer.h"

#include <stdio.h>

#include "core/text.h"

double vsh_cache_bytes(const vsh_model *m, double seq)
{
    double values = m->latent.kv_rank
                        ? (double)m->latent.kv_rank + (double)m->latent.rope_dim
                        : (double)m->kv_heads * (double)(vsh_model_qk_dim(m) + vsh_model_v_dim(m));
    double elements = 0;

    for (int64_t l = 0; l < m->layers; l++) {
        double window = m->layer[l].window ? (double)m->layer[l].window : seq;
        if (m->layer[l].own_kv)
            elements += values * (window < seq ? window : seq);
    }
    return 2 * elements;
}

void vsh_share_keys(vsh_model *model, int64_t layers_alike)
{
    model->cross_layer = layers_alike;
    for (int64_t l = 0; l < model->layers; l++)
        model->layer[l].own_kv = l % layers_alike == 0;
}

enum { ALIKE = 2 };

vsh_status vsh_advise_cross_layer(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_run *run = &p->recommended;
    double seq = (double)run->seq, before = vsh_cache_bytes(&run->model, seq), after, flops;
    vsh_model shared = run->model;
    vsh_work work = vsh_work_default(run->seq);
    vsh_op_list ops;

    if (run->model.cross_layer > 1 || run->model.latent.kv_rank) {
        snprintf(a->why, sizeof a->why, "The model that was given compresses its cache already.");
        return VSH_OK;
    }
    vsh_share_keys(&shared, ALIKE);
    VSH_TRY(vsh_lower(&shared, &work, &ops, err));
    flops = vsh_ops_step_model_flops(&ops).v / seq;
    after = vsh_cache_bytes(&shared, seq);
    a->memory_bytes = before - after;
    a->memory_of = "the cache of a sequence";
    a->inference = 1 - flops / run->flops_per_token;
    a->applies = false; /* what no law prices in loss cannot be said to pay */
    snprintf(a->why, sizeof a->why,
             "Pairs of layers: %s of keys and values for a sequence of %s instead of %s, and %.1f "
             "%% of the FLOPs of a token at unchanged width; parameters go with them, and the loss "
             "rises by what no law says.",
             vsh_show_bytes(after).text, vsh_show_count(seq).text, vsh_show_bytes(before).text,
             100 * a->inference);
    return VSH_OK;
}
