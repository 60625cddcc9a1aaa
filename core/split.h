/* How one model is laid over chips: what divides each tensor, and the parameters that one chip
 * then holds. */
#ifndef VSH_SPLIT_H
#define VSH_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model.h"

/* Ways of each axis; 0 or 1 = not. Routed experts are divided by tensor as well as by expert, as
 * Megatron-LM does unless told otherwise. */
typedef struct {
    int64_t tensor;   /* chips that share every matrix: heads, MLP width, vocabulary */
    bool sequence;    /* beside tensor: what is between the matrices is divided by tokens */
    bool whole_vocab; /* beside sequence and ZeRO 3: token table and head are not divided, but
                       * ZeRO's shards of them are (Galvatron without vocabulary parallelism) */
    int64_t context;  /* chips that share every sequence, each a piece of both halves */
    int64_t expert;   /* chips over which the routed experts are spread: of data x context */
    int64_t data;     /* replicas of the model */
    int zero;         /* ZeRO stage over data x context, 0-3; FSDP is 3 */
    bool resident;    /* beside stage 3: gathered and reduced once a step, whole in between, as
                       * torchtitan does under a pipeline */
} vsh_split;

/* What of the model one stage of a pipeline, or one of a chip's several chunks, holds. layers 0:
 * the whole model, whatever the rest says. */
typedef struct {
    int64_t first, layers;
    bool embedding, head;
} vsh_stage;

static inline int64_t vsh_ways(int64_t ways) { return ways > 1 ? ways : 1; }
/* Chips that share the vocabulary. */
static inline int64_t vsh_split_vocab_ways(const vsh_split *split)
{
    return split->sequence && split->whole_vocab ? 1 : vsh_ways(split->tensor);
}
/* Divided at all. */
bool vsh_split_any(const vsh_split *split);
/* Whole models made plain: the stage of all layers. */
vsh_stage vsh_stage_of(const vsh_model *model, const vsh_stage *stage);

/* VSH_EINPUT, naming both numbers, when the model or sequences of seq tokens do not divide. */
vsh_status vsh_split_check(const vsh_model *model, const vsh_split *split, const vsh_stage *stage,
                           int64_t seq, vsh_error *err);

/* Key-value heads of one chip: those that more chips than heads share are held by several. */
int64_t vsh_split_kv_heads(const vsh_model *model, const vsh_split *split);
/* Rows of the token table over all chips: undivided as they are, else padded to a multiple of 128
 * for every chip (Megatron-LM, make-vocab-size-divisible-by; from memory). */
int64_t vsh_split_vocab(const vsh_model *model, const vsh_split *split);

/* Parameters of one chip before data parallelism divides them: what tensor parallelism divides,
 * what every chip of it holds whole, and the routed experts. */
typedef struct {
    int64_t sharded, replicated, experts;
} vsh_share;

/* Of one layer (from 0), of embedding and positions, of final norm and head. A tied head that
 * stands on another stage than the embedding has a copy of the table. */
vsh_share vsh_share_layer(const vsh_model *model, const vsh_split *split, int64_t layer);
vsh_share vsh_share_embedding(const vsh_model *model, const vsh_split *split);
vsh_share vsh_share_head(const vsh_model *model, const vsh_split *split, bool embedding);
/* Of the token table and head of a stage, what ZeRO 3 divides by tensor as well: whole_vocab. */
int64_t vsh_share_whole_vocab(const vsh_model *model, const vsh_split *split,
                              const vsh_stage *stage);
/* Of a stage. */
vsh_share vsh_share_stage(const vsh_model *model, const vsh_split *split, const vsh_stage *stage);

static inline vsh_share vsh_share_add(vsh_share a, vsh_share b)
{
    return (vsh_share){a.sharded + b.sharded, a.replicated + b.replicated, a.experts + b.experts};
}
static inline int64_t vsh_share_dense(vsh_share share) { return share.sharded + share.replicated; }
/* Chips that hold the same: of all but the routed experts, and of those. */
static inline int64_t vsh_split_replicas(const vsh_split *split)
{
    return vsh_ways(split->data) * vsh_ways(split->context);
}
static inline int64_t vsh_split_expert_replicas(const vsh_split *split)
{
    return vsh_ways(vsh_split_replicas(split) / vsh_ways(split->expert));
}

#endif
