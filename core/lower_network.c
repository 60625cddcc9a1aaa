#include "core/lower_inside.h"

/* A place without a collective in the forward pass is taken off the list in the end. */
void vsh_lower_exchange(vsh_lowering *lo, const char *name, vsh_place p)
{
    int at = lo->ops->count;

    if (p.ranks <= 1)
        return;
    vsh_lower_emit(lo, name,
                   (vsh_op){.kind = VSH_OP_COLLECTIVE,
                            .phase = VSH_COMMUNICATION,
                            .during = VSH_FORWARD,
                            .collective = p.forward,
                            .axis = p.axis,
                            .ranks = p.ranks,
                            .count = lo->layers,
                            .bytes = {p.bytes * (double)lo->layers}});
    if (lo->status != VSH_OK)
        return;
    lo->ops->item[at].roles |= p.ahead ? VSH_ROLE_AHEAD : 0;
    lo->back[at] =
        (vsh_reversed){p.backward, p.again, p.back_ahead, {p.back_bytes * (double)lo->layers}};
}

/* Before matrices divided by rows: every chip needs all tokens, and their gradients add up while
 * the gradients of the weights are made (Shoeybi et al. 2019, arXiv:1909.08053, f; Korthikanti et
 * al. 2022, arXiv:2205.05198, g). Sequence parallelism keeps its part and gathers once more. */
void vsh_lower_enter(vsh_lowering *lo, const char *name, int64_t width)
{
    double bytes = lo->act * (double)lo->tokens * (double)width;
    bool sequence = lo->spread < lo->tokens;

    vsh_lower_exchange(lo, name,
                       (vsh_place){.forward = sequence ? VSH_ALL_GATHER : VSH_COLLECTIVE_NONE,
                                   .backward = sequence ? VSH_REDUCE_SCATTER : VSH_ALL_REDUCE,
                                   .axis = VSH_MESH_TENSOR,
                                   .ranks = lo->tensor,
                                   .bytes = bytes,
                                   .back_bytes = bytes,
                                   .again = sequence,
                                   .back_ahead = true});
}

/* After matrices divided by columns: sums of what each chip has a term of. */
void vsh_lower_leave(vsh_lowering *lo, const char *name, double rows_here, int64_t width)
{
    double bytes = lo->act * rows_here * (double)width;
    bool sequence = lo->spread < lo->tokens;

    vsh_lower_exchange(lo, name,
                       (vsh_place){.forward = sequence ? VSH_REDUCE_SCATTER : VSH_ALL_REDUCE,
                                   .backward = sequence ? VSH_ALL_GATHER : VSH_COLLECTIVE_NONE,
                                   .axis = VSH_MESH_TENSOR,
                                   .ranks = lo->tensor,
                                   .bytes = bytes,
                                   .back_bytes = bytes});
}

/* Keys and values of the other pieces of a sequence, by ring or by gather; the backward pass needs
 * them once more and sends their gradients home. */
void vsh_lower_keys(vsh_lowering *lo, double bytes)
{
    vsh_lower_exchange(lo, "attn.kv.ring",
                       (vsh_place){.forward = VSH_ALL_GATHER,
                                   .backward = VSH_REDUCE_SCATTER,
                                   .axis = VSH_MESH_CONTEXT,
                                   .ranks = lo->context,
                                   .bytes = bytes,
                                   .back_bytes = bytes,
                                   .again = true,
                                   .ahead = true,
                                   .back_ahead = true});
}

/* Routed rows to the chips of their experts, and back. */
void vsh_lower_rows(vsh_lowering *lo, const char *name, double bytes)
{
    vsh_lower_exchange(lo, name,
                       (vsh_place){.forward = VSH_ALL_TO_ALL,
                                   .backward = VSH_ALL_TO_ALL,
                                   .axis = VSH_MESH_EXPERT,
                                   .ranks = lo->expert,
                                   .bytes = bytes,
                                   .back_bytes = bytes});
}

/* Bytes an element of weights as they are gathered, and of gradients as they are reduced: as the
 * recipe holds them, at most fp32; a recipe that holds none reduces what the products write. */
double vsh_lower_gradient_bytes(const vsh_lowering *lo)
{
    double held = lo->w->recipe->gradients;

    return held == 0 ? lo->act : held < 4 ? held : 4;
}

double vsh_lower_weight_bytes(const vsh_lowering *lo)
{
    return lo->w->recipe->weights < lo->act ? lo->w->recipe->weights : lo->act;
}

static void exchange_weights(vsh_lowering *lo, const char *name, int64_t parameters, int64_t ranks)
{
    bool whole = lo->w->split.zero == 3;

    if (parameters > 0)
        vsh_lower_exchange(
            lo, name,
            (vsh_place){.forward = whole ? VSH_ALL_GATHER : VSH_COLLECTIVE_NONE,
                        .backward = VSH_REDUCE_SCATTER,
                        .axis = VSH_MESH_DATA,
                        .ranks = ranks,
                        .bytes = vsh_lower_weight_bytes(lo) * (double)parameters,
                        .back_bytes = vsh_lower_gradient_bytes(lo) * (double)parameters,
                        .again = whole,
                        .ahead = true,
                        .back_ahead = true});
}

/* ZeRO 2 and 3: what every micro-batch gathers and reduces, a layer (Rajbhandari et al. 2020,
 * arXiv:1910.02054, section 7). Recomputation uses what the backward pass has gathered. */
void vsh_lower_share(vsh_lowering *lo, vsh_share share, int64_t more_ways)
{
    const vsh_split *split = &lo->w->split;
    unsigned roles = lo->roles;

    if (split->zero < 2 || split->resident || !lo->w->recipe)
        return;
    lo->roles = 0;
    exchange_weights(lo, "weights", vsh_share_dense(share), vsh_split_replicas(split) * more_ways);
    exchange_weights(lo, "expert.weights", share.experts, vsh_split_expert_replicas(split));
    lo->roles = roles;
}

/* Activations over the border of two stages; the chip that receives them sends the gradient. */
void vsh_lower_border(vsh_lowering *lo, const char *name, bool begins)
{
    double bytes = lo->act * (double)lo->spread * (double)lo->m->hidden;

    vsh_lower_exchange(lo, name,
                       (vsh_place){.forward = begins ? VSH_COLLECTIVE_NONE : VSH_SEND,
                                   .backward = begins ? VSH_SEND : VSH_COLLECTIVE_NONE,
                                   .axis = VSH_MESH_PIPELINE,
                                   .ranks = 2,
                                   .bytes = bytes,
                                   .back_bytes = bytes,
                                   .ahead = true,
                                   .back_ahead = true});
}

/* The largest logit of a row, the one of its target and the sum of the exponentials, in fp32, over
 * the chips that share the vocabulary (Megatron-LM, vocabulary-parallel cross entropy). */
void vsh_lower_loss(vsh_lowering *lo)
{
    vsh_lower_exchange(lo, "loss.sum",
                       (vsh_place){.forward = VSH_ALL_REDUCE,
                                   .axis = VSH_MESH_TENSOR,
                                   .ranks = lo->tensor,
                                   .bytes = 3 * 4 * (double)lo->tokens});
}
