#include "core/lower_inside.h"
#include "core/tensor.h"

/* Operations of AdamW a parameter, counted from its definition; a root is taken as 4. */
enum { ADAMW_FLOPS = 14 };

static void once(vsh_lowering *lo, const char *name, vsh_collective collective, vsh_mesh_axis axis,
                 int64_t ranks, double bytes, vsh_phase during)
{
    if (ranks <= 1 || bytes == 0)
        return;
    lo->roles = VSH_ROLE_ONCE | VSH_ROLE_AHEAD;
    vsh_lower_emit(lo, name,
                   (vsh_op){.kind = VSH_OP_COLLECTIVE,
                            .phase = VSH_COMMUNICATION,
                            .during = during,
                            .collective = collective,
                            .axis = axis,
                            .ranks = ranks,
                            .count = 1,
                            .bytes = {bytes}});
    lo->roles = 0;
}

/* Sums of the gradients over the chips that hold the same parameters, unless every micro-batch has
 * reduced its own; the two copies of a tied table that pipeline stages hold. */
static void sum_gradients(vsh_lowering *lo, vsh_share share)
{
    const vsh_split *split = &lo->w->split;
    vsh_collective how = split->zero == 0 ? VSH_ALL_REDUCE : VSH_REDUCE_SCATTER;
    double element = vsh_lower_gradient_bytes(lo);

    if (lo->m->tied && lo->stage.embedding != lo->stage.head)
        once(lo, "embed.tied", VSH_ALL_REDUCE, VSH_MESH_PIPELINE, 2,
             element * (double)(vsh_split_vocab(lo->m, split) / lo->vocab_ways) *
                 (double)lo->m->embedding_dim,
             VSH_WGRAD);
    if (split->zero >= 2 && !split->resident)
        return;
    once(lo, "gradients", how, VSH_MESH_DATA, vsh_split_replicas(split),
         element * (double)vsh_share_dense(share), VSH_WGRAD);
    once(lo, "expert.gradients", how, VSH_MESH_DATA, vsh_split_expert_replicas(split),
         element * (double)share.experts, VSH_WGRAD);
}

/* Weights that each of the chips has updated a part of. */
static void gather_weights(vsh_lowering *lo, vsh_share share)
{
    const vsh_split *split = &lo->w->split;

    if (split->zero == 0 || (split->zero == 3 && !split->resident))
        return;
    once(lo, "weights", VSH_ALL_GATHER, VSH_MESH_DATA, vsh_split_replicas(split),
         vsh_lower_weight_bytes(lo) * (double)vsh_share_dense(share), VSH_OPTIMIZER);
    once(lo, "expert.weights", VSH_ALL_GATHER, VSH_MESH_DATA, vsh_split_expert_replicas(split),
         vsh_lower_weight_bytes(lo) * (double)share.experts, VSH_OPTIMIZER);
}

/* Parameters this chip updates. */
static int64_t updated(const vsh_lowering *lo, vsh_share share)
{
    const vsh_split *split = &lo->w->split;
    int64_t whole = vsh_share_whole_vocab(lo->m, split, &lo->stage);

    if (split->zero == 0)
        return vsh_share_dense(share) + share.experts;
    return vsh_lower_part(vsh_share_dense(share) - whole, vsh_split_replicas(split)) +
           vsh_lower_part(whole, vsh_split_replicas(split) * lo->tensor) +
           vsh_lower_part(share.experts, vsh_split_expert_replicas(split));
}

void vsh_lower_optimizer(vsh_lowering *lo)
{
    const vsh_recipe *recipe = lo->w->recipe;
    vsh_parameters parameters;
    vsh_share share;
    int64_t count;

    if (!recipe || lo->status != VSH_OK)
        return;
    lo->status = vsh_count_parameters(lo->m, &parameters, lo->err);
    if (lo->status != VSH_OK)
        return;
    share = vsh_share_stage(lo->m, &lo->w->split, &lo->stage);
    count = updated(lo, share);
    sum_gradients(lo, share);
    vsh_lower_emit(lo, "optimizer",
                   (vsh_op){.kind = VSH_OP_VECTOR,
                            .phase = VSH_OPTIMIZER,
                            .m = 1,
                            .n = count,
                            .count = 1,
                            .vector_flops = {ADAMW_FLOPS * (double)count},
                            .bytes = {(double)count *
                                      (recipe->gradients +
                                       2 * (recipe->weights + recipe->master + recipe->moments))}});
    gather_weights(lo, share);
}
