/* op list x profile -> the least time the chip's ceilings allow, and which ceiling it is:
 * the roofline of Williams et al. 2009 (CACM 52:4) with a vector roof beside the matrix roof. */
#ifndef VSH_COST_H
#define VSH_COST_H

#include "core/hardware.h"
#include "core/op.h"

typedef enum {
    VSH_BOUND_MATRIX,
    VSH_BOUND_VECTOR,
    VSH_BOUND_MEMORY,
    VSH_BOUND_NETWORK,
    VSH_BOUND_LATENCY,
    VSH_BOUND_FILL,
    VSH_BOUND_COUNT
} vsh_bound;

extern const char *const vsh_bound_names[VSH_BOUND_COUNT];

typedef struct {
    vsh_seconds time;
    vsh_bound bound;
} vsh_op_cost;

/* max(matrix FLOPs / matrix roof, vector FLOPs / vector peak, bytes / bandwidth). A profile without a
 * vector figure has no vector roof. */
vsh_op_cost vsh_cost_op(const vsh_op *op, const vsh_hardware *hardware, vsh_precision precision);

/* Sum over the list; bound is the ceiling under which most of the time is spent. */
vsh_op_cost vsh_cost_ops(const vsh_op_list *ops, const vsh_hardware *hardware,
                         vsh_precision precision);

#endif
