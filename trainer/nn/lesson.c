#include "trainer/nn/lesson.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "trainer/nn/linear.h"

typedef struct {
    const vsh_vector_kernels *kernels;
    vsh_element element;
    int64_t rows, vocab, rows_together;
    const int32_t *ids;
    const vsh_lesson *lesson;
    double scale;
    float *teacher;
    void *logits;
    double *losses;
} job;

static float row_max(int64_t count, const float *x)
{
    float max = x[0];

    for (int64_t i = 1; i < count; i++)
        max = x[i] > max ? x[i] : max;
    return max;
}

/* The gradient is scale ((1 - w) (p - right) + w T (p_T - q_T)), p of the student and q of the
 * teacher; that of the right token is made apart, as in loss.c. */
static double lesson_row(const job *j, int32_t id, float *teacher, void *x, double *text_loss)
{
    double T = j->lesson->temperature, soft = j->lesson->weight, hard = 1 - soft;
    double sum, warm, of[3], above, right;
    float max[2] = {row_max(j->vocab, teacher)}, inverse = (float)(1 / T), factor[3];

    *text_loss = 0;
    if (id < 0) {
        memset(x, 0, (size_t)j->vocab * vsh_element_bytes(j->element));
        return 0;
    }
    assert(id < j->vocab);
    sum = j->kernels->exp_sum(j->vocab, x, &max[1]);
    warm = j->kernels->warm_sum(j->vocab, max[1], inverse, x);
    j->kernels->lesson_sums(j->vocab, max, inverse, teacher, x, of);
    above = (double)vsh_element_get(j->element, x, id) - (double)max[1];
    factor[0] = (float)(j->scale * hard / sum);
    factor[1] = (float)(j->scale * soft * T / warm);
    factor[2] = (float)(j->scale * soft * T / of[0]);
    right = hard * (exp(above) / sum - 1) +
            soft * T * (exp(above / T) / warm - (double)teacher[id] / of[0]);
    j->kernels->lesson_back(j->vocab, max[1], inverse, factor, teacher, x);
    vsh_element_put(j->element, x, id, (float)(j->scale * right));
    *text_loss = log(sum) - above;
    return hard * *text_loss + soft * T * T * ((of[1] - of[2]) / of[0] - log(of[0]) + log(warm));
}

static void lesson_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    int64_t row = part * j->rows_together, end = row + j->rows_together;

    (void)thread;
    for (; row < end && row < j->rows; row++)
        j->losses[row] =
            lesson_row(j, j->ids[row], j->teacher + row * j->vocab,
                       vsh_at(j->logits, j->element, row * j->vocab), &j->lesson->text_losses[row]);
}

void vsh_lesson_rows(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t vocab,
                     const int32_t *ids, const vsh_lesson *lesson, float scale, float *teacher,
                     void *logits, double *losses)
{
    job j = {.kernels = &nn->kernels->vector[element],
             .element = element,
             .rows = rows,
             .vocab = vocab,
             .rows_together = vsh_rows_together(vocab),
             .ids = ids,
             .lesson = lesson,
             .scale = (double)scale,
             .teacher = teacher,
             .logits = logits,
             .losses = losses};

    assert(rows >= 0 && vocab > 0 && scale != 0.0F);
    vsh_pool_run(nn->pool, lesson_part, &j, (rows + j.rows_together - 1) / j.rows_together);
}
