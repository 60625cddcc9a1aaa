#include "sim/step_plan.h"

#include <math.h>
#include <string.h>

#include "sim/expert_rows.h"

/* Bytes of an element of the result: what the list's bytes leave after both operands. */
static int64_t out_bytes(const sim_step *step, const vsh_op *op)
{
    double operand = (double)vsh_operand_bytes(step->work.precision);
    double rows = (double)op->executed_macs / ((double)op->n * (double)op->k * (double)op->count);
    double read = operand * (rows * (double)op->k + (double)op->k * (double)op->n);
    double left = (op->bytes.v / (double)op->count - read) / (rows * (double)op->n);

    return left > 0.5 && left < 8.5 ? (int64_t)llround(left)
                                    : vsh_activation_bytes(step->work.precision);
}

/* The product of an attention operation. Of the three operands the scores are the largest, and stay
 * on the chip, block by block, where the list's bytes do not count them. The mask leaves a share of
 * the multiply-adds; it shortens the longer side of the result, as streaming only the rows that see
 * a tile does. */
static sim_gemm attention_gemm(const sim_step *step, const vsh_op *op)
{
    double bytes = op->bytes.v / (double)op->count;
    double operand = (double)vsh_operand_bytes(step->work.precision);
    double sizes[SIM_OPERANDS] = {(double)op->m * (double)op->k, (double)op->k * (double)op->n,
                                  (double)op->m * (double)op->n};
    double share = (double)op->executed_macs /
                   ((double)op->m * (double)op->n * (double)op->k * (double)op->count);
    sim_gemm g = {.m = op->m, .n = op->n, .k = op->k, .result_work = 1, .passing = true};
    int64_t *side = g.m >= g.n ? &g.m : &g.n;
    int scores = SIM_LHS;

    for (int i = 0; i < SIM_OPERANDS; i++)
        if (sizes[i] > sizes[scores])
            scores = i;
    g.resident[scores] = sizes[scores] * operand > bytes;
    *side = (int64_t)fmax(1, ceil((double)*side * share - 1e-9));
    return g;
}

static sim_gemm op_gemm(const sim_step *step, const vsh_op *op)
{
    if (op->kind == VSH_OP_ATTENTION)
        return attention_gemm(step, op);
    return (sim_gemm){.m = op->m,
                      .n = op->n,
                      .k = op->k,
                      .out_bytes = out_bytes(step, op),
                      .result_work = 1,
                      .transposed = op->phase == VSH_WGRAD};
}

/* ---- one operation ------------------------------------------------------------------------- */

static vsh_status reserve(vsh_arena *arena, sim_planned_op *plan, int64_t count, vsh_error *err)
{
    plan->gemm = vsh_alloc(arena, (size_t)count, sizeof *plan->gemm);
    return plan->gemm ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "out of memory");
}

/* Experts with as many rows share a product. */
static vsh_status plan_experts(vsh_arena *arena, const sim_step *step, sim_planned_op *plan,
                               int64_t experts, vsh_error *err)
{
    bool rows_are_k = plan->op->phase == VSH_WGRAD;
    int64_t *rows, group = 0;

    VSH_TRY(sim_expert_rows(arena, step, experts, &rows, err));
    VSH_TRY(reserve(arena, plan, experts, err));
    for (int64_t e = 0; e < experts; e += group) {
        sim_gemm g = op_gemm(step, plan->op);
        for (group = 1; e + group < experts && rows[e + group] == rows[e];)
            group++;
        *(rows_are_k ? &g.k : &g.m) = rows[e];
        if (rows[e])
            plan->gemm[plan->gemm_count++] = (sim_planned_gemm){g, group};
    }
    return VSH_OK;
}

static vsh_status plan_op(vsh_arena *arena, const sim_step *step, sim_planned_op *plan,
                          vsh_error *err)
{
    const vsh_op *op = plan->op;
    int64_t times = op->count / plan->repeats;

    plan->fused_into = -1;
    plan->experts = strstr(op->name, ".expert.") != NULL;
    if (op->kind == VSH_OP_VECTOR || op->kind == VSH_OP_MOVE) {
        plan->vector_times = times;
        plan->vector_flops = op->vector_flops.v / (double)op->count;
        plan->bytes = op->bytes.v / (double)op->count;
        return VSH_OK;
    }
    if (plan->experts && step->load->share)
        return plan_experts(arena, step, plan, times, err);
    VSH_TRY(reserve(arena, plan, 1, err));
    plan->gemm[plan->gemm_count++] = (sim_planned_gemm){op_gemm(step, op), times};
    return VSH_OK;
}

/* Softmax between two products of tiled attention moves nothing: its work is on the scores as they
 * leave the matrix units. */
static void fuse(sim_planned_op *plan, int index)
{
    const vsh_op *op = plan[index].op;

    if (op->kind != VSH_OP_VECTOR || op->bytes.v > 0)
        return;
    for (int i = index - 1; i >= 0 && plan[i].op->phase == op->phase; i--) {
        if (plan[i].op->kind != VSH_OP_ATTENTION || !plan[i].gemm[0].gemm.resident[SIM_OUT])
            continue;
        plan[i].gemm[0].gemm.result_work +=
            llround(op->vector_flops.v * (double)plan[i].op->k / (double)plan[i].op->executed_macs);
        plan[index].fused_into = i;
        plan[index].vector_times = 0;
        return;
    }
}

/* ---- segments ------------------------------------------------------------------------------ */

/* Layers of the prefix of an operation's name; 1 for what stands outside of layers. */
static int64_t layers_of(const vsh_model *model, const vsh_op *op)
{
    char prefix[VSH_PREFIX];

    for (int64_t l = 0; l < model->layers; l++) {
        vsh_layer_prefix(model, l, prefix);
        if (strncmp(op->name, prefix, strlen(prefix)) == 0)
            return vsh_layers_alike(model, l);
    }
    return 1;
}

/* Operations that repeat together: neighbours of one prefix. */
static int find_segment(const sim_step *step, const vsh_op_list *ops, int first,
                        sim_planned_op *plan)
{
    const vsh_op *op = ops->item;
    size_t prefix = strcspn(op[first].name, ".") + 1;
    int64_t repeats = layers_of(step->model, &op[first]);
    int end = first + 1;

    while (end < ops->count && strncmp(op[end].name, op[first].name, prefix) == 0)
        end++;
    for (int i = first; i < end; i++)
        if (op[i].count % repeats)
            repeats = 1;
    for (int i = first; i < end; i++)
        plan[i] = (sim_planned_op){.op = &op[i], .repeats = repeats, .segment_end = end};
    return end;
}

vsh_status sim_plan_step(vsh_arena *arena, const sim_step *step, const vsh_op_list *ops,
                         sim_planned_op **plan, vsh_error *err)
{
    *plan = vsh_alloc(arena, (size_t)ops->count, sizeof **plan);
    if (!*plan)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int first = 0; first < ops->count;)
        first = find_segment(step, ops, first, *plan);
    for (int i = 0; i < ops->count; i++) {
        VSH_TRY(plan_op(arena, step, &(*plan)[i], err));
        fuse(*plan, i);
    }
    return VSH_OK;
}
