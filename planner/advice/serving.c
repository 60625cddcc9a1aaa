#include "planner/advice/serving.h"

#include <math.h>

#include "planner/laws/inverse.h"
#include "planner/laws/one_dimension.h"

/* A hundred thousand times what was ever written: no run. */
#define TOKENS_MOST 1e18

double vsh_tokens_for_loss(const vsh_law *law, double params, double experts, double loss)
{
    vsh_point given = {.params = params, .experts = experts};

    double tokens = vsh_form_tokens_for(law->form, law->coefficient, &given, loss);

    return tokens <= TOKENS_MOST ? tokens : (double)INFINITY;
}

typedef struct {
    const vsh_law *law;
    double loss, served;
} demand;

static double cost(const void *context, double params)
{
    const demand *d = context;

    return 6 * params * vsh_tokens_for_loss(d->law, params, 1, d->loss) + 2 * params * d->served;
}

vsh_optimum vsh_serving_optimum(const vsh_law *law, vsh_optimum start, double served)
{
    demand d = {law, start.loss, served};
    vsh_optimum best = start;

    /* the cost has one minimum in ln N at or below the training optimum */
    best.params = vsh_minimum(start.params * exp(-4), start.params, 60, cost, &d);
    best.tokens = vsh_tokens_for_loss(law, best.params, 1, start.loss);
    return best;
}
