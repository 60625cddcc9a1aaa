#include "planner/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "planner/advice/serving.h"
#include "planner/laws/ludziejewski2025.h"
#include "planner/laws/muennighoff2023.h"

/* Mixture-of-Experts models reach a lower share of peak than dense ones on the same chip: 0.80 of
 * it on TPU v5p (Mixtral-8x7B 52.6 %, Llama2-70B 65.4 %), 0.71-0.80 on Trillium (MaxText). */
#define MOE_MFU_RATIO 0.8

static plan_run *add(plan *p, const char *name)
{
    plan_run *run = &p->alternative[p->alternative_count];

    if (p->alternative_count == PLAN_ALTERNATIVES)
        return NULL;
    *run = (plan_run){.name = name, .saving_flops = NAN, .saving_time = NAN};
    return run;
}

static void keep(plan *p) { p->alternative_count++; }

static plan_goal goal_of(const plan *p, const char *name)
{
    const plan_request *r = &p->request;

    return (plan_goal){.name = name,
                       .law = p->recommended.loss_law,
                       .flops = p->flops,
                       .unique_tokens = p->data_limited ? r->unique_tokens : 0,
                       .chips = r->chips,
                       .effective = r->effective,
                       .recipe = r->recipe};
}

/* "loss -0.081", or that the law is too far from its data for a difference to mean anything. */
static const char *loss_change(const plan *p, const plan_run *run, char *room, size_t bytes)
{
    bool bounded = run->loss >= log((double)run->model.vocab) ||
                   p->recommended.loss >= log((double)p->recommended.model.vocab);

    if (bounded)
        snprintf(room, bytes, "loss: no law reaches this size");
    else
        snprintf(room, bytes, "loss %+.3f", run->loss - p->recommended.loss);
    return room;
}

/* The dense run the others are set against. */
static void add_dense(plan *p)
{
    plan_run *run = add(p, "dense");

    if (!run)
        return;
    *run = p->recommended;
    run->name = "dense";
    snprintf(run->saving, sizeof run->saving, "nothing: the baseline of this list");
    snprintf(run->note, sizeof run->note, "the recommended run");
    keep(p);
}

/* Experts are judged by the one law that knows them; its difference to the dense run is carried
 * over to the default law, because its losses are of another corpus. */
static void carry_over_loss(const plan *p, plan_run *run)
{
    const plan_run *dense = &p->recommended;
    vsh_point point = run->point;
    double difference, tokens = dense->tokens;

    if (p->data_limited)
        tokens = vsh_muennighoff_effective_tokens(tokens, dense->unique_tokens);
    point.params = vsh_law_params(&vsh_ludziejewski2025, &dense->model, &dense->parameters);
    point.tokens = tokens;
    point.experts = 1;
    difference = run->loss - vsh_ludziejewski2025.loss(&point);
    run->loss = dense->loss + difference;
    run->loss_range.low = dense->loss_range.low + difference;
    run->loss_range.high = dense->loss_range.high + difference;
}

static vsh_status add_experts(plan *p, const char *name, int64_t experts, vsh_error *err)
{
    const plan_request *r = &p->request;
    plan_run *run = add(p, name);
    plan_goal goal = goal_of(p, name);
    double flops = p->recommended.steps * p->recommended.batch_tokens *
                   p->recommended.flops_per_token;
    double crossover;

    if (!run)
        return VSH_OK;
    goal.law = &vsh_ludziejewski2025;
    goal.experts = experts;
    goal.flops = flops * MOE_MFU_RATIO; /* the same hours at a lower rate */
    goal.effective = vsh_flop_rate_times(r->effective, MOE_MFU_RATIO);
    VSH_TRY(plan_find_run(r, &goal, run, err));
    if (run->model.layers == 0)
        return VSH_OK;
    crossover = vsh_ludziejewski_crossover(run->point.params, (double)experts);
    carry_over_loss(p, run);
    run->saving_flops = vsh_ludziejewski_capped_saving(flops, (double)experts, p->largest_params);
    run->saving_time = 1 - (1 - run->saving_flops) / MOE_MFU_RATIO;
    if (isnan(run->saving_flops)) {
        snprintf(run->saving, sizeof run->saving, "the law knows no model this small");
    } else if (p->data_limited && r->unique_tokens < crossover) {
        run->saving_flops = run->saving_time = NAN;
        snprintf(run->saving, sizeof run->saving, "nothing here: worse than dense on %s unique tokens",
                 vsh_show_count(r->unique_tokens).text);
    } else if (run->saving_flops <= 0) {
        snprintf(run->saving, sizeof run->saving, "nothing here: %.0f %% more FLOPs at equal loss",
                 -100 * run->saving_flops);
    } else {
        snprintf(run->saving, sizeof run->saving,
                 "%.0f %% of the FLOPs, %.0f %% of the time at equal loss",
                 100 * run->saving_flops, 100 * run->saving_time);
    }
    snprintf(run->note, sizeof run->note,
             "top-1; wants %s unique tokens, and is worse than dense below %s; MFU taken as %.2g of "
             "the dense model's (MaxText)%s",
             vsh_show_count(run->tokens).text, vsh_show_count(crossover).text, MOE_MFU_RATIO,
             run->fits ? "" : "; does not fit");
    keep(p);
    return VSH_OK;
}

/* Spending the whole budget on the tokens at hand: what the law says, and what it costs. */
static vsh_status add_data_limited(plan *p, vsh_error *err)
{
    const plan_request *r = &p->request;
    plan_run *run = add(p, "data-limited");
    plan_goal goal = goal_of(p, "data-limited");
    char change[40];

    if (!run || r->unique_tokens == 0)
        return VSH_OK;
    goal.law = &vsh_muennighoff2023;
    goal.unique_tokens = r->unique_tokens;
    VSH_TRY(plan_find_run(r, &goal, run, err));
    if (run->model.layers == 0)
        return VSH_OK;
    snprintf(run->saving, sizeof run->saving, "the whole budget on the tokens at hand: %s",
             loss_change(p, run, change, sizeof change));
    snprintf(run->note, sizeof run->note, "%.3g epochs of %s tokens%s%s", run->epochs,
             vsh_show_count(r->unique_tokens).text, run->valid ? "" : "; outside the law's data: ",
             run->valid ? "" : run->invalid_reason);
    keep(p);
    return VSH_OK;
}

/* The same run with twice the data question answered: what unlimited data would give. */
static vsh_status add_unlimited_data(plan *p, vsh_error *err)
{
    plan_run *run = add(p, "more-data");
    plan_goal goal = goal_of(p, "more-data");

    if (!run || !p->data_limited)
        return VSH_OK;
    goal.law = &vsh_muennighoff2023;
    goal.unique_tokens = 0;
    VSH_TRY(plan_find_run(&p->request, &goal, run, err));
    if (run->model.layers == 0)
        return VSH_OK;
    loss_change(p, run, run->saving, sizeof run->saving);
    snprintf(run->note, sizeof run->note, "needs %s unique tokens for the whole budget",
             vsh_show_count(run->tokens).text);
    keep(p);
    return VSH_OK;
}

static vsh_status add_eight_bit(plan *p, vsh_error *err)
{
    const vsh_recipe *now = p->request.recipe;
    const vsh_recipe *eight_bit = vsh_recipe_for(p->request.precision, VSH_ADAMW8BIT);
    plan_run *run = add(p, "adamw8bit");
    plan_goal goal = goal_of(p, "adamw8bit");
    double ratio = vsh_recipe_bytes(now) / vsh_recipe_bytes(eight_bit);

    if (!run || ratio <= 1)
        return VSH_OK;
    goal.recipe = eight_bit;
    goal.model = &p->recommended.model;
    goal.flops = p->recommended.tokens * p->recommended.flops_per_token;
    VSH_TRY(plan_find_run(&p->request, &goal, run, err));
    snprintf(run->saving, sizeof run->saving, "%s of optimizer state, the same loss",
             vsh_show_bytes((vsh_recipe_bytes(now) - vsh_recipe_bytes(eight_bit)) *
                            (double)run->parameters.total)
                 .text);
    snprintf(run->note, sizeof run->note,
             "largest model by memory %s instead of %s; Dettmers 2022 finds no loss, with embeddings "
             "kept in 32-bit state",
             vsh_show_count(p->largest_params * ratio).text, vsh_show_count(p->largest_params).text);
    keep(p);
    return VSH_OK;
}

static vsh_status add_more_chips(plan *p, vsh_error *err)
{
    const plan_request *r = &p->request;
    plan_run *run = add(p, "more-chips");
    plan_goal goal = goal_of(p, "more-chips");
    const double factor = 4;
    char change[40];

    if (!run || p->data_limited)
        return VSH_OK;
    goal.chips = factor * r->chips;
    goal.flops = factor * p->flops;
    VSH_TRY(plan_find_run(r, &goal, run, err));
    if (run->model.layers == 0)
        return VSH_OK;
    snprintf(run->saving, sizeof run->saving, "%s in the same hours for %.3g times the money",
             loss_change(p, run, change, sizeof change), factor);
    snprintf(run->note, sizeof run->note,
             "%g chips, throughput taken as linear, state sharded; needs %s unique tokens", goal.chips,
             vsh_show_count(run->tokens).text);
    keep(p);
    return VSH_OK;
}

/* What another scenario of the profile would make of the same hours. */
static vsh_status add_scenarios(plan *p, vsh_error *err)
{
    const plan_request *r = &p->request;

    for (int i = 0; i < r->hardware->scenario_count; i++) {
        const vsh_scenario *scenario = &r->hardware->scenario[i];
        plan_run *run = add(p, scenario->name);
        plan_goal goal = goal_of(p, scenario->name);
        char change[40];
        if (!run || p->data_limited || strcmp(scenario->name, r->scenario) == 0)
            continue;
        goal.effective.v =
            scenario->mfu.known ? scenario->mfu.value * r->peak.v : scenario->effective.value;
        if (goal.effective.v > r->peak.v)
            continue;
        goal.flops = p->flops * goal.effective.v / r->effective.v;
        VSH_TRY(plan_find_run(r, &goal, run, err));
        if (run->model.layers == 0)
            continue;
        snprintf(run->saving, sizeof run->saving, "%s in the same hours",
                 loss_change(p, run, change, sizeof change));
        snprintf(run->note, sizeof run->note, "if the run reaches %.0f %% of peak: %.200s",
                 100 * goal.effective.v / r->peak.v,
                 scenario->mfu.known ? scenario->mfu.source : scenario->effective.source);
        keep(p);
    }
    return VSH_OK;
}

static vsh_status add_serving(plan *p, vsh_error *err)
{
    const plan_request *r = &p->request;
    plan_run *run = add(p, "serve");
    plan_goal goal = goal_of(p, "serve");
    vsh_optimum best;
    double train, saved;

    if (!run || r->serve_tokens == 0 || p->data_limited || !isfinite(p->optimum.loss))
        return VSH_OK;
    best = vsh_serving_optimum(r->law, p->optimum, r->serve_tokens);
    train = 6 * best.params * best.tokens;
    saved = 1 - (train + 2 * best.params * r->serve_tokens) /
                    (p->flops + 2 * p->optimum.params * r->serve_tokens);
    goal.flops = train;
    VSH_TRY(plan_find_run(r, &goal, run, err));
    if (run->model.layers == 0)
        return VSH_OK;
    snprintf(run->saving, sizeof run->saving, "%.0f %% of training and serving FLOPs together",
             100 * saved);
    snprintf(run->note, sizeof run->note,
             "%s parameters on %s tokens reach the same loss: %.3g times the training hours, less to "
             "serve %s tokens (Sardana 2023, equation 3)",
             vsh_show_count(best.params).text, vsh_show_count(best.tokens).text, train / p->flops,
             vsh_show_count(r->serve_tokens).text);
    keep(p);
    return VSH_OK;
}

vsh_status plan_alternatives(plan *p, vsh_error *err)
{
    if (!p->recommends)
        return VSH_OK;
    if (!p->recommended.model.experts.count) { /* experts are set against a dense run */
        add_dense(p);
        VSH_TRY(add_experts(p, "moe-4", 4, err));
        VSH_TRY(add_experts(p, "moe-8", 8, err));
    }
    VSH_TRY(add_data_limited(p, err));
    VSH_TRY(add_unlimited_data(p, err));
    VSH_TRY(add_eight_bit(p, err));
    VSH_TRY(add_more_chips(p, err));
    VSH_TRY(add_scenarios(p, err));
    return add_serving(p, err);
}
