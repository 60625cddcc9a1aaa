#include "trainer/nn/activation.h"

#include <assert.h>
#include <stdbool.h>

#include "trainer/nn/linear.h"

typedef struct {
    const vsh_vector_kernels *kernels;
    vsh_mlp mlp;
    vsh_element element;
    int64_t rows, width;
    void *pre, *out; /* out: or its gradient */
    const float *weight;
    float *dweight;
} job;

static int64_t pre_width(const job *j)
{
    return j->mlp == VSH_MLP_SWIGLU || j->mlp == VSH_MLP_GEGLU ? 2 * j->width : j->width;
}

/* The rows of one part. */
static job part_of(const job *whole, int64_t part)
{
    job j = *whole;
    int64_t together = vsh_rows_together(j.width), row = part * together;

    j.rows = j.rows - row < together ? j.rows - row : together;
    j.pre = vsh_at(j.pre, j.element, row * pre_width(&j));
    j.out = vsh_at(j.out, j.element, row * j.width);
    if (j.weight) {
        j.weight += row;
        j.dweight += row;
    }
    return j;
}

static int64_t parts_of(const job *j)
{
    int64_t together = vsh_rows_together(j->width);

    return (j->rows + together - 1) / together;
}

static void forward_part(void *context, int64_t part, int thread)
{
    job j = part_of(context, part);

    (void)thread;
    j.kernels->activation[j.mlp](j.rows, j.width, j.pre, j.out);
}

void vsh_activation_forward(const vsh_nn *nn, vsh_mlp mlp, vsh_element element, int64_t rows,
                            int64_t width, const void *pre, void *out)
{
    job j = {&nn->kernels->vector[element], mlp, element, rows, width, (void *)pre, out};

    assert(rows >= 0 && width > 0);
    vsh_pool_run(nn->pool, forward_part, &j, parts_of(&j));
}

static void backward_part(void *context, int64_t part, int thread)
{
    job j = part_of(context, part);

    (void)thread;
    j.kernels->activation_back[j.mlp](j.rows, j.width, j.pre, j.out, j.weight, j.dweight);
}

void vsh_activation_backward(const vsh_nn *nn, vsh_mlp mlp, vsh_element element, int64_t rows,
                             int64_t width, void *pre, void *out_grad, const float *weight,
                             float *dweight)
{
    job j = {
        &nn->kernels->vector[element], mlp, element, rows, width, pre, out_grad, weight, dweight};

    assert(rows >= 0 && width > 0 && !weight == !dweight);
    vsh_pool_run(nn->pool, backward_part, &j, parts_of(&j));
}
