#include "planner/layout/memory_parts.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- chunks -------------------------------------------------------------------------------- */

vsh_status vsh_chunking_of(const vsh_model *model, vsh_arena *arena, vsh_chunking *chunking,
                           vsh_error *err)
{
    *chunking = (vsh_chunking){.model = model};
    chunking->at = vsh_alloc(arena, (size_t)model->layers + 1, sizeof *chunking->at);
    if (!chunking->at)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t chunks = 1; chunks <= model->layers; chunks++) {
        bool divides = model->layers % chunks == 0;
        chunking->at[chunks] = divides ? chunking->places : -1;
        chunking->places += divides ? chunks : 0;
    }
    chunking->kinds = vsh_layer_kinds(model, chunking->kind, chunking->first);
    return VSH_OK;
}

vsh_status vsh_memory_parts_make(const vsh_chunking *chunking, const vsh_framework *framework,
                                 vsh_arena *arena, vsh_memory_parts *parts, vsh_error *err)
{
    size_t places = (size_t)chunking->places, chunks = (size_t)chunking->model->layers + 1;
    bool room;

    *parts = (vsh_memory_parts){.chunking = chunking, .framework = framework};
    parts->share = vsh_alloc(arena, places, sizeof *parts->share);
    parts->shared = vsh_alloc(arena, chunks, sizeof *parts->shared);
    room = parts->share && parts->shared;
    for (int c = 0; c < VSH_MEMORY_CLASSES; c++) {
        parts->bytes[c] = vsh_alloc(arena, places, sizeof *parts->bytes[c]);
        parts->micro[c] = vsh_alloc(arena, chunks, sizeof *parts->micro[c]);
        room = room && parts->bytes[c] && parts->micro[c];
    }
    return room ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "out of memory");
}

/* Even routing sends one sequence's share of tokens to experts; of several it sends as many times
 * that, unless rows had to be rounded up. */
static bool experts_round(const vsh_experts *e, const vsh_step_run *run)
{
    const vsh_split *split = &run->layout.split;
    int64_t ways = vsh_ways(split->context) * vsh_ways(split->tensor);
    double each = (double)(run->laid.seq / ways * e->top_k) / (double)e->count;

    if (e->count == 0)
        return false;
    each *= e->capacity == 0 ? 1 : e->capacity;
    return run->laid.seq % ways != 0 || each != floor(each);
}

void vsh_memory_parts_begin(vsh_memory_parts *p, const vsh_step_run *run)
{
    const vsh_chunking *c = p->chunking;
    size_t chunks = (size_t)c->model->layers + 1;

    p->run = *run;
    p->rounds = experts_round(&c->model->experts, run);
    memset(p->shared, 0, chunks * sizeof *p->shared);
    for (int i = 0; i < VSH_MEMORY_CLASSES; i++) {
        memset(p->micro[i], 0, chunks * sizeof *p->micro[i]);
        p->growth[i].micro = 0;
        p->growth[i].most = 0;
    }
    for (int k = 0; k < c->kinds; k++)
        p->layer[k] = vsh_share_layer(c->model, &run->layout.split, c->first[k]);
    p->embedding = vsh_share_embedding(c->model, &run->layout.split);
    p->head = vsh_share_head(c->model, &run->layout.split, true);
    p->head_alone = vsh_share_head(c->model, &run->layout.split, false);
}

/* Chunk `place` of so many. */
static vsh_stage chunk_of(const vsh_chunking *c, int64_t chunks, int64_t place)
{
    int64_t layers = c->model->layers / chunks;

    return (vsh_stage){place * layers, layers, place == 0, place == chunks - 1};
}

/* ---- parameters ---------------------------------------------------------------------------- */

static vsh_share times(vsh_share share, int64_t n)
{
    return (vsh_share){share.sharded * n, share.replicated * n, share.experts * n};
}

static vsh_share chunk_share(const vsh_memory_parts *p, const vsh_stage *stage)
{
    const vsh_chunking *c = p->chunking;
    vsh_share share = {0};

    if (c->kinds == 1)
        share = times(p->layer[0], stage->layers);
    else
        for (int64_t l = stage->first; l < stage->first + stage->layers; l++)
            share = vsh_share_add(share, p->layer[c->kind[l]]);
    if (stage->embedding)
        share = vsh_share_add(share, p->embedding);
    if (stage->head)
        share = vsh_share_add(share, stage->embedding ? p->head : p->head_alone);
    return share;
}

static const vsh_share *shares_of(vsh_memory_parts *p, int64_t chunks)
{
    vsh_share *share = p->share + p->chunking->at[chunks];

    assert(p->chunking->at[chunks] >= 0);
    for (int64_t i = 0; i < chunks && !p->shared[chunks]; i++) {
        vsh_stage stage = chunk_of(p->chunking, chunks, i);
        share[i] = chunk_share(p, &stage);
    }
    p->shared[chunks] = true;
    return share;
}

/* Divided by the chips that share it, as core/footprint_layout.c does. */
static double state_bytes(const vsh_memory_parts *p, const vsh_layout *layout, vsh_share share)
{
    const vsh_split *split = &layout->split;
    const vsh_recipe *r = p->run.recipe;
    const double bytes[] = {r->master + r->moments, r->gradients, r->weights};
    double dense = (double)vsh_share_dense(share), experts = (double)share.experts, sum = 0;
    double shared = dense / (double)vsh_split_replicas(split) +
                    experts / (double)vsh_split_expert_replicas(split);

    for (int i = 0; i < 3; i++)
        sum += bytes[i] * (split->zero > i ? shared : dense + experts);
    return sum;
}

static double with_reserve(const vsh_memory_parts *p, const vsh_layout *layout, double bytes)
{
    double fragments =
        p->framework->fragments + (layout->pp > 1 ? p->framework->pipeline_fragments : 0);

    return bytes + p->framework->libraries + fragments * bytes;
}

/* Stages that may be the fullest. Where all layers are alike those between the second and the last
 * hold what the second holds, and fewer micro-batches. */
static int64_t next_stage(const vsh_memory_parts *p, const vsh_layout *layout, int64_t stage)
{
    bool skip = p->chunking->kinds == 1 && stage == 1 && layout->pp > 3;

    return skip ? layout->pp - 1 : stage + 1;
}

static vsh_share stage_share(const vsh_share *share, const vsh_layout *layout, int64_t stage)
{
    vsh_share sum = {0};

    for (int64_t i = 0; i < layout->interleave; i++)
        sum = vsh_share_add(sum, share[i * layout->pp + stage]);
    return sum;
}

/* ---- activations and buffers --------------------------------------------------------------- */

/* A walk over the list, with so many micro-batches in flight. */
static vsh_status walk(const vsh_memory_parts *p, const vsh_layout *layout, vsh_stage stage,
                       double in_flight, vsh_chunk_bytes *bytes, vsh_error *err)
{
    vsh_step_run run = p->run;
    vsh_placement place = {.pipeline = layout->pp, .framework = p->framework};
    vsh_footprint f;
    vsh_work work;

    run.layout = *layout;
    work = vsh_step_work(&run);
    work.stage = stage;
    VSH_TRY(vsh_footprint_chip(p->chunking->model, &work, in_flight, &place, &f, err));
    *bytes = (vsh_chunk_bytes){f.activations.v, 0, f.logits.v, f.communication.v, f.workspace.v};
    return VSH_OK;
}

/* What every micro-batch keeps, from walks with one and with two. */
static vsh_status walk_twice(const vsh_memory_parts *p, const vsh_layout *layout, vsh_stage stage,
                             vsh_chunk_bytes *bytes, vsh_error *err)
{
    vsh_chunk_bytes two;

    VSH_TRY(walk(p, layout, stage, 1, bytes, err));
    VSH_TRY(walk(p, layout, stage, 2, &two, err));
    bytes->kept = two.activations - bytes->activations;
    bytes->activations -= bytes->kept;
    return VSH_OK;
}

/* The same where what does not depend on micro-batches in flight is known from another chunk. */
static vsh_status walk_once(const vsh_memory_parts *p, const vsh_layout *layout, vsh_stage stage,
                            const vsh_chunk_bytes *like, vsh_chunk_bytes *bytes, vsh_error *err)
{
    VSH_TRY(walk(p, layout, stage, 1, bytes, err));
    bytes->kept = bytes->activations - like->activations;
    bytes->activations = like->activations;
    return VSH_OK;
}

static vsh_chunk_bytes longer(vsh_chunk_bytes b, double layers, vsh_chunk_bytes more)
{
    return (vsh_chunk_bytes){b.activations + layers * more.activations, b.kept + layers * more.kept,
                             b.logits + layers * more.logits,
                             b.communication + layers * more.communication,
                             b.resident + layers * more.resident};
}

/* From two layers on a chunk grows by the same bytes a layer: the first brings its own, the second
 * what is gathered ahead. While a layer runs backward embeddings need nothing. */
static vsh_status learn_growth(const vsh_memory_parts *p, const vsh_layout *layout,
                               vsh_chunk_growth *g, vsh_error *err)
{
    int64_t all = p->chunking->model->layers;
    vsh_chunk_bytes three;

    VSH_TRY(walk_twice(p, layout, (vsh_stage){0, 2, false, false}, &g->inner, err));
    VSH_TRY(walk_twice(p, layout, (vsh_stage){all - 2, 2, false, true}, &g->last, err));
    VSH_TRY(walk_once(p, layout, (vsh_stage){0, 2, true, false}, &g->inner, &g->first, err));
    VSH_TRY(walk_once(p, layout, (vsh_stage){0, 3, false, false}, &g->inner, &three, err));
    g->more = longer(three, -1, g->inner);
    g->micro = p->run.laid.micro;
    return VSH_OK;
}

/* At least the weights and gradients that ZeRO 2 and 3 hold at the fullest moment of any chunk,
 * which do not depend on the micro-batch. */
static vsh_status learn_most(vsh_memory_parts *p, const vsh_layout *layout, vsh_chunk_growth *g,
                             vsh_error *err)
{
    const vsh_stage ends[] = {{0, 2, true, false},
                              {p->chunking->model->layers - 2, 2, false, true}};

    if (g->most > 0)
        return VSH_OK;
    p->run.laid.micro = 1;
    for (int i = 0; i < 2; i++) {
        vsh_chunk_bytes one;
        VSH_TRY(walk(p, layout, ends[i], 1, &one, err));
        g->most = fmax(g->most, one.activations + one.logits + one.communication);
    }
    return VSH_OK;
}

static vsh_status fill_alike(const vsh_memory_parts *p, const vsh_layout *layout, int64_t chunks,
                             vsh_chunk_growth *g, vsh_chunk_bytes *bytes, vsh_error *err)
{
    double further = (double)(p->chunking->model->layers / chunks - 2);

    if (g->micro != p->run.laid.micro)
        VSH_TRY(learn_growth(p, layout, g, err));
    bytes[0] = longer(g->first, further, g->more);
    for (int64_t i = 1; i < chunks - 1; i++)
        bytes[i] = longer(g->inner, further, g->more);
    bytes[chunks - 1] = longer(g->last, further, g->more);
    return VSH_OK;
}

/* An earlier chunk with the same layers in the same order, without embedding and head; or none. */
static int64_t twin_of(const vsh_chunking *c, int64_t chunks, int64_t place)
{
    size_t layers = (size_t)(c->model->layers / chunks);

    for (int64_t i = 1; i < place && place < chunks - 1; i++)
        if (memcmp(c->kind + (size_t)i * layers, c->kind + (size_t)place * layers, layers) == 0)
            return i;
    return -1;
}

static vsh_status fill_each(const vsh_memory_parts *p, const vsh_layout *layout, int64_t chunks,
                            vsh_chunk_bytes *bytes, vsh_error *err)
{
    for (int64_t i = 0; i < chunks; i++) {
        int64_t twin = twin_of(p->chunking, chunks, i);
        if (twin >= 0)
            bytes[i] = bytes[twin];
        else
            VSH_TRY(walk_twice(p, layout, chunk_of(p->chunking, chunks, i), &bytes[i], err));
    }
    return VSH_OK;
}

/* Bytes that do not depend on how many chips share weights, only on whether they do. */
static int class_of(const vsh_layout *layout)
{
    int zero = layout->split.zero;

    return (layout->pp > 1 ? 3 : 0) + (zero > 1 ? zero - 1 : 0);
}

static vsh_status bytes_of(vsh_memory_parts *p, const vsh_layout *layout, int64_t micro,
                           const vsh_chunk_bytes **found, vsh_error *err)
{
    int64_t chunks = layout->pp * layout->interleave;
    int class = class_of(layout);
    vsh_chunk_bytes *bytes = p->bytes[class] + p->chunking->at[chunks];

    *found = bytes;
    if (p->micro[class][chunks] == micro)
        return VSH_OK;
    p->run.laid.micro = micro;
    if (p->chunking->kinds == 1 && chunks > 1 && p->chunking->model->layers >= 2 * chunks)
        VSH_TRY(fill_alike(p, layout, chunks, &p->growth[class], bytes, err));
    else
        VSH_TRY(fill_each(p, layout, chunks, bytes, err));
    p->micro[class][chunks] = micro;
    return VSH_OK;
}

static double stage_bytes(const vsh_chunk_bytes *bytes, const vsh_layout *layout, int64_t stage,
                          double in_flight)
{
    double sum = 0, logits = 0, communication = 0;

    for (int64_t i = 0; i < layout->interleave; i++) {
        const vsh_chunk_bytes *b = &bytes[i * layout->pp + stage];
        sum += b->activations + in_flight * b->kept + b->resident;
        logits = fmax(logits, b->logits);
        communication = fmax(communication, b->communication);
    }
    return sum + logits + communication;
}

/* At most that under ZeRO 2 and 3, from parts without them. The fullest moment of a chunk may
 * become a later one, with more buffers and less of the micro-batch that runs back: of all but one
 * chunk counts what the other micro-batches keep. */
static double stage_least(const vsh_chunk_bytes *bytes, const vsh_layout *layout, int64_t stage,
                          double in_flight)
{
    double kept = 0, most = 0;

    for (int64_t i = 0; i < layout->interleave; i++) {
        const vsh_chunk_bytes *b = &bytes[i * layout->pp + stage];
        kept += (in_flight - 1) * b->kept;
        most = fmax(most, b->activations + b->kept + b->logits + b->communication);
    }
    return kept + most;
}

typedef double sum_of(const vsh_chunk_bytes *, const vsh_layout *, int64_t stage, double in_flight);

/* sum: NULL: state alone; it is taken times over. */
static double fullest(vsh_memory_parts *p, const vsh_layout *layout, sum_of *sum,
                      const vsh_chunk_bytes *chunk, int64_t micro, double times_over)
{
    const vsh_share *share = shares_of(p, layout->pp * layout->interleave);
    vsh_laid_run laid = p->run.laid;
    vsh_placement place = {.pipeline = layout->pp, .chunks = layout->interleave};
    double most = 0;

    laid.micro = micro;
    place.micro_batches = vsh_micro_batches(layout, &laid);
    for (int64_t s = 0; s < layout->pp; s = next_stage(p, layout, s)) {
        double bytes = state_bytes(p, layout, stage_share(share, layout, s));
        if (sum)
            bytes += times_over * sum(chunk, layout, s, vsh_in_flight(&place, s));
        most = fmax(most, bytes);
    }
    return with_reserve(p, layout, most);
}

static const double rounding = 1 - 1e-9; /* of a bound: sums in another order */

double vsh_memory_state(vsh_memory_parts *p, const vsh_layout *layout)
{
    return rounding * fullest(p, layout, NULL, NULL, 1, 0);
}

/* Bytes while neither gradients nor weights are shared are in proportion to the sequences of a
 * micro-batch, unless experts round: walks with one sequence serve all. */
static vsh_status plain_bytes(vsh_memory_parts *p, const vsh_layout *layout, int64_t micro,
                              const vsh_chunk_bytes **chunk, double *times_over, vsh_error *err)
{
    vsh_layout plain = *layout;

    plain.split.zero = 0;
    *times_over = p->rounds ? 1 : (double)micro;
    return bytes_of(p, &plain, p->rounds ? micro : 1, chunk, err);
}

/* Without the buffers that ZeRO 2 and 3 add. */
vsh_status vsh_memory_least(vsh_memory_parts *p, const vsh_layout *layout, int64_t micro,
                            double *bytes, vsh_error *err)
{
    const vsh_chunk_bytes *chunk;
    double times_over;

    VSH_TRY(plain_bytes(p, layout, micro, &chunk, &times_over, err));
    *bytes = rounding * fullest(p, layout, layout->split.zero > 1 ? stage_least : stage_bytes,
                                chunk, micro, times_over);
    return VSH_OK;
}

/* With a share of ZeRO the fullest moment of a chunk has at most the activations it has without,
 * and at most those weights and gradients. */
vsh_status vsh_memory_most(vsh_memory_parts *p, const vsh_layout *layout, int64_t micro,
                           double *bytes, vsh_error *err)
{
    vsh_chunk_growth *g = &p->growth[class_of(layout)];
    const vsh_chunk_bytes *chunk;
    double times_over, shared = 1 + p->framework->fragments + p->framework->pipeline_fragments;

    *bytes = INFINITY;
    if (layout->split.zero < 2 || layout->pp == 1 || p->chunking->kinds > 1 ||
        p->chunking->model->layers < 3 || p->framework->resident) /* all layers are whole then */
        return VSH_OK;
    VSH_TRY(learn_most(p, layout, g, err));
    VSH_TRY(plain_bytes(p, layout, micro, &chunk, &times_over, err));
    *bytes = (2 - rounding) *
             (fullest(p, layout, stage_bytes, chunk, micro, times_over) + shared * g->most);
    return VSH_OK;
}

vsh_status vsh_memory_whole(vsh_memory_parts *p, const vsh_layout *layout, int64_t micro,
                            double *bytes, vsh_error *err)
{
    const vsh_chunk_bytes *chunk;
    double times_over = 1;

    if (layout->split.zero > 1)
        VSH_TRY(bytes_of(p, layout, micro, &chunk, err));
    else
        VSH_TRY(plain_bytes(p, layout, micro, &chunk, &times_over, err));
    *bytes = fullest(p, layout, stage_bytes, chunk, micro, times_over);
    return VSH_OK;
}
