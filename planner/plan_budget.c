#include "planner/plan.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/text.h"
#include "planner/tuning/hyperparameters.h"
#include "planner/laws/muennighoff2023.h"
#include "planner/laws/repetition.h"

void plan_warn(plan *p, const char *code, const char *format, ...)
{
    plan_warning *warning = &p->warning[p->warning_count];
    va_list args;

    if (p->warning_count == PLAN_WARNINGS)
        return;
    p->warning_count++;
    warning->code = code;
    va_start(args, format);
    vsnprintf(warning->message, sizeof warning->message, format, args);
    va_end(args);
}

static void judge_rule(const plan_request *r, plan_rule *rule)
{
    double memory = PLAN_MEMORY_SHARE * r->hardware->memory_bytes.value * r->chips;
    vsh_point point = {rule->params, rule->tokens * rule->epochs, rule->tokens, 1};

    rule->state_bytes = rule->params * vsh_recipe_bytes(r->recipe);
    rule->chips_for_state = ceil(rule->state_bytes / r->hardware->memory_bytes.value);
    rule->tokens_per_param = point.tokens / rule->params;
    rule->lower_bound_loss = vsh_law_loss(&vsh_muennighoff2023, &point);
    rule->repeats_params = vsh_muennighoff_repeats(&point).params;
    rule->vetoed_by_memory = rule->state_bytes > memory;
    rule->vetoed_by_data = rule->tokens < vsh_kaplan_overfit_tokens(rule->params) ||
                           rule->tokens_per_param < 1 || rule->epochs - 1 > VSH_REPEATS_MAX;
    rule->feasible = !rule->vetoed_by_memory && !rule->vetoed_by_data;
    rule->nearest = vsh_anchor_nearest(rule->params, point.tokens);
    snprintf(rule->verdict, sizeof rule->verdict, "%s%s%s",
             rule->feasible ? "feasible by FLOPs, memory and data"
                            : "feasible by FLOPs; vetoed by ",
             rule->vetoed_by_memory ? "memory" : "",
             rule->vetoed_by_memory && rule->vetoed_by_data ? " and by data"
             : rule->vetoed_by_data                         ? "data"
                                                            : "");
}

static void apply_rule(const plan_request *r, plan *p)
{
    plan_rule *rule = &p->rule;

    rule->tokens = r->unique_tokens > 0 ? r->unique_tokens : 1e8; /* the paper's */
    rule->epochs = r->epochs;
    rule->params = p->flops / (6 * rule->tokens * rule->epochs);
    judge_rule(r, rule);
    if (rule->vetoed_by_memory)
        plan_warn(p, "does_not_fit",
                  "the rule's %s parameters need %s of weights and optimizer state; there are %s",
                  vsh_show_count(rule->params).text, vsh_show_bytes(rule->state_bytes).text,
                  vsh_show_bytes(r->hardware->memory_bytes.value * r->chips).text);
    if (rule->vetoed_by_data)
        plan_warn(p, "data_starved",
                  "the rule's %s parameters would see %.2g tokens each; %s unique tokens would be "
                  "needed not to overfit (Kaplan 2020, equation 4.4)",
                  vsh_show_count(rule->params).text, rule->tokens_per_param,
                  vsh_show_count(vsh_kaplan_overfit_tokens(rule->params)).text);
}

/* Compute beyond which these unique tokens give nothing: where the law's remaining gain is within
 * the noise of a run, or where the best run anybody measured on as many tokens stands. */
static void limit_by_data(const plan_request *r, plan *p)
{
    const vsh_anchor *best = vsh_anchor_best(r->unique_tokens);
    double measured = best ? vsh_anchor_flops(best) : 0, hours;

    p->data_optimum = vsh_law_optimum_on(r->law, p->flops, r->unique_tokens);
    p->useful_flops = vsh_law_useful_flops(r->law, r->unique_tokens, PLAN_NOISE_NATS);
    if (measured > p->useful_flops && measured < 1.5 * p->useful_flops)
        p->useful_flops = measured;
    hours = p->useful_flops / (r->chips * r->effective.v) / 3600;
    if (p->useful_flops < p->flops)
        plan_warn(p, "data_exhausted",
                  "more than about %s h buys nothing at %s unique tokens: the law's remaining gain "
                  "is under %.2g nats%s%s",
                  vsh_show_real(hours).text, vsh_show_count(r->unique_tokens).text, PLAN_NOISE_NATS,
                  best ? "; best measured loss on as many: " : "",
                  best ? vsh_show_real(best->loss).text : "");
}

static void warn_of_the_edges(const plan_request *r, plan *p)
{
    if (r->peak_of != r->precision)
        plan_warn(p, "no_such_peak", "%s has no %s peak; its %s peak stands in", r->hardware->name,
                  vsh_precision_words[r->precision], vsh_precision_words[r->peak_of]);
    if (r->precision == VSH_FP8 || r->precision == VSH_INT8)
        plan_warn(
            p, "precision_unpriced",
            "nothing here says what %s training reaches: 16-bit throughput unless given, and no "
            "price in loss",
            vsh_precision_words[r->precision]);
    if (r->chips > 1)
        plan_warn(p, "linear_scaling",
                  "throughput is taken as linear in %g chips and state as sharded over them; "
                  "communication is not priced (vishwa-plan search prices it for a layout)",
                  r->chips);
}

static void add_sizing_law(plan *p, const vsh_law *law)
{
    p->sizing_law[p->by_law_count] = law;
    p->by_law[p->by_law_count++] = vsh_law_optimum(law, p->flops, NULL);
}

static void ask_every_law(plan *p)
{
    bool listed = false;

    for (int i = 0; i < VSH_SIZING_LAWS; i++) {
        add_sizing_law(p, vsh_laws[i]);
        listed = listed || vsh_laws[i] == p->request.law;
    }
    if (!listed)
        add_sizing_law(p, p->request.law);
}

vsh_status plan_budget(const plan_request *request, plan *p, vsh_error *err)
{
    vsh_draw_options draws = {.throughput_log_sd = request->throughput_log_sd,
                              .residual_sd = vsh_law_residual(request->law),
                              .seed = request->seed};

    assert(request && p);
    *p = (plan){.request = *request};
    p->flops = request->chips * vsh_work_done(request->effective, vsh_hours(request->hours)).v;
    if (p->flops > 1e30)
        return vsh_fail(err, VSH_EINPUT, "budget: %.3g FLOP; expected less than 1e30", p->flops);
    draws.flops = p->flops;
    ask_every_law(p);
    p->optimum = vsh_law_optimum(request->law, p->flops, NULL);
    VSH_TRY(vsh_uncertain_optimum(request->law, &draws, &p->optimum_params, &p->optimum_tokens,
                                  &p->optimum_loss, err));
    p->largest_params =
        fmax(0, request->chips * (PLAN_MEMORY_SHARE * request->hardware->memory_bytes.value -
                                  PLAN_ACTIVATION_RESERVE)) /
        vsh_recipe_bytes(request->recipe);
    apply_rule(request, p);
    if (request->unique_tokens > 0)
        limit_by_data(request, p);
    warn_of_the_edges(request, p);
    return VSH_OK;
}
