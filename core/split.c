#include "core/split.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"

bool vsh_split_any(const vsh_split *split)
{
    return split->tensor > 1 || split->context > 1 || split->expert > 1 || split->data > 1;
}

vsh_stage vsh_stage_of(const vsh_model *model, const vsh_stage *stage)
{
    return stage->layers ? *stage : (vsh_stage){0, model->layers, true, true};
}

int64_t vsh_split_kv_heads(const vsh_model *model, const vsh_split *split)
{
    int64_t tensor = vsh_ways(split->tensor);

    return model->kv_heads > tensor ? model->kv_heads / tensor : 1;
}

int64_t vsh_split_vocab(const vsh_model *model, const vsh_split *split)
{
    enum { ROWS_EACH = 128 };
    int64_t multiple = ROWS_EACH * vsh_ways(split->tensor);

    return vsh_split_vocab_ways(split) > 1 ? (model->vocab + multiple - 1) / multiple * multiple
                                           : model->vocab;
}

/* ---- what does not divide -------------------------------------------------------------------- */

static vsh_status divides(int64_t number, int64_t ways, const char *what, const char *axis,
                          vsh_error *err)
{
    if (number % ways == 0)
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT,
                    "%s parallelism: expected a divisor of %s %" PRId64 ", got %" PRId64, axis,
                    what, number, ways);
}

static vsh_status check_tensor(const vsh_model *m, const vsh_stage *stage, int64_t ways,
                               vsh_error *err)
{
    bool dense = false, experts = false;

    for (int64_t l = stage->first; l < stage->first + stage->layers; l++) {
        dense |= !m->layer[l].experts;
        experts |= m->layer[l].experts;
    }
    VSH_TRY(divides(m->heads, ways, "heads", "tensor", err));
    if (!m->latent.kv_rank && ways % m->kv_heads != 0)
        VSH_TRY(divides(m->kv_heads, ways, "kv_heads", "tensor", err));
    if (dense)
        VSH_TRY(divides(m->ffn, ways, "ffn", "tensor", err));
    if (experts)
        VSH_TRY(divides(m->experts.hidden, ways, "the experts' hidden", "tensor", err));
    if (experts && m->experts.shared)
        VSH_TRY(
            divides(m->experts.shared_hidden, ways, "the shared experts' hidden", "tensor", err));
    return VSH_OK;
}

static vsh_status check_experts(const vsh_model *m, const vsh_split *split, vsh_error *err)
{
    if (m->experts.count == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "expert parallelism: expected a model with experts, got %" PRId64
                        " ways of a dense one",
                        split->expert);
    VSH_TRY(divides(m->experts.count, split->expert, "experts", "expert", err));
    if (split->data == 0) /* not said yet */
        return VSH_OK;
    return divides(vsh_split_replicas(split), split->expert, "data x context", "expert", err);
}

static vsh_status check_stage(const vsh_model *m, const vsh_stage *stage, vsh_error *err)
{
    if (stage->first < 0 || stage->layers < 0 || stage->layers > m->layers - stage->first)
        return vsh_fail(err, VSH_EINPUT,
                        "pipeline stage: expected some of layers 1 to %" PRId64 ", got %" PRId64
                        " from %" PRId64,
                        m->layers, stage->layers, stage->first + 1);
    if (stage->layers == m->layers)
        return VSH_OK;
    if (stage->layers && !m->layer[stage->first].own_kv)
        return vsh_fail(err, VSH_EINPUT,
                        "pipeline stage: layer %" PRId64
                        " attends to the keys of an earlier one, which another stage holds",
                        stage->first + 1);
    for (int64_t l = 0; l < m->layers; l++)
        if (m->layer[l].exit)
            return vsh_fail(err, VSH_EINPUT,
                            "pipeline: the early exit after layer %" PRId64
                            " needs the output head on its stage",
                            l + 1);
    return VSH_OK;
}

vsh_status vsh_split_check(const vsh_model *model, const vsh_split *split, const vsh_stage *asked,
                           int64_t seq, vsh_error *err)
{
    vsh_stage stage = vsh_stage_of(model, asked);
    int64_t tensor = vsh_ways(split->tensor), context = vsh_ways(split->context);

    assert(split->tensor >= 0 && split->context >= 0 && split->expert >= 0 && split->data >= 0);
    assert(split->zero >= 0 && split->zero <= 3);
    VSH_TRY(check_stage(model, &stage, err));
    if (tensor > 1)
        VSH_TRY(check_tensor(model, &stage, tensor, err));
    if (context > 1) /* a piece of the first half and its mirror in the second, for each chip */
        VSH_TRY(
            divides(seq, 2 * context, "the sequence's tokens", "context (twice its ways)", err));
    if (tensor > 1 && split->sequence)
        VSH_TRY(divides(seq / context, tensor, "a chip's tokens", "sequence", err));
    if (split->whole_vocab && (!split->sequence || split->zero != 3 || split->resident))
        return vsh_fail(err, VSH_EINPUT,
                        "a whole vocabulary: expected sequence parallelism and ZeRO stage 3, got "
                        "stage %d",
                        split->zero);
    return split->expert > 1 ? check_experts(model, split, err) : VSH_OK;
}

/* ---- parameters of one chip ------------------------------------------------------------------ */

typedef enum { REPLICATED, TENSOR, KEYS, VOCAB, EXPERTS, EXPERTS_WHOLE } rule;

/* Tensors that are not here are on every chip whole. */
static const struct {
    const char *name;
    rule rule;
} rules[] = {{"embed", VOCAB},
             {"head", VOCAB},
             {"attn.q", TENSOR},
             {"attn.q_bias", TENSOR},
             {"attn.q_up", TENSOR},
             {"attn.kv_up", TENSOR},
             {"attn.kv", KEYS},
             {"attn.kv_bias", KEYS},
             {"attn.out", TENSOR},
             {"attn.sinks", TENSOR},
             {"mlp.up", TENSOR},
             {"mlp.up_bias", TENSOR},
             {"mlp.down", TENSOR},
             {"shared.up", TENSOR},
             {"shared.down", TENSOR},
             {"expert.up", EXPERTS},
             {"expert.up_bias", EXPERTS},
             {"expert.down", EXPERTS},
             {"expert.down_bias", EXPERTS_WHOLE}};

static rule rule_of(const vsh_model *m, const char *name)
{
    if (m->qk_norm == VSH_QK_NORM_FULL && strcmp(name, "attn.q_norm") == 0)
        return TENSOR;
    if (m->qk_norm == VSH_QK_NORM_FULL && strcmp(name, "attn.k_norm") == 0)
        return KEYS;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(rules[i].name, name) == 0)
            return rules[i].rule;
    return REPLICATED;
}

static void add(const vsh_model *m, const vsh_split *split, const vsh_tensor *t, vsh_share *share)
{
    int64_t tensor = vsh_ways(split->tensor), expert = vsh_ways(split->expert);
    int64_t all = t->rows * t->cols * t->copies;

    switch (rule_of(m, t->name)) {
    case REPLICATED:
        share->replicated += all;
        break;
    case TENSOR:
        share->sharded += all / tensor;
        break;
    case KEYS:
        share->sharded += all / m->kv_heads * vsh_split_kv_heads(m, split);
        break;
    case VOCAB:
        share->sharded +=
            vsh_split_vocab(m, split) / vsh_split_vocab_ways(split) * t->cols * t->copies;
        break;
    case EXPERTS:
        share->experts += all / expert / tensor;
        break;
    case EXPERTS_WHOLE:
        share->experts += all / expert;
        break;
    }
}

vsh_share vsh_share_layer(const vsh_model *model, const vsh_split *split, int64_t layer)
{
    vsh_tensor_list list = {.count = 0};
    vsh_share share = {0};

    vsh_layer_tensors(model, layer, &list);
    for (int i = 0; i < list.count; i++)
        add(model, split, &list.item[i], &share);
    return share;
}

static bool is_head(const vsh_tensor *t)
{
    return t->group == VSH_GROUP_HEAD || strcmp(t->name, "embed.out") == 0 ||
           strncmp(t->name, "final_norm", strlen("final_norm")) == 0;
}

static bool is_embedding(const vsh_tensor *t)
{
    return !is_head(t) && (t->group == VSH_GROUP_EMBEDDING || t->group == VSH_GROUP_POSITION ||
                           strncmp(t->name, "embed.", strlen("embed.")) == 0);
}

vsh_share vsh_share_embedding(const vsh_model *model, const vsh_split *split)
{
    vsh_tensor_list list;
    vsh_share share = {0};

    vsh_model_tensors(model, &list);
    for (int i = 0; i < list.count; i++)
        if (is_embedding(&list.item[i]))
            add(model, split, &list.item[i], &share);
    return share;
}

vsh_share vsh_share_head(const vsh_model *model, const vsh_split *split, bool embedding)
{
    vsh_tensor_list list;
    vsh_share share = {0};

    vsh_model_tensors(model, &list);
    for (int i = 0; i < list.count; i++)
        if (is_head(&list.item[i]) ||
            (model->tied && !embedding && strcmp(list.item[i].name, "embed") == 0))
            add(model, split, &list.item[i], &share);
    return share;
}

int64_t vsh_share_whole_vocab(const vsh_model *model, const vsh_split *split,
                              const vsh_stage *asked)
{
    vsh_stage stage = vsh_stage_of(model, asked);
    vsh_share share = {0};

    if (vsh_split_vocab_ways(split) == vsh_ways(split->tensor))
        return 0;
    if (stage.embedding)
        share = vsh_share_add(share, vsh_share_embedding(model, split));
    if (stage.head)
        share = vsh_share_add(share, vsh_share_head(model, split, stage.embedding));
    return vsh_share_dense(share);
}

/* Layers with the same tensors, told by experts and own keys, have the same share. */
vsh_share vsh_share_stage(const vsh_model *model, const vsh_split *split, const vsh_stage *asked)
{
    vsh_stage stage = vsh_stage_of(model, asked);
    int64_t first[2][2] = {{0}}, count[2][2] = {{0}};
    vsh_share share = {0};

    for (int64_t l = stage.first; l < stage.first + stage.layers; l++) {
        const vsh_layer *layer = &model->layer[l];
        if (count[layer->experts][layer->own_kv]++ == 0)
            first[layer->experts][layer->own_kv] = l;
    }
    for (int kind = 0; kind < 4; kind++) {
        int64_t layers = count[kind / 2][kind % 2];
        vsh_share one = {0};
        if (layers > 0)
            one = vsh_share_layer(model, split, first[kind / 2][kind % 2]);
        share.sharded += layers * one.sharded;
        share.replicated += layers * one.replicated;
        share.experts += layers * one.experts;
    }
    if (stage.embedding)
        share = vsh_share_add(share, vsh_share_embedding(model, split));
    if (stage.head)
        share = vsh_share_add(share, vsh_share_head(model, split, stage.embedding));
    return share;
}
