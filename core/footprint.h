/* Bytes by kind on one chip at the fullest moment of a step: the start of the backward pass, when
 * every kept activation is there and the first gradients begin. */
#ifndef VSH_FOOTPRINT_H
#define VSH_FOOTPRINT_H

#include <stdbool.h>

#include "core/json.h"
#include "core/lower.h"
#include "core/tensor.h"
#include "core/units.h"

typedef struct {
    vsh_bytes weights, gradients, optimizer; /* optimizer: moments and the fp32 master copy */
    vsh_bytes activations;                   /* from the saved bytes of the op list */
    vsh_bytes logits;                        /* fp32 logits and their gradient, one chunk */
    vsh_bytes
        workspace; /* scratch of the runtime, a stated share; gathered layers of sharded weights */
    vsh_bytes communication; /* gathered weights, unsharded gradients, buffers between chips */
    vsh_bytes reserve;       /* what the framework holds beside: its libraries, fragments */
    vsh_bytes total;
} vsh_footprint;

/* As the object "memory": bytes of each kind and in all. */
void vsh_footprint_write(const vsh_footprint *footprint, vsh_json *json);

/* Tokens that go through the output head at a time, so that logits are never whole. */
enum { VSH_LOGIT_CHUNK = 2048 };

/* work->recipe must be set. logit_chunk tokens go through the output head at a time (0: all). */
vsh_status vsh_footprint_of(const vsh_model *model, const vsh_work *work, int64_t logit_chunk,
                            vsh_footprint *footprint, vsh_error *err);

/* ---- a chip of a layout ---------------------------------------------------------------------- */

/* What a framework holds that the op list does not say; the same for every model and layout. */
typedef struct {
    const char *name;
    double loss_bytes;         /* a logit, at the fullest moment of the loss */
    double head_bytes;         /* a logit, while the head runs backward */
    double rest_bytes;         /* a logit, until the backward pass ends */
    double output_bytes;       /* a logit, beside, kept by the last stage of a pipeline */
    double border;             /* outputs of a stage held for every micro-batch in flight */
    double reduced_bytes;      /* a parameter, of what gradients are copied to; 0: in place */
    double ahead;              /* layers gathered before their turn, of sharded weights */
    double libraries;          /* bytes of handles and workspaces that its allocator counts */
    double fragments;          /* share of all else that the allocator holds and nobody uses */
    double pipeline_fragments; /* as much more under a pipeline */
    bool fp32_state;           /* weights and gradients in fp32, unless a recipe is named */
    bool every_second;         /* selective recomputation: vsh_work.every_second */
    bool resident;             /* under a pipeline and ZeRO 3: vsh_split.resident */
    bool whole_vocab;          /* under tensor parallelism and ZeRO 3: vsh_split.whole_vocab */
    bool ends; /* stages that do not divide the layers may divide them with embedding and head,
                * each counted as a layer */
    const char *source, *tag;
} vsh_framework;

extern const char *const vsh_framework_words[]; /* closed by NULL */
/* By index into vsh_framework_words. */
const vsh_framework *vsh_framework_at(int index);
/* name is one of vsh_framework_words. */
const vsh_framework *vsh_framework_named(const char *name);

typedef struct {
    int64_t pipeline;      /* stages; 0 or 1: none */
    int64_t chunks;        /* a chip has this many, interleaved; 0 or 1: one */
    int64_t micro_batches; /* of a step; work describes one */
    int64_t logit_chunk;   /* tokens that go through the output head at a time; 0: all */
    const vsh_framework *framework;
} vsh_placement;

/* The fullest chip under work->split, over the stages of the pipeline in 1F1B order. work->recipe
 * is set; work->stage is not looked at. VSH_EINPUT when the stages do not divide the layers (and
 * the framework does not count the ends). */
vsh_status vsh_footprint_layout(const vsh_model *model, const vsh_work *work,
                                const vsh_placement *placement, vsh_footprint *footprint,
                                vsh_error *err);

/* One chip with the stage of work->stage, which holds the activations of in_flight micro-batches of
 * it at its fullest moment. Of the chunks of an interleaved chip, add up (vsh_footprint_layout). */
vsh_status vsh_footprint_chip(const vsh_model *model, const vsh_work *work, double in_flight,
                              const vsh_placement *placement, vsh_footprint *footprint,
                              vsh_error *err);

/* Micro-batches whose activations stage (from 0) holds at once, in whole stages: 1F1B, Narayanan et
 * al. 2021 (arXiv:2104.04473) section 2.2; interleaved stage 0 is p (1 + (p-1) / (p v)),
 * Korthikanti et al. 2022 section 4.2.3. */
double vsh_in_flight(const vsh_placement *placement, int64_t stage);

/* What vishwa-train reserves for a run, to the byte: its arenas are exactly this long. */
typedef struct {
    vsh_optimizer optimizer;  /* AdamW, 8-bit AdamW, Adafactor or SGD */
    int64_t gradient_buffers; /* sums of micro-batches that wait to be added in a tree */
    bool accumulates; /* a step has several micro-batches: 16-bit gradients are summed in fp32 */
    int64_t threads;
    bool jitter; /* the router's input is shaken */
} vsh_lean_runtime;

/* Scratch of one thread. */
enum { VSH_THREAD_SCRATCH_BYTES = 2 << 20 };

/* work is lean. optimizer counts the fp32 master copy of 16-bit weights. */
vsh_status vsh_footprint_lean(const vsh_model *model, const vsh_work *work,
                              const vsh_lean_runtime *runtime, vsh_footprint *footprint,
                              vsh_error *err);

/* Bytes of the tensors in a checkpoint of vishwa-train: weights, the fp32 master copy of 16-bit
 * ones and the moments, nothing rounded. optimizer as in vsh_lean_runtime. */
vsh_status vsh_checkpoint_payload(const vsh_model *model, vsh_precision precision,
                                  vsh_optimizer optimizer, vsh_bytes *payload, vsh_error *err);

/* Activation bytes of one GPT layer with dropout, Korthikanti et al. 2022 (arXiv:2205.05198)
 * equation 2 and table 2: s b h (34 + 5 a s / h), without the last term when scores are not kept.
 * The op list gives the same number (tests/unit/test_footprint.c). */
vsh_bytes vsh_korthikanti_layer(double s, double b, double h, double a, bool store_scores);

/* Persistent bytes a rank holds of P parameters under ZeRO stage 0-3 over n ranks with mixed
 * precision Adam (2 + 2 + 12 bytes), Rajbhandari et al. 2020 (arXiv:1910.02054) figure 1. */
vsh_bytes vsh_zero_state(double parameters, int stage, double ranks);

#endif
