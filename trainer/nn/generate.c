#include "trainer/nn/generate.h"

#include <assert.h>

#include "core/workspace.h"
#include "trainer/nn/embedding.h"
#include "trainer/nn/generate_inside.h"
#include "trainer/nn/norm.h"
#include "trainer/nn/rotary.h"

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/* ---- memory -------------------------------------------------------------------------------- */

/* Carves the caller's memory front to back, or, without any, only counts. */
typedef struct {
    char *base;
    int64_t used;
} carver;

static void *carve(carver *c, int64_t bytes)
{
    char *place = c->base ? c->base + c->used : NULL;

    c->used += (bytes + 63) & ~(int64_t)63;
    return place;
}

static void *carve_elements(carver *c, const vsh_generator *g, int64_t count)
{
    return carve(c, count * (int64_t)vsh_element_bytes(g->element));
}

static void carve_cache(vsh_generator *g, carver *c)
{
    const vsh_model *m = g->model;

    for (int64_t l = 0; l < m->layers; l++)
        if (m->layer[l].own_kv)
            g->cache[l] =
                carve_elements(c, g, g->most.sequences * g->most.capacity * 2 * g->kv_width);
    if (m->position == VSH_POSITION_ROTARY)
        g->rotary = carve(c, 4 * g->most.capacity * m->head_dim);
}

static void carve_rows(vsh_generator *g, carver *c, int64_t rows)
{
    int64_t stream = rows * g->model->hidden;

    g->row = carve(c, rows * (int64_t)sizeof *g->row);
    g->row_other = carve(c, rows * (int64_t)sizeof *g->row_other);
    g->run = carve(c, rows * (int64_t)sizeof *g->run);
    g->ids = carve(c, rows * (int64_t)sizeof *g->ids);
    g->asked = carve(c, rows * (int64_t)sizeof *g->asked);
    g->leaves = carve(c, rows * (int64_t)sizeof *g->leaves);
    g->end = carve(c, rows * (int64_t)sizeof *g->end);
    g->x = carve_elements(c, g, stream);
    g->x_other = carve_elements(c, g, stream);
    g->n = carve_elements(c, g, stream);
    g->q = carve_elements(c, g, rows * g->q_width);
    g->mix = carve_elements(c, g, rows * g->q_width);
    g->kv = carve_elements(c, g, rows * 2 * g->kv_width);
}

/* The widest of the MLPs, and what their experts need. */
static void carve_mlps(vsh_generator *g, carver *c, int64_t rows)
{
    const vsh_experts *e = &g->model->experts;
    int64_t scores = rows * e->count, choices = rows * e->top_k, width = 0;

    for (int64_t l = 0; l < g->model->layers; l++)
        width = larger(width, g->model->layer[l].experts
                                  ? larger(e->top_k * e->hidden, e->shared * e->shared_hidden)
                                  : g->model->ffn);
    g->pre = carve_elements(c, g, rows * g->ups * width);
    g->act = carve_elements(c, g, rows * width);
    if (e->count == 0)
        return;
    g->expert_rows = carve_elements(c, g, choices * g->model->hidden);
    g->router = carve(c, 4 * scores);
    g->correction = carve(c, 4 * e->count);
    g->route = (vsh_route){.probability = carve(c, 4 * scores),
                           .choice = carve(c, 4 * choices),
                           .weight = carve(c, 4 * choices),
                           .slot = carve(c, 4 * choices),
                           .first = carve(c, 4 * (e->count + 1))};
}

static void carve_head(vsh_generator *g, carver *c)
{
    g->scores = carve(c, 4 * g->pieces * g->model->vocab);
    g->logits = carve(c, 4 * g->most.sequences * g->model->vocab);
    g->loss = carve(c, g->pieces * (int64_t)sizeof *g->loss);
    g->confidence = carve(c, g->pieces * (int64_t)sizeof *g->confidence);
    g->best = carve(c, g->pieces * (int64_t)sizeof *g->best);
    g->right = carve(c, g->pieces * (int64_t)sizeof *g->right);
}

/* Returns the bytes. */
static int64_t carve_all(vsh_generator *g, void *memory)
{
    carver c = {.base = memory};
    int64_t rows = g->most.sequences * g->most.chunk;

    carve_cache(g, &c);
    carve_rows(g, &c, rows);
    carve_mlps(g, &c, rows);
    carve_head(g, &c);
    return c.used;
}

static vsh_generator describe(const vsh_model *m, vsh_element element,
                              const vsh_generator_shape *shape)
{
    assert(shape->sequences >= 1 && shape->chunk >= 1 && shape->chunk <= shape->capacity);
    return (vsh_generator){.model = m,
                           .element = element,
                           .most = *shape,
                           .ups = vsh_model_gated(m) ? 2 : 1,
                           .q_width = m->heads * m->head_dim,
                           .kv_width = m->kv_heads * m->head_dim,
                           .pieces = vsh_logit_chunk(m->vocab, shape->sequences * shape->chunk),
                           .sequences = shape->sequences};
}

int64_t vsh_generator_bytes(const vsh_model *model, vsh_element element,
                            const vsh_generator_shape *shape)
{
    vsh_generator g = describe(model, element, shape);

    return carve_all(&g, NULL);
}

vsh_status vsh_generator_open(vsh_arena *arena, const vsh_model *model, vsh_element element,
                              const vsh_generator_shape *shape, const vsh_nn *nn,
                              const vsh_offsets *offsets, const void *weights, void *memory,
                              vsh_generator **opened, vsh_error *err)
{
    vsh_generator *g;

    VSH_TRY(vsh_trainable(model, err));
    if (model->position == VSH_POSITION_LEARNED && shape->capacity > model->context)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: expected at most %lld tokens, the positions that were learned, got "
                        "%lld",
                        model->name, (long long)model->context, (long long)shape->capacity);
    if (!(g = vsh_alloc(arena, 1, sizeof *g)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *g = describe(model, element, shape);
    g->nn = *nn;
    g->offsets = offsets;
    g->weights = weights;
    carve_all(g, memory);
    if (g->rotary)
        vsh_rotary_table(shape->capacity, model->head_dim, g->rotary);
    *opened = g;
    return VSH_OK;
}

void vsh_generator_restart(vsh_generator *g, int64_t sequences)
{
    assert(sequences >= 1 && sequences <= g->most.sequences);
    g->sequences = sequences;
    g->length = 0;
}

void vsh_generator_rewind(vsh_generator *g, int64_t length)
{
    assert(length >= 0 && length <= g->length);
    g->length = length;
}

int64_t vsh_generator_length(const vsh_generator *g) { return g->length; }

/* ---- what all parts use -------------------------------------------------------------------- */

void vsh_generator_multiply(vsh_generator *g, const vsh_generator_product *p)
{
    vsh_gemm_call call = {.form = VSH_GEMM_NT,
                          .element = g->element,
                          .wide = p->wide,
                          .add = p->add,
                          .m = p->rows,
                          .n = p->n,
                          .k = p->k,
                          .a = p->x,
                          .lda = p->k,
                          .b = vsh_generator_weight(g, p->weight),
                          .ldb = p->k,
                          .c = p->y,
                          .ldc = p->n};

    vsh_gemm(g->nn.gemm, &call);
    g->macs += p->rows * p->n * p->k;
}

void vsh_generator_norm(const vsh_generator *g, int64_t weight, int64_t bias, int64_t rows,
                        const void *x, void *out)
{
    vsh_norm_shape shape = {.layer = g->model->norm != VSH_NORM_RMS,
                            .element = g->element,
                            .rows = rows,
                            .width = g->model->hidden,
                            .weight = vsh_generator_weight(g, weight),
                            .bias = vsh_generator_weight(g, bias)};

    vsh_norm_forward(&g->nn, &shape, x, out);
}

void vsh_generator_find_runs(vsh_generator *g)
{
    g->run_count = 0;
    for (int64_t r = 0; r < g->climbing; r++) {
        const vsh_token_row *at = &g->row[r], *before = at - 1;
        if (r > 0 && at->sequence == before->sequence && at->position == before->position + 1 &&
            at->position % VSH_ATTENTION_TILE != 0)
            g->run[g->run_count - 1].rows++;
        else
            g->run[g->run_count++] =
                (vsh_attention_run){at->sequence, at->position, .row = r, .rows = 1};
    }
}

/* ---- a chunk ------------------------------------------------------------------------------- */

static void begin(vsh_generator *g, const int32_t *tokens, int64_t stride)
{
    const vsh_offsets *at = g->offsets;

    for (int64_t r = 0; r < g->rows; r++) {
        int64_t sequence = r / g->count, i = r % g->count;
        g->row[r] = (vsh_token_row){(int32_t)sequence, (int32_t)(g->length + i), (int32_t)r};
        g->ids[r] = tokens[sequence * stride + i];
        assert(g->ids[r] >= 0 && g->ids[r] < g->model->vocab);
    }
    vsh_embedding_forward(&g->nn, g->element, g->rows, g->count, g->length, g->model->hidden,
                          g->ids, vsh_generator_weight(g, at->embed),
                          vsh_generator_weight(g, at->position), g->x);
}

/* From here on ids are those of the targets. */
static void keep_targets(vsh_generator *g, const int32_t *targets, int64_t stride)
{
    for (int64_t r = 0; targets && r < g->rows; r++)
        g->ids[r] = targets[r / g->count * stride + r % g->count];
    g->targets = targets ? g->ids : NULL;
}

void vsh_generator_pass(vsh_generator *g, const int32_t *tokens, const int32_t *targets,
                        int64_t stride, int64_t count, const vsh_exit_rule *rule, bool last)
{
    const vsh_model *m = g->model;

    assert(count >= 1 && count <= g->most.chunk && g->length + count <= g->most.capacity);
    g->count = count;
    g->rows = g->climbing = g->sequences * count;
    g->rule = rule && rule->threshold <= 1 ? rule : NULL; /* no confidence passes 1 */
    begin(g, tokens, stride);
    keep_targets(g, targets, stride);
    vsh_generator_find_runs(g);
    for (int64_t l = 0; l < m->layers; l++) {
        g->full_macs += vsh_generator_layer_macs(g, l);
        vsh_generator_layer(g, l);
        if (g->rule && m->layer[l].exit && g->climbing)
            vsh_generator_exit(g, l + 1);
    }
    g->full_macs += (targets ? g->rows
                     : last  ? g->sequences
                             : 0) *
                    g->model->vocab * g->model->hidden;
    vsh_generator_finish(g, last);
    g->length += count;
}

static vsh_flops flops_of(int64_t macs) { return (vsh_flops){2.0 * (double)macs}; }

vsh_fed vsh_generator_feed(vsh_generator *g, const int32_t *tokens, int64_t count,
                           const vsh_exit_rule *rule, int32_t *layers)
{
    assert(count >= 1 && g->length + count <= g->most.capacity);
    g->macs = g->full_macs = 0;
    for (int64_t at = 0; at < count; at += g->most.chunk) {
        int64_t together = least(g->most.chunk, count - at);
        vsh_generator_pass(g, tokens + at, NULL, count, together, rule, at + together == count);
        for (int64_t r = 0; layers && r < g->rows; r++)
            layers[r / together * count + at + r % together] = g->end[r].layers;
    }
    return (vsh_fed){g->logits, flops_of(g->macs), flops_of(g->full_macs)};
}
