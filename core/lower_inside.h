/* The inside of the lowering, shared by its files: lower.c (the forward pass), lower_network.c
 * (what goes between chips), lower_backward.c and lower_step.c (what comes once a step). */
#ifndef VSH_LOWER_INSIDE_H
#define VSH_LOWER_INSIDE_H

#include "core/lower.h"

/* What stands for a collective of the forward pass in the backward pass. */
typedef struct {
    vsh_collective collective;
    bool again; /* the forward one first: what it made was not kept */
    bool ahead; /* may be hidden */
    vsh_bytes bytes;
} vsh_reversed;

/* Layers with the same operations are lowered once and counted layers times. */
typedef struct {
    const vsh_model *m;
    const vsh_work *w;
    vsh_op_list *ops;
    vsh_error *err;
    vsh_status status; /* the first failure; later calls do nothing */
    const vsh_layer *layer;
    const char *prefix;
    unsigned roles; /* of what is emitted next */
    int64_t layers;
    int64_t tokens; /* of this chip, in the matrices */
    int64_t spread; /* and between them: fewer under sequence parallelism */
    int64_t heads, kv_heads;
    int64_t tensor, context, expert, vocab_ways; /* at least 1 */
    vsh_stage stage;
    double act, operand;            /* bytes an element */
    vsh_reversed back[VSH_OPS_MAX]; /* of the collectives of the forward list */
} vsh_lowering;

void vsh_lower_emit(vsh_lowering *lo, const char *name, vsh_op op);
/* Every second product of a layer is kept. */
bool vsh_lower_keeps_products(const vsh_work *work);

/* A chip's part of multiply-adds that chips share evenly; what does not divide is rounded up. */
static inline int64_t vsh_lower_part(int64_t all, int64_t chips)
{
    return all / chips + (all % chips != 0);
}

/* ---- lower_network.c ---- */

/* One place of the forward pass: its collective there, and in the backward pass. Bytes are those of
 * one layer. */
typedef struct {
    vsh_collective forward, backward;
    vsh_mesh_axis axis;
    int64_t ranks;
    double bytes, back_bytes;
    bool again;             /* the backward pass repeats the forward one */
    bool ahead, back_ahead; /* may be hidden */
} vsh_place;

/* A place without a collective in the forward pass is taken off the list in the end. */
void vsh_lower_exchange(vsh_lowering *lo, const char *name, vsh_place place);
/* Before matrices divided by rows, after matrices divided by columns. */
void vsh_lower_enter(vsh_lowering *lo, const char *name, int64_t width);
void vsh_lower_leave(vsh_lowering *lo, const char *name, double rows_here, int64_t width);
/* Keys and values of a sequence; routed rows; activations over the border of two stages; sums of a
 * loss over a divided vocabulary. */
void vsh_lower_keys(vsh_lowering *lo, double bytes);
void vsh_lower_rows(vsh_lowering *lo, const char *name, double bytes);
void vsh_lower_border(vsh_lowering *lo, const char *name, bool begins);
void vsh_lower_loss(vsh_lowering *lo);
/* What every micro-batch gathers and reduces of sharded weights, a layer. */
void vsh_lower_share(vsh_lowering *lo, vsh_share share, int64_t more_ways);
/* Bytes an element of weights as they are gathered, of gradients as they are reduced. */
double vsh_lower_weight_bytes(const vsh_lowering *lo);
double vsh_lower_gradient_bytes(const vsh_lowering *lo);

/* ---- lower_backward.c and lower_step.c ---- */

void vsh_lower_backward(vsh_lowering *lo);
void vsh_lower_drop_places(vsh_lowering *lo);
/* Gradients, the optimizer, weights. */
void vsh_lower_optimizer(vsh_lowering *lo);

#endif
