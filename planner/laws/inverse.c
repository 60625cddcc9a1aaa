#include "planner/laws/inverse.h"

#include <assert.h>
#include <math.h>

#include "planner/laws/one_dimension.h"

/* What a search looks at: from a step to more than the world will ever train. */
#define TOKENS_MOST 1e30
#define FLOPS_LEAST 1e3
#define FLOPS_MOST 1e45
enum { HALVINGS = 50 }; /* 1e42 down to a part in 1e13 of its logarithm */

double vsh_form_floor(const vsh_form *form, const double *c, const vsh_point *given)
{
    vsh_point endless = *given;

    endless.params = endless.tokens = 1e100;
    endless.unique = 0;
    return vsh_form_loss(form, c, &endless);
}

typedef struct {
    const vsh_form *form;
    const double *c;
    const vsh_point *given;
} asked;

static double loss_on(const void *context, double tokens)
{
    const asked *a = context;
    vsh_point point = *a->given;

    point.tokens = tokens;
    return vsh_form_loss(a->form, a->c, &point);
}

static double loss_for(const void *context, double flops)
{
    const asked *a = context;

    return vsh_form_optimum(a->form, a->c, flops, a->given).loss;
}

double vsh_form_tokens_for(const vsh_form *form, const double *c, const vsh_point *given,
                           double loss)
{
    asked a = {form, c, given};

    assert(form && c && given && given->params > 0);
    return vsh_crossing(1, TOKENS_MOST, HALVINGS, loss, loss_on, &a);
}

vsh_need vsh_form_need(const vsh_form *form, const double *c, const vsh_point *given, double loss)
{
    asked a = {form, c, given};
    vsh_optimum best;
    double flops;

    assert(form && c && given);
    if (given->params > 0) {
        double tokens = vsh_form_tokens_for(form, c, given, loss);
        return (vsh_need){given->params, tokens, 6 * given->params * tokens};
    }
    flops = vsh_crossing(FLOPS_LEAST, FLOPS_MOST, HALVINGS, loss, loss_for, &a);
    if (!isfinite(flops))
        return (vsh_need){INFINITY, INFINITY, INFINITY};
    best = vsh_form_optimum(form, c, flops, given);
    return (vsh_need){best.params, best.tokens, flops};
}
