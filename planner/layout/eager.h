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

/* Numbers of the mechanism that no source gives. They were set once, with all published steps in
 * view, and no calibration moves them: docs/steptime.md says what a quarter of each is worth. */
typedef struct {
    double python_calls; /* of the host, for one that the list has, forward and recomputed */
    double engine_calls; /* backward */
    double gap;          /* what a call costs the chip, of a product's overhead */
    double passes; /* of those over memory beside the list, how many there are; 1 as counted */
} vsh_eager_numbers;

extern const vsh_eager_numbers vsh_eager_usual;

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
    const vsh_eager_numbers *numbers;
} vsh_eager_run;

vsh_eager vsh_eager_of(const vsh_op *op, const vsh_eager_run *run);

#endif
