#include "core/workspace.h"

#include <math.h>

#include "core/precision.h"

enum { ROW_BLOCK = 64 }; /* rows whose sums are kept apart: VSH_ROW_BLOCK of the trainer */

/* One micro-batch: T tokens, a bytes an element. */
typedef struct {
    const vsh_model *m;
    const vsh_work *w;
    bool jitter;
    int64_t T, C, a, blocks;
} need;

static int64_t rounded(int64_t bytes)
{
    return (bytes + VSH_LEAN_ALIGNMENT - 1) / VSH_LEAN_ALIGNMENT * VSH_LEAN_ALIGNMENT;
}
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t stored(const need *n, int64_t count) { return rounded(n->a * count); }
static int64_t floats(int64_t count) { return rounded(4 * count); }
/* Sums of a norm's weight and bias a block of rows. */
static int64_t norm_sums(const need *n) { return floats(2 * n->blocks * n->C); }
static int64_t bias_sums(const need *n, int64_t width, bool has)
{
    return has ? floats(n->blocks * width) : 0;
}

int64_t vsh_logit_chunk(int64_t vocab, int64_t tokens)
{
    int64_t chunk = (((int64_t)1 << 22) / vocab) / ROW_BLOCK * ROW_BLOCK;

    chunk = chunk < 256 ? 256 : chunk > 2048 ? 2048 : chunk;
    return chunk < tokens ? chunk : tokens;
}

static int64_t attention(const need *n, const vsh_layer *layer)
{
    const vsh_model *m = n->m;
    int64_t q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim;
    int64_t width = q + (layer->own_kv ? 2 * kv : 0);
    bool out_bias = m->bias == VSH_BIAS_ATTENTION || m->bias == VSH_BIAS_ALL;
    int64_t core = stored(n, n->T * q) + floats(n->T * m->heads); /* result and its row sums */
    int64_t again = n->w->recompute == VSH_RECOMPUTE_SELECTIVE ? core : 0;
    int64_t forward = most(stored(n, n->T * n->C), again);
    int64_t inner = again + core + bias_sums(n, n->C, out_bias);
    int64_t outer = stored(n, n->T * n->C) + norm_sums(n);
    int64_t bias = bias_sums(n, width, m->bias != VSH_BIAS_NONE);

    return most(forward, stored(n, n->T * width) + most(inner, most(outer, bias)));
}

static int64_t dense(const need *n)
{
    const vsh_model *m = n->m;
    bool bias = m->bias == VSH_BIAS_ALL;
    int64_t stream = stored(n, n->T * n->C), middle = stored(n, n->T * m->ffn);
    int64_t ups = vsh_model_gated(m) ? 2 : 1;

    return most(most(stream + norm_sums(n), middle + bias_sums(n, n->C, bias)),
                bias_sums(n, ups * m->ffn, bias));
}

/* Rows the experts work on: every assignment, or the capacity of all. */
static int64_t expert_rows(const need *n)
{
    const vsh_experts *e = &n->m->experts;
    double routed = (double)(n->T * e->top_k);

    if (e->capacity == 0)
        return n->T * e->top_k;
    return (int64_t)ceil(e->capacity * routed / (double)e->count) * e->count;
}

static int64_t experts(const need *n)
{
    const vsh_experts *e = &n->m->experts;
    int64_t R = expert_rows(n), stream = stored(n, n->T * n->C);
    int64_t shaken = n->jitter ? stream : 0, scores = n->T * e->count;
    int64_t shared = e->shared ? stored(n, n->T * e->shared * e->shared_hidden) : 0;
    int64_t middle = stored(n, R * e->hidden), rows = stored(n, R * n->C);
    int64_t route = shaken + (e->correction_bias ? floats(e->count) : 0);
    int64_t forward = stream + most(route, most(shared, rows + middle));
    int64_t router = floats(scores) + (n->a == 4 ? 0 : stored(n, scores)) + shaken;
    int64_t down = middle + 2 * floats(R);
    int64_t up = 2 * stream + most(router, most(shared, norm_sums(n)));

    return most(forward, floats(n->T * e->top_k) + rows + most(down, up));
}

static int64_t head(const need *n)
{
    need chunk = *n;

    chunk.T = vsh_logit_chunk(n->m->vocab, n->T);
    chunk.blocks = (chunk.T + ROW_BLOCK - 1) / ROW_BLOCK;
    return rounded(8 * n->T) + stored(&chunk, chunk.T * n->C) + norm_sums(&chunk);
}

vsh_workspace vsh_workspace_of(const vsh_model *m, const vsh_work *w, bool jitter)
{
    need n = {.m = m,
              .w = w,
              .jitter = jitter,
              .T = w->sequences * w->seq,
              .C = m->hidden,
              .a = vsh_activation_bytes(w->precision)};
    int64_t peak, chunk = vsh_logit_chunk(m->vocab, n.T), always;
    bool sharing = false;
    vsh_workspace bytes;

    n.blocks = (n.T + ROW_BLOCK - 1) / ROW_BLOCK;
    peak = head(&n);
    for (int64_t l = 0; l < m->layers; l++) {
        peak = most(peak, attention(&n, &m->layer[l]));
        peak = most(peak, m->layer[l].experts ? experts(&n) : dense(&n));
        sharing |= !m->layer[l].own_kv;
    }
    /* the gradient of the stream; of keys and values that layers share; the rotary table */
    always = stored(&n, n.T * n.C);
    always += sharing ? stored(&n, n.T * 2 * m->kv_heads * m->head_dim) : 0;
    always += m->position == VSH_POSITION_ROTARY ? floats(w->seq * m->head_dim) : 0;
    bytes.logits = floats(chunk * m->vocab) + (n.a == 4 ? 0 : stored(&n, chunk * m->vocab));
    bytes.transient = always + peak;
    return bytes;
}
