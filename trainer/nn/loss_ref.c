#include "trainer/nn/loss.h"

#include <math.h>

static double log_sum_exp(int64_t count, const double *x)
{
    double max = x[0], sum = 0;

    for (int64_t i = 1; i < count; i++)
        max = x[i] > max ? x[i] : max;
    for (int64_t i = 0; i < count; i++)
        sum += exp(x[i] - max);
    return max + log(sum);
}

double vsh_loss_rows_ref(int64_t rows, int64_t vocab, const int32_t *ids, double scale,
                         const double *logits, double *dlogits)
{
    double loss = 0;

    for (int64_t r = 0; r < rows; r++) {
        double lse = log_sum_exp(vocab, logits + r * vocab), total = 0;
        for (int64_t v = 0; v < vocab; v++) {
            double target = v == ids[r] ? 1 : 0;
            loss += target * (lse - logits[r * vocab + v]);
            total += target; /* 1, or 0 in a row that does not count */
        }
        for (int64_t v = 0; dlogits && v < vocab; v++) {
            double target = v == ids[r] ? 1 : 0;
            double probability = exp(logits[r * vocab + v] - lse);
            dlogits[r * vocab + v] = scale * (total * probability - target);
        }
    }
    return loss;
}
