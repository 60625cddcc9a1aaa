#include "planner/layout/chip_rate.h"

#include <assert.h>
#include <math.h>

/* Rows that XLA streams past a stationary tile where a profile does not say: the vector memory
 * holds blocks of 512 rows as a rule (jax-ml/jax docs/pallas/tpu/matmul.ipynb). Assumed. */
static const double usual_stream = 512;

static void read_array(const vsh_hardware *h, vsh_chip_rate *r)
{
    r->rows = (int64_t)vsh_figure_or(&h->matrix_rows, 1);
    r->cols = (int64_t)vsh_figure_or(&h->matrix_cols, 1);
    r->load = vsh_figure_or(&h->matrix_load, 0);
    r->bubble = vsh_figure_or(&h->matrix_bubble, 0);
    r->latency = vsh_figure_or(&h->matrix_latency, (double)(r->rows + r->cols));
    r->stream = vsh_figure_or(&h->matrix_stream, usual_stream);
}

vsh_status vsh_chip_rate_of(const vsh_hardware *h, const vsh_stack *stack, vsh_precision precision,
                            bool flash, vsh_chip_rate *r, vsh_error *err)
{
    vsh_precision used;
    double peak;

    assert(h && stack && r);
    if (h->kind != VSH_CPU && (!h->matrix_units.known || !h->matrix_clock.known))
        return vsh_fail(err, VSH_EINPUT, "%s: no matrix.units and matrix.clock in this profile",
                        h->name);
    peak = vsh_hardware_peak(h, precision, &used)->value;
    *r = (vsh_chip_rate){.kind = h->kind,
                         .peak = peak,
                         .matrix = peak * stack->matrix,
                         .attention = peak * stack->attention,
                         .vector = vsh_figure_or(&h->vector, INFINITY),
                         .memory = h->memory_rate.value * stack->memory,
                         .host = vsh_figure_or(&h->host_rate, 0),
                         .clock = vsh_figure_or(&h->matrix_clock, 1e9),
                         .overhead = vsh_figure_or(&h->kernel_overhead, 0),
                         .operands = vsh_figure_or(&h->operands, INFINITY),
                         .cache = vsh_figure_or(&h->cache_bytes, INFINITY),
                         .dispatch = stack->dispatch,
                         .blend = stack->blend,
                         .units = (int64_t)vsh_figure_or(&h->matrix_units, 1),
                         .operand_bytes = vsh_operand_bytes(precision),
                         .result_bytes = vsh_activation_bytes(precision),
                         .flash = flash};
    read_array(h, r);
    return VSH_OK;
}
