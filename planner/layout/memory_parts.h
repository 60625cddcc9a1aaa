/* The memory of the fullest chip of many layouts of one split: what one chunk of
 * layers holds is asked of the op list once (core/footprint.h) and added up for every number of
 * stages, chunks, replicas and stage of ZeRO. Equal to vsh_footprint_layout, a thousand times
 * faster. */
#ifndef VSH_MEMORY_PARTS_H
#define VSH_MEMORY_PARTS_H

#include "core/footprint.h"
#include "planner/layout/step_price.h"

/* Kinds of layers, and the numbers of chunks that divide them, of a model. */
typedef struct {
    const vsh_model *model;
    unsigned char kind[VSH_LAYERS_MAX]; /* of every layer, in the order of their first */
    int64_t first[VSH_KINDS_MAX];       /* layer of each kind */
    int kinds;
    int64_t *at; /* [chunks]: where its first chunk stands in a table of all; -1: does not divide */
    int64_t places; /* in that table */
} vsh_chunking;

/* VSH_EMACHINE for memory. */
vsh_status vsh_chunking_of(const vsh_model *model, vsh_arena *arena, vsh_chunking *chunking,
                           vsh_error *err);

/* Bytes of one chunk while `f` micro-batches of it are in flight: activations + f x kept. */
typedef struct {
    double activations, kept, logits, communication;
    double resident; /* weights and gradients that are whole all step */
} vsh_chunk_bytes;

/* Of chunks of two layers that are all alike: what they hold, and more for every further layer. */
typedef struct {
    vsh_chunk_bytes first, inner, last, more;
    int64_t micro; /* whose; 0: not known */
    double most;   /* bytes of such a chunk with a micro-batch of one sequence; 0: not known */
} vsh_chunk_growth;

enum { VSH_MEMORY_CLASSES = 6 }; /* stages or not, x gradients or weights shared or neither */

typedef struct {
    const vsh_chunking *chunking;
    const vsh_framework *framework;
    vsh_step_run run; /* split and recomputation hold for all that is asked */
    bool rounds;      /* experts have no whole number of rows of one sequence */
    vsh_share layer[VSH_KINDS_MAX], embedding, head, head_alone; /* alone: a tied table's copy */
    vsh_share *share;                                            /* [places] */
    bool *shared;                                                /* [chunks] */
    vsh_chunk_growth growth[VSH_MEMORY_CLASSES];
    vsh_chunk_bytes *bytes[VSH_MEMORY_CLASSES]; /* [places] */
    int64_t *micro[VSH_MEMORY_CLASSES];         /* [chunks]: whose; 0: not known */
} vsh_memory_parts;

/* Room for the parts of any layout; VSH_EMACHINE. */
vsh_status vsh_memory_parts_make(const vsh_chunking *chunking, const vsh_framework *framework,
                                 vsh_arena *arena, vsh_memory_parts *parts, vsh_error *err);

/* Begins anew with the split (all but data and zero) and recomputation of a run. */
void vsh_memory_parts_begin(vsh_memory_parts *parts, const vsh_step_run *run);

/* Bounds from below: weights, gradients and optimizer alone; and beside them what is kept. The
 * chunks divide the layers. */
double vsh_memory_state(vsh_memory_parts *parts, const vsh_layout *layout);
vsh_status vsh_memory_least(vsh_memory_parts *parts, const vsh_layout *layout, int64_t micro,
                            double *bytes, vsh_error *err);

/* And from above; infinite where only the whole tells. */
vsh_status vsh_memory_most(vsh_memory_parts *parts, const vsh_layout *layout, int64_t micro,
                           double *bytes, vsh_error *err);

/* Of the fullest chip; all: VSH_EINPUT when the model cannot be cut there. */
vsh_status vsh_memory_whole(vsh_memory_parts *parts, const vsh_layout *layout, int64_t micro,
                            double *bytes, vsh_error *err);

#endif
