#include "trainer/nn/layer_ref.h"

#include <string.h>

#include "trainer/nn/attention.h"
#include "trainer/nn/feed_ref.h"
#include "trainer/nn/rotary.h"

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

/* ---- the layer ----------------------------------------------------------------------------- */

void vsh_layer_forward_ref(vsh_pass_ref *pass, int64_t l, double *x, double *out)
{
    const vsh_model *m = pass->model;
    const vsh_layer_offsets *at = &pass->offsets->layer[l];
    vsh_layer_ref *keep = &pass->layer[l];
    int64_t count = pass->tokens * m->hidden;
    double *part = vsh_doubles_ref(pass, count);

    keep->x = x;
    keep->n1 = vsh_doubles_ref(pass, count);
    keep->middle = vsh_doubles_ref(pass, count);
    keep->n2 = vsh_doubles_ref(pass, count);
    vsh_pass_norm_ref(pass, at->norm[0], at->norm_bias[0], x, keep->n1);
    attention_forward(pass, l);
    vsh_linear_forward_ref(pass, pass->tokens, m->hidden, m->heads * m->head_dim, keep->mix,
                           at->out, at->out_bias, keep->middle);
    vsh_add_ref(count, x, keep->middle);
    vsh_pass_norm_ref(pass, at->norm[1], at->norm_bias[1], keep->middle, keep->n2);
    vsh_feed_forward_ref(pass, l, part);
    memcpy(out, keep->middle, (size_t)count * sizeof *out);
    vsh_add_ref(count, part, out);
}

void vsh_layer_backward_ref(vsh_pass_ref *pass, int64_t l, double *dx)
{
    const vsh_model *m = pass->model;
    const vsh_layer_offsets *at = &pass->offsets->layer[l];
    vsh_layer_ref *keep = &pass->layer[l];
    int64_t count = pass->tokens * m->hidden, q_width = m->heads * m->head_dim;
    double *dn2 = vsh_doubles_ref(pass, count), *dn1 = vsh_doubles_ref(pass, count);
    double *dmix = vsh_doubles_ref(pass, pass->tokens * q_width);

    vsh_feed_backward_ref(pass, l, dx, dn2);
    vsh_pass_norm_backward_ref(pass, at->norm[1], at->norm_bias[1], keep->middle, dn2, dx);
    vsh_linear_backward_ref(pass, pass->tokens, m->hidden, q_width, keep->mix, at->out,
                            at->out_bias, dx, dmix);
    attention_backward(pass, l, dmix, dn1);
    vsh_pass_norm_backward_ref(pass, at->norm[0], at->norm_bias[0], keep->x, dn1, dx);
}
