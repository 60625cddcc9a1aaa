/* What a run has that not every system can be told. A target lists what it can; the rest is
 * refused by name, so that nothing is dropped silently. */
#ifndef VSH_EXPORT_FEATURE_H
#define VSH_EXPORT_FEATURE_H

#include "planner/export/export.h"

/* Name, how a message calls it. */
#define VSH_EXPORT_FEATURES(FEATURE)                                                               \
    FEATURE(CROSS_LAYER, "cross-layer attention (cross_layer)")                                    \
    FEATURE(EXITS, "early exits (exits)")                                                          \
    FEATURE(WINDOW, "sliding-window attention (window)")                                           \
    FEATURE(LATENT, "latent attention (latent)")                                                   \
    FEATURE(LEARNED, "learned positions (position: learned)")                                      \
    FEATURE(POSITION_OFFSET, "an offset of learned positions (position_offset)")                   \
    FEATURE(ALIBI, "ALiBi (position: alibi)")                                                      \
    FEATURE(NO_POSITION, "no positions (position: none)")                                          \
    FEATURE(GELU, "a GELU MLP without gate (mlp: gelu)")                                           \
    FEATURE(RELU, "a ReLU MLP (mlp: relu)")                                                        \
    FEATURE(GEGLU, "a GELU gate (mlp: geglu)")                                                     \
    FEATURE(LAYER_NORM, "layer norms (norm: layer)")                                               \
    FEATURE(NORM_NO_BIAS, "layer norms without bias")                                              \
    FEATURE(NORMS, "another number of norms than two a layer (norms_per_layer)")                   \
    FEATURE(NO_FINAL_NORM, "no norm before the head (final_norm)")                                 \
    FEATURE(EMBEDDING_NORM, "a norm after the embedding (embedding_norm)")                         \
    FEATURE(EMBEDDING_DIM, "an embedding of another width (embedding_dim)")                        \
    FEATURE(QK_NORM_HEAD, "norms of queries and keys (qk_norm: head)")                             \
    FEATURE(QK_NORM_FULL, "norms of queries and keys over all heads (qk_norm: full)")              \
    FEATURE(QKV_BIAS, "biases of query, key and value (bias: qkv)")                                \
    FEATURE(ATTENTION_BIAS, "biases of attention alone (bias: attention)")                         \
    FEATURE(ALL_BIAS, "biases (bias: all)")                                                        \
    FEATURE(SINKS, "attention sinks (sinks)")                                                      \
    FEATURE(HEAD_DIM, "heads whose widths do not sum to the model's (head_dim)")                   \
    FEATURE(TIED, "a head tied to the embedding (tied)")                                           \
    FEATURE(EXPERTS, "experts (experts)")                                                          \
    FEATURE(SOME_EXPERTS, "experts in some of the layers (experts: every, first_dense)")           \
    FEATURE(CAPACITY, "a capacity of experts (experts: capacity)")                                 \
    FEATURE(SHARED, "shared experts (experts: shared)")                                            \
    FEATURE(SHARED_GATE, "a gate of the shared expert (experts: shared_gate)")                     \
    FEATURE(ROUTER_BIAS, "a bias of the router (experts: router_bias)")                            \
    FEATURE(CORRECTION_BIAS, "a balancing bias of the experts (experts: correction_bias)")         \
    FEATURE(EXPERT_BIAS, "biases of experts unlike those of other layers (experts: expert_bias)")  \
    FEATURE(TENSOR, "tensor parallelism (tp)")                                                     \
    FEATURE(TENSOR_ALONE, "tensor without sequence parallelism (tp with sp=0)")                    \
    FEATURE(PIPELINE, "pipeline parallelism (pp)")                                                 \
    FEATURE(CONTEXT, "context parallelism (cp)")                                                   \
    FEATURE(EXPERT_WAYS, "expert parallelism (ep)")                                                \
    FEATURE(ZERO_0, "data parallelism that shards nothing (dp with zero=0)")                       \
    FEATURE(ZERO_1, "ZeRO stage 1 (zero=1)")                                                       \
    FEATURE(ZERO_2, "ZeRO stage 2 (zero=2)")                                                       \
    FEATURE(ZERO_3, "ZeRO stage 3 (zero=3)")                                                       \
    FEATURE(FP32, "precision fp32")                                                                \
    FEATURE(FP16, "precision fp16")                                                                \
    FEATURE(FP8, "precision fp8")                                                                  \
    FEATURE(INT8, "precision int8")                                                                \
    FEATURE(ADAMW8BIT, "the optimizer adamw8bit")                                                  \
    FEATURE(ADAFACTOR, "the optimizer adafactor")                                                  \
    FEATURE(LION, "the optimizer lion")                                                            \
    FEATURE(MUON, "the optimizer muon")                                                            \
    FEATURE(SGD, "the optimizer sgd")                                                              \
    FEATURE(SELECTIVE, "selective recomputation (recompute: selective)")                           \
    FEATURE(SCORES, "attention that keeps its scores (attention: full)")

#define VSH_EXPORT_ID(id, title) VSH_HAS_##id,
enum { VSH_EXPORT_FEATURES(VSH_EXPORT_ID) VSH_EXPORT_FEATURE_COUNT };
#undef VSH_EXPORT_ID

#define VSH_CAN(id) ((uint64_t)1 << VSH_HAS_##id)

bool vsh_export_has(const vsh_export_run *run, int feature);
/* VSH_EINPUT for the first feature of the run that is not in target->can. */
vsh_status vsh_export_refuse(const vsh_export_target *target, const vsh_export_run *run,
                             vsh_error *err);
/* VSH_EINPUT unless every stage of the pipeline has as many layers. */
vsh_status vsh_export_even_stages(const vsh_export_target *target, const vsh_export_run *run,
                                  vsh_error *err);

#endif
