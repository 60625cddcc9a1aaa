#include "trainer/run/run_plan.h"

#include <assert.h>
#include <inttypes.h>

#include "core/cost.h"
#include "core/text.h"

/* Tokens of a chosen micro-batch: more makes products no faster on a CPU, and costs cache. */
enum { GOOD_TOKENS = 4096, SHARDS = 8 };

static int64_t power_of_two_dividing(int64_t number, int64_t at_most)
{
    int64_t power = 1;

    while (power * 2 <= at_most && number % (power * 2) == 0)
        power *= 2;
    return power;
}

static int64_t tree_buffers(int64_t shards)
{
    int64_t buffers = 1;

    for (; shards > 1; shards = (shards + 1) / 2)
        buffers++;
    return buffers;
}

static vsh_status footprint(const vsh_run_config *c, int64_t micro, int64_t threads,
                            int64_t buffers, vsh_run_plan *plan, vsh_error *err)
{
    vsh_lean_runtime runtime = {.optimizer = (vsh_optimizer)c->optimizer.kind,
                                .gradient_buffers = buffers,
                                .accumulates = plan->sequences > micro,
                                .threads = threads,
                                .jitter = c->network.jitter > 0};

    plan->work = vsh_work_lean(micro, c->batch.sequence, (vsh_precision)c->precision,
                               (vsh_recompute_mode)c->recompute);
    plan->gradient_buffers = buffers;
    return vsh_footprint_lean(&c->model, &plan->work, &runtime, &plan->footprint, err);
}

/* The plan of a micro-batch. Its gradients are summed in the groups that were given, or in as many
 * as suit and fit: each level of their tree is a buffer. */
static vsh_status with_micro(const vsh_run_config *c, int64_t micro, int64_t available,
                             vsh_run_plan *plan, int64_t *shards, vsh_error *err)
{
    int64_t given = c->batch.shards;

    *shards = given ? given : power_of_two_dividing(plan->sequences / micro, SHARDS);
    VSH_TRY(footprint(c, micro, plan->threads, tree_buffers(*shards), plan, err));
    while (plan->footprint.total.v > (double)available && !given && *shards > 1) {
        *shards /= 2;
        VSH_TRY(footprint(c, micro, plan->threads, tree_buffers(*shards), plan, err));
    }
    return VSH_OK;
}

/* Makes *best the micro-batch if it is larger, suits and fits. */
static vsh_status consider(const vsh_run_config *c, const vsh_run_plan *plan, int64_t micro,
                           int64_t tokens_max, int64_t available, int64_t *best, vsh_error *err)
{
    double tokens = (double)micro * (double)c->batch.sequence;
    double stream = 2 * tokens * (double)c->model.hidden; /* bytes, at the least */
    int64_t accumulate = plan->sequences / micro, shards;
    vsh_run_plan trial = *plan;

    if (micro <= *best ||
        (micro > 1 && (tokens > (double)tokens_max || stream > (double)available)))
        return VSH_OK;
    if (c->batch.shards && accumulate % c->batch.shards)
        return VSH_OK;
    VSH_TRY(with_micro(c, micro, available, &trial, &shards, err));
    if (trial.footprint.total.v <= (double)available)
        *best = micro;
    return VSH_OK;
}

/* The largest divisor of the step's sequences that fits; 0: none does. */
static vsh_status largest(const vsh_run_config *c, const vsh_run_plan *plan, int64_t tokens_max,
                          int64_t available, int64_t *micro, vsh_error *err)
{
    *micro = 0;
    for (int64_t m = 1; m * m <= plan->sequences; m++) {
        if (plan->sequences % m)
            continue;
        VSH_TRY(consider(c, plan, m, tokens_max, available, micro, err));
        VSH_TRY(consider(c, plan, plan->sequences / m, tokens_max, available, micro, err));
    }
    return VSH_OK;
}

static vsh_status check_shards(const vsh_run_config *c, int64_t accumulate, vsh_error *err)
{
    int64_t shards = c->batch.shards;

    if (!shards || (accumulate % shards == 0 && (shards & (shards - 1)) == 0))
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT,
                    "%s: batch: shards: expected a power of two that divides the %" PRId64
                    " micro-batches of a step, got %" PRId64,
                    c->path, accumulate, shards);
}

static vsh_status does_not_fit(const vsh_run_config *c, const vsh_run_plan *plan, int64_t available,
                               int64_t fits, vsh_error *err)
{
    vsh_figure_text need = vsh_show_bytes(plan->footprint.total.v),
                    have = vsh_show_bytes((double)available);

    if (fits)
        return vsh_fail(err, VSH_ENO,
                        "%s: a micro-batch of %" PRId64 " sequences of %" PRId64
                        " tokens needs %s, this machine has %s free; %" PRId64
                        " sequences would fit (batch: micro)",
                        c->path, plan->work.sequences, plan->work.seq, need.text, have.text, fits);
    return vsh_fail(err, VSH_ENO,
                    "%s: one sequence of %" PRId64 " tokens needs %s, this machine has %s free; "
                    "state alone is %s (try a smaller model, recompute: full or precision: bf16)",
                    c->path, plan->work.seq, need.text, have.text,
                    vsh_show_bytes(plan->footprint.weights.v + plan->footprint.gradients.v +
                                   plan->footprint.optimizer.v)
                        .text);
}

static vsh_status choose(vsh_run_config *c, int64_t available, vsh_run_plan *plan, vsh_error *err)
{
    vsh_batch_config *b = &c->batch;
    int64_t fits, shards, micro = b->micro;

    if (!micro && b->accumulate)
        micro = plan->sequences / b->accumulate;
    if (!micro)
        VSH_TRY(largest(c, plan, GOOD_TOKENS, available, &micro, err));
    if (!micro)
        micro = 1;
    VSH_TRY(check_shards(c, plan->sequences / micro, err));
    VSH_TRY(with_micro(c, micro, available, plan, &shards, err));
    if (plan->footprint.total.v > (double)available) {
        VSH_TRY(largest(c, plan, INT64_MAX, available, &fits, err));
        return does_not_fit(c, plan, available, fits, err);
    }
    b->micro = micro;
    b->accumulate = plan->sequences / micro;
    b->shards = shards;
    return VSH_OK;
}

vsh_status vsh_run_plan_make(vsh_run_config *c, int64_t threads, int64_t available,
                             vsh_run_plan *plan, vsh_error *err)
{
    vsh_op_list ops;

    *plan = (vsh_run_plan){.threads = threads, .sequences = c->batch.tokens / c->batch.sequence};
    assert(plan->sequences * c->batch.sequence == c->batch.tokens);
    VSH_TRY(vsh_count_parameters(&c->model, &plan->parameters, err));
    VSH_TRY(choose(c, available, plan, err));
    VSH_TRY(vsh_lower(&c->model, &plan->work, &ops, err));
    plan->model_flops =
        vsh_flops_times(vsh_ops_step_model_flops(&ops), (double)c->batch.accumulate);
    plan->executed_flops =
        vsh_flops_times(vsh_ops_step_executed_flops(&ops), (double)c->batch.accumulate);
    return VSH_OK;
}

int64_t vsh_run_plan_sequence(const vsh_batch_config *b, int64_t step)
{
    int64_t seq = b->sequence;
    double wanted;

    if (step > b->sequence_warmup)
        return seq;
    wanted = (double)b->sequence_start +
             (double)(seq - b->sequence_start) * (double)(step - 1) / (double)b->sequence_warmup;
    while (seq % 2 == 0 && (double)seq > wanted && seq / 2 >= b->sequence_start)
        seq /= 2;
    return seq;
}

vsh_seconds vsh_run_plan_time(const vsh_run_config *c, const vsh_run_plan *plan,
                              const vsh_hardware *hardware)
{
    vsh_work work = plan->work;
    vsh_op_list ops;
    vsh_seconds time = {0};

    work.recipe = vsh_recipe_for((vsh_precision)c->precision, (vsh_optimizer)c->optimizer.kind);
    if (vsh_lower(&c->model, &work, &ops, NULL) != VSH_OK)
        return time;
    for (int i = 0; i < ops.count; i++) {
        vsh_op_cost cost = vsh_cost_op(&ops.item[i], hardware, (vsh_precision)c->precision);
        double times = ops.item[i].phase == VSH_OPTIMIZER ? 1 : (double)c->batch.accumulate;
        time.v += times * cost.time.v;
    }
    return time;
}
