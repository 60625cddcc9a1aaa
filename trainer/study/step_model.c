#include "trainer/study/step_model.h"

#include "core/cost.h"

const char *const vsh_step_kind_names[VSH_STEP_KINDS] = {"matrix", "attention", "vector", "move",
                                                         "between"};

vsh_step_kind vsh_step_kind_of(const vsh_op *op)
{
    static const vsh_step_kind kinds[] = {[VSH_OP_MATRIX] = VSH_STEP_MATRIX,
                                          [VSH_OP_ATTENTION] = VSH_STEP_ATTENTION,
                                          [VSH_OP_VECTOR] = VSH_STEP_VECTOR,
                                          [VSH_OP_MOVE] = VSH_STEP_MOVE,
                                          [VSH_OP_COLLECTIVE] = VSH_STEP_MOVE};

    return op->roles & VSH_ROLE_CORE ? VSH_STEP_ATTENTION : kinds[op->kind];
}

double vsh_step_parts_sum(const vsh_step_parts *parts)
{
    double sum = 0;

    for (int kind = 0; kind < VSH_STEP_KINDS; kind++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
            sum += parts->s[kind][phase];
    return sum;
}

/* ---- rooflines ------------------------------------------------------------------------------- */

/* The trainer's attention multiplies tiles in fp32 whatever is stored, and int8 is of products
 * forward only (trainer/nn/attention.c, network_product.c). */
static vsh_precision multiplied_in(const vsh_op *op, vsh_precision precision)
{
    if (vsh_step_kind_of(op) == VSH_STEP_ATTENTION)
        return VSH_FP32;
    if (precision == VSH_INT8 && op->phase != VSH_FORWARD && op->phase != VSH_RECOMPUTE)
        return VSH_BF16;
    return precision;
}

static double roofline_of(const vsh_op *op, const vsh_step_work *work, const vsh_hardware *profile)
{
    return vsh_cost_op(op, profile, multiplied_in(op, work->precision)).time.v;
}

static double seconds_to_move(const vsh_step_work *work, double bytes_a_parameter,
                              const vsh_hardware *profile)
{
    return (double)work->parameters * bytes_a_parameter / profile->memory_rate.value;
}

static bool sums_wide(const vsh_step_work *work)
{
    return work->precision != VSH_FP32 && work->accumulate > 1;
}

/* The norm reads the gradient. What else stands between operations (zeroing, bias, inputs) is about
 * as long for about as many parameters. */
static double between_bytes(const vsh_step_work *work)
{
    return work->precision == VSH_FP32 || sums_wide(work) ? 4 : 2;
}

/* Gradients of shards are added in a tree; in 16 bits those of the first micro-batch of a shard are
 * widened to fp32 and those of the others added to it (trainer/run/trainer.c). */
static double sum_bytes(const vsh_step_work *work)
{
    double shards = work->shards > 1 ? (double)work->shards : 1;
    double tree = 12 * (shards - 1), add = 2 + 8, widen = 2 + 4;

    return sums_wide(work) ? tree + shards * widen + ((double)work->accumulate - shards) * add
                           : tree;
}

static void price(const vsh_step_work *work, const vsh_hardware *profile, vsh_step_parts *parts)
{
    *parts = (vsh_step_parts){0};
    for (int i = 0; i < work->ops->count; i++) {
        const vsh_op *op = &work->ops->item[i];
        double times = op->phase == VSH_OPTIMIZER ? 1 : (double)work->accumulate;
        parts->s[vsh_step_kind_of(op)][op->phase] += times * roofline_of(op, work, profile);
    }
    parts->s[VSH_STEP_BETWEEN][VSH_WGRAD] = seconds_to_move(work, between_bytes(work), profile);
    parts->s[VSH_STEP_MOVE][VSH_WGRAD] = seconds_to_move(work, sum_bytes(work), profile);
}

/* ---- constants ------------------------------------------------------------------------------- */

/* In shares of the run's own step: a large model teaches no more than a small one. */
void vsh_step_learn(vsh_step_constants *c, const vsh_step_work *work,
                    const vsh_step_parts *measured, const vsh_hardware *profile)
{
    vsh_step_parts roofline;
    double step;
    int p = work->precision;

    price(work, profile, &roofline);
    step = vsh_step_parts_sum(&roofline);
    for (int kind = 0; kind < VSH_STEP_KINDS; kind++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
            if (phase != VSH_OPTIMIZER) {
                c->measured[p].s[kind][phase] += measured->s[kind][phase] / step;
                c->roofline[p].s[kind][phase] += roofline.s[kind][phase] / step;
                c->taught[p][kind][phase] |= roofline.s[kind][phase] > VSH_STEP_TEACHES * step;
            }
    c->update_measured[work->optimizer] += measured->s[VSH_STEP_VECTOR][VSH_OPTIMIZER] / step;
    c->update_roofline[work->optimizer] += roofline.s[VSH_STEP_VECTOR][VSH_OPTIMIZER] / step;
    c->runs++;
}

/* What takes no factor of its own is never missing. */
static bool has_factor(vsh_step_kind kind, vsh_phase phase)
{
    return phase != VSH_RECOMPUTE && phase != VSH_OPTIMIZER &&
           !(kind == VSH_STEP_MOVE && phase == VSH_WGRAD);
}

bool vsh_step_learnt(const vsh_step_constants *c, const vsh_step_work *work,
                     const vsh_hardware *profile)
{
    vsh_step_parts roofline;
    double step;

    price(work, profile, &roofline);
    step = vsh_step_parts_sum(&roofline);
    for (int kind = 0; kind < VSH_STEP_KINDS; kind++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
            if (has_factor((vsh_step_kind)kind, (vsh_phase)phase) &&
                roofline.s[kind][phase] > VSH_STEP_MATTERS * step &&
                !c->taught[work->precision][kind][phase])
                return false;
    return c->update_roofline[work->optimizer] > 0;
}

/* Of a kind in a phase; in a phase that was not seen (recompute) as forward; of a kind or a
 * precision that was not seen 1. */
static double factor(const vsh_step_constants *c, const vsh_step_work *work, vsh_step_kind kind,
                     vsh_phase phase)
{
    const vsh_step_parts *measured, *roofline;

    if (!c)
        return 1;
    if (phase == VSH_OPTIMIZER)
        return c->update_roofline[work->optimizer] > 0
                   ? c->update_measured[work->optimizer] / c->update_roofline[work->optimizer]
                   : 1;
    measured = &c->measured[work->precision];
    roofline = &c->roofline[work->precision];
    if (phase == VSH_RECOMPUTE && roofline->s[kind][phase] == 0)
        phase = VSH_FORWARD;
    return roofline->s[kind][phase] > 0 ? measured->s[kind][phase] / roofline->s[kind][phase] : 1;
}

vsh_seconds vsh_step_model_op(const vsh_op *op, const vsh_step_work *work,
                              const vsh_hardware *profile, const vsh_step_constants *constants)
{
    double times = factor(constants, work, vsh_step_kind_of(op), op->phase);

    return (vsh_seconds){times * roofline_of(op, work, profile)};
}

vsh_seconds vsh_step_model(const vsh_step_work *work, const vsh_hardware *profile,
                           const vsh_step_constants *constants, vsh_step_parts *parts)
{
    price(work, profile, parts);
    for (int kind = 0; kind < VSH_STEP_KINDS; kind++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
            parts->s[kind][phase] *= factor(constants, work, (vsh_step_kind)kind, (vsh_phase)phase);
    return (vsh_seconds){vsh_step_parts_sum(parts)};
}
