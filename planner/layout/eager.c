#include "planner/layout/eager.h"

#include <string.h>

/* Passes over memory beside those of the list, times the list's bytes: forward and backward,
 * without and with dropout. Counted from Megatron-LM's transformer.py, its fused kernels and
 * torch's (from memory; derived): norm      backward: the gradients of its weights read input and
 * gradient once more residual  dropout writes and reads a mask of a byte; the backward pass adds
 * the gradients of both branches softmax   of stored scores: the list moves what the causal mask
 * leaves, half; kernels read that and write the whole square; dropout passes over the square and
 * its mask, both ways loss      in fp32: cast, largest, difference, exponential, sum, quotient (34
 * bytes a logit at the share that op_time takes); gradient, product, cast (22) autocast: the
 * residual stream is fp32, and a cast stands before every product and norm. */
static const struct {
    const char *word;
    double forward, backward;         /* times the list's bytes */
    double dropped, dropped_backward; /* the same with dropout */
    double cast, cast_backward;       /* times those, under autocast */
} passes[] = {{"norm", 1, 5.0 / 3, 1, 5.0 / 3, 5.0 / 4, 8.0 / 5},
              {"residual", 1, 1, 3.5 / 3, 5.5 / 4.5, 5.0 / 3, 2},
              {"softmax", 1.5, 1.2, 4, 2.8, 1, 1},
              {"loss", 3, 1.3, 3, 1.3, 1, 1}};

/* The loss in one kernel reads 16-bit logits once, and once more to write their gradients in place
 * (flash-attn, losses/cross_entropy.py; from memory): 2 and 4 bytes a logit. */
static const double fused_loss = 0.175, fused_loss_backward = 0.233;

/* Calls of the host for one that the list has: modules, views, transposes, random states and
 * autograd's bookkeeping beside the kernels. Forward (and again, when recomputed) Python runs them:
 * some 100 in a Megatron-LM layer whose list has 15; backward the engine does, in C++. A call costs
 * the chip begin, end, and the gap before the next kernel: 7.7 us on an A100. Counted roughly, from
 * memory; assumed. */
const vsh_eager_numbers vsh_eager_usual = {
    .python_calls = 6.5, .engine_calls = 1.5, .gap = 1.5, .passes = 1};

static const char *last_word(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot ? dot + 1 : name;
}

/* Bytes around a product: its weights cast under autocast; the gradient of its bias, and of its
 * weights added to those before, or, sharded, put into one array and divided by the number of
 * replicas (torch FSDP, from memory); gradients of queries, keys and values put into one array, and
 * what stored attention gives made contiguous. */
static double copies(const vsh_op *op, const vsh_eager_run *run)
{
    const char *word = last_word(op->name);
    double executions = (double)op->count, rows = executions * (double)op->m, bytes = 0;

    if (op->phase == VSH_WGRAD) {
        bytes += run->biases ? run->act * rows * (double)op->k : 0;
        bytes += run->accumulates ? (2 * run->gradient + run->act) * rows * (double)op->n : 0;
        bytes += run->sharded ? 4 * run->gradient * rows * (double)op->n : 0;
    } else if (run->autocast && op->phase != VSH_DGRAD) {
        bytes += (4 + run->act) * executions * (double)op->n * (double)op->k;
    }
    if (run->eight_bit &&
        op->phase != VSH_WGRAD) /* X and W forward, dY backward: 2 in, 1 + 1 out */
        bytes += 4 * (rows * (double)op->k +
                      (op->phase == VSH_DGRAD ? 0 : executions * (double)(op->n * op->k)));
    if (op->phase == VSH_DGRAD && strcmp(word, "qkv") == 0)
        bytes += 2 * run->act * rows * (double)op->k;
    if (!run->flash && op->phase != VSH_WGRAD && strcmp(word, "out") == 0)
        bytes += 2 * run->act * rows * (double)(op->phase == VSH_DGRAD ? op->n : op->k);
    return bytes;
}

vsh_eager vsh_eager_of(const vsh_op *op, const vsh_eager_run *run)
{
    bool python = op->phase == VSH_FORWARD || op->phase == VSH_RECOMPUTE;
    bool back = op->phase == VSH_DGRAD;
    const vsh_eager_numbers *n = run->numbers;
    vsh_eager e = {1, python ? n->python_calls : n->engine_calls, 0};

    if (run->fused_loss && strcmp(last_word(op->name), "loss") == 0)
        e.bytes = back ? fused_loss_backward : fused_loss;
    else if (op->kind == VSH_OP_VECTOR)
        for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++)
            if (strcmp(last_word(op->name), passes[i].word) == 0)
                e.bytes = (run->dropout ? back ? passes[i].dropped_backward : passes[i].dropped
                           : back       ? passes[i].backward
                                        : passes[i].forward) *
                          (run->autocast ? back ? passes[i].cast_backward : passes[i].cast : 1);
    if (e.bytes > 1)
        e.bytes = 1 + n->passes * (e.bytes - 1);
    if (op->kind == VSH_OP_MATRIX)
        e.more = n->passes * copies(op, run);
    return e;
}
