#include "trainer/nn/moe.h"

#include <assert.h>
#include <string.h>

typedef struct {
    const vsh_nn *nn;
    const vsh_route_shape *shape;
    const vsh_route *route;
    vsh_element element;
    int64_t width, blocks;
    const int32_t *used; /* dispatch: rows of each expert that are not free */
    bool weighted, add;
    const void *from;
    void *to;
} job;

static int64_t block_end(const job *j, int64_t part)
{
    int64_t end = (part + 1) * VSH_ROW_BLOCK;

    return end < j->shape->tokens ? end : j->shape->tokens;
}

/* ---- to the experts ------------------------------------------------------------------------ */

static void clear_free_rows(const job *j, int64_t expert)
{
    int64_t row = j->route->first[expert] + j->used[expert];
    size_t row_bytes = (size_t)j->width * vsh_element_bytes(j->element);

    memset(vsh_at(j->to, j->element, row * j->width), 0,
           (size_t)(j->route->first[expert + 1] - row) * row_bytes);
}

/* A block of tokens, each written to its own rows; after the blocks, one expert's free rows. */
static void dispatch_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    int64_t k = j->shape->top_k;
    size_t row_bytes = (size_t)j->width * vsh_element_bytes(j->element);

    (void)thread;
    if (part >= j->blocks) {
        clear_free_rows(j, part - j->blocks);
        return;
    }
    for (int64_t token = part * VSH_ROW_BLOCK; token < block_end(j, part); token++) {
        const void *x = vsh_at_const(j->from, j->element, token * j->width);
        for (int64_t i = token * k; i < (token + 1) * k; i++)
            if (j->route->slot[i] >= 0)
                memcpy(vsh_at(j->to, j->element, j->route->slot[i] * j->width), x, row_bytes);
    }
}

/* Rows in use at each expert: slots fill from the first. */
static void count_used(const vsh_route_shape *shape, const vsh_route *route, int32_t *used)
{
    memset(used, 0, (size_t)shape->experts * sizeof *used);
    for (int64_t i = 0; i < shape->tokens * shape->top_k; i++)
        used[route->choice[i]] += route->slot[i] >= 0;
}

void vsh_dispatch(const vsh_nn *nn, const vsh_route_shape *shape, vsh_element element,
                  int64_t width, const vsh_route *route, const void *x, void *rows)
{
    int32_t used[VSH_EXPERTS_MAX];
    job j = {.nn = nn,
             .shape = shape,
             .route = route,
             .element = element,
             .width = width,
             .blocks = vsh_row_blocks(shape->tokens),
             .used = used,
             .from = x,
             .to = rows};

    assert(shape->experts <= VSH_EXPERTS_MAX && x != rows);
    if (shape->capacity)
        count_used(shape, route, used);
    vsh_pool_run(nn->pool, dispatch_part, &j, j.blocks + (shape->capacity ? shape->experts : 0));
}

/* ---- and back ------------------------------------------------------------------------------ */

static void combine_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    int64_t k = j->shape->top_k;

    (void)thread;
    for (int64_t token = part * VSH_ROW_BLOCK; token < block_end(j, part); token++)
        j->nn->kernels->moe[j->element].combine(j->width, k, j->route->slot + token * k,
                                                j->weighted ? j->route->weight + token * k : NULL,
                                                j->add, j->from,
                                                vsh_at(j->to, j->element, token * j->width));
}

void vsh_combine(const vsh_nn *nn, const vsh_route_shape *shape, vsh_element element, int64_t width,
                 const vsh_route *route, bool weighted, bool add, const void *rows, void *out)
{
    job j = {.nn = nn,
             .shape = shape,
             .route = route,
             .element = element,
             .width = width,
             .weighted = weighted,
             .add = add,
             .from = rows,
             .to = out};

    assert(rows != out);
    vsh_pool_run(nn->pool, combine_part, &j, vsh_row_blocks(shape->tokens));
}

void vsh_weights_to_rows(const vsh_route_shape *shape, const vsh_route *route,
                         const float *by_choice, float *by_row)
{
    if (shape->capacity)
        memset(by_row, 0, (size_t)vsh_route_rows(shape) * sizeof *by_row);
    for (int64_t i = 0; i < shape->tokens * shape->top_k; i++)
        if (route->slot[i] >= 0)
            by_row[route->slot[i]] = by_choice[i];
}

void vsh_rows_to_weights(const vsh_route_shape *shape, const vsh_route *route, const float *by_row,
                         float *by_choice)
{
    for (int64_t i = 0; i < shape->tokens * shape->top_k; i++)
        by_choice[i] = route->slot[i] >= 0 ? by_row[route->slot[i]] : 0.0F;
}
