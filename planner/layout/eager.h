/* What a framework that runs one kernel after another does beyond the list of operations: passes
 * over memory and calls of the host. Compiled programs (XLA) do none of it. */
#ifndef VSH_EAGER_H
#define VSH_EAGER_H

#include <stdbool.h>

#include "core/op.h"

typedef struct {
    double bytes; /* moved, of those that the list counts */
    double calls; /* of the host, of those that op_time counts */
    double more;  /* bytes beside them: gradients of biases, sums of weight gradients */
} vsh_eager;

typedef struct {
    bool dropout;     /* masks are made, kept and read */
    bool biases;      /* products have them: their gradients are sums over all rows */
    bool flash;       /* attention is one kernel */
    bool autocast;    /* weights and the residual stream are fp32, cast before products */
    bool fused_loss;  /* in one kernel, in place */
    bool eight_bit;   /* operands are cast for every product, and once more transposed */
    bool sharded;     /* weights and their gradients, over replicas */
    bool accumulates; /* gradients of weights are added to those of the micro-batches before */
    double gradient;  /* bytes an element of those */
    double act;       /* bytes an element of activations */
} vsh_eager_run;

vsh_eager vsh_eager_of(const vsh_op *op, const vsh_eager_run *run);

#endif
