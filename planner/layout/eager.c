#include "planner/layout/eager.h"

#include <string.h>

/* Passes over memory beside those of the list, in units of the operation's result (a row of n, all
 * executions): forward and backward, without and with dropout. Counted from Megatron-LM's
 * transformer.py and torch's kernels (from memory; derived):
 *   norm      backward: the gradients of its weights read input and gradient once more
 *   residual  dropout writes and reads a mask of a byte; the backward pass adds the gradients of
 *             both branches
 *   softmax   dropout over the scores: a pass in, a pass out and the mask, both ways
 *   loss      in fp32: cast, largest, difference, exponential, sum, quotient (34 bytes a logit at
 *             the share that op_time takes); gradient, product, cast (22) */
static const struct {
    const char *word;
    double forward, backward;           /* times the list's bytes */
    double dropped, dropped_backward;   /* the same with dropout */
} passes[] = {{"norm", 1, 5.0 / 3, 1, 5.0 / 3},
              {"residual", 1, 1, 3.5 / 3, 5.5 / 4.5},
              {"softmax", 1, 1, 2.25, 5.5 / 3},
              {"loss", 3, 1.3, 3, 1.3}};

/* Calls of the host for one that the list has: modules, views, transposes, random states and
 * autograd's bookkeeping beside the kernels. Forward (and again, when recomputed) Python runs them:
 * some 100 in a Megatron-LM layer whose list has 15; backward the engine does, in C++. Counted
 * roughly, from memory; assumed. */
static const double python_calls = 6.5, engine_calls = 1.5;

static const char *last_word(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot ? dot + 1 : name;
}

vsh_eager vsh_eager_of(const vsh_op *op, const vsh_eager_run *run)
{
    bool python = op->phase == VSH_FORWARD || op->phase == VSH_RECOMPUTE;
    bool back = op->phase == VSH_DGRAD;
    vsh_eager e = {1, python ? python_calls : engine_calls, 0};

    if (op->kind == VSH_OP_VECTOR)
        for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++)
            if (strcmp(last_word(op->name), passes[i].word) == 0)
                e.bytes = run->dropout ? back ? passes[i].dropped_backward : passes[i].dropped
                          : back       ? passes[i].backward
                                       : passes[i].forward;
    if (op->kind == VSH_OP_MATRIX && op->phase == VSH_WGRAD) {
        double out = (double)op->m * (double)op->count; /* rows of W, over executions */
        if (run->biases)
            e.more += run->act * out * (double)op->k;
        if (run->accumulates)
            e.more += (2 * run->gradient + run->act) * out * (double)op->n;
    }
    return e;
}
