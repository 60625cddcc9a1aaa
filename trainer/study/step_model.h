/* How long a step takes on this machine: the one place that turns operations into seconds for
 * `validate`. Today the roofline of every operation, one after the other; a better model takes the
 * place of vsh_step_model_op and is judged by the same checks. */
#ifndef VSH_STEP_MODEL_H
#define VSH_STEP_MODEL_H

#include "core/hardware.h"
#include "core/op.h"

/* Operations that a model of a step may tell apart: by what they are, and by phase. */
enum { VSH_STEP_KINDS = VSH_OP_COLLECTIVE };

extern const char *const vsh_step_kind_names[VSH_STEP_KINDS];

/* Seconds by kind and phase. */
typedef struct {
    double s[VSH_STEP_KINDS][VSH_PHASE_COUNT];
} vsh_step_parts;

/* Of all executions of one operation in one micro-batch, or of the optimizer's in one step. */
vsh_seconds vsh_step_model_op(const vsh_op *op, const vsh_hardware *profile,
                              vsh_precision precision);

/* The list of one micro-batch with its optimizer, run accumulate times; parts may be NULL. */
vsh_seconds vsh_step_model(const vsh_op_list *ops, int64_t accumulate, const vsh_hardware *profile,
                           vsh_precision precision, vsh_step_parts *parts);

#endif
