#include "trainer/nn/loss.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "trainer/nn/linear.h"

typedef struct {
    const vsh_vector_kernels *kernels;
    vsh_element element;
    int64_t rows, vocab, rows_together;
    const vsh_targets *targets;
    float scale;
    void *logits;
    double *losses;
} job;

/* One token is right. Its gradient is made apart: the probability of a row that is sure rounds to
 * 1, and the difference from 1 would be lost. */
static double hard_row(const job *j, int32_t id, void *x)
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
        j->kernels->softmax(j->vocab, max, (float)((double)j->scale / sum), 0.0F, NULL, x);
        vsh_element_put(j->element, x, id, (float)((double)j->scale * (exp(above) / sum - 1)));
    }
    return log(sum) - above;
}

/* A distribution is right; all zeros: the row does not count. */
static double soft_row(const job *j, const float *soft, void *x)
{
    float max;
    double sum = j->kernels->exp_sum(j->vocab, x, &max), of_soft[2];

    j->kernels->soft_sums(j->vocab, max, soft, x, of_soft);
    if (j->scale != 0.0F)
        j->kernels->softmax(j->vocab, max, (float)((double)j->scale * of_soft[0] / sum), j->scale,
                            soft, x);
    return of_soft[0] * log(sum) - of_soft[1];
}

static void loss_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    int64_t row = part * j->rows_together, end = row + j->rows_together;

    (void)thread;
    for (; row < end && row < j->rows; row++) {
        void *x = vsh_at(j->logits, j->element, row * j->vocab);
        j->losses[row] = j->targets->soft ? soft_row(j, j->targets->soft + row * j->vocab, x)
                                          : hard_row(j, j->targets->ids[row], x);
    }
}

void vsh_loss_rows(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t vocab,
                   const vsh_targets *targets, float scale, void *logits, double *losses)
{
    int64_t together = vsh_rows_together(vocab);
    job j = {&nn->kernels->vector[element],
             element,
             rows,
             vocab,
             together,
             targets,
             scale,
             logits,
             losses};

    assert(rows >= 0 && vocab > 0 && (targets->ids || targets->soft));
    vsh_pool_run(nn->pool, loss_part, &j, (rows + together - 1) / together);
}
