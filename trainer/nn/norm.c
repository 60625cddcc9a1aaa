#include "trainer/nn/norm.h"

#include <assert.h>

#include "trainer/nn/linear.h"

typedef struct {
    const vsh_vector_kernels *kernels;
    const vsh_norm_shape *shape;
    const void *x, *dout;
    void *out; /* or dx */
    float *dweight, *dbias;
} job;

/* The part's first row and its rows. */
static int64_t first_row(int64_t part) { return part * VSH_ROW_BLOCK; }
static int64_t row_count(const job *j, int64_t part)
{
    int64_t left = j->shape->rows - first_row(part);

    return left < VSH_ROW_BLOCK ? left : VSH_ROW_BLOCK;
}

static void forward_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_norm_shape *s = j->shape;
    int64_t at = first_row(part) * s->width;

    (void)thread;
    j->kernels->norm(s->layer, row_count(j, part), s->width, s->weight, s->bias,
                     vsh_at_const(j->x, s->element, at), vsh_at(j->out, s->element, at));
}

void vsh_norm_forward(const vsh_nn *nn, const vsh_norm_shape *shape, const void *x, void *out)
{
    job j = {&nn->kernels->vector[shape->element], shape, x, NULL, out, NULL, NULL};

    assert(shape->rows >= 0 && shape->width > 0 && shape->weight);
    vsh_pool_run(nn->pool, forward_part, &j, vsh_row_blocks(shape->rows));
}

static void backward_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    const vsh_norm_shape *s = j->shape;
    int64_t at = first_row(part) * s->width;

    (void)thread;
    j->kernels->norm_back(s->layer, row_count(j, part), s->width, s->weight,
                          vsh_at_const(j->x, s->element, at), vsh_at_const(j->dout, s->element, at),
                          vsh_at(j->out, s->element, at), j->dweight + part * s->width,
                          j->dbias ? j->dbias + part * s->width : NULL);
}

void vsh_norm_backward(const vsh_nn *nn, const vsh_norm_shape *shape, const void *x,
                       const void *dout, void *dx, void *dweight, void *dbias, float *partial)
{
    int64_t blocks = vsh_row_blocks(shape->rows);
    float *of_bias = dbias ? partial + blocks * shape->width : NULL;
    job j = {&nn->kernels->vector[shape->element], shape, x, dout, dx, partial, of_bias};

    assert(shape->rows >= 0 && shape->width > 0 && shape->weight && dweight);
    vsh_pool_run(nn->pool, backward_part, &j, blocks);
    vsh_add_partial(nn, shape->element, blocks, shape->width, partial, dweight);
    if (dbias)
        vsh_add_partial(nn, shape->element, blocks, shape->width, of_bias, dbias);
}
