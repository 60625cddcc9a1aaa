#include "trainer/nn/lesson.h"

#include <math.h>

/* log of the probability of element v of softmax(x / temperature) */
static double log_probability(int64_t vocab, const double *x, double temperature, int64_t v)
{
    double max = x[0], sum = 0;

    for (int64_t i = 1; i < vocab; i++)
        max = fmax(max, x[i]);
    for (int64_t i = 0; i < vocab; i++)
        sum += exp((x[i] - max) / temperature);
    return (x[v] - max) / temperature - log(sum);
}

double vsh_lesson_rows_ref(int64_t rows, int64_t vocab, const int32_t *ids, double weight,
                           double temperature, double scale, const double *teacher,
                           const double *logits, double *dlogits)
{
    double loss = 0;

    for (int64_t r = 0; r < rows; r++) {
        const double *x = logits + r * vocab, *z = teacher + r * vocab;
        for (int64_t v = 0; v < vocab; v++) {
            double p = log_probability(vocab, x, 1, v),
                   q = log_probability(vocab, z, temperature, v);
            double warm = log_probability(vocab, x, temperature, v), right = v == ids[r] ? 1 : 0;
            double gradient =
                (1 - weight) * (exp(p) - right) + weight * temperature * (exp(warm) - exp(q));
            if (ids[r] >= 0)
                loss += weight * temperature * temperature * exp(q) * (q - warm) -
                        (1 - weight) * right * p;
            if (dlogits)
                dlogits[r * vocab + v] = ids[r] >= 0 ? scale * gradient : 0;
        }
    }
    return loss;
}
