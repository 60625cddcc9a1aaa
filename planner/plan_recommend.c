#include <math.h>
#include <string.h>

#include "core/text.h"
#include "planner/tuning/hyperparameters.h"
#include "planner/laws/muennighoff2023.h"
#include "planner/laws/repetition.h"
#include "planner/plan.h"

/* The first pass looks for the least loss; the second, among all within the least noise of a run of
 * it, for the usual ratio of width to depth at about the size that the law itself would choose. A
 * goal with a size of its own has only the second. */
typedef struct {
    const plan_request *request;
    const plan_goal *goal;
    plan_run best, tried;
    bool found;
    double size;       /* parameters wanted, as the law counts them */
    double loss_limit; /* infinite: any loss */
    double largest;    /* parameters, of what fits */
    bool by_loss;
} search_state;

static double counted_params(const search_state *s, const plan_run *run)
{
    const vsh_law *law = s->goal->size_law ? s->goal->size_law : s->goal->law;

    return vsh_law_params(law, &run->model, &run->parameters);
}

static double oddness(const search_state *s, const plan_run *run)
{
    return plan_oddness(&run->model) + 2 * fabs(log(counted_params(s, run) / s->size));
}

static bool better(const search_state *s, const plan_run *run)
{
    if (run->loss > s->loss_limit)
        return false;
    if (!s->found)
        return true;
    return s->by_loss ? run->loss < s->best.loss : oddness(s, run) < oddness(s, &s->best);
}

static vsh_status try_shape(search_state *s, plan_shape shape, vsh_error *err)
{
    plan_run *run = &s->tried;

    *run = (plan_run){
        .name = s->goal->name, .saving_flops = NAN, .saving_time = NAN, .saving_time_low = NAN};
    VSH_TRY(plan_describe(s->request->hardware, shape, s->request->data.vocab, s->goal->experts,
                          &run->model, err));
    if (s->goal->exits)
        plan_place_exits(&run->model, s->goal->exits);
    VSH_TRY(plan_sketch_run(s->request, s->goal, run, err));
    if (run->fits)
        s->largest = fmax(s->largest, counted_params(s, run));
    if (run->fits && better(s, run)) {
        s->best = *run;
        s->found = true;
    }
    return VSH_OK;
}

static vsh_status search(search_state *s, const plan_shape *shapes, int count, vsh_error *err)
{
    s->loss_limit = INFINITY;
    s->by_loss = s->goal->params == 0;
    for (int i = 0; i < count; i++)
        VSH_TRY(try_shape(s, shapes[i], err));
    if (!s->by_loss || !s->found)
        return VSH_OK;
    s->loss_limit = s->best.loss + PLAN_NOISE_LEAST;
    s->by_loss = false;
    for (int i = 0; i < count; i++)
        VSH_TRY(try_shape(s, shapes[i], err));
    return VSH_OK;
}

/* What the law would choose on these tokens, or what memory allows. */
static double wanted_params(const plan_request *r, const plan_goal *goal)
{
    double memory = PLAN_MEMORY_SHARE * goal->chips * r->hardware->memory_bytes.value /
                    vsh_recipe_bytes(goal->recipe);
    double total_per_active = goal->experts ? (4 + 8 * (double)goal->experts) / 12 : 1;
    double N = goal->params;

    if (N == 0 && goal->dense_priced)
        N = vsh_experts_best(goal->flops, fmax(1, (double)goal->experts),
                             (vsh_expert_limits){.unique = goal->unique_tokens, .law = goal->law})
                .params_active;
    if (N == 0)
        N = goal->unique_tokens > 0
                ? vsh_law_optimum(vsh_law_of_repetition(goal->law), goal->flops,
                                  &(vsh_point){.unique = goal->unique_tokens, .experts = 1})
                      .params
                : vsh_law_optimum(goal->law, goal->flops,
                                  &(vsh_point){.experts = (double)goal->experts})
                      .params;
    return fmin(N, memory / total_per_active);
}

/* Below this share of the size wanted a run is capped. */
#define CAPPED_SHARE 0.5

/* Weights and optimizer would fit the chips together, and no architecture of the list does: it ends
 * before, or one sequence's activations fill one chip, since no plan here splits a model. On a
 * single chip that is the memory's own limit, and among few unique tokens any large size is as
 * good. */
static bool is_capped(const search_state *s, double wanted)
{
    return s->goal->chips > 1 && s->goal->unique_tokens == 0 && s->largest < CAPPED_SHARE * wanted;
}

vsh_status plan_find_run(const plan_request *r, const plan_goal *goal, plan_run *run,
                         vsh_error *err)
{
    search_state state = {.request = r, .goal = goal};
    double wanted;
    plan_shape shapes[PLAN_SHAPES];

    *run = (plan_run){
        .name = goal->name, .saving_flops = NAN, .saving_time = NAN, .saving_time_low = NAN};
    if (goal->model) {
        run->model = *goal->model;
        VSH_TRY(plan_sketch_run(r, goal, run, err));
        return plan_complete_run(r, goal, run, err);
    }
    /* smaller and smaller until something fits: a chip may hold far less than the law would like */
    state.size = wanted = wanted_params(r, goal);
    for (int i = 0; i < 12 && !state.found && state.size > 1e3; i++, state.size /= 3)
        VSH_TRY(search(&state, shapes,
                       plan_list_shapes(r->hardware, r->data.vocab, state.size, shapes), err));
    if (!state.found)
        return VSH_OK;
    *run = state.best;
    run->wanted_params = wanted;
    run->capped = is_capped(&state, wanted);
    return plan_complete_run(r, goal, run, err);
}

/* ---- the recommendation -------------------------------------------------------------------- */

static void warn_of_batch(plan *p, const plan_run *run)
{
    double critical = vsh_kaplan_critical_batch(run->loss);

    if (run->steps < VSH_STEPS_MIN)
        plan_warn(p, "too_few_steps", "%s optimizer steps; under %s the data is not used well",
                  vsh_show_integer((int64_t)run->steps).text,
                  vsh_show_integer((int64_t)VSH_STEPS_MIN).text);
    if (run->batch_tokens > 2 * critical && p->request.chips > 1)
        plan_warn(
            p, "batch_too_large",
            "a batch of %s tokens is above the critical batch of %s at this loss (Kaplan 2020, "
            "equation 1.4): about %s chips would do as well",
            vsh_show_count(run->batch_tokens).text, vsh_show_count(critical).text,
            vsh_show_integer((int64_t)fmax(1, p->request.chips * critical / run->batch_tokens))
                .text);
}

/* Beyond its repeats the data-constrained law is too hopeful; any law elsewhere is unproved. */
static void warn_of_loss(plan *p, const plan_run *run)
{
    bool repeats = run->loss_law->form->repeats || run->repetition_nats > 0;

    if (run->loss >= log((double)run->model.vocab))
        plan_warn(p, "outside_validated_region", "the loss is not known: %s", run->invalid_reason);
    else if (repeats && run->epochs - 1 > VSH_REPEATS_MAX)
        plan_warn(p, "outside_validated_region",
                  "the loss is a lower bound, not a prediction: %s epochs, validated up to %g; %s",
                  vsh_show_real(run->epochs).text, VSH_REPEATS_MAX + 1.0, run->invalid_reason);
    else
        plan_warn(p, "outside_validated_region", "the loss is extrapolated: %s",
                  run->invalid_reason);
}

static void warn_of_run(plan *p, const plan_run *run)
{
    warn_of_batch(p, run);
    if (!run->valid)
        warn_of_loss(p, run);
    if (!run->fits)
        plan_warn(p, "plan_does_not_fit", "%s needs %s of %s even with one sequence at a time",
                  run->model.name, vsh_show_bytes(run->footprint.total.v).text,
                  vsh_show_bytes(p->request.hardware->memory_bytes.value).text);
    if (run->capped)
        plan_warn(p, "architecture_capped",
                  "%s wants %s parameters; of the architectures here none beyond %s fits, since no "
                  "plan here splits a model over chips, and what would compare with that size is "
                  "not said",
                  run->loss_law->title, vsh_show_count(run->wanted_params).text,
                  vsh_show_count((double)run->parameters.total).text);
    if (run->too_short)
        plan_warn(p, "too_short", "the budget does not buy one batch of %s tokens",
                  vsh_show_count(run->batch_tokens).text);
    if (run->slowdown > 1.001)
        plan_warn(p, "throughput_lowered",
                  "%.0f %% of peak is more than this run can reach: %s leave%s %.0f %%",
                  100 * p->request.effective.v / p->request.peak.v,
                  run->roofline_s >= 0.999 * run->step_time_s ? "the chip's ceilings"
                                                              : "recomputation",
                  run->roofline_s >= 0.999 * run->step_time_s ? "" : "s", 100 * run->mfu);
    if (p->data_limited && run->epochs > VSH_REPEATS_MAX)
        plan_warn(p, "overfitting",
                  "so many epochs want strong weight decay (about ten times the usual) and an eye "
                  "on held-out loss: stop when it turns");
}

/* The run that the whole budget buys; on fewer unique tokens than it wants, the run that makes the
 * most of repeating them, which may end before the budget does. */
vsh_status plan_recommend(plan *p, vsh_error *err)
{
    const plan_request *r = &p->request;
    plan_goal goal = {.name = "recommended",
                      .law = r->law,
                      .flops = p->flops,
                      .chips = r->chips,
                      .effective = r->effective,
                      .recipe = r->recipe,
                      .model = r->model};

    if (r->model && r->model->experts.count) {
        goal.law = plan_joint_law(r); /* the one law that knows experts */
        goal.experts = (int64_t)vsh_law_experts(r->model);
    }
    if (!isfinite(p->optimum.loss)) { /* a law that only sizes: the default one says the loss */
        goal.law = vsh_law_default();
        goal.size_law = r->law;
        goal.params = p->optimum.params;
    }
    VSH_TRY(plan_find_run(r, &goal, &p->recommended, err));
    p->data_limited = r->unique_tokens > 0 && p->recommended.tokens > r->unique_tokens;
    if (p->data_limited) {
        goal.flops = fmin(p->flops, p->useful_flops);
        goal.unique_tokens = r->unique_tokens;
        VSH_TRY(plan_find_run(r, &goal, &p->recommended, err));
    }
    p->recommends = p->recommended.fits && !p->recommended.too_short;
    plan_data_compare(p);
    if (plan_has_run(p))
        warn_of_run(p, &p->recommended);
    else
        plan_warn(p, "no_run",
                  "no architecture near the %s parameters that %s would choose both fits "
                  "and can be trained with %s FLOP on the data",
                  vsh_show_count(wanted_params(r, &goal)).text, goal.law->name,
                  vsh_show_exponent(goal.flops).text);
    return VSH_OK;
}
