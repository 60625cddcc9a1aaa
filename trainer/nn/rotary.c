#include "trainer/nn/rotary.h"

#include <assert.h>
#include <math.h>

void vsh_rotary_table(int64_t positions, int64_t head_dim, float *table)
{
    int64_t half = head_dim / 2;

    assert(head_dim > 0 && head_dim % 2 == 0);
    for (int64_t i = 0; i < half; i++) {
        double frequency = pow(VSH_ROTARY_BASE, -2.0 * (double)i / (double)head_dim);
        for (int64_t p = 0; p < positions; p++) {
            table[p * head_dim + i] = (float)cos((double)p * frequency);
            table[p * head_dim + half + i] = (float)sin((double)p * frequency);
        }
    }
}

typedef struct {
    const vsh_vector_kernels *kernels;
    vsh_element element;
    int64_t rows, seq, start, heads, head_dim, stride;
    const float *table;
    bool back;
    void *x;
} job;

static void rotate_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    int64_t row = part * VSH_ROW_BLOCK, end = row + VSH_ROW_BLOCK;

    (void)thread;
    for (; row < end && row < j->rows; row++)
        j->kernels->rotate(j->heads, j->head_dim,
                           j->table + (j->start + row % j->seq) * j->head_dim, j->back,
                           vsh_at(j->x, j->element, row * j->stride));
}

void vsh_rotary(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t seq, int64_t start,
                int64_t heads, int64_t head_dim, int64_t stride, const float *table, bool back,
                void *x)
{
    job j = {&nn->kernels->vector[element],
             element,
             rows,
             seq,
             start,
             heads,
             head_dim,
             stride,
             table,
             back,
             x};

    assert(seq > 0 && head_dim > 0 && head_dim % 2 == 0 && stride >= heads * head_dim);
    vsh_pool_run(nn->pool, rotate_part, &j, vsh_row_blocks(rows));
}
