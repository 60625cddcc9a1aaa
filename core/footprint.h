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
    vsh_bytes total;
} vsh_footprint;

/* As the object "memory": bytes of each kind and in all. */
void vsh_footprint_write(const vsh_footprint *footprint, vsh_json *json);

/* Tokens that go through the output head at a time, so that logits are never whole. */
enum { VSH_LOGIT_CHUNK = 2048 };

/* work->recipe must be set. logit_chunk tokens go through the output head at a time (0: all). */
vsh_status vsh_footprint_of(const vsh_model *model, const vsh_work *work, int64_t logit_chunk,
                            vsh_footprint *footprint, vsh_error *err);

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

/* Activation bytes of one GPT layer with dropout, Korthikanti et al. 2022 (arXiv:2205.05198)
 * equation 2 and table 2: s b h (34 + 5 a s / h), without the last term when scores are not kept.
 * The op list gives the same number (tests/unit/test_footprint.c). */
vsh_bytes vsh_korthikanti_layer(double s, double b, double h, double a, bool store_scores);

/* Persistent bytes a rank holds of P parameters under ZeRO stage 0-3 over n ranks with mixed
 * precision Adam (2 + 2 + 12 bytes), Rajbhandari et al. 2020 (arXiv:1910.02054) figure 1. */
vsh_bytes vsh_zero_state(double parameters, int stage, double ranks);

#endif
