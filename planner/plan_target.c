#include "planner/plan_target.h"

#include <math.h>
#include <stdio.h>

#include "planner/laws/inverse.h"
#include "planner/laws/repetition.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define AMOUNT(value) vsh_show_amount(value).text

/* A run of whole steps ends a little short of the tokens it was given. */
#define NEARLY 1.001
/* Rounds of pricing repetition, and when it is settled: far within the noise of a run. */
enum { ROUNDS = 40 };
#define CLOSE_NATS 1e-4

/* ---- what the law says --------------------------------------------------------------------- */

/* The law that said the recommended run's loss: one that knows experts when the model has them, the
 * default one in place of a law that only sizes. */
static const vsh_law *choose_law(const plan *p)
{
    if (p->request.model && p->request.model->experts.count)
        return &vsh_ludziejewski2025;
    return isfinite(p->optimum.loss) ? p->request.law : vsh_law_default();
}

/* A model that was given settles the size. */
static vsh_status settle(const plan *p, const plan_target *t, vsh_point *given, vsh_error *err)
{
    const plan_request *r = &p->request;
    vsh_parameters parameters;

    *given = (vsh_point){.experts = 1};
    if (r->model) {
        VSH_TRY(vsh_count_parameters(r->model, &parameters, err));
        given->params = vsh_law_params(t->law, r->model, &parameters);
        if (r->model->experts.count)
            given->experts = vsh_law_experts(r->model);
    }
    return VSH_OK;
}

/* Repeated tokens cost nats: the law is asked for a loss lower by that
 * price, which is that of the run it then asks for. No answer when the price runs away. */
static void ask(const plan *p, plan_target *t, const vsh_point *given)
{
    double unique = p->request.unique_tokens, price = 0;
    vsh_point point;

    t->floor = vsh_form_floor(t->law->form, t->law->coefficient, given);
    for (int round = 0; round < ROUNDS; round++) {
        t->repetition_nats = price;
        t->need = vsh_form_need(t->law->form, t->law->coefficient, given, t->loss - price);
        if (!isfinite(t->need.flops))
            return;
        point = (vsh_point){t->need.params, t->need.tokens, unique, given->experts};
        price = vsh_law_repetition_price(t->law, &point, t->need.params);
        if (fabs(price - t->repetition_nats) < CLOSE_NATS)
            return;
    }
    t->need.flops = INFINITY;
}

/* ---- a run that does it -------------------------------------------------------------------- */

static plan_goal goal_of(const plan *p, const plan_target *t, const vsh_point *given)
{
    const plan_request *r = &p->request;

    return (plan_goal){.name = "target",
                       .law = t->law,
                       .flops = t->need.flops,
                       .unique_tokens = p->request.unique_tokens,
                       .chips = r->chips,
                       .effective = r->effective,
                       .recipe = r->recipe,
                       .model = r->model,
                       .experts = given->experts > 1 ? (int64_t)given->experts : 0,
                       .params = t->need.params,
                       .tokens = t->need.tokens};
}

/* An architecture of about the size wanted, or the largest that fits, on as many tokens as bring it
 * to the loss. */
static vsh_status find_run(const plan *p, plan_target *t, vsh_point *given, vsh_error *err)
{
    plan_goal goal = goal_of(p, t, given);
    vsh_model model;

    VSH_TRY(plan_find_run(&p->request, &goal, &t->run, err));
    if (t->run.model.layers == 0)
        return VSH_OK;
    model = t->run.model;
    given->params = t->run.point.params;
    goal.model = &model;
    goal.tokens =
        vsh_form_tokens_for(t->law->form, t->law->coefficient, given, t->loss - t->repetition_nats);
    if (!isfinite(goal.tokens)) {
        t->run = (plan_run){0};
        return VSH_OK;
    }
    return plan_find_run(&p->request, &goal, &t->run, err);
}

/* The hours of the run, spread as the law's compute over the throughput is; it is paid for until
 * the loss is there, however long that takes. */
static void spread(const plan *p, plan_target *t)
{
    const plan_request *r = &p->request;
    double hours = t->run.hours;

    t->hours = (vsh_interval){hours * t->range.time.low, hours * t->range.time.high};
    t->bill = vsh_bill_of(
        r->hardware, r->chips,
        (vsh_duration){hours, t->hours.low, isfinite(t->hours.high) ? t->hours.high : hours},
        r->region, r->price_usd);
}

/* ---- whether the budget does it ------------------------------------------------------------ */

static void judge(const plan *p, plan_target *t)
{
    const plan_request *r = &p->request;
    char *says = t->verdict;
    size_t room = sizeof t->verdict;

    if (t->loss <= t->floor)
        snprintf(says, room,
                 "no size and no data reach it: it is not above the law's irreducible loss of %.3f",
                 t->floor);
    else if (!isfinite(t->need.flops))
        snprintf(says, room,
                 r->unique_tokens > 0 ? "no repeating of the tokens at hand reaches it"
                                      : "no number of tokens brings this model to it");
    else if (t->run.model.layers == 0)
        snprintf(says, room, "no architecture that fits the chips reaches it");
    else if (!t->run.fits)
        snprintf(says, room, "the model does not fit the chips");
    else if (t->run.hours > NEARLY * r->hours)
        snprintf(says, room, "the budget does not reach it: %s h of the %s h it needs",
                 AMOUNT(r->hours), AMOUNT(t->run.hours));
    else
        t->reached = true;
    if (t->reached)
        snprintf(says, room, "the budget reaches it: %s h of %s h", AMOUNT(t->run.hours),
                 AMOUNT(r->hours));
}

vsh_status plan_aim(const plan *p, double loss, plan_target *t, vsh_error *err)
{
    const plan_request *r = &p->request;
    vsh_draw_options draws = {.throughput_log_sd = r->throughput_log_sd,
                              .residual_sd = vsh_law_residual(choose_law(p)),
                              .seed = r->seed};
    vsh_point given;

    *t = (plan_target){.loss = loss, .law = choose_law(p)};
    VSH_TRY(settle(p, t, &given, err));
    ask(p, t, &given);
    if (isfinite(t->need.flops)) {
        vsh_point at = given;
        VSH_TRY(find_run(p, t, &given, err));
        /* the budget as the law counts compute: a real architecture does more for a token */
        draws.flops = t->run.hours > 0 ? t->need.flops * r->hours / t->run.hours : 0;
        draws.added_nats = t->repetition_nats;
        draws.added_sd = vsh_law_repetition_sd(t->law, t->repetition_nats);
        VSH_TRY(vsh_uncertain_target(t->law, &at, loss, &draws, &t->range, err));
        spread(p, t);
    }
    judge(p, t);
    return VSH_OK;
}
