#include "trainer/nn/lesson.h"

#include <math.h>

/* log of the sum of e^(x / temperature) */
static double log_sum(int64_t vocab, const double *x, double temperature)
{
    double max = x[0], sum = 0;

    for (int64_t i = 1; i < vocab; i++)
        max = fmax(max, x[i]);
    for (int64_t i = 0; i < vocab; i++)
        sum += exp((x[i] - max) / temperature);
    return max / temperature + log(sum);
}

double vsh_lesson_rows_ref(int64_t rows, int64_t vocab, const int32_t *ids, double weight,
                           double temperature, double scale, const double *teacher,
                           const double *logits, double *dlogits)
{
    double loss = 0, T = temperature;

    for (int64_t r = 0; r < rows; r++) {
        const double *x = logits + r * vocab, *z = teacher + r * vocab;
        double plain = log_sum(vocab, x, 1), warm = log_sum(vocab, x, T);
        double taught = log_sum(vocab, z, T);
        for (int64_t v = 0; v < vocab; v++) {
            double p = x[v] - plain, p_T = x[v] / T - warm, q_T = z[v] / T - taught;
            double right = v == ids[r] ? 1 : 0;
            double gradient = (1 - weight) * (exp(p) - right) + weight * T * (exp(p_T) - exp(q_T));
            if (ids[r] >= 0)
                loss += weight * T * T * exp(q_T) * (q_T - p_T) - (1 - weight) * right * p;
            if (dlogits)
                dlogits[r * vocab + v] = ids[r] >= 0 ? scale * gradient : 0;
        }
    }
    return loss;
}
