/* The tensors the trainer has, one after the other in one array of elements: what the network
 * reads, what the optimizer walks and what a checkpoint holds. Weights, gradients and moments use
 * the same offsets.
 *
 *   embed | layer 0: norms, q, k, v, o, router, experts or MLP | layer 1 ... | final norm | head
 *
 * Within a layer q, k and v are neighbours, and so are gate and up of each MLP and expert: one
 * product reads them as one matrix. Names and shapes are those of Hugging Face's Llama and Mixtral
 * where the model is one. */
#ifndef VSH_PARAMETERS_H
#define VSH_PARAMETERS_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/model.h"
#include "core/status.h"
#include "core/tensor.h"
#include "trainer/base/pool.h"

enum { VSH_PARAMETER_NAME = 96 };

typedef struct {
    char name[VSH_PARAMETER_NAME]; /* "model.layers.3.self_attn.q_proj.weight" */
    vsh_group group;
    int64_t rows, cols; /* cols 1: a vector */
    int64_t offset;     /* elements from the start */
    bool decay;         /* matrices decay; norms and biases do not */
    bool residual;      /* writes into the residual stream: starts smaller by 1/sqrt(2 L) */
    bool trained;       /* false: the balancing bias, which has no gradient */
} vsh_parameter;

typedef struct {
    vsh_parameter *item;
    int64_t count;
    int64_t elements; /* = the planner's parameter count */
} vsh_parameter_list;

/* Offsets of one layer's tensors, in elements; -1 where the layer has none. */
typedef struct {
    int64_t norm[2], norm_bias[2]; /* before attention, before the MLP */
    int64_t qkv, qkv_bias;         /* (qw + 2 kw, C), or (qw, C) for a layer without own keys */
    int64_t out, out_bias;         /* (C, qw) */
    int64_t up, up_bias;           /* (ups F, C): gate, then up */
    int64_t down, down_bias;       /* (C, F) */
    int64_t router, correction;    /* (E, C), (E) */
    int64_t expert_up;             /* E of (ups F_e, C), expert_stride apart */
    int64_t expert_down;           /* E of (C, F_e), expert_stride apart */
    int64_t expert_stride;
    int64_t shared_up, shared_down; /* (ups F_s, C), (C, F_s), F_s = shared x shared_hidden */
} vsh_layer_offsets;

typedef struct {
    int64_t embed, position, final_norm, final_norm_bias;
    int64_t head; /* = embed when tied */
    vsh_layer_offsets *layer;
} vsh_offsets;

/* What the trainer cannot build is refused by name: VSH_EINPUT. */
vsh_status vsh_trainable(const vsh_model *model, vsh_error *err);

vsh_status vsh_parameters_list(vsh_arena *arena, const vsh_model *model, vsh_parameter_list *list,
                               vsh_offsets *offsets, vsh_error *err);

/* The tensors that overlap elements [at, end), one piece after the other. */
typedef struct {
    const vsh_parameter_list *list;
    int64_t item, at, end;
} vsh_parameter_walk;

vsh_parameter_walk vsh_parameters_walk(const vsh_parameter_list *list, int64_t at, int64_t end);
/* The tensor of the next piece, its first element and their count; NULL after the last. */
const vsh_parameter *vsh_parameters_next(vsh_parameter_walk *walk, int64_t *first, int64_t *count);

/* Initial weights, a pure function of (seed, offset): normal(0, 0.02) for matrices and tables,
 * 0.02/sqrt(2 L) where residual, ones for norm weights, zeros for biases. values (elements). The
 * same bits on every machine. */
void vsh_parameters_start(vsh_pool *pool, const vsh_parameter_list *list, const vsh_model *model,
                          uint64_t seed, float *values);

/* "LlamaForCausalLM", "MixtralForCausalLM", or NULL when the model is neither. */
const char *vsh_parameters_family(const vsh_model *model);

#endif
