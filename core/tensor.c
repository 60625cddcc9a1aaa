#include "core/tensor.h"

#include <assert.h>
#include <string.h>

const char *const vsh_group_names[VSH_GROUP_COUNT] = {
    "embedding", "position", "head", "attention", "mlp", "router", "expert", "shared", "norm"};

/* Adds copies of a tensor, or a new entry. Equal names have equal shapes. */
static void add(vsh_tensor_list *list, const char *name, vsh_group group, int64_t rows,
                int64_t cols, int64_t copies, int64_t active)
{
    for (int i = 0; i < list->count; i++) {
        vsh_tensor *tensor = &list->item[i];
        if (strcmp(tensor->name, name) == 0) {
            assert(tensor->rows == rows && tensor->cols == cols);
            tensor->copies += copies;
            tensor->active += active;
            return;
        }
    }
    assert(list->count < VSH_TENSORS_MAX);
    list->item[list->count++] = (vsh_tensor){name, group, rows, cols, copies, active};
}

static void add_one(vsh_tensor_list *list, const char *name, vsh_group group, int64_t rows,
                    int64_t cols)
{
    add(list, name, group, rows, cols, 1, 1);
}

static void add_norm(const vsh_model *m, vsh_tensor_list *list, const char *weight,
                     const char *bias, int64_t width, int64_t copies)
{
    if (copies == 0)
        return;
    add(list, weight, VSH_GROUP_NORM, width, 1, copies, copies);
    if (m->norm == VSH_NORM_LAYER)
        add(list, bias, VSH_GROUP_NORM, width, 1, copies, copies);
}

static void add_latent_attention(const vsh_model *m, vsh_tensor_list *list)
{
    const vsh_latent *latent = &m->latent;
    int64_t q_width = m->heads * vsh_model_qk_dim(m);

    if (latent->q_rank) {
        add_one(list, "attn.q_down", VSH_GROUP_ATTENTION, latent->q_rank, m->hidden);
        add_one(list, "attn.q_down_norm", VSH_GROUP_NORM, latent->q_rank, 1);
        add_one(list, "attn.q_up", VSH_GROUP_ATTENTION, q_width, latent->q_rank);
    } else {
        add_one(list, "attn.q", VSH_GROUP_ATTENTION, q_width, m->hidden);
    }
    add_one(list, "attn.kv_down", VSH_GROUP_ATTENTION, latent->kv_rank + latent->rope_dim,
            m->hidden);
    add_one(list, "attn.kv_down_norm", VSH_GROUP_NORM, latent->kv_rank, 1);
    add_one(list, "attn.kv_up", VSH_GROUP_ATTENTION, m->heads * (latent->nope_dim + latent->v_dim),
            latent->kv_rank);
    add_one(list, "attn.out", VSH_GROUP_ATTENTION, m->hidden, m->heads * latent->v_dim);
}

static void add_qk_norm(const vsh_model *m, const vsh_layer *layer, vsh_tensor_list *list)
{
    bool full = m->qk_norm == VSH_QK_NORM_FULL;

    if (m->qk_norm == VSH_QK_NORM_NONE)
        return;
    add_one(list, "attn.q_norm", VSH_GROUP_NORM, full ? m->heads * m->head_dim : m->head_dim, 1);
    if (layer->own_kv)
        add_one(list, "attn.k_norm", VSH_GROUP_NORM, full ? m->kv_heads * m->head_dim : m->head_dim,
                1);
}

static void add_attention(const vsh_model *m, const vsh_layer *layer, vsh_tensor_list *list)
{
    int64_t q_width = m->heads * m->head_dim, kv_width = m->kv_heads * m->head_dim;

    if (m->latent.kv_rank) {
        add_latent_attention(m, list);
        return;
    }
    add_one(list, "attn.q", VSH_GROUP_ATTENTION, q_width, m->hidden);
    if (layer->own_kv)
        add(list, "attn.kv", VSH_GROUP_ATTENTION, kv_width, m->hidden, 2, 2);
    add_one(list, "attn.out", VSH_GROUP_ATTENTION, m->hidden, q_width);
    if (m->bias != VSH_BIAS_NONE) {
        add_one(list, "attn.q_bias", VSH_GROUP_ATTENTION, q_width, 1);
        if (layer->own_kv)
            add(list, "attn.kv_bias", VSH_GROUP_ATTENTION, kv_width, 1, 2, 2);
    }
    if (m->bias == VSH_BIAS_ATTENTION || m->bias == VSH_BIAS_ALL)
        add_one(list, "attn.out_bias", VSH_GROUP_ATTENTION, m->hidden, 1);
    if (m->sinks)
        add_one(list, "attn.sinks", VSH_GROUP_ATTENTION, m->heads, 1);
    add_qk_norm(m, layer, list);
}

static void add_mlp(const vsh_model *m, vsh_tensor_list *list)
{
    int64_t ups = vsh_model_gated(m) ? 2 : 1;

    add(list, "mlp.up", VSH_GROUP_MLP, m->ffn, m->hidden, ups, ups);
    add_one(list, "mlp.down", VSH_GROUP_MLP, m->hidden, m->ffn);
    if (m->bias == VSH_BIAS_ALL) {
        add(list, "mlp.up_bias", VSH_GROUP_MLP, m->ffn, 1, ups, ups);
        add_one(list, "mlp.down_bias", VSH_GROUP_MLP, m->hidden, 1);
    }
}

static void add_experts(const vsh_model *m, vsh_tensor_list *list)
{
    const vsh_experts *e = &m->experts;
    int64_t ups = vsh_model_gated(m) ? 2 : 1;

    add_one(list, "router", VSH_GROUP_ROUTER, e->count, m->hidden);
    if (e->router_bias)
        add_one(list, "router_bias", VSH_GROUP_ROUTER, e->count, 1);
    if (e->correction_bias)
        add_one(list, "router_correction", VSH_GROUP_ROUTER, e->count, 1);
    add(list, "expert.up", VSH_GROUP_EXPERT, e->hidden, m->hidden, ups * e->count, ups * e->top_k);
    add(list, "expert.down", VSH_GROUP_EXPERT, m->hidden, e->hidden, e->count, e->top_k);
    if (e->expert_bias) {
        add(list, "expert.up_bias", VSH_GROUP_EXPERT, e->hidden, 1, ups * e->count, ups * e->top_k);
        add(list, "expert.down_bias", VSH_GROUP_EXPERT, m->hidden, 1, e->count, e->top_k);
    }
    if (e->shared) {
        add(list, "shared.up", VSH_GROUP_SHARED, e->shared_hidden, m->hidden, ups * e->shared,
            ups * e->shared);
        add(list, "shared.down", VSH_GROUP_SHARED, m->hidden, e->shared_hidden, e->shared,
            e->shared);
    }
    if (e->shared_gate)
        add_one(list, "shared.gate", VSH_GROUP_SHARED, 1, m->hidden);
}

void vsh_layer_tensors(const vsh_model *model, int64_t layer, vsh_tensor_list *list)
{
    assert(layer >= 0 && layer < model->layers);
    add_norm(model, list, "norm", "norm_bias", model->hidden, model->norms_per_layer);
    add_attention(model, &model->layer[layer], list);
    if (model->layer[layer].experts)
        add_experts(model, list);
    else
        add_mlp(model, list);
}

/* All layers: those with the same tensors, told by experts and own keys, are listed once. */
static void add_layers(const vsh_model *m, vsh_tensor_list *list)
{
    int64_t first[2][2], count[2][2] = {{0}};

    for (int64_t l = m->layers - 1; l >= 0; l--) {
        const vsh_layer *layer = &m->layer[l];
        first[layer->experts][layer->own_kv] = l;
        count[layer->experts][layer->own_kv]++;
    }
    for (int kind = 0; kind < 4; kind++) {
        int64_t layers = count[kind / 2][kind % 2];
        vsh_tensor_list one = {.count = 0};
        if (layers > 0)
            vsh_layer_tensors(m, first[kind / 2][kind % 2], &one);
        for (int i = 0; i < one.count; i++) {
            const vsh_tensor *t = &one.item[i];
            add(list, t->name, t->group, t->rows, t->cols, t->copies * layers, t->active * layers);
        }
    }
}

void vsh_model_tensors(const vsh_model *m, vsh_tensor_list *list)
{
    list->count = 0;
    add_one(list, "embed", VSH_GROUP_EMBEDDING, m->vocab, m->embedding_dim);
    if (m->embedding_dim != m->hidden) {
        add_one(list, "embed.in", VSH_GROUP_EMBEDDING, m->hidden, m->embedding_dim);
        add_one(list, "embed.out", VSH_GROUP_EMBEDDING, m->embedding_dim, m->hidden);
    }
    if (m->position == VSH_POSITION_LEARNED)
        add_one(list, "position", VSH_GROUP_POSITION, m->context + m->position_offset, m->hidden);
    add_norm(m, list, "embed.norm", "embed.norm_bias", m->hidden, m->embedding_norm);
    add_layers(m, list);
    add_norm(m, list, "final_norm", "final_norm_bias", m->hidden, m->final_norm);
    if (!m->tied)
        add_one(list, "head", VSH_GROUP_HEAD, m->vocab, m->embedding_dim);
}

vsh_status vsh_count_parameters(const vsh_model *model, vsh_parameters *p, vsh_error *err)
{
    vsh_tensor_list list;

    *p = (vsh_parameters){0};
    vsh_model_tensors(model, &list);
    for (int i = 0; i < list.count; i++) {
        const vsh_tensor *tensor = &list.item[i];
        int64_t size, all;
        if (__builtin_mul_overflow(tensor->rows, tensor->cols, &size) ||
            __builtin_mul_overflow(size, tensor->copies, &all) ||
            __builtin_add_overflow(p->total, all, &p->total))
            return vsh_fail(err, VSH_EINPUT, "%s: more parameters than 63 bits can count",
                            model->name);
        p->active += size * tensor->active;
        p->group[tensor->group] += all;
    }
    p->embedding =
        p->group[VSH_GROUP_EMBEDDING] + p->group[VSH_GROUP_POSITION] + p->group[VSH_GROUP_HEAD];
    p->non_embedding = p->total - p->embedding;
    return VSH_OK;
}
