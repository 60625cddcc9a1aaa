#include "trainer/nn/layer_ref.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "trainer/nn/activation.h"
#include "trainer/nn/attention.h"
#include "trainer/nn/norm.h"
#include "trainer/nn/rotary.h"

double *vsh_doubles_ref(vsh_pass_ref *pass, int64_t count)
{
    double *room = vsh_alloc(&pass->arena, (size_t)count, sizeof *room);

    assert(room);
    return room;
}

static int32_t *integers(vsh_pass_ref *pass, int64_t count)
{
    int32_t *room = vsh_alloc(&pass->arena, (size_t)count, sizeof *room);

    assert(room);
    return room;
}

static void add(int64_t count, const double *from, double *to)
{
    for (int64_t i = 0; i < count; i++)
        to[i] += from[i];
}

/* Where a parameter of this offset, or its gradient, lies; NULL for one the model has not. */
static const double *weight_at(const vsh_pass_ref *pass, int64_t offset)
{
    return offset < 0 ? NULL : pass->weights + offset;
}
static double *gradient_at(const vsh_pass_ref *pass, int64_t offset)
{
    return offset < 0 ? NULL : pass->gradients + offset;
}

/* ---- products and norms -------------------------------------------------------------------- */

void vsh_linear_forward_ref(const vsh_pass_ref *pass, int64_t rows, int64_t n, int64_t k,
                            const double *x, int64_t weight, int64_t bias, double *y)
{
    const double *w = weight_at(pass, weight), *b = weight_at(pass, bias);

    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < n; i++) {
            double sum = b ? b[i] : 0;
            for (int64_t j = 0; j < k; j++)
                sum += x[r * k + j] * w[i * k + j];
            y[r * n + i] = sum;
        }
}

void vsh_linear_backward_ref(const vsh_pass_ref *pass, int64_t rows, int64_t n, int64_t k,
                             const double *x, int64_t weight, int64_t bias, const double *dy,
                             double *dx)
{
    const double *w = weight_at(pass, weight);
    double *dw = gradient_at(pass, weight), *db = gradient_at(pass, bias);

    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < n; i++) {
            double g = dy[r * n + i];
            if (db)
                db[i] += g;
            for (int64_t j = 0; j < k; j++) {
                dw[i * k + j] += g * x[r * k + j];
                dx[r * k + j] += g * w[i * k + j];
            }
        }
}

void vsh_pass_norm_ref(const vsh_pass_ref *pass, int64_t weight, int64_t bias, const double *x,
                       double *out)
{
    vsh_norm_forward_ref(pass->model->norm != VSH_NORM_RMS, pass->tokens, pass->model->hidden, x,
                         weight_at(pass, weight), weight_at(pass, bias), out);
}

void vsh_pass_norm_backward_ref(const vsh_pass_ref *pass, int64_t weight, int64_t bias,
                                const double *x, const double *dout, double *dx)
{
    vsh_norm_backward_ref(pass->model->norm != VSH_NORM_RMS, pass->tokens, pass->model->hidden, x,
                          weight_at(pass, weight), dout, dx, gradient_at(pass, weight),
                          gradient_at(pass, bias));
}

/* ---- attention ----------------------------------------------------------------------------- */

/* Offsets of the three projections of a layer, and the widths of a token's row. */
typedef struct {
    int64_t q, k, v, q_bias, k_bias, v_bias;
    int64_t q_width, kv_width;
} projections;

static projections projections_of(const vsh_pass_ref *pass, int64_t l)
{
    const vsh_model *m = pass->model;
    const vsh_layer_offsets *at = &pass->offsets->layer[l];
    int64_t qw = m->heads * m->head_dim, kw = m->kv_heads * m->head_dim;
    bool biased = at->qkv_bias >= 0;

    return (projections){.q = at->qkv,
                         .k = at->qkv + qw * m->hidden,
                         .v = at->qkv + (qw + kw) * m->hidden,
                         .q_bias = at->qkv_bias,
                         .k_bias = biased ? at->qkv_bias + qw : -1,
                         .v_bias = biased ? at->qkv_bias + qw + kw : -1,
                         .q_width = qw,
                         .kv_width = kw};
}

/* The nearest layer up to l with keys and values of its own. */
static vsh_layer_ref *keys_of(const vsh_pass_ref *pass, int64_t l)
{
    while (!pass->model->layer[l].own_kv)
        l--;
    return &pass->layer[l];
}

static void rotate(const vsh_pass_ref *pass, int64_t heads, bool back, double *x)
{
    const vsh_model *m = pass->model;

    if (m->position == VSH_POSITION_ROTARY)
        vsh_rotary_ref(pass->tokens, pass->seq, 0, heads, m->head_dim, heads * m->head_dim, back,
                       x);
}

static void attention_forward(vsh_pass_ref *pass, int64_t l)
{
    const vsh_model *m = pass->model;
    vsh_layer_ref *keep = &pass->layer[l], *keys = keys_of(pass, l);
    projections p = projections_of(pass, l);

    keep->q = vsh_doubles_ref(pass, pass->tokens * p.q_width);
    keep->mix = vsh_doubles_ref(pass, pass->tokens * p.q_width);
    vsh_linear_forward_ref(pass, pass->tokens, p.q_width, m->hidden, keep->n1, p.q, p.q_bias,
                           keep->q);
    rotate(pass, m->heads, false, keep->q);
    if (m->layer[l].own_kv) {
        keep->k = vsh_doubles_ref(pass, pass->tokens * p.kv_width);
        keep->v = vsh_doubles_ref(pass, pass->tokens * p.kv_width);
        keep->dk = vsh_doubles_ref(pass, pass->tokens * p.kv_width);
        keep->dv = vsh_doubles_ref(pass, pass->tokens * p.kv_width);
        vsh_linear_forward_ref(pass, pass->tokens, p.kv_width, m->hidden, keep->n1, p.k, p.k_bias,
                               keep->k);
        vsh_linear_forward_ref(pass, pass->tokens, p.kv_width, m->hidden, keep->n1, p.v, p.v_bias,
                               keep->v);
        rotate(pass, m->kv_heads, false, keep->k);
    }
    vsh_attention_forward_ref(pass->sequences, pass->seq, m->heads, m->kv_heads, m->head_dim,
                              m->layer[l].window, keep->q, keys->k, keys->v, keep->mix);
}

/* dmix (T, H D) to dn1 (T,C), which is added to. Keys and values wait, in dk and dv, for all the
 * layers that read them; their own layer comes last. */
static void attention_backward(vsh_pass_ref *pass, int64_t l, const double *dmix, double *dn1)
{
    const vsh_model *m = pass->model;
    vsh_layer_ref *keep = &pass->layer[l], *keys = keys_of(pass, l);
    projections p = projections_of(pass, l);
    double *dq = vsh_doubles_ref(pass, pass->tokens * p.q_width);

    vsh_attention_backward_ref(pass->sequences, pass->seq, m->heads, m->kv_heads, m->head_dim,
                               m->layer[l].window, keep->q, keys->k, keys->v, dmix, dq, keys->dk,
                               keys->dv);
    rotate(pass, m->heads, true, dq);
    vsh_linear_backward_ref(pass, pass->tokens, p.q_width, m->hidden, keep->n1, p.q, p.q_bias, dq,
                            dn1);
    if (!m->layer[l].own_kv)
        return;
    rotate(pass, m->kv_heads, true, keep->dk);
    vsh_linear_backward_ref(pass, pass->tokens, p.kv_width, m->hidden, keep->n1, p.k, p.k_bias,
                            keep->dk, dn1);
    vsh_linear_backward_ref(pass, pass->tokens, p.kv_width, m->hidden, keep->n1, p.v, p.v_bias,
                            keep->dv, dn1);
}

/* ---- MLPs ---------------------------------------------------------------------------------- */

/* One MLP: the layer's, a shared one or an expert. Offsets of parameters. */
typedef struct {
    int64_t width, up, up_bias, down, down_bias;
} mlp;

/* out (rows, C) is written; pre (rows, ups F) and act (rows, F) are made on the way. */
static void mlp_forward(vsh_pass_ref *pass, const mlp *f, int64_t rows, const double *x,
                        double **pre, double **act, double *out)
{
    const vsh_model *m = pass->model;
    int64_t wide = f->width * (vsh_model_gated(m) ? 2 : 1);

    *pre = vsh_doubles_ref(pass, rows * wide);
    *act = vsh_doubles_ref(pass, rows * f->width);
    vsh_linear_forward_ref(pass, rows, wide, m->hidden, x, f->up, f->up_bias, *pre);
    vsh_activation_forward_ref((vsh_mlp)m->mlp, rows, f->width, *pre, *act);
    vsh_linear_forward_ref(pass, rows, m->hidden, f->width, *act, f->down, f->down_bias, out);
}

/* dx is added to. The middle is made again. */
static void mlp_backward(vsh_pass_ref *pass, const mlp *f, int64_t rows, const double *x,
                         const double *dout, double *dx)
{
    const vsh_model *m = pass->model;
    int64_t wide = f->width * (vsh_model_gated(m) ? 2 : 1);
    double *pre, *act, *out = vsh_doubles_ref(pass, rows * m->hidden);
    double *dact = vsh_doubles_ref(pass, rows * f->width);
    double *dpre = vsh_doubles_ref(pass, rows * wide);

    mlp_forward(pass, f, rows, x, &pre, &act, out);
    vsh_linear_backward_ref(pass, rows, m->hidden, f->width, act, f->down, f->down_bias, dout,
                            dact);
    vsh_activation_backward_ref((vsh_mlp)m->mlp, rows, f->width, pre, dact, dpre);
    vsh_linear_backward_ref(pass, rows, wide, m->hidden, x, f->up, f->up_bias, dpre, dx);
}

static mlp dense_of(const vsh_pass_ref *pass, int64_t l)
{
    const vsh_layer_offsets *at = &pass->offsets->layer[l];

    return (mlp){pass->model->ffn, at->up, at->up_bias, at->down, at->down_bias};
}

static mlp shared_of(const vsh_pass_ref *pass, int64_t l)
{
    const vsh_layer_offsets *at = &pass->offsets->layer[l];
    const vsh_experts *e = &pass->model->experts;

    return (mlp){e->shared * e->shared_hidden, at->shared_up, -1, at->shared_down, -1};
}

static mlp expert_of(const vsh_pass_ref *pass, int64_t l, int64_t expert)
{
    const vsh_layer_offsets *at = &pass->offsets->layer[l];

    return (mlp){pass->model->experts.hidden, at->expert_up + expert * at->expert_stride, -1,
                 at->expert_down + expert * at->expert_stride, -1};
}

/* ---- experts ------------------------------------------------------------------------------- */

static vsh_route_shape route_shape(const vsh_pass_ref *pass)
{
    const vsh_experts *e = &pass->model->experts;
    double share = e->capacity * (double)(e->top_k * pass->tokens) / (double)e->count;

    return (vsh_route_shape){.tokens = pass->tokens,
                             .experts = e->count,
                             .top_k = e->top_k,
                             .capacity = (int64_t)ceil(share),
                             .gate = e->correction_bias ? VSH_GATE_SIGMOID : VSH_GATE_SOFTMAX,
                             .normalize = true,
                             .balance = (float)pass->options->balance,
                             .z = (float)pass->options->z};
}

/* x times uniform(1 - jitter, 1 + jitter), element by element */
static void jitter(const vsh_pass_ref *pass, int64_t l, const double *x, double *out)
{
    const vsh_network_ref_options *o = pass->options;

    for (int64_t i = 0; i < pass->tokens * pass->model->hidden; i++) {
        double u = vsh_random_uniform(o->jitter_seed, o->jitter_stream + (uint64_t)l, (uint64_t)i);
        out[i] = x[i] * (1 + o->jitter * (2 * u - 1));
    }
}

static void route_forward(vsh_pass_ref *pass, int64_t l)
{
    const vsh_layer_offsets *at = &pass->offsets->layer[l];
    vsh_layer_ref *keep = &pass->layer[l];
    int64_t tokens = pass->tokens, experts = pass->model->experts.count,
            choices = tokens * pass->model->experts.top_k, hidden = pass->model->hidden;

    keep->route = route_shape(pass);
    keep->routed = vsh_doubles_ref(pass, tokens * hidden);
    keep->logits = vsh_doubles_ref(pass, tokens * experts);
    keep->probability = vsh_doubles_ref(pass, tokens * experts);
    keep->weight = vsh_doubles_ref(pass, choices);
    keep->choice = integers(pass, choices);
    keep->slot = integers(pass, choices);
    jitter(pass, l, keep->n2, keep->routed);
    vsh_linear_forward_ref(pass, tokens, experts, hidden, keep->routed, at->router, -1,
                           keep->logits);
    vsh_route_forward_ref(&keep->route, keep->logits, weight_at(pass, at->correction),
                          keep->probability, keep->choice, keep->weight, keep->slot,
                          integers(pass, experts + 1), &keep->balance, &keep->z);
}

/* out (T,C) += what the chosen experts, and the shared ones, make of n2. */
static void experts_forward(vsh_pass_ref *pass, int64_t l, double *out)
{
    const vsh_layer_ref *keep = &pass->layer[l];
    int64_t hidden = pass->model->hidden, top_k = pass->model->experts.top_k;
    double *pre, *act, *one = vsh_doubles_ref(pass, pass->tokens * hidden);

    route_forward(pass, l);
    for (int64_t i = 0; i < pass->tokens * top_k; i++) {
        mlp f = expert_of(pass, l, keep->choice[i]);
        int64_t token = i / top_k * hidden;
        if (keep->slot[i] < 0)
            continue;
        mlp_forward(pass, &f, 1, keep->n2 + token, &pre, &act, one);
        for (int64_t c = 0; c < hidden; c++)
            out[token + c] += keep->weight[i] * one[c];
    }
    if (pass->model->experts.shared) {
        mlp f = shared_of(pass, l);
        mlp_forward(pass, &f, pass->tokens, keep->n2, &pre, &act, one);
        add(pass->tokens * hidden, one, out);
    }
}

/* dn2 is added to. */
static void route_backward(vsh_pass_ref *pass, int64_t l, const double *dweight, double *dn2)
{
    const vsh_layer_ref *keep = &pass->layer[l];
    int64_t count = pass->tokens * pass->model->hidden, experts = pass->model->experts.count;
    double *dlogits = vsh_doubles_ref(pass, pass->tokens * experts);
    double *drouted = vsh_doubles_ref(pass, count);

    vsh_route_backward_ref(&keep->route, keep->logits, keep->probability, keep->choice,
                           keep->weight, dweight, 1, dlogits);
    vsh_linear_backward_ref(pass, pass->tokens, experts, pass->model->hidden, keep->routed,
                            pass->offsets->layer[l].router, -1, dlogits, drouted);
    jitter(pass, l, drouted, drouted);
    add(count, drouted, dn2);
}

static void experts_backward(vsh_pass_ref *pass, int64_t l, const double *dout, double *dn2)
{
    const vsh_layer_ref *keep = &pass->layer[l];
    int64_t hidden = pass->model->hidden, top_k = pass->model->experts.top_k;
    double *pre, *act, *one = vsh_doubles_ref(pass, hidden), *done = vsh_doubles_ref(pass, hidden);
    double *dweight = vsh_doubles_ref(pass, pass->tokens * top_k);

    for (int64_t i = 0; i < pass->tokens * top_k; i++) {
        mlp f = expert_of(pass, l, keep->choice[i]);
        int64_t token = i / top_k * hidden;
        if (keep->slot[i] < 0)
            continue;
        mlp_forward(pass, &f, 1, keep->n2 + token, &pre, &act, one);
        for (int64_t c = 0; c < hidden; c++) {
            dweight[i] += dout[token + c] * one[c];
            done[c] = keep->weight[i] * dout[token + c];
        }
        mlp_backward(pass, &f, 1, keep->n2 + token, done, dn2 + token);
    }
    route_backward(pass, l, dweight, dn2);
    if (pass->model->experts.shared) {
        mlp f = shared_of(pass, l);
        mlp_backward(pass, &f, pass->tokens, keep->n2, dout, dn2);
    }
}

/* ---- the layer ----------------------------------------------------------------------------- */

void vsh_layer_forward_ref(vsh_pass_ref *pass, int64_t l, double *x, double *out)
{
    const vsh_model *m = pass->model;
    const vsh_layer_offsets *at = &pass->offsets->layer[l];
    vsh_layer_ref *keep = &pass->layer[l];
    int64_t count = pass->tokens * m->hidden;
    double *pre, *act, *part = vsh_doubles_ref(pass, count);

    keep->x = x;
    keep->n1 = vsh_doubles_ref(pass, count);
    keep->middle = vsh_doubles_ref(pass, count);
    keep->n2 = vsh_doubles_ref(pass, count);
    vsh_pass_norm_ref(pass, at->norm[0], at->norm_bias[0], x, keep->n1);
    attention_forward(pass, l);
    vsh_linear_forward_ref(pass, pass->tokens, m->hidden, m->heads * m->head_dim, keep->mix,
                           at->out, at->out_bias, keep->middle);
    add(count, x, keep->middle);
    vsh_pass_norm_ref(pass, at->norm[1], at->norm_bias[1], keep->middle, keep->n2);
    if (m->layer[l].experts) {
        experts_forward(pass, l, part);
    } else {
        mlp f = dense_of(pass, l);
        mlp_forward(pass, &f, pass->tokens, keep->n2, &pre, &act, part);
    }
    memcpy(out, keep->middle, (size_t)count * sizeof *out);
    add(count, part, out);
}

void vsh_layer_backward_ref(vsh_pass_ref *pass, int64_t l, double *dx)
{
    const vsh_model *m = pass->model;
    const vsh_layer_offsets *at = &pass->offsets->layer[l];
    vsh_layer_ref *keep = &pass->layer[l];
    int64_t count = pass->tokens * m->hidden, q_width = m->heads * m->head_dim;
    double *dn2 = vsh_doubles_ref(pass, count), *dn1 = vsh_doubles_ref(pass, count);
    double *dmix = vsh_doubles_ref(pass, pass->tokens * q_width);

    if (m->layer[l].experts) {
        experts_backward(pass, l, dx, dn2);
    } else {
        mlp f = dense_of(pass, l);
        mlp_backward(pass, &f, pass->tokens, keep->n2, dx, dn2);
    }
    vsh_pass_norm_backward_ref(pass, at->norm[1], at->norm_bias[1], keep->middle, dn2, dx);
    vsh_linear_backward_ref(pass, pass->tokens, m->hidden, q_width, keep->mix, at->out,
                            at->out_bias, dx, dmix);
    attention_backward(pass, l, dmix, dn1);
    vsh_pass_norm_backward_ref(pass, at->norm[0], at->norm_bias[0], keep->x, dn1, dx);
}
