#include <math.h>

#include "trainer/nn/activation.h"
#include "trainer/nn/linear.h"
#include "trainer/nn/network_inside.h"

static vsh_weight_product router_product(const vsh_network *net, const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->tokens, net->model->experts.count, net->model->hidden,
                                layer->at->router};
}
static vsh_weight_product up_product(const vsh_network *net, const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->rows, net->ups * net->model->experts.hidden,
                                net->model->hidden, layer->at->expert_up};
}
static vsh_weight_product down_product(const vsh_network *net, const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->rows, net->model->hidden, net->model->experts.hidden,
                                layer->at->expert_down};
}

static int64_t shared_width(const vsh_network *net)
{
    return net->model->experts.shared * net->model->experts.shared_hidden;
}
static vsh_weight_product shared_up_product(const vsh_network *net, const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->tokens, net->ups * shared_width(net), net->model->hidden,
                                layer->at->shared_up};
}
static vsh_weight_product shared_down_product(const vsh_network *net,
                                              const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->tokens, net->model->hidden, shared_width(net),
                                layer->at->shared_down};
}

static vsh_route_shape route_shape(const vsh_network *net)
{
    const vsh_experts *e = &net->model->experts;

    vsh_route_shape shape = vsh_route_shape_of(e);

    shape.tokens = net->tokens;
    shape.capacity = e->capacity > 0 ? net->rows / e->count : 0;
    shape.balance = (float)net->options.balance;
    shape.z = (float)net->options.z;
    return shape;
}

/* Each layer of each step has its own stream of random numbers. */
static void jitter(vsh_network *net, const vsh_network_layer *layer, const void *x, void *out)
{
    uint64_t stream = net->step * VSH_LAYERS_MAX + (uint64_t)layer->index;

    vsh_jitter(&net->nn, net->element, net->tokens * net->model->hidden, (float)net->options.jitter,
               net->options.seed, stream, x, out);
}

static bool jitters(const vsh_network *net) { return net->training && net->options.jitter > 0; }

/* Adds what one layer's routing reported. */
static void report(vsh_network *net, const vsh_route_report *one)
{
    vsh_network_report *all = net->report;

    all->balance += one->balance;
    all->z += one->z;
    all->dropped += one->dropped;
    all->routed += net->tokens * net->model->experts.top_k;
    all->load_max = fmax(all->load_max, one->load_max);
    all->entropy += one->entropy;
}

static void route(vsh_network *net, vsh_network_layer *layer, vsh_phase phase, const void *n)
{
    vsh_route_shape shape = route_shape(net);
    vsh_weight_product router = router_product(net, layer);
    int64_t mark = net->stack.used, *load = NULL;
    const float *bias = NULL;
    vsh_route_report one;

    if (jitters(net)) {
        void *shaken = vsh_push_elements(net, net->tokens * net->model->hidden);
        jitter(net, layer, n, shaken);
        n = shaken;
    }
    vsh_product_forward_wide(net, layer->sites.at[VSH_SITE_ROUTER][phase], &router, n,
                             layer->room.logits);
    if (layer->at->correction >= 0) {
        float *wide = vsh_push(&net->stack, 4 * shape.experts);
        const void *stored = vsh_weight(net, layer->at->correction);
        for (int64_t e = 0; e < shape.experts; e++)
            wide[e] = vsh_element_get(net->element, stored, e);
        bias = wide;
    }
    if (net->load && phase == VSH_FORWARD)
        load = net->load + layer->index * shape.experts;
    VSH_TIMED(net, layer->sites.at[VSH_SITE_ROUTE][phase],
              vsh_route_forward(&net->nn, &shape, layer->room.logits, bias, &layer->room.route,
                                load, &one));
    if (phase == VSH_FORWARD)
        report(net, &one);
    vsh_pop(&net->stack, mark);
}

/* The experts that every token uses; out (T,C) is added to, or NULL. */
static void shared_forward(vsh_network *net, vsh_network_layer *layer, vsh_phase phase,
                           const void *n, void *out)
{
    int64_t mark = net->stack.used, width = shared_width(net);
    vsh_weight_product up = shared_up_product(net, layer), down = shared_down_product(net, layer);
    void *h;

    if (width == 0)
        return;
    vsh_product_forward(net, layer->sites.at[VSH_SITE_SHARED_UP][phase], &up, n,
                        layer->room.shared_pre, net->ups * width, false);
    if (!out)
        return;
    h = vsh_push_elements(net, net->tokens * width);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_SHARED_ACT][phase],
              vsh_activation_forward(&net->nn, (vsh_mlp)net->model->mlp, net->element, net->tokens,
                                     width, layer->room.shared_pre, h));
    vsh_product_forward(net, layer->sites.at[VSH_SITE_SHARED_DOWN][phase], &down, h, out,
                        net->model->hidden, true);
    vsh_pop(&net->stack, mark);
}

void vsh_experts_part(vsh_network *net, vsh_network_layer *layer, vsh_phase phase, void *next)
{
    const vsh_model *m = net->model;
    int64_t mark = net->stack.used;
    vsh_weight_product up = up_product(net, layer), down = down_product(net, layer);
    vsh_route_shape shape = route_shape(net);
    const vsh_route *routing = &layer->room.route;
    void *n = vsh_push_elements(net, net->tokens * m->hidden), *rows, *h;

    VSH_TIMED(net, layer->sites.at[VSH_SITE_NORM][phase],
              vsh_network_norm(net, layer->at, 1, net->tokens, layer->room.x1, n));
    route(net, layer, phase, n);
    if (next)
        VSH_TIMED(net, layer->sites.at[VSH_SITE_RESIDUAL][phase],
                  vsh_copy(&net->nn, net->element, net->tokens * m->hidden, layer->room.x1, next));
    shared_forward(net, layer, phase, n, next);
    rows = vsh_push_elements(net, net->rows * m->hidden);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_DISPATCH][phase],
              vsh_dispatch(&net->nn, &shape, net->element, m->hidden, routing, n, rows));
    vsh_experts_forward(net, layer->sites.at[VSH_SITE_EXPERT_UP][phase], &up, routing->first,
                        layer->at->expert_stride, rows, layer->room.pre);
    if (next) {
        h = vsh_push_elements(net, net->rows * m->experts.hidden);
        VSH_TIMED(net, layer->sites.at[VSH_SITE_EXPERT_ACT][phase],
                  vsh_activation_forward(&net->nn, (vsh_mlp)m->mlp, net->element, net->rows,
                                         m->experts.hidden, layer->room.pre, h));
        vsh_experts_forward(net, layer->sites.at[VSH_SITE_EXPERT_DOWN][phase], &down,
                            routing->first, layer->at->expert_stride, h, rows);
        VSH_TIMED(net, layer->sites.at[VSH_SITE_COMBINE][phase],
                  vsh_combine(&net->nn, &shape, net->element, m->hidden, routing, true, true, rows,
                              next));
    }
    vsh_pop(&net->stack, mark);
}

/* From the gradient of the stream to that of the experts' pre-activations and of the weights of
 * the choices; weight gradients of the down products on the way. The gradient of an expert's
 * output times its weight is weight dy: scaling the activations instead of dy keeps dy whole for
 * the gradient of the weight. */
static void down_backward(vsh_network *net, vsh_network_layer *layer, float *dweight, void *dy)
{
    const vsh_model *m = net->model;
    int64_t mark = net->stack.used;
    vsh_weight_product down = down_product(net, layer);
    vsh_route_shape shape = route_shape(net);
    const vsh_route *routing = &layer->room.route;
    void *dh = vsh_push_elements(net, net->rows * m->experts.hidden);
    float *weight = vsh_push(&net->stack, 4 * net->rows);
    float *gradient = vsh_push(&net->stack, 4 * net->rows);

    VSH_TIMED(net, layer->sites.at[VSH_SITE_COMBINE][VSH_DGRAD],
              vsh_dispatch(&net->nn, &shape, net->element, m->hidden, routing, net->dx, dy));
    vsh_experts_dgrad(net, layer->sites.at[VSH_SITE_EXPERT_DOWN][VSH_DGRAD], &down, routing->first,
                      layer->at->expert_stride, dy, dh);
    vsh_weights_to_rows(&shape, routing, routing->weight, weight);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_EXPERT_ACT][VSH_DGRAD],
              vsh_activation_backward(&net->nn, (vsh_mlp)m->mlp, net->element, net->rows,
                                      m->experts.hidden, layer->room.pre, dh, weight, gradient));
    vsh_rows_to_weights(&shape, routing, gradient, dweight);
    vsh_experts_wgrad(net, layer->sites.at[VSH_SITE_EXPERT_DOWN][VSH_WGRAD], &down, routing->first,
                      layer->at->expert_stride, dy, dh);
    vsh_pop(&net->stack, mark);
}

/* Of the router's product; dn (T,C) is added to. */
static void router_backward(vsh_network *net, vsh_network_layer *layer, const float *dweight,
                            const void *n, void *dn)
{
    int64_t mark = net->stack.used, stream = net->tokens * net->model->hidden;
    vsh_route_shape shape = route_shape(net);
    vsh_weight_product router = router_product(net, layer);
    int64_t scores = net->tokens * shape.experts;
    float *dlogits = vsh_push(&net->stack, 4 * scores);
    void *stored = dlogits, *shaken = NULL;
    int dgrad = layer->sites.at[VSH_SITE_ROUTER][VSH_DGRAD],
        wgrad = layer->sites.at[VSH_SITE_ROUTER][VSH_WGRAD];

    VSH_TIMED(net, layer->sites.at[VSH_SITE_ROUTE][VSH_DGRAD],
              vsh_route_backward(&net->nn, &shape, layer->room.logits, &layer->room.route, dweight,
                                 1.0F, dlogits));
    if (net->element != VSH_F32) {
        stored = vsh_push_elements(net, scores);
        vsh_round(&net->nn, scores, dlogits, stored);
    }
    if (!jitters(net)) {
        vsh_product_wgrad(net, wgrad, &router, stored, shape.experts, n, net->add);
        vsh_product_dgrad(net, dgrad, &router, stored, shape.experts, dn, true);
    } else {
        shaken = vsh_push_elements(net, stream);
        jitter(net, layer, n, shaken);
        vsh_product_wgrad(net, wgrad, &router, stored, shape.experts, shaken, net->add);
        vsh_product_dgrad(net, dgrad, &router, stored, shape.experts, shaken, false);
        jitter(net, layer, shaken, shaken);
        vsh_add(&net->nn, net->element, stream, shaken, dn);
    }
    vsh_pop(&net->stack, mark);
}

static void shared_backward(vsh_network *net, vsh_network_layer *layer, const void *n, void *dn)
{
    int64_t mark = net->stack.used, width = shared_width(net);
    vsh_weight_product up = shared_up_product(net, layer), down = shared_down_product(net, layer);
    const vsh_sites *sites = &layer->sites;
    void *dh;

    if (width == 0)
        return;
    dh = vsh_push_elements(net, net->tokens * width);
    vsh_product_dgrad(net, sites->at[VSH_SITE_SHARED_DOWN][VSH_DGRAD], &down, net->dx,
                      net->model->hidden, dh, false);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_SHARED_ACT][VSH_DGRAD],
              vsh_activation_backward(&net->nn, (vsh_mlp)net->model->mlp, net->element, net->tokens,
                                      width, layer->room.shared_pre, dh, NULL, NULL));
    vsh_product_wgrad(net, sites->at[VSH_SITE_SHARED_DOWN][VSH_WGRAD], &down, net->dx,
                      net->model->hidden, dh, net->add);
    vsh_product_wgrad(net, sites->at[VSH_SITE_SHARED_UP][VSH_WGRAD], &up, layer->room.shared_pre,
                      net->ups * width, n, net->add);
    vsh_product_dgrad(net, sites->at[VSH_SITE_SHARED_UP][VSH_DGRAD], &up, layer->room.shared_pre,
                      net->ups * width, dn, true);
    vsh_pop(&net->stack, mark);
}

void vsh_experts_part_backward(vsh_network *net, vsh_network_layer *layer)
{
    const vsh_model *m = net->model;
    int64_t mark = net->stack.used, stream = net->tokens * m->hidden;
    vsh_weight_product up = up_product(net, layer);
    vsh_route_shape shape = route_shape(net);
    const vsh_route *routing = &layer->room.route;
    float *dweight = vsh_push(&net->stack, 4 * net->tokens * m->experts.top_k);
    void *rows = vsh_push_elements(net, net->rows * m->hidden), *n, *dn;

    down_backward(net, layer, dweight, rows);
    n = vsh_push_elements(net, stream);
    dn = vsh_push_elements(net, stream);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_NORM][VSH_RECOMPUTE],
              vsh_network_norm(net, layer->at, 1, net->tokens, layer->room.x1, n));
    VSH_TIMED(net, layer->sites.at[VSH_SITE_DISPATCH][VSH_RECOMPUTE],
              vsh_dispatch(&net->nn, &shape, net->element, m->hidden, routing, n, rows));
    vsh_experts_wgrad(net, layer->sites.at[VSH_SITE_EXPERT_UP][VSH_WGRAD], &up, routing->first,
                      layer->at->expert_stride, layer->room.pre, rows);
    vsh_experts_dgrad(net, layer->sites.at[VSH_SITE_EXPERT_UP][VSH_DGRAD], &up, routing->first,
                      layer->at->expert_stride, layer->room.pre, rows);
    VSH_TIMED(
        net, layer->sites.at[VSH_SITE_DISPATCH][VSH_DGRAD],
        vsh_combine(&net->nn, &shape, net->element, m->hidden, routing, false, false, rows, dn));
    router_backward(net, layer, dweight, n, dn);
    shared_backward(net, layer, n, dn);
    VSH_TIMED(
        net, layer->sites.at[VSH_SITE_NORM][VSH_DGRAD],
        vsh_network_norm_backward(net, layer->at, 1, net->tokens, layer->room.x1, dn, net->dx));
    vsh_pop(&net->stack, mark);
}
