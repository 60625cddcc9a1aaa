#include "planner/advice/over_training.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"
#include "planner/advice/serving.h"

double vsh_over_training_cost(const vsh_law *law, vsh_optimum best, double share)
{
    double tokens = vsh_tokens_for_loss(law, share * best.params, 1, best.loss);

    return share * tokens / best.tokens;
}

/* No law of unique tokens prices these on few of them, and a model that was given has its size. */
static bool sizes(const plan *p, plan_advice *a)
{
    const char *why = p->request.model
                          ? "The model was given: its size is not for the law to choose."
                      : p->data_limited ? "The tokens at hand end the run: there are none to train "
                                          "on for longer."
                      : !isfinite(p->optimum.loss) ? "This law says sizes and no losses."
                      : !vsh_law_speaks(p)         ? "No law reaches models so small."
                                                   : NULL;

    if (why)
        snprintf(a->why, sizeof a->why, "%s", why);
    return !why;
}

vsh_status vsh_advise_over_training(const plan *p, plan_advice *a, vsh_error *err)
{
    const double share = 0.5;
    vsh_optimum best = p->optimum;
    double cost, worth;
    vsh_point half = {share * best.params, best.tokens / share, 0, 1};

    (void)err;
    if (!sizes(p, a))
        return VSH_OK;
    cost = vsh_over_training_cost(p->request.law, best, share);
    a->compute = 1 - cost;
    a->time = 1 - cost;
    a->loss = vsh_law_loss(p->request.law, &half) - best.loss;
    a->memory_bytes = (1 - share) * 2 * best.params;
    a->memory_of = "the model served";
    a->inference = 1 - share;
    worth = (cost - 1) * 6 * best.tokens / (2 * (1 - share));
    a->applies = p->request.serve_tokens > worth;
    snprintf(a->why, sizeof a->why,
             "Half of the optimum's parameters, %s, reach its loss on %s tokens instead of %s (%s "
             "a parameter instead of %s); each token served costs half. Worth it from about %s "
             "served tokens on.",
             vsh_show_count(share * best.params).text,
             vsh_show_count(cost / share * best.tokens).text, vsh_show_count(best.tokens).text,
             vsh_show_real(cost / share / share * best.tokens / best.params).text,
             vsh_show_real(best.tokens / best.params).text, vsh_show_count(worth).text);
    return VSH_OK;
}

vsh_status vsh_advise_serving(const plan *p, plan_advice *a, vsh_error *err)
{
    double served = p->request.serve_tokens, both, saved;
    vsh_optimum start = p->optimum, best;

    (void)err;
    if (!sizes(p, a))
        return VSH_OK;
    if (served == 0) {
        snprintf(a->why, sizeof a->why, "How many tokens will be served? (--serve-tokens)");
        return VSH_OK;
    }
    best = vsh_serving_optimum(p->request.law, start, served);
    both = 6 * start.params * start.tokens + 2 * start.params * served;
    saved = 1 - (6 * best.params * best.tokens + 2 * best.params * served) / both;
    a->compute = a->time = 1 - best.params * best.tokens / (start.params * start.tokens);
    a->inference = 1 - best.params / start.params;
    a->memory_bytes = 2 * (start.params - best.params);
    a->memory_of = "the model served";
    a->applies = saved > 0.01;
    snprintf(a->why, sizeof a->why,
             "For %s served tokens: %s parameters on %s tokens instead of %s on %s, %.1f %% of "
             "training and serving FLOPs together.",
             vsh_show_count(served).text, vsh_show_count(best.params).text,
             vsh_show_count(best.tokens).text, vsh_show_count(start.params).text,
             vsh_show_count(start.tokens).text, 100 * saved);
    return VSH_OK;
}
