#include "planner/plan_estimate.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/named.h"
#include "planner/layout/run_memory.h"
#include "planner/plan_commands.h"

/* ---- the question -------------------------------------------------------------------------- */

static vsh_status required(const plan_config *c, vsh_error *err)
{
    if (!c->hw)
        return vsh_fail(err, VSH_EINPUT, "--hw: expected a profile such as a100-80gb");
    if (!c->model)
        return vsh_fail(err, VSH_EINPUT, "--model: expected a model such as gpt3-175b");
    if (c->batch == 0 && !c->inference)
        return vsh_fail(err, VSH_EINPUT, "--batch: expected sequences of a step, such as 1536");
    return VSH_OK;
}

static vsh_precision precision_of(const plan_config *c, const vsh_hardware *h)
{
    vsh_precision used;

    if (c->precision >= 0)
        return (vsh_precision)c->precision;
    vsh_hardware_peak(h, VSH_BF16, &used);
    return used;
}

/* fp8 training casts operands with a scale a tensor; int8 needs scales a row or block and keeps
 * more in 16 bits. No published step tells by how much. */
static vsh_status trains_in(const plan_config *c, vsh_precision precision, vsh_error *err)
{
    if (precision == VSH_INT8 && !c->inference)
        return vsh_fail(err, VSH_EINPUT,
                        "--precision: expected fp32, bf16, fp16 or fp8, got int8: a step of int8 "
                        "training is not modelled (--inference is)");
    return VSH_OK;
}

static const vsh_recipe *recipe_of(const plan_config *c, const vsh_step_run *run)
{
    if (c->recipe >= 0)
        return vsh_recipe_at(c->recipe);
    return vsh_recipe_for(run->framework->fp32_state ? VSH_FP32 : run->precision,
                          c->optimizer >= 0 ? (vsh_optimizer)c->optimizer : VSH_ADAMW);
}

/* The framework behind the numbers: the stack's, or, where none is named, the one that usually runs
 * such a layout. */
static const char *usual_software(const plan_estimate *e)
{
    static const char *const usual[] = {
        [VSH_TPU] = "maxtext", [VSH_GPU] = "megatron-lm", [VSH_CPU] = "vishwa"};
    bool sharded = e->hardware.kind == VSH_GPU && e->run.layout.split.zero == 3;

    return sharded ? "fsdp" : usual[e->hardware.kind];
}

static vsh_software software_of(const plan_estimate *e)
{
    return *vsh_software_of(e->figures ? e->figures->name : usual_software(e));
}

/* Whose memory: --framework, else that of the stack, else (a stack of the user's own) the usual. */
static const vsh_framework *framework_of(const plan_config *c, const plan_estimate *e)
{
    const char *name = e->run.software.framework;

    if (c->framework >= 0)
        return vsh_framework_at(c->framework);
    return vsh_framework_named(name ? name : vsh_software_of(usual_software(e))->framework);
}

enum { FLASH, FULL, FLASH2 }; /* --attention */

/* Needs the layout. */
static void choose_software(const plan_config *c, plan_estimate *e)
{
    vsh_step_run *run = &e->run;
    bool gpt = e->model.position == VSH_POSITION_LEARNED && e->model.norm == VSH_NORM_LAYER;

    run->software = software_of(e);
    run->framework = framework_of(c, e);
    run->dropout = c->dropout < 0 ? run->software.dropout && gpt : c->dropout != 0;
    run->flash = c->attention != FULL;
    if (c->attention == FLASH2)
        run->software.first_flash = false;
}

/* What a model cannot use. */
static vsh_status check_model(const plan_config *c, const plan_estimate *e, vsh_error *err)
{
    const vsh_model *m = &e->model;

    if (c->imbalance > 1 && m->experts.count == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "--imbalance: expected a model with experts, got %s, which has none",
                        m->name);
    if (m->position == VSH_POSITION_LEARNED && e->run.laid.seq > m->context)
        return vsh_fail(err, VSH_EINPUT,
                        "--seq: expected at most %" PRId64
                        " tokens, the learned positions of %s, got %" PRId64,
                        m->context, m->name, e->run.laid.seq);
    return VSH_OK;
}

vsh_status plan_estimate_ask(vsh_session *s, plan_estimate *e, vsh_error *err)
{
    const plan_config *c = s->config;
    vsh_step_run *run = &e->run;
    vsh_stack stack;

    VSH_TRY(required(c, err));
    VSH_TRY(vsh_named_hardware(s, c->hw, c->refresh, &e->hardware, err));
    VSH_TRY(vsh_named_model(s, c->model, &e->model, err));
    VSH_TRY(vsh_count_parameters(&e->model, &e->parameters, err));
    VSH_TRY(vsh_stack_find(&e->hardware, c->stack, &e->figures, err));
    e->chips = c->chips;
    *run = (vsh_step_run){
        .laid = {.model = &e->model,
                 .seq = c->seq ? c->seq : e->model.context,
                 .batch = c->batch ? c->batch : 1,
                 .micro = c->micro_batch ? c->micro_batch : 1},
        .precision = precision_of(c, &e->hardware),
        .recompute = (vsh_recompute_mode)(c->recompute < 0 ? VSH_RECOMPUTE_NONE : c->recompute),
        .imbalance = isnan(c->imbalance) ? 1 : c->imbalance};
    VSH_TRY(check_model(c, e, err));
    VSH_TRY(trains_in(c, run->precision, err));
    VSH_TRY(vsh_layout_parse(c->layout, e->chips, &run->layout, err));
    choose_software(c, e);
    run->recipe = recipe_of(c, run);
    stack = vsh_stack_calibrated(&e->hardware, e->figures);
    return vsh_platform_of(&e->hardware, &stack, run->precision, run->flash, e->chips, 0,
                           &e->platform, err);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static vsh_stage slowest_stage(const plan_estimate *e)
{
    const vsh_layout *layout = &e->run.layout;
    int64_t stage = e->time.slowest, layers = e->model.layers;
    int64_t each = layers / layout->pp, more = layers % layout->pp;

    return (vsh_stage){stage * each + (stage < more ? stage : more), each + (stage < more),
                       stage == 0, stage == layout->pp - 1};
}

/* Of the operations of a layer as many are alike as the stage has layers of its kind; elsewhere
 * each stands alone. */
static int64_t alike_of(const plan_estimate *e, const vsh_stage *stage, const vsh_op *op)
{
    for (int64_t l = stage->first; l < stage->first + stage->layers; l++) {
        char prefix[VSH_PREFIX];
        int64_t alike = 0;
        vsh_layer_prefix(&e->model, l, prefix);
        if (strncmp(op->name, prefix, strlen(prefix)) != 0)
            continue;
        for (int64_t o = stage->first; o < stage->first + stage->layers; o++)
            alike += e->price.kind[o] == e->price.kind[l];
        return alike;
    }
    return 1;
}

/* As step_time counts: but weights gathered after the update, for which the next step waits. */
static bool may_hide(const vsh_op *op)
{
    bool after = op->roles & VSH_ROLE_ONCE && op->collective == VSH_ALL_GATHER;

    return op->kind == VSH_OP_COLLECTIVE && op->roles & VSH_ROLE_AHEAD && !after;
}

static vsh_status list_ops(plan_estimate *e, const vsh_mesh *mesh, vsh_error *err)
{
    vsh_stage stage = slowest_stage(e);
    vsh_work work = vsh_step_work(&e->run);
    double m = (double)vsh_micro_batches(&e->run.layout, &e->run.laid);

    if (e->run.layout.pp > 1)
        work.stage = stage;
    VSH_TRY(vsh_lower(&e->model, &work, &e->list, err));
    for (int i = 0; i < e->list.count; i++) {
        const vsh_op *op = &e->list.item[i];
        bool once = op->roles & VSH_ROLE_ONCE || op->phase == VSH_OPTIMIZER;
        vsh_op_price p =
            vsh_step_op_price(&e->run, &e->platform, mesh, op, alike_of(e, &stage, op));
        e->op[e->op_count++] = (plan_estimate_op){op->name, vsh_phase_names[op->phase],
                                                  may_hide(op), p.chip.v * (once ? 1 : m), p.bound};
    }
    return VSH_OK;
}

/* What most of the step is spent under. */
static vsh_bound bound_of(const plan_estimate *e)
{
    double by[VSH_BOUND_COUNT] = {0};
    int most = 0;

    for (int i = 0; i < e->op_count; i++)
        if (e->op[i].bound != VSH_BOUND_NETWORK)
            by[e->op[i].bound] += e->op[i].time_s;
    by[VSH_BOUND_NETWORK] = e->time.exposed;
    by[VSH_BOUND_FILL] += e->time.bubble;
    by[VSH_BOUND_LATENCY] += e->time.other;
    for (int b = 0; b < VSH_BOUND_COUNT; b++)
        if (by[b] > by[most])
            most = b;
    return (vsh_bound)most;
}

static vsh_status fill_memory(plan_estimate *e, vsh_error *err)
{
    VSH_TRY(vsh_run_memory(&e->run, &e->memory, err));
    e->fits = e->memory.total.v <= e->hardware.memory_bytes.value;
    return VSH_OK;
}

vsh_status plan_estimate_answer(plan_estimate *e, vsh_error *err)
{
    const vsh_step_run *run = &e->run;
    vsh_mesh mesh = vsh_step_mesh(&e->platform, &run->layout);
    double replicas = (double)vsh_micro_batches(&run->layout, &run->laid) *
                      (double)vsh_ways(run->layout.split.data);
    double peak;

    VSH_TRY(vsh_layout_check(&run->layout, &run->laid, err));
    VSH_TRY(vsh_list_price_of(run, &e->platform, &mesh, &e->price, err));
    e->time = vsh_step_time_of(run, &e->platform, &mesh, &e->price);
    VSH_TRY(fill_memory(e, err));
    VSH_TRY(list_ops(e, &mesh, err));
    peak = e->platform.rate.peak * (double)e->chips * e->time.step;
    e->model_flops = e->price.model_flops * replicas;
    e->hardware_flops = e->price.executed_flops * replicas;
    e->mfu = e->model_flops / peak;
    e->hfu = e->hardware_flops / peak;
    e->bound = bound_of(e);
    e->spread = vsh_extent_spread(run, e->figures, &e->outside);
    e->low_s = e->time.step / (1 + e->spread.value);
    e->high_s = e->time.step * (1 + e->spread.value);
    return VSH_OK;
}

/* A search asks many ways of one imbalance, and each gets as much of it as it can; one layout that
 * cannot be so uneven is a mistake. */
static vsh_status check_imbalance(const plan_estimate *e, vsh_error *err)
{
    int64_t expert = e->run.layout.split.expert;

    if (e->run.imbalance <= (double)expert)
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT,
                    "--imbalance: expected at most ep = %" PRId64
                    ", the rows of all experts, got %g",
                    expert, e->run.imbalance);
}

vsh_status plan_run_estimate(vsh_session *s, vsh_error *err)
{
    plan_estimate *e = vsh_alloc(s->arena, 1, sizeof *e);
    const plan_config *c = s->config;

    if (!e)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(plan_estimate_ask(s, e, err));
    if (c->inference)
        return plan_inference(s, e, err);
    VSH_TRY(check_imbalance(e, err));
    VSH_TRY(plan_estimate_answer(e, err));
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        plan_estimate_write(e, s->common->explain, &json);
    } else {
        plan_estimate_print(e, s->term, &s->out);
        if (s->common->explain)
            plan_estimate_explain(e, &s->out, NULL);
    }
    s->answered = true;
    if (!e->fits)
        return vsh_fail(err, VSH_ENO, "this run does not fit: %s of %s a chip",
                        vsh_show_bytes(e->memory.total.v).text,
                        vsh_show_bytes(e->hardware.memory_bytes.value).text);
    return VSH_OK;
}
