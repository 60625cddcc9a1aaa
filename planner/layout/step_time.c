#include "planner/layout/step_time.h"

#include <assert.h>
#include <math.h>

/* ---- slices -------------------------------------------------------------------------------- */

/* Replicas of one slice, where weights are shared within slices; else 0. */
static int64_t replicas_of_slice(const vsh_platform *p, const vsh_layout *layout)
{
    const vsh_split *split = &layout->split;
    vsh_standing s;

    if (p->fabric.axes == 0 || split->zero < 3 || p->fabric.chips == p->fabric.domain)
        return 0;
    s = vsh_place(&p->fabric, (vsh_ranks){vsh_split_replicas(split), vsh_ways(split->tensor)});
    return s.domains > 1 && s.inside > 1 ? s.inside : 0;
}

vsh_mesh vsh_step_mesh(const vsh_platform *p, const vsh_layout *layout)
{
    vsh_mesh mesh = vsh_mesh_of(&p->fabric, &layout->split, layout->pp);
    int64_t inside = replicas_of_slice(p, layout);

    if (inside)
        mesh.axis[VSH_MESH_DATA] =
            vsh_route_of(&p->fabric, (vsh_ranks){inside, vsh_ways(layout->split.tensor)});
    return mesh;
}

/* ---- one direction through a stage --------------------------------------------------------- */

static void span_add(vsh_span *sum, const vsh_span *part, double times)
{
    sum->chip += times * part->chip;
    sum->launches += times * part->launches;
    sum->late += times * part->late;
    sum->waits += times * part->waits;
    sum->hides += times * part->hides;
}

static void part_add(vsh_part_price *sum, const vsh_part_price *part, double times)
{
    span_add(&sum->forward, &part->forward, times);
    span_add(&sum->backward, &part->backward, times);
}

/* What remains of collectives that `behind` seconds of other work may hide. */
static double exposed_of(double seconds, double behind, double overlap)
{
    double hidden = overlap * fmin(seconds, behind);

    return seconds - hidden;
}

typedef struct {
    double chip, exposed, host; /* host: waited for beyond the other two */
} spent;

static double spent_sum(spent s) { return s.chip + s.exposed + s.host; }

static spent span_time(const vsh_platform *p, const vsh_span *s)
{
    return (spent){s->chip, s->waits + exposed_of(s->hides, s->chip, p->stack.overlap), 0};
}

/* Both ways. The host runs ahead of the chip from one into the other, and from one micro-batch into
 * the next, so that the longer of all its work and all of the chip's counts. */
static spent both_ways(const vsh_platform *p, const vsh_part_price *part)
{
    spent forward = span_time(p, &part->forward), backward = span_time(p, &part->backward);
    spent both = {forward.chip + backward.chip, forward.exposed + backward.exposed, 0};
    double late = part->forward.late + part->backward.late, dispatch = p->rate.dispatch;
    vsh_queue queue = {{spent_sum(both)}, part->forward.launches + part->backward.launches};

    if (dispatch > 0)
        queue.launches += late / dispatch;
    both.host = vsh_queue_time(&p->rate, &queue).v - queue.chip.v;
    return both;
}

/* ---- stages -------------------------------------------------------------------------------- */

typedef struct {
    const vsh_step_run *run;
    const vsh_platform *platform;
    const vsh_mesh *mesh;
    const vsh_list_price *price;
    double micro_batches, chunks, send;
} question;

typedef struct {
    spent micro;     /* of a micro-batch, forward and back */
    double backward; /* of it what the chip computes on the way back */
    vsh_share share;
    vsh_share outer; /* of it what forward begins and backward ends with */
} stage_time;

static vsh_share share_times(vsh_share share, int64_t times)
{
    return (vsh_share){share.sharded * times, share.replicated * times, share.experts * times};
}

typedef struct {
    vsh_part_price part;
    vsh_share share;
} stage_sum;

/* Layers `first` to `end` of the model. */
static void add_layers(const question *q, int64_t first, int64_t end, stage_sum *sum)
{
    const vsh_list_price *price = q->price;
    int64_t alike;

    for (int64_t l = first; l < end; l += alike) {
        int kind = price->kind[l];
        for (alike = price->kinds == 1 ? end - l : 1; l + alike < end; alike++)
            if (price->kind[l + alike] != kind)
                break;
        part_add(&sum->part, &price->layer[kind], (double)alike);
        sum->share = vsh_share_add(sum->share, share_times(price->layer_share[kind], alike));
    }
}

/* Chunk c of stages x chunks: an even part of the layers, the first ones one more where they do not
 * divide. */
static void add_chunk(const question *q, int64_t chunk, int64_t chunks, stage_sum *sum)
{
    int64_t layers = q->run->laid.model->layers, each = layers / chunks, more = layers % chunks;
    int64_t first = chunk * each + (chunk < more ? chunk : more);

    add_layers(q, first, first + each + (chunk < more), sum);
}

/* Stages from this one on that are like it: neither end, the same layers. */
static int64_t stages_alike(const question *q, int64_t stage)
{
    const vsh_layout *layout = &q->run->layout;
    int64_t last = layout->pp - 1,
            more = q->run->laid.model->layers % (layout->pp * layout->interleave);

    if (stage == 0 || stage == last || q->price->kinds > 1 || (more && layout->interleave > 1))
        return 1;
    return (stage < more && more < last ? more : last) - stage;
}

/* The first layer of a stage, or what stands before it: whatever is needed first. */
static vsh_share outer_share(const question *q, int64_t stage)
{
    int64_t chunks = q->run->layout.pp * q->run->layout.interleave;
    int64_t layers = q->run->laid.model->layers, more = layers % chunks;
    int64_t first = stage * (layers / chunks) + (stage < more ? stage : more);

    return stage == 0 ? q->price->embedding_share : q->price->layer_share[q->price->kind[first]];
}

/* All chunks of one stage. Every border is crossed once each way; a stage receives and sends, and
 * waits for it (Megatron-LM's schedules wait for both). */
static stage_time stage_of(const question *q, int64_t stage)
{
    const vsh_step_run *run = q->run;
    int64_t stages = run->layout.pp, chunks = run->layout.interleave;
    bool first = stage == 0, last = stage == stages - 1;
    stage_sum sum = {.share = {0}};
    stage_time t;

    for (int64_t c = 0; c < chunks; c++)
        add_chunk(q, c * stages + stage, stages * chunks, &sum);
    if (first) {
        part_add(&sum.part, &q->price->embedding, 1);
        sum.share = vsh_share_add(sum.share, q->price->embedding_share);
    }
    if (last) {
        part_add(&sum.part, &q->price->head, 1);
        sum.share = vsh_share_add(sum.share, q->price->head_share[first]);
    }
    if (stages > 1) {
        sum.part.forward.waits += q->chunks * q->send;
        sum.part.backward.waits += q->chunks * q->send;
    }
    t.share = sum.share;
    t.outer = outer_share(q, stage);
    t.backward = sum.part.backward.chip;
    t.micro = both_ways(q->platform, &sum.part);
    return t;
}
/* ---- once a step --------------------------------------------------------------------------- */

/* Bytes an element of gradients as they are reduced and of weights as they are gathered: those of
 * core/lower.c. */
static double gradient_element(const vsh_step_run *run)
{
    double held = run->recipe->gradients;

    return held == 0 ? (double)vsh_activation_bytes(run->precision) : fmin(held, 4);
}

static double weight_element(const vsh_step_run *run)
{
    return fmin(run->recipe->weights, (double)vsh_activation_bytes(run->precision));
}

static double over_replicas(const question *q, vsh_collective how, double element, vsh_share share)
{
    double dense = element * (double)vsh_share_dense(share);
    double experts = element * (double)share.experts;

    return vsh_route_time(&q->mesh->axis[VSH_MESH_DATA], how, (vsh_bytes){dense}).v +
           vsh_route_time(&q->mesh->expert_data, how, (vsh_bytes){experts}).v;
}

/* Over the data centre's network after the loop over layers has ended: nothing hides it. */
static double over_slices(const question *q, vsh_share share)
{
    const vsh_fabric *f = &q->platform->fabric;
    int64_t inside = replicas_of_slice(q->platform, &q->run->layout);
    double parameters = (double)(vsh_share_dense(share) + share.experts);

    if (inside == 0)
        return 0;
    return vsh_collective_time(f, (vsh_ranks){f->chips / f->domain, f->domain}, VSH_ALL_REDUCE,
                               (vsh_bytes){gradient_element(q->run) * parameters / (double)inside})
        .v;
}

/* What a step gathers before it computes anything, and reduces after it has computed all: beside
 * these nothing runs, so that of what the parts of the list call hidden so much is not. */
static double ends_exposed(const question *q, const stage_time *t)
{
    int zero = q->run->layout.split.zero;
    double gathered = 0, reduced = 0;

    if (zero == 3)
        gathered = over_replicas(q, VSH_ALL_GATHER, weight_element(q->run), t->outer);
    if (zero >= 2)
        reduced = over_replicas(q, VSH_REDUCE_SCATTER, gradient_element(q->run), t->outer);
    return q->platform->stack.overlap * (gathered + reduced);
}

/* Sums of gradients, which the way back of the last micro-batch may hide, and the weights gathered
 * after the update. */
static double once_exposed(const question *q, const stage_time *t)
{
    const vsh_split *split = &q->run->layout.split;
    double gradients = 0, weights = 0, tied = 0;

    if (split->zero < 2)
        gradients = over_replicas(q, split->zero ? VSH_REDUCE_SCATTER : VSH_ALL_REDUCE,
                                  gradient_element(q->run), t->share);
    if (split->zero == 1 || split->zero == 2)
        weights = over_replicas(q, VSH_ALL_GATHER, weight_element(q->run), t->share);
    if (q->run->laid.model->tied && q->run->layout.pp > 1)
        tied = vsh_route_time(&q->mesh->ends, VSH_ALL_REDUCE,
                              (vsh_bytes){gradient_element(q->run) *
                                          (double)q->price->embedding_share.sharded})
                   .v;
    return exposed_of(gradients, t->backward, q->platform->stack.overlap) + weights + tied +
           over_slices(q, t->share) + ends_exposed(q, t);
}

static double optimizer_time(const question *q, const stage_time *t)
{
    const vsh_split *split = &q->run->layout.split;
    const vsh_recipe *r = q->run->recipe;
    double dense = (double)vsh_share_dense(t->share), experts = (double)t->share.experts;
    double bytes = r->gradients + 2 * (r->weights + r->master + r->moments);

    if (split->zero > 0) {
        dense /= (double)vsh_split_replicas(split);
        experts /= (double)vsh_split_expert_replicas(split);
    }
    return q->run->software.optimizer * (dense + experts) * bytes / q->platform->rate.memory;
}

/* Waits for other stages. One chunk of every other stage, before and after; and where m
 * micro-batches are no whole rounds of p stages, (v - 1)(p - m mod p) chunks more, so that one
 * micro-batch takes what all stages take one after another, whatever v is. From the blocks that a
 * schedule of virtual stages leaves empty (Narayanan et al. 2021, figure 4; derived). */
static double bubble_of(const question *q, double others)
{
    int64_t stages = q->run->layout.pp;
    int64_t rest = vsh_micro_batches(&q->run->layout, &q->run->laid) % stages;
    double empty = rest ? (double)(stages - rest) / (double)(stages - 1) : 0;

    return others * (1 + (q->chunks - 1) * empty) / q->chunks;
}

/* ---- the step ------------------------------------------------------------------------------ */

/* One forward and one backward at a time (Narayanan et al. 2021, arXiv:2104.04473, section 2.2):
 * the slowest stage runs all micro-batches; before and after, one chunk of every other stage. */
vsh_step_time vsh_step_time_of(const vsh_step_run *run, const vsh_platform *platform,
                               const vsh_mesh *mesh, const vsh_list_price *price)
{
    question q = {.run = run,
                  .platform = platform,
                  .mesh = mesh,
                  .price = price,
                  .micro_batches = (double)vsh_micro_batches(&run->layout, &run->laid),
                  .chunks = (double)run->layout.interleave,
                  .send = vsh_route_time(&mesh->axis[VSH_MESH_PIPELINE], VSH_SEND,
                                         (vsh_bytes){price->border_bytes})
                              .v};
    stage_time slowest = {.share = {0}};
    vsh_step_time step = {0};
    double all = 0, once = 0, m = q.micro_batches;

    for (int64_t s = 0, alike; s < run->layout.pp; s += alike) {
        stage_time t = stage_of(&q, s);
        alike = stages_alike(&q, s);
        all += (double)alike * spent_sum(t.micro);
        once = fmax(once, once_exposed(&q, &t));
        step.optimizer = fmax(step.optimizer, optimizer_time(&q, &t));
        if (spent_sum(t.micro) > spent_sum(slowest.micro)) {
            slowest = t;
            step.slowest = s;
        }
    }
    step.compute = m * slowest.micro.chip;
    step.exposed = m * slowest.micro.exposed + once;
    step.other = m * slowest.micro.host;
    step.bubble = bubble_of(&q, all - spent_sum(slowest.micro));
    step.step = step.compute + step.exposed + step.bubble + step.optimizer + step.other;
    return step;
}

vsh_status vsh_step_time_whole(const vsh_step_run *run, const vsh_platform *platform,
                               vsh_list_price *price, vsh_step_time *time, vsh_error *err)
{
    vsh_mesh mesh = vsh_step_mesh(platform, &run->layout);

    VSH_TRY(vsh_list_price_of(run, platform, &mesh, price, err));
    *time = vsh_step_time_of(run, platform, &mesh, price);
    return VSH_OK;
}
