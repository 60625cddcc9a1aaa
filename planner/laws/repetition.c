#include "planner/laws/repetition.h"

#include <math.h>

#include "planner/laws/one_dimension.h"

/* z of 10 and of 90 % of a normal distribution. */
#define Z80 1.281552
/* A tenth of the parameters at a loss so near is no choice of a size: the least noise of a run. */
#define FLAT_NATS 0.003
#define FLAT_SHARE 0.1

const vsh_law *vsh_law_of_repetition(const vsh_law *law)
{
    return law->form->repeats ? law : &vsh_muennighoff2023;
}

double vsh_law_repetition_price(const vsh_law *law, const vsh_point *point, double total)
{
    const vsh_law *prices = vsh_law_of_repetition(law);
    vsh_point repeated = *point, fresh;

    if (!vsh_point_repeats(point))
        return 0;
    if (prices != law) /* which knows no experts */
        repeated = (vsh_point){.params = total, .tokens = point->tokens, .unique = point->unique};
    fresh = repeated;
    fresh.unique = 0;
    return vsh_law_loss(prices, &repeated) - vsh_law_loss(prices, &fresh);
}

double vsh_law_repetition_sd(const vsh_law *law, double price)
{
    const vsh_law *prices = vsh_law_of_repetition(law);

    return prices == law ? 0
                         : fmin(price / 2, (prices->offset_high - prices->offset_low) / (2 * Z80));
}

static vsh_optimum best_on(const vsh_law *law, double flops, double unique)
{
    return vsh_law_optimum(vsh_law_of_repetition(law), flops,
                           &(vsh_point){.unique = unique, .experts = 1});
}

vsh_optimum vsh_law_optimum_on(const vsh_law *law, double flops, double unique)
{
    vsh_optimum best = best_on(law, flops, unique);
    vsh_point smaller = {.params = FLAT_SHARE * best.params,
                         .tokens = best.tokens / FLAT_SHARE,
                         .unique = unique,
                         .experts = 1};

    if (vsh_law_loss(vsh_law_of_repetition(law), &smaller) - best.loss < FLAT_NATS)
        return (vsh_optimum){NAN, NAN, NAN};
    return best;
}

typedef struct {
    const vsh_law *law;
    double unique;
} data_at_hand;

static double loss_of_budget(const void *context, double flops)
{
    const data_at_hand *at = context;

    return best_on(at->law, flops, at->unique).loss;
}

double vsh_law_useful_flops(const vsh_law *law, double unique, double nats)
{
    const data_at_hand at = {law, unique};
    double least = 6 * unique * 1e3, most = least * 1e12;

    return vsh_crossing(least, most, 60, best_on(law, most, unique).loss + nats, loss_of_budget,
                        &at);
}
