#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "planner/advice/combination.h"
#include "planner/laws/experts.h"
#include "planner/advice/serving.h"
#include "planner/laws/ludziejewski2025.h"
#include "planner/plan.h"
#include "planner/plan_experts.h"

/* How many times more chips the line about more chips takes. */
#define CHIPS_FACTOR 4

static plan_goal goal_of(const plan *p, const char *name)
{
    const plan_request *r = &p->request;

    return (plan_goal){
        .name = name,
        .law = p->recommended.loss_law,
        .flops = p->flops,
        .unique_tokens = p->data_limited ? r->unique_tokens : 0,
        .chips = r->chips,
        .effective = r->effective,
        .recipe = r->recipe,
        .model = r->model, /* a model that was given is the one compared */
        .experts = r->model && r->model->experts.count ? (int64_t)p->recommended.point.experts : 0};
}

static bool beats_guessing(const plan_run *run)
{
    return run->loss < log((double)run->model.vocab);
}

/* "loss -0.081", or that the law is too far from its data for a difference to mean anything. */
static const char *loss_change(const plan *p, const plan_run *run, char *room, size_t bytes)
{
    if (p->recommended.capped || run->capped)
        snprintf(room, bytes, "loss: not compared, architecture_capped");
    else if (beats_guessing(run) && beats_guessing(&p->recommended))
        snprintf(room, bytes, "loss %+.3f", run->loss - p->recommended.loss);
    else
        snprintf(room, bytes, "loss: no law reaches this size");
    return room;
}

/* Experts are set against the best dense run, which a given model is not. */
static bool compares_experts(const plan *p)
{
    return !p->request.model && !p->recommended.model.experts.count;
}

/* The dense run the others are set against. */
static vsh_status fill_dense(plan *p, plan_run *run, int64_t experts, vsh_error *err)
{
    (void)experts, (void)err;
    if (!compares_experts(p))
        return VSH_OK;
    *run = p->recommended;
    run->name = "dense";
    run->same = true;
    snprintf(run->saving, sizeof run->saving, "nothing: the baseline of this list");
    snprintf(run->note, sizeof run->note, "the recommended run");
    return VSH_OK;
}

/* What a run of the plan is to the joint law. */
static vsh_expert_run seen_by_joint_law(const plan *p, const plan_run *run)
{
    return (vsh_expert_run){
        .params_active = vsh_law_params(plan_joint_law(&p->request), &run->model, &run->parameters),
        .params_total = (double)run->parameters.total,
        .tokens = run->tokens};
}

/* The dense run of the joint law: that law's own size, in the plan's hours. */
static vsh_status find_dense_of_joint_law(plan *p, vsh_error *err)
{
    plan_goal goal = goal_of(p, "dense");

    if (p->dense_of_joint_law.model.layers > 0)
        return VSH_OK;
    goal.law = plan_joint_law(&p->request);
    goal.flops = p->data_limited ? fmin(p->flops, p->useful_flops) : p->flops;
    goal.dense_priced = p->data_limited;
    return plan_find_run(&p->request, &goal, &p->dense_of_joint_law, err);
}

/* "12 to 18 %" */
static const char *share_range(double low, double high, char *room, size_t bytes)
{
    if (lround(100 * low) == lround(100 * high))
        snprintf(room, bytes, "%.0f %%", 100 * high);
    else
        snprintf(room, bytes, "%.0f to %.0f %%", 100 * low, 100 * high);
    return room;
}

static void tell_difference(const plan *p, const plan_run *run, char *room, size_t bytes)
{
    const plan_changed *c = &run->changed;

    if (p->dense_of_joint_law.capped || run->capped)
        snprintf(room, bytes, "loss: not compared, architecture_capped");
    else if (isnan(c->loss) && p->data_limited)
        snprintf(room, bytes, "so many repeats are unmeasured");
    else if (isnan(c->loss) || !beats_guessing(&p->recommended))
        snprintf(room, bytes, "loss: no law reaches this size");
    else
        snprintf(room, bytes, "loss %+.3f to %+.3f in equal time%s", c->loss, c->loss_high,
                 p->data_limited ? ", repeats as if dense" : "");
}

static void tell_experts(const plan *p, plan_run *run)
{
    const plan_changed *c = &run->changed;
    vsh_expert_crossing crossing = plan_experts_crossing(p, run->point.experts);
    char change[120], time[40];

    tell_difference(p, run, change, sizeof change);
    if (c->reaches)
        snprintf(run->saving, sizeof run->saving,
                 "saves %.0f %% of FLOPs, %s of time at equal loss; %s", 100 * c->compute,
                 share_range(c->time_low, c->time, time, sizeof time), change);
    else
        snprintf(run->saving, sizeof run->saving, "%s%s",
                 c->loss_high < 0 ? "" : "nothing here: ", change);
    snprintf(run->note, sizeof run->note,
             "top-1; %s %s tokens, worse than dense below %s at the %s active parameters "
             "of the run above; MFU taken as " VSH_EXPERTS_MFU_WORDS " of the dense model's "
             "(MaxText)%s",
             p->data_limited ? "sees" : "wants unique", vsh_show_count(run->tokens).text,
             vsh_show_count(crossing.crossover).text, vsh_show_count(crossing.params_active).text,
             p->data_limited ? "; a repeated token is taken to be worth what it is to a dense "
                               "model: nobody has measured it"
                             : "");
}

/* Experts and dense under the one law that knows both, each at its best size, as advice/combination
 * compares them for every command. The difference is carried over to the recommended run's loss:
 * that law's own is of another corpus. */
static vsh_status fill_experts(plan *p, plan_run *run, int64_t experts, vsh_error *err)
{
    const vsh_law *law = plan_joint_law(&p->request);
    vsh_change change = {.experts = experts};
    const char *name = run->name;
    plan_changed changed;

    if (!compares_experts(p))
        return VSH_OK;
    VSH_TRY(find_dense_of_joint_law(p, err));
    if (p->dense_of_joint_law.model.layers == 0)
        return VSH_OK;
    VSH_TRY(vsh_change_apply(p, law, &change, &changed, run, err));
    run->name = name;
    if (run->model.layers == 0)
        return VSH_OK;
    run->changed = changed;
    run->saving_flops = changed.compute;
    run->saving_time = changed.time;
    run->saving_time_low = changed.time_low;
    run->loss = p->recommended.loss + changed.loss;
    run->loss_range.low = p->recommended.loss_range.low + changed.loss;
    run->loss_range.high = p->recommended.loss_range.high + changed.loss_high;
    run->crossing = vsh_experts_crossing(law, (double)experts, run->point.params, run->tokens,
                                         p->data_limited ? p->request.unique_tokens : 0);
    tell_experts(p, run);
    return VSH_OK;
}

/* Every MLP as wide as what a token passes through, on average over the layers. */
static void make_dense(vsh_model *m)
{
    const vsh_experts *e = &m->experts;
    int64_t width = e->top_k * e->hidden + e->shared * e->shared_hidden, sum = 0;

    for (int64_t l = 0; l < m->layers; l++) {
        sum += m->layer[l].experts ? width : m->ffn;
        m->layer[l].experts = false;
    }
    m->ffn = (sum + m->layers / 2) / m->layers;
    m->experts = (vsh_experts){.every = 1, .granularity = 1};
}

/* The dense model that multiplies as much a token as a given one with experts does. */
static vsh_status fill_dense_twin(plan *p, plan_run *run, int64_t unused, vsh_error *err)
{
    const vsh_model *given = &p->recommended.model;
    plan_goal goal = goal_of(p, run->name);
    vsh_model twin = *given;
    vsh_expert_run with, dense;
    double difference;

    (void)unused;
    if (given->experts.count == 0)
        return VSH_OK;
    make_dense(&twin);
    goal.model = &twin;
    goal.experts = 0;
    goal.law = plan_joint_law(&p->request);
    VSH_TRY(plan_find_run(&p->request, &goal, run, err));
    with = seen_by_joint_law(p, &p->recommended);
    dense = seen_by_joint_law(p, run);
    difference = -vsh_experts_difference(goal.law, p->recommended.point.experts, &with, &dense,
                                         p->data_limited ? p->request.unique_tokens : 0);
    run->loss = p->recommended.loss + difference;
    run->loss_range.low = p->recommended.loss_range.low + difference;
    run->loss_range.high = p->recommended.loss_range.high + difference;
    snprintf(run->saving, sizeof run->saving, "loss %+.3f in equal FLOPs, by the joint law",
             difference);
    snprintf(run->note, sizeof run->note,
             "dense, %s active parameters like the model given, %s in all instead of %s; dense "
             "models reach more of the peak (experts " VSH_EXPERTS_MFU_WORDS " of it: MaxText)",
             vsh_show_count((double)run->parameters.active).text,
             vsh_show_count((double)run->parameters.total).text,
             vsh_show_count((double)p->recommended.parameters.total).text);
    return VSH_OK;
}

/* What the law would train in place of the model that was given. */
static vsh_status fill_law_size(plan *p, plan_run *run, int64_t unused, vsh_error *err)
{
    plan_goal goal = goal_of(p, run->name);

    (void)unused;
    if (!p->request.model || p->recommended.model.experts.count)
        return VSH_OK;
    goal.model = NULL;
    VSH_TRY(plan_find_run(&p->request, &goal, run, err));
    loss_change(p, run, run->saving, sizeof run->saving);
    snprintf(run->note, sizeof run->note, "the size that %s chooses for this budget",
             p->request.law->title);
    return VSH_OK;
}

/* Spending the whole budget on the tokens at hand: what the law says of it. */
static vsh_status fill_data_limited(plan *p, plan_run *run, int64_t unused, vsh_error *err)
{
    plan_goal goal = goal_of(p, run->name);
    char change[40];

    (void)unused;
    if (p->request.unique_tokens == 0)
        return VSH_OK;
    goal.unique_tokens = p->request.unique_tokens;
    VSH_TRY(plan_find_run(&p->request, &goal, run, err));
    run->same = !p->data_limited || p->useful_flops >= p->flops || isnan(p->data_optimum.params);
    snprintf(run->saving, sizeof run->saving, "the whole budget on the tokens at hand: %s",
             loss_change(p, run, change, sizeof change));
    snprintf(run->note, sizeof run->note, "%s epochs of %s tokens%s%s",
             vsh_show_real(run->epochs).text, vsh_show_count(goal.unique_tokens).text,
             run->valid ? "" : "; outside the law's data: ", run->valid ? "" : run->invalid_reason);
    return VSH_OK;
}

/* The whole budget on as many tokens as it wants. */
static vsh_status fill_more_data(plan *p, plan_run *run, int64_t unused, vsh_error *err)
{
    plan_goal goal = goal_of(p, run->name);

    (void)unused;
    if (!p->data_limited)
        return VSH_OK;
    goal.unique_tokens = 0;
    VSH_TRY(plan_find_run(&p->request, &goal, run, err));
    loss_change(p, run, run->saving, sizeof run->saving);
    snprintf(run->note, sizeof run->note, "needs %s unique tokens for the whole budget",
             vsh_show_count(run->tokens).text);
    return VSH_OK;
}

static vsh_status fill_eight_bit(plan *p, plan_run *run, int64_t unused, vsh_error *err)
{
    const vsh_recipe *now = p->request.recipe;
    const vsh_recipe *eight_bit = vsh_recipe_for(p->request.precision, VSH_ADAMW8BIT);
    plan_goal goal = goal_of(p, run->name);
    double ratio = vsh_recipe_bytes(now) / vsh_recipe_bytes(eight_bit), faster, freed;
    char room[40];

    (void)unused;
    if (ratio <= 1)
        return VSH_OK;
    goal.recipe = eight_bit;
    goal.model = &p->recommended.model;
    goal.tokens = p->recommended.tokens;
    VSH_TRY(plan_find_run(&p->request, &goal, run, err));
    VSH_TRY(plan_recipe_frees(&p->recommended, eight_bit, &freed, err));
    faster = 1 - run->hours / p->recommended.hours;
    snprintf(room, sizeof room, " and %.0f %% of the time", 100 * faster);
    snprintf(run->saving, sizeof run->saving, "%s of a chip's memory%s, the same loss",
             vsh_show_bytes(freed).text, faster > 0.01 ? room : "");
    snprintf(
        run->note, sizeof run->note,
        "largest model by memory %s instead of %s; Dettmers 2022 finds no loss, with embeddings "
        "kept in 32-bit state",
        vsh_show_count(p->largest_params * ratio).text, vsh_show_count(p->largest_params).text);
    return VSH_OK;
}

static vsh_status fill_more_chips(plan *p, plan_run *run, int64_t unused, vsh_error *err)
{
    plan_goal goal = goal_of(p, run->name);
    char change[40];

    (void)unused;
    if (p->data_limited)
        return VSH_OK;
    goal.chips *= CHIPS_FACTOR;
    goal.flops *= CHIPS_FACTOR;
    VSH_TRY(plan_find_run(&p->request, &goal, run, err));
    snprintf(run->saving, sizeof run->saving, "%s in the same hours for %d times the money",
             loss_change(p, run, change, sizeof change), CHIPS_FACTOR);
    snprintf(run->note, sizeof run->note,
             "%g chips, throughput taken as linear, state sharded; needs %s unique tokens",
             goal.chips, vsh_show_count(run->tokens).text);
    return VSH_OK;
}

/* What another scenario of the profile would make of the same hours. */
static vsh_status fill_scenario(plan *p, plan_run *run, int64_t index, vsh_error *err)
{
    const plan_request *r = &p->request;
    const vsh_scenario *scenario = &r->hardware->scenario[index];
    const vsh_figure *figure = vsh_scenario_figure(scenario);
    plan_goal goal = goal_of(p, scenario->name);
    char change[40];

    run->name = scenario->name;
    goal.effective = vsh_scenario_rate(r->hardware, scenario, r->precision);
    if (p->data_limited || strcmp(scenario->name, r->scenario) == 0 ||
        goal.effective.v > r->peak.v || r->precision == VSH_FP8 || r->precision == VSH_INT8)
        return VSH_OK;
    goal.flops = p->flops * goal.effective.v / r->effective.v;
    VSH_TRY(plan_find_run(r, &goal, run, err));
    snprintf(run->saving, sizeof run->saving, "%s in the same hours",
             loss_change(p, run, change, sizeof change));
    snprintf(run->note, sizeof run->note, "if the run reaches %.0f %% of peak: %.200s",
             100 * goal.effective.v / r->peak.v,
             figure->source ? figure->source : "no source given");
    return VSH_OK;
}

/* The cheapest size over training and serving together, at the loss of the training optimum. */
static vsh_status fill_serving(plan *p, plan_run *run, int64_t unused, vsh_error *err)
{
    const plan_request *r = &p->request;
    plan_goal goal = goal_of(p, run->name);
    vsh_optimum best;
    double saved;

    (void)unused;
    if (r->serve_tokens == 0 || p->data_limited || r->model || !isfinite(p->optimum.loss))
        return VSH_OK;
    best = vsh_serving_optimum(r->law, p->optimum, r->serve_tokens);
    saved = 1 - (6 * best.params * best.tokens + 2 * best.params * r->serve_tokens) /
                    (p->flops + 2 * p->optimum.params * r->serve_tokens);
    if (saved < 0.01)
        return VSH_OK;
    goal.params = best.params;
    goal.tokens = best.tokens;
    VSH_TRY(plan_find_run(r, &goal, run, err));
    snprintf(run->saving, sizeof run->saving, "%.0f %% of training and serving FLOPs together",
             100 * saved);
    snprintf(run->note, sizeof run->note,
             "%s tokens instead of %s reach the loss of the law's optimum in %s h, %s times the "
             "budget; %s served tokens cost less (Sardana 2023, equation 3)%s%s",
             vsh_show_count(run->tokens).text, vsh_show_count(p->optimum.tokens).text,
             vsh_show_amount(run->hours).text, vsh_show_real(run->hours / r->hours).text,
             vsh_show_count(r->serve_tokens).text,
             run->valid ? "" : "; outside the law's data: ", run->valid ? "" : run->invalid_reason);
    return VSH_OK;
}

/* Each fills a run, or leaves it without layers when it does not apply. */
static const struct {
    const char *name;
    int64_t argument;
    vsh_status (*fill)(plan *p, plan_run *run, int64_t argument, vsh_error *err);
} kinds[] = {
    {"dense", 0, fill_dense},           {"experts-4", 4, fill_experts},
    {"experts-8", 8, fill_experts},     {"dense-twin", 0, fill_dense_twin},
    {"law-size", 0, fill_law_size},     {"data-limited", 0, fill_data_limited},
    {"more-data", 0, fill_more_data},   {"adamw8bit", 0, fill_eight_bit},
    {"more-chips", 0, fill_more_chips}, {"scenario", 0, fill_scenario},
    {"scenario", 1, fill_scenario},     {"scenario", 2, fill_scenario},
    {"serve", 0, fill_serving},
};

vsh_status plan_alternatives(plan *p, vsh_error *err)
{
    plan_experts_cross(p);
    for (size_t i = 0; p->recommends && i < sizeof kinds / sizeof kinds[0]; i++) {
        plan_run *run = &p->alternative[p->alternative_count];
        if (kinds[i].fill == fill_scenario &&
            kinds[i].argument >= p->request.hardware->scenario_count)
            continue;
        *run = (plan_run){
            .name = kinds[i].name, .saving_flops = NAN, .saving_time = NAN, .saving_time_low = NAN};
        VSH_TRY(kinds[i].fill(p, run, kinds[i].argument, err));
        if (run->model.layers > 0)
            p->alternative_count++;
    }
    return VSH_OK;
}
