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
    int64_t dq_stride, dkv_stride;
    bool add;
    const vsh_attention_run *runs;
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

/* Elements of a row that has head_dim of them, and the rows after it, will be needed soon. */
static void fetch_rows(const job *j, vsh_attention_ahead *ahead, const void *data, int64_t at,
                       int64_t rows, int64_t stride)
{
    size_t bytes = vsh_element_bytes(j->shape->element);
    int64_t item = ahead->end % VSH_ATTENTION_AHEAD;

    if (rows <= 0 || ahead->end - ahead->first == VSH_ATTENTION_AHEAD)
        return;
    ahead->item[item].at = vsh_at_const(data, j->shape->element, at);
    ahead->item[item].rows = rows;
    ahead->item[item].stride = stride * (int64_t)bytes;
    ahead->item[item].bytes = j->shape->head_dim * (int64_t)bytes;
    ahead->end++;
}

/* ---- forward ----------------------------------------------------------------------------------
 */

/* Tiles of queries that pass a tile of keys together, which is loaded once for all of them. */
enum { BLOCK = 4 };

/* Queries that share a row of keys, and what is known of them so far: a tile of positions, or the
 * heads of a group at one position. Offsets are in elements of q and out. */
typedef struct {
    int64_t rows, q, q_stride, out, out_stride;
    int64_t position;           /* of the first, among the keys */
    int64_t first_key, end_key; /* what they see */
    float *lse;
    float *across;       /* (D, TILE), transposed */
    float *sum;          /* (TILE, ld) of values */
    float *most, *total; /* TILE each */
} query_tile;

/* What a block needs in the thread's scratch. */
typedef struct {
    const job *j;
    int64_t kv, kv_stride; /* where the keys of the head begin in k and v */
    bool causal;           /* later queries see later keys; otherwise all see the same ones */
    int64_t count;         /* tiles of queries */
    query_tile tile[BLOCK];
    float *key, *value, *scores, *keep, *ends;
    vsh_attention_ahead ahead;
} query_block;

static query_block new_block(const job *j, int thread, int64_t count, bool causal)
{
    float *scratch = vsh_pool_scratch(j->nn->pool, thread);
    query_block block;

    block.j = j;
    block.count = count;
    block.causal = causal;
    block.ahead.first = block.ahead.end = 0;
    block.key = take(&scratch, TILE * j->ld);
    block.value = take(&scratch, TILE * j->ld);
    block.scores = take(&scratch, TILE * TILE);
    block.keep = take(&scratch, TILE);
    block.ends = take(&scratch, TILE);
    for (int64_t i = 0; i < count; i++) {
        query_tile *tile = &block.tile[i];
        tile->lse = NULL;
        tile->position = 0;
        tile->across = take(&scratch, j->padded * TILE);
        tile->sum = take(&scratch, TILE * j->ld);
        tile->most = take(&scratch, TILE);
        tile->total = take(&scratch, TILE);
    }
    return block;
}

static void begin_queries(const job *j, const query_tile *tile)
{
    for (int64_t lane = 0; lane < TILE; lane++) {
        tile->most[lane] = -INFINITY;
        tile->total[lane] = 0;
    }
    j->kernels->load_across(tile->rows, j->shape->head_dim,
                            vsh_at_const(j->q, j->shape->element, tile->q), tile->q_stride,
                            tile->across);
}

/* Scores of the keys that lie loaded, and their share of the weighted sum of values. */
static void attend(query_block *block, const query_tile *tile, int64_t key, int64_t keys)
{
    const job *j = block->j;
    const vsh_attention_kernels *kernels = j->kernels;
    int64_t lanes = lanes_of(tile->rows);
    vsh_attention_product score = {.m = keys,
                                   .n = lanes,
                                   .k = j->shape->head_dim,
                                   .a = block->key,
                                   .a_row = j->ld,
                                   .a_k = 1,
                                   .b = tile->across,
                                   .ldb = TILE,
                                   .c = block->scores,
                                   .ldc = TILE,
                                   .ahead = &block->ahead};
    vsh_attention_product value = {.m = tile->rows,
                                   .n = j->padded,
                                   .k = keys,
                                   .a = block->scores,
                                   .a_row = 1,
                                   .a_k = TILE,
                                   .b = block->value,
                                   .ldb = j->ld,
                                   .keep = key + keys == tile->end_key ? NULL : block->keep,
                                   .c = tile->sum,
                                   .ldc = j->ld,
                                   .ahead = &block->ahead};

    kernels->product(&score);
    if (block->causal)
        mask_scores(j, tile->position, tile->rows, key, keys, block->scores);
    kernels->softmax(keys, lanes, block->causal ? key - tile->position : -TILE, j->scale,
                     block->scores, tile->most, tile->total, block->keep);
    kernels->product(&value);
}

static void end_queries(const query_block *block, const query_tile *tile)
{
    const job *j = block->j;

    j->kernels->softmax_end(lanes_of(tile->rows), j->scale, tile->most, tile->total, block->ends,
                            block->keep);
    j->kernels->store(tile->rows, j->shape->head_dim, tile->sum, j->ld, block->keep, false,
                      vsh_at(j->to_out, j->shape->element, tile->out), tile->out_stride);
    for (int64_t row = 0; tile->lse && row < tile->rows; row++)
        tile->lse[row] = block->ends[row];
}

/* What follows a tile of keys: the one before it with the queries that begin there, or the end. */
static void fetch_next(query_block *block, int64_t key, int64_t first)
{
    const job *j = block->j;
    int64_t next = key - TILE, at = block->kv + next * block->kv_stride;

    if (next >= first) {
        fetch_rows(j, &block->ahead, j->k, at, TILE, block->kv_stride);
        fetch_rows(j, &block->ahead, j->v, at, TILE, block->kv_stride);
    }
    for (int64_t i = 0; i < block->count; i++) {
        const query_tile *tile = &block->tile[i];
        if (next >= first && tile->end_key > next && tile->end_key <= key)
            fetch_rows(j, &block->ahead, j->q, tile->q, tile->rows, tile->q_stride);
        if (next < first)
            fetch_rows(j, &block->ahead, j->to_out, tile->out, tile->rows, tile->out_stride);
    }
}

/* Tiles of keys from the last, where every query sees a key: each maximum is finite from the start.
 * The keys of all tiles of queries begin a whole number of tiles apart. */
static void attend_block(query_block *block)
{
    const job *j = block->j;
    vsh_element element = j->shape->element;
    int64_t first = block->tile[0].first_key, end = block->tile[block->count - 1].end_key;

    for (int64_t key = first + (tiles_of(end - first) - 1) * TILE; key >= first; key -= TILE) {
        int64_t keys = least(TILE, end - key), at = block->kv + key * block->kv_stride;
        j->kernels->load(keys, j->shape->head_dim, vsh_at_const(j->k, element, at),
                         block->kv_stride, block->key, j->ld);
        j->kernels->load(keys, j->shape->head_dim, vsh_at_const(j->v, element, at),
                         block->kv_stride, block->value, j->ld);
        fetch_next(block, key, first);
        for (int64_t i = 0; i < block->count; i++) {
            const query_tile *tile = &block->tile[i];
            if (key + keys == tile->end_key)
                begin_queries(j, tile);
            if (key >= tile->first_key && key < tile->end_key)
                attend(block, tile, key, keys);
        }
    }
    for (int64_t i = 0; i < block->count; i++)
        end_queries(block, &block->tile[i]);
}

static int64_t blocks_of(const job *j) { return (j->tiles + BLOCK - 1) / BLOCK; }

/* A part is a block of tiles of one head. Those of a head follow each other, as its keys are then
 * in the cache; late ones, which see most, come first. */
static void forward_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_attention_shape *shape = j->shape;
    int64_t blocks = blocks_of(j), start = (blocks - 1 - part % blocks) * BLOCK;
    int64_t head = part / blocks % shape->heads, sequence = part / blocks / shape->heads;
    int64_t kv_head = head / (shape->heads / shape->kv_heads), column = head * shape->head_dim;
    query_block block = new_block(j, thread, least(BLOCK, j->tiles - start), true);

    block.kv = sequence * shape->seq * shape->kv_stride + kv_head * shape->head_dim;
    block.kv_stride = shape->kv_stride;
    for (int64_t i = 0; i < block.count; i++) {
        query_tile *tile = &block.tile[i];
        int64_t row = sequence * shape->seq + (start + i) * TILE;
        tile->rows = tile_rows(j, start + i);
        tile->q = row * shape->q_stride + column;
        tile->q_stride = shape->q_stride;
        tile->out = row * shape->out_stride + column;
        tile->out_stride = shape->out_stride;
        tile->position = (start + i) * TILE;
        tile->first_key = first_tile(j->reach, start + i) * TILE;
        tile->end_key = tile->position + tile->rows;
        tile->lse = j->to_lse + (sequence * shape->heads + head) * shape->seq + tile->position;
    }
    attend_block(&block);
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
    vsh_pool_run(nn->pool, forward_part, &j, shape->sequences * shape->heads * blocks_of(&j));
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
    vsh_attention_ahead ahead;
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

    room.ahead.first = room.ahead.end = 0;
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
    bool first_head, last_head; /* of the group */
} passage;

static const float ones[TILE] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static void multiply(const job *j, vsh_attention_product *product, const float *a, const float *b,
                     float *c)
{
    product->a = a;
    product->b = b;
    product->c = c;
    j->kernels->product(product);
}

/* One pair of tiles: scores again, and the four products that are gradients. */
static void backward_pair(const job *j, const passage *p, backward_room *room, int64_t tile,
                          bool first_of_query)
{
    int64_t keys = tile_rows(j, tile), queries = tile_rows(j, p->tile), lanes = lanes_of(queries);
    int64_t at = (tile - p->first) * TILE * j->ld, dim = j->shape->head_dim;
    /* the first to meet a tile of keys are the queries of the same tile, of the group's first head
     */
    const float *keep = p->first_head && tile == p->tile ? NULL : ones;
    /* keys by queries, summed over columns of the head; keys, then queries by columns */
    vsh_attention_product square = {.m = keys,
                                    .n = lanes,
                                    .k = dim,
                                    .a_row = j->ld,
                                    .a_k = 1,
                                    .ldb = TILE,
                                    .ldc = TILE,
                                    .ahead = &room->ahead};
    vsh_attention_product wide = {.m = keys,
                                  .n = j->padded,
                                  .k = queries,
                                  .keep = keep,
                                  .a_row = TILE,
                                  .a_k = 1,
                                  .ldb = j->ld,
                                  .ldc = j->ld,
                                  .ahead = &room->ahead};

    multiply(j, &square, room->key + at, room->across, room->scores);
    multiply(j, &square, room->value + at, room->slope_across, room->slopes);
    mask_scores(j, p->tile * TILE, queries, tile * TILE, keys, room->scores);
    j->kernels->softmax_slopes(keys, lanes, (tile - p->tile) * TILE, j->scale, room->lse,
                               room->delta, room->scores, room->slopes);
    multiply(j, &wide, room->scores, room->slope, room->dvalue + at);
    multiply(j, &wide, room->slopes, room->query, room->dkey + at);
    wide.m = queries;
    wide.k = keys;
    wide.a_row = 1;
    wide.a_k = TILE;
    wide.keep = first_of_query ? NULL : ones;
    multiply(j, &wide, room->slopes, room->key + at, room->dquery);
}

static int64_t last_queries(const job *j, const passage *p)
{
    return least(j->tiles, p->end + j->reach) - 1;
}

/* What follows a tile of queries: the next one, of the same head or the next, or the end. */
static void fetch_after(const job *j, const passage *p, backward_room *room)
{
    const vsh_attention_shape *shape = j->shape;
    bool last = p->tile == last_queries(j, p);
    int64_t tile = last ? p->first : p->tile + 1, head = last ? p->head + 1 : p->head;
    int64_t first = p->sequence * shape->seq, row = first + tile * TILE;
    int64_t to = (first + p->first * TILE) * j->dkv_stride + p->kv_head * shape->head_dim;
    int64_t keys = least(shape->seq - p->first * TILE, (p->end - p->first) * TILE);

    if (!last || !p->last_head) {
        int64_t column = head * shape->head_dim, rows = tile_rows(j, tile);
        fetch_rows(j, &room->ahead, j->q, row * shape->q_stride + column, rows, shape->q_stride);
        fetch_rows(j, &room->ahead, j->dout, row * shape->out_stride + column, rows,
                   shape->out_stride);
    } else {
        fetch_rows(j, &room->ahead, j->dk, to, keys, j->dkv_stride);
        fetch_rows(j, &room->ahead, j->dv, to, keys, j->dkv_stride);
    }
}

/* A tile of queries passes the tiles of the panel that it sees. What earlier panels added to its
 * gradient lies in dq, as stored. */
static void backward_queries(const job *j, const passage *p, backward_room *room)
{
    const vsh_attention_shape *shape = j->shape;
    const vsh_attention_kernels *kernels = j->kernels;
    int64_t rows = tile_rows(j, p->tile), row = p->sequence * shape->seq + p->tile * TILE;
    int64_t dim = shape->head_dim, column = p->head * dim;
    int64_t sums = (p->sequence * shape->heads + p->head) * shape->seq + p->tile * TILE;
    int64_t sees = first_tile(j->reach, p->tile), from = most_of(sees, p->first);
    int64_t end = least(p->end, p->tile + 1);
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
    fetch_rows(j, &room->ahead, j->dq, row * j->dq_stride + column, rows, j->dq_stride);
    fetch_after(j, p, room);
    for (int64_t tile = from; tile < end; tile++)
        backward_pair(j, p, room, tile, tile == sees);
    kernels->store(rows, dim, room->dquery, j->ld, NULL, false, dq, j->dq_stride);
}

/* The heads of the group in order, each with every tile of queries that sees a key of the panel. */
static void backward_panel(const job *j, passage *p, backward_room *room)
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
        p->last_head = member == group - 1;
        for (p->tile = p->first; p->tile <= last_queries(j, p); p->tile++)
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

/* ---- against a cache --------------------------------------------------------------------------
 */

/* The tile of queries is the larger of the two: the heads of a group at one position, or the
 * positions of a run in one head. */
static bool heads_together(const vsh_attention_shape *shape, const vsh_attention_run *run)
{
    return run->rows <= shape->heads / shape->kv_heads;
}

static int64_t first_seen(const vsh_attention_shape *shape, int64_t position)
{
    return shape->window ? most_of(position + 1 - shape->window, 0) : 0;
}

int64_t vsh_attention_run_pairs(const vsh_attention_shape *shape, const vsh_attention_run *run)
{
    int64_t pairs = 0, reach = reach_of(shape->seq, shape->window), end = run->position + run->rows;

    if (!heads_together(shape, run))
        return run->rows * (end - first_tile(reach, run->position / TILE) * TILE);
    for (int64_t position = run->position; position < end; position++)
        pairs += position + 1 - first_seen(shape, position);
    return pairs;
}

static void attend_heads(query_block *block, const vsh_attention_run *run, int64_t kv_head)
{
    const vsh_attention_shape *shape = block->j->shape;
    int64_t group = shape->heads / shape->kv_heads, dim = shape->head_dim;
    query_tile *tile = &block->tile[0];

    tile->q_stride = tile->out_stride = dim;
    for (int64_t i = 0; i < run->rows; i++) {
        tile->first_key = first_seen(shape, run->position + i);
        tile->end_key = run->position + i + 1;
        for (int64_t member = 0; member < group; member += TILE) {
            int64_t column = (kv_head * group + member) * dim;
            tile->rows = least(TILE, group - member);
            tile->q = (run->row + i) * shape->q_stride + column;
            tile->out = (run->row + i) * shape->out_stride + column;
            attend_block(block);
        }
    }
}

/* Tiles of keys begin where they do in the forward pass: the last holds every query's own. */
static void attend_positions(query_block *block, const vsh_attention_run *run, int64_t kv_head)
{
    const vsh_attention_shape *shape = block->j->shape;
    int64_t group = shape->heads / shape->kv_heads;
    query_tile *tile = &block->tile[0];

    block->causal = true;
    tile->rows = run->rows;
    tile->q_stride = shape->q_stride;
    tile->out_stride = shape->out_stride;
    tile->position = run->position;
    tile->first_key = first_tile(block->j->reach, run->position / TILE) * TILE;
    tile->end_key = run->position + run->rows;
    for (int64_t member = 0; member < group; member++) {
        int64_t column = (kv_head * group + member) * shape->head_dim;
        tile->q = run->row * shape->q_stride + column;
        tile->out = run->row * shape->out_stride + column;
        attend_block(block);
    }
}

/* A part is a (run, kv head). */
static void cached_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_attention_shape *shape = j->shape;
    const vsh_attention_run *run = &j->runs[part / shape->kv_heads];
    int64_t kv_head = part % shape->kv_heads;
    query_block block = new_block(j, thread, 1, false);

    block.kv_stride = shape->kv_stride;
    block.kv = run->sequence * shape->seq * shape->kv_stride + kv_head * shape->head_dim;
    if (heads_together(shape, run))
        attend_heads(&block, run, kv_head);
    else
        attend_positions(&block, run, kv_head);
}

void vsh_attention_cached(const vsh_nn *nn, const vsh_attention_shape *shape,
                          const vsh_attention_run *runs, int64_t count, const void *q,
                          const void *k, const void *v, void *out)
{
    job j = new_job(nn, shape);

    for (int64_t i = 0; i < count; i++)
        assert(runs[i].rows >= 1 && runs[i].position % TILE + runs[i].rows <= TILE &&
               runs[i].position + runs[i].rows <= shape->seq);
    j.q = q;
    j.k = k;
    j.v = v;
    j.to_out = out;
    j.runs = runs;
    vsh_pool_run(nn->pool, cached_part, &j, count * shape->kv_heads);
}
