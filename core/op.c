#include "core/op.h"

const char *const vsh_phase_names[VSH_PHASE_COUNT] = {"forward", "recompute", "dgrad",
                                                      "wgrad",   "optimizer", "communication"};

const char *const vsh_collective_names[VSH_COLLECTIVE_COUNT] = {
    "none", "all-reduce", "all-gather", "reduce-scatter", "all-to-all", "send"};
const char *const vsh_mesh_names[VSH_MESH_COUNT] = {"tensor", "context", "expert", "data",
                                                    "pipeline"};

vsh_flops vsh_ops_model_flops(const vsh_op_list *ops, vsh_phase phase)
{
    double macs = 0;

    for (int i = 0; i < ops->count; i++)
        if (ops->item[i].phase == phase)
            macs += (double)ops->item[i].model_macs;
    return (vsh_flops){2 * macs};
}

vsh_flops vsh_ops_executed_flops(const vsh_op_list *ops, vsh_phase phase)
{
    double macs = 0;

    for (int i = 0; i < ops->count; i++)
        if (ops->item[i].phase == phase)
            macs += (double)ops->item[i].executed_macs;
    return (vsh_flops){2 * macs};
}

vsh_flops vsh_ops_step_model_flops(const vsh_op_list *ops)
{
    vsh_flops sum = {0};

    for (vsh_phase phase = VSH_FORWARD; phase <= VSH_WGRAD; phase++)
        sum = vsh_flops_add(sum, vsh_ops_model_flops(ops, phase));
    return sum;
}

vsh_flops vsh_ops_step_executed_flops(const vsh_op_list *ops)
{
    vsh_flops sum = {0};

    for (vsh_phase phase = VSH_FORWARD; phase <= VSH_WGRAD; phase++)
        sum = vsh_flops_add(sum, vsh_ops_executed_flops(ops, phase));
    return sum;
}
