#include "trainer/nn/attention.h"

#include <assert.h>
#include <math.h>

enum { TILE = VSH_ATTENTION_TILE };

typedef struct {
    const vsh_nn *nn;
    const vsh_attention_shape *shape;
    const vsh_attention_kernels *kernels;
    int64_t tiles, reach; /* of a sequence; key tiles before its own that a query tile sees */
    int64_t padded, ld;   /* head_dim in whole vectors; from row to row of a tile in scratch */
    float scale;
    const void *q, *k, *v, *out, *dout;
    const float *lse;
    void *to_out, *dq, *dk, *dv;
    float *to_lse, *delta;
    int64_t dq_stride, dkv_stride, length, capacity;
    bool add;
} job;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most_of(int64_t a, int64_t b) { return a > b ? a : b; }

/* ---- which tiles ------------------------------------------------------------------------------
 */

static int64_t tiles_of(int64_t seq) { return (seq + TILE - 1) / TILE; }

/* The first query of a tile sees window - 1 keys before it. */
static int64_t reach_of(int64_t seq, int64_t window)
{
    return window && window < seq ? (window - 1 + TILE - 1) / TILE : tiles_of(seq);
}

static int64_t first_tile(int64_t reach, int64_t tile) { return most_of(tile - reach, 0); }

int64_t vsh_attention_tiled_pairs(int64_t seq, int64_t window)
{
    int64_t pairs = 0, reach = reach_of(seq, window);

    for (int64_t tile = 0; tile < tiles_of(seq); tile++) {
        int64_t end = least(seq, (tile + 1) * TILE);
        pairs += (end - tile * TILE) * (end - first_tile(reach, tile) * TILE);
    }
    return pairs;
}

/* Rows of a tile: all have TILE but the last of a sequence. */
static int64_t tile_rows(const job *j, int64_t tile)
{
    return least(TILE, j->shape->seq - tile * TILE);
}

static int64_t lanes_of(int64_t rows) { return (rows + 15) / 16 * 16; }

/* Rows of more than 64 floats are set 16 apart: at a stride of a power of two they would meet in
 * few sets of the cache. */
static job new_job(const vsh_nn *nn, const vsh_attention_shape *shape)
{
    int64_t padded = (shape->head_dim + 15) / 16 * 16;

    assert(shape->head_dim >= 1 && shape->head_dim <= VSH_HEAD_DIM_MAX);
    assert(shape->kv_heads >= 1 && shape->heads % shape->kv_heads == 0);
    return (job){.nn = nn,
                 .shape = shape,
                 .kernels = &nn->kernels->attention[shape->element],
                 .tiles = tiles_of(shape->seq),
                 .reach = reach_of(shape->seq, shape->window),
                 .padded = padded,
                 .ld = padded <= TILE ? padded : padded + 16,
                 .scale = 1.0F / sqrtf((float)shape->head_dim)};
}

/* Scores outside of the causal band of a pair of tiles, given by its first query and key, become
 * -infinity. */
static void mask_scores(const job *j, int64_t query, int64_t queries, int64_t key, int64_t keys,
                        float *scores)
{
    int64_t window = j->shape->window ? least(j->shape->window, j->shape->seq) : j->shape->seq;
    bool later = key + keys - 1 > query, earlier = key + window <= query + queries - 1;

    if (later || earlier)
        j->kernels->mask(keys, lanes_of(queries), key - query, window, scores);
}

static float *take(float **scratch, int64_t floats)
{
    float *taken = *scratch;

    *scratch += floats;
    return taken;
}

/* ---- forward ----------------------------------------------------------------------------------
 */

/* What one tile of queries needs in the thread's scratch. */
typedef struct {
    float *across; /* (D, TILE) queries, transposed */
    float *key, *value, *sum;
    float *scores;
    float *most, *total, *keep, *inverse; /* TILE each */
} forward_room;

static forward_room forward_room_of(const job *j, int thread)
{
    float *scratch = vsh_pool_scratch(j->nn->pool, thread);
    forward_room room = {.across = take(&scratch, j->padded * TILE),
                         .key = take(&scratch, TILE * j->ld),
                         .value = take(&scratch, TILE * j->ld),
                         .sum = take(&scratch, TILE * j->ld),
                         .scores = take(&scratch, TILE * TILE)};

    room.most = take(&scratch, TILE);
    room.total = take(&scratch, TILE);
    room.keep = take(&scratch, TILE);
    room.inverse = take(&scratch, TILE);
    return room;
}

/* Queries that share a row of keys: a tile of positions, or the heads of a group at one position.
 */
typedef struct {
    const void *q;
    int64_t rows, q_stride;
    int64_t first_key, keys; /* the keys they see, from k and v on */
    const void *k, *v;
    int64_t kv_stride;
    int64_t position; /* of the first query, among the keys of k */
    bool causal;      /* later queries see later keys; otherwise all see the same ones */
} attendance;

/* Scores of one tile of keys, and their share of the weighted sum of values. */
static void attend_tile(const job *j, const attendance *a, const forward_room *room, int64_t key,
                        int64_t keys, bool first)
{
    const vsh_attention_kernels *kernels = j->kernels;
    vsh_element element = j->shape->element;
    const void *stored = vsh_at_const(a->k, element, key * a->kv_stride);
    int64_t lanes = lanes_of(a->rows), dim = j->shape->head_dim, stride = a->kv_stride;

    if (element != VSH_F32) {
        kernels->load(keys, dim, stored, stride, room->key, j->ld);
        stored = room->key;
        stride = j->ld;
    }
    kernels->product(keys, lanes, dim, stored, stride, 1, room->across, TILE, NULL, room->scores,
                     TILE);
    if (a->causal)
        mask_scores(j, a->position, a->rows, key, keys, room->scores);
    kernels->softmax(keys, lanes, j->scale, room->scores, room->most, room->total, room->keep);
    kernels->load(keys, dim, vsh_at_const(a->v, element, key * a->kv_stride), a->kv_stride,
                  room->value, j->ld);
    kernels->product(a->rows, j->padded, keys, room->scores, 1, TILE, room->value, j->ld,
                     first ? NULL : room->keep, room->sum, j->ld);
}

/* Tiles of keys from the last, where every query sees a key: each maximum is finite from the start.
 */
static void attend(const job *j, const attendance *a, const forward_room *room, void *out,
                   int64_t out_stride, float *lse)
{
    int64_t tiles = tiles_of(a->keys), lanes = lanes_of(a->rows);
    float ends[TILE];

    for (int64_t lane = 0; lane < TILE; lane++) {
        room->most[lane] = -INFINITY;
        room->total[lane] = 0;
    }
    j->kernels->load_across(a->rows, j->shape->head_dim, a->q, a->q_stride, room->across);
    for (int64_t tile = tiles - 1; tile >= 0; tile--)
        attend_tile(j, a, room, a->first_key + tile * TILE, least(TILE, a->keys - tile * TILE),
                    tile == tiles - 1);
    j->kernels->softmax_end(lanes, j->scale, room->most, room->total, ends, room->inverse);
    j->kernels->store(a->rows, j->shape->head_dim, room->sum, j->ld, room->inverse, false, out,
                      out_stride);
    for (int64_t row = 0; lse && row < a->rows; row++)
        lse[row] = ends[row];
}

/* A part is a tile of queries of one head. Those of a head follow each other, as its keys are then
 * in the cache; late ones, which see most, come first. */
static void forward_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_attention_shape *shape = j->shape;
    int64_t tile = j->tiles - 1 - part % j->tiles, which = part / j->tiles;
    int64_t head = which % shape->heads, sequence = which / shape->heads;
    int64_t kv_head = head / (shape->heads / shape->kv_heads), rows = tile_rows(j, tile);
    int64_t row = sequence * shape->seq + tile * TILE, first = first_tile(j->reach, tile) * TILE;
    int64_t kv = sequence * shape->seq * shape->kv_stride + kv_head * shape->head_dim;
    int64_t column = head * shape->head_dim;
    forward_room room = forward_room_of(j, thread);
    attendance a = {.q = vsh_at_const(j->q, shape->element, row * shape->q_stride + column),
                    .rows = rows,
                    .q_stride = shape->q_stride,
                    .first_key = first,
                    .keys = tile * TILE + rows - first,
                    .k = vsh_at_const(j->k, shape->element, kv),
                    .v = vsh_at_const(j->v, shape->element, kv),
                    .kv_stride = shape->kv_stride,
                    .position = tile * TILE,
                    .causal = true};

    attend(j, &a, &room, vsh_at(j->to_out, shape->element, row * shape->out_stride + column),
           shape->out_stride,
           j->to_lse + (sequence * shape->heads + head) * shape->seq + tile * TILE);
}

void vsh_attention_forward(const vsh_nn *nn, const vsh_attention_shape *shape, const void *q,
                           const void *k, const void *v, void *out, float *lse)
{
    job j = new_job(nn, shape);

    j.q = q;
    j.k = k;
    j.v = v;
    j.to_out = out;
    j.to_lse = lse;
    vsh_pool_run(nn->pool, forward_part, &j, shape->sequences * shape->heads * j.tiles);
}

/* ---- backward ---------------------------------------------------------------------------------
 */

/* delta = rowsum(dout out), which is sum_j p_j dp_j. A part is a tile of positions, all heads. */
static void delta_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_attention_shape *shape = j->shape;
    int64_t sequence = part / j->tiles, tile = part % j->tiles;
    int64_t row = (sequence * shape->seq + tile * TILE) * shape->out_stride;

    (void)thread;
    for (int64_t head = 0; head < shape->heads; head++) {
        int64_t at = row + head * shape->head_dim;
        j->kernels->row_dots(
            tile_rows(j, tile), shape->head_dim, vsh_at_const(j->out, shape->element, at),
            vsh_at_const(j->dout, shape->element, at), shape->out_stride,
            j->delta + (sequence * shape->heads + head) * shape->seq + tile * TILE);
    }
}

/* One (sequence, kv head) in a thread's scratch. Keys are taken in panels of as many tiles as fit,
 * with their gradients; for each panel, all queries that see it pass by. */
typedef struct {
    float *query, *across;              /* (TILE, ld) and (D, TILE) of a tile of queries */
    float *slope, *slope_across;        /* the same of dout */
    float *dquery;                      /* (TILE, ld) */
    float *scores, *slopes;             /* (TILE, TILE) */
    float *lse, *delta;                 /* TILE each */
    float *key, *value, *dkey, *dvalue; /* (panel, ld) */
    int64_t panel;                      /* tiles of keys */
} backward_room;

static backward_room backward_room_of(const job *j, int thread)
{
    float *scratch = vsh_pool_scratch(j->nn->pool, thread), *end = scratch + VSH_SCRATCH_BYTES / 4;
    int64_t tile = TILE * j->ld;
    backward_room room = {.query = take(&scratch, tile),
                          .across = take(&scratch, j->padded * TILE),
                          .slope = take(&scratch, tile),
                          .slope_across = take(&scratch, j->padded * TILE),
                          .dquery = take(&scratch, tile),
                          .scores = take(&scratch, TILE * TILE),
                          .slopes = take(&scratch, TILE * TILE),
                          .lse = take(&scratch, TILE),
                          .delta = take(&scratch, TILE)};

    room.panel = least(j->tiles, (end - scratch) / (4 * tile));
    assert(room.panel >= 1);
    room.key = take(&scratch, room.panel * tile);
    room.value = take(&scratch, room.panel * tile);
    room.dkey = take(&scratch, room.panel * tile);
    room.dvalue = take(&scratch, room.panel * tile);
    return room;
}

/* One tile of queries of one head, and the panel of key tiles [first, end). */
typedef struct {
    int64_t sequence, kv_head, head, tile;
    int64_t first, end;
    bool first_head; /* of the group */
} passage;

static const float ones[TILE] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/* One pair of tiles: scores again, and the four products that are gradients. */
static void backward_pair(const job *j, const passage *p, const backward_room *room, int64_t tile,
                          bool first_of_query)
{
    void (*const product)(int64_t, int64_t, int64_t, const float *, int64_t, int64_t, const float *,
                          int64_t, const float *, float *, int64_t) = j->kernels->product;
    int64_t keys = tile_rows(j, tile), queries = tile_rows(j, p->tile), lanes = lanes_of(queries);
    int64_t dim = j->shape->head_dim, padded = j->padded, ld = j->ld;
    int64_t at = (tile - p->first) * TILE * ld;
    /* the first to meet a tile of keys are the queries of the same tile, of the group's first head
     */
    const float *keep = p->first_head && tile == p->tile ? NULL : ones;
    float *scores = room->scores, *slopes = room->slopes;

    product(keys, lanes, dim, room->key + at, ld, 1, room->across, TILE, NULL, scores, TILE);
    product(keys, lanes, dim, room->value + at, ld, 1, room->slope_across, TILE, NULL, slopes,
            TILE);
    mask_scores(j, p->tile * TILE, queries, tile * TILE, keys, scores);
    j->kernels->softmax_slopes(keys, lanes, j->scale, room->lse, room->delta, scores, slopes);
    product(keys, padded, queries, scores, TILE, 1, room->slope, ld, keep, room->dvalue + at, ld);
    product(keys, padded, queries, slopes, TILE, 1, room->query, ld, keep, room->dkey + at, ld);
    product(queries, padded, keys, slopes, 1, TILE, room->key + at, ld,
            first_of_query ? NULL : ones, room->dquery, ld);
}

/* A tile of queries passes the tiles of the panel that it sees. What earlier panels added to its
 * gradient lies in dq, as stored. */
static void backward_queries(const job *j, const passage *p, const backward_room *room)
{
    const vsh_attention_shape *shape = j->shape;
    const vsh_attention_kernels *kernels = j->kernels;
    int64_t rows = tile_rows(j, p->tile), row = p->sequence * shape->seq + p->tile * TILE;
    int64_t dim = shape->head_dim, column = p->head * dim;
    int64_t sums = (p->sequence * shape->heads + p->head) * shape->seq + p->tile * TILE;
    int64_t sees = first_tile(j->reach, p->tile), from = most_of(sees, p->first);
    const void *q = vsh_at_const(j->q, shape->element, row * shape->q_stride + column);
    const void *dout = vsh_at_const(j->dout, shape->element, row * shape->out_stride + column);
    void *dq = vsh_at(j->dq, shape->element, row * j->dq_stride + column);

    kernels->load(rows, dim, q, shape->q_stride, room->query, j->ld);
    kernels->load_across(rows, dim, q, shape->q_stride, room->across);
    kernels->load(rows, dim, dout, shape->out_stride, room->slope, j->ld);
    kernels->load_across(rows, dim, dout, shape->out_stride, room->slope_across);
    for (int64_t lane = 0; lane < TILE; lane++) {
        room->lse[lane] = lane < rows ? j->lse[sums + lane] : 0;
        room->delta[lane] = lane < rows ? j->delta[sums + lane] : 0;
    }
    if (from > sees)
        kernels->load(rows, dim, dq, j->dq_stride, room->dquery, j->ld);
    for (int64_t tile = from; tile < least(p->end, p->tile + 1); tile++)
        backward_pair(j, p, room, tile, tile == sees);
    kernels->store(rows, dim, room->dquery, j->ld, NULL, false, dq, j->dq_stride);
}

/* The heads of the group in order, each with every tile of queries that sees a key of the panel. */
static void backward_panel(const job *j, passage *p, const backward_room *room)
{
    const vsh_attention_shape *shape = j->shape;
    const vsh_attention_kernels *kernels = j->kernels;
    int64_t group = shape->heads / shape->kv_heads, dim = shape->head_dim;
    int64_t row = p->sequence * shape->seq + p->first * TILE, column = p->kv_head * dim;
    int64_t rows = least(shape->seq - p->first * TILE, (p->end - p->first) * TILE);
    int64_t at = row * shape->kv_stride + column, to = row * j->dkv_stride + column;

    kernels->load(rows, dim, vsh_at_const(j->k, shape->element, at), shape->kv_stride, room->key,
                  j->ld);
    kernels->load(rows, dim, vsh_at_const(j->v, shape->element, at), shape->kv_stride, room->value,
                  j->ld);
    for (int64_t member = 0; member < group; member++) {
        p->head = p->kv_head * group + member;
        p->first_head = member == 0;
        for (p->tile = p->first; p->tile < least(j->tiles, p->end + j->reach); p->tile++)
            backward_queries(j, p, room);
    }
    kernels->store(rows, dim, room->dkey, j->ld, NULL, j->add, vsh_at(j->dk, shape->element, to),
                   j->dkv_stride);
    kernels->store(rows, dim, room->dvalue, j->ld, NULL, j->add, vsh_at(j->dv, shape->element, to),
                   j->dkv_stride);
}

/* A part is a (sequence, kv head): nobody else writes its rows of dk and dv, or its heads' dq. */
static void backward_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    backward_room room = backward_room_of(j, thread);
    passage p = {.sequence = part / j->shape->kv_heads, .kv_head = part % j->shape->kv_heads};

    for (p.first = 0; p.first < j->tiles; p.first = p.end) {
        p.end = least(j->tiles, p.first + room.panel);
        backward_panel(j, &p, &room);
    }
}

void vsh_attention_backward(const vsh_nn *nn, const vsh_attention_shape *shape, const void *q,
                            const void *k, const void *v, const void *out, const float *lse,
                            const void *dout, void *dq, void *dk, void *dv, int64_t dq_stride,
                            int64_t dkv_stride, bool add, float *delta)
{
    job j = new_job(nn, shape);

    j.q = q;
    j.k = k;
    j.v = v;
    j.out = out;
    j.lse = lse;
    j.dout = dout;
    j.dq = dq;
    j.dk = dk;
    j.dv = dv;
    j.dq_stride = dq_stride;
    j.dkv_stride = dkv_stride;
    j.add = add;
    j.delta = delta;
    vsh_pool_run(nn->pool, delta_part, &j, shape->sequences * j.tiles);
    vsh_pool_run(nn->pool, backward_part, &j, shape->sequences * shape->kv_heads);
}

/* ---- decode -----------------------------------------------------------------------------------
 */

/* A part is a (sequence, kv head); the heads of its group, at most TILE at a time, are the tile of
 * queries. */
static void decode_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_attention_shape *shape = j->shape;
    int64_t sequence = part / shape->kv_heads, kv_head = part % shape->kv_heads;
    int64_t group = shape->heads / shape->kv_heads, dim = shape->head_dim;
    int64_t kv_stride = shape->kv_heads * dim;
    int64_t kv = sequence * j->capacity * kv_stride + kv_head * dim;
    int64_t sees = shape->window ? least(shape->window, j->length) : j->length;
    forward_room room = forward_room_of(j, thread);

    for (int64_t member = 0; member < group; member += TILE) {
        int64_t at = (sequence * shape->heads + kv_head * group + member) * dim;
        attendance a = {.q = vsh_at_const(j->q, shape->element, at),
                        .rows = least(TILE, group - member),
                        .q_stride = dim,
                        .first_key = j->length - sees,
                        .keys = sees,
                        .k = vsh_at_const(j->k, shape->element, kv),
                        .v = vsh_at_const(j->v, shape->element, kv),
                        .kv_stride = kv_stride};
        attend(j, &a, &room, vsh_at(j->to_out, shape->element, at), dim, NULL);
    }
}

void vsh_attention_decode(const vsh_nn *nn, const vsh_attention_shape *shape, int64_t length,
                          int64_t capacity, const void *q, const void *k, const void *v, void *out)
{
    job j = new_job(nn, shape);

    assert(length >= 1 && length <= capacity);
    j.q = q;
    j.k = k;
    j.v = v;
    j.to_out = out;
    j.length = length;
    j.capacity = capacity;
    vsh_pool_run(nn->pool, decode_part, &j, shape->sequences * shape->kv_heads);
}
