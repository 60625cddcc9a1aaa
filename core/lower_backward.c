#include <stdio.h>

#include "core/lower_inside.h"

bool vsh_lower_keeps_products(const vsh_work *work)
{
    return work->every_second && work->recompute == VSH_RECOMPUTE_SELECTIVE;
}

static vsh_op *push(vsh_lowering *lo, const vsh_op *from, const char *suffix, vsh_op op)
{
    vsh_op *pushed;

    op.saved.v = 0;
    vsh_lower_emit(lo, "", op);
    if (lo->status != VSH_OK)
        return NULL;
    pushed = &lo->ops->item[lo->ops->count - 1];
    snprintf(pushed->name, sizeof pushed->name, "%s%s", from->name, suffix);
    return pushed;
}

/* What it may be hidden behind is all that is asked of a collective of the backward pass. */
static void push_collective(vsh_lowering *lo, const vsh_op *from, const char *suffix, vsh_op op,
                            bool ahead)
{
    vsh_op *pushed = push(lo, from, suffix, op);

    if (pushed && ahead)
        pushed->roles = VSH_ROLE_AHEAD;
}

/* Again with the layer, or with the core of attention, of which the keys' ring is a part. */
static void push_collective_again(vsh_lowering *lo, const vsh_op *op)
{
    vsh_recompute_mode mode = lo->w->recompute;
    vsh_op again = *op;

    if (op->collective == VSH_COLLECTIVE_NONE)
        return;
    again.during = VSH_RECOMPUTE;
    if ((mode == VSH_RECOMPUTE_FULL && op->roles & VSH_ROLE_LAYER) ||
        (mode == VSH_RECOMPUTE_SELECTIVE && !vsh_lower_keeps_products(lo->w) &&
         op->roles & VSH_ROLE_CORE) ||
        (vsh_lower_keeps_products(lo->w) && op->roles & VSH_ROLE_LAYER &&
         !(op->roles & VSH_ROLE_CORE) && op->collective != VSH_REDUCE_SCATTER))
        push_collective(lo, op, ".again", again, op->roles & VSH_ROLE_AHEAD);
}

/* What keep_every_second has not kept: of a product, the columns. */
static void push_every_second(vsh_lowering *lo, const vsh_op *op)
{
    vsh_op again = *op;
    double left;

    if (!(op->roles & VSH_ROLE_LAYER) ||
        (op->roles & VSH_ROLE_CORE && !(op->roles & VSH_ROLE_TILES)))
        return;
    again.phase = VSH_RECOMPUTE;
    again.model_macs = 0;
    if (op->kind == VSH_OP_MATRIX && op->saved.v > 0) {
        int64_t width = (int64_t)(op->saved.v / (lo->act * (double)op->m * (double)op->count));
        again.n = op->n - width;
        left = (double)again.n / (double)op->n;
        again.executed_macs = op->executed_macs / op->n * again.n;
        again.bytes.v *= left;
    }
    if (again.n > 0)
        push(lo, op, "", again);
}

static void push_recompute(vsh_lowering *lo, const vsh_op *op)
{
    vsh_recompute_mode mode = lo->w->recompute;
    bool again_whole = (mode == VSH_RECOMPUTE_FULL && op->roles & VSH_ROLE_LAYER) ||
                       (mode == VSH_RECOMPUTE_SELECTIVE && op->roles & VSH_ROLE_CORE);
    vsh_op again = *op;

    again.phase = VSH_RECOMPUTE;
    again.model_macs = 0;
    if (again_whole || (lo->w->lean && op->roles & VSH_ROLE_CHEAP))
        push(lo, op, "", again);
    /* a lean runtime keeps no scores when it makes the core again, so its tiles come once more */
    if (op->roles & VSH_ROLE_TILES && (mode != VSH_RECOMPUTE_SELECTIVE || lo->w->lean))
        push(lo, op, again_whole ? ".tiles" : "", again);
}

static void push_matrix_backward(vsh_lowering *lo, const vsh_op *op)
{
    vsh_op dgrad = *op, wgrad = *op;

    dgrad.phase = VSH_DGRAD; /* dX (m,k) = dY (m,n) W (n,k) */
    dgrad.n = op->k;
    dgrad.k = op->n;
    push(lo, op, "", dgrad);
    wgrad.phase = VSH_WGRAD; /* dW (n,k) = dY^T (n,m) X (m,k) */
    wgrad.m = op->n;
    wgrad.n = op->k;
    wgrad.k = op->m;
    push(lo, op, "", wgrad);
}

/* out (m,n) = A (m,k) B (k,n): dA = dout B^T, dB = A^T dout. */
static void push_attention_backward(vsh_lowering *lo, const vsh_op *op)
{
    vsh_op left = *op, right = *op;

    left.phase = right.phase = VSH_DGRAD;
    left.n = op->k;
    left.k = op->n;
    push(lo, op, ".left", left);
    right.m = op->k;
    right.k = op->m;
    push(lo, op, ".right", right);
}

static void push_collective_backward(vsh_lowering *lo, const vsh_op *op)
{
    vsh_reversed back = lo->back[op - lo->ops->item];
    vsh_op more = *op, pushed = *op;

    more.during = pushed.during = VSH_DGRAD;
    if (back.again)
        push_collective(lo, op, ".more", more, true);
    pushed.collective = back.collective;
    pushed.bytes = back.bytes;
    if (back.collective != VSH_COLLECTIVE_NONE)
        push_collective(lo, op, ".back", pushed, back.ahead);
}

static void push_backward(vsh_lowering *lo, const vsh_op *op)
{
    vsh_op again = *op;

    if (op->kind == VSH_OP_COLLECTIVE) {
        push_collective_backward(lo, op);
    } else if (op->kind == VSH_OP_MATRIX) {
        push_matrix_backward(lo, op);
    } else if (op->kind == VSH_OP_ATTENTION) {
        push_attention_backward(lo, op);
    } else {
        again.phase = VSH_DGRAD;
        again.vector_flops.v *= 2;
        again.bytes.v *= op->kind == VSH_OP_VECTOR ? 1.5 : 1; /* reads the gradient as well */
        push(lo, op, "", again);
    }
}

void vsh_lower_backward(vsh_lowering *lo)
{
    int forward_count = lo->ops->count;

    for (int i = 0; i < forward_count; i++)
        if (lo->ops->item[i].kind == VSH_OP_COLLECTIVE)
            push_collective_again(lo, &lo->ops->item[i]);
        else if (vsh_lower_keeps_products(lo->w))
            push_every_second(lo, &lo->ops->item[i]);
        else
            push_recompute(lo, &lo->ops->item[i]);
    for (int i = forward_count - 1; i >= 0; i--)
        push_backward(lo, &lo->ops->item[i]);
}

/* Places of the forward pass whose only collective is in the backward pass. */
void vsh_lower_drop_places(vsh_lowering *lo)
{
    int used = 0;

    for (int i = 0; i < lo->ops->count; i++) {
        const vsh_op *op = &lo->ops->item[i];
        if (op->kind == VSH_OP_COLLECTIVE && op->collective == VSH_COLLECTIVE_NONE)
            continue;
        if (used != i)
            lo->ops->item[used] = *op;
        used++;
    }
    lo->ops->count = used;
}
