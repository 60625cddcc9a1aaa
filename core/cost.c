#include "core/cost.h"

const char *const vsh_bound_names[VSH_BOUND_COUNT] = {"matrix",  "vector",  "memory",
                                                      "network", "latency", "fill"};

vsh_op_cost vsh_cost_op(const vsh_op *op, const vsh_hardware *hardware, vsh_precision precision)
{
    vsh_flop_rate peak = {vsh_hardware_matrix_roof(hardware, precision)->value};
    vsh_flops matrix_work = {2 * (double)op->executed_macs};
    vsh_op_cost cost = {vsh_time_compute(matrix_work, peak), VSH_BOUND_MATRIX};
    vsh_seconds moving = vsh_time_move(op->bytes, (vsh_byte_rate){hardware->memory_rate.value});

    if (op->kind == VSH_OP_COLLECTIVE) /* a chip alone has no network to price it on */
        return (vsh_op_cost){{0}, VSH_BOUND_NETWORK};
    if (hardware->vector.known) {
        vsh_seconds vector =
            vsh_time_compute(op->vector_flops, (vsh_flop_rate){hardware->vector.value});
        if (vector.v > cost.time.v)
            cost = (vsh_op_cost){vector, VSH_BOUND_VECTOR};
    }
    if (moving.v > cost.time.v)
        cost = (vsh_op_cost){moving, VSH_BOUND_MEMORY};
    return cost;
}

vsh_op_cost vsh_cost_ops(const vsh_op_list *ops, const vsh_hardware *hardware,
                         vsh_precision precision)
{
    double share[VSH_BOUND_COUNT] = {0};
    vsh_op_cost total = {{0}, VSH_BOUND_MATRIX};

    for (int i = 0; i < ops->count; i++) {
        vsh_op_cost cost = vsh_cost_op(&ops->item[i], hardware, precision);
        total.time = vsh_seconds_add(total.time, cost.time);
        share[cost.bound] += cost.time.v;
        if (share[cost.bound] > share[total.bound])
            total.bound = cost.bound;
    }
    return total;
}
