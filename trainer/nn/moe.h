/* Sparsely gated experts (Shazeer et al. 2017, arXiv:1701.06538): scores of a router choose top_k
 * of E experts a token; tokens are sorted by expert (stable, so the order is fixed), the experts
 * work on consecutive rows, and their outputs return weighted. No one-hot matrix exists.
 *
 *   logits (T,E) -> probabilities -> choice (T,k), weight (T,k) -> slot (T,k): row in expert order
 *   first (E+1): expert e has rows [first[e], first[e+1])
 *
 * With a capacity every expert has the same C = ceil(factor k T / E) rows; assignments beyond are
 * dropped (slot -1), in order of token; free rows are zero. */
#ifndef VSH_MOE_H
#define VSH_MOE_H

#include <stdbool.h>

#include "core/model.h"
#include "trainer/nn/nn.h"

typedef enum { VSH_GATE_SOFTMAX, VSH_GATE_SIGMOID } vsh_gate;

typedef struct {
    int64_t tokens, experts, top_k;
    int64_t capacity; /* rows an expert; 0: dropless */
    vsh_gate gate;
    bool normalize; /* weights of the chosen sum to 1 */
    float balance;  /* coefficient of the load-balancing loss, Switch (arXiv:2101.03961) eq. 4 */
    float z;        /* of the router z-loss, ST-MoE (arXiv:2202.08906) eq. 5 */
} vsh_route_shape;

/* What a model says of its routing; tokens, capacity and losses are the caller's. Of several chosen
 * the weights sum to 1 (Mixtral, arXiv:2401.04088; sigmoid: DeepSeek-V3, arXiv:2412.19437). One
 * that is chosen alone keeps its own (Switch, arXiv:2101.03961 eq. 2): 1 would tell the router
 * nothing. */
static inline vsh_route_shape vsh_route_shape_of(const vsh_experts *experts)
{
    return (vsh_route_shape){.experts = experts->count,
                             .top_k = experts->top_k,
                             .gate = experts->correction_bias ? VSH_GATE_SIGMOID : VSH_GATE_SOFTMAX,
                             .normalize = experts->top_k > 1};
}

/* Rows that the experts work on: tokens top_k, or experts capacity. */
static inline int64_t vsh_route_rows(const vsh_route_shape *shape)
{
    return shape->capacity ? shape->experts * shape->capacity : shape->tokens * shape->top_k;
}

/* Everything a layer's routing leaves for the backward pass; the arrays are the caller's. */
typedef struct {
    float *probability; /* (T,E): softmax over all, or sigmoid */
    int32_t *choice;    /* (T,k) */
    float *weight;      /* (T,k) */
    int32_t *slot;      /* (T,k): row, or -1 when dropped */
    int32_t *first;     /* (E+1) */
} vsh_route;

/* For logs; of one call. balance and z are the losses with their coefficients. */
typedef struct {
    double balance, z;
    int64_t dropped;
    double load_max; /* of the fullest expert, over the mean */
    double entropy;  /* of the load, over log E */
} vsh_route_report;

/* logits (T,E) are read; bias (E) or NULL is added to the scores for choosing only (balancing
 * without a loss, Wang et al. 2024, arXiv:2408.15664). Ties go to the lower expert. load (E) +=
 * assignments that chose the expert, dropped ones included: what balancing must see. load and
 * report may be NULL. experts is at most VSH_EXPERTS_MAX. */
void vsh_route_forward(const vsh_nn *nn, const vsh_route_shape *shape, const float *logits,
                       const float *bias, const vsh_route *route, int64_t *load,
                       vsh_route_report *report);

/* dlogits (T,E) is written from dweight (T,k) and the gradients of both losses, scaled by
 * loss_scale (1 / micro-batches). logits are needed for the z-loss. */
void vsh_route_backward(const vsh_nn *nn, const vsh_route_shape *shape, const float *logits,
                        const vsh_route *route, const float *dweight, float loss_scale,
                        float *dlogits);

/* rows (R,C) = x[token of the row]; free rows of a capacity are zero. */
void vsh_dispatch(const vsh_nn *nn, const vsh_route_shape *shape, vsh_element element,
                  int64_t width, const vsh_route *route, const void *x, void *rows);
/* out (T,C) += sum over k of weight rows[slot]; weighted false: 1. add false: out is written. */
void vsh_combine(const vsh_nn *nn, const vsh_route_shape *shape, vsh_element element, int64_t width,
                 const vsh_route *route, bool weighted, bool add, const void *rows, void *out);
/* Between (T,k) and rows: by_row (R) = by_choice[its token and choice], 0 in free rows; and back,
 * 0 for dropped ones. */
void vsh_weights_to_rows(const vsh_route_shape *shape, const vsh_route *route,
                         const float *by_choice, float *by_row);
void vsh_rows_to_weights(const vsh_route_shape *shape, const vsh_route *route, const float *by_row,
                         float *by_choice);

/* bias_e += rate sign(mean load - load_e), Wang et al. 2024. */
void vsh_balance_bias(int64_t experts, const int64_t *load, double rate, float *bias);

/* x (T,C) times uniform(1 - amount, 1 + amount), a function of (seed, stream, element): jitter of
 * the router's input (Switch). out may be x. The backward pass multiplies by the same. */
void vsh_jitter(const vsh_nn *nn, vsh_element element, int64_t count, float amount, uint64_t seed,
                uint64_t stream, const void *x, void *out);

/* Naive twins in double: route (choice, weight, slot as above; probability double), and the
 * gradient of sum(dweight weight) + balance + z with respect to logits. */
void vsh_route_forward_ref(const vsh_route_shape *shape, const double *logits, const double *bias,
                           double *probability, int32_t *choice, double *weight, int32_t *slot,
                           int32_t *first, double *balance, double *z);
void vsh_route_backward_ref(const vsh_route_shape *shape, const double *logits,
                            const double *probability, const int32_t *choice, const double *weight,
                            const double *dweight, double loss_scale, double *dlogits);

#endif
