/* What a pass through the naive network (network_ref.h) works with: what it keeps, products and
 * norms. */
#ifndef VSH_PASS_REF_H
#define VSH_PASS_REF_H

#include "core/arena.h"
#include "trainer/nn/moe.h"
#include "trainer/nn/network_ref.h"

/* What a layer leaves for its backward pass. */
typedef struct {
    double *x, *n1;          /* (T,C): into the layer; its first norm */
    double *q;               /* (T, H D), rotated */
    double *k, *v, *dk, *dv; /* (T, K D), k rotated; NULL in a layer without its own */
    double *mix;             /* (T, H D): what attention gives */
    double *middle, *n2;     /* (T,C): after attention; its norm */
    double *routed, *logits; /* (T,C) jittered, (T,E) */
    vsh_route_shape route;
    double *probability, *weight; /* (T,E), (T,k) */
    int32_t *choice, *slot;
    double balance, z;
} vsh_layer_ref;

/* One call of vsh_network_ref. */
typedef struct {
    vsh_arena arena;
    const vsh_model *model;
    const vsh_network_ref_options *options;
    const vsh_offsets *offsets;
    const double *weights;
    double *gradients;
    int64_t sequences, seq, tokens;
    vsh_layer_ref *layer;
} vsh_pass_ref;

/* Zeroed. */
double *vsh_doubles_ref(vsh_pass_ref *pass, int64_t count);
/* to += from */
void vsh_add_ref(int64_t count, const double *from, double *to);

/* y (rows, n) = x (rows, k) W^T + b. W (n,k) and b (n) are offsets of parameters; b -1: none. */
void vsh_linear_forward_ref(const vsh_pass_ref *pass, int64_t rows, int64_t n, int64_t k,
                            const double *x, int64_t weight, int64_t bias, double *y);
/* dx, and the gradients of W and b, are added to. */
void vsh_linear_backward_ref(const vsh_pass_ref *pass, int64_t rows, int64_t n, int64_t k,
                             const double *x, int64_t weight, int64_t bias, const double *dy,
                             double *dx);

/* The model's norm over all tokens, of weight and bias at these offsets; dx is added to. */
void vsh_pass_norm_ref(const vsh_pass_ref *pass, int64_t weight, int64_t bias, const double *x,
                       double *out);
void vsh_pass_norm_backward_ref(const vsh_pass_ref *pass, int64_t weight, int64_t bias,
                                const double *x, const double *dout, double *dx);

#endif
