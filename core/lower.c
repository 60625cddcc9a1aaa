#include "core/lower.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"

const char *const vsh_recompute_words[] = {"none", "selective", "full", NULL};

/* Operations an element costs on the vector units: additions, multiplications and a few for an
 * exponential. Counted from the definitions; an exponential or a root is taken as 4. */
enum {
    NORM_FLOPS = 5,
    ROTARY_FLOPS = 3,
    SOFTMAX_FLOPS = 8,
    GATED_FLOPS = 9,
    PLAIN_FLOPS = 8,
    RESIDUAL_FLOPS = 1,
    LOSS_FLOPS = 8,
    ADAMW_FLOPS = 14
};

/* Layers with the same operations are lowered once and counted layers times. */
typedef struct {
    const vsh_model *m;
    const vsh_work *w;
    vsh_op_list *ops;
    vsh_error *err;
    vsh_status status; /* the first failure; later calls do nothing */
    const vsh_layer *layer;
    const char *prefix;
    unsigned roles; /* of what is emitted next */
    int64_t layers;
    int64_t tokens;
    double act, operand; /* bytes an element */
} lowering;

vsh_work vsh_work_lean(int64_t sequences, int64_t seq, vsh_precision precision,
                       vsh_recompute_mode recompute)
{
    return (vsh_work){.sequences = sequences,
                      .seq = seq,
                      .precision = precision,
                      .recompute = recompute,
                      .lean = true,
                      .attention_tile = VSH_LEAN_TILE};
}

vsh_work vsh_work_default(int64_t seq)
{
    return (vsh_work){.sequences = 1, .seq = seq, .precision = VSH_BF16, .attention_tile = 128};
}

int64_t vsh_causal_pairs(int64_t seq, int64_t window)
{
    int64_t full = window && window < seq ? window : seq;

    return full * (full + 1) / 2 + (seq - full) * full;
}

int64_t vsh_tiled_pairs(int64_t seq, int64_t window, int64_t tile)
{
    int64_t whole = (seq - 1) / tile, last = seq - whole * tile; /* the last tile may be partial */
    int64_t reach = window && window < seq ? (window - 1 + tile - 1) / tile : whole;
    int64_t rising = reach < whole ? reach : whole;

    /* query tile i runs with key tiles max(0, i - reach) to i */
    return (rising * (rising + 1) / 2 + (whole - rising) * (reach + 1)) * tile * tile +
           last * ((reach < whole ? reach : whole) * tile + last);
}

/* Bytes of what every layer keeps of an operation. */
static vsh_bytes kept(const lowering *lo, double layer_bytes)
{
    double unit = VSH_LEAN_ALIGNMENT;

    if (lo->w->lean)
        layer_bytes = ceil(layer_bytes / unit) * unit;
    return (vsh_bytes){layer_bytes * (double)lo->layers};
}

/* Elements a row of what a lean runtime makes again. */
static int64_t unless_lean(const lowering *lo, int64_t width) { return lo->w->lean ? 0 : width; }

static void emit(lowering *lo, const char *name, vsh_op op)
{
    if (lo->status != VSH_OK)
        return;
    if (lo->ops->count == VSH_OPS_MAX) {
        lo->status = vsh_fail(lo->err, VSH_EINPUT, "%s: more than %d kinds of operation",
                              lo->m->name, VSH_OPS_MAX);
        return;
    }
    snprintf(op.name, sizeof op.name, "%s%s", lo->prefix, name);
    op.roles = lo->roles;
    lo->ops->item[lo->ops->count++] = op;
}

/* rows x n x k x layers, exactly. */
static int64_t macs(lowering *lo, const char *name, int64_t rows, int64_t n, int64_t k)
{
    int64_t product;

    if (__builtin_mul_overflow(rows, n, &product) || __builtin_mul_overflow(product, k, &product) ||
        __builtin_mul_overflow(product, lo->layers, &product)) {
        if (lo->status == VSH_OK)
            lo->status = vsh_fail(lo->err, VSH_EINPUT, "%s: %s%s: too large to count in 63 bits",
                                  lo->m->name, lo->prefix, name);
        return 0;
    }
    return product;
}

/* How the rows of a weight product come: each of parts products a layer has m of them. */
typedef struct {
    int64_t parts, m;
    int64_t model, executed; /* rows of a layer, over all parts */
} rows;

static rows all_tokens(const lowering *lo) { return (rows){1, lo->tokens, lo->tokens, lo->tokens}; }

/* Even routing; a capacity factor pads every expert to the same number of rows. */
static rows expert_rows(lowering *lo)
{
    const vsh_experts *e = &lo->m->experts;
    int64_t routed = lo->tokens * e->top_k; /* checked in vsh_lower */
    double slots = ceil(e->capacity * (double)routed / (double)e->count);

    if (e->capacity == 0)
        return (rows){e->count, (routed + e->count - 1) / e->count, routed, routed};
    if (slots * (double)e->count > 9e18) {
        if (lo->status == VSH_OK)
            lo->status =
                vsh_fail(lo->err, VSH_EINPUT, "%s: too many rows to count in 63 bits", lo->m->name);
        slots = 1;
    }
    return (rows){e->count, (int64_t)slots, routed, (int64_t)slots * e->count};
}

/* Y (m,n) = X (m,k) W^T, W (n,k); saved_width elements a row stay for the backward pass. */
static void matrix(lowering *lo, const char *name, rows r, int64_t n, int64_t k,
                   int64_t saved_width)
{
    double layers = (double)lo->layers, executed = (double)r.executed;
    double weight = (double)r.parts * (double)n * (double)k;

    emit(lo, name,
         (vsh_op){.kind = VSH_OP_MATRIX,
                  .phase = VSH_FORWARD,
                  .m = r.m,
                  .n = n,
                  .k = k,
                  .count = r.parts * lo->layers,
                  .model_macs = macs(lo, name, r.model, n, k),
                  .executed_macs = macs(lo, name, r.executed, n, k),
                  .bytes = {layers * (lo->operand * (executed * (double)k + weight) +
                                      lo->act * executed * (double)n)},
                  .saved = kept(lo, lo->act * executed * (double)saved_width)});
}

/* flops a element on m rows of n, times a layer; moved and kept are elements a row. */
static void vector(lowering *lo, const char *name, int64_t m, int64_t n, int64_t times,
                   double flops, double moved, double saved_bytes)
{
    double elements = (double)m * (double)n * (double)(times * lo->layers);

    emit(lo, name,
         (vsh_op){.kind = VSH_OP_VECTOR,
                  .phase = VSH_FORWARD,
                  .m = m,
                  .n = n,
                  .count = times * lo->layers,
                  .vector_flops = {flops * elements},
                  .bytes = {moved * lo->act * elements},
                  .saved = kept(lo, saved_bytes)});
}

static void move(lowering *lo, const char *name, int64_t m, int64_t n, double bytes,
                 double saved_bytes)
{
    emit(lo, name,
         (vsh_op){.kind = VSH_OP_MOVE,
                  .phase = VSH_FORWARD,
                  .m = m,
                  .n = n,
                  .count = lo->layers,
                  .bytes = {bytes * (double)lo->layers},
                  .saved = kept(lo, saved_bytes)});
}

/* One product between activations, heads x sequences of them: n and k as for one head. */
static void attention_product(lowering *lo, const char *name, int64_t n, int64_t k, int64_t width,
                              double bytes, double saved_bytes)
{
    const vsh_work *w = lo->w;
    int64_t heads = lo->m->heads * w->sequences;
    int64_t model = vsh_causal_pairs(w->seq, lo->layer->window);
    int64_t executed = w->store_scores
                           ? w->seq * w->seq
                           : vsh_tiled_pairs(w->seq, lo->layer->window, w->attention_tile);

    emit(lo, name,
         (vsh_op){.kind = VSH_OP_ATTENTION,
                  .phase = VSH_FORWARD,
                  .m = w->seq,
                  .n = n,
                  .k = k,
                  .count = heads * lo->layers,
                  .model_macs = macs(lo, name, model, width, heads),
                  .executed_macs = macs(lo, name, executed, width, heads),
                  .bytes = {bytes * (double)lo->layers},
                  .saved = kept(lo, saved_bytes)});
}

static void latent_projections(lowering *lo)
{
    const vsh_model *m = lo->m;
    const vsh_latent *latent = &m->latent;
    int64_t q_width = m->heads * vsh_model_qk_dim(m);
    int64_t kv_width = m->heads * (latent->nope_dim + latent->v_dim);

    if (latent->q_rank) {
        matrix(lo, "attn.q_down", all_tokens(lo), latent->q_rank, m->hidden, m->hidden);
        matrix(lo, "attn.q_up", all_tokens(lo), q_width, latent->q_rank, latent->q_rank);
    } else {
        matrix(lo, "attn.q", all_tokens(lo), q_width, m->hidden, m->hidden);
    }
    /* the normed layer input is kept once, by the query projection */
    matrix(lo, "attn.kv_down", all_tokens(lo), latent->kv_rank + latent->rope_dim, m->hidden, 0);
    matrix(lo, "attn.kv_up", all_tokens(lo), kv_width, latent->kv_rank, latent->kv_rank);
}

static void projections(lowering *lo)
{
    const vsh_model *m = lo->m;
    int64_t q_width = m->heads * m->head_dim, kv_width = 2 * m->kv_heads * m->head_dim;

    if (m->latent.kv_rank)
        latent_projections(lo);
    else if (lo->layer->own_kv)
        matrix(lo, "attn.qkv", all_tokens(lo), q_width + kv_width, m->hidden,
               unless_lean(lo, m->hidden));
    else
        matrix(lo, "attn.q", all_tokens(lo), q_width, m->hidden, unless_lean(lo, m->hidden));
    if (m->qk_norm != VSH_QK_NORM_NONE) {
        int64_t width = q_width + (lo->layer->own_kv ? kv_width / 2 : 0);
        vector(lo, "attn.qk_norm", lo->tokens, width, 1, NORM_FLOPS, 2,
               lo->act * (double)lo->tokens * (double)width);
    }
}

/* Queries, keys, values and, when they are stored, scores. */
static void attention_core(lowering *lo)
{
    const vsh_model *m = lo->m;
    const vsh_work *w = lo->w;
    bool latent = m->latent.kv_rank != 0, drop_core = w->recompute == VSH_RECOMPUTE_SELECTIVE;
    int64_t qk = vsh_model_qk_dim(m), v = vsh_model_v_dim(m);
    int64_t kv_heads = latent ? m->heads : m->kv_heads;
    int64_t rotated = latent ? m->heads * m->latent.rope_dim + m->latent.rope_dim
                             : (m->heads + (lo->layer->own_kv ? kv_heads : 0)) * qk;
    double tokens = (double)lo->tokens, heads = (double)m->heads;
    double q = lo->act * tokens * heads * (double)qk;
    double k = lo->act * tokens * (double)(kv_heads * qk);
    double values = lo->act * tokens * (double)(kv_heads * v);
    double scores = lo->act * tokens * (double)w->seq * heads; /* 2as^2b of Korthikanti */
    double own = lo->layer->own_kv ? 1 : 0;
    double stored = w->store_scores ? scores : 0, mask = w->dropout ? 1 / lo->act : 0;
    /* tiled attention keeps a log-sum-exp a row; stored attention keeps the softmax, and with
     * dropout its mask and its result */
    double kept = drop_core         ? 0
                  : w->store_scores ? scores * (1 + mask + (w->dropout ? 1 : 0))
                                    : 4 * tokens * heads;

    if (m->position == VSH_POSITION_ROTARY)
        vector(lo, "attn.rotary", lo->tokens, rotated, 1, ROTARY_FLOPS, 2, 0);
    lo->roles |= VSH_ROLE_CORE | (w->store_scores ? 0 : VSH_ROLE_TILES);
    attention_product(lo, "attn.scores", w->seq, qk, qk, q + k + stored, q + own * k);
    lo->roles &= ~(unsigned)VSH_ROLE_TILES;
    vector(lo, "attn.softmax", lo->tokens * m->heads,
           (vsh_causal_pairs(w->seq, lo->layer->window) + w->seq - 1) / w->seq, 1, SOFTMAX_FLOPS,
           w->store_scores ? 2 : 0, kept);
    attention_product(lo, "attn.values", v, w->seq, v,
                      values + lo->act * tokens * heads * (double)v + stored, own * values);
    lo->roles &= ~(unsigned)VSH_ROLE_CORE;
}

/* What only makes the layer's output: nothing in the backward pass asks for it, and a lean runtime
 * that runs the layer again stops before. */
static void lean_tail(lowering *lo, bool begins)
{
    if (lo->w->lean)
        lo->roles =
            begins ? lo->roles & ~(unsigned)VSH_ROLE_LAYER : lo->roles | (unsigned)VSH_ROLE_LAYER;
}

static void mlp_products(lowering *lo, const char *up, const char *act, const char *down, rows r,
                         int64_t width, int64_t up_saved)
{
    const vsh_model *m = lo->m;
    bool gated = vsh_model_gated(m);
    int64_t ups = gated ? 2 : 1;

    matrix(lo, up, r, ups * width, m->hidden, unless_lean(lo, up_saved));
    lo->roles |= VSH_ROLE_CHEAP;
    vector(lo, act, r.executed, width, 1, gated ? GATED_FLOPS : PLAIN_FLOPS, (double)ups + 1,
           lo->act * (double)r.executed * (double)(ups * width));
    lo->roles &= ~(unsigned)VSH_ROLE_CHEAP;
    lean_tail(lo, true);
    matrix(lo, down, r, m->hidden, width, unless_lean(lo, width));
    lean_tail(lo, false);
}

static void expert_layer(lowering *lo)
{
    const vsh_model *m = lo->m;
    const vsh_experts *e = &m->experts;
    rows r = expert_rows(lo);
    double routed = lo->act * (double)r.executed * (double)m->hidden;
    double scores = 4 * (double)lo->tokens * (double)e->count;
    /* lean: logits beside the probabilities; choice, weight and row of every assignment; the first
     * row of every expert */
    double routes = scores + 3 * 4 * (double)(lo->tokens * e->top_k) + 4 * (double)(e->count + 1);

    matrix(lo, "router", all_tokens(lo), e->count, m->hidden, unless_lean(lo, m->hidden));
    vector(lo, "route", lo->tokens, e->count, 1, SOFTMAX_FLOPS, 2,
           scores + (lo->w->lean ? routes : 0));
    lo->roles |= VSH_ROLE_CHEAP;
    move(lo, "dispatch", r.executed, m->hidden, 2 * routed, 0);
    lo->roles &= ~(unsigned)VSH_ROLE_CHEAP;
    mlp_products(lo, "expert.up", "expert.act", "expert.down", r, e->hidden, m->hidden);
    lean_tail(lo, true);
    move(lo, "combine", r.executed, m->hidden, 2 * routed, lo->w->lean ? 0 : routed);
    lean_tail(lo, false);
    if (e->shared)
        mlp_products(lo, "shared.up", "shared.act", "shared.down", all_tokens(lo),
                     e->shared * e->shared_hidden, 0);
    if (e->shared_gate)
        matrix(lo, "shared.gate", all_tokens(lo), 1, m->hidden, 0);
}

/* Later layers attend to this one's keys and values. */
static bool has_followers(const vsh_model *m, const vsh_layer *layer)
{
    return layer->own_kv && layer + 1 < m->layer + m->layers && !layer[1].own_kv;
}

/* Full recomputation keeps the input of a layer, in the name of its last operation, and, in a lean
 * runtime, the keys and values that later layers need before this one is made again. */
static void keep_layer_input(lowering *lo, int first, double layer_input)
{
    const vsh_model *m = lo->m;
    double kv = lo->act * (double)lo->tokens * (double)(2 * m->kv_heads * m->head_dim);

    for (int i = first; i < lo->ops->count; i++)
        lo->ops->item[i].saved.v = 0;
    if (lo->w->lean && has_followers(m, lo->layer))
        layer_input += kv;
    lo->ops->item[lo->ops->count - 1].saved = kept(lo, layer_input);
}

static void lower_layer(lowering *lo)
{
    const vsh_model *m = lo->m;
    double layer_input = lo->act * (double)lo->tokens * (double)m->hidden;
    double mask = lo->w->dropout ? (double)lo->tokens * (double)m->hidden : 0;
    int64_t out_width = m->heads * vsh_model_v_dim(m);
    int first = lo->ops->count;

    lo->roles |= VSH_ROLE_CHEAP;
    vector(lo, "norm", lo->tokens, m->hidden, m->norms_per_layer, NORM_FLOPS, 2,
           layer_input * (double)m->norms_per_layer);
    lo->roles &= ~(unsigned)VSH_ROLE_CHEAP;
    projections(lo);
    attention_core(lo);
    /* a lean runtime that makes the core of attention again makes its result again */
    matrix(lo, "attn.out", all_tokens(lo), m->hidden, out_width,
           lo->w->recompute == VSH_RECOMPUTE_SELECTIVE ? unless_lean(lo, out_width) : out_width);
    if (lo->layer->experts)
        expert_layer(lo);
    else
        mlp_products(lo, "mlp.up", "mlp.act", "mlp.down", all_tokens(lo), m->ffn, m->hidden);
    vector(lo, "residual", lo->tokens, m->hidden, 2, RESIDUAL_FLOPS, 3, 2 * mask);
    if (lo->w->recompute == VSH_RECOMPUTE_FULL && lo->status == VSH_OK)
        keep_layer_input(lo, first, layer_input);
}

/* ---- layers of one kind -------------------------------------------------------------------- */

static bool same_kind(const vsh_layer *a, const vsh_layer *b)
{
    return a->experts == b->experts && a->own_kv == b->own_kv && a->window == b->window;
}

void vsh_layer_prefix(const vsh_model *m, int64_t layer, char prefix[VSH_PREFIX])
{
    const vsh_layer *kind = &m->layer[layer];
    bool experts = false, sharing = false, window = false;
    int used;

    for (int64_t l = 0; l < m->layers; l++) {
        experts |= m->layer[l].experts != kind->experts;
        sharing |= m->layer[l].own_kv != kind->own_kv;
        window |= m->layer[l].window != kind->window;
    }
    used = snprintf(prefix, VSH_PREFIX, "%s%s%s",
                    !experts        ? ""
                    : kind->experts ? "moe-"
                                    : "dense-",
                    !sharing       ? ""
                    : kind->own_kv ? "own-"
                                   : "shared-",
                    !window        ? ""
                    : kind->window ? "window-"
                                   : "full-");
    if (used > 0)
        prefix[used - 1] = '.';
    else
        snprintf(prefix, VSH_PREFIX, "layer.");
}

int64_t vsh_layers_alike(const vsh_model *m, int64_t layer)
{
    int64_t alike = 0;

    for (int64_t other = 0; other < m->layers; other++)
        alike += same_kind(&m->layer[other], &m->layer[layer]);
    return alike;
}

/* The first layer of the same kind. */
static int64_t first_of_kind(const vsh_model *m, int64_t layer)
{
    int64_t first = 0;

    while (!same_kind(&m->layer[first], &m->layer[layer]))
        first++;
    return first;
}

static void lower_layers(lowering *lo)
{
    const vsh_model *m = lo->m;

    for (int64_t l = 0; l < m->layers; l++) {
        char prefix[VSH_PREFIX];
        if (first_of_kind(m, l) != l)
            continue;
        lo->layers = vsh_layers_alike(m, l);
        vsh_layer_prefix(m, l, prefix);
        lo->prefix = prefix;
        lo->layer = &m->layer[l];
        lo->roles = VSH_ROLE_LAYER;
        lower_layer(lo);
    }
    lo->prefix = "";
    lo->layer = NULL;
    lo->roles = 0;
    lo->layers = 1;
}

static void lower_embedding(lowering *lo)
{
    const vsh_model *m = lo->m;
    double row = lo->act * (double)lo->tokens * (double)m->embedding_dim;

    move(lo, "embed", lo->tokens, m->embedding_dim,
         m->position == VSH_POSITION_LEARNED ? 3 * row : 2 * row, 0);
    if (m->embedding_dim != m->hidden)
        matrix(lo, "embed.in", all_tokens(lo), m->hidden, m->embedding_dim, m->embedding_dim);
    if (m->embedding_norm)
        vector(lo, "embed.norm", lo->tokens, m->hidden, 1, NORM_FLOPS, 2,
               lo->act * (double)lo->tokens * (double)m->hidden);
}

/* Final norm, output product and loss; exits run the same once more each. */
static void lower_head(lowering *lo, const char *prefix, int64_t times)
{
    const vsh_model *m = lo->m;

    if (times == 0)
        return;
    lo->prefix = prefix;
    lo->layers = times;
    if (m->final_norm)
        vector(lo, "norm", lo->tokens, m->hidden, 1, NORM_FLOPS, 2,
               lo->act * (double)lo->tokens * (double)m->hidden);
    if (m->embedding_dim != m->hidden)
        matrix(lo, "out", all_tokens(lo), m->embedding_dim, m->hidden, m->hidden);
    matrix(lo, "logits", all_tokens(lo), m->vocab, m->embedding_dim,
           unless_lean(lo, m->embedding_dim));
    vector(lo, "loss", lo->tokens, m->vocab, 1, LOSS_FLOPS, 2, 0);
    lo->prefix = "";
    lo->layers = 1;
}

static void lower_forward(lowering *lo)
{
    int64_t exits = 0;

    for (int64_t l = 0; l < lo->m->layers; l++)
        exits += lo->m->layer[l].exit;
    lower_embedding(lo);
    lower_layers(lo);
    lower_head(lo, "exit.", exits);
    lower_head(lo, "head.", 1);
}

/* ---- the backward pass, derived from the forward list ------------------------------------- */

static void push(lowering *lo, const vsh_op *from, const char *suffix, vsh_op op)
{
    op.saved.v = 0;
    emit(lo, "", op);
    if (lo->status == VSH_OK) {
        vsh_op *pushed = &lo->ops->item[lo->ops->count - 1];
        snprintf(pushed->name, sizeof pushed->name, "%s%s", from->name, suffix);
    }
}

static void push_recompute(lowering *lo, const vsh_op *op)
{
    vsh_recompute_mode mode = lo->w->recompute;
    bool again_whole = (mode == VSH_RECOMPUTE_FULL && op->roles & VSH_ROLE_LAYER) ||
                       (mode == VSH_RECOMPUTE_SELECTIVE && op->roles & VSH_ROLE_CORE);
    vsh_op again = *op;

    again.phase = VSH_RECOMPUTE;
    again.model_macs = 0;
    if (again_whole || (lo->w->lean && op->roles & VSH_ROLE_CHEAP))
        push(lo, op, "", again);
    /* a lean runtime keeps no scores when it makes the core again, so its tiles come once more */
    if (op->roles & VSH_ROLE_TILES && (mode != VSH_RECOMPUTE_SELECTIVE || lo->w->lean))
        push(lo, op, again_whole ? ".tiles" : "", again);
}

static void push_matrix_backward(lowering *lo, const vsh_op *op)
{
    vsh_op dgrad = *op, wgrad = *op;

    dgrad.phase = VSH_DGRAD; /* dX (m,k) = dY (m,n) W (n,k) */
    dgrad.n = op->k;
    dgrad.k = op->n;
    push(lo, op, "", dgrad);
    wgrad.phase = VSH_WGRAD; /* dW (n,k) = dY^T (n,m) X (m,k) */
    wgrad.m = op->n;
    wgrad.n = op->k;
    wgrad.k = op->m;
    push(lo, op, "", wgrad);
}

/* out (m,n) = A (m,k) B (k,n): dA = dout B^T, dB = A^T dout. */
static void push_attention_backward(lowering *lo, const vsh_op *op)
{
    vsh_op left = *op, right = *op;

    left.phase = right.phase = VSH_DGRAD;
    left.n = op->k;
    left.k = op->n;
    push(lo, op, ".left", left);
    right.m = op->k;
    right.k = op->m;
    push(lo, op, ".right", right);
}

static void push_backward(lowering *lo, const vsh_op *op)
{
    vsh_op again = *op;

    if (op->kind == VSH_OP_MATRIX) {
        push_matrix_backward(lo, op);
    } else if (op->kind == VSH_OP_ATTENTION) {
        push_attention_backward(lo, op);
    } else {
        again.phase = VSH_DGRAD;
        again.vector_flops.v *= 2;
        again.bytes.v *= op->kind == VSH_OP_VECTOR ? 1.5 : 1; /* reads the gradient as well */
        push(lo, op, "", again);
    }
}

static void lower_backward(lowering *lo)
{
    int forward_count = lo->ops->count;

    for (int i = 0; i < forward_count; i++)
        push_recompute(lo, &lo->ops->item[i]);
    for (int i = forward_count - 1; i >= 0; i--)
        push_backward(lo, &lo->ops->item[i]);
}

static void lower_optimizer(lowering *lo)
{
    const vsh_recipe *recipe = lo->w->recipe;
    vsh_parameters parameters;
    double count;

    if (!recipe || lo->status != VSH_OK)
        return;
    lo->status = vsh_count_parameters(lo->m, &parameters, lo->err);
    count = (double)parameters.total;
    emit(lo, "optimizer",
         (vsh_op){.kind = VSH_OP_VECTOR,
                  .phase = VSH_OPTIMIZER,
                  .m = 1,
                  .n = parameters.total,
                  .count = 1,
                  .vector_flops = {ADAMW_FLOPS * count},
                  .bytes = {count * (recipe->gradients +
                                     2 * (recipe->weights + recipe->master + recipe->moments))}});
}

static lowering start(const vsh_model *model, const vsh_work *work, vsh_op_list *ops,
                      vsh_error *err)
{
    assert(model && work && ops);
    assert(work->sequences > 0 && work->seq > 0 && work->attention_tile > 0);
    ops->count = 0;
    return (lowering){.m = model,
                      .w = work,
                      .ops = ops,
                      .err = err,
                      .prefix = "",
                      .layers = 1,
                      .act = (double)vsh_activation_bytes(work->precision),
                      .operand = (double)vsh_operand_bytes(work->precision)};
}

/* Tokens, score pairs, and heads or experts times tokens must be countable: what is multiplied
 * further is checked where it is. */
static vsh_status count_tokens(lowering *lo)
{
    const vsh_work *w = lo->w;
    int64_t padded, unused;

    if (__builtin_mul_overflow(w->sequences, w->seq, &lo->tokens) ||
        __builtin_add_overflow(w->seq, w->attention_tile, &padded) ||
        __builtin_mul_overflow(padded, padded, &unused) ||
        __builtin_mul_overflow(lo->tokens, (lo->m->heads + lo->m->experts.top_k) * lo->m->layers,
                               &unused))
        return vsh_fail(lo->err, VSH_EINPUT, "%s: more tokens than 63 bits can count", lo->m->name);
    return VSH_OK;
}

vsh_status vsh_lower(const vsh_model *model, const vsh_work *work, vsh_op_list *ops, vsh_error *err)
{
    lowering lo = start(model, work, ops, err);

    VSH_TRY(count_tokens(&lo));
    lower_forward(&lo);
    lower_backward(&lo);
    lower_optimizer(&lo);
    return lo.status;
}

vsh_status vsh_lower_live_layer(const vsh_model *model, const vsh_work *work, vsh_bytes *bytes,
                                vsh_error *err)
{
    vsh_op_list ops;
    vsh_work kept = *work;

    bytes->v = 0;
    kept.recompute = VSH_RECOMPUTE_NONE;
    for (int64_t l = 0; l < model->layers; l++) {
        lowering lo = start(model, &kept, &ops, err);
        double sum = 0;
        if (first_of_kind(model, l) != l)
            continue;
        VSH_TRY(count_tokens(&lo));
        lo.layer = &model->layer[l];
        lower_layer(&lo);
        VSH_TRY(lo.status);
        for (int i = 0; i < ops.count; i++)
            sum += ops.item[i].saved.v;
        if (sum > bytes->v)
            bytes->v = sum;
    }
    return VSH_OK;
}
