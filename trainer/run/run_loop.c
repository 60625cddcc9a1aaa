#include "trainer/run/run_loop.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/clock.h"

/* Steps whose losses a spike is judged by, before which nothing is one; the running mean and
 * variance forget at the same pace. */
enum { SPIKE_MEMORY = 50 };

/* In a whole run there are at most so many times spike_limit roll-backs. */
enum { ROLL_BACKS = 4 };

/* Of one call of vsh_run_steps. */
typedef struct {
    double started, shown; /* clock */
    double busy;           /* seconds in steps */
    int64_t steps;         /* done by this call */
    int64_t macs_per_step;
    double fastest;
} timing;

static void fill_from_stream(void *context, int64_t first, int64_t sequences, int64_t seq,
                             int32_t *inputs, int32_t *targets)
{
    vsh_stream_batch(context, first, sequences, seq, inputs, targets);
}

static bool window_of_data(const void *context, int64_t window, int64_t seq, int32_t *inputs,
                           int32_t *targets)
{
    return vsh_evaluation_window(context, window, seq, inputs, targets);
}

/* ---- spikes -------------------------------------------------------------------------------- */

static bool is_spike(const vsh_run *run, double loss)
{
    const vsh_checkpoint_state *s = &run->state;

    if (run->config->spike == VSH_SPIKE_IGNORE || s->spike_count < SPIKE_MEMORY)
        return false;
    return loss > s->spike_mean + run->config->spike_deviations * sqrt(s->spike_variance);
}

/* Exponentially weighted mean and variance (West 1979). */
static void learn_loss(vsh_checkpoint_state *s, double loss)
{
    double count = (double)(s->spike_count < SPIKE_MEMORY ? s->spike_count + 1 : SPIKE_MEMORY);
    double change = loss - s->spike_mean;

    s->spike_mean += change / count;
    s->spike_variance = (1 - 1 / count) * (s->spike_variance + change * change / count);
    s->spike_count++;
}

static bool known_bad(const vsh_run *run, int64_t step)
{
    for (int i = 0; i < run->bad_count; i++)
        if (run->bad[i] == step)
            return true;
    return false;
}

/* ---- the log ------------------------------------------------------------------------------- */

static void write_routing(vsh_json *json, const vsh_network_report *report)
{
    if (report->routed == 0)
        return;
    vsh_json_known(json, "balance_loss", report->balance);
    vsh_json_known(json, "z_loss", report->z);
    vsh_json_known(json, "load_max", report->load_max);
    vsh_json_known(json, "load_entropy", report->entropy);
    vsh_json_known(json, "dropped_share", (double)report->dropped / (double)report->routed);
}

/* What one step took. */
typedef struct {
    double seconds, joules; /* NaN: nobody knows */
} spent;

static vsh_status log_step(vsh_run *run, const vsh_step *step, double rate, spent cost,
                           const char *what, vsh_error *err)
{
    vsh_arena scratch = {0};
    vsh_text line = {.arena = &scratch};
    vsh_json json = {.out = &line, .one_line = true};
    double tokens = (double)run->config->batch.tokens;
    vsh_status status;

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "step", run->state.step);
    vsh_json_integer(&json, "tokens", run->state.tokens);
    vsh_json_known(&json, "loss", step->report.loss);
    vsh_json_known(&json, "joint_loss", step->report.joint);
    vsh_json_known(&json, "lr", rate);
    vsh_json_known(&json, "grad_norm", step->gradient_norm);
    vsh_json_known(&json, "step_time_s", cost.seconds);
    vsh_json_known(&json, "tokens_per_s", tokens / cost.seconds);
    vsh_json_known(&json, "flops", 2 * (double)step->executed_macs);
    if (run->trainer->teacher)
        vsh_json_known(&json, "teacher_flops", 2 * (double)step->teacher_macs);
    vsh_json_known(&json, "mfu", step->model_flops.v / cost.seconds / run->peak_flops);
    vsh_json_known(&json, "energy_j", cost.joules);
    vsh_json_integer(&json, "rss_bytes", vsh_memory_resident());
    write_routing(&json, &step->report);
    if (what)
        vsh_json_string(&json, "update", what);
    vsh_json_end(&json);
    status = vsh_run_log_write(&run->log, &line, err);
    run->log.joules += cost.joules;
    vsh_arena_free(&scratch);
    return status;
}

static vsh_status log_evaluation(vsh_run *run, const vsh_evaluation *e, vsh_error *err)
{
    vsh_arena scratch = {0};
    vsh_text line = {.arena = &scratch};
    vsh_json json = {.out = &line, .one_line = true};
    vsh_status status;

    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "event", "evaluate");
    vsh_json_integer(&json, "step", run->state.step);
    vsh_json_known(&json, "loss", e->loss);
    if (run->teacher_evaluation.tokens)
        vsh_json_known(&json, "teacher_loss", run->teacher_evaluation.loss);
    vsh_json_known(&json, "perplexity", exp(e->loss));
    vsh_json_integer(&json, "tokens", e->tokens);
    vsh_json_end(&json);
    status = vsh_run_log_write(&run->log, &line, err);
    vsh_arena_free(&scratch);
    return status;
}

/* The log is cut back with the run; what was bad is told. */
static vsh_status log_roll_back(vsh_run *run, int64_t bad_step, double loss, vsh_error *err)
{
    vsh_arena scratch = {0};
    vsh_text line = {.arena = &scratch};
    vsh_json json = {.out = &line, .one_line = true};
    const char *path = run->log.path;
    vsh_status status;

    vsh_run_log_close(&run->log);
    status = vsh_run_log_open(&scratch, path, run->state.step, &run->log, err);
    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "event", "rollback");
    vsh_json_integer(&json, "step", run->state.step);
    vsh_json_integer(&json, "bad_step", bad_step);
    vsh_json_known(&json, "loss", loss);
    vsh_json_end(&json);
    if (status == VSH_OK)
        status = vsh_run_log_write(&run->log, &line, err);
    vsh_arena_free(&scratch);
    return status;
}

/* ---- progress ------------------------------------------------------------------------------ */

static void show_progress(vsh_run *run, const vsh_step *step, timing *t, bool last)
{
    const vsh_run_plan *plan = run->trainer->plan;
    double now = vsh_clock_now().v, each = t->busy / (double)t->steps;
    double interval = run->talk_is_terminal ? 0.1 : 30, left;
    int64_t tenth = run->last_step / 10;
    bool round = !run->talk_is_terminal && tenth > 0 && run->state.step % tenth == 0;

    if (!run->talk || (!last && !round && now - t->shown < interval))
        return;
    t->shown = now;
    left = each * (double)(run->last_step - run->state.step);
    fprintf(run->talk, "%s  step %s/%s  loss %.3f  %s tok/s  ", run->talk_is_terminal ? "\r" : "",
            vsh_show_integer(run->state.step).text, vsh_show_integer(run->last_step).text,
            step->report.loss, vsh_show_amount((double)run->config->batch.tokens / each).text);
    if (isfinite(run->peak_flops))
        fprintf(run->talk, "MFU %.0f %%  ", 100 * plan->model_flops.v / each / run->peak_flops);
    fprintf(run->talk, "%s", vsh_show_bytes((double)vsh_memory_resident()).text);
    if (left > 0)
        fprintf(run->talk, "  eta %s", vsh_show_time(left).text);
    fputs(run->talk_is_terminal ? "\033[K" : "\n", run->talk);
    if (run->talk_is_terminal && last)
        fputc('\n', run->talk);
    fflush(run->talk);
}

/* ---- steps --------------------------------------------------------------------------------- */

/* Back to the newest checkpoint; the step is remembered as one to skip. */
static vsh_status roll_back(vsh_run *run, int64_t bad_step, vsh_error *err)
{
    const char *path, *warning;
    vsh_checkpoint_state before = run->state;

    if (run->bad_count == VSH_BAD_STEPS ||
        before.rollbacks >= ROLL_BACKS * run->config->spike_limit)
        return vsh_fail(err, VSH_ENO,
                        "step %" PRId64 ": rolled back %" PRId64 " times already; the newest "
                        "checkpoint stands (a smaller lr may help)",
                        bad_step, before.rollbacks);
    VSH_TRY(vsh_checkpoint_newest(run->arena, run->checkpoints, &path, &warning, err));
    if (*warning && run->talk)
        fprintf(run->talk, "%swarning: %s\n", run->talk_is_terminal ? "\r\033[K" : "", warning);
    run->bad[run->bad_count++] = bad_step;
    if (path) /* without one there is nothing to go back to: the step is skipped where it is */
        VSH_TRY(vsh_run_load(run, path, err));
    VSH_TRY(vsh_checkpoint_discard_after(run->arena, run->checkpoints, run->state.step, err));
    run->state.rollbacks = before.rollbacks + 1;
    return VSH_OK;
}

typedef enum { UPDATED, SKIPPED, ROLLED_BACK } outcome;

static vsh_status one_step(vsh_run *run, vsh_step *result, double *rate, outcome *happened,
                           vsh_error *err)
{
    vsh_batch_source source = {fill_from_stream, run->stream};
    int64_t step = run->state.step + 1;
    bool bad;

    *happened = UPDATED;
    *rate = vsh_schedule_rate(&run->config->schedule, step);
    VSH_TRY(vsh_trainer_gradient(run->trainer, &source, step, run->state.tokens, result, err));
    bad = !result->finite || is_spike(run, result->report.loss);
    if (bad && !known_bad(run, step)) {
        if (++run->in_a_row > run->config->spike_limit)
            return vsh_fail(err, VSH_ENO,
                            "step %" PRId64 ": the loss is %s, bad %d times in a row; the newest "
                            "checkpoint stands (a smaller lr may help)",
                            step,
                            result->finite ? vsh_show_real(result->report.loss).text : "not finite",
                            run->in_a_row);
        if (run->config->spike == VSH_SPIKE_ROLLBACK) {
            *happened = ROLLED_BACK;
            return roll_back(run, step, err);
        }
    }
    run->state.step = step;
    run->state.tokens += run->config->batch.tokens;
    if (bad) {
        *happened = SKIPPED;
        run->state.skipped++;
        return VSH_OK;
    }
    run->in_a_row = 0;
    vsh_trainer_update(run->trainer, step, *rate, result);
    learn_loss(&run->state, result->report.loss);
    return VSH_OK;
}

static bool due(int64_t every, int64_t step) { return every > 0 && step % every == 0; }

static vsh_status evaluate(vsh_run *run, vsh_error *err)
{
    vsh_window_source source = {window_of_data, &run->data->held_out};
    vsh_evaluation *e = &run->last_evaluation;

    if (run->data->held_out.count < 2)
        return VSH_OK;
    VSH_TRY(vsh_trainer_evaluate(run->trainer, &source, run->config->evaluate_tokens, e, err));
    if (run->trainer->teacher && run->state.step >= run->last_step)
        VSH_TRY(vsh_trainer_evaluate_teacher(run->trainer, &source, run->config->evaluate_tokens,
                                             &run->teacher_evaluation, err));
    if (run->talk)
        fprintf(run->talk, "%s  step %s  held-out loss %.4f, perplexity %.1f\n",
                run->talk_is_terminal ? "\r\033[K" : "", vsh_show_integer(run->state.step).text,
                e->loss, exp(e->loss));
    return log_evaluation(run, e, err);
}

/* What a step is followed by; stop tells whether the call ends here. */
static vsh_status after_step(vsh_run *run, const timing *t, outcome happened, bool *stop,
                             vsh_error *err)
{
    int64_t step = run->state.step;
    bool end = step >= run->last_step, anew = happened != ROLLED_BACK; /* else it was here before */
    double gone = vsh_clock_now().v - t->started;

    *stop = end || *run->stop || (run->seconds_max > 0 && gone >= run->seconds_max);
    if (anew &&
        (due(run->config->evaluate_every, step) || (end && run->config->evaluate_every > 0)))
        VSH_TRY(evaluate(run, err));
    /* weights whose loss was bad must not push older ones out */
    if (*stop || (anew && run->in_a_row == 0 && due(run->config->checkpoint_every, step)))
        VSH_TRY(vsh_run_save(run, err));
    return VSH_OK;
}

static void measure(vsh_run *run, const timing *t)
{
    run->measured =
        (vsh_run_figures){.params = run->trainer->list.elements,
                          .flops_per_step = t->steps ? 2 * (double)t->macs_per_step : (double)NAN,
                          .memory_bytes = (double)run->trainer->arena_bytes,
                          .step_time_s = t->fastest,
                          .energy_j = run->log.joules};
}

/* Of the counters; 0 without any. */
static double joules_so_far(vsh_run *run)
{
    return run->energy_measured ? vsh_energy_read(&run->energy).v : 0;
}

vsh_status vsh_run_steps(vsh_run *run, vsh_error *err)
{
    timing t = {.started = vsh_clock_now().v, .fastest = INFINITY};
    bool stop = run->state.step >= run->last_step;

    while (!stop) {
        double before = joules_so_far(run), start = vsh_clock_now().v, rate;
        spent cost;
        int64_t tried = run->state.step + 1;
        outcome happened;
        vsh_step result;
        VSH_TRY(one_step(run, &result, &rate, &happened, err));
        cost.seconds = vsh_clock_now().v - start;
        cost.joules =
            run->energy_measured ? joules_so_far(run) - before : run->watts * cost.seconds;
        t.busy += cost.seconds;
        t.steps++;
        t.fastest = fmin(t.fastest, cost.seconds);
        t.macs_per_step = result.executed_macs;
        if (happened == ROLLED_BACK)
            VSH_TRY(log_roll_back(run, tried, result.report.loss, err));
        else
            VSH_TRY(
                log_step(run, &result, rate, cost, happened == SKIPPED ? "skipped" : NULL, err));
        VSH_TRY(after_step(run, &t, happened, &stop, err));
        show_progress(run, &result, &t, stop);
    }
    measure(run, &t);
    return run->state.step >= run->last_step ? VSH_OK : VSH_ESTOPPED;
}
