#include "trainer/nn/feed_ref.h"

#include <assert.h>
#include <math.h>

#include "core/rng.h"
#include "trainer/nn/activation.h"

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

static int32_t *integers(vsh_pass_ref *pass, int64_t count)
{
    int32_t *room = vsh_alloc(&pass->arena, (size_t)count, sizeof *room);

    assert(room);
    return room;
}

static vsh_route_shape route_shape(const vsh_pass_ref *pass)
{
    const vsh_experts *e = &pass->model->experts;
    double share = e->capacity * (double)(e->top_k * pass->tokens) / (double)e->count;
    vsh_route_shape shape = vsh_route_shape_of(e);

    shape.tokens = pass->tokens;
    shape.capacity = (int64_t)ceil(share);
    shape.balance = (float)pass->options->balance;
    shape.z = (float)pass->options->z;
    return shape;
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
    vsh_route_forward_ref(&keep->route, keep->logits,
                          at->correction < 0 ? NULL : pass->weights + at->correction,
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
        vsh_add_ref(pass->tokens * hidden, one, out);
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
    vsh_add_ref(count, drouted, dn2);
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

/* ---- either -------------------------------------------------------------------------------- */

void vsh_feed_forward_ref(vsh_pass_ref *pass, int64_t l, double *out)
{
    double *pre, *act;
    mlp f;

    if (pass->model->layer[l].experts) {
        experts_forward(pass, l, out);
        return;
    }
    f = dense_of(pass, l);
    mlp_forward(pass, &f, pass->tokens, pass->layer[l].n2, &pre, &act, out);
}

void vsh_feed_backward_ref(vsh_pass_ref *pass, int64_t l, const double *dout, double *dn2)
{
    mlp f;

    if (pass->model->layer[l].experts) {
        experts_backward(pass, l, dout, dn2);
        return;
    }
    f = dense_of(pass, l);
    mlp_backward(pass, &f, pass->tokens, pass->layer[l].n2, dout, dn2);
}
