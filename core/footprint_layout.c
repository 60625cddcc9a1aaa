/* The memory of one chip of a layout: a walk over the op list, forward and back. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/footprint.h"

#define MIB 1048576.0

/* A logit of torch's cross entropy in fp32: log-softmax, gradient of the likelihood, gradient of
 * the logits; bf16 logits themselves are gone by then. Compiled, logits and gradient in bf16.
 * Megatron's works in place on fp32 logits beside the bf16 ones (megatron/core/tensor_parallel/
 * cross_entropy.py). flash-attn's in place in bf16. (from memory; derived) */
#define FRAMEWORK_LIST(FRAMEWORK)                                                                  \
    FRAMEWORK("torchtitan-eager", 12, 4, 512 * MIB, 0.13, "x")                                     \
    FRAMEWORK("torchtitan", 12, 4, 512 * MIB, 0.06, "x")                                           \
    FRAMEWORK("torchtitan-compiled-loss", 4, 2, 512 * MIB, 0.06, "x")                              \
    FRAMEWORK("megatron", 6, 4, 512 * MIB, 0.05, "x")                                              \
    FRAMEWORK("galvatron", 2, 2, 16 * MIB, 0, "x")

#define FRAMEWORK_ROW(name, loss, head, libraries, fragments, source)                              \
    {name, loss, head, libraries, fragments, source},
#define FRAMEWORK_WORD(name, loss, head, libraries, fragments, source) name,

static const vsh_framework frameworks[] = {FRAMEWORK_LIST(FRAMEWORK_ROW)};
const char *const vsh_framework_words[] = {FRAMEWORK_LIST(FRAMEWORK_WORD) NULL};

enum { FRAMEWORK_COUNT = sizeof frameworks / sizeof frameworks[0] };

const vsh_framework *vsh_framework_at(int index)
{
    assert(index >= 0 && index < FRAMEWORK_COUNT);
    return &frameworks[index];
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
    double dense = (double)vsh_share_dense(share), experts = (double)share.experts;

    if (split->zero >= from) {
        dense /= (double)vsh_split_replicas(split);
        experts /= (double)vsh_split_expert_replicas(split);
    }
    return bytes * (dense + experts);
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

/* Sharded weights stand whole for the layer that runs and for the next, 16-bit; its gradients,
 * whole, and again as what is reduced. */
static double gathered(const chip *c, vsh_share now, vsh_share next)
{
    const vsh_split *split = &c->w->split;
    double element = c->w->recipe->gradients, bytes = 0;
    bool shared = vsh_split_replicas(split) > 1;
    double here = (double)(vsh_share_dense(now) + now.experts);

    element = element == 0 ? c->act : element < 4 ? element : 4;
    if (shared && split->zero == 3)
        bytes += c->act * (here + (double)(vsh_share_dense(next) + next.experts));
    if (shared && split->zero >= 2)
        bytes += (c->act + element) * here;
    return bytes;
}

/* Two of the largest buffer that a collective of the micro-batch fills: what runs and what comes
 * next. A ring passes one piece at a time; an all-reduce works in place. */
static double largest_buffer(const chip *c)
{
    double largest = 0;

    for (int i = 0; i < c->ops.count; i++) {
        const vsh_op *op = &c->ops.item[i];
        double bytes = op->kind == VSH_OP_COLLECTIVE ? op->bytes.v / (double)op->count : 0;
        if (op->axis == VSH_MESH_DATA || op->collective == VSH_ALL_REDUCE)
            continue;
        if (op->axis == VSH_MESH_CONTEXT)
            bytes /= (double)op->ranks;
        if (bytes > largest)
            largest = bytes;
    }
    return 2 * largest;
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

/* Most bytes, above what is kept of it, while one layer runs backward. What is made again is there
 * from the start of the layer, or, of the core of attention, from when it is reached. */
static vsh_status layer_excess(chip *c, int64_t layer, double kept, double *most)
{
    bool core_later = c->w->recompute == VSH_RECOMPUTE_SELECTIVE && !c->w->every_second;
    double level = 0, stream;

    VSH_TRY(vsh_lower_layer(c->m, c->w, layer, &c->ops, c->err));
    for (int i = 0; i < c->ops.count; i++)
        if (!core_later ||
            !(c->ops.item[i].kind == VSH_OP_VECTOR && c->ops.item[i].roles & VSH_ROLE_CORE))
            level += c->ops.item[i].saved.v;
    if (level < kept)
        level = kept;
    stream = c->act * (double)c->ops.item[c->ops.count - 1].m * (double)c->m->hidden;
    *most = 0;
    for (int i = c->ops.count - 1; i >= 0; i--) {
        const vsh_op *op = &c->ops.item[i];
        bool late = core_later && op->kind == VSH_OP_VECTOR && op->roles & VSH_ROLE_CORE;
        double now = level + stream + gradients_of(c, op) + (late ? op->saved.v : 0);
        if (now - kept > *most)
            *most = now - kept;
        level -= late ? 0 : op->saved.v;
    }
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

/* While the fullest layer runs backward. */
static vsh_status layer_moment(chip *c, vsh_footprint *f)
{
    chip other = *c;
    double most = -1;

    for (int64_t l = c->stage.first; l < c->stage.first + c->stage.layers; l++) {
        double excess, whole;
        vsh_share share;
        if (vsh_first_alike(c->m, &c->stage, l) != l)
            continue;
        VSH_TRY(layer_excess(&other, l, kept_of_layer(c, l), &excess));
        share = vsh_share_layer(c->m, &c->w->split, l);
        whole = gathered(c, share, share);
        if (excess + whole > most) {
            most = excess + whole;
            f->activations.v = excess;
            f->communication.v = whole;
        }
    }
    return VSH_OK;
}

/* While the loss is made: its workspace, with the head's weights and those of the last layer. */
static void loss_moment(const chip *c, const kept_bytes *kept, vsh_footprint *f)
{
    vsh_share head = vsh_share_head(c->m, &c->w->split, c->stage.embedding);
    vsh_share layer = vsh_share_layer(c->m, &c->w->split, c->stage.first + c->stage.layers - 1);
    double tokens =
        (double)c->w->sequences * (double)c->w->seq / (double)vsh_ways(c->w->split.context);
    double chunk = (double)c->p->logit_chunk;
    double vocab = (double)(vsh_split_vocab(c->m, &c->w->split) / vsh_ways(c->w->split.tensor));
    bool whole = vsh_split_replicas(&c->w->split) > 1 && c->w->split.zero == 3;

    if (chunk <= 0 || chunk > tokens)
        chunk = tokens;
    f->logits.v = chunk * vocab * c->p->framework->loss_bytes;
    f->activations.v = kept->head;
    f->communication.v =
        whole ? c->act * (double)(vsh_share_dense(head) + vsh_share_dense(layer) + layer.experts)
              : 0;
}

static double moment_bytes(const vsh_footprint *f)
{
    return f->activations.v + f->logits.v + f->communication.v;
}

static void add_up(vsh_footprint *f, const vsh_framework *framework)
{
    f->total.v = f->weights.v + f->gradients.v + f->optimizer.v + f->activations.v + f->logits.v +
                 f->workspace.v + f->communication.v;
    f->reserve.v = framework->libraries + framework->fragments * f->total.v;
    f->total.v += f->reserve.v;
}

vsh_status vsh_footprint_chip(const vsh_model *model, const vsh_work *work, double in_flight,
                              const vsh_placement *placement, vsh_footprint *footprint,
                              vsh_error *err)
{
    chip c = {.m = model,
              .w = work,
              .p = placement,
              .stage = vsh_stage_of(model, &work->stage),
              .act = (double)vsh_activation_bytes(work->precision),
              .err = err};
    vsh_footprint loss = {0}, layer = {0};
    kept_bytes kept;

    assert(work->recipe && placement->framework && in_flight > 0);
    VSH_TRY(vsh_lower(model, work, &c.ops, err));
    kept = keep(&c);
    VSH_TRY(layer_moment(&c, &layer));
    if (c.stage.head)
        loss_moment(&c, &kept, &loss);
    *footprint = moment_bytes(&loss) > moment_bytes(&layer) ? loss : layer;
    footprint->activations.v += in_flight * kept.layers + (in_flight - 1) * kept.head;
    footprint->communication.v += largest_buffer(&c);
    fill_state(&c, footprint);
    add_up(footprint, placement->framework);
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

static void add_chunk(vsh_footprint *sum, const vsh_footprint *f, double in_flight)
{
    (void)in_flight;
    sum->weights.v += f->weights.v;
    sum->gradients.v += f->gradients.v;
    sum->optimizer.v += f->optimizer.v;
    sum->activations.v += f->activations.v;
    sum->logits.v = fmax(sum->logits.v, f->logits.v);
    sum->communication.v = fmax(sum->communication.v, f->communication.v);
}

/* All chunks of one chip; each keeps the same number of micro-batches. */
static vsh_status stage_bytes(const vsh_model *model, const vsh_work *work, const vsh_placement *p,
                              int64_t stage, vsh_footprint *sum, vsh_error *err)
{
    int64_t stages = vsh_ways(p->pipeline), chunks = vsh_ways(p->chunks);
    int64_t layers = model->layers / (stages * chunks);

    *sum = (vsh_footprint){.total = {0}};
    for (int64_t i = 0; i < chunks; i++) {
        vsh_work part = *work;
        vsh_footprint f;
        int64_t place = i * stages + stage;
        part.stage = (vsh_stage){place * layers, layers, place == 0, place == stages * chunks - 1};
        VSH_TRY(vsh_footprint_chip(model, &part, vsh_in_flight(p, stage), p, &f, err));
        add_chunk(sum, &f, 0);
    }
    add_up(sum, p->framework);
    return VSH_OK;
}

vsh_status vsh_footprint_layout(const vsh_model *model, const vsh_work *work,
                                const vsh_placement *p, vsh_footprint *footprint, vsh_error *err)
{
    int64_t stages = vsh_ways(p->pipeline), chunks = vsh_ways(p->chunks);

    if (model->layers % (stages * chunks) != 0)
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
