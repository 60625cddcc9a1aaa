#include "planner/plan.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/lower.h"
#include "core/text.h"
#include "planner/advice/hyperparameters.h"
#include "planner/laws/muennighoff2023.h"

/* Architectures that are tried: widths in steps of the matrix unit, depth within the range over
 * which Kaplan et al. 2020 (figure 5) find the loss flat. */
#define WIDTH_PER_LAYER_LOW 40
#define WIDTH_PER_LAYER_HIGH 100
#define WIDTH_PER_LAYER_BEST 64
#define WIDTH_LARGEST 65536

/* Tables that take more than this share of a small model give way to a smaller vocabulary. */
#define VOCAB_SHARE 0.25
/* Llama 3.2 and Qwen 2.5 tie input and output embedding up to 3 B parameters. */
#define TIED_PARAMS_MAX 2e9
/* A chunk of tokens through the output head, so that logits are never whole. */
#define LOGIT_CHUNK 2048

/* ---- the architecture -------------------------------------------------------------------- */

/* 256 for 256-wide matrix units, else 128: the tile of GPU kernels as of 128-wide units; 64 is
 * enough for the vectors of a CPU. */
static int64_t width_step(const vsh_hardware *h)
{
    if (h->kind == VSH_CPU)
        return 64;
    return h->matrix_rows.known && h->matrix_rows.value >= 256 ? 256 : 128;
}

static int64_t choose_vocab(int64_t width, double body)
{
    static const int64_t sizes[] = {32000, 16384, 8192, 4096, 1024, 256};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        double table = (double)sizes[i] * (double)width;
        if (table <= VOCAB_SHARE * (table + body))
            return sizes[i];
    }
    return 256;
}

/* A rotary, gated, RMS-normed decoder of this width and depth. */
static vsh_status describe(const plan_request *r, int64_t width, int64_t layers, int64_t experts,
                           vsh_model *model, vsh_error *err)
{
    int64_t step = width_step(r->hardware), head = width % 128 == 0 && width >= 512 ? 128 : 64;
    int64_t ffn = (8 * width / 3 + step - 1) / step * step;
    double body = (double)layers * (4 * (double)width + 3 * (double)ffn) * (double)width;

    *model = vsh_model_default();
    model->name = experts ? "recommended-moe" : "recommended";
    model->layers = layers;
    model->hidden = width;
    model->heads = width / head;
    model->head_dim = head;
    model->ffn = ffn;
    model->vocab = choose_vocab(width, body);
    model->tied = body < TIED_PARAMS_MAX;
    model->context = body < 1e7 ? 512 : body < 1e8 ? 1024 : 2048;
    if (experts)
        model->experts = (vsh_experts){.count = experts, .top_k = 1, .hidden = ffn, .every = 1,
                                       .granularity = 1};
    for (int64_t l = 0; l < layers; l++)
        model->layer[l] = (vsh_layer){.experts = experts > 0, .own_kv = true};
    return vsh_model_finish(model, "recommended model: ", err);
}

/* Exact model FLOPs of training one token: three forward passes' worth. */
static vsh_status flops_per_token(const vsh_model *model, double *flops, vsh_error *err)
{
    vsh_work work = vsh_work_default(model->context);
    vsh_op_list ops;

    VSH_TRY(vsh_lower(model, &work, &ops, err));
    *flops = vsh_ops_step_model_flops(&ops).v / (double)model->context;
    return VSH_OK;
}

/* ---- what a law says of it --------------------------------------------------------------- */

static vsh_point point_of(const plan_goal *goal, const plan_run *run)
{
    bool repeats = goal->unique_tokens > 0 && run->tokens > goal->unique_tokens;
    double tokens = run->tokens;

    /* a law that takes all tokens for unique ones is asked about what repeated ones are worth */
    if (repeats && !goal->law->repeats)
        tokens = vsh_muennighoff_effective_tokens(tokens, goal->unique_tokens);
    return (vsh_point){vsh_law_params(goal->law, &run->model, &run->parameters), tokens,
                       repeats && goal->law->repeats ? goal->unique_tokens : 0,
                       goal->experts ? (double)goal->experts : 1};
}

static vsh_status assess(const plan_goal *goal, plan_run *run, vsh_error *err)
{
    VSH_TRY(vsh_count_parameters(&run->model, &run->parameters, err));
    VSH_TRY(flops_per_token(&run->model, &run->flops_per_token, err));
    run->tokens = goal->flops / run->flops_per_token;
    run->loss_law = goal->law;
    run->point = point_of(goal, run);
    run->loss = goal->law->loss(&run->point);
    return VSH_OK;
}

/* ---- does it fit -------------------------------------------------------------------------- */

/* The largest micro-batch that fits without recomputation, else with. State is sharded over the
 * chips (ZeRO-3); activations are of one chip's micro-batch. */
static vsh_status fit(const plan_request *r, const plan_goal *goal, plan_run *run, vsh_error *err)
{
    static const vsh_recompute_mode modes[] = {VSH_RECOMPUTE_NONE, VSH_RECOMPUTE_FULL};
    double share = fmax(1, run->batch_tokens / (double)run->model.context / goal->chips);

    for (int mode = 0; mode < 2; mode++) {
        int64_t sequences = 1;
        while (2 * (double)sequences <= share && sequences < 1024)
            sequences *= 2;
        for (; sequences >= 1; sequences /= 2) {
            run->work = vsh_work_default(run->model.context);
            run->work.sequences = sequences;
            run->work.precision = r->precision;
            run->work.recompute = modes[mode];
            run->work.recipe = goal->recipe;
            run->work.shards = goal->chips;
            VSH_TRY(vsh_footprint_of(&run->model, &run->work, LOGIT_CHUNK, &run->footprint, err));
            run->fits = run->footprint.total.v <=
                        PLAN_MEMORY_SHARE * r->hardware->memory_bytes.value;
            if (run->fits)
                return VSH_OK;
        }
    }
    return VSH_OK;
}

/* ---- how to train it ---------------------------------------------------------------------- */

static double one_digit(double value)
{
    double scale = pow(10, floor(log10(value)));

    return round(value / scale) * scale;
}

/* A power of two times one sequence on each chip, near what is wanted, with steps enough. */
static void choose_batch(plan_run *run, double chips, double wanted)
{
    double unit = chips * (double)run->model.context;

    run->batch_tokens = unit * exp2(fmax(0, round(log2(wanted / unit))));
    while (run->tokens / run->batch_tokens < VSH_STEPS_MIN && run->batch_tokens > unit)
        run->batch_tokens /= 2;
    run->steps = fmax(1, floor(run->tokens / run->batch_tokens));
    run->tokens = run->steps * run->batch_tokens;
}

static void choose_hyperparameters(const plan_goal *goal, plan_run *run)
{
    const vsh_parameters *p = &run->parameters;
    vsh_hyperparameters h =
        vsh_hyperparameters_of((double)(p->active - p->embedding), /* Step Law counts without */
                               vsh_law_params(&vsh_ludziejewski2025, &run->model, p), run->tokens,
                               goal->flops, goal->experts ? (double)goal->experts : 1);

    run->rate = one_digit(h.rate);
    run->rate_low = h.rate_low;
    run->rate_high = h.rate_high;
    run->batch_low = h.batch_low;
    run->batch_high = h.batch_high;
    choose_batch(run, goal->chips, h.batch_tokens);
}

/* ---- what it will take and reach ---------------------------------------------------------- */

static vsh_status time_it(const plan_request *r, const plan_goal *goal, plan_run *run,
                          vsh_error *err)
{
    vsh_op_list ops;
    vsh_flop_rate all = vsh_flop_rate_times(goal->effective, goal->chips);
    vsh_flops step = {run->batch_tokens * run->flops_per_token};

    VSH_TRY(vsh_lower(&run->model, &run->work, &ops, err));
    run->bound = vsh_cost_ops(&ops, r->hardware, r->precision).bound;
    run->step_time_s = vsh_time_compute(step, all).v;
    run->mfu = goal->effective.v / r->peak.v;
    run->hours = run->steps * run->step_time_s / 3600;
    run->accumulate = run->batch_tokens / (double)run->model.context / goal->chips /
                      (double)run->work.sequences;
    run->bill = vsh_bill_of(r->hardware, goal->chips, run->hours, r->region, r->price_usd);
    return VSH_OK;
}

/* Where a law is out of its data, what was measured nearby belongs inside the interval. */
static void widen_by_anchor(const plan_goal *goal, plan_run *run)
{
    const vsh_anchor *near = goal->unique_tokens > 0
                                 ? vsh_anchor_nearest_repeated(run->point.params, run->point.tokens,
                                                               goal->unique_tokens)
                                 : NULL;

    if (!near || run->valid)
        return;
    run->loss_range.low = fmin(run->loss_range.low, near->loss);
    run->loss_range.high = fmax(run->loss_range.high, near->loss);
}

/* No trained model is worse than guessing evenly: ln V nats. Laws of large models asked about tiny
 * ones say so all the same. */
static void bound_by_vocabulary(plan_run *run)
{
    double guess = log((double)run->model.vocab);

    if (run->loss <= guess)
        return;
    run->valid = false;
    snprintf(run->invalid_reason, sizeof run->invalid_reason,
             "its %.2f nats are above ln V = %.2f, which guessing reaches", run->loss, guess);
    run->loss = run->loss_range.high = guess;
    run->loss_range.low = fmin(run->loss_range.low, guess);
}

static vsh_status expect(const plan_request *r, const plan_goal *goal, plan_run *run,
                         vsh_error *err)
{
    vsh_draw_options draws = {.throughput_log_sd = r->throughput_log_sd,
                              .residual_sd = vsh_besiroglu2024.residual_sd,
                              .seed = r->seed};
    double unique = goal->unique_tokens;

    run->unique_tokens = unique > 0 && unique < run->tokens ? unique : run->tokens;
    run->epochs = run->tokens / run->unique_tokens;
    run->point = point_of(goal, run);
    run->loss = goal->law->loss(&run->point);
    run->valid = vsh_law_valid(goal->law, &run->point, run->invalid_reason,
                               sizeof run->invalid_reason);
    VSH_TRY(vsh_uncertain_loss(goal->law, &run->point, &draws, &run->loss_range, err));
    widen_by_anchor(goal, run);
    bound_by_vocabulary(run);
    return VSH_OK;
}

static vsh_status complete(const plan_request *r, const plan_goal *goal, plan_run *run,
                           vsh_error *err)
{
    choose_hyperparameters(goal, run);
    VSH_TRY(fit(r, goal, run, err));
    VSH_TRY(time_it(r, goal, run, err));
    return expect(r, goal, run, err);
}

/* ---- the search --------------------------------------------------------------------------- */

/* The first pass looks for the least loss; the second, among all within the noise of a run of it,
 * for the usual ratio of width to depth at about the size that the law itself would choose. */
typedef struct {
    plan_run best;
    bool found;
    double loss_limit; /* of the second pass; infinite in the first */
    double size;       /* active parameters that the law itself would choose */
} search_state;

static double oddness(const plan_run *run, double size)
{
    double ratio = (double)run->model.hidden / (double)run->model.layers;

    return fabs(log(ratio / WIDTH_PER_LAYER_BEST)) +
           2 * fabs(log((double)run->parameters.active / size));
}

static bool better(const plan_run *run, const search_state *state)
{
    if (!state->found)
        return run->loss <= state->loss_limit;
    if (isinf(state->loss_limit))
        return run->loss < state->best.loss;
    return run->loss <= state->loss_limit &&
           oddness(run, state->size) < oddness(&state->best, state->size);
}

/* Memory for the state alone, with the least activations: a quick no. */
static bool state_fits(const plan_request *r, const plan_goal *goal, const plan_run *run)
{
    double state = (double)run->parameters.total * vsh_recipe_bytes(goal->recipe) / goal->chips;

    return state < PLAN_MEMORY_SHARE * r->hardware->memory_bytes.value;
}

static vsh_status try_architecture(const plan_request *r, const plan_goal *goal, int64_t width,
                                   int64_t layers, search_state *state, vsh_error *err)
{
    plan_run run = {.name = goal->name, .saving_flops = NAN, .saving_time = NAN};

    VSH_TRY(describe(r, width, layers, goal->experts, &run.model, err));
    VSH_TRY(assess(goal, &run, err));
    if (!state_fits(r, goal, &run) || !better(&run, state))
        return VSH_OK;
    run.batch_tokens = (double)run.model.context; /* the least that must fit */
    VSH_TRY(fit(r, goal, &run, err));
    if (run.fits) {
        state->best = run;
        state->found = true;
    }
    return VSH_OK;
}

/* Active parameters of an architecture, roughly, before it is described. */
static double rough_params(int64_t width, int64_t layers)
{
    double body = 12.0 * (double)width * (double)width * (double)layers;
    double tables = body < TIED_PARAMS_MAX ? 1 : 2;

    return body + tables * (double)choose_vocab(width, body) * (double)width;
}

/* Sizes worth trying: around the law's own optimum, or below it when memory binds. */
static bool worth_trying(int64_t width, int64_t layers, double target)
{
    double N = rough_params(width, layers);

    return N < 2.2 * target && N > 0.3 * target;
}

static vsh_status search_pass(const plan_request *r, const plan_goal *goal, double target,
                              search_state *state, vsh_error *err)
{
    int64_t step = width_step(r->hardware);

    for (int64_t width = step; width <= WIDTH_LARGEST; width += width < 4096 ? step : 4 * step) {
        int64_t first = width / WIDTH_PER_LAYER_HIGH, last = width / WIDTH_PER_LAYER_LOW + 1;
        for (int64_t layers = first < 2 ? 2 : first; layers <= last && layers <= VSH_LAYERS_MAX;
             layers += layers < 32 ? 1 : 4)
            if (worth_trying(width, layers, target))
                VSH_TRY(try_architecture(r, goal, width, layers, state, err));
    }
    return VSH_OK;
}

static vsh_status search(const plan_request *r, const plan_goal *goal, double target,
                         search_state *state, vsh_error *err)
{
    state->loss_limit = INFINITY;
    VSH_TRY(search_pass(r, goal, target, state, err));
    if (!state->found)
        return VSH_OK;
    state->loss_limit = state->best.loss + PLAN_NOISE_NATS;
    state->size = target;
    return search_pass(r, goal, target, state, err);
}

static double target_params(const plan_request *r, const plan_goal *goal)
{
    double memory = PLAN_MEMORY_SHARE * goal->chips * r->hardware->memory_bytes.value /
                    vsh_recipe_bytes(goal->recipe);
    double N = goal->law->repeats ? vsh_muennighoff_optimum(goal->flops, goal->unique_tokens).params
                                  : goal->law->optimum(goal->flops, (double)goal->experts).params;
    double total_per_active = goal->experts ? (4 + 8 * (double)goal->experts) / 12 : 1;

    return fmin(N, memory / total_per_active);
}

vsh_status plan_find_run(const plan_request *r, const plan_goal *goal, plan_run *run,
                         vsh_error *err)
{
    search_state state = {.found = false};
    double target = target_params(r, goal);

    *run = (plan_run){.name = goal->name, .saving_flops = NAN, .saving_time = NAN};
    if (goal->model) {
        run->model = *goal->model;
        VSH_TRY(assess(goal, run, err));
        return complete(r, goal, run, err);
    }
    /* smaller and smaller until something fits: a chip may hold far less than the law would like */
    for (int i = 0; i < 12 && !state.found && target > 1e3; i++, target /= 3)
        VSH_TRY(search(r, goal, target, &state, err));
    if (!state.found)
        return VSH_OK;
    *run = state.best;
    return complete(r, goal, run, err);
}

static void warn_of_the_run(plan *p)
{
    const plan_run *run = &p->recommended;

    if (run->steps < VSH_STEPS_MIN)
        plan_warn(p, "too_few_steps", "%s optimizer steps; under %g the data is not used well",
                  vsh_show_integer((int64_t)run->steps).text, VSH_STEPS_MIN);
    if (!run->valid)
        plan_warn(p, "outside_validated_region",
                  "%s is asked outside its data: %s; its loss is a bound, not a prediction",
                  run->loss_law->name, run->invalid_reason);
    if (!run->fits)
        plan_warn(p, "does_not_fit", "%s needs %s of %s even with one sequence at a time",
                  run->model.name, vsh_show_bytes(run->footprint.total.v).text,
                  vsh_show_bytes(p->request.hardware->memory_bytes.value).text);
}

/* The run that the whole budget buys, on unlimited data; when the tokens at hand are fewer, the run
 * that makes the most of repeating them, which may end before the budget does. */
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
        goal.law = &vsh_ludziejewski2025; /* the one law that knows experts */
        goal.experts = r->model->experts.count / r->model->experts.top_k;
    }
    VSH_TRY(plan_find_run(r, &goal, &p->recommended, err));
    p->data_limited = r->unique_tokens > 0 && p->recommended.tokens > r->unique_tokens;
    if (p->data_limited) {
        if (!goal.experts)
            goal.law = &vsh_muennighoff2023;
        goal.flops = fmin(p->flops, p->useful_flops);
        goal.unique_tokens = r->unique_tokens;
        VSH_TRY(plan_find_run(r, &goal, &p->recommended, err));
    }
    p->recommends = p->recommended.fits;
    if (p->recommended.model.layers > 0)
        warn_of_the_run(p);
    else
        plan_warn(p, "no_run", "no architecture near the %s parameters that %s would choose both fits "
                               "and can be trained with %.3g FLOP on the data",
                  vsh_show_count(target_params(r, &goal)).text, goal.law->name, goal.flops);
    return VSH_OK;
}
