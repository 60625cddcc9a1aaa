#include "trainer/nn/linear.h"
#include "trainer/nn/network_inside.h"
#include "trainer/nn/norm.h"

static int64_t weight_of(const vsh_network *net, const vsh_layer_offsets *at, int which)
{
    return at ? at->norm[which] : net->offsets->final_norm;
}
static int64_t bias_of(const vsh_network *net, const vsh_layer_offsets *at, int which)
{
    return at ? at->norm_bias[which] : net->offsets->final_norm_bias;
}

static vsh_norm_shape shape_of(const vsh_network *net, const vsh_layer_offsets *at, int which,
                               int64_t rows)
{
    return (vsh_norm_shape){.layer = net->model->norm != VSH_NORM_RMS,
                            .element = net->element,
                            .rows = rows,
                            .width = net->model->hidden,
                            .weight = vsh_weight(net, weight_of(net, at, which)),
                            .bias = vsh_weight(net, bias_of(net, at, which))};
}

void vsh_network_norm(vsh_network *net, const vsh_layer_offsets *at, int which, int64_t rows,
                      const void *x, void *out)
{
    vsh_norm_shape shape = shape_of(net, at, which, rows);

    vsh_norm_forward(&net->nn, &shape, x, out);
}

void vsh_network_norm_backward(vsh_network *net, const vsh_layer_offsets *at, int which,
                               int64_t rows, const void *x, const void *dout, void *dx)
{
    vsh_norm_shape shape = shape_of(net, at, which, rows);
    int64_t mark = net->stack.used;
    float *partial = vsh_push(&net->stack, 4 * vsh_norm_partial_floats(rows, net->model->hidden));

    vsh_norm_backward(&net->nn, &shape, x, dout, dx, vsh_gradient(net, weight_of(net, at, which)),
                      vsh_gradient(net, bias_of(net, at, which)), partial);
    vsh_pop(&net->stack, mark);
}

void vsh_network_bias(vsh_network *net, int64_t offset, int64_t rows, int64_t width, void *y)
{
    if (offset >= 0)
        vsh_bias_forward(&net->nn, net->element, rows, width, width, vsh_weight(net, offset), y);
}

void vsh_network_bias_backward(vsh_network *net, int64_t offset, int64_t rows, int64_t width,
                               const void *dy)
{
    int64_t mark = net->stack.used;

    if (offset < 0)
        return;
    vsh_bias_backward(&net->nn, net->element, rows, width, width, dy, vsh_gradient(net, offset),
                      vsh_push(&net->stack, 4 * vsh_row_blocks(rows) * width));
    vsh_pop(&net->stack, mark);
}
