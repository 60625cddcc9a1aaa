#include "core/clock.h"
#include "trainer/nn/attention.h"
#include "trainer/nn/linear.h"
#include "trainer/nn/network_inside.h"
#include "trainer/nn/rotary.h"

static int64_t qkv_width(const vsh_network *net, const vsh_network_layer *layer)
{
    return net->q_width + (layer->what.own_kv ? 2 * net->kv_width : 0);
}

static vsh_weight_product qkv_product(const vsh_network *net, const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->tokens, qkv_width(net, layer), net->model->hidden,
                                layer->at->qkv};
}
static int qkv_op(const vsh_network_layer *layer, vsh_phase phase)
{
    return layer->sites.at[layer->what.own_kv ? VSH_SITE_QKV : VSH_SITE_Q][phase];
}
static vsh_weight_product out_product(const vsh_network *net, const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->tokens, net->model->hidden, net->q_width, layer->at->out};
}

/* Keys and values as this layer reads them. */
typedef struct {
    const void *k, *v;
    int64_t stride;
} keys;

static keys keys_of(const vsh_network *net, const vsh_network_layer *layer)
{
    const vsh_network_layer *owner = &net->layer[layer->owner];
    const void *kept = owner->room.kept_kv;

    if (kept && owner != layer)
        return (keys){kept, vsh_at_const(kept, net->element, net->kv_width), 2 * net->kv_width};
    return (keys){vsh_at_const(owner->room.qkv, net->element, net->q_width),
                  vsh_at_const(owner->room.qkv, net->element, net->q_width + net->kv_width),
                  net->q_width + 2 * net->kv_width};
}

static vsh_attention_shape shape_of(const vsh_network *net, const vsh_network_layer *layer)
{
    const vsh_model *m = net->model;

    return (vsh_attention_shape){.element = net->element,
                                 .sequences = net->work.sequences,
                                 .seq = net->work.seq,
                                 .heads = m->heads,
                                 .kv_heads = m->kv_heads,
                                 .head_dim = m->head_dim,
                                 .window = layer->what.window,
                                 .q_stride = qkv_width(net, layer),
                                 .kv_stride = keys_of(net, layer).stride,
                                 .out_stride = net->q_width};
}

/* Multiply-adds of one product of the core: every tile that ran, in every head. */
static int64_t core_macs(const vsh_network *net, const vsh_network_layer *layer)
{
    return vsh_attention_tiled_pairs(net->work.seq, layer->what.window) * net->model->head_dim *
           net->model->heads * net->work.sequences;
}

static void count_core(vsh_network *net, const vsh_network_layer *layer, const int *ops, int count,
                       double seconds)
{
    for (int i = 0; i < count; i++) /* they run fused: each gets its share of the time */
        vsh_meter_add(&net->meter, ops[i], core_macs(net, layer), seconds / count);
}

static void run_core(vsh_network *net, vsh_network_layer *layer, vsh_phase phase, void *out,
                     float *lse)
{
    vsh_attention_shape shape = shape_of(net, layer);
    keys read = keys_of(net, layer);
    const int ops[] = {layer->sites.at[VSH_SITE_SCORES][phase],
                       layer->sites.at[VSH_SITE_VALUES][phase]};
    double start = vsh_clock_now().v;

    vsh_attention_forward(&net->nn, &shape, layer->room.qkv, read.k, read.v, out, lse);
    count_core(net, layer, ops, 2, vsh_clock_now().v - start);
}

static void rotate(vsh_network *net, const vsh_network_layer *layer, bool back, void *qkv)
{
    const vsh_model *m = net->model;
    int64_t heads = m->heads + (layer->what.own_kv ? m->kv_heads : 0);

    if (m->position == VSH_POSITION_ROTARY)
        vsh_rotary(&net->nn, net->element, net->tokens, net->work.seq, 0, heads, m->head_dim,
                   qkv_width(net, layer), net->rotary, back, qkv);
}

void vsh_attention_part(vsh_network *net, vsh_network_layer *layer, vsh_phase phase)
{
    int64_t mark = net->stack.used, width = qkv_width(net, layer);
    vsh_layer_room *room = &layer->room;
    vsh_weight_product qkv = qkv_product(net, layer), project = out_product(net, layer);
    void *n = vsh_push_elements(net, net->tokens * net->model->hidden), *out = room->out;
    float *lse = room->lse;

    VSH_TIMED(net, layer->sites.at[VSH_SITE_NORM][phase],
              vsh_network_norm(net, layer->at, 0, net->tokens, room->x, n));
    vsh_product_forward(net, qkv_op(layer, phase), &qkv, n, room->qkv, width, false);
    vsh_pop(&net->stack, mark);
    vsh_network_bias(net, layer->at->qkv_bias, net->tokens, width, room->qkv);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_ROTARY][phase], rotate(net, layer, false, room->qkv));
    if (room->kept_kv)
        vsh_copy_columns(&net->nn, net->element, net->tokens, 2 * net->kv_width,
                         vsh_at_const(room->qkv, net->element, net->q_width), width, room->kept_kv,
                         2 * net->kv_width);
    if (!out) { /* selective recomputation keeps neither */
        out = vsh_push_elements(net, net->tokens * net->q_width);
        lse = vsh_push(&net->stack, 4 * net->tokens * net->model->heads);
    }
    run_core(net, layer, phase, out, lse);
    VSH_TIMED(
        net, layer->sites.at[VSH_SITE_RESIDUAL][phase],
        vsh_copy(&net->nn, net->element, net->tokens * net->model->hidden, room->x, room->x1));
    vsh_product_forward(net, layer->sites.at[VSH_SITE_OUT][phase], &project, out, room->x1,
                        net->model->hidden, true);
    vsh_network_bias(net, layer->at->out_bias, net->tokens, net->model->hidden, room->x1);
    vsh_pop(&net->stack, mark);
}

/* Gradients of the core into dqkv; those of keys and values that several layers read are summed in
 * net->dkv until the layer that made them. */
static void core_backward(vsh_network *net, vsh_network_layer *layer, const void *out,
                          const float *lse, const void *dout, void *dqkv, float *delta)
{
    vsh_attention_shape shape = shape_of(net, layer);
    keys read = keys_of(net, layer);
    bool shared = layer->followers || !layer->what.own_kv;
    bool core_ran_again = net->work.recompute != VSH_RECOMPUTE_NONE;
    int64_t width = qkv_width(net, layer);
    void *dk = shared ? net->dkv : vsh_at(dqkv, net->element, net->q_width);
    const int ops[] = {
        layer->sites.at[core_ran_again ? VSH_SITE_SCORES_TILES : VSH_SITE_SCORES][VSH_RECOMPUTE],
        layer->sites.at[VSH_SITE_VALUES_LEFT][VSH_DGRAD],
        layer->sites.at[VSH_SITE_VALUES_RIGHT][VSH_DGRAD],
        layer->sites.at[VSH_SITE_SCORES_LEFT][VSH_DGRAD],
        layer->sites.at[VSH_SITE_SCORES_RIGHT][VSH_DGRAD]};
    double start = vsh_clock_now().v;

    vsh_attention_backward(&net->nn, &shape, layer->room.qkv, read.k, read.v, out, lse, dout, dqkv,
                           dk, vsh_at(dk, net->element, net->kv_width), width,
                           shared ? 2 * net->kv_width : width, shared && net->dkv_begun, delta);
    count_core(net, layer, ops, 5, vsh_clock_now().v - start);
    net->dkv_begun = !layer->what.own_kv;
    if (layer->followers)
        vsh_copy_columns(&net->nn, net->element, net->tokens, 2 * net->kv_width, net->dkv,
                         2 * net->kv_width, vsh_at(dqkv, net->element, net->q_width), width);
}

/* From the gradient of the stream to that of q, k and v, rotated back. */
static void before_projection(vsh_network *net, vsh_network_layer *layer, void *dqkv)
{
    int64_t mark = net->stack.used;
    vsh_weight_product project = out_product(net, layer);
    void *out = layer->room.out, *dout;
    float *lse = layer->room.lse, *delta;

    if (!out) {
        out = vsh_push_elements(net, net->tokens * net->q_width);
        lse = vsh_push(&net->stack, 4 * net->tokens * net->model->heads);
        run_core(net, layer, VSH_RECOMPUTE, out, lse);
    }
    dout = vsh_push_elements(net, net->tokens * net->q_width);
    delta = vsh_push(&net->stack, 4 * net->tokens * net->model->heads);
    vsh_network_bias_backward(net, layer->at->out_bias, net->tokens, net->model->hidden, net->dx);
    vsh_product_wgrad(net, layer->sites.at[VSH_SITE_OUT][VSH_WGRAD], &project, net->dx,
                      net->model->hidden, out, net->add);
    vsh_product_dgrad(net, layer->sites.at[VSH_SITE_OUT][VSH_DGRAD], &project, net->dx,
                      net->model->hidden, dout, false);
    core_backward(net, layer, out, lse, dout, dqkv, delta);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_ROTARY][VSH_DGRAD], rotate(net, layer, true, dqkv));
    vsh_pop(&net->stack, mark);
}

void vsh_attention_part_backward(vsh_network *net, vsh_network_layer *layer)
{
    int64_t mark = net->stack.used, width = qkv_width(net, layer);
    int64_t stream = net->tokens * net->model->hidden;
    vsh_weight_product qkv = qkv_product(net, layer);
    void *dqkv = vsh_push_elements(net, net->tokens * width), *n, *dn;

    before_projection(net, layer, dqkv);
    vsh_network_bias_backward(net, layer->at->qkv_bias, net->tokens, width, dqkv);
    n = vsh_push_elements(net, stream);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_NORM][VSH_RECOMPUTE],
              vsh_network_norm(net, layer->at, 0, net->tokens, layer->room.x, n));
    vsh_product_wgrad(net, qkv_op(layer, VSH_WGRAD), &qkv, dqkv, width, n, net->add);
    dn = n; /* the normed input has been read for the last time */
    vsh_product_dgrad(net, qkv_op(layer, VSH_DGRAD), &qkv, dqkv, width, dn, false);
    VSH_TIMED(
        net, layer->sites.at[VSH_SITE_NORM][VSH_DGRAD],
        vsh_network_norm_backward(net, layer->at, 0, net->tokens, layer->room.x, dn, net->dx));
    vsh_pop(&net->stack, mark);
}
