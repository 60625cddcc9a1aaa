#include "planner/plan_target.h"

#include <math.h>
#include <stdio.h>

#include "planner/laws/inverse.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define AMOUNT(value) vsh_show_amount(value).text
#define REAL(value) vsh_show_real(value).text

/* A run of whole steps ends a little short of the tokens it was given. */
#define NEARLY 1.001

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
static vsh_status ask(const plan *p, plan_target *t, vsh_point *given, vsh_error *err)
{
    const plan_request *r = &p->request;
    vsh_parameters parameters;

    *given = (vsh_point){.experts = 1};
    if (r->model) {
        int64_t top = r->model->experts.top_k;
        VSH_TRY(vsh_count_parameters(r->model, &parameters, err));
        given->params = vsh_law_params(t->law, r->model, &parameters);
        if (r->model->experts.count)
            given->experts = (double)((r->model->experts.count + top / 2) / top);
    }
    t->floor = vsh_form_floor(t->law->form, t->law->coefficient, given);
    t->need = vsh_form_need(t->law->form, t->law->coefficient, given, t->loss);
    return VSH_OK;
}

/* ---- a run that does it -------------------------------------------------------------------- */

static plan_goal goal_of(const plan *p, const plan_target *t, const vsh_point *given)
{
    const plan_request *r = &p->request;

    return (plan_goal){.name = "target",
                       .law = t->law,
                       .flops = t->need.flops,
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
    goal.tokens = vsh_form_tokens_for(t->law->form, t->law->coefficient, given, t->loss);
    if (!isfinite(goal.tokens)) {
        t->run = (plan_run){0};
        return VSH_OK;
    }
    return plan_find_run(&p->request, &goal, &t->run, err);
}

static vsh_bill bill_of(const plan_request *r, double hours)
{
    return vsh_bill_of(r->hardware, r->chips, hours, r->region, r->price_usd);
}

/* The hours of the run, spread as the law's compute over the throughput is; it ends no sooner than
 * the roofline lets the fewest tokens through, which the draws do not know. */
static void spread(const plan *p, plan_target *t)
{
    t->hours = (vsh_interval){t->run.hours * t->range.time.low, t->run.hours * t->range.time.high};
    t->at_low = bill_of(&p->request, t->hours.low);
    if (isfinite(t->hours.high))
        t->at_high = bill_of(&p->request, t->hours.high);
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
        snprintf(says, room, "no number of tokens brings this model to it");
    else if (t->run.model.layers == 0)
        snprintf(says, room, "no architecture that fits the chips reaches it");
    else if (!t->run.fits)
        snprintf(says, room, "the model does not fit the chips");
    else if (t->run.hours > NEARLY * r->hours)
        snprintf(says, room, "the budget does not reach it: %s h of the %s h it needs",
                 AMOUNT(r->hours), AMOUNT(t->run.hours));
    else if (r->unique_tokens > 0 && t->run.tokens > NEARLY * r->unique_tokens)
        snprintf(says, room,
                 "the hours reach it, the data does not: %s unique tokens at hand; repeated ones "
                 "are worth less",
                 COUNT(r->unique_tokens));
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
                              .residual_sd = vsh_besiroglu2024.residual_sd,
                              .seed = r->seed};
    vsh_point given;

    *t = (plan_target){.loss = loss, .law = choose_law(p)};
    VSH_TRY(ask(p, t, &given, err));
    if (isfinite(t->need.flops)) {
        vsh_point at = given;
        VSH_TRY(find_run(p, t, &given, err));
        /* the budget as the law counts compute: a real architecture does more for a token */
        draws.flops = t->run.hours > 0 ? t->need.flops * r->hours / t->run.hours : 0;
        VSH_TRY(vsh_uncertain_target(t->law, &at, loss, &draws, &t->range, err));
        spread(p, t);
    }
    judge(p, t);
    return VSH_OK;
}

/* ---- shown --------------------------------------------------------------------------------- */

/* "7.5 B - 9.9 B", the end "no limit" where more than one draw in forty never gets there. */
static vsh_figure_text show_end(double value, vsh_figure_text (*show)(double))
{
    return isfinite(value) ? show(value) : (vsh_figure_text){"no limit"};
}

static void print_bill(const plan_target *t, vsh_text *out)
{
    const vsh_bill *bill = &t->run.bill;

    vsh_text_add(out, "    cost        ");
    if (bill->price_known)
        vsh_text_add(
            out, "$%s ($%s - %s%s)", AMOUNT(bill->usd), AMOUNT(t->at_low.usd),
            isfinite(t->hours.high) ? "$" : "",
            show_end(isfinite(t->hours.high) ? t->at_high.usd : (double)INFINITY, vsh_show_amount)
                .text);
    else
        vsh_text_add(out, "$? (--price)");
    if (bill->power_known)
        vsh_text_add(out, "   %s kWh (%s - %s)", AMOUNT(bill->kwh), AMOUNT(t->at_low.kwh_low),
                     show_end(isfinite(t->hours.high) ? t->at_high.kwh_high : (double)INFINITY,
                              vsh_show_amount)
                         .text);
    vsh_text_put(out, "\n", 1);
}

static void print_need(const plan_target *t, vsh_text *out)
{
    const vsh_uncertain_need *range = &t->range;

    vsh_text_add(out, "    compute     %.3g FLOP at least (%.3g - ", t->need.flops,
                 range->flops.low);
    if (isfinite(range->flops.high))
        vsh_text_add(out, "%.3g)\n", range->flops.high);
    else
        vsh_text_add(out, "no limit)\n");
    vsh_text_add(out, "    parameters  %s (%s - %s)\n", COUNT(t->need.params),
                 COUNT(range->params.low), show_end(range->params.high, vsh_show_count).text);
    vsh_text_add(out, "    tokens      %s (%s - %s)\n", COUNT(t->need.tokens),
                 COUNT(range->tokens.low), show_end(range->tokens.high, vsh_show_count).text);
    if (t->run.model.layers == 0)
        return;
    vsh_text_add(out, "    a run       %s parameters on %s tokens: %s h (%s - %s)\n",
                 COUNT((double)t->run.parameters.total), COUNT(t->run.tokens), REAL(t->run.hours),
                 REAL(t->hours.low), show_end(t->hours.high, vsh_show_real).text);
    print_bill(t, out);
}

void plan_print_target(const plan *p, const plan_target *t, vsh_term term, vsh_text *out)
{
    vsh_text_add(out, "\n  %sTo reach%s  loss %g by %s\n            ", vsh_term_bold(term),
                 vsh_term_plain(term), t->loss, t->law->title);
    vsh_text_wrap(out, t->verdict, 12, 80);
    if (isfinite(t->need.flops)) {
        print_need(t, out);
        vsh_text_add(out, "    odds        %.0f %% of the draws get there in %s h\n",
                     100 * t->range.share, AMOUNT(p->request.hours));
    }
}

static void write_range(vsh_json *json, const char *key, double value, vsh_interval range)
{
    static const char *const ends[] = {"", "_low", "_high"};
    double values[] = {value, range.low, range.high};
    char name[40];

    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", key, ends[i]);
        vsh_json_known(json, name, values[i] > 0 ? values[i] : (double)NAN);
    }
}

static void write_run(const plan_target *t, vsh_json *json)
{
    const plan_run *run = &t->run;
    bool bounded = isfinite(t->hours.high);

    write_range(json, "hours", run->hours, t->hours);
    write_range(json, "energy_kwh", run->bill.power_known ? run->bill.kwh : 0,
                (vsh_interval){t->at_low.kwh_low, bounded ? t->at_high.kwh_high : 0});
    write_range(json, "co2_kg", run->bill.power_known ? run->bill.co2_kg : 0,
                (vsh_interval){t->at_low.co2_low_kg, bounded ? t->at_high.co2_high_kg : 0});
    write_range(json, "cost_usd", run->bill.price_known ? run->bill.usd : 0,
                (vsh_interval){t->at_low.usd, bounded ? t->at_high.usd : 0});
    vsh_json_bool(json, "fits", run->fits);
    if (run->model.layers == 0) {
        vsh_json_null(json, "run");
        return;
    }
    plan_run_write_json(run, "run", json);
}

void plan_write_target(const plan_target *t, vsh_json *json)
{
    bool known = isfinite(t->need.flops);

    vsh_json_object(json, "target");
    vsh_json_real(json, "loss", t->loss);
    vsh_json_string(json, "law", t->law->name);
    vsh_json_string(json, "n_counts", vsh_n_counts_names[t->law->n_counts]);
    vsh_json_real(json, "irreducible_loss", t->floor);
    vsh_json_bool(json, "reached", t->reached);
    vsh_json_string(json, "verdict", t->verdict);
    vsh_json_known(json, "share_of_draws_reached", known ? t->range.share : (double)NAN);
    write_range(json, "flops", t->need.flops, t->range.flops);
    write_range(json, "params", t->need.params, t->range.params);
    write_range(json, "tokens", t->need.tokens, t->range.tokens);
    write_run(t, json);
    vsh_json_end(json);
}
