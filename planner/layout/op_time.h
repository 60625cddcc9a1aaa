/* The time of an operation of the list on one chip under a stack, and of all that one host begins:
 * pure functions of small structs. */
#ifndef VSH_OP_TIME_H
#define VSH_OP_TIME_H

#include "core/op.h"
#include "planner/layout/matrix_time.h"

typedef struct {
    vsh_seconds chip; /* busy, over all executions */
    double launches;  /* that the host begins, in those of a product */
    vsh_bound bound;
} vsh_op_price;

/* kernels: of how many kernels the executions of the operation are: layers x repetitions for
 * attention's heads and for experts, which run side by side; vsh_op_kernels for the rest.
 * Communication has no price here (collective.h). */
vsh_op_price vsh_op_time(const vsh_chip_rate *rate, const vsh_op *op, int64_t kernels);

/* The executions of an operation of layers lowered together (1: outside of layers) as kernels. */
int64_t vsh_op_kernels(const vsh_op *op, int64_t layers);

/* What one host begins on one chip without a wait for other chips. */
typedef struct {
    vsh_seconds chip; /* busy */
    double launches;
} vsh_queue;

static inline void vsh_queue_add(vsh_queue *queue, const vsh_op_price *price)
{
    queue->chip.v += price->chip.v;
    queue->launches += price->launches;
}

/* The longer of the chip's work and the host's: kernels hide their beginning behind those queued
 * before them, or the chip waits for the host. Where stretches of small kernels and of long ones
 * take turns neither hides all of the other: the norm of the two of power 1 / blend. */
vsh_seconds vsh_queue_time(const vsh_chip_rate *rate, const vsh_queue *queue);

#endif
