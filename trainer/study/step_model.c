#include "trainer/study/step_model.h"

#include "core/cost.h"

const char *const vsh_step_kind_names[VSH_STEP_KINDS] = {"matrix", "attention", "vector", "move"};

vsh_seconds vsh_step_model_op(const vsh_op *op, const vsh_hardware *profile,
                              vsh_precision precision)
{
    return vsh_cost_op(op, profile, precision).time;
}

vsh_seconds vsh_step_model(const vsh_op_list *ops, int64_t accumulate, const vsh_hardware *profile,
                           vsh_precision precision, vsh_step_parts *parts)
{
    vsh_seconds time = {0};

    if (parts)
        *parts = (vsh_step_parts){0};
    for (int i = 0; i < ops->count; i++) {
        const vsh_op *op = &ops->item[i];
        double times = op->phase == VSH_OPTIMIZER ? 1 : (double)accumulate;
        double seconds = times * vsh_step_model_op(op, profile, precision).v;
        time.v += seconds;
        if (parts && op->kind < VSH_OP_COLLECTIVE)
            parts->s[op->kind][op->phase] += seconds;
    }
    return time;
}
