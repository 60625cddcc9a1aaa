#include "core/footprint.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/workspace.h"

/* Allocator fragmentation and compiler scratch, a share of everything else: 5-10 % is the usual
 * observation for XLA and the CUDA caching allocator (assumed; docs/model.md). */
#define WORKSPACE_SHARE 0.05
#define GATHERED_LAYERS 2

void vsh_footprint_write(const vsh_footprint *f, vsh_json *json)
{
    vsh_json_object(json, "memory");
    vsh_json_real(json, "weights_bytes", f->weights.v);
    vsh_json_real(json, "gradients_bytes", f->gradients.v);
    vsh_json_real(json, "optimizer_bytes", f->optimizer.v);
    vsh_json_real(json, "activations_bytes", f->activations.v);
    vsh_json_real(json, "logits_bytes", f->logits.v);
    vsh_json_real(json, "workspace_bytes", f->workspace.v);
    if (f->communication.v > 0)
        vsh_json_real(json, "communication_bytes", f->communication.v);
    if (f->reserve.v > 0)
        vsh_json_real(json, "reserve_bytes", f->reserve.v);
    vsh_json_real(json, "total_bytes", f->total.v);
    vsh_json_end(json);
}

vsh_status vsh_footprint_of(const vsh_model *model, const vsh_work *work, int64_t logit_chunk,
                            vsh_footprint *footprint, vsh_error *err)
{
    const vsh_recipe *recipe = work->recipe;
    vsh_parameters parameters;
    vsh_op_list ops;
    vsh_bytes live = {0};
    double count, kept = 0, tokens, chunk, shards = work->shards > 1 ? work->shards : 1;

    assert(recipe && footprint);
    assert(!vsh_split_any(&work->split)); /* vsh_footprint_layout */
    VSH_TRY(vsh_count_parameters(model, &parameters, err));
    VSH_TRY(vsh_lower(model, work, &ops, err));
    for (int i = 0; i < ops.count; i++)
        kept += ops.item[i].saved.v;
    if (work->recompute == VSH_RECOMPUTE_FULL)
        VSH_TRY(vsh_lower_live_layer(model, work, &live, err));
    count = (double)parameters.total;
    tokens = (double)work->sequences * (double)work->seq;
    chunk = logit_chunk > 0 && (double)logit_chunk < tokens ? (double)logit_chunk : tokens;
    *footprint = (vsh_footprint){.weights = {count * recipe->weights / shards},
                                 .gradients = {count * recipe->gradients / shards},
                                 .optimizer = {count * (recipe->master + recipe->moments) / shards},
                                 .activations = {kept + live.v},
                                 .logits = {chunk * (double)model->vocab * 4 * 2}};
    footprint->total.v = footprint->weights.v + footprint->gradients.v + footprint->optimizer.v +
                         footprint->activations.v + footprint->logits.v;
    footprint->workspace = vsh_bytes_times(footprint->total, WORKSPACE_SHARE);
    if (shards > 1) /* two layers are whole at a time: the one that runs and the next */
        footprint->workspace.v += GATHERED_LAYERS * (double)parameters.non_embedding /
                                  (double)model->layers * recipe->weights;
    footprint->total = vsh_bytes_add(footprint->total, footprint->workspace);
    return VSH_OK;
}

/* ---- vishwa-train -------------------------------------------------------------------------- */

static double rounded_to(int64_t unit, double bytes)
{
    return (double)(((int64_t)bytes + unit - 1) / unit * unit);
}
static double rounded(double bytes) { return rounded_to(VSH_LEAN_ALIGNMENT, bytes); }

/* Sizes of what Adafactor keeps, and of the sums it needs for its largest tensor. */
typedef struct {
    int64_t rows, cols, whole, sums;
} factored;

/* The experts that every token uses are one matrix. */
static vsh_tensor merged(const vsh_model *model, vsh_tensor tensor)
{
    int64_t shared = model->experts.shared;

    if (tensor.group != VSH_GROUP_SHARED)
        return tensor;
    tensor.copies /= shared;
    if (tensor.cols == model->hidden)
        tensor.rows *= shared;
    else
        tensor.cols *= shared;
    return tensor;
}

static factored factor(const vsh_model *model)
{
    enum { ROW_BLOCK = 64 };
    vsh_tensor_list list;
    factored sizes = {0};

    vsh_model_tensors(model, &list);
    for (int i = 0; i < list.count; i++) {
        vsh_tensor t = merged(model, list.item[i]);
        int64_t rows = t.cols > 1 ? t.rows : 1, cols = t.cols > 1 ? t.cols : t.rows;
        int64_t sums = (rows + ROW_BLOCK - 1) / ROW_BLOCK * (1 + cols);
        if (strcmp(t.name, "router_correction") == 0)
            continue; /* moved by the load, not by a gradient */
        sizes.rows += t.cols > 1 ? rows * t.copies : 0;
        sizes.cols += t.cols > 1 ? cols * t.copies : 0;
        sizes.whole += t.cols > 1 ? 0 : cols * t.copies;
        sizes.sums = sums > sizes.sums ? sums : sizes.sums;
    }
    return sizes;
}

/* Moments of so many parameters (trainer/run/optimizer.h), each piece rounded up to unit. */
static double moment_bytes(const vsh_model *model, vsh_optimizer optimizer, double count,
                           int64_t unit)
{
    enum { MOMENT_BLOCK = 2048 };
    double scales = rounded_to(unit, 4 * ceil(count / MOMENT_BLOCK));
    factored f;

    if (optimizer == VSH_ADAMW)
        return 2 * rounded_to(unit, 4 * count);
    if (optimizer == VSH_SGD)
        return rounded_to(unit, 4 * count);
    if (optimizer == VSH_ADAMW8BIT)
        return 2 * (rounded_to(unit, count) + scales);
    assert(optimizer == VSH_ADAFACTOR);
    f = factor(model);
    return rounded_to(unit, 4 * (double)f.rows) + rounded_to(unit, 4 * (double)f.cols) +
           rounded_to(unit, 4 * (double)f.whole);
}

/* Doubles that the norm of the gradient, a sum a block, and Adafactor add up in. */
static double sum_bytes(const vsh_model *model, double count)
{
    enum { NORM_BLOCK = 4096 };
    double blocks = ceil(count / NORM_BLOCK), sums = (double)factor(model).sums;

    return rounded(8 * (blocks > sums ? blocks : sums));
}

/* 16-bit gradients of one micro-batch beside fp32 sums of several, or the sums alone. */
static vsh_bytes gradient_bytes(const vsh_lean_runtime *runtime, double element, double count)
{
    double buffers = (double)runtime->gradient_buffers;

    if (element < 4 && runtime->accumulates)
        return (vsh_bytes){rounded(element * count) + buffers * rounded(4 * count)};
    return (vsh_bytes){buffers * rounded(element * count)};
}

vsh_status vsh_footprint_lean(const vsh_model *model, const vsh_work *work,
                              const vsh_lean_runtime *runtime, vsh_footprint *f, vsh_error *err)
{
    double a = (double)vsh_activation_bytes(work->precision), count, tokens;
    vsh_workspace need = vsh_workspace_of(model, work, runtime->jitter);
    vsh_parameters parameters;
    vsh_op_list ops;
    vsh_bytes live = {0};

    assert(work->lean && runtime->gradient_buffers >= 1 && runtime->threads >= 1);
    VSH_TRY(vsh_count_parameters(model, &parameters, err));
    VSH_TRY(vsh_lower(model, work, &ops, err));
    if (work->recompute == VSH_RECOMPUTE_FULL)
        VSH_TRY(vsh_lower_live_layer(model, work, &live, err));
    count = (double)parameters.total;
    tokens = (double)work->sequences * (double)work->seq;
    *f = (vsh_footprint){
        .weights = {rounded(a * count)},
        .gradients = gradient_bytes(runtime, a, count),
        .optimizer = {moment_bytes(model, runtime->optimizer, count, VSH_LEAN_ALIGNMENT) +
                      (a == 4 ? 0 : rounded(4 * count))},
        .activations = live,
        .logits = {(double)need.logits}};
    for (int i = 0; i < ops.count; i++)
        f->activations.v += ops.item[i].saved.v;
    /* transients; the threads' scratch; inputs and targets; sums over the parameters */
    f->workspace.v = (double)need.transient +
                     (double)(runtime->threads * VSH_THREAD_SCRATCH_BYTES) +
                     2 * rounded(4 * tokens) + sum_bytes(model, count);
    f->total.v = f->weights.v + f->gradients.v + f->optimizer.v + f->activations.v + f->logits.v +
                 f->workspace.v;
    return VSH_OK;
}

vsh_status vsh_checkpoint_payload(const vsh_model *model, vsh_precision precision,
                                  vsh_optimizer optimizer, vsh_bytes *payload, vsh_error *err)
{
    double stored = (double)vsh_activation_bytes(precision), count;
    vsh_parameters parameters;

    VSH_TRY(vsh_count_parameters(model, &parameters, err));
    count = (double)parameters.total;
    payload->v =
        (stored + (stored == 4 ? 0 : 4)) * count + moment_bytes(model, optimizer, count, 1);
    return VSH_OK;
}

vsh_bytes vsh_korthikanti_layer(double s, double b, double h, double a, bool store_scores)
{
    return (vsh_bytes){s * b * h * (34 + (store_scores ? 5 * a * s / h : 0))};
}

vsh_bytes vsh_zero_state(double parameters, int stage, double ranks)
{
    static const double kept[] = {16, 4, 2, 0}, shared[] = {0, 12, 14, 16};

    assert(stage >= 0 && stage <= 3 && ranks >= 1);
    return (vsh_bytes){parameters * (kept[stage] + shared[stage] / ranks)};
}
