#include "core/lower.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/lower_inside.h"
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
    LOSS_FLOPS = 8
};

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
static vsh_bytes kept(const vsh_lowering *lo, double layer_bytes)
{
    double unit = VSH_LEAN_ALIGNMENT;

    if (lo->w->lean)
        layer_bytes = ceil(layer_bytes / unit) * unit;
    return (vsh_bytes){layer_bytes * (double)lo->layers};
}

/* Elements a row of what a lean runtime makes again. */
static int64_t unless_lean(const vsh_lowering *lo, int64_t width)
{
    return lo->w->lean ? 0 : width;
}

void vsh_lower_emit(vsh_lowering *lo, const char *name, vsh_op op)
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
static int64_t macs(vsh_lowering *lo, const char *name, int64_t rows, int64_t n, int64_t k)
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
    int64_t kept;            /* rows of its input that this chip keeps */
} rows;

static rows all_tokens(const vsh_lowering *lo)
{
    return (rows){1, lo->tokens, lo->tokens, lo->tokens, lo->tokens};
}

/* The same, gathered from chips that keep a part each. */
static rows gathered(const vsh_lowering *lo)
{
    return (rows){1, lo->tokens, lo->tokens, lo->tokens, lo->spread};
}

static rows spread(const vsh_lowering *lo)
{
    return (rows){1, lo->spread, lo->spread, lo->spread, lo->spread};
}

/* The weights W (n,k) of one chip, and the elements of the undivided product that chips share. */
typedef struct {
    int64_t n, k;
    int64_t whole, chips;
} weights;

/* The rows of W, or its columns, divided. */
static weights by_n(const vsh_lowering *lo, int64_t n, int64_t k)
{
    return (weights){n / lo->tensor, k, n * k, lo->tensor};
}

static weights by_k(const vsh_lowering *lo, int64_t n, int64_t k)
{
    return (weights){n, k / lo->tensor, n * k, lo->tensor};
}

/* W whole on every chip: on its own tokens, or, without sequence parallelism, on the same. */
static weights undivided(const vsh_lowering *lo, int64_t n, int64_t k)
{
    return (weights){n, k, n * k, lo->spread < lo->tokens ? 1 : lo->tensor};
}

/* Rows of this chip's experts where routing is even, or of the fullest chip, which can get no more
 * than all of them. */
static int64_t rows_here(const vsh_lowering *lo, int64_t routed)
{
    double over = fmax(1, fmin(lo->w->imbalance, (double)lo->expert));

    return over > 1 ? (int64_t)fmin(ceil(over * (double)routed), 9e18) : routed;
}

/* Even routing, or as uneven as the work says; a capacity factor pads every expert to the same
 * number of rows from each chip. */
static rows expert_rows(vsh_lowering *lo)
{
    const vsh_experts *e = &lo->m->experts;
    int64_t routed = lo->tokens * e->top_k; /* checked in vsh_lower */
    double slots = ceil(e->capacity * (double)routed / (double)e->count);
    int64_t here = e->count / lo->expert;

    if (e->capacity == 0) {
        int64_t full = rows_here(lo, routed);
        return (rows){here, full / here + (full % here != 0), routed, full, full};
    }
    if (slots * (double)e->count > 9e18) {
        if (lo->status == VSH_OK)
            lo->status =
                vsh_fail(lo->err, VSH_EINPUT, "%s: too many rows to count in 63 bits", lo->m->name);
        slots = 1;
    }
    return (rows){here, (int64_t)slots * lo->expert, routed, (int64_t)slots * e->count,
                  (int64_t)slots * e->count};
}

/* Y (m,n) = X (m,k) W^T, W (n,k); saved_width elements a row stay for the backward pass. */
static void matrix(vsh_lowering *lo, const char *name, rows r, weights w, int64_t saved_width)
{
    double layers = (double)lo->layers, executed = (double)r.executed;
    double weight = (double)r.parts * (double)w.n * (double)w.k;

    vsh_lower_emit(
        lo, name,
        (vsh_op){.kind = VSH_OP_MATRIX,
                 .phase = VSH_FORWARD,
                 .m = r.m,
                 .n = w.n,
                 .k = w.k,
                 .count = r.parts * lo->layers,
                 .model_macs = vsh_lower_part(macs(lo, name, r.model, w.whole, 1), w.chips),
                 .executed_macs = macs(lo, name, r.executed, w.n, w.k),
                 .bytes = {layers * (lo->operand * (executed * (double)w.k + weight) +
                                     lo->act * executed * (double)w.n)},
                 .saved = kept(lo, lo->act * (double)r.kept * (double)saved_width)});
}

/* flops a element on m rows of n, times a layer; moved and kept are elements a row. */
static void vector(vsh_lowering *lo, const char *name, int64_t m, int64_t n, int64_t times,
                   double flops, double moved, double saved_bytes)
{
    double elements = (double)m * (double)n * (double)(times * lo->layers);

    vsh_lower_emit(lo, name,
                   (vsh_op){.kind = VSH_OP_VECTOR,
                            .phase = VSH_FORWARD,
                            .m = m,
                            .n = n,
                            .count = times * lo->layers,
                            .vector_flops = {flops * elements},
                            .bytes = {moved * lo->act * elements},
                            .saved = kept(lo, saved_bytes)});
}

static void move(vsh_lowering *lo, const char *name, int64_t m, int64_t n, double bytes,
                 double saved_bytes)
{
    vsh_lower_emit(lo, name,
                   (vsh_op){.kind = VSH_OP_MOVE,
                            .phase = VSH_FORWARD,
                            .m = m,
                            .n = n,
                            .count = lo->layers,
                            .bytes = {bytes * (double)lo->layers},
                            .saved = kept(lo, saved_bytes)});
}

/* One product between activations, heads x sequences of them: n and k as for one head. */
static void attention_product(vsh_lowering *lo, const char *name, int64_t n, int64_t k,
                              int64_t width, double bytes, double saved_bytes)
{
    const vsh_work *w = lo->w;
    int64_t heads = lo->heads * w->sequences;
    int64_t model = vsh_causal_pairs(w->seq, lo->layer->window);
    int64_t executed = w->store_scores
                           ? w->seq * w->seq
                           : vsh_tiled_pairs(w->seq, lo->layer->window, w->attention_tile);

    vsh_lower_emit(
        lo, name,
        (vsh_op){.kind = VSH_OP_ATTENTION,
                 .phase = VSH_FORWARD,
                 .m = w->seq / lo->context,
                 .n = n,
                 .k = k,
                 .count = heads * lo->layers,
                 .model_macs = vsh_lower_part(macs(lo, name, model, width, heads), lo->context),
                 .executed_macs =
                     vsh_lower_part(macs(lo, name, executed, width, heads), lo->context),
                 .bytes = {bytes * (double)lo->layers},
                 .saved = kept(lo, saved_bytes)});
}

/* ---- a layer --------------------------------------------------------------------------------- */

static void latent_projections(vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    const vsh_latent *latent = &m->latent;
    int64_t q_width = m->heads * vsh_model_qk_dim(m);
    int64_t kv_width = m->heads * (latent->nope_dim + latent->v_dim);
    int64_t kv_down = latent->kv_rank + latent->rope_dim;

    if (latent->q_rank) {
        matrix(lo, "attn.q_down", spread(lo), undivided(lo, latent->q_rank, m->hidden), m->hidden);
        vsh_lower_enter(lo, "attn.q_up.in", latent->q_rank);
        matrix(lo, "attn.q_up", gathered(lo), by_n(lo, q_width, latent->q_rank), latent->q_rank);
    } else {
        vsh_lower_enter(lo, "attn.in", m->hidden);
        matrix(lo, "attn.q", gathered(lo), by_n(lo, q_width, m->hidden), m->hidden);
    }
    /* the normed layer input is kept once, by the query projection */
    matrix(lo, "attn.kv_down", spread(lo), undivided(lo, kv_down, m->hidden), 0);
    vsh_lower_enter(lo, "attn.kv_up.in", kv_down);
    matrix(lo, "attn.kv_up", gathered(lo), by_n(lo, kv_width, latent->kv_rank), latent->kv_rank);
}

/* Queries, keys and values; keys and values that more chips than heads share are made by several.
 */
static weights fused_projection(const vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    int64_t all = (m->heads + 2 * m->kv_heads) * m->head_dim;

    return (weights){(lo->heads + 2 * lo->kv_heads) * m->head_dim, m->hidden, all * m->hidden,
                     lo->tensor};
}

static void projections(vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    int64_t q_width = lo->heads * m->head_dim, k_width = lo->kv_heads * m->head_dim;

    if (m->latent.kv_rank) {
        latent_projections(lo);
        return; /* no norm of queries and keys goes with it */
    }
    vsh_lower_enter(lo, "attn.in", m->hidden);
    if (lo->layer->own_kv)
        matrix(lo, "attn.qkv", gathered(lo), fused_projection(lo), unless_lean(lo, m->hidden));
    else
        matrix(lo, "attn.q", gathered(lo), by_n(lo, m->heads * m->head_dim, m->hidden),
               unless_lean(lo, m->hidden));
    if (m->qk_norm != VSH_QK_NORM_NONE) {
        int64_t width = q_width + (lo->layer->own_kv ? k_width : 0);
        vector(lo, "attn.qk_norm", lo->tokens, width, 1, NORM_FLOPS, 2,
               lo->act * (double)lo->tokens * (double)width);
    }
}

/* Queries, keys, values and, when they are stored, scores. */
static void attention_core(vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    const vsh_work *w = lo->w;
    bool latent = m->latent.kv_rank != 0, drop_core = w->recompute == VSH_RECOMPUTE_SELECTIVE;
    int64_t qk = vsh_model_qk_dim(m), v = vsh_model_v_dim(m);
    int64_t kv_heads = latent ? lo->heads : lo->kv_heads;
    int64_t rotated = latent ? lo->heads * m->latent.rope_dim + m->latent.rope_dim
                             : (lo->heads + (lo->layer->own_kv ? kv_heads : 0)) * qk;
    double tokens = (double)lo->tokens, heads = (double)lo->heads, ways = (double)lo->context;
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
    vsh_lower_keys(lo, ways * (k + values));
    attention_product(lo, "attn.scores", w->seq, qk, qk, q + ways * k + stored, q + own * k);
    lo->roles &= ~(unsigned)VSH_ROLE_TILES;
    vector(lo, "attn.softmax", lo->tokens * lo->heads,
           (vsh_causal_pairs(w->seq, lo->layer->window) + w->seq - 1) / w->seq, 1, SOFTMAX_FLOPS,
           w->store_scores ? 2 : 0, kept);
    attention_product(lo, "attn.values", v, w->seq, v,
                      ways * values + lo->act * tokens * heads * (double)v + stored, own * values);
    lo->roles &= ~(unsigned)VSH_ROLE_CORE;
}

/* What only makes the layer's output: nothing in the backward pass asks for it, and a lean runtime
 * that runs the layer again stops before. */
static void lean_tail(vsh_lowering *lo, bool begins)
{
    if (lo->w->lean)
        lo->roles =
            begins ? lo->roles & ~(unsigned)VSH_ROLE_LAYER : lo->roles | (unsigned)VSH_ROLE_LAYER;
}

/* Rows in and out: the product into width keeps the rows it was given. */
static void mlp_products(vsh_lowering *lo, const char *up, const char *act, const char *down,
                         rows in, rows out, int64_t width, int64_t up_saved)
{
    const vsh_model *m = lo->m;
    bool gated = vsh_model_gated(m);
    int64_t ups = gated ? 2 : 1, here = width / lo->tensor;

    matrix(lo, up, in, by_n(lo, ups * width, m->hidden), unless_lean(lo, up_saved));
    lo->roles |= VSH_ROLE_CHEAP;
    vector(lo, act, in.executed, here, 1, gated ? GATED_FLOPS : PLAIN_FLOPS, (double)ups + 1,
           lo->act * (double)in.executed * (double)(ups * here));
    lo->roles &= ~(unsigned)VSH_ROLE_CHEAP;
    lean_tail(lo, true);
    matrix(lo, down, out, by_k(lo, m->hidden, width), unless_lean(lo, here));
    lean_tail(lo, false);
}

static void dense_mlp(vsh_lowering *lo)
{
    vsh_lower_enter(lo, "mlp.in", lo->m->hidden);
    mlp_products(lo, "mlp.up", "mlp.act", "mlp.down", gathered(lo), all_tokens(lo), lo->m->ffn,
                 lo->m->hidden);
    vsh_lower_leave(lo, "mlp.out", (double)lo->tokens, lo->m->hidden);
}

/* Routed rows go to their experts' chips, each a part of them under sequence parallelism; there the
 * chips that share an expert gather them. */
static void routed_experts(vsh_lowering *lo, rows r, double routed)
{
    const vsh_model *m = lo->m;
    bool sequence = lo->spread < lo->tokens;
    double here = sequence ? routed / (double)lo->tensor : routed;
    vsh_place share = {.forward = VSH_ALL_GATHER,
                       .backward = VSH_REDUCE_SCATTER,
                       .axis = VSH_MESH_TENSOR,
                       .ranks = sequence ? lo->tensor : 1,
                       .bytes = routed,
                       .back_bytes = routed};

    lo->roles |= VSH_ROLE_CHEAP;
    move(lo, "dispatch", r.executed, m->hidden, 2 * routed, 0);
    lo->roles &= ~(unsigned)VSH_ROLE_CHEAP;
    vsh_lower_rows(lo, "dispatch.net", here);
    vsh_lower_exchange(lo, "expert.in", share);
    mlp_products(lo, "expert.up", "expert.act", "expert.down", r, r, m->experts.hidden, m->hidden);
    share.forward = VSH_REDUCE_SCATTER;
    share.backward = VSH_ALL_GATHER;
    vsh_lower_exchange(lo, "expert.out", share);
    vsh_lower_rows(lo, "combine.net", here);
    lean_tail(lo, true);
    move(lo, "combine", r.executed, m->hidden, 2 * routed, lo->w->lean ? 0 : here);
    lean_tail(lo, false);
}

static void shared_experts(vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    const vsh_experts *e = &m->experts;

    if (e->shared)
        mlp_products(lo, "shared.up", "shared.act", "shared.down", gathered(lo), all_tokens(lo),
                     e->shared * e->shared_hidden, 0);
    if (e->shared_gate)
        matrix(lo, "shared.gate", spread(lo), undivided(lo, 1, m->hidden), 0);
}

static void expert_layer(vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    const vsh_experts *e = &m->experts;
    bool sequence = lo->spread < lo->tokens;
    rows r = expert_rows(lo);
    double routed = lo->act * (double)r.executed * (double)m->hidden;
    double scores = 4 * (double)lo->spread * (double)e->count;
    /* lean: logits beside the probabilities; choice, weight and row of every assignment; the first
     * row of every expert */
    double routes = scores + 3 * 4 * (double)(lo->tokens * e->top_k) + 4 * (double)(e->count + 1);

    if (!sequence || e->shared) /* what the routed rows gather, they gather as rows */
        vsh_lower_enter(lo, "mlp.in", m->hidden);
    matrix(lo, "router", spread(lo), undivided(lo, e->count, m->hidden),
           unless_lean(lo, m->hidden));
    vector(lo, "route", lo->spread, e->count, 1, SOFTMAX_FLOPS, 2,
           scores + (lo->w->lean ? routes : 0));
    routed_experts(lo, r, routed);
    shared_experts(lo);
    if (!sequence || e->shared)
        vsh_lower_leave(lo, "mlp.out", (double)lo->tokens, m->hidden);
}

/* Later layers attend to this one's keys and values. */
static bool has_followers(const vsh_model *m, const vsh_layer *layer)
{
    return layer->own_kv && layer + 1 < m->layer + m->layers && !layer[1].own_kv;
}

/* Full recomputation keeps the input of a layer, in the name of its last operation, and, in a lean
 * runtime, the keys and values that later layers need before this one is made again. */
static void keep_layer_input(vsh_lowering *lo, int first, double layer_input)
{
    const vsh_model *m = lo->m;
    double kv = lo->act * (double)lo->tokens * (double)(2 * m->kv_heads * m->head_dim);

    for (int i = first; i < lo->ops->count; i++)
        lo->ops->item[i].saved.v = 0;
    if (lo->w->lean && has_followers(m, lo->layer))
        layer_input += kv;
    lo->ops->item[lo->ops->count - 1].saved = kept(lo, layer_input);
}

/* Widths of the products that one matrix of the list stands for, in order. */
static int separate_products(const vsh_lowering *lo, const vsh_op *op, int64_t width[3])
{
    const char *name = op->name + strlen(lo->prefix);
    int64_t q = lo->heads * lo->m->head_dim, k = lo->kv_heads * lo->m->head_dim;

    width[0] = op->n;
    if (strcmp(name, "attn.qkv") == 0) {
        width[0] = q;
        width[1] = width[2] = k;
        return 3;
    }
    if (vsh_model_gated(lo->m) && (strcmp(name, "mlp.up") == 0 || strcmp(name, "shared.up") == 0)) {
        width[0] = width[1] = op->n / 2;
        return 2;
    }
    return 1;
}

/* torchtitan's default "selective" (torchtitan, parallelize_llama.py, 2024-12; from memory): what
 * every second product, attention and a reduction between chips give is kept, with the layer's
 * input; all else of a layer is made again. Grouped products of experts are not among them. */
static void keep_every_second(vsh_lowering *lo, int first, double layer_input)
{
    double tokens = (double)lo->tokens, heads = (double)lo->heads;
    double result = lo->act * tokens * heads * (double)vsh_model_v_dim(lo->m);
    int products = 0;

    for (int i = first; i < lo->ops->count; i++) {
        vsh_op *op = &lo->ops->item[i];
        double saved = 0;
        int64_t width[3];
        int parts = op->kind == VSH_OP_MATRIX && op->count == lo->layers
                        ? separate_products(lo, op, width)
                        : 0;
        for (int j = 0; j < parts; j++)
            if (++products % 2)
                saved += lo->act * (double)op->m * (double)width[j];
        if (op->kind == VSH_OP_COLLECTIVE && op->collective == VSH_REDUCE_SCATTER)
            saved = op->bytes.v / (double)(op->count * op->ranks);
        if (op->kind == VSH_OP_VECTOR && op->roles & VSH_ROLE_CORE)
            saved = 4 * tokens * heads;
        if (op->kind == VSH_OP_ATTENTION && !(op->roles & VSH_ROLE_TILES))
            saved = result;
        op->saved = kept(lo, saved);
    }
    lo->ops->item[lo->ops->count - 1].saved = kept(lo, layer_input);
}

static void lower_layer(vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    double layer_input = lo->act * (double)lo->spread * (double)m->hidden;
    double mask = lo->w->dropout ? (double)lo->spread * (double)m->hidden : 0;
    int64_t out_width = m->heads * vsh_model_v_dim(m), out_here = out_width / lo->tensor;
    int first = lo->ops->count;

    vsh_lower_share(lo, vsh_share_layer(m, &lo->w->split, lo->layer - m->layer), 1);
    lo->roles |= VSH_ROLE_CHEAP;
    vector(lo, "norm", lo->spread, m->hidden, m->norms_per_layer, NORM_FLOPS, 2,
           layer_input * (double)m->norms_per_layer);
    lo->roles &= ~(unsigned)VSH_ROLE_CHEAP;
    projections(lo);
    attention_core(lo);
    /* a lean runtime that makes the core of attention again makes its result again */
    matrix(lo, "attn.out", all_tokens(lo), by_k(lo, m->hidden, out_width),
           lo->w->recompute == VSH_RECOMPUTE_SELECTIVE ? unless_lean(lo, out_here) : out_here);
    vsh_lower_leave(lo, "attn.sum", (double)lo->tokens, m->hidden);
    if (lo->layer->experts)
        expert_layer(lo);
    else
        dense_mlp(lo);
    vector(lo, "residual", lo->spread, m->hidden, 2, RESIDUAL_FLOPS, 3, 2 * mask);
    if (lo->w->recompute == VSH_RECOMPUTE_FULL && lo->status == VSH_OK)
        keep_layer_input(lo, first, layer_input);
    if (vsh_lower_keeps_products(lo->w) && lo->status == VSH_OK)
        keep_every_second(lo, first, layer_input);
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

/* The first layer of the same kind, from start. */
static int64_t first_of_kind(const vsh_model *m, int64_t start, int64_t layer)
{
    while (!same_kind(&m->layer[start], &m->layer[layer]))
        start++;
    return start;
}

/* Layers of the stage that share this one's kind. */
static int64_t alike_on_stage(const vsh_lowering *lo, int64_t layer)
{
    const vsh_stage *stage = &lo->stage;
    int64_t alike = 0;

    for (int64_t l = stage->first; l < stage->first + stage->layers; l++)
        alike += same_kind(&lo->m->layer[l], &lo->m->layer[layer]);
    return alike;
}

static void lower_layers(vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    const vsh_stage *stage = &lo->stage;

    for (int64_t l = stage->first; l < stage->first + stage->layers; l++) {
        char prefix[VSH_PREFIX];
        if (first_of_kind(m, stage->first, l) != l)
            continue;
        lo->layers = alike_on_stage(lo, l);
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

static void lower_embedding(vsh_lowering *lo)
{
    const vsh_model *m = lo->m;
    bool whole = lo->vocab_ways < lo->tensor;
    int64_t rows_here = whole ? lo->spread : lo->tokens;
    double row = lo->act * (double)rows_here * (double)m->embedding_dim;

    lo->prefix = "embed.";
    vsh_lower_share(lo, vsh_share_embedding(m, &lo->w->split), lo->tensor / lo->vocab_ways);
    lo->prefix = "";
    move(lo, "embed", rows_here, m->embedding_dim,
         m->position == VSH_POSITION_LEARNED ? 3 * row : 2 * row, 0);
    if (!whole)
        vsh_lower_leave(lo, "embed.sum", (double)lo->tokens, m->embedding_dim);
    if (m->embedding_dim != m->hidden)
        matrix(lo, "embed.in", spread(lo), undivided(lo, m->hidden, m->embedding_dim),
               m->embedding_dim);
    if (m->embedding_norm)
        vector(lo, "embed.norm", lo->spread, m->hidden, 1, NORM_FLOPS, 2,
               lo->act * (double)lo->spread * (double)m->hidden);
}

/* Final norm, output product and loss; exits run the same once more each. */
static void lower_head(vsh_lowering *lo, const char *prefix, int64_t times)
{
    const vsh_model *m = lo->m;
    bool whole = lo->vocab_ways < lo->tensor;
    int64_t vocab = vsh_split_vocab(m, &lo->w->split) / lo->vocab_ways;

    if (times == 0)
        return;
    lo->prefix = prefix;
    lo->layers = times;
    vsh_lower_share(lo, vsh_share_head(m, &lo->w->split, lo->stage.embedding),
                    lo->tensor / lo->vocab_ways);
    if (m->final_norm)
        vector(lo, "norm", lo->spread, m->hidden, 1, NORM_FLOPS, 2,
               lo->act * (double)lo->spread * (double)m->hidden);
    if (m->embedding_dim != m->hidden)
        matrix(lo, "out", spread(lo), undivided(lo, m->embedding_dim, m->hidden), m->hidden);
    if (!whole)
        vsh_lower_enter(lo, "in", m->embedding_dim);
    matrix(lo, "logits", whole ? spread(lo) : gathered(lo),
           (weights){vocab, m->embedding_dim, m->vocab * m->embedding_dim, lo->vocab_ways},
           unless_lean(lo, m->embedding_dim));
    vector(lo, "loss", whole ? lo->spread : lo->tokens, vocab, 1, LOSS_FLOPS, 2, 0);
    if (!whole)
        vsh_lower_loss(lo);
    lo->prefix = "";
    lo->layers = 1;
}

static void lower_forward(vsh_lowering *lo)
{
    const vsh_stage *stage = &lo->stage;
    int64_t exits = 0;

    for (int64_t l = stage->first; l < stage->first + stage->layers; l++)
        exits += lo->m->layer[l].exit;
    if (stage->embedding)
        lower_embedding(lo);
    else
        vsh_lower_border(lo, "stage.in", true);
    lower_layers(lo);
    if (stage->head) {
        lower_head(lo, "exit.", exits);
        lower_head(lo, "head.", 1);
    } else {
        vsh_lower_border(lo, "stage.out", false);
    }
}

static void start(vsh_lowering *lo, const vsh_model *model, const vsh_work *work, vsh_op_list *ops,
                  vsh_error *err)
{
    const vsh_split *split = &work->split;

    assert(model && work && ops);
    assert(work->sequences > 0 && work->seq > 0 && work->attention_tile > 0);
    assert(!work->lean || (!vsh_split_any(split) && work->stage.layers == 0));
    ops->count = 0;
    *lo = (vsh_lowering){.m = model,
                         .w = work,
                         .ops = ops,
                         .err = err,
                         .prefix = "",
                         .layers = 1,
                         .tensor = vsh_ways(split->tensor),
                         .context = vsh_ways(split->context),
                         .vocab_ways = vsh_split_vocab_ways(split),
                         .expert = vsh_ways(split->expert),
                         .stage = vsh_stage_of(model, &work->stage),
                         .heads = model->heads / vsh_ways(split->tensor),
                         .kv_heads = vsh_split_kv_heads(model, split),
                         .act = (double)vsh_activation_bytes(work->precision),
                         .operand = (double)vsh_operand_bytes(work->precision)};
}

/* Tokens, score pairs, and heads or experts times tokens must be countable: what is multiplied
 * further is checked where it is. */
static vsh_status count_tokens(vsh_lowering *lo)
{
    const vsh_work *w = lo->w;
    int64_t padded, unused;

    if (__builtin_mul_overflow(w->sequences, w->seq, &lo->tokens) ||
        __builtin_add_overflow(w->seq, w->attention_tile, &padded) ||
        __builtin_mul_overflow(padded, padded, &unused) ||
        __builtin_mul_overflow(lo->tokens, (lo->m->heads + lo->m->experts.top_k) * lo->m->layers,
                               &unused))
        return vsh_fail(lo->err, VSH_EINPUT, "%s: more tokens than 63 bits can count", lo->m->name);
    VSH_TRY(vsh_split_check(lo->m, &w->split, &w->stage, w->seq, lo->err));
    lo->tokens /= lo->context;
    lo->spread = w->split.sequence ? lo->tokens / lo->tensor : lo->tokens;
    return VSH_OK;
}

vsh_status vsh_lower(const vsh_model *model, const vsh_work *work, vsh_op_list *ops, vsh_error *err)
{
    vsh_parameters parameters;
    vsh_lowering lo;

    start(&lo, model, work, ops, err);
    VSH_TRY(count_tokens(&lo));
    if (vsh_split_any(&work->split)) /* what does not count whole is not counted in parts */
        VSH_TRY(vsh_count_parameters(model, &parameters, err));
    lower_forward(&lo);
    vsh_lower_backward(&lo);
    vsh_lower_drop_places(&lo);
    vsh_lower_optimizer(&lo);
    return lo.status;
}

vsh_status vsh_lower_layer(const vsh_model *model, const vsh_work *work, int64_t layer,
                           vsh_op_list *ops, vsh_error *err)
{
    vsh_work kept = *work;
    char prefix[VSH_PREFIX];
    vsh_lowering lo;

    assert(layer >= 0 && layer < model->layers);
    kept.recompute = VSH_RECOMPUTE_NONE;
    start(&lo, model, &kept, ops, err);
    VSH_TRY(count_tokens(&lo));
    vsh_layer_prefix(model, layer, prefix);
    lo.prefix = prefix;
    lo.layer = &model->layer[layer];
    lo.roles = VSH_ROLE_LAYER;
    lower_layer(&lo);
    return lo.status;
}

int64_t vsh_first_alike(const vsh_model *model, const vsh_stage *stage, int64_t layer)
{
    return first_of_kind(model, vsh_stage_of(model, stage).first, layer);
}

vsh_status vsh_lower_live_layer(const vsh_model *model, const vsh_work *work, vsh_bytes *bytes,
                                vsh_error *err)
{
    vsh_stage stage = vsh_stage_of(model, &work->stage);
    vsh_op_list ops;

    bytes->v = 0;
    for (int64_t l = stage.first; l < stage.first + stage.layers; l++) {
        double sum = 0;
        if (vsh_first_alike(model, &stage, l) != l)
            continue;
        VSH_TRY(vsh_lower_layer(model, work, l, &ops, err));
        for (int i = 0; i < ops.count; i++)
            sum += ops.item[i].saved.v;
        if (sum > bytes->v)
            bytes->v = sum;
    }
    return VSH_OK;
}
