#include "trainer/nn/pick.h"

#include <assert.h>
#include <math.h>

#include "core/rng.h"

/* Streams of random numbers are the sequences, from here on. */
#define PICK_STREAM (UINT64_C(0x5049434b) << 32)

int32_t vsh_most_likely(const vsh_kernels *kernels, int64_t vocab, const float *logits,
                        double *confidence)
{
    float most, first = -INFINITY, second = -INFINITY;
    double sum = kernels->vector[VSH_F32].exp_sum(vocab, logits, &most);
    int64_t best = 0;

    for (int64_t i = 0; i < vocab; i++) {
        if (logits[i] > first) {
            second = first;
            first = logits[i];
            best = i;
        } else if (logits[i] > second) {
            second = logits[i];
        }
    }
    if (confidence)
        *confidence = (1 - exp((double)second - (double)first)) / sum;
    return isfinite(sum) ? (int32_t)best : -1;
}

/* ---- order --------------------------------------------------------------------------------- */

/* Tokens from the most likely on, found one at a time: in front a heap of those to come, at the end
 * those that came, backward. */
typedef struct {
    const float *probability;
    int32_t *token;
    int64_t vocab, waiting;
} ranking;

static bool before(const ranking *r, int32_t a, int32_t b)
{
    return r->probability[a] > r->probability[b] ||
           (r->probability[a] == r->probability[b] && a < b);
}

static void sink(ranking *r, int64_t at)
{
    int32_t token = r->token[at];

    for (int64_t child; (child = 2 * at + 1) < r->waiting; at = child) {
        if (child + 1 < r->waiting && before(r, r->token[child + 1], r->token[child]))
            child++;
        if (!before(r, r->token[child], token))
            break;
        r->token[at] = r->token[child];
    }
    r->token[at] = token;
}

static ranking rank(int64_t vocab, const float *probability, int32_t *token)
{
    ranking r = {probability, token, vocab, vocab};

    for (int64_t i = 0; i < vocab; i++)
        token[i] = (int32_t)i;
    for (int64_t i = vocab / 2 - 1; i >= 0; i--)
        sink(&r, i);
    return r;
}

/* The token in this place of the order. */
static int32_t at_rank(ranking *r, int64_t place)
{
    while (r->vocab - r->waiting <= place) {
        int32_t first = r->token[0];
        r->waiting--;
        r->token[0] = r->token[r->waiting];
        sink(r, 0);
        r->token[r->waiting] = first;
    }
    return r->token[r->vocab - 1 - place];
}

/* ---- choice -------------------------------------------------------------------------------- */

/* Probabilities but for a factor; returns their sum. */
static double exponentials(const vsh_kernels *kernels, double temperature, int64_t vocab,
                           const float *logits, float most, float *out)
{
    double sum = 0;

    for (int64_t i = 0; i < vocab; i++) {
        double x = ((double)logits[i] - (double)most) / temperature;
        out[i] = x < -200 ? -200.0F : (float)x; /* e^-200 is 0 already */
    }
    kernels->vector[VSH_F32].exp(vocab, out, out);
    for (int64_t i = 0; i < vocab; i++)
        sum += (double)out[i];
    return sum;
}

/* How many of the most likely the rule keeps; sum becomes theirs. */
static int64_t kept(const vsh_pick_rule *rule, ranking *r, double *sum)
{
    int64_t count = r->vocab;
    double reached = 0;

    if (rule->top_k > 0 && rule->top_k < count) {
        count = rule->top_k;
        *sum = 0;
        for (int64_t i = 0; i < count; i++)
            *sum += (double)r->probability[at_rank(r, i)];
    }
    if (rule->top_p >= 1)
        return count;
    for (int64_t i = 0; i < count; i++) {
        reached += (double)r->probability[at_rank(r, i)];
        if (reached >= rule->top_p * *sum)
            count = i + 1;
    }
    *sum = reached;
    return count;
}

int32_t vsh_pick_at(const vsh_kernels *kernels, const vsh_pick_rule *rule, int64_t vocab,
                    const float *logits, double u, void *room)
{
    float *probability = room;
    int32_t *token = (int32_t *)room + (vocab + 15) / 16 * 16, chosen = -1;
    int32_t best = vsh_most_likely(kernels, vocab, logits, NULL);
    double sum, reached = 0;
    ranking r;
    int64_t count;

    assert(vocab >= 1 && rule->temperature >= 0 && rule->top_k >= 0 && rule->top_p > 0);
    if (best < 0 || rule->temperature == 0)
        return best;
    sum = exponentials(kernels, rule->temperature, vocab, logits, logits[best], probability);
    r = rank(vocab, probability, token);
    count = kept(rule, &r, &sum);
    for (int64_t i = 0; i < count && (chosen < 0 || reached <= u * sum); i++) {
        int32_t next = at_rank(&r, i);
        if (probability[next] > 0 || chosen < 0) /* rounding may leave u sum out of reach */
            chosen = next;
        reached += (double)probability[next];
    }
    return chosen;
}

int32_t vsh_pick(const vsh_kernels *kernels, const vsh_pick_rule *rule, int64_t vocab,
                 const float *logits, int64_t sequence, int64_t position, void *room)
{
    double u = vsh_random_uniform(rule->seed, PICK_STREAM + (uint64_t)sequence, (uint64_t)position);

    return vsh_pick_at(kernels, rule, vocab, logits, u, room);
}
