#include <string.h>

#include "trainer/nn/activation.h"
#include "trainer/nn/generate_inside.h"
#include "trainer/nn/linear.h"

/* ---- attention ----------------------------------------------------------------------------- */

/* Rotates the heads of each row to its position and, with a cache, puts the row there. */
typedef struct {
    const vsh_generator *g;
    int64_t rows, width, heads;
    void *x, *cache;
} place_job;

static void place_part(void *context, int64_t part, int thread)
{
    const place_job *j = context;
    const vsh_generator *g = j->g;
    int64_t row = part * VSH_ROW_BLOCK, end = row + VSH_ROW_BLOCK;

    (void)thread;
    for (; row < end && row < j->rows; row++) {
        const vsh_token_row *at = &g->row[row];
        int64_t place = at->sequence * g->most.capacity + at->position;
        void *x = vsh_at(j->x, g->element, row * j->width);
        if (g->rotary)
            g->nn.kernels->vector[g->element].rotate(j->heads, g->model->head_dim,
                                                     g->rotary + at->position * g->model->head_dim,
                                                     false, x);
        if (j->cache)
            memcpy(vsh_at(j->cache, g->element, place * j->width), x,
                   (size_t)j->width * vsh_element_bytes(g->element));
    }
}

static void place(const vsh_generator *g, int64_t rows, int64_t heads, int64_t width, void *x,
                  void *cache)
{
    place_job j = {g, rows, width, heads, x, cache};

    vsh_pool_run(g->nn.pool, place_part, &j, vsh_row_blocks(rows));
}

static void add_bias(const vsh_generator *g, int64_t offset, int64_t rows, int64_t width, void *y)
{
    if (offset >= 0)
        vsh_bias_forward(&g->nn, g->element, rows, width, width, vsh_generator_weight(g, offset),
                         y);
}

/* Where a layer's queries, or its keys and values, are made of the normed stream. */
static vsh_generator_product q_product(const vsh_generator *g, int64_t l)
{
    return (vsh_generator_product){.rows = g->climbing,
                                   .n = g->q_width,
                                   .k = g->model->hidden,
                                   .weight = g->offsets->layer[l].qkv,
                                   .x = g->n,
                                   .y = g->q};
}
static vsh_generator_product kv_product(const vsh_generator *g, int64_t l)
{
    return (vsh_generator_product){.rows = g->rows,
                                   .n = 2 * g->kv_width,
                                   .k = g->model->hidden,
                                   .weight =
                                       g->offsets->layer[l].qkv + g->q_width * g->model->hidden,
                                   .x = g->n,
                                   .y = g->kv};
}

/* Of every row, those that left included, when the layer has its own. */
static void make_keys(vsh_generator *g, int64_t l)
{
    vsh_generator_product p = kv_product(g, l);
    int64_t bias = g->offsets->layer[l].qkv_bias;

    vsh_generator_multiply(g, &p);
    add_bias(g, bias < 0 ? -1 : bias + g->q_width, g->rows, p.n, g->kv);
    place(g, g->rows, g->model->kv_heads, p.n, g->kv, g->cache[l]);
}

static vsh_attention_shape attention_shape(const vsh_generator *g, int64_t l)
{
    const vsh_model *m = g->model;

    return (vsh_attention_shape){.element = g->element,
                                 .sequences = g->sequences,
                                 .seq = g->most.capacity,
                                 .heads = m->heads,
                                 .kv_heads = m->kv_heads,
                                 .head_dim = m->head_dim,
                                 .window = m->layer[l].window,
                                 .q_stride = g->q_width,
                                 .kv_stride = 2 * g->kv_width,
                                 .out_stride = g->q_width};
}

/* Scores and values, over the pairs that run. */
static int64_t core_macs(const vsh_generator *g, int64_t pairs) { return 2 * pairs * g->q_width; }

static void attend(vsh_generator *g, int64_t l)
{
    vsh_attention_shape shape = attention_shape(g, l);
    int64_t owner = l;

    while (!g->cache[owner])
        owner--;
    vsh_attention_cached(&g->nn, &shape, g->run, g->run_count, g->q, g->cache[owner],
                         vsh_at_const(g->cache[owner], g->element, g->kv_width), g->mix);
    for (int64_t i = 0; i < g->run_count; i++)
        g->macs += core_macs(g, vsh_attention_run_pairs(&shape, &g->run[i]));
}

static void attention_part(vsh_generator *g, int64_t l)
{
    const vsh_layer_offsets *at = &g->offsets->layer[l];
    int64_t hidden = g->model->hidden;
    vsh_generator_product p;

    vsh_generator_norm(g, at->norm[0], at->norm_bias[0], g->cache[l] ? g->rows : g->climbing, g->x,
                       g->n);
    if (g->cache[l])
        make_keys(g, l);
    if (g->climbing == 0)
        return;
    p = q_product(g, l);
    vsh_generator_multiply(g, &p);
    add_bias(g, at->qkv_bias, g->climbing, g->q_width, g->q);
    place(g, g->climbing, g->model->heads, g->q_width, g->q, NULL);
    attend(g, l);
    p = (vsh_generator_product){.rows = g->climbing,
                                .n = hidden,
                                .k = g->q_width,
                                .weight = at->out,
                                .x = g->mix,
                                .y = g->x,
                                .add = true};
    vsh_generator_multiply(g, &p);
    add_bias(g, at->out_bias, g->climbing, hidden, g->x);
}

/* ---- MLPs ---------------------------------------------------------------------------------- */

/* x += the MLP of this width with weights (and biases, or -1) at these offsets. */
static void mlp_part(vsh_generator *g, int64_t width, int64_t up, int64_t up_bias, int64_t down,
                     int64_t down_bias)
{
    int64_t rows = g->climbing, hidden = g->model->hidden;
    vsh_generator_product first = {
        .rows = rows, .n = g->ups * width, .k = hidden, .weight = up, .x = g->n, .y = g->pre};
    vsh_generator_product second = {
        .rows = rows, .n = hidden, .k = width, .weight = down, .x = g->act, .y = g->x, .add = true};

    vsh_generator_multiply(g, &first);
    add_bias(g, up_bias, rows, first.n, g->pre);
    vsh_activation_forward(&g->nn, (vsh_mlp)g->model->mlp, g->element, rows, width, g->pre, g->act);
    vsh_generator_multiply(g, &second);
    add_bias(g, down_bias, rows, hidden, g->x);
}

static vsh_route_shape route_shape(const vsh_generator *g)
{
    vsh_route_shape shape = vsh_route_shape_of(&g->model->experts);

    shape.tokens = g->climbing;
    return shape;
}

static void route(vsh_generator *g, int64_t l, const vsh_route_shape *shape)
{
    const vsh_layer_offsets *at = &g->offsets->layer[l];
    const void *bias = vsh_generator_weight(g, at->correction);
    vsh_generator_product p = {.rows = g->climbing,
                               .n = shape->experts,
                               .k = g->model->hidden,
                               .weight = at->router,
                               .x = g->n,
                               .y = g->router,
                               .wide = true};

    vsh_generator_multiply(g, &p);
    if (bias && g->element != VSH_F32) {
        vsh_widen(&g->nn, shape->experts, bias, g->correction);
        bias = g->correction;
    }
    vsh_route_forward(&g->nn, shape, g->router, bias, &g->route, NULL, NULL);
}

/* y (rows k, n) = x (rows k, k) of each row's expert. */
static void multiply_experts(vsh_generator *g, int64_t weight, int64_t stride, int64_t n, int64_t k,
                             const void *x, void *y)
{
    int64_t rows = g->climbing * g->model->experts.top_k;
    vsh_gemm_call call = {.form = VSH_GEMM_NT,
                          .element = g->element,
                          .m = rows,
                          .n = n,
                          .k = k,
                          .a = x,
                          .lda = k,
                          .b = vsh_generator_weight(g, weight),
                          .ldb = k,
                          .c = y,
                          .ldc = n};

    vsh_gemm_grouped(g->nn.gemm, &call, g->model->experts.count, g->route.first, stride);
    g->macs += rows * n * k;
}

static void experts_part(vsh_generator *g, int64_t l)
{
    const vsh_layer_offsets *at = &g->offsets->layer[l];
    const vsh_experts *e = &g->model->experts;
    vsh_route_shape shape = route_shape(g);
    int64_t hidden = g->model->hidden;

    route(g, l, &shape);
    if (e->shared)
        mlp_part(g, e->shared * e->shared_hidden, at->shared_up, -1, at->shared_down, -1);
    vsh_dispatch(&g->nn, &shape, g->element, hidden, &g->route, g->n, g->expert_rows);
    multiply_experts(g, at->expert_up, at->expert_stride, g->ups * e->hidden, hidden,
                     g->expert_rows, g->pre);
    vsh_activation_forward(&g->nn, (vsh_mlp)g->model->mlp, g->element, vsh_route_rows(&shape),
                           e->hidden, g->pre, g->act);
    multiply_experts(g, at->expert_down, at->expert_stride, hidden, e->hidden, g->act,
                     g->expert_rows);
    vsh_combine(&g->nn, &shape, g->element, hidden, &g->route, true, true, g->expert_rows, g->x);
}

/* ---- the layer ----------------------------------------------------------------------------- */

void vsh_generator_layer(vsh_generator *g, int64_t l)
{
    const vsh_layer_offsets *at = &g->offsets->layer[l];

    attention_part(g, l);
    if (g->climbing == 0)
        return;
    vsh_generator_norm(g, at->norm[1], at->norm_bias[1], g->climbing, g->x, g->n);
    if (g->model->layer[l].experts)
        experts_part(g, l);
    else
        mlp_part(g, g->model->ffn, at->up, at->up_bias, at->down, at->down_bias);
}

/* Pairs of one sequence's tokens in the chunk, all climbing. */
static int64_t chunk_pairs(const vsh_generator *g, const vsh_attention_shape *shape)
{
    int64_t pairs = 0, end = g->length + g->count;
    vsh_attention_run run = {.position = g->length};

    for (; run.position < end; run.position += run.rows) {
        run.rows = VSH_ATTENTION_TILE - run.position % VSH_ATTENTION_TILE;
        if (run.rows > end - run.position)
            run.rows = end - run.position;
        pairs += vsh_attention_run_pairs(shape, &run);
    }
    return pairs;
}

int64_t vsh_generator_layer_macs(const vsh_generator *g, int64_t l)
{
    const vsh_model *m = g->model;
    const vsh_experts *e = &m->experts;
    vsh_attention_shape shape = attention_shape(g, l);
    int64_t wide =
        m->layer[l].experts ? e->top_k * e->hidden + e->shared * e->shared_hidden : m->ffn;
    int64_t row = m->hidden * (2 * g->q_width + (g->ups + 1) * wide);

    row += g->cache[l] ? m->hidden * 2 * g->kv_width : 0;
    row += m->layer[l].experts ? m->hidden * e->count : 0;
    return g->rows * row + g->sequences * core_macs(g, chunk_pairs(g, &shape));
}
