/* The time of an operation of the list on one chip under a stack, and of all that one host begins:
 * pure functions of small structs. */
#ifndef VSH_OP_TIME_H
#define VSH_OP_TIME_H

#include "core/op.h"
#include "planner/layout/matrix_time.h"

typedef struct {
    vsh_seconds chip; /* busy, over all executions */
    double launches;  /* operations the host begins */
    vsh_bound bound;
} vsh_op_price;

/* kernels: of how many kernels the executions of the operation are: layers x repetitions for
 * attention's heads and for experts, which run side by side; vsh_op_kernels for the rest.
 * Communication has no price here (collective.h). */
vsh_op_price vsh_op_time(const vsh_chip_rate *rate, const vsh_op *op, int64_t kernels);

/* The executions of an operation of layers lowered together (1: outside of layers) as kernels. */
int64_t vsh_op_kernels(const vsh_op *op, int64_t layers);

static inline vsh_op_price vsh_op_price_add(vsh_op_price a, vsh_op_price b)
{
    return (vsh_op_price){vsh_seconds_add(a.chip, b.chip), a.launches + b.launches,
                          a.chip.v >= b.chip.v ? a.bound : b.bound};
}

/* Of what runs without a wait for other chips: the longer of the chip's work and the host's.
 * Kernels hide behind the queue, or the chip waits for the host. */
static inline vsh_seconds vsh_queue_time(const vsh_chip_rate *rate, vsh_op_price all)
{
    double host = all.launches * rate->dispatch;

    return (vsh_seconds){all.chip.v > host ? all.chip.v : host};
}

#endif
