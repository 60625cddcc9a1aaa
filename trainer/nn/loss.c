#include "trainer/nn/loss.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "trainer/nn/linear.h"

typedef struct {
    const vsh_vector_kernels *kernels;
    vsh_element element;
    int64_t rows, vocab, rows_together;
    const int32_t *ids;
    float scale;
    void *logits;
    double *losses;
} job;

/* The gradient of the right token is made apart: the probability of a row that is sure rounds to 1,
 * and the difference from 1 would be lost. */
static double loss_row(const job *j, int32_t id, void *x)
{
    float max;
    double sum, above; /* how far the right logit stands above the greatest: at most 0 */

    if (id < 0) {
        if (j->scale != 0.0F)
            memset(x, 0, (size_t)j->vocab * vsh_element_bytes(j->element));
        return 0;
    }
    assert(id < j->vocab);
    sum = j->kernels->exp_sum(j->vocab, x, &max);
    above = (double)vsh_element_get(j->element, x, id) - (double)max;
    if (j->scale != 0.0F) {
        j->kernels->softmax(j->vocab, max, (float)((double)j->scale / sum), x);
        vsh_element_put(j->element, x, id, (float)((double)j->scale * (exp(above) / sum - 1)));
    }
    return log(sum) - above;
}

static void loss_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    int64_t row = part * j->rows_together, end = row + j->rows_together;

    (void)thread;
    for (; row < end && row < j->rows; row++)
        j->losses[row] = loss_row(j, j->ids[row], vsh_at(j->logits, j->element, row * j->vocab));
}

void vsh_loss_rows(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t vocab,
                   const int32_t *ids, float scale, void *logits, double *losses)
{
    int64_t together = vsh_rows_together(vocab);
    job j = {
        &nn->kernels->vector[element], element, rows, vocab, together, ids, scale, logits, losses};

    assert(rows >= 0 && vocab > 0 && ids);
    vsh_pool_run(nn->pool, loss_part, &j, (rows + together - 1) / together);
}
