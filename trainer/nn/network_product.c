#include "core/clock.h"
#include "trainer/nn/network_inside.h"

/* The call counts itself: what the meter adds up comes from the sizes that ran. */
static void run(vsh_network *net, int op, const vsh_gemm_call *call)
{
    double start = vsh_clock_now().v;

    vsh_gemm(net->nn.gemm, call);
    vsh_meter_add(&net->meter, op, call->m * call->n * call->k, vsh_clock_now().v - start);
}

static void run_grouped(vsh_network *net, int op, const vsh_gemm_call *call, const int32_t *first,
                        int64_t stride)
{
    int64_t experts = net->model->experts.count, rows = first[experts] - first[0];
    int64_t macs = call->form == VSH_GEMM_TN ? rows * call->m * call->n : rows * call->n * call->k;
    double start = vsh_clock_now().v;

    vsh_gemm_grouped(net->nn.gemm, call, experts, first, stride);
    vsh_meter_add(&net->meter, op, macs, vsh_clock_now().v - start);
}

static vsh_gemm_call forward_call(const vsh_network *net, const vsh_weight_product *p,
                                  const void *x, void *y, int64_t ld)
{
    return (vsh_gemm_call){.form = VSH_GEMM_NT,
                           .element = net->element,
                           .m = p->rows,
                           .n = p->n,
                           .k = p->k,
                           .a = x,
                           .lda = p->k,
                           .b = vsh_weight(net, p->weight),
                           .ldb = p->k,
                           .c = y,
                           .ldc = ld};
}

static vsh_gemm_call dgrad_call(const vsh_network *net, const vsh_weight_product *p, const void *dy,
                                int64_t ld, void *dx)
{
    return (vsh_gemm_call){.form = VSH_GEMM_NN,
                           .element = net->element,
                           .m = p->rows,
                           .n = p->k,
                           .k = p->n,
                           .a = dy,
                           .lda = ld,
                           .b = vsh_weight(net, p->weight),
                           .ldb = p->k,
                           .c = dx,
                           .ldc = p->k};
}

static vsh_gemm_call wgrad_call(const vsh_network *net, const vsh_weight_product *p, const void *dy,
                                int64_t ld, const void *x)
{
    return (vsh_gemm_call){.form = VSH_GEMM_TN,
                           .element = net->element,
                           .m = p->n,
                           .n = p->k,
                           .k = p->rows,
                           .a = dy,
                           .lda = ld,
                           .b = x,
                           .ldb = p->k,
                           .c = vsh_gradient(net, p->weight),
                           .ldc = p->k};
}

void vsh_product_forward(vsh_network *net, int op, const vsh_weight_product *p, const void *x,
                         void *y, int64_t ld, bool add)
{
    vsh_gemm_call call = forward_call(net, p, x, y, ld);

    call.add = add;
    call.int8 = net->int8;
    run(net, op, &call);
}

void vsh_product_forward_wide(vsh_network *net, int op, const vsh_weight_product *p, const void *x,
                              float *y)
{
    vsh_gemm_call call = forward_call(net, p, x, y, p->n);

    call.wide = true;
    run(net, op, &call);
}

void vsh_product_dgrad(vsh_network *net, int op, const vsh_weight_product *p, const void *dy,
                       int64_t ld, void *dx, bool add)
{
    vsh_gemm_call call = dgrad_call(net, p, dy, ld, dx);

    call.add = add;
    run(net, op, &call);
}

void vsh_product_wgrad(vsh_network *net, int op, const vsh_weight_product *p, const void *dy,
                       int64_t ld, const void *x, bool add)
{
    vsh_gemm_call call = wgrad_call(net, p, dy, ld, x);

    call.add = add;
    run(net, op, &call);
}

void vsh_experts_forward(vsh_network *net, int op, const vsh_weight_product *p,
                         const int32_t *first, int64_t stride, const void *x, void *y)
{
    vsh_gemm_call call = forward_call(net, p, x, y, p->n);

    call.int8 = net->int8;
    run_grouped(net, op, &call, first, stride);
}

void vsh_experts_dgrad(vsh_network *net, int op, const vsh_weight_product *p, const int32_t *first,
                       int64_t stride, const void *dy, void *dx)
{
    vsh_gemm_call call = dgrad_call(net, p, dy, p->n, dx);

    run_grouped(net, op, &call, first, stride);
}

void vsh_experts_wgrad(vsh_network *net, int op, const vsh_weight_product *p, const int32_t *first,
                       int64_t stride, const void *dy, const void *x)
{
    vsh_gemm_call call = wgrad_call(net, p, dy, p->n, x);

    call.add = net->add;
    run_grouped(net, op, &call, first, stride);
}
