#include "trainer/run/trainer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/workspace.h"
#include "trainer/nn/linear.h"
#include "trainer/nn/moe.h"

static int64_t rounded(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

/* ---- memory -------------------------------------------------------------------------------- */

/* Scratch of the threads, inputs and targets, sums, then the network's own:
 *
 *   [scratch x threads] [inputs] [targets] [sums] [logits | transients]
 */
static vsh_status reserve_workspace(vsh_trainer *t, vsh_error *err)
{
    const vsh_run_plan *plan = t->plan;
    vsh_workspace need =
        vsh_workspace_of(&t->config->model, &plan->work, t->config->network.jitter > 0);
    int64_t tokens = plan->work.sequences * plan->work.seq;
    int64_t scratch = plan->threads * VSH_SCRATCH_BYTES, ids = rounded(4 * tokens);
    int64_t sums = rounded(8 * vsh_optimizer_room(&t->list));
    char *at;

    VSH_TRY(vsh_block_reserve("the workspace",
                              scratch + 2 * ids + sums + need.logits + need.transient,
                              VSH_PLACE_LOCAL, &t->workspace, err));
    at = t->workspace.data;
    VSH_TRY(vsh_pool_start(t->arena, (int)plan->threads, at, VSH_SCRATCH_BYTES, &t->pool, err));
    t->inputs = (int32_t *)(void *)(at += scratch);
    t->targets = (int32_t *)(void *)(at += ids);
    t->sums = (double *)(void *)(at += ids);
    return VSH_OK;
}

static vsh_status reserve_state(vsh_trainer *t, vsh_error *err)
{
    vsh_element element = t->config->precision == VSH_FP32 ? VSH_F32 : VSH_B16;
    int64_t stored = rounded(t->list.elements * (int64_t)vsh_element_bytes(element));
    int64_t master = element == VSH_F32 ? 0 : rounded(4 * t->list.elements);
    int64_t state = vsh_optimizer_state_bytes(&t->list, t->config->optimizer.kind);
    bool wide_sums = element != VSH_F32 && t->config->batch.accumulate > 1;
    int64_t sum = wide_sums ? rounded(4 * t->list.elements) : stored;
    int64_t micro = wide_sums ? stored : 0;

    assert(t->plan->gradient_buffers <= VSH_GRADIENT_BUFFERS);
    VSH_TRY(vsh_block_reserve("the weights", stored, VSH_PLACE_INTERLEAVED, &t->weights, err));
    VSH_TRY(vsh_block_reserve("the gradients", micro + t->plan->gradient_buffers * sum,
                              VSH_PLACE_INTERLEAVED, &t->gradients, err));
    VSH_TRY(vsh_block_reserve("the optimizer", master + state, VSH_PLACE_INTERLEAVED, &t->optimizer,
                              err));
    for (int64_t i = 0; i < t->plan->gradient_buffers; i++)
        t->gradient[i] = (char *)t->gradients.data + micro + i * sum;
    t->micro_gradient = micro ? t->gradients.data : NULL;
    t->arrays = (vsh_optimizer_arrays){.element = element,
                                       .weights = t->weights.data,
                                       .master = master ? t->optimizer.data : NULL,
                                       .gradients = t->gradient[0],
                                       .state = (char *)t->optimizer.data + master};
    t->update = t->arrays;
    if (wide_sums) {
        t->update.element = VSH_F32;
        t->update.weights = t->arrays.master;
        t->update.master = NULL;
    }
    return VSH_OK;
}

static vsh_status open_network(vsh_trainer *t, const vsh_gemm_options *gemm, vsh_error *err)
{
    const vsh_model *model = &t->config->model;
    vsh_network_memory memory;

    t->nn.pool = t->pool;
    t->nn.kernels = vsh_kernels_find();
    VSH_TRY(vsh_gemm_open(t->arena, t->pool, t->nn.kernels, gemm, &t->nn.gemm, err));
    VSH_TRY(vsh_network_open(t->arena, model, &t->plan->work, &t->config->network, &t->nn, &t->list,
                             &t->offsets, &t->net, err));
    VSH_TRY(vsh_block_reserve("the activations", vsh_network_activation_bytes(t->net),
                              VSH_PLACE_LOCAL, &t->activations, err));
    memory = (vsh_network_memory){.weights = t->weights.data,
                                  .activations = t->activations.data,
                                  .activation_bytes = t->activations.bytes};
    memory.workspace = (char *)t->sums + rounded(8 * vsh_optimizer_room(&t->list));
    memory.workspace_bytes =
        t->workspace.bytes - ((char *)memory.workspace - (char *)t->workspace.data);
    vsh_network_use(t->net, &memory);
    return VSH_OK;
}

vsh_status vsh_trainer_open(vsh_arena *arena, const vsh_run_config *config,
                            const vsh_run_plan *plan, const vsh_gemm_options *gemm, vsh_trainer *t,
                            vsh_error *err)
{
    const vsh_block *blocks[] = {&t->weights, &t->gradients, &t->optimizer, &t->activations,
                                 &t->workspace};

    *t = (vsh_trainer){.arena = arena, .config = config, .plan = plan};
    VSH_TRY(vsh_parameters_list(arena, &config->model, &t->list, &t->offsets, err));
    VSH_TRY(reserve_workspace(t, err));
    VSH_TRY(reserve_state(t, err));
    VSH_TRY(open_network(t, gemm, err));
    if (config->model.experts.count) {
        t->load = vsh_alloc(arena, (size_t)(config->model.layers * config->model.experts.count),
                            sizeof *t->load);
        if (!t->load)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
    }
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        t->arena_bytes += blocks[i]->bytes;
    assert(t->arena_bytes == (int64_t)plan->footprint.total.v);
    return VSH_OK;
}

void vsh_trainer_close(vsh_trainer *t)
{
    vsh_block *blocks[] = {&t->weights, &t->gradients, &t->optimizer, &t->activations,
                           &t->workspace};

    if (t->nn.gemm)
        vsh_gemm_close(t->nn.gemm);
    vsh_pool_stop(t->pool);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        vsh_block_release(blocks[i]);
}

/* ---- weights ------------------------------------------------------------------------------- */

void vsh_trainer_round(vsh_trainer *t)
{
    if (t->arrays.master)
        vsh_round(&t->nn, t->list.elements, t->arrays.master, t->arrays.weights);
}

void vsh_trainer_start(vsh_trainer *t)
{
    float *values = t->arrays.master ? t->arrays.master : t->arrays.weights;

    vsh_parameters_start(t->pool, &t->list, &t->config->model, t->config->seed, values);
    vsh_trainer_round(t);
    memset(t->arrays.state, 0,
           (size_t)vsh_optimizer_state_bytes(&t->list, t->config->optimizer.kind));
}

static bool state_finite(const vsh_trainer *t)
{
    vsh_optimizer_piece piece[VSH_OPTIMIZER_PIECES];
    int count = vsh_optimizer_pieces(&t->list, t->config->optimizer.kind, piece);

    for (int i = 0; i < count; i++)
        if (strcmp(piece[i].dtype, "F32") == 0 &&
            !vsh_all_finite(&t->nn, VSH_F32, piece[i].elements,
                            (const char *)t->arrays.state + piece[i].offset_bytes))
            return false;
    return true;
}

bool vsh_trainer_finite(const vsh_trainer *t)
{
    return vsh_all_finite(&t->nn, t->arrays.element, t->list.elements, t->arrays.weights) &&
           (!t->arrays.master ||
            vsh_all_finite(&t->nn, VSH_F32, t->list.elements, t->arrays.master)) &&
           state_finite(t);
}

/* ---- a step -------------------------------------------------------------------------------- */

/* Adds what a micro-batch reported; divided by their number at the end. */
static void add_report(vsh_network_report *sum, const vsh_network_report *one)
{
    sum->loss += one->loss;
    sum->joint += one->joint;
    sum->balance += one->balance;
    sum->z += one->z;
    sum->entropy += one->entropy;
    sum->load_max = fmax(sum->load_max, one->load_max);
    sum->dropped += one->dropped;
    sum->routed += one->routed;
    sum->tokens += one->tokens;
    sum->exits = one->exits;
    for (int i = 0; i < one->exits; i++)
        sum->exit_loss[i] += one->exit_loss[i];
}

static void divide_report(vsh_network_report *sum, double count)
{
    sum->loss /= count;
    sum->joint /= count;
    sum->balance /= count;
    sum->z /= count;
    sum->entropy /= count;
    for (int i = 0; i < sum->exits; i++)
        sum->exit_loss[i] /= count;
}

/* One micro-batch into the sum of its shard; 16-bit gradients are added up in fp32, or small ones
 * would be lost beside a large sum. */
static vsh_network_report run_micro(vsh_trainer *t, void *sum, bool add, uint64_t number)
{
    vsh_targets targets = {.ids = t->targets};
    vsh_network_report report;

    if (t->teacher)
        targets.lesson = vsh_teacher_teach(t->teacher, t->inputs);
    if (!t->micro_gradient)
        return vsh_network_train(t->net, t->inputs, &targets, sum, add, number, t->load);
    report =
        vsh_network_train(t->net, t->inputs, &targets, t->micro_gradient, false, number, t->load);
    if (add)
        vsh_add_wide(&t->nn, t->list.elements, t->micro_gradient, sum);
    else
        vsh_widen(&t->nn, t->list.elements, t->micro_gradient, sum);
    return report;
}

/* The micro-batches of one shard, summed in order into one buffer. */
static void run_shard(vsh_trainer *t, const vsh_batch_source *source, int64_t step, int64_t first,
                      int64_t shard, void *gradient, vsh_step *result)
{
    const vsh_batch_config *b = &t->config->batch;
    int64_t count = b->accumulate / b->shards, tokens = t->plan->work.sequences * t->plan->work.seq;
    int64_t seq = vsh_run_plan_sequence(b, step);

    for (int64_t i = 0; i < count; i++) {
        int64_t micro = shard * count + i;
        vsh_network_report one;
        source->fill(source->context, first + micro * tokens, tokens / seq, seq, t->inputs,
                     t->targets);
        one = run_micro(t, gradient, i > 0, (uint64_t)(step * b->accumulate + micro));
        add_report(&result->report, &one);
    }
}

/* Shards are added in a fixed binary tree, two neighbours at a time, so that several processes
 * with a part of the tree each come to the same bits. Returns with the sum in gradient[0]. */
static void run_shards(vsh_trainer *t, const vsh_batch_source *source, int64_t step, int64_t first,
                       vsh_step *result)
{
    int64_t waiting = 0;

    for (int64_t shard = 0; shard < t->config->batch.shards; shard++) {
        run_shard(t, source, step, first, shard, t->gradient[waiting], result);
        waiting++;
        for (int64_t done = shard + 1; done % 2 == 0; done /= 2) {
            waiting--;
            vsh_add(&t->nn, t->update.element, t->list.elements, t->gradient[waiting],
                    t->gradient[waiting - 1]);
        }
    }
}

vsh_status vsh_trainer_gradient(vsh_trainer *t, const vsh_batch_source *source, int64_t step,
                                int64_t first, vsh_step *result, vsh_error *err)
{
    const vsh_batch_config *b = &t->config->batch;
    int64_t seq = vsh_run_plan_sequence(b, step), experts = t->config->model.experts.count;

    *result = (vsh_step){0};
    VSH_TRY(vsh_network_shape(t->net, t->plan->work.sequences * t->plan->work.seq / seq, seq, err));
    if (t->teacher)
        VSH_TRY(vsh_teacher_shape(t->teacher, t->plan->work.sequences * t->plan->work.seq / seq,
                                  seq, err));
    vsh_meter_clear(vsh_network_meter(t->net));
    if (t->load)
        memset(t->load, 0, (size_t)(t->config->model.layers * experts) * sizeof *t->load);
    run_shards(t, source, step, first, result);
    divide_report(&result->report, (double)b->accumulate);
    result->executed_macs = vsh_meter_counted(vsh_network_meter(t->net));
    if (t->teacher)
        result->teacher_macs = vsh_teacher_macs(t->teacher, b->accumulate);
    result->model_flops = vsh_flops_times(vsh_ops_step_model_flops(&vsh_network_meter(t->net)->ops),
                                          (double)b->accumulate);
    /* what ran is what the planner priced */
    assert(result->executed_macs == b->accumulate * vsh_meter_expected(vsh_network_meter(t->net)));
    result->gradient_norm =
        vsh_gradient_norm(&t->nn, &t->list, &t->update, 1.0 / (double)b->accumulate, t->sums);
    result->finite = isfinite(result->report.joint) && isfinite(result->gradient_norm);
    return VSH_OK;
}

/* The biases that balance the load live beside the weights and have no gradient. */
static void move_biases(vsh_trainer *t)
{
    int64_t experts = t->config->model.experts.count;

    for (int64_t l = 0; l < t->config->model.layers; l++) {
        int64_t at = t->offsets.layer[l].correction;
        float *values = t->arrays.master ? t->arrays.master : t->arrays.weights;
        if (at < 0)
            continue;
        vsh_balance_bias(experts, t->load + l * experts, t->config->bias_rate, values + at);
        if (t->arrays.master)
            vsh_round(&t->nn, experts, values + at, (vsh_bf16 *)t->arrays.weights + at);
    }
}

void vsh_trainer_update(vsh_trainer *t, int64_t step, double rate, const vsh_step *result)
{
    double scale = 1.0 / (double)t->config->batch.accumulate, clip = t->config->optimizer.clip;

    if (clip > 0 && result->gradient_norm > clip)
        scale *= clip / result->gradient_norm;
    vsh_optimizer_step(&t->nn, &t->list, &t->config->optimizer, &t->update, step, rate, scale,
                       t->sums);
    if (t->micro_gradient)
        vsh_trainer_round(t);
    if (t->load && t->config->bias_rate > 0)
        move_biases(t);
}

/* ---- evaluation ---------------------------------------------------------------------------- */

static vsh_status evaluate(const vsh_trainer *t, vsh_network *net, const vsh_window_source *source,
                           int64_t tokens, vsh_evaluation *e, vsh_error *err)
{
    int64_t sequences = t->plan->work.sequences, seq = t->plan->work.seq, window = 0;
    bool more = true;

    *e = (vsh_evaluation){0};
    VSH_TRY(vsh_network_shape(net, sequences, seq, err));
    while (more && e->tokens < tokens) {
        vsh_targets targets = {.ids = t->targets};
        vsh_network_report one;
        for (int64_t s = 0; s < sequences; s++) {
            more = more && window * seq < tokens &&
                   source->window(source->context, window, seq, t->inputs + s * seq,
                                  t->targets + s * seq);
            window += more;
            for (int64_t i = 0; !more && i < seq; i++) {
                t->inputs[s * seq + i] = 0;
                t->targets[s * seq + i] = -1;
            }
        }
        one = vsh_network_evaluate(net, t->inputs, &targets, NULL);
        e->loss += one.loss * (double)one.tokens;
        e->tokens += one.tokens;
        e->exits = one.exits;
        for (int i = 0; i < one.exits; i++)
            e->exit_loss[i] += one.exit_loss[i] * (double)one.tokens;
        more = more && one.tokens > 0;
    }
    e->loss /= (double)e->tokens;
    for (int i = 0; i < e->exits; i++)
        e->exit_loss[i] /= (double)e->tokens;
    return VSH_OK;
}

vsh_status vsh_trainer_evaluate(vsh_trainer *t, const vsh_window_source *source, int64_t tokens,
                                vsh_evaluation *e, vsh_error *err)
{
    return evaluate(t, t->net, source, tokens, e, err);
}

vsh_status vsh_trainer_evaluate_teacher(vsh_trainer *t, const vsh_window_source *source,
                                        int64_t tokens, vsh_evaluation *e, vsh_error *err)
{
    return evaluate(t, t->teacher->net, source, tokens, e, err);
}
