#include <math.h>

#include "core/tensor.h"
#include "trainer/run/energy.h"
#include "trainer/study/validate.h"

const vsh_validate_figures vsh_validate_unknown = {NAN, NAN, NAN, NAN, NAN, NAN,
                                                   NAN, NAN, NAN, NAN, NAN};

/* As the trainer stores them: the experts that every token uses are one. */
static int64_t count_tensors(const vsh_model *model)
{
    vsh_tensor_list list;
    int64_t count = 0;

    vsh_model_tensors(model, &list);
    for (int i = 0; i < list.count; i++)
        count += list.item[i].group == VSH_GROUP_SHARED
                     ? list.item[i].copies / model->experts.shared
                     : list.item[i].copies;
    return count;
}

static int64_t count_products(const vsh_op_list *ops)
{
    int64_t count = 0;

    for (int i = 0; i < ops->count; i++)
        count += ops->item[i].executed_macs > 0;
    return count;
}

vsh_status vsh_validate_lower(const vsh_run_config *config, const vsh_run_plan *plan,
                              vsh_op_list *ops, vsh_error *err)
{
    vsh_work work = plan->work;

    work.recipe =
        vsh_recipe_for((vsh_precision)config->precision, (vsh_optimizer)config->optimizer.kind);
    return vsh_lower(&config->model, &work, ops, err);
}

vsh_step_work vsh_validate_step_work(const vsh_run_config *config, const vsh_run_plan *plan,
                                     const vsh_op_list *ops)
{
    return (vsh_step_work){.ops = ops,
                           .precision = (vsh_precision)config->precision,
                           .optimizer = (vsh_optimizer)config->optimizer.kind,
                           .parameters = plan->parameters.total,
                           .accumulate = config->batch.accumulate,
                           .shards = config->batch.shards};
}

vsh_status vsh_validate_predict(const vsh_run_config *config, const vsh_run_plan *plan,
                                const vsh_op_list *ops, const vsh_hardware *profile,
                                const vsh_step_constants *constants, vsh_validate_figures *f,
                                vsh_step_parts *parts, vsh_error *err)
{
    double accumulate = (double)config->batch.accumulate;
    vsh_precision precision = (vsh_precision)config->precision;
    vsh_step_work work = vsh_validate_step_work(config, plan, ops);
    vsh_parameters parameters;
    vsh_bytes payload;
    vsh_seconds time;

    VSH_TRY(vsh_count_parameters(&config->model, &parameters, err));
    VSH_TRY(vsh_checkpoint_payload(&config->model, precision, (vsh_optimizer)config->optimizer.kind,
                                   &payload, err));
    time = vsh_step_model(&work, profile, constants, parts);
    *f = (vsh_validate_figures){.parameters = (double)parameters.total,
                                .tensors = (double)count_tensors(&config->model),
                                .checkpoint_bytes = payload.v,
                                .products = (double)count_products(ops),
                                .model_flops = accumulate * vsh_ops_step_model_flops(ops).v,
                                .executed_flops = accumulate * vsh_ops_step_executed_flops(ops).v,
                                .arena_bytes = plan->footprint.total.v,
                                .resident_bytes = plan->footprint.total.v,
                                .step_time_s = time.v,
                                .tokens_per_s = (double)config->batch.tokens / time.v,
                                .energy_j = vsh_energy_watts(profile) * time.v};
    return VSH_OK;
}
