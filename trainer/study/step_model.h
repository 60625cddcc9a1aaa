/* How long a step takes on this machine: the one place that turns an operation list into seconds
 * for `validate`. Every operation takes its roofline times a factor of its kind and phase; factors
 * are this machine's constants, learnt from runs that are kept for that, and 1 where nothing was
 * learnt. A better model takes the place of vsh_step_model_op and is judged by the same checks. */
#ifndef VSH_STEP_MODEL_H
#define VSH_STEP_MODEL_H

#include <stdbool.h>

#include "core/hardware.h"
#include "core/op.h"
#include "core/precision.h"

/* Operations that are told apart: by what they are, and by phase. All of attention's core is one
 * kind: it runs fused. Between operations stands what the list does not have. */
typedef enum {
    VSH_STEP_MATRIX,
    VSH_STEP_ATTENTION,
    VSH_STEP_VECTOR,
    VSH_STEP_MOVE,
    VSH_STEP_BETWEEN, /* in the phase wgrad; sums of gradients are moves there */
    VSH_STEP_KINDS
} vsh_step_kind;

extern const char *const vsh_step_kind_names[VSH_STEP_KINDS];

vsh_step_kind vsh_step_kind_of(const vsh_op *op);

/* Seconds by kind and phase. */
typedef struct {
    double s[VSH_STEP_KINDS][VSH_PHASE_COUNT];
} vsh_step_parts;

double vsh_step_parts_sum(const vsh_step_parts *parts);

/* What is run: a micro-batch's list with its optimizer, and what comes with it. */
typedef struct {
    const vsh_op_list *ops;
    vsh_precision precision;
    vsh_optimizer optimizer;
    int64_t parameters, accumulate, shards;
} vsh_step_work;

/* Of the runs that were learnt from; all zero: nothing was, and a step takes its roofline. */
typedef struct {
    vsh_step_parts measured[VSH_PRECISION_COUNT], roofline[VSH_PRECISION_COUNT];
    double update_measured[VSH_OPTIMIZER_COUNT], update_roofline[VSH_OPTIMIZER_COUNT];
    /* in some run it was enough of the step to tell its factor */
    bool taught[VSH_PRECISION_COUNT][VSH_STEP_KINDS][VSH_PHASE_COUNT];
    int runs;
} vsh_step_constants;

/* measured as vsh_validate_clocks has it. Sums of gradients have no clock of their own: a run that
 * is learnt from should have none. */
void vsh_step_learn(vsh_step_constants *constants, const vsh_step_work *work,
                    const vsh_step_parts *measured, const vsh_hardware *profile);

/* From this share of a step's roofline a kind in a phase matters to its time, and from this share a
 * run teaches its factor: by the table's runs on two cores the moves of experts are 1.2 to 2.2 % in
 * a phase, those of the embedding alone 0.06 to 0.15 % (calibrated). */
#define VSH_STEP_MATTERS 0.01
#define VSH_STEP_TEACHES 0.005

/* All that matters was learnt of this precision, and this optimizer was. Running again is taken as
 * forward, and sums of gradients take no factor. */
bool vsh_step_learnt(const vsh_step_constants *constants, const vsh_step_work *work,
                     const vsh_hardware *profile);

/* Of all executions of one operation in one micro-batch, or of the optimizer's in one step.
 * constants NULL: by its roofline. */
vsh_seconds vsh_step_model_op(const vsh_op *op, const vsh_step_work *work,
                              const vsh_hardware *profile, const vsh_step_constants *constants);

/* The whole step, and by parts. */
vsh_seconds vsh_step_model(const vsh_step_work *work, const vsh_hardware *profile,
                           const vsh_step_constants *constants, vsh_step_parts *parts);

#endif
