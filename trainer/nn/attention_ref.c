#include "trainer/nn/attention.h"

#include <math.h>

/* One query head of one token: its first and last key, and where its rows lie. */
typedef struct {
    int64_t first, last; /* rows of k and v, of the same sequence */
    int64_t query;       /* offset in q and out */
    int64_t key;         /* offset within a row of k and v */
    int64_t stride, dim; /* of a row of k and v; of a head */
} place;

static place place_of(int64_t seq, int64_t heads, int64_t kv_heads, int64_t head_dim,
                      int64_t window, int64_t row, int64_t head)
{
    int64_t t = row % seq, sees = window == 0 || window > t + 1 ? t + 1 : window;

    return (place){.first = row - sees + 1,
                   .last = row,
                   .query = (row * heads + head) * head_dim,
                   .key = head / (heads / kv_heads) * head_dim,
                   .stride = kv_heads * head_dim,
                   .dim = head_dim};
}

static double dot(int64_t count, const double *a, const double *b)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

static double score(const place *at, int64_t j, const double *q, const double *k)
{
    return dot(at->dim, q + at->query, k + j * at->stride + at->key) / sqrt((double)at->dim);
}

/* log of the sum of exponentials of the scores */
static double log_sum(const place *at, const double *q, const double *k)
{
    double max = score(at, at->first, q, k), sum = 0;

    for (int64_t j = at->first; j <= at->last; j++)
        max = fmax(max, score(at, j, q, k));
    for (int64_t j = at->first; j <= at->last; j++)
        sum += exp(score(at, j, q, k) - max);
    return max + log(sum);
}

void vsh_attention_forward_ref(int64_t sequences, int64_t seq, int64_t heads, int64_t kv_heads,
                               int64_t head_dim, int64_t window, const double *q, const double *k,
                               const double *v, double *out)
{
    for (int64_t row = 0; row < sequences * seq; row++)
        for (int64_t h = 0; h < heads; h++) {
            place at = place_of(seq, heads, kv_heads, head_dim, window, row, h);
            double lse = log_sum(&at, q, k);
            for (int64_t d = 0; d < head_dim; d++)
                out[at.query + d] = 0;
            for (int64_t j = at.first; j <= at.last; j++)
                for (int64_t d = 0; d < head_dim; d++)
                    out[at.query + d] +=
                        exp(score(&at, j, q, k) - lse) * v[j * at.stride + at.key + d];
        }
}

/* With p the softmax of scores s, and dp_j = dout . v_j: ds_j = p_j (dp_j - sum_i p_i dp_i). */
static void backward_query(const place *at, const double *q, const double *k, const double *v,
                           const double *dout, double *dq, double *dk, double *dv)
{
    double lse = log_sum(at, q, k), mean = 0;

    for (int64_t j = at->first; j <= at->last; j++)
        mean += exp(score(at, j, q, k) - lse) *
                dot(at->dim, dout + at->query, v + j * at->stride + at->key);
    for (int64_t j = at->first; j <= at->last; j++) {
        int64_t key = j * at->stride + at->key;
        double p = exp(score(at, j, q, k) - lse);
        double ds = p * (dot(at->dim, dout + at->query, v + key) - mean) / sqrt((double)at->dim);
        for (int64_t d = 0; d < at->dim; d++) {
            dv[key + d] += p * dout[at->query + d];
            dk[key + d] += ds * q[at->query + d];
            dq[at->query + d] += ds * k[key + d];
        }
    }
}

void vsh_attention_backward_ref(int64_t sequences, int64_t seq, int64_t heads, int64_t kv_heads,
                                int64_t head_dim, int64_t window, const double *q, const double *k,
                                const double *v, const double *dout, double *dq, double *dk,
                                double *dv)
{
    for (int64_t row = 0; row < sequences * seq; row++)
        for (int64_t h = 0; h < heads; h++) {
            place at = place_of(seq, heads, kv_heads, head_dim, window, row, h);
            backward_query(&at, q, k, v, dout, dq, dk, dv);
        }
}
