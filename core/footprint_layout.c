/* The memory of one chip of a layout: a walk over the op list, forward and back. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/footprint.h"

#define MIB 1048576.0

/* torch's cross entropy in fp32 holds log-softmax, the gradient of the likelihood and that of the
 * logits, 12 bytes; the block of the bf16 logits is free by then, too small for any of them, and
 * still reserved, 14 (derived). Compiled, logits and gradient in bf16 and, as measured, once more.
 * Megatron-LM works in place in fp32 beside the bf16 logits (from memory), flash-attn in place in
 * bf16. Under a pipeline the last stage keeps its outputs.
 *
 * torchtitan reports what its allocator reserves (pull request 318), Galvatron what is allocated.
 * FSDP2 reduces from an fp32 copy and gathers a layer ahead (from memory). Fragments are calibrated
 * once on the published rows (docs/model.md): eager kernels hold fp32 copies that compiled ones
 * fuse; a pipeline's share stands for what four rows of equal work, 75.3 to 84.9 GiB, hold above
 * the tensors that the schedule needs, and covers the largest of them within 3 %. */
static const vsh_framework frameworks[] = {
    {.name = "torchtitan",
     .loss_bytes = 14,
     .head_bytes = 4,
     .output_bytes = 2,
     .border = 1,
     .reduced_bytes = 4,
     .ahead = 1,
     .libraries = 512 * MIB,
     .fragments = 0.03,
     .pipeline_fragments = 0.19,
     .fp32_state = true,
     .every_second = true,
     .resident = true,
     .ends = true,
     .source = "torchtitan 2024-12, compiled model",
     .tag = "calibrated"},
    {.name = "torchtitan-eager",
     .loss_bytes = 14,
     .head_bytes = 4,
     .output_bytes = 2,
     .border = 1,
     .reduced_bytes = 4,
     .ahead = 1,
     .libraries = 512 * MIB,
     .fragments = 0.09,
     .pipeline_fragments = 0.19,
     .fp32_state = true,
     .every_second = true,
     .resident = true,
     .ends = true,
     .source = "torchtitan 2024-12, one row",
     .tag = "calibrated"},
    {.name = "torchtitan-compiled-loss",
     .loss_bytes = 6,
     .head_bytes = 4,
     .output_bytes = 2,
     .border = 1,
     .reduced_bytes = 4,
     .ahead = 1,
     .libraries = 512 * MIB,
     .fragments = 0.03,
     .pipeline_fragments = 0.19,
     .fp32_state = true,
     .every_second = true,
     .resident = true,
     .ends = true,
     .source = "torchtitan 2025-06",
     .tag = "calibrated"},
    {.name = "megatron",
     .loss_bytes = 6,
     .head_bytes = 4,
     .ahead = 1,
     .libraries = 1024 * MIB,
     .fragments = 0.05,
     .source = "Megatron-LM",
     .tag = "assumed"},
    {.name = "galvatron",
     .loss_bytes = 2,
     .head_bytes = 2,
     .rest_bytes = 2,
     .output_bytes = 2,
     .border = 1,
     .libraries = 16 * MIB,
     .fp32_state = true,
     .whole_vocab = true,
     .source = "Hetu-Galvatron, allocated bytes",
     .tag = "derived"},
    {.name = "galvatron-vtp",
     .loss_bytes = 2,
     .head_bytes = 2,
     .rest_bytes = 2,
     .output_bytes = 2,
     .border = 1,
     .libraries = 16 * MIB,
     .fp32_state = true,
     .source = "Hetu-Galvatron with vocabulary parallelism, allocated bytes",
     .tag = "derived"},
    {.name = "xla",
     .loss_bytes = 8,
     .head_bytes = 4,
     .ahead = 1,
     .libraries = 512 * MIB,
     .fragments = 0.02,
     .fp32_state = true,
     .source = "XLA plans every buffer before the run",
     .tag = "assumed"},
    {.name = "vishwa",
     .loss_bytes = 8,
     .head_bytes = 4,
     .source = "this project's trainer: arenas without a rest",
     .tag = "derived"}};

const char *const vsh_framework_words[] = {
    "torchtitan", "torchtitan-eager", "torchtitan-compiled-loss",
    "megatron",   "galvatron",        "galvatron-vtp",
    "xla",        "vishwa",           NULL};

enum { FRAMEWORK_COUNT = sizeof frameworks / sizeof frameworks[0] };

const vsh_framework *vsh_framework_at(int index)
{
    assert(index >= 0 && index < FRAMEWORK_COUNT);
    return &frameworks[index];
}

const vsh_framework *vsh_framework_named(const char *name)
{
    int i = 0;

    while (i < FRAMEWORK_COUNT && strcmp(frameworks[i].name, name) != 0)
        i++;
    return vsh_framework_at(i);
}

/* The work as the framework runs it. */
static vsh_work as_run(const vsh_work *work, const vsh_placement *p)
{
    const vsh_framework *framework = p->framework;
    vsh_work as = *work;
    vsh_split *split = &as.split;

    split->resident |= framework->resident && p->pipeline > 1 && split->zero == 3;
    split->whole_vocab |=
        framework->whole_vocab && split->tensor > 1 && split->sequence && split->zero == 3;
    return as;
}

/* What a walk needs at hand. */
typedef struct {
    const vsh_model *m;
    const vsh_work *w;
    const vsh_placement *p;
    vsh_stage stage;
    vsh_op_list ops;
    double act;
    vsh_error *err;
} chip;

/* ---- state ----------------------------------------------------------------------------------- */

/* Bytes a parameter, divided by the chips that share it from a stage of ZeRO on. */
static double held(const chip *c, vsh_share share, double bytes, int from)
{
    const vsh_split *split = &c->w->split;
    double whole = (double)vsh_share_whole_vocab(c->m, split, &c->stage);
    double dense = (double)vsh_share_dense(share) - whole, experts = (double)share.experts;

    if (split->zero >= from) {
        dense =
            (dense + whole / (double)vsh_ways(split->tensor)) / (double)vsh_split_replicas(split);
        whole = 0;
        experts /= (double)vsh_split_expert_replicas(split);
    }
    return bytes * (dense + whole + experts);
}

static void fill_state(const chip *c, vsh_footprint *f)
{
    const vsh_recipe *recipe = c->w->recipe;
    vsh_share share = vsh_share_stage(c->m, &c->w->split, &c->stage);

    f->weights.v = held(c, share, recipe->weights, 3);
    f->gradients.v = held(c, share, recipe->gradients, 2);
    f->optimizer.v = held(c, share, recipe->master + recipe->moments, 1);
}

/* ---- buffers between chips ------------------------------------------------------------------- */

static double parameters(vsh_share share)
{
    return (double)(vsh_share_dense(share) + share.experts);
}

/* Bytes of a gradient as it is reduced. */
static double gradient_element(const chip *c)
{
    double held_bytes = c->w->recipe->gradients;

    return held_bytes == 0 ? c->act : held_bytes < 4 ? held_bytes : 4;
}

static bool whole_for_a_while(const chip *c, int stage)
{
    const vsh_split *split = &c->w->split;

    return vsh_split_replicas(split) > 1 && split->zero >= stage;
}

/* Sharded weights, gathered in 16 bits. */
static double gathered(const chip *c, vsh_share share)
{
    return whole_for_a_while(c, 3) && !c->w->split.resident ? c->act * parameters(share) : 0;
}

/* Gradients that are whole until they are reduced: as they are made, and as they are reduced. */
static double unreduced(const chip *c, double element, double count)
{
    return whole_for_a_while(c, 2) ? element * count : 0;
}

/* What stays whole between the first micro-batch and the last. */
static double resident(const chip *c)
{
    if (!c->w->split.resident || c->w->split.zero < 3 || vsh_split_replicas(&c->w->split) == 1)
        return 0;
    return (c->act + gradient_element(c)) *
           parameters(vsh_share_stage(c->m, &c->w->split, &c->stage));
}

/* Of every axis the largest buffer that a collective of the micro-batch fills, and of those that
 * overlap with the next one two. A ring passes one piece at a time; an all-reduce works in place;
 * what a reduce-scatter starts from is the gradient of an operation. */
static double buffers(const chip *c)
{
    double largest[VSH_MESH_COUNT] = {0}, sum = 0;

    for (int i = 0; i < c->ops.count; i++) {
        const vsh_op *op = &c->ops.item[i];
        double bytes = op->kind == VSH_OP_COLLECTIVE ? op->bytes.v / (double)op->count : 0;
        if (op->collective == VSH_ALL_REDUCE)
            continue;
        if (op->axis == VSH_MESH_CONTEXT)
            bytes /= (double)op->ranks;
        largest[op->axis] = fmax(largest[op->axis], bytes);
    }
    for (int axis = 0; axis < VSH_MESH_COUNT; axis++)
        sum += axis == VSH_MESH_DATA ? 0 : (axis == VSH_MESH_TENSOR ? 1 : 2) * largest[axis];
    return sum;
}

/* ---- the backward pass of a layer ------------------------------------------------------------ */

/* Gradients that stand while an operation runs backward: of its result and of what it was made
 * from. */
static double gradients_of(const chip *c, const vsh_op *op)
{
    double executions = (double)op->count, rows = (double)op->m * executions;

    if (op->kind == VSH_OP_MATRIX)
        return c->act * rows * (double)(op->n + op->k);
    if (op->kind == VSH_OP_ATTENTION) /* tiles: queries, or values, and the result */
        return c->act * rows * (double)(op->n < op->k ? 2 * op->n : 2 * op->k);
    if (op->roles & VSH_ROLE_CORE) /* tiled scores are never whole; stored ones are kept once */
        return c->w->store_scores ? op->saved.v : 0;
    if (op->kind == VSH_OP_VECTOR)
        return op->saved.v +
               c->act * rows * (double)op->n; /* as much as was kept, and the result */
    return op->kind == VSH_OP_MOVE ? 2 * c->act * rows * (double)op->n : 0;
}

/* Bytes above what is kept of a layer, and those of them that other chips' parameters take. */
typedef struct {
    double activations, communication;
} excess;

static void raise(excess *most, double activations, double communication)
{
    if (activations + communication > most->activations + most->communication)
        *most = (excess){activations, communication};
}

static bool is_stored_softmax(const vsh_op *op)
{
    return op->kind == VSH_OP_VECTOR && op->roles & VSH_ROLE_CORE;
}

/* The fullest moment while one layer runs backward: what is freed of it, which gradients stand, and
 * how many of its weights' gradients are made. What is made again is there from the start of the
 * layer or, of the core of attention, from when it is reached. */
static vsh_status layer_excess(chip *c, int64_t layer, double kept, double weights, excess *most)
{
    bool core_later = c->w->recompute == VSH_RECOMPUTE_SELECTIVE && !c->w->every_second;
    double level = 0, made = 0, stream;

    *most = (excess){0};
    VSH_TRY(vsh_lower_layer(c->m, c->w, layer, &c->ops, c->err));
    for (int i = 0; i < c->ops.count; i++)
        level += core_later && is_stored_softmax(&c->ops.item[i]) ? 0 : c->ops.item[i].saved.v;
    if (level < kept)
        level = kept;
    stream = c->act * (double)c->ops.item[c->ops.count - 1].m * (double)c->m->hidden;
    for (int i = c->ops.count - 1; i >= 0; i--) {
        const vsh_op *op = &c->ops.item[i];
        bool late = core_later && is_stored_softmax(op);
        if (op->kind == VSH_OP_MATRIX)
            made += (double)op->n * (double)op->k * (double)op->count;
        raise(most, level - kept + stream + gradients_of(c, op) + (late ? op->saved.v : 0),
              weights + unreduced(c, c->act, made));
        level -= late ? 0 : op->saved.v;
    }
    raise(most, level - kept + stream,
          weights + unreduced(c, c->act + c->p->framework->reduced_bytes, made));
    return VSH_OK;
}

/* ---- moments --------------------------------------------------------------------------------- */

static bool of_head(const vsh_op *op)
{
    return strncmp(op->name, "head.", 5) == 0 || strncmp(op->name, "exit.", 5) == 0;
}

typedef struct {
    double layers, head; /* bytes kept of one micro-batch */
} kept_bytes;

static kept_bytes keep(const chip *c)
{
    kept_bytes kept = {0};

    for (int i = 0; i < c->ops.count; i++)
        *(of_head(&c->ops.item[i]) ? &kept.head : &kept.layers) += c->ops.item[i].saved.v;
    return kept;
}

/* Bytes of what a stage sends on. */
static double sent(const chip *c)
{
    for (int i = 0; i < c->ops.count; i++)
        if (c->ops.item[i].collective == VSH_SEND && c->ops.item[i].during == VSH_FORWARD)
            return c->ops.item[i].bytes.v;
    return 0;
}

/* Bytes kept of one layer of this kind, from the list of the stage. */
static double kept_of_layer(const chip *c, int64_t layer)
{
    char prefix[VSH_PREFIX];
    double sum = 0;
    int64_t alike = 0;

    vsh_layer_prefix(c->m, layer, prefix);
    for (int64_t l = c->stage.first; l < c->stage.first + c->stage.layers; l++) {
        char other[VSH_PREFIX];
        vsh_layer_prefix(c->m, l, other);
        alike += strcmp(prefix, other) == 0;
    }
    for (int i = 0; i < c->ops.count; i++)
        if (strncmp(c->ops.item[i].name, prefix, strlen(prefix)) == 0)
            sum += c->ops.item[i].saved.v;
    return sum / (double)alike;
}

/* While the fullest layer runs backward, and the weights of the one before are on their way. */
static vsh_status layer_moment(chip *c, vsh_footprint *f)
{
    chip other = *c;
    excess fullest = {0};

    for (int64_t l = c->stage.first; l < c->stage.first + c->stage.layers; l++) {
        double weights;
        excess most;
        if (vsh_first_alike(c->m, &c->stage, l) != l)
            continue;
        weights = gathered(c, vsh_share_layer(c->m, &c->w->split, l));
        if (c->stage.layers > 1)
            weights *= 1 + c->p->framework->ahead;
        VSH_TRY(layer_excess(&other, l, kept_of_layer(c, l), weights, &most));
        raise(&fullest, most.activations, most.communication);
    }
    f->activations.v = fullest.activations;
    f->communication.v = fullest.communication;
    return VSH_OK;
}

static double moment_bytes(const vsh_footprint *f)
{
    return f->activations.v + f->logits.v + f->communication.v;
}

/* Tokens of which this chip has logits. */
static double head_rows(const chip *c)
{
    const vsh_split *split = &c->w->split;
    double rows = (double)c->w->sequences * (double)c->w->seq / (double)vsh_ways(split->context);

    return rows * (double)vsh_split_vocab_ways(split) / (double)vsh_ways(split->tensor);
}

static double logit_count(const chip *c)
{
    const vsh_split *split = &c->w->split;
    double rows = head_rows(c), chunk = (double)c->p->logit_chunk;

    if (chunk > 0 && chunk < rows)
        rows = chunk;
    return rows * (double)(vsh_split_vocab(c->m, split) / vsh_split_vocab_ways(split));
}

static double output_bytes(const chip *c)
{
    return c->p->pipeline > 1 ? c->p->framework->output_bytes : 0;
}

/* While the loss is made, with the head's weights and those of the last layer; or, when that is
 * more, while the head runs backward, with the gradients of its input and of its weights. */
static void loss_moment(const chip *c, double kept, vsh_footprint *f)
{
    const vsh_split *split = &c->w->split;
    const vsh_framework *framework = c->p->framework;
    vsh_share head = vsh_share_head(c->m, split, c->stage.embedding);
    vsh_share layer = vsh_share_layer(c->m, split, c->stage.first + c->stage.layers - 1);
    double logits = logit_count(c), rows = head_rows(c);
    bool whole = vsh_split_vocab_ways(split) < vsh_ways(split->tensor);
    double weights = (whole ? c->act * parameters(head) : gathered(c, head)) +
                     c->p->framework->ahead * gathered(c, layer);
    vsh_footprint back = {0};

    f->logits.v = logits * (framework->loss_bytes + output_bytes(c));
    f->activations.v = kept;
    f->communication.v = weights;
    back.logits.v = logits * (framework->head_bytes + output_bytes(c));
    back.activations.v = kept + c->act * rows * (double)c->m->embedding_dim;
    back.communication.v =
        weights + (whole ? c->act * parameters(head)
                         : unreduced(c, c->act + framework->reduced_bytes, parameters(head)));
    if (moment_bytes(&back) > moment_bytes(f))
        *f = back;
}

static void add_up(vsh_footprint *f, const vsh_placement *p)
{
    const vsh_framework *framework = p->framework;
    double fragments = framework->fragments + (p->pipeline > 1 ? framework->pipeline_fragments : 0);

    f->total.v = f->weights.v + f->gradients.v + f->optimizer.v + f->activations.v + f->logits.v +
                 f->workspace.v + f->communication.v;
    f->reserve.v = framework->libraries + fragments * f->total.v;
    f->total.v += f->reserve.v;
}

vsh_status vsh_footprint_chip(const vsh_model *model, const vsh_work *work, double in_flight,
                              const vsh_placement *placement, vsh_footprint *footprint,
                              vsh_error *err)
{
    const vsh_work as = as_run(work, placement);
    chip c = {.m = model,
              .w = &as,
              .p = placement,
              .stage = vsh_stage_of(model, &work->stage),
              .act = (double)vsh_activation_bytes(work->precision),
              .err = err};
    vsh_footprint loss = {0}, layer = {0};
    kept_bytes kept;

    assert(work->recipe && placement->framework && in_flight > 0);
    VSH_TRY(vsh_lower(model, &as, &c.ops, err));
    kept = keep(&c);
    VSH_TRY(layer_moment(&c, &layer));
    if (c.stage.head)
        layer.logits.v = logit_count(&c) * (placement->framework->rest_bytes + output_bytes(&c));
    if (c.stage.head)
        loss_moment(&c, kept.head, &loss);
    *footprint = moment_bytes(&loss) > moment_bytes(&layer) ? loss : layer;
    footprint->activations.v +=
        in_flight * (kept.layers + placement->framework->border * sent(&c)) +
        (in_flight - 1) * kept.head;
    footprint->communication.v += buffers(&c);
    footprint->workspace.v = resident(&c);
    fill_state(&c, footprint);
    add_up(footprint, placement);
    return VSH_OK;
}

/* ---- a pipeline ------------------------------------------------------------------------------ */

double vsh_in_flight(const vsh_placement *p, int64_t stage)
{
    double stages = (double)vsh_ways(p->pipeline), chunks = (double)vsh_ways(p->chunks);
    double behind = stages - (double)stage - 1, most = (double)vsh_ways(p->micro_batches);
    /* forward passes of chunks before the first backward one, and that one's own */
    double held = chunks > 1 ? (2 * behind + (chunks - 1) * stages + 1) / chunks : behind + 1;

    return held < most ? held : most;
}

/* Two chunks of a chip: state and activations of both, one at a time runs. */
static void add_chunk(vsh_footprint *sum, const vsh_footprint *f)
{
    sum->weights.v += f->weights.v;
    sum->gradients.v += f->gradients.v;
    sum->optimizer.v += f->optimizer.v;
    sum->activations.v += f->activations.v;
    sum->workspace.v += f->workspace.v;
    sum->logits.v = fmax(sum->logits.v, f->logits.v);
    sum->communication.v = fmax(sum->communication.v, f->communication.v);
}

/* An even part of the layers; where they do not divide, of the layers with embedding and head. */
static vsh_stage chunk_of(int64_t layers, int64_t chunks, int64_t place)
{
    int64_t ends = layers % chunks == 0 ? 0 : 1, each = (layers + 2 * ends) / chunks;
    int64_t first = place == 0 ? 0 : place * each - ends;
    int64_t end = place == chunks - 1 ? layers : (place + 1) * each - ends;

    return (vsh_stage){first, end - first, place == 0, place == chunks - 1};
}

/* All chunks of one chip; each keeps the same number of micro-batches. */
static vsh_status stage_bytes(const vsh_model *model, const vsh_work *work, const vsh_placement *p,
                              int64_t stage, vsh_footprint *sum, vsh_error *err)
{
    int64_t stages = vsh_ways(p->pipeline), chunks = vsh_ways(p->chunks);

    *sum = (vsh_footprint){.total = {0}};
    for (int64_t i = 0; i < chunks; i++) {
        vsh_work part = *work;
        vsh_footprint f;
        part.stage = chunk_of(model->layers, stages * chunks, i * stages + stage);
        VSH_TRY(vsh_footprint_chip(model, &part, vsh_in_flight(p, stage), p, &f, err));
        add_chunk(sum, &f);
    }
    add_up(sum, p);
    return VSH_OK;
}

vsh_status vsh_footprint_layout(const vsh_model *model, const vsh_work *work,
                                const vsh_placement *p, vsh_footprint *footprint, vsh_error *err)
{
    int64_t stages = vsh_ways(p->pipeline), chunks = vsh_ways(p->chunks);

    if (model->layers % (stages * chunks) != 0 &&
        !(p->framework->ends && (model->layers + 2) % (stages * chunks) == 0))
        return vsh_fail(err, VSH_EINPUT,
                        "pipeline parallelism: expected a divisor of layers %" PRId64
                        ", got %" PRId64 " (stages x chunks)",
                        model->layers, stages * chunks);
    footprint->total.v = 0;
    for (int64_t stage = 0; stage < stages; stage++) {
        vsh_footprint f;
        VSH_TRY(stage_bytes(model, work, p, stage, &f, err));
        if (f.total.v > footprint->total.v)
            *footprint = f;
    }
    return VSH_OK;
}
