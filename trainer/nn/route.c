#include "trainer/nn/moe.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A part of the tokens, in order. Its sums lie beside those of the other parts in the first half
 * of thread 0's scratch and are added in the order of the parts; the second half of a thread's
 * scratch is room for its kernels. How many parts there are follows from the shape. */
typedef struct {
    int64_t tokens, count; /* of a part, the last may be shorter; parts */
    double *share;         /* (parts,E) */
    double *square;        /* (parts) */
    int32_t *chosen;       /* (parts,E): assignments; then the next place at each expert */
} tally;

enum { TALLY_BYTES = VSH_SCRATCH_BYTES / 2 };

static tally tally_of(const vsh_nn *nn, const vsh_route_shape *shape)
{
    int64_t blocks = vsh_row_blocks(shape->tokens), experts = shape->experts;
    int64_t room = TALLY_BYTES / (experts * (int64_t)(sizeof(double) + sizeof(int32_t)) +
                                  (int64_t)sizeof(double));
    tally t = {.tokens = (blocks + room - 1) / room * VSH_ROW_BLOCK};

    assert(room >= 1 && (size_t)TALLY_BYTES + VSH_GATE_ROOM * sizeof(float) <= VSH_SCRATCH_BYTES);
    t.count = (shape->tokens + t.tokens - 1) / t.tokens;
    t.share = vsh_pool_scratch(nn->pool, 0);
    t.square = t.share + t.count * experts;
    t.chosen = (int32_t *)(void *)(t.square + t.count);
    return t;
}

static bool is_sound(const vsh_route_shape *shape)
{
    return shape->tokens >= 1 && shape->experts >= 1 && shape->experts <= VSH_EXPERTS_MAX &&
           shape->top_k >= 1 && shape->top_k <= shape->experts && shape->capacity >= 0 &&
           vsh_route_rows(shape) + shape->tokens * shape->top_k <= INT32_MAX;
}

typedef struct {
    const vsh_nn *nn;
    const vsh_route_shape *shape;
    const float *logits, *bias;
    const vsh_route *route;
    tally tally;
    /* backward */
    const float *dweight, *pull;
    float z;
    float *dlogits;
} job;

static int64_t tokens_of_part(const job *j, int64_t part)
{
    int64_t left = j->shape->tokens - part * j->tally.tokens;

    return left < j->tally.tokens ? left : j->tally.tokens;
}

static float *kernel_room(const job *j, int thread)
{
    return (float *)(void *)((char *)vsh_pool_scratch(j->nn->pool, thread) + TALLY_BYTES);
}

static void count_part(const job *j, int64_t part)
{
    int64_t experts = j->shape->experts, k = j->shape->top_k, at = part * j->tally.tokens * k;
    int32_t *chosen = j->tally.chosen + part * experts;

    memset(chosen, 0, (size_t)experts * sizeof *chosen);
    for (int64_t i = at; i < at + tokens_of_part(j, part) * k; i++)
        chosen[j->route->choice[i]]++;
}

/* ---- forward ------------------------------------------------------------------------------- */

static void choose_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_route_shape *shape = j->shape;
    int64_t token = part * j->tally.tokens, experts = shape->experts, k = shape->top_k;
    vsh_gate_rows rows = {.rows = tokens_of_part(j, part),
                          .experts = experts,
                          .top_k = k,
                          .sigmoid = shape->gate == VSH_GATE_SIGMOID,
                          .normalize = shape->normalize,
                          .logits = j->logits + token * experts,
                          .bias = j->bias,
                          .probability = j->route->probability + token * experts,
                          .weight = j->route->weight + token * k,
                          .choice = j->route->choice + token * k,
                          .room = kernel_room(j, thread)};

    memset(j->tally.share + part * experts, 0, (size_t)experts * sizeof(double));
    j->tally.square[part] = 0;
    if (shape->balance != 0.0F)
        rows.share = j->tally.share + part * experts;
    if (shape->z != 0.0F)
        rows.square = j->tally.square + part;
    j->nn->kernels->moe[VSH_F32].gate(&rows);
    count_part(j, part);
}

/* Counts become places: of each part, the next row at each expert, in the order of the tokens.
 * With a capacity C a place is counted from the expert's first row. Returns the dropped. */
static int64_t plan_places(const job *j, int64_t *given)
{
    int64_t experts = j->shape->experts, capacity = j->shape->capacity, row = 0, dropped = 0;

    for (int64_t e = 0; e < experts; e++) {
        int64_t used = 0;
        j->route->first[e] = (int32_t)row;
        for (int64_t part = 0; part < j->tally.count; part++) {
            int32_t *place = j->tally.chosen + part * experts + e, here = *place;
            *place = (int32_t)(row + used);
            used += here;
        }
        given[e] = used;
        dropped += capacity && used > capacity ? used - capacity : 0;
        row += capacity ? capacity : used;
    }
    j->route->first[experts] = (int32_t)row;
    return dropped;
}

static void place_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_route *route = j->route;
    int64_t k = j->shape->top_k, at = part * j->tally.tokens * k;
    int32_t *place = j->tally.chosen + part * j->shape->experts;

    (void)thread;
    for (int64_t i = at; i < at + tokens_of_part(j, part) * k; i++) {
        int32_t expert = route->choice[i], row = place[expert]++;
        route->slot[i] = row < route->first[expert + 1] ? row : -1;
    }
}

static void fill_report(const job *j, const int64_t *given, int64_t dropped,
                        vsh_route_report *report)
{
    const vsh_route_shape *shape = j->shape;
    double all = (double)(shape->tokens * shape->top_k), experts = (double)shape->experts;
    double agreement = 0, square = 0;

    *report = (vsh_route_report){.dropped = dropped};
    for (int64_t e = 0; e < shape->experts; e++) {
        double share = 0, f = (double)given[e] / all;
        for (int64_t part = 0; part < j->tally.count; part++)
            share += j->tally.share[part * shape->experts + e];
        agreement += f * share / (double)shape->tokens;
        report->load_max = fmax(report->load_max, f * experts);
        report->entropy -= f > 0 ? f * log(f) : 0;
    }
    for (int64_t part = 0; part < j->tally.count; part++)
        square += j->tally.square[part];
    report->balance = (double)shape->balance * experts * agreement;
    report->z = (double)shape->z * square / (double)shape->tokens;
    report->entropy = shape->experts > 1 ? report->entropy / log(experts) : 1;
}

void vsh_route_forward(const vsh_nn *nn, const vsh_route_shape *shape, const float *logits,
                       const float *bias, const vsh_route *route, int64_t *load,
                       vsh_route_report *report)
{
    job j = {.nn = nn, .shape = shape, .logits = logits, .bias = bias, .route = route};
    int64_t given[VSH_EXPERTS_MAX], dropped;

    assert(is_sound(shape));
    j.tally = tally_of(nn, shape);
    vsh_pool_run(nn->pool, choose_part, &j, j.tally.count);
    dropped = plan_places(&j, given);
    vsh_pool_run(nn->pool, place_part, &j, j.tally.count);
    for (int64_t e = 0; load && e < shape->experts; e++)
        load[e] += given[e];
    if (report)
        fill_report(&j, given, dropped, report);
}

/* ---- backward ------------------------------------------------------------------------------ */

static void recount_part(void *context, int64_t part, int thread)
{
    (void)thread;
    count_part(context, part);
}

/* pull (E): gradient of the balance loss with respect to a row's share of each expert. The counts
 * are those of the choices, before dropping. */
static void find_pull(job *j, float loss_scale, float *pull)
{
    const vsh_route_shape *shape = j->shape;
    double all = (double)(shape->tokens * shape->top_k);
    double scale = (double)loss_scale * (double)shape->balance * (double)shape->experts /
                   (double)shape->tokens;

    memset(pull, 0, (size_t)shape->experts * sizeof *pull);
    if (shape->balance == 0.0F)
        return;
    vsh_pool_run(j->nn->pool, recount_part, j, j->tally.count);
    for (int64_t e = 0; e < shape->experts; e++) {
        int64_t chosen = 0;
        for (int64_t part = 0; part < j->tally.count; part++)
            chosen += j->tally.chosen[part * shape->experts + e];
        pull[e] = (float)(scale * (double)chosen / all);
    }
}

static void back_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    int64_t token = part * j->tally.tokens, experts = j->shape->experts, k = j->shape->top_k;
    vsh_gate_back_rows rows = {.rows = tokens_of_part(j, part),
                               .experts = experts,
                               .top_k = k,
                               .sigmoid = j->shape->gate == VSH_GATE_SIGMOID,
                               .normalize = j->shape->normalize,
                               .logits = j->logits + token * experts,
                               .probability = j->route->probability + token * experts,
                               .weight = j->route->weight + token * k,
                               .dweight = j->dweight + token * k,
                               .choice = j->route->choice + token * k,
                               .pull = j->pull,
                               .z = j->z,
                               .dlogits = j->dlogits + token * experts,
                               .room = kernel_room(j, thread)};

    j->nn->kernels->moe[VSH_F32].gate_back(&rows);
}

void vsh_route_backward(const vsh_nn *nn, const vsh_route_shape *shape, const float *logits,
                        const vsh_route *route, const float *dweight, float loss_scale,
                        float *dlogits)
{
    float pull[VSH_EXPERTS_MAX];
    job j = {.nn = nn,
             .shape = shape,
             .logits = logits,
             .route = route,
             .dweight = dweight,
             .pull = pull,
             .z = 2 * loss_scale * shape->z / (float)shape->tokens,
             .dlogits = dlogits};

    assert(is_sound(shape));
    j.tally = tally_of(nn, shape);
    find_pull(&j, loss_scale, pull);
    vsh_pool_run(nn->pool, back_part, &j, j.tally.count);
}
