#include "trainer/nn/activation.h"
#include "trainer/nn/linear.h"
#include "trainer/nn/network_inside.h"

static vsh_weight_product up_product(const vsh_network *net, const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->tokens, net->ups * net->model->ffn, net->model->hidden,
                                layer->at->up};
}
static vsh_weight_product down_product(const vsh_network *net, const vsh_network_layer *layer)
{
    return (vsh_weight_product){net->tokens, net->model->hidden, net->model->ffn, layer->at->down};
}

void vsh_mlp_part(vsh_network *net, vsh_network_layer *layer, vsh_phase phase, void *next)
{
    const vsh_model *m = net->model;
    int64_t mark = net->stack.used, width = net->ups * m->ffn;
    vsh_weight_product up = up_product(net, layer), down = down_product(net, layer);
    void *n = vsh_push_elements(net, net->tokens * m->hidden), *h;

    VSH_TIMED(net, layer->sites.at[VSH_SITE_NORM][phase],
              vsh_network_norm(net, layer->at, 1, net->tokens, layer->room.x1, n));
    vsh_product_forward(net, layer->sites.at[VSH_SITE_UP][phase], &up, n, layer->room.pre, width,
                        false);
    vsh_network_bias(net, layer->at->up_bias, net->tokens, width, layer->room.pre);
    vsh_pop(&net->stack, mark);
    if (!next)
        return;
    h = vsh_push_elements(net, net->tokens * m->ffn);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_ACT][phase],
              vsh_activation_forward(&net->nn, (vsh_mlp)m->mlp, net->element, net->tokens, m->ffn,
                                     layer->room.pre, h));
    VSH_TIMED(net, layer->sites.at[VSH_SITE_RESIDUAL][phase],
              vsh_copy(&net->nn, net->element, net->tokens * m->hidden, layer->room.x1, next));
    vsh_product_forward(net, layer->sites.at[VSH_SITE_DOWN][phase], &down, h, next, m->hidden,
                        true);
    vsh_network_bias(net, layer->at->down_bias, net->tokens, m->hidden, next);
    vsh_pop(&net->stack, mark);
}

void vsh_mlp_part_backward(vsh_network *net, vsh_network_layer *layer)
{
    const vsh_model *m = net->model;
    int64_t mark = net->stack.used, width = net->ups * m->ffn;
    vsh_weight_product up = up_product(net, layer), down = down_product(net, layer);
    void *dh = vsh_push_elements(net, net->tokens * m->ffn), *n;

    vsh_network_bias_backward(net, layer->at->down_bias, net->tokens, m->hidden, net->dx);
    vsh_product_dgrad(net, layer->sites.at[VSH_SITE_DOWN][VSH_DGRAD], &down, net->dx, m->hidden, dh,
                      false);
    /* afterwards dh holds the activations, made again, and pre its own gradient */
    VSH_TIMED(net, layer->sites.at[VSH_SITE_ACT][VSH_DGRAD],
              vsh_activation_backward(&net->nn, (vsh_mlp)m->mlp, net->element, net->tokens, m->ffn,
                                      layer->room.pre, dh, NULL, NULL));
    vsh_product_wgrad(net, layer->sites.at[VSH_SITE_DOWN][VSH_WGRAD], &down, net->dx, m->hidden, dh,
                      net->add);
    vsh_pop(&net->stack, mark);
    vsh_network_bias_backward(net, layer->at->up_bias, net->tokens, width, layer->room.pre);
    n = vsh_push_elements(net, net->tokens * m->hidden);
    VSH_TIMED(net, layer->sites.at[VSH_SITE_NORM][VSH_RECOMPUTE],
              vsh_network_norm(net, layer->at, 1, net->tokens, layer->room.x1, n));
    vsh_product_wgrad(net, layer->sites.at[VSH_SITE_UP][VSH_WGRAD], &up, layer->room.pre, width, n,
                      net->add);
    vsh_product_dgrad(net, layer->sites.at[VSH_SITE_UP][VSH_DGRAD], &up, layer->room.pre, width, n,
                      false);
    VSH_TIMED(
        net, layer->sites.at[VSH_SITE_NORM][VSH_DGRAD],
        vsh_network_norm_backward(net, layer->at, 1, net->tokens, layer->room.x1, n, net->dx));
    vsh_pop(&net->stack, mark);
}
