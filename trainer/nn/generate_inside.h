/* The inside of the generator, shared by the files that run its parts. */
#ifndef VSH_GENERATE_INSIDE_H
#define VSH_GENERATE_INSIDE_H

#include "trainer/nn/attention.h"
#include "trainer/nn/generate.h"
#include "trainer/nn/moe.h"

/* A token of the chunk that passes. */
typedef struct {
    int32_t sequence, position;
    int32_t index; /* in the chunk (B, count) */
} vsh_token_row;

/* What a token of the chunk left with. */
typedef struct {
    int32_t layers; /* that ran */
    bool right;     /* the most likely successor is the target */
    double loss;
} vsh_token_end;

/* Rows of the stream belong to the tokens of a chunk. Those that still climb come first, in order,
 * then those that left:
 *
 *   x (rows, C)   [climbing: queries, attention, MLP | left: only keys and values]  */
struct vsh_generator {
    const vsh_model *model;
    vsh_element element;
    vsh_generator_shape most;
    vsh_nn nn;
    const vsh_offsets *offsets;
    const void *weights;
    int64_t ups, q_width, kv_width;
    int64_t pieces; /* rows whose logits are in memory together */
    int64_t sequences, length;
    /* of the chunk that passes */
    int64_t rows, climbing, run_count, count;
    const vsh_exit_rule *rule;
    const int32_t *targets; /* by index; NULL: only logits of the last tokens are wanted */
    int64_t macs, full_macs;
    /* memory */
    void *cache[VSH_LAYERS_MAX]; /* (B, capacity, 2 kv); NULL: reads those of a layer below */
    float *rotary;               /* (capacity, D) */
    vsh_token_row *row, *row_other;
    vsh_attention_run *run;
    int32_t *ids;
    int32_t *asked; /* rows that a head looks at */
    bool *leaves;
    vsh_token_end *end; /* by index */
    void *x, *x_other;  /* (rows, C) */
    void *n;            /* (rows, C) */
    void *q, *kv, *mix; /* (rows, H D), (rows, 2 kv), (rows, H D) */
    void *pre, *act;    /* of the widest MLP, all experts' rows */
    void *expert_rows;  /* (rows k, C) */
    float *router, *correction;
    vsh_route route;
    float *scores, *logits; /* (pieces, V), (B, V) */
    double *loss, *confidence;
    int32_t *best, *right; /* the most likely successor, and the target */
};

static inline const void *vsh_generator_weight(const vsh_generator *g, int64_t offset)
{
    return offset < 0 ? NULL : vsh_at_const(g->weights, g->element, offset);
}

/* y (rows,n) = or += x (rows,k) W (n,k)^T, counted. wide: y is fp32. */
typedef struct {
    int64_t rows, n, k, weight;
    const void *x;
    void *y;
    bool add, wide;
} vsh_generator_product;

void vsh_generator_multiply(vsh_generator *g, const vsh_generator_product *p);
/* The norm with this weight and bias (offsets, bias -1: none) over rows of the stream's width. */
void vsh_generator_norm(const vsh_generator *g, int64_t weight, int64_t bias, int64_t rows,
                        const void *x, void *out);

/* One layer over the chunk's rows. */
void vsh_generator_layer(vsh_generator *g, int64_t layer);
/* Multiply-adds of one layer for the whole chunk at full depth. */
int64_t vsh_generator_layer_macs(const vsh_generator *g, int64_t layer);

/* The exit after so many layers: those who are sure leave. */
void vsh_generator_exit(vsh_generator *g, int64_t layers);
/* The last head: all who still climb leave. */
void vsh_generator_finish(vsh_generator *g, bool last_chunk);
/* Rows that climb, as runs for attention. */
void vsh_generator_find_runs(vsh_generator *g);

/* count tokens of each sequence, at most a chunk, from tokens (B, stride) on; targets in the same
 * places, or NULL. last: their logits are wanted. Results are in g->end until the next. */
void vsh_generator_pass(vsh_generator *g, const int32_t *tokens, const int32_t *targets,
                        int64_t stride, int64_t count, const vsh_exit_rule *rule, bool last);

#endif
