#include "core/footprint.h"

#include <assert.h>

/* Allocator fragmentation and compiler scratch, a share of everything else: 5-10 % is the usual
 * observation for XLA and the CUDA caching allocator (assumed; docs/model.md). */
#define WORKSPACE_SHARE 0.05
#define GATHERED_LAYERS 2

vsh_status vsh_footprint_of(const vsh_model *model, const vsh_work *work, int64_t logit_chunk,
                            vsh_footprint *footprint, vsh_error *err)
{
    const vsh_recipe *recipe = work->recipe;
    vsh_parameters parameters;
    vsh_op_list ops;
    vsh_bytes live = {0};
    double count, kept = 0, tokens, chunk, shards = work->shards > 1 ? work->shards : 1;

    assert(recipe && footprint);
    VSH_TRY(vsh_count_parameters(model, &parameters, err));
    VSH_TRY(vsh_lower(model, work, &ops, err));
    for (int i = 0; i < ops.count; i++)
        kept += ops.item[i].saved.v;
    if (work->recompute == VSH_RECOMPUTE_FULL)
        VSH_TRY(vsh_lower_live_layer(model, work, &live, err));
    count = (double)parameters.total;
    tokens = (double)work->sequences * (double)work->seq;
    chunk = logit_chunk > 0 && (double)logit_chunk < tokens ? (double)logit_chunk : tokens;
    *footprint = (vsh_footprint){.weights = {count * recipe->weights / shards},
                                 .gradients = {count * recipe->gradients / shards},
                                 .optimizer = {count * (recipe->master + recipe->moments) / shards},
                                 .activations = {kept + live.v},
                                 .logits = {chunk * (double)model->vocab * 4 * 2}};
    footprint->total.v = footprint->weights.v + footprint->gradients.v + footprint->optimizer.v +
                         footprint->activations.v + footprint->logits.v;
    footprint->workspace = vsh_bytes_times(footprint->total, WORKSPACE_SHARE);
    if (shards > 1) /* two layers are whole at a time: the one that runs and the next */
        footprint->workspace.v += GATHERED_LAYERS * (double)parameters.non_embedding /
                                  (double)model->layers * recipe->weights;
    footprint->total = vsh_bytes_add(footprint->total, footprint->workspace);
    return VSH_OK;
}

vsh_bytes vsh_korthikanti_layer(double s, double b, double h, double a, bool store_scores)
{
    return (vsh_bytes){s * b * h * (34 + (store_scores ? 5 * a * s / h : 0))};
}

vsh_bytes vsh_zero_state(double parameters, int stage, double ranks)
{
    static const double kept[] = {16, 4, 2, 0}, shared[] = {0, 12, 14, 16};

    assert(stage >= 0 && stage <= 3 && ranks >= 1);
    return (vsh_bytes){parameters * (kept[stage] + shared[stage] / ranks)};
}
