#include "trainer/nn/moe.h"

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

static double sum_of(int64_t count, const double *x)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += x[i];
    return sum;
}

/* ---- forward ------------------------------------------------------------------------------- */

static void score_token(const vsh_route_shape *shape, const double *logits, double *probability)
{
    double lse = log_sum_exp(shape->experts, logits);

    for (int64_t e = 0; e < shape->experts; e++)
        probability[e] =
            shape->gate == VSH_GATE_SOFTMAX ? exp(logits[e] - lse) : 1 / (1 + exp(-logits[e]));
}

static bool is_chosen(const int32_t *choice, int64_t count, int64_t expert)
{
    for (int64_t i = 0; i < count; i++)
        if (choice[i] == expert)
            return true;
    return false;
}

/* The top_k best, best first; of equals the lower expert. */
static void choose(const vsh_route_shape *shape, const double *probability, const double *bias,
                   int32_t *choice)
{
    for (int64_t i = 0; i < shape->top_k; i++) {
        int64_t best = -1;
        double best_score = 0;
        for (int64_t e = 0; e < shape->experts; e++) {
            double s = probability[e] + (bias ? bias[e] : 0);
            if (is_chosen(choice, i, e) || (best >= 0 && s <= best_score))
                continue;
            best = e;
            best_score = s;
        }
        choice[i] = (int32_t)best;
    }
}

static void weigh(const vsh_route_shape *shape, const double *probability, const int32_t *choice,
                  double *weight)
{
    double sum = 0;

    for (int64_t i = 0; i < shape->top_k; i++)
        sum += probability[choice[i]];
    for (int64_t i = 0; i < shape->top_k; i++)
        weight[i] = probability[choice[i]] / (shape->normalize ? sum : 1);
}

/* Rows of expert e are filled in order of token; beyond the capacity there are none. */
static void place_rows(const vsh_route_shape *shape, const int32_t *choice, int32_t *slot,
                       int32_t *first)
{
    int64_t row = 0;

    for (int64_t e = 0; e < shape->experts; e++) {
        int64_t used = 0;
        first[e] = (int32_t)row;
        for (int64_t i = 0; i < shape->tokens * shape->top_k; i++)
            if (choice[i] == e) {
                bool fits = shape->capacity == 0 || used < shape->capacity;
                slot[i] = fits ? (int32_t)(row + used) : -1;
                used += fits;
            }
        row += shape->capacity ? shape->capacity : used;
    }
    first[shape->experts] = (int32_t)row;
}

/* f_e: share of all assignments, dropped ones included */
static double share(const vsh_route_shape *shape, const int32_t *choice, int64_t expert)
{
    int64_t count = 0, all = shape->tokens * shape->top_k;

    for (int64_t i = 0; i < all; i++)
        count += choice[i] == expert;
    return (double)count / (double)all;
}

static double balance_of(const vsh_route_shape *shape, const double *probability,
                         const int32_t *choice)
{
    double loss = 0;

    for (int64_t e = 0; e < shape->experts; e++) {
        double mean = 0; /* P_e; scores of a sigmoid count as if they summed to 1 */
        for (int64_t t = 0; t < shape->tokens; t++) {
            const double *p = probability + t * shape->experts;
            mean += p[e] / sum_of(shape->experts, p) / (double)shape->tokens;
        }
        loss += share(shape, choice, e) * mean;
    }
    return (double)shape->balance * (double)shape->experts * loss;
}

void vsh_route_forward_ref(const vsh_route_shape *shape, const double *logits, const double *bias,
                           double *probability, int32_t *choice, double *weight, int32_t *slot,
                           int32_t *first, double *balance, double *z)
{
    int64_t experts = shape->experts, k = shape->top_k;

    *z = 0;
    for (int64_t t = 0; t < shape->tokens; t++) {
        double lse = log_sum_exp(experts, logits + t * experts);
        score_token(shape, logits + t * experts, probability + t * experts);
        choose(shape, probability + t * experts, bias, choice + t * k);
        weigh(shape, probability + t * experts, choice + t * k, weight + t * k);
        *z += (double)shape->z * lse * lse / (double)shape->tokens;
    }
    place_rows(shape, choice, slot, first);
    *balance = balance_of(shape, probability, choice);
}

/* ---- backward ------------------------------------------------------------------------------ */

/* dp (E): gradient of one token's probabilities through the weights of its chosen experts. */
static void weigh_backward(const vsh_route_shape *shape, const double *probability,
                           const int32_t *choice, const double *weight, const double *dweight,
                           double *dp)
{
    double sum = 0, mean = 0;

    for (int64_t i = 0; i < shape->top_k; i++) {
        sum += probability[choice[i]];
        mean += dweight[i] * weight[i];
    }
    for (int64_t e = 0; e < shape->experts; e++)
        dp[e] = 0;
    for (int64_t i = 0; i < shape->top_k; i++)
        dp[choice[i]] = shape->normalize ? (dweight[i] - mean) / sum : dweight[i];
}

/* dp += gradient of the balance loss, through p / sum(p). */
static void balance_backward(const vsh_route_shape *shape, const double *probability,
                             const int32_t *all_choices, double loss_scale, double *dp)
{
    double sum = sum_of(shape->experts, probability), mean = 0;
    double scale =
        loss_scale * (double)shape->balance * (double)shape->experts / (double)shape->tokens;

    for (int64_t e = 0; e < shape->experts; e++)
        mean += scale * share(shape, all_choices, e) * probability[e] / sum;
    for (int64_t e = 0; e < shape->experts; e++)
        dp[e] += (scale * share(shape, all_choices, e) - mean) / sum;
}

/* dp becomes the gradient of the logits. */
static void score_backward(const vsh_route_shape *shape, const double *probability, double *dp)
{
    double mean = 0;

    for (int64_t e = 0; e < shape->experts; e++)
        mean += probability[e] * dp[e];
    for (int64_t e = 0; e < shape->experts; e++)
        dp[e] = shape->gate == VSH_GATE_SOFTMAX ? probability[e] * (dp[e] - mean)
                                                : probability[e] * (1 - probability[e]) * dp[e];
}

void vsh_route_backward_ref(const vsh_route_shape *shape, const double *logits,
                            const double *probability, const int32_t *choice, const double *weight,
                            const double *dweight, double loss_scale, double *dlogits)
{
    int64_t experts = shape->experts, k = shape->top_k;

    for (int64_t t = 0; t < shape->tokens; t++) {
        const double *l = logits + t * experts, *p = probability + t * experts;
        double *dl = dlogits + t * experts, lse = log_sum_exp(experts, l);
        weigh_backward(shape, p, choice + t * k, weight + t * k, dweight + t * k, dl);
        balance_backward(shape, p, choice, loss_scale, dl);
        score_backward(shape, p, dl);
        for (int64_t e = 0; e < experts; e++)
            dl[e] +=
                loss_scale * (double)shape->z * 2 * lse * exp(l[e] - lse) / (double)shape->tokens;
    }
}
