#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "planner/laws/muennighoff2023.h"
#include "planner/laws/repetition.h"
#include "planner/plan.h"

/* Shorter sequences than this are another task than the laws'. */
#define SEQ_LEAST 256

/* ---- what a law says ---------------------------------------------------------------------- */

/* The point with the unique tokens of the goal. */
static vsh_point repeated(const plan_goal *goal, const plan_run *run)
{
    vsh_point point = run->point;

    point.unique = goal->unique_tokens;
    return point;
}

static double total_of(const plan_goal *goal, const plan_run *run)
{
    return goal->experts ? (double)run->parameters.active : (double)run->parameters.total;
}

static void ask_law(const plan_goal *goal, plan_run *run)
{
    double share = goal->params_share > 0 ? goal->params_share : 1;
    vsh_point point;

    run->loss_law = goal->law;
    run->point = (vsh_point){share * vsh_law_params(goal->law, &run->model, &run->parameters),
                             run->tokens, 0, goal->experts ? (double)goal->experts : 1};
    point = repeated(goal, run);
    run->repetition_nats =
        goal->dense_priced ? 0 : vsh_law_repetition_price(goal->law, &point, total_of(goal, run));
    if (goal->dense_priced && goal->unique_tokens > 0)
        run->point.tokens = vsh_muennighoff_effective_tokens(run->tokens, goal->unique_tokens);
    run->loss = vsh_law_loss(goal->law, &run->point) + run->repetition_nats;
}

/* ---- does it fit -------------------------------------------------------------------------- */

static double memory_limit(const plan_request *r)
{
    return PLAN_MEMORY_SHARE * r->hardware->memory_bytes.value;
}

static vsh_status measure(const plan_request *r, const plan_goal *goal, vsh_recompute_mode mode,
                          int64_t sequences, plan_run *run, vsh_error *err)
{
    run->work = vsh_work_default(run->seq);
    run->work.sequences = sequences;
    run->work.precision = r->precision;
    run->work.recompute = mode;
    run->work.recipe = goal->recipe;
    run->work.shards = goal->chips;
    VSH_TRY(vsh_footprint_of(&run->model, &run->work, VSH_LOGIT_CHUNK, &run->footprint, err));
    run->fits = run->footprint.total.v <= memory_limit(r);
    return VSH_OK;
}

/* One sequence without recomputation, else with all of it. */
static vsh_status choose_recompute(const plan_request *r, const plan_goal *goal, plan_run *run,
                                   vsh_error *err)
{
    if (goal->recompute)
        return measure(r, goal, VSH_RECOMPUTE_FULL, 1, run, err);
    VSH_TRY(measure(r, goal, VSH_RECOMPUTE_NONE, 1, run, err));
    return run->fits ? VSH_OK : measure(r, goal, VSH_RECOMPUTE_FULL, 1, run, err);
}

/* The largest power of two of sequences that fits; activations grow with them, state does not. */
static vsh_status choose_micro_batch(const plan_request *r, const plan_goal *goal, plan_run *run,
                                     vsh_error *err)
{
    double share = run->batch_tokens / (double)run->seq / goal->chips;
    double room = memory_limit(r) - run->footprint.total.v;
    double more = 1.1 * (run->footprint.activations.v + run->footprint.logits.v); /* a sequence */
    int64_t sequences = 1;

    while (2 * (double)sequences <= share && (2 * (double)sequences - 1) * more <= room)
        sequences *= 2;
    /* the estimate above counts every sequence's logits; chunked, one more doubling may fit */
    if (run->fits && 2 * (double)sequences <= share) {
        VSH_TRY(measure(r, goal, run->work.recompute, 2 * sequences, run, err));
        if (run->fits)
            return VSH_OK;
    }
    return measure(r, goal, run->work.recompute, sequences, run, err);
}

/* ---- what it buys ------------------------------------------------------------------------- */

/* FLOPs that run for each that runs without recomputation. */
static vsh_status cost_of_recompute(const plan_run *run, double *factor, vsh_error *err)
{
    vsh_work work = run->work;
    vsh_op_list ops;
    double with;

    *factor = 1;
    if (run->work.recompute == VSH_RECOMPUTE_NONE)
        return VSH_OK;
    VSH_TRY(vsh_lower(&run->model, &work, &ops, err));
    with = vsh_ops_step_executed_flops(&ops).v;
    work.recompute = VSH_RECOMPUTE_NONE;
    VSH_TRY(vsh_lower(&run->model, &work, &ops, err));
    *factor = with / vsh_ops_step_executed_flops(&ops).v;
    return VSH_OK;
}

/* Of the time of a step with forward products as fast as the others: the backward pass is two
 * units, the forward pass with what is run again of it the rest of three times the recomputed. */
static double share_of_forward_speed(const plan_goal *goal, double recomputed)
{
    double all = 3 * recomputed;

    return goal->forward_speed > 0 ? ((all - 2) / goal->forward_speed + 2) / all : 1;
}

/* Exact model FLOPs of training one token. */
static vsh_status flops_per_token(const plan_run *run, double *flops, vsh_error *err)
{
    vsh_work work = vsh_work_default(run->seq);
    vsh_op_list ops;

    VSH_TRY(vsh_lower(&run->model, &work, &ops, err));
    *flops = vsh_ops_step_model_flops(&ops).v / (double)run->seq;
    return VSH_OK;
}

static void buy_tokens(const plan_goal *goal, plan_run *run)
{
    run->tokens =
        goal->tokens > 0 ? goal->tokens : goal->flops / run->flops_per_token / run->slowdown;
}

vsh_status plan_sketch_run(const plan_request *r, const plan_goal *goal, plan_run *run,
                           vsh_error *err)
{
    run->seq = r->seq ? r->seq : run->model.context;
    VSH_TRY(vsh_count_parameters(&run->model, &run->parameters, err));
    VSH_TRY(flops_per_token(run, &run->flops_per_token, err));
    VSH_TRY(choose_recompute(r, goal, run, err));
    VSH_TRY(cost_of_recompute(run, &run->recomputed, err));
    run->slowdown = run->recomputed * share_of_forward_speed(goal, run->recomputed);
    buy_tokens(goal, run);
    ask_law(goal, run);
    return VSH_OK;
}

/* ---- how to train it ---------------------------------------------------------------------- */

static void count_steps(plan_run *run)
{
    run->steps = floor(run->tokens / run->batch_tokens);
    run->too_short = run->steps < 1;
    run->steps = fmax(1, run->steps);
    run->tokens = run->steps * run->batch_tokens;
}

static void choose_hyperparameters(const plan_goal *goal, plan_run *run)
{
    vsh_tuned asked =
        plan_tuned_of(&run->model, &run->parameters, (double)goal->experts, run->tokens);

    asked.flops = run->tokens * run->flops_per_token;
    run->tuning = plan_tune(&asked);
    run->batch_tokens =
        vsh_batch_near(run->tuning.laws.batch_tokens, goal->chips * (double)run->seq, run->tokens);
}

/* ---- how long it takes -------------------------------------------------------------------- */

/* The least time of a step: all micro-batches of a chip, and its share of the optimizer. */
static vsh_status find_roofline(const plan_request *r, const plan_goal *goal, plan_run *run,
                                vsh_error *err)
{
    vsh_op_cost all, optimizer = {{0}, VSH_BOUND_MEMORY};
    vsh_op_list ops;

    VSH_TRY(vsh_lower(&run->model, &run->work, &ops, err));
    all = vsh_cost_ops(&ops, r->hardware, r->precision);
    for (int i = 0; i < ops.count; i++)
        if (ops.item[i].phase == VSH_OPTIMIZER)
            optimizer = vsh_cost_op(&ops.item[i], r->hardware, r->precision);
    run->bound = all.bound;
    run->roofline_s =
        (all.time.v - optimizer.time.v) * run->accumulate + optimizer.time.v / goal->chips;
    run->hfu = vsh_ops_step_executed_flops(&ops).v / vsh_ops_step_model_flops(&ops).v;
    return VSH_OK;
}

/* No throughput takes a step under its roofline, which bounds the short end. */
static void spread_hours(const plan_request *r, double assumed_s, plan_run *run)
{
    double factor = exp(PLAN_Z95 * r->throughput_log_sd);
    double least_s = fmax(assumed_s / factor, run->roofline_s);
    double most_s = fmax(assumed_s * factor, run->roofline_s);

    run->hours_range = (vsh_interval){run->steps * least_s / 3600, run->steps * most_s / 3600};
    run->tokens_range = (vsh_interval){run->tokens * run->step_time_s / most_s,
                                       run->tokens * run->step_time_s / least_s};
}

/* A run that fills its hours takes them whatever the throughput, and sees more or fewer tokens. One
 * that ends with its tokens is paid for as long as it takes, within the hours at hand. */
static vsh_duration billed(const plan_request *r, const plan_run *run)
{
    if (run->hours >= 0.95 * r->hours)
        return vsh_for_hours(run->hours);
    return (vsh_duration){run->hours, fmin(run->hours, run->hours_range.low),
                          fmin(run->hours_range.high, r->hours)};
}

/* The assumed throughput, unless recomputation or the chip's ceilings allow less. */
static vsh_status time_it(const plan_request *r, const plan_goal *goal, plan_run *run,
                          vsh_error *err)
{
    double rate = goal->chips * goal->effective.v;
    double assumed = run->batch_tokens * run->flops_per_token * run->slowdown / rate;

    run->accumulate =
        run->batch_tokens / (double)run->seq / goal->chips / (double)run->work.sequences;
    VSH_TRY(find_roofline(r, goal, run, err));
    run->step_time_s = fmax(assumed, run->roofline_s);
    if (run->roofline_s > assumed) {
        run->slowdown *= run->roofline_s / assumed;
        buy_tokens(goal, run);
        count_steps(run);
    }
    run->mfu =
        run->batch_tokens * run->flops_per_token / run->step_time_s / goal->chips / r->peak.v;
    run->hfu *= run->mfu;
    run->hours = run->steps * run->step_time_s / 3600;
    spread_hours(r, assumed, run);
    run->bill = vsh_bill_of(r->hardware, goal->chips, billed(r, run), r->region, r->price_usd);
    return VSH_OK;
}

/* ---- what to expect ----------------------------------------------------------------------- */

/* The measured run nearest to this one, on as many unique tokens if it repeats them, else on the
 * law's own corpus; NULL when the nearest is more than a factor of three away. */
static const vsh_anchor *find_measured(const plan_goal *goal, const plan_run *run)
{
    double params = run->point.params;
    const vsh_anchor *near =
        run->repetition_nats > 0
            ? vsh_anchor_nearest_repeated(params, run->tokens, goal->unique_tokens)
        : goal->law->anchor_corpus != VSH_ANY_CORPUS
            ? vsh_anchor_nearest_fresh(params, run->tokens, goal->law->anchor_corpus)
            : NULL;

    if (!near || hypot(log(near->params / params), log(near->tokens / run->tokens)) > log(3))
        return NULL;
    return near;
}

/* Where a law is out of its data, what was measured nearby belongs inside the interval. */
static void widen_by_measured(const plan_goal *goal, plan_run *run)
{
    run->measured = run->valid ? NULL : find_measured(goal, run);
    if (!run->measured)
        return;
    run->loss_range.low = fmin(run->loss_range.low, run->measured->loss);
    run->loss_range.high = fmax(run->loss_range.high, run->measured->loss);
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

static void judge(const plan_goal *goal, plan_run *run)
{
    vsh_point on_unique = repeated(goal, run);
    const vsh_law *prices = vsh_law_of_repetition(goal->law);
    int room = (int)sizeof run->invalid_reason;

    run->valid = vsh_law_valid(goal->law, prices == goal->law ? &on_unique : &run->point,
                               run->invalid_reason, room);
    if (prices != goal->law) /* which counts all parameters, and knows no experts */
        on_unique = (vsh_point){(double)run->parameters.total, run->tokens, on_unique.unique, 1};
    if (run->valid && run->repetition_nats > 0)
        run->valid = vsh_law_valid(prices, &on_unique, run->invalid_reason, room);
    if (run->valid && run->seq < SEQ_LEAST) {
        run->valid = false;
        snprintf(run->invalid_reason, sizeof run->invalid_reason,
                 "sequences of %" PRId64 " tokens; the laws are of 1,024 and more", run->seq);
    }
    if (run->valid && run->steps < VSH_STEPS_MIN) {
        run->valid = false;
        snprintf(run->invalid_reason, sizeof run->invalid_reason,
                 "%g optimizer steps; the laws are of runs with thousands", run->steps);
    }
}

/* A law that knows repetition is drawn with its own terms for it; beside another the price is added
 * with its error. */
static vsh_status spread_loss(const plan_request *r, const plan_goal *goal, plan_run *run,
                              vsh_error *err)
{
    bool itself = vsh_law_of_repetition(goal->law) == goal->law;
    vsh_point point = itself ? repeated(goal, run) : run->point;
    vsh_draw_options draws = {
        .throughput_log_sd = r->throughput_log_sd,
        .residual_sd = vsh_law_residual(goal->law),
        .added_nats = itself ? 0 : run->repetition_nats,
        .added_sd = itself ? 0 : vsh_law_repetition_sd(goal->law, run->repetition_nats),
        .seed = r->seed};

    return vsh_uncertain_loss(goal->law, &point, &draws, &run->loss_range, err);
}

static vsh_status expect(const plan_request *r, const plan_goal *goal, plan_run *run,
                         vsh_error *err)
{
    vsh_point point;

    ask_law(goal, run);
    point = repeated(goal, run);
    run->unique_tokens = vsh_point_unique(&point);
    run->epochs = run->tokens / run->unique_tokens;
    judge(goal, run);
    run->loss_range = (vsh_interval){run->loss, run->loss};
    if (!goal->trial)
        VSH_TRY(spread_loss(r, goal, run, err));
    widen_by_measured(goal, run);
    bound_by_vocabulary(run);
    plan_tune_schedule(&run->tuning, run->tokens, run->batch_tokens, run->epochs, run->loss);
    return VSH_OK;
}

vsh_status plan_complete_run(const plan_request *r, const plan_goal *goal, plan_run *run,
                             vsh_error *err)
{
    choose_hyperparameters(goal, run);
    count_steps(run);
    VSH_TRY(choose_micro_batch(r, goal, run, err));
    VSH_TRY(time_it(r, goal, run, err));
    return expect(r, goal, run, err);
}
