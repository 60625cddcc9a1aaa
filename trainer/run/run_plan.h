/* What a run will be, before anything is allocated: the micro-batch that fits, memory to the byte,
 * work, and the time and energy this machine should need. */
#ifndef VSH_RUN_PLAN_H
#define VSH_RUN_PLAN_H

#include "core/footprint.h"
#include "core/hardware.h"
#include "core/op.h"
#include "core/tensor.h"
#include "trainer/run/run_config.h"

typedef struct {
    vsh_work work;     /* one micro-batch at full length */
    int64_t sequences; /* of a step */
    int64_t threads, gradient_buffers;
    vsh_parameters parameters;
    vsh_footprint footprint;
    vsh_flops model_flops, executed_flops; /* of one step */
} vsh_run_plan;

/* Completes config->batch: micro as given, or the largest that fits into available bytes and is
 * still good for the caches; accumulate and shards follow, fewer shards where memory is short.
 * VSH_ENO when the run does not fit, with the largest micro-batch that would; config is then as it
 * was. */
vsh_status vsh_run_plan_make(vsh_run_config *config, int64_t threads, int64_t available,
                             vsh_run_plan *plan, vsh_error *err);

/* Length of the sequences of a step (from 1): sequence_start at first (or the next above it that
 * sequence is by halving), doubled over sequence_warmup steps until it is sequence; a micro-batch
 * keeps its tokens. */
int64_t vsh_run_plan_sequence(const vsh_batch_config *batch, int64_t step);

/* Time of a step on this machine by the roofline of each operation. */
vsh_seconds vsh_run_plan_time(const vsh_run_config *config, const vsh_run_plan *plan,
                              const vsh_hardware *hardware);

#endif
