/* The inside of the network, shared by the files that run its parts. */
#ifndef VSH_NETWORK_INSIDE_H
#define VSH_NETWORK_INSIDE_H

#include "core/clock.h"
#include "trainer/nn/network.h"
#include "trainer/nn/stack.h"

/* What a layer keeps from its forward pass, in the activations block:
 *
 *   [x | x1] [q k v] [log-sum-exp] [attention's result] [pre-activations] [routing] [shared's]
 *
 * x is the residual stream before attention, x1 before the MLP. Under full recomputation only
 * the layer's input, and keys and values that others read, are the layer's own; the rest is one
 * set that all layers use in turn. */
typedef struct {
    void *x, *x1;
    void *qkv;        /* (T, q + 2 kv), rotated; (T, q) for a layer without own keys */
    float *lse;       /* (B, H, S), or NULL: made again */
    void *out;        /* (T, q), or NULL: made again */
    void *pre;        /* (T, ups F), or the experts' (R, ups F_e) */
    void *shared_pre; /* (T, ups F_s) */
    float *logits;    /* of the router (T, E) */
    vsh_route route;
    void *kept_kv; /* (T, 2 kv) under full recomputation, when later layers read them */
} vsh_layer_room;

typedef struct {
    int64_t index;
    vsh_layer what;
    bool followers; /* later layers read its keys and values */
    int64_t owner;  /* layer whose keys and values it reads */
    const vsh_layer_offsets *at;
    vsh_sites sites;
    vsh_layer_room room;
    void *own_input; /* under full recomputation: the layer's own x */
} vsh_network_layer;

struct vsh_network {
    const vsh_model *model;
    vsh_work most; /* what memory was reserved for */
    vsh_work work; /* what runs */
    vsh_network_options options;
    vsh_element element;
    bool int8;
    vsh_nn nn;
    const vsh_parameter_list *list;
    const vsh_offsets *offsets;
    vsh_meter meter;
    vsh_op_list *live;    /* the same operations with what a layer keeps while it runs backward */
    vsh_bytes live_bytes; /* of the fullest layer */
    bool sharing;         /* some layer reads the keys of another */
    vsh_sites head_sites, exit_sites, plain_sites;
    vsh_network_layer *layer;
    int64_t tokens, ups;
    int64_t q_width, kv_width; /* H D, K D */
    int64_t rows;              /* that experts work on, 0 without experts */
    vsh_network_memory memory;
    vsh_stack stack;
    void *logits;                 /* of one chunk, then in 16 bits their gradient */
    void *final_x;                /* (T,C) the stream after the last layer */
    void *exit_dx[VSH_EXITS_MAX]; /* (T,C) gradient an exit sends back */
    int exits;
    /* of the call that runs */
    bool training, add;
    uint64_t step;
    void *gradients;
    void *dx;       /* (T,C) gradient of the stream, going backward */
    void *dkv;      /* (T, 2 kv) gradient of shared keys and values, of the group that runs */
    bool dkv_begun; /* a follower wrote into it */
    float *rotary;  /* (S, D) */
    int64_t *load;
    vsh_network_report *report;
};

/* Bytes of count elements as stored. */
static inline int64_t vsh_stored(const vsh_network *net, int64_t count)
{
    return count * (int64_t)vsh_element_bytes(net->element);
}
static inline void *vsh_push_elements(vsh_network *net, int64_t count)
{
    return vsh_push(&net->stack, vsh_stored(net, count));
}
static inline const void *vsh_weight(const vsh_network *net, int64_t offset)
{
    return offset < 0 ? NULL : vsh_at_const(net->memory.weights, net->element, offset);
}
static inline void *vsh_gradient(const vsh_network *net, int64_t offset)
{
    return offset < 0 ? NULL : vsh_at(net->gradients, net->element, offset);
}

/* One weight product Y (rows,n) = X (rows,k) W (n,k)^T of the list, in its three directions. The
 * op is an index into the meter's list. */
typedef struct {
    int64_t rows, n, k;
    int64_t weight; /* offset of W */
} vsh_weight_product;

/* y has ld elements a row. wide: y is fp32. */
void vsh_product_forward(vsh_network *net, int op, const vsh_weight_product *p, const void *x,
                         void *y, int64_t ld, bool add);
void vsh_product_forward_wide(vsh_network *net, int op, const vsh_weight_product *p, const void *x,
                              float *y);
/* dx (rows,k) = dy (rows,n) W. */
void vsh_product_dgrad(vsh_network *net, int op, const vsh_weight_product *p, const void *dy,
                       int64_t ld, void *dx, bool add);
/* dW += dy^T x, or = when this is the first micro-batch of a sum. */
void vsh_product_wgrad(vsh_network *net, int op, const vsh_weight_product *p, const void *dy,
                       int64_t ld, const void *x, bool add);
/* The same over the rows of experts: weight is of expert 0, the others stride apart. */
void vsh_experts_forward(vsh_network *net, int op, const vsh_weight_product *p,
                         const int32_t *first, int64_t stride, const void *x, void *y);
void vsh_experts_dgrad(vsh_network *net, int op, const vsh_weight_product *p, const int32_t *first,
                       int64_t stride, const void *dy, void *dx);
void vsh_experts_wgrad(vsh_network *net, int op, const vsh_weight_product *p, const int32_t *first,
                       int64_t stride, const void *dy, const void *x);

/* Norm of the layer (which 0: before attention, 1: before the MLP) or, at NULL, the final one. */
void vsh_network_norm(vsh_network *net, const vsh_layer_offsets *at, int which, int64_t rows,
                      const void *x, void *out);
void vsh_network_norm_backward(vsh_network *net, const vsh_layer_offsets *at, int which,
                               int64_t rows, const void *x, const void *dout, void *dx);

/* A bias over rows of width elements, where the layer has one (offset >= 0). */
void vsh_network_bias(vsh_network *net, int64_t offset, int64_t rows, int64_t width, void *y);
void vsh_network_bias_backward(vsh_network *net, int64_t offset, int64_t rows, int64_t width,
                               const void *dy);

/* The time of a call that multiplies nothing, for the operation at op of the meter's list (-1: of
 * none), when the meter is clocked. */
#define VSH_TIMED(net, op, call)                                                                   \
    do {                                                                                           \
        double vsh_start_ = (net)->meter.clocked ? vsh_clock_now().v : 0;                          \
        call;                                                                                      \
        if ((net)->meter.clocked)                                                                  \
            vsh_meter_add(&(net)->meter, (op), 0, vsh_clock_now().v - vsh_start_);                 \
    } while (0)

/* The parts of a layer. phase says for whom products count: VSH_FORWARD or VSH_RECOMPUTE. x and x1
 * of the layer's room are read and written; backward goes from and to net->dx. */
void vsh_attention_part(vsh_network *net, vsh_network_layer *layer, vsh_phase phase);
void vsh_attention_part_backward(vsh_network *net, vsh_network_layer *layer);
/* The stream after the layer goes to next; NULL: only what the backward pass needs is made. */
void vsh_mlp_part(vsh_network *net, vsh_network_layer *layer, vsh_phase phase, void *next);
void vsh_mlp_part_backward(vsh_network *net, vsh_network_layer *layer);
void vsh_experts_part(vsh_network *net, vsh_network_layer *layer, vsh_phase phase, void *next);
void vsh_experts_part_backward(vsh_network *net, vsh_network_layer *layer);

/* Head over the stream x: loss, and in training its gradients; dx (T,C) is added to. weight is the
 * head's share in the joint loss. Returns the mean loss. */
double vsh_head_part(vsh_network *net, const vsh_sites *sites, double weight,
                     const vsh_targets *targets, const void *x, void *dx, double *losses,
                     bool first_head);
/* Logits of rows of the stream x by the last head, at net->logits. */
float *vsh_head_logits(vsh_network *net, int64_t rows, const void *x);

#endif
