#include "planner/advice/combination.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "planner/laws/experts.h"
#include "planner/advice/low_precision.h"
#include "planner/advice/serving.h"
#include "planner/laws/inverse.h"
#include "planner/laws/ludziejewski2025.h"

/* ---- reading a list of changes -------------------------------------------------------------- */

static const char *const example_words[] = {"experts-8", "early-exit-3", "int8",
                                            "recompute", "adamw8bit",    "adafactor",
                                            "lion",      "muon",         "sgd"};
enum { EXAMPLES = sizeof example_words / sizeof example_words[0] };

/* "experts-8" with prefix "experts-": 8; 0 when the word is another or the number is not one. */
static int64_t number_after(const char *word, const char *prefix, int64_t most)
{
    size_t length = strlen(prefix);
    int64_t number;

    if (strncmp(word, prefix, length) != 0 || !vsh_parse_integer(word + length, &number))
        return 0;
    return number >= 2 && number <= most ? number : 0;
}

static const vsh_recipe *recipe_named(const char *word, vsh_precision precision)
{
    for (int i = VSH_ADAMW8BIT; i < VSH_OPTIMIZER_COUNT; i++)
        if (strcmp(word, vsh_optimizer_words[i]) == 0)
            return vsh_recipe_for(precision, (vsh_optimizer)i);
    return NULL;
}

static vsh_status read_word(const char *word, vsh_precision precision, vsh_change *change,
                            vsh_error *err)
{
    char suggestion[160];

    *change = (vsh_change){
        .experts = number_after(word, "experts-", (int64_t)vsh_ludziejewski2025.experts_high),
        .exits = number_after(word, "early-exit-", 16),
        .int8 = strcmp(word, "int8") == 0,
        .recompute = strcmp(word, "recompute") == 0,
        .recipe = recipe_named(word, precision)};
    if (change->experts || change->exits || change->int8 || change->recompute || change->recipe)
        return VSH_OK;
    vsh_suggest(suggestion, sizeof suggestion, word, example_words, EXAMPLES);
    return vsh_fail(err, VSH_EINPUT,
                    "--with: expected words such as experts-8 (2 to 32), early-exit-3 (2 to 16), "
                    "int8, recompute or adamw8bit, got \"%.40s\"%s",
                    word, suggestion);
}

static bool same_kind(const vsh_change *a, const vsh_change *b)
{
    return (a->experts && b->experts) || (a->exits && b->exits) || (a->int8 && b->int8) ||
           (a->recompute && b->recompute) || (a->recipe && b->recipe);
}

vsh_status vsh_changes_read(vsh_arena *arena, const char *text, vsh_precision precision,
                            vsh_change_list *list, vsh_error *err)
{
    char *words = vsh_alloc(arena, strlen(text) + 1, 1), *rest = words, *word;

    *list = (vsh_change_list){0};
    if (!words)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    strcpy(words, text);
    while ((word = rest)) {
        rest = strchr(word, ',');
        if (rest)
            *rest++ = '\0';
        if (list->count == VSH_CHANGES_MAX)
            return vsh_fail(err, VSH_EINPUT, "--with: expected at most %d words",
                            (int)VSH_CHANGES_MAX);
        VSH_TRY(read_word(word, precision, &list->change[list->count], err));
        for (int i = 0; i < list->count; i++)
            if (same_kind(&list->change[i], &list->change[list->count]))
                return vsh_fail(err, VSH_EINPUT, "--with: %s and %s are of one kind", list->name[i],
                                word);
        list->name[list->count++] = word;
    }
    return VSH_OK;
}

vsh_change vsh_changes_join(const vsh_change_list *list)
{
    vsh_change all = {0};

    for (int i = 0; i < list->count; i++) {
        const vsh_change *one = &list->change[i];
        all.experts = one->experts ? one->experts : all.experts;
        all.exits = one->exits ? one->exits : all.exits;
        all.int8 = all.int8 || one->int8;
        all.recompute = all.recompute || one->recompute;
        all.recipe = one->recipe ? one->recipe : all.recipe;
    }
    return all;
}

/* ---- a plan made again ---------------------------------------------------------------------- */

double vsh_int8_speed(const plan_request *r)
{
    const vsh_figure *peak = &r->hardware->peak[VSH_INT8];

    return peak->known && peak->value > r->peak.v ? peak->value / r->peak.v : 1;
}

typedef struct {
    const plan *p;
    const vsh_law *law;
    const vsh_change *change;
    plan_run base;
    plan_run dense;   /* without the change, of the same hours */
    double best_loss; /* of that */
    double mfu_ratio; /* of new experts */
    bool dense_priced;
    plan_goal goal; /* with the change, and neither size nor tokens */
    bool touches_loss;
    plan_run run, tried; /* at equal loss: the best so far, and one more */
    double tokens;       /* of run, not rounded to steps; infinite: none reaches the loss */
} redo;

static bool new_experts(const redo *x) { return x->change->experts && x->base.point.experts <= 1; }

static plan_goal goal_with(const redo *x)
{
    const plan_request *r = &x->p->request;
    const vsh_change *c = x->change;
    double ratio = new_experts(x) ? x->mfu_ratio : 1;
    double experts = new_experts(x) ? (double)c->experts : x->base.point.experts;
    double flops = x->p->data_limited ? fmin(x->p->flops, x->p->useful_flops) : x->p->flops;

    return (plan_goal){.name = "combined",
                       .trial = true,
                       .law = x->law,
                       .flops = flops * ratio,
                       .unique_tokens = x->p->data_limited ? r->unique_tokens : 0,
                       .experts = experts > 1 ? (int64_t)experts : 0,
                       .chips = r->chips,
                       .effective = vsh_flop_rate_times(r->effective, ratio),
                       .recipe = c->recipe ? c->recipe : r->recipe,
                       .params_share = c->int8 ? vsh_kumar_effective_share(8, 8, 8) : 1,
                       .forward_speed = c->int8 ? vsh_int8_speed(r) : 0,
                       .exits = c->exits,
                       .dense_priced = x->dense_priced,
                       .recompute = c->recompute};
}

static bool free_size(const redo *x) { return !x->p->request.model && !x->p->data_limited; }

static double hours_of(const plan_run *run, double tokens)
{
    return tokens / run->batch_tokens * run->step_time_s / 3600;
}

/* This architecture, trained until it has the loss of the base. Kept when it fits and takes less
 * of the clock, by more than rounding, than what was kept. */
static vsh_status try_model(redo *x, const vsh_model *model, vsh_error *err)
{
    plan_goal goal = x->goal;
    vsh_parameters parameters;
    double params, tokens = x->base.tokens;

    VSH_TRY(vsh_count_parameters(model, &parameters, err));
    params = goal.params_share * vsh_law_params(x->law, model, &parameters);
    if (x->touches_loss || params != x->base.point.params)
        tokens = vsh_tokens_for_loss(x->law, params, goal.experts ? (double)goal.experts : 1,
                                     x->base.loss);
    if (!isfinite(tokens))
        return VSH_OK;
    goal.model = model;
    goal.tokens = tokens;
    VSH_TRY(plan_find_run(&x->p->request, &goal, &x->tried, err));
    if (!x->tried.fits)
        return VSH_OK;
    if (isinf(x->tokens) || hours_of(&x->tried, tokens) < 0.99 * hours_of(&x->run, x->tokens)) {
        x->run = x->tried;
        x->tokens = tokens;
    }
    return VSH_OK;
}

static vsh_model base_with_exits(const redo *x)
{
    vsh_model model = x->base.model;

    if (x->change->exits)
        plan_place_exits(&model, x->change->exits);
    return model;
}

/* N and D with which the law reaches this loss for the least compute; N counts at full precision.
 */
static vsh_optimum cheapest(const redo *x)
{
    vsh_point given = {.experts = x->goal.experts ? (double)x->goal.experts : 1};
    vsh_need need = vsh_form_need(x->law->form, x->law->coefficient, &given, x->base.loss);

    return (vsh_optimum){need.params / x->goal.params_share, need.tokens, x->base.loss};
}

/* The size that the law would choose, as an architecture that fits. */
static vsh_status try_law_size(redo *x, vsh_error *err)
{
    plan_goal goal = x->goal;
    vsh_optimum best = cheapest(x);
    vsh_model model;

    goal.params = best.params;
    goal.tokens = best.tokens;
    VSH_TRY(plan_find_run(&x->p->request, &goal, &x->tried, err));
    if (x->tried.model.layers == 0)
        return VSH_OK;
    model = x->tried.model;
    return try_model(x, &model, err);
}

/* Every way to the loss of the base with the change that is set; the best stays in x->run. */
static vsh_status search(redo *x, vsh_error *err)
{
    vsh_model model = base_with_exits(x);

    x->tokens = INFINITY;
    x->goal = goal_with(x);
    x->touches_loss = x->change->experts || x->change->int8;
    if (!x->change->experts)
        VSH_TRY(try_model(x, &model, err));
    return free_size(x) ? try_law_size(x, err) : VSH_OK;
}

/* The least loss that the same hours give: the base's own architecture, or another one. NaN where
 * the tokens at hand decide. */
static vsh_status loss_in_equal_hours(redo *x, double *loss, vsh_error *err)
{
    vsh_model model = base_with_exits(x);
    plan_goal goal = x->goal;

    *loss = NAN;
    if (x->p->data_limited)
        return VSH_OK;
    if (!x->change->experts) {
        goal.model = &model;
        VSH_TRY(plan_find_run(&x->p->request, &goal, &x->tried, err));
        if (x->tried.fits)
            *loss = x->tried.loss;
    }
    if (!free_size(x))
        return VSH_OK;
    goal.model = NULL;
    VSH_TRY(plan_find_run(&x->p->request, &goal, &x->tried, err));
    if (x->tried.model.layers > 0 && !(*loss < x->tried.loss + PLAN_NOISE_LEAST))
        *loss = x->tried.loss;
    return VSH_OK;
}

/* Whether the law says something of the run without the change, and the architectures let it. */
static bool speaks(const redo *x)
{
    return x->base.model.layers > 0 && x->base.loss < log((double)x->base.model.vocab) &&
           !x->base.capped;
}

/* The run without the change, under the law that decides. A size of that law's own is no merit of
 * the change: the base takes it where it is the cheaper way to its loss. */
static vsh_status find_base(redo *x, vsh_error *err)
{
    static const vsh_change nothing = {0};
    const plan *p = x->p;
    double loss, again;

    x->change = &nothing;
    x->base = p->recommended;
    if (x->law != p->recommended.loss_law || x->dense_priced) {
        x->base.point.experts = 1;
        x->goal = goal_with(x);
        if (x->law == plan_joint_law(&p->request) && p->dense_of_joint_law.model.layers > 0)
            x->base = p->dense_of_joint_law;
        else
            VSH_TRY(plan_find_run(&p->request, &x->goal, &x->base, err));
    }
    x->dense = x->base;
    x->best_loss = loss = x->base.loss;
    if (!speaks(x))
        return VSH_OK;
    VSH_TRY(search(x, err));
    VSH_TRY(loss_in_equal_hours(x, &again, err));
    x->best_loss = fmin(loss, again);
    if (!isinf(x->tokens)) {
        x->base = x->run;
        x->base.tokens = x->tokens;
        x->base.loss = loss;
    }
    return VSH_OK;
}

/* Bytes of a chip at the base's micro-batch, so that what a plan fills with more sequences at a
 * time counts as saved. */
static vsh_status bytes_at_base(const redo *x, const plan_run *run, double *bytes, vsh_error *err)
{
    vsh_work work = run->work;
    vsh_footprint footprint;

    work.sequences = x->base.work.sequences;
    VSH_TRY(vsh_footprint_of(&run->model, &work, VSH_LOGIT_CHUNK, &footprint, err));
    *bytes = footprint.total.v;
    return VSH_OK;
}

/* ---- experts in the same hours -------------------------------------------------------------- */

/* Nats by which one run is worse than the dense one; NaN where no law says. */
static double worse_by(const redo *x, const plan_run *with, bool any_repeats)
{
    double unique = x->p->data_limited ? x->p->request.unique_tokens : 0;
    vsh_expert_run run = {.params_active = with->point.params, .tokens = with->tokens};
    vsh_expert_run dense = {.params_active = x->dense.point.params, .tokens = x->dense.tokens};

    if (!with->fits || with->capped ||
        (!any_repeats &&
         (!vsh_experts_priced(&run, unique) || !vsh_experts_priced(&dense, unique))))
        return NAN;
    return vsh_experts_difference(x->law, with->point.experts, &run, &dense, unique);
}

/* The same model at another share of the dense model's MFU. */
static vsh_status at_ratio(redo *x, const plan_run *with, double ratio, double *loss,
                           vsh_error *err)
{
    plan_goal goal;

    x->mfu_ratio = ratio;
    goal = goal_with(x);
    x->mfu_ratio = VSH_EXPERTS_MFU_HIGH;
    goal.model = &with->model;
    VSH_TRY(plan_find_run(&x->p->request, &goal, &x->tried, err));
    *loss = worse_by(x, &x->tried, false);
    return VSH_OK;
}

static vsh_status experts_in_hours(redo *x, plan_run *with, plan_changed *out, vsh_error *err)
{
    x->goal = goal_with(x);
    VSH_TRY(plan_find_run(&x->p->request, &x->goal, with, err));
    if (with->model.layers == 0 || !speaks(x))
        return VSH_OK;
    out->loss = worse_by(x, with, false);
    VSH_TRY(at_ratio(x, with, VSH_EXPERTS_MFU_LOW, &out->loss_high, err));
    VSH_TRY(at_ratio(x, with, 1, &out->loss_flops, err));
    out->loss_priced = worse_by(x, &x->tried, true);
    return VSH_OK;
}

/* Below the crossover nothing is promised. */
static bool is_above_crossover(const redo *x, const plan_run *with)
{
    return with->model.layers > 0 &&
           vsh_experts_crossing(x->law, with->point.experts, with->point.params, with->tokens,
                                x->p->data_limited ? x->p->request.unique_tokens : 0)
                   .side <= VSH_CROSSOVER_NEAR;
}

/* ---- beside the plan without ---------------------------------------------------------------- */

/* The share of the base's time that is saved at the low ratio of MFUs. */
static vsh_status time_at_low(redo *x, double *saved, vsh_error *err)
{
    plan_goal goal = x->goal;

    goal.effective =
        vsh_flop_rate_times(goal.effective, VSH_EXPERTS_MFU_LOW / VSH_EXPERTS_MFU_HIGH);
    goal.model = &x->run.model;
    goal.tokens = x->tokens;
    VSH_TRY(plan_find_run(&x->p->request, &goal, &x->tried, err));
    *saved = 1 - hours_of(&x->tried, x->tokens) / hours_of(&x->base, x->base.tokens);
    return VSH_OK;
}

static vsh_status compare_at_equal_loss(redo *x, plan_changed *out, vsh_error *err)
{
    const plan_run *base = &x->base, *run = &x->run;
    double before, after;

    out->reaches = !isinf(x->tokens) && !run->capped;
    if (!out->reaches)
        return VSH_OK;
    VSH_TRY(bytes_at_base(x, base, &before, err));
    VSH_TRY(bytes_at_base(x, run, &after, err));
    out->compute = 1 - x->tokens * run->flops_per_token / (base->tokens * base->flops_per_token);
    out->hours = hours_of(run, x->tokens);
    out->time = 1 - out->hours / hours_of(base, base->tokens);
    out->time_low = out->time;
    if (new_experts(x))
        VSH_TRY(time_at_low(x, &out->time_low, err));
    out->usd = base->bill.price_known ? out->time * base->bill.usd : (double)NAN;
    out->usd_low = base->bill.price_known ? out->time_low * base->bill.usd : (double)NAN;
    out->memory_bytes = before - after;
    out->params_total = (double)run->parameters.total;
    out->params_active = (double)run->parameters.active;
    out->tokens = x->tokens;
    out->footprint_bytes = after;
    return VSH_OK;
}

vsh_status vsh_change_apply(const plan *p, const vsh_law *law, const vsh_change *change,
                            plan_changed *out, plan_run *in_hours, vsh_error *err)
{
    redo x = {.p = p,
              .law = law,
              .mfu_ratio = VSH_EXPERTS_MFU_HIGH,
              .dense_priced = p->data_limited && change->experts > 0 && !p->request.model};
    plan_run with = {.name = "combined"};

    assert(p->recommends && law->form->loss);
    *out = (plan_changed){.compute = NAN,
                          .time = NAN,
                          .time_low = NAN,
                          .usd = NAN,
                          .usd_low = NAN,
                          .memory_bytes = NAN,
                          .loss = NAN,
                          .loss_high = NAN,
                          .loss_flops = NAN,
                          .loss_priced = NAN};
    VSH_TRY(find_base(&x, err));
    x.change = change;
    out->dense_params = (double)x.base.parameters.total;
    out->dense_tokens = x.base.tokens;
    if (new_experts(&x) && !p->request.model) {
        VSH_TRY(experts_in_hours(&x, &with, out, err));
        if (in_hours)
            *in_hours = with;
        if (!is_above_crossover(&x, &with))
            return VSH_OK;
    }
    if (!speaks(&x) || (p->data_limited && (change->experts || change->int8)) ||
        (p->request.model && change->experts))
        return VSH_OK;
    VSH_TRY(search(&x, err));
    VSH_TRY(compare_at_equal_loss(&x, out, err));
    if (new_experts(&x))
        return VSH_OK;
    VSH_TRY(loss_in_equal_hours(&x, &out->loss, err));
    out->loss = out->loss_high = out->loss - x.best_loss;
    return VSH_OK;
}
