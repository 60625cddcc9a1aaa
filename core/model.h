/* THE description of a decoder, dense or Mixture-of-Experts: what the planner prices, the
 * simulator runs and the trainer builds. Read from YAML (docs/formats.md) or from a Hugging Face
 * config.json (core/model_hf.c); every layer's kind is resolved here, once. */
#ifndef VSH_MODEL_H
#define VSH_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/doc.h"
#include "core/status.h"

enum { VSH_LAYERS_MAX = 1024 };

typedef enum { VSH_MLP_GELU, VSH_MLP_RELU, VSH_MLP_SWIGLU, VSH_MLP_GEGLU } vsh_mlp;
typedef enum { VSH_NORM_RMS, VSH_NORM_LAYER, VSH_NORM_LAYER_NO_BIAS } vsh_norm;
typedef enum {
    VSH_POSITION_LEARNED, /* a table of context + position_offset rows */
    VSH_POSITION_ROTARY,
    VSH_POSITION_ALIBI,
    VSH_POSITION_NONE
} vsh_position;
typedef enum {
    VSH_QK_NORM_NONE,
    VSH_QK_NORM_HEAD, /* one weight of head_dim for queries, one for keys */
    VSH_QK_NORM_FULL  /* over all heads at once: heads x head_dim, kv_heads x head_dim */
} vsh_qk_norm;
typedef enum {
    VSH_BIAS_NONE,
    VSH_BIAS_QKV,
    VSH_BIAS_ATTENTION, /* query, key, value and output */
    VSH_BIAS_ALL        /* attention and MLP */
} vsh_bias;

extern const char *const vsh_mlp_words[], *const vsh_norm_words[], *const vsh_position_words[],
                                                                       *const vsh_qk_norm_words[],
                                                                           *const vsh_bias_words[];

/* Multi-head latent attention, DeepSeek-V2 (arXiv:2405.04434): keys and values are made from one
 * compressed vector a token. kv_rank 0 = ordinary attention. */
typedef struct {
    int64_t q_rank; /* 0: queries are not compressed */
    int64_t kv_rank, nope_dim, rope_dim, v_dim;
} vsh_latent;

/* count 0 = dense. The granularity of the description is already applied: count and hidden are of
 * the experts that exist. */
typedef struct {
    int64_t count, top_k, hidden;
    int64_t shared, shared_hidden; /* experts every token uses, and the width of one */
    int64_t every, first_dense;    /* as read; layer[].experts is what holds */
    int64_t granularity;
    bool shared_gate;     /* a sigmoid gate, hidden -> 1, on the shared expert */
    bool router_bias;     /* a bias on the router's logits */
    bool correction_bias; /* a balancing bias an expert, DeepSeek-V3 */
    bool expert_bias;     /* biases inside the experts */
    double capacity;      /* capacity factor; 0 = dropless */
} vsh_experts;

typedef struct {
    bool experts; /* experts in place of the dense MLP */
    bool own_kv;  /* false: attends to the keys and values of the nearest earlier layer that has */
    bool exit;    /* an early-exit head after this layer (shares final norm and output head) */
    int64_t window; /* sliding-window attention over this many keys; 0 = all */
} vsh_layer;

typedef struct {
    const char *name;
    const char *source;           /* where the figures come from, or NULL */
    int64_t published_parameters; /* the published total, 0 when none was given */
    int64_t layers;               /* L */
    int64_t hidden;               /* C, the model width */
    int64_t heads, kv_heads;      /* H query heads, K key-value heads */
    int64_t head_dim;
    int64_t ffn; /* F, the width of a dense MLP */
    int64_t vocab, context;
    int64_t position_offset;
    int64_t embedding_dim; /* of the token table; projections stand where it is not hidden */
    int64_t norms_per_layer;
    int mlp, norm, position, qk_norm, bias; /* the enums above */
    bool tied, embedding_norm, sinks, final_norm;
    int64_t window, full_every, cross_layer; /* as read; layer[] is what holds */
    vsh_latent latent;
    vsh_experts experts;
    vsh_layer layer[VSH_LAYERS_MAX];
} vsh_model;

/* Reads a YAML description, a config.json or the model inside a training configuration, told apart
 * by content (a config.json has "model_type" or "architectures", a configuration "model"). Text in
 * the model lives in the arena. */
vsh_status vsh_model_read(vsh_arena *arena, const char *path, vsh_model *model, vsh_error *err);
vsh_status vsh_model_from_doc(const vsh_doc *doc, vsh_model *model, vsh_error *err);

/* A description with every optional figure at its default. */
vsh_model vsh_model_default(void);
/* Fills what was left to defaults, resolves layer[], and checks that the whole makes sense. A
 * message begins with place ("file:line:column: " or "recommended model: "). */
vsh_status vsh_model_finish(vsh_model *model, const char *place, vsh_error *err);

static inline bool vsh_model_gated(const vsh_model *model)
{
    return model->mlp == VSH_MLP_SWIGLU || model->mlp == VSH_MLP_GEGLU;
}
/* Widths of one query/key head and of one value head. */
static inline int64_t vsh_model_qk_dim(const vsh_model *model)
{
    return model->latent.kv_rank ? model->latent.nope_dim + model->latent.rope_dim
                                 : model->head_dim;
}
static inline int64_t vsh_model_v_dim(const vsh_model *model)
{
    return model->latent.kv_rank ? model->latent.v_dim : model->head_dim;
}

#endif
