#include "trainer/nn/parameters.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trainer/nn/moe_kernels.h"
#include "trainer/nn/normal.h"

/* ---- what can be built --------------------------------------------------------------------- */

vsh_status vsh_trainable(const vsh_model *m, vsh_error *err)
{
    const vsh_experts *e = &m->experts;
    const struct {
        bool wanted;
        const char *what;
    } refused[] = {
        {m->latent.kv_rank != 0, "latent attention"},
        {m->position == VSH_POSITION_ALIBI, "ALiBi positions"},
        {m->qk_norm != VSH_QK_NORM_NONE, "norms of queries and keys"},
        {m->sinks, "attention sinks"},
        {m->embedding_dim != m->hidden, "projected embeddings"},
        {m->embedding_norm, "a norm after the embedding"},
        {m->norms_per_layer != 2, "other than two norms a layer"},
        {!m->final_norm, "a model without a final norm"},
        {m->position_offset != 0, "an offset of the position table"},
        {e->count > 0 && e->shared_gate, "a gated shared expert"},
        {e->count > 0 && e->router_bias, "a bias on the router"},
        {e->count > 0 && e->expert_bias, "biases inside experts"},
        {e->count > 0 && m->bias == VSH_BIAS_ALL, "experts with biases everywhere"},
        {m->head_dim % 2 != 0 && m->position == VSH_POSITION_ROTARY,
         "rotary positions in heads of odd width"},
        {m->head_dim > 256, "heads wider than 256"},
    };

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (refused[i].wanted)
            return vsh_fail(err, VSH_EINPUT, "%s: vishwa-train does not build %s", m->name,
                            refused[i].what);
    if (e->count > VSH_EXPERTS_MAX)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: vishwa-train builds at most %d experts a layer, got %lld", m->name,
                        VSH_EXPERTS_MAX, (long long)e->count);
    return VSH_OK;
}

static bool is_llama_like(const vsh_model *m)
{
    bool windows = false, exits = false, sharing = false;

    for (int64_t l = 0; l < m->layers; l++) {
        windows |= m->layer[l].window != 0;
        exits |= m->layer[l].exit;
        sharing |= !m->layer[l].own_kv;
    }
    return m->mlp == VSH_MLP_SWIGLU && m->norm == VSH_NORM_RMS &&
           m->position == VSH_POSITION_ROTARY && m->bias == VSH_BIAS_NONE && !windows && !exits &&
           !sharing;
}

const char *vsh_parameters_family(const vsh_model *m)
{
    bool every = true;

    if (!is_llama_like(m))
        return NULL;
    if (m->experts.count == 0)
        return "LlamaForCausalLM";
    for (int64_t l = 0; l < m->layers; l++)
        every &= m->layer[l].experts;
    /* Mixtral's weights sum to 1, also that of one (moe.h) */
    return every && m->experts.shared == 0 && !m->experts.correction_bias && m->experts.top_k > 1
               ? "MixtralForCausalLM"
               : NULL;
}

/* ---- the list ------------------------------------------------------------------------------ */

typedef struct {
    const vsh_model *m;
    vsh_parameter_list *list;
    int64_t capacity;
    int64_t layer; /* -1: outside the layers */
} builder;

enum { DECAY = 1, RESIDUAL = 2, FIXED = 4 };

/* Appends a tensor and returns where it begins. */
static int64_t add(builder *b, vsh_group group, int64_t rows, int64_t cols, unsigned how,
                   const char *format, ...)
{
    vsh_parameter *p;
    char *name;
    size_t room, used = 0;
    va_list arguments;

    assert(b->list->count < b->capacity);
    p = &b->list->item[b->list->count++];
    name = p->name;
    room = sizeof p->name;
    if (b->layer >= 0)
        used = (size_t)snprintf(name, room, "model.layers.%lld.", (long long)b->layer);
    va_start(arguments, format);
    vsnprintf(name + used, room - used, format, arguments);
    va_end(arguments);
    p->group = group;
    p->rows = rows;
    p->cols = cols;
    p->offset = b->list->elements;
    p->decay = (how & DECAY) != 0;
    p->residual = (how & RESIDUAL) != 0;
    p->trained = (how & FIXED) == 0;
    b->list->elements += rows * cols;
    return p->offset;
}

static void add_norm(builder *b, const char *name, int64_t *weight, int64_t *bias)
{
    *weight = add(b, VSH_GROUP_NORM, b->m->hidden, 1, 0, "%s.weight", name);
    *bias = b->m->norm == VSH_NORM_LAYER
                ? add(b, VSH_GROUP_NORM, b->m->hidden, 1, 0, "%s.bias", name)
                : -1;
}

static void add_attention(builder *b, const vsh_layer *layer, vsh_layer_offsets *at)
{
    const vsh_model *m = b->m;
    int64_t q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim;

    at->qkv = add(b, VSH_GROUP_ATTENTION, q, m->hidden, DECAY, "self_attn.q_proj.weight");
    if (layer->own_kv) {
        add(b, VSH_GROUP_ATTENTION, kv, m->hidden, DECAY, "self_attn.k_proj.weight");
        add(b, VSH_GROUP_ATTENTION, kv, m->hidden, DECAY, "self_attn.v_proj.weight");
    }
    at->out =
        add(b, VSH_GROUP_ATTENTION, m->hidden, q, DECAY | RESIDUAL, "self_attn.o_proj.weight");
    if (m->bias != VSH_BIAS_NONE) {
        at->qkv_bias = add(b, VSH_GROUP_ATTENTION, q, 1, 0, "self_attn.q_proj.bias");
        if (layer->own_kv) {
            add(b, VSH_GROUP_ATTENTION, kv, 1, 0, "self_attn.k_proj.bias");
            add(b, VSH_GROUP_ATTENTION, kv, 1, 0, "self_attn.v_proj.bias");
        }
    }
    if (m->bias == VSH_BIAS_ATTENTION || m->bias == VSH_BIAS_ALL)
        at->out_bias = add(b, VSH_GROUP_ATTENTION, m->hidden, 1, 0, "self_attn.o_proj.bias");
}

/* Gate (when there is one), up, down of one MLP whose tensors are called so. */
static void add_mlp_tensors(builder *b, vsh_group group, int64_t width, const char *prefix,
                            const char *const names[3], int64_t *up, int64_t *down)
{
    const vsh_model *m = b->m;
    int64_t gate = -1;

    if (vsh_model_gated(m))
        gate = add(b, group, width, m->hidden, DECAY, "%s%s.weight", prefix, names[0]);
    *up = add(b, group, width, m->hidden, DECAY, "%s%s.weight", prefix, names[1]);
    if (gate >= 0)
        *up = gate;
    *down = add(b, group, m->hidden, width, DECAY | RESIDUAL, "%s%s.weight", prefix, names[2]);
}

static const char *const mlp_names[3] = {"gate_proj", "up_proj", "down_proj"};
static const char *const expert_names[3] = {"w1", "w3", "w2"}; /* Mixtral's */

static void add_mlp(builder *b, vsh_layer_offsets *at)
{
    const vsh_model *m = b->m;

    add_mlp_tensors(b, VSH_GROUP_MLP, m->ffn, "mlp.", mlp_names, &at->up, &at->down);
    if (m->bias != VSH_BIAS_ALL)
        return;
    if (vsh_model_gated(m))
        at->up_bias = add(b, VSH_GROUP_MLP, m->ffn, 1, 0, "mlp.gate_proj.bias");
    at->down_bias = add(b, VSH_GROUP_MLP, m->ffn, 1, 0, "mlp.up_proj.bias");
    if (!vsh_model_gated(m))
        at->up_bias = at->down_bias;
    at->down_bias = add(b, VSH_GROUP_MLP, m->hidden, 1, 0, "mlp.down_proj.bias");
}

static void add_experts(builder *b, vsh_layer_offsets *at)
{
    const vsh_experts *e = &b->m->experts;

    at->router =
        add(b, VSH_GROUP_ROUTER, e->count, b->m->hidden, DECAY, "block_sparse_moe.gate.weight");
    if (e->correction_bias)
        at->correction = add(b, VSH_GROUP_ROUTER, e->count, 1, FIXED,
                             "block_sparse_moe.gate.e_score_correction_bias");
    for (int64_t i = 0; i < e->count; i++) {
        char prefix[48];
        int64_t up, down;
        snprintf(prefix, sizeof prefix, "block_sparse_moe.experts.%lld.", (long long)i);
        add_mlp_tensors(b, VSH_GROUP_EXPERT, e->hidden, prefix, expert_names, &up, &down);
        if (i == 0) {
            at->expert_up = up;
            at->expert_down = down;
            at->expert_stride = b->list->elements - up;
        }
    }
    if (e->shared)
        add_mlp_tensors(b, VSH_GROUP_SHARED, e->shared * e->shared_hidden,
                        "block_sparse_moe.shared_expert.", mlp_names, &at->shared_up,
                        &at->shared_down);
}

static int64_t capacity_of(const vsh_model *m)
{
    return 16 + m->layers * (24 + 3 * m->experts.count);
}

static void add_layers(builder *b, vsh_offsets *offsets)
{
    for (int64_t l = 0; l < b->m->layers; l++) {
        vsh_layer_offsets *at = &offsets->layer[l];
        memset(at, 0xff, sizeof *at); /* -1 everywhere */
        b->layer = l;
        add_norm(b, "input_layernorm", &at->norm[0], &at->norm_bias[0]);
        add_attention(b, &b->m->layer[l], at);
        add_norm(b, "post_attention_layernorm", &at->norm[1], &at->norm_bias[1]);
        if (b->m->layer[l].experts)
            add_experts(b, at);
        else
            add_mlp(b, at);
    }
    b->layer = -1;
}

vsh_status vsh_parameters_list(vsh_arena *arena, const vsh_model *m, vsh_parameter_list *list,
                               vsh_offsets *offsets, vsh_error *err)
{
    builder b = {.m = m, .list = list, .capacity = capacity_of(m), .layer = -1};
    vsh_parameters counted;

    VSH_TRY(vsh_trainable(m, err));
    VSH_TRY(vsh_count_parameters(m, &counted, err)); /* refuses what cannot be counted */
    *list = (vsh_parameter_list){.item = vsh_alloc(arena, (size_t)b.capacity, sizeof *list->item)};
    offsets->layer = vsh_alloc(arena, (size_t)m->layers, sizeof *offsets->layer);
    if (!list->item || !offsets->layer)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    offsets->embed =
        add(&b, VSH_GROUP_EMBEDDING, m->vocab, m->hidden, DECAY, "model.embed_tokens.weight");
    offsets->position = m->position == VSH_POSITION_LEARNED
                            ? add(&b, VSH_GROUP_POSITION, m->context, m->hidden, DECAY,
                                  "model.embed_positions.weight")
                            : -1;
    add_layers(&b, offsets);
    add_norm(&b, "model.norm", &offsets->final_norm, &offsets->final_norm_bias);
    offsets->head = m->tied ? offsets->embed
                            : add(&b, VSH_GROUP_HEAD, m->vocab, m->hidden, DECAY, "lm_head.weight");
    assert(list->elements == counted.total);
    return VSH_OK;
}

/* ---- walking ------------------------------------------------------------------------------- */

static int64_t end_of(const vsh_parameter *p) { return p->offset + p->rows * p->cols; }

vsh_parameter_walk vsh_parameters_walk(const vsh_parameter_list *list, int64_t at, int64_t end)
{
    int64_t low = 0, high = list->count; /* the first tensor that ends behind at */

    assert(at >= 0 && end <= list->elements);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (end_of(&list->item[middle]) > at)
            high = middle;
        else
            low = middle + 1;
    }
    return (vsh_parameter_walk){list, low, at, end};
}

const vsh_parameter *vsh_parameters_next(vsh_parameter_walk *walk, int64_t *first, int64_t *count)
{
    const vsh_parameter *p = &walk->list->item[walk->item];
    int64_t stop;

    if (walk->at >= walk->end)
        return NULL;
    stop = end_of(p) < walk->end ? end_of(p) : walk->end;
    *first = walk->at;
    *count = stop - walk->at;
    walk->at = stop;
    walk->item++; /* only the last piece can leave a rest of its tensor */
    return p;
}

/* ---- initial weights ----------------------------------------------------------------------- */

enum { START_STREAM = 0x5741, START_PART = 1 << 16 };

typedef struct {
    const vsh_parameter_list *list;
    uint64_t seed;
    float narrow; /* deviation of what writes into the residual stream */
    float *values;
} start_job;

static void start_part(void *context, int64_t part, int thread)
{
    const start_job *j = context;
    int64_t begin = part * START_PART, end = begin + START_PART, first, count;
    vsh_parameter_walk walk =
        vsh_parameters_walk(j->list, begin, end < j->list->elements ? end : j->list->elements);
    const vsh_parameter *p;

    (void)thread;
    while ((p = vsh_parameters_next(&walk, &first, &count))) {
        float *at = j->values + first;
        bool ones = p->group == VSH_GROUP_NORM && strstr(p->name, ".weight") != NULL;
        if (p->decay)
            vsh_normal_fill(j->seed, START_STREAM, first, count, p->residual ? j->narrow : 0.02F,
                            at);
        else
            for (int64_t i = 0; i < count; i++)
                at[i] = ones ? 1.0F : 0.0F;
    }
}

void vsh_parameters_start(vsh_pool *pool, const vsh_parameter_list *list, const vsh_model *m,
                          uint64_t seed, float *values)
{
    start_job j = {list, seed, (float)(0.02 / sqrt(2.0 * (double)m->layers)), values};

    vsh_pool_run(pool, start_part, &j, (list->elements + START_PART - 1) / START_PART);
}
