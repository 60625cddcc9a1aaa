/* model x work -> the operations of one training step of one micro-batch on one chip, in order of
 * execution: forward, then backward with recomputation, then the optimizer. The only place where
 * an architecture becomes arithmetic. */
#ifndef VSH_LOWER_H
#define VSH_LOWER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model.h"
#include "core/op.h"
#include "core/precision.h"
#include "core/split.h"

typedef enum { VSH_RECOMPUTE_NONE, VSH_RECOMPUTE_SELECTIVE, VSH_RECOMPUTE_FULL } vsh_recompute_mode;

extern const char *const vsh_recompute_words[];

typedef struct {
    int64_t sequences, seq; /* B sequences of S tokens; T = B S tokens */
    vsh_precision precision;
    vsh_recompute_mode recompute;
    bool lean;              /* vishwa-train: what is cheap is made again, not kept */
    bool store_scores;      /* attention that keeps its S x S scores; false: tiled (flash) */
    int64_t attention_tile; /* of tiled attention: rows and columns of a tile, 1 = no padding */
    bool every_second;      /* selective recomputation keeps every second product, as torchtitan */
    bool dropout;           /* keeps a byte a masked element, as Korthikanti counts */
    const vsh_recipe *recipe; /* NULL: no optimizer operation */
    double imbalance; /* rows of the fullest chip's experts over the mean, this chip's; 0: 1 */
    double shards;    /* chips that share weights, gradients and optimizer; 0 or 1: none */
    vsh_split split;  /* of what the list has one chip's share, with its collectives */
    vsh_stage stage;  /* layers of a pipeline stage; {0}: the whole model */
} vsh_work;

/* In a lean runtime an operation keeps one buffer a layer, rounded up to this many bytes; tiles of
 * its attention have this many rows and columns. */
enum { VSH_LEAN_ALIGNMENT = 64, VSH_LEAN_TILE = 64 };

/* S tokens of one sequence in bf16, tiled attention with tiles of 128, nothing recomputed. */
vsh_work vsh_work_default(int64_t seq);

/* As vishwa-train works: lean, with its tiles. */
vsh_work vsh_work_lean(int64_t sequences, int64_t seq, vsh_precision precision,
                       vsh_recompute_mode recompute);

/* VSH_EINPUT when a count passes 63 bits, or when the split does not divide the model.
 *
 * Under a split sequences and seq are those of one replica; the list is that of one of the chips
 * that share it, all alike: a chip of the context axis has a piece of both halves of a sequence,
 * so that its causal pairs are as many as any other's, and experts receive as many rows as they
 * send away. Over the chips of a replica (of expert replicas, as many data sets) model MACs add up
 * to those of the undivided list; executed MACs count what several chips repeat and the padding of
 * the vocabulary. Collectives are named after the place they stand at; ".again" is the repetition
 * by recomputation, ".back" the collective of the backward pass, ".more" the second gather of
 * something not kept whole. Those of gradients, optimizer states and sharded weights are there
 * when there is a recipe. */
vsh_status vsh_lower(const vsh_model *model, const vsh_work *work, vsh_op_list *ops,
                     vsh_error *err);

/* Bytes kept for the backward pass by the fullest single layer when nothing in it is recomputed:
 * what is live while one layer of a recomputed model runs backward. */
vsh_status vsh_lower_live_layer(const vsh_model *model, const vsh_work *work, vsh_bytes *bytes,
                                vsh_error *err);

/* The forward operations of one layer (from 0) when nothing in it is recomputed. */
vsh_status vsh_lower_layer(const vsh_model *model, const vsh_work *work, int64_t layer,
                           vsh_op_list *ops, vsh_error *err);
/* The first layer of the stage that has this one's kind. */
int64_t vsh_first_alike(const vsh_model *model, const vsh_stage *stage, int64_t layer);

/* What stands before the names of a layer's operations: "layer.", "moe.", "dense-window.". Layers
 * of the same prefix are lowered together. */
enum { VSH_PREFIX = 24 };
void vsh_layer_prefix(const vsh_model *model, int64_t layer, char prefix[VSH_PREFIX]);
/* Layers that share this one's prefix. */
int64_t vsh_layers_alike(const vsh_model *model, int64_t layer);

/* Key-query pairs of one causal sequence, each position seeing at most window keys (0: all). */
int64_t vsh_causal_pairs(int64_t seq, int64_t window);
/* Pairs that run when a tile x tile block, clipped at the end of the sequence, runs whole as soon
 * as one of its pairs is needed. */
int64_t vsh_tiled_pairs(int64_t seq, int64_t window, int64_t tile);

#endif
