#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/model_write.h"
#include "trainer/train_validate.h"

/* ---- the terminal ---------------------------------------------------------------------------- */

/* A figure as people read its unit. */
static vsh_figure_text show(double value, const char *unit)
{
    vsh_figure_text text = {"-"};

    if (!isfinite(value))
        return text;
    if (strcmp(unit, "s") == 0)
        return vsh_show_time(value);
    if (strcmp(unit, "B") == 0)
        return vsh_show_bytes(value);
    if (strcmp(unit, "1") == 0)
        return value == rint(value) ? vsh_show_integer((int64_t)value) : vsh_show_real(value);
    return vsh_show_si(value);
}

static vsh_figure_text percent(double share)
{
    vsh_figure_text text = {"-"};

    if (share == 0)
        snprintf(text.text, sizeof text.text, "exact");
    else if (isfinite(share))
        snprintf(text.text, sizeof text.text, fabs(share) < 0.01 ? "%+.2f %%" : "%+.1f %%",
                 100 * share);
    return text;
}

static const char *const verdict_words[] = {"FAILED", "pass", "-"};

static void show_check(const vsh_validate_check *c, vsh_text *out)
{
    vsh_text_add(out, "    %-22s %10s %10s %10s %8s", c->quantity, show(c->predicted, c->unit).text,
                 show(c->simulated, c->unit).text, show(c->measured, c->unit).text,
                 percent(c->rel_error).text);
    vsh_text_add(out, "  %s\n", verdict_words[c->verdict]);
}

/* The largest error among lines that are of bytes or counts, or of one quantity. */
static double worst(const vsh_validate_check *checks, const char *only)
{
    double most = 0;

    for (int i = 0; i < VSH_VALIDATE_QUANTITIES; i++) {
        const vsh_validate_check *c = &checks[i];
        bool counts = only ? strcmp(c->quantity, only) == 0 : c->tolerance == 0;
        if (counts && (fabs(c->rel_error) > fabs(most) || (only && isnan(c->rel_error))))
            most = c->rel_error;
    }
    return most;
}

/* What a row says: where the time could not be judged, no more than that the counts were. */
static const char *word_of(const vsh_validate_check *checks)
{
    const char *word = "counts";

    for (int i = 0; i < VSH_VALIDATE_QUANTITIES; i++) {
        if (checks[i].verdict == VSH_CHECK_FAILED)
            return verdict_words[VSH_CHECK_FAILED];
        if (checks[i].verdict == VSH_CHECK_PASSED && strcmp(checks[i].quantity, "step_time_s") == 0)
            word = verdict_words[VSH_CHECK_PASSED];
    }
    return word;
}

static void show_run(const validation *v, int index)
{
    const vsh_validated *run = &v->run[index];
    const vsh_validate_check *checks = v->check + index * VSH_VALIDATE_QUANTITIES;
    vsh_text *out = &v->session->out;
    char name[32];

    snprintf(name, sizeof name, "%s%s", run->which->name, run->which->calibration ? " *" : "");
    vsh_text_add(out, "  %-20s %8s %8s %9s %9s %9s %7s\n", name, percent(worst(checks, NULL)).text,
                 percent(worst(checks, "resident_bytes")).text,
                 percent(worst(checks, "step_time_s")).text,
                 vsh_show_time(run->measured.figures.step_time_s).text,
                 percent(run->measured.spread).text, word_of(checks));
    for (int i = 0; i < VSH_VALIDATE_QUANTITIES; i++)
        if (v->session->common->verbose || checks[i].verdict == VSH_CHECK_FAILED)
            show_check(&checks[i], out);
}

static void show_rates(const validation *v, vsh_text *out)
{
    const vsh_validate_check *rates = &v->check[v->runs * VSH_VALIDATE_QUANTITIES];

    vsh_text_add(out, "  Profile   fp32 %s, memory %s off what the machine gives now\n",
                 percent(rates[0].rel_error).text, percent(rates[1].rel_error).text);
    for (int i = 0; i < VSH_VALIDATE_RATES; i++)
        if (rates[i].verdict == VSH_CHECK_FAILED)
            show_check(&rates[i], out);
}

/* Undecided lines by what left them so. */
static void show_undecided(const validation *v, vsh_text *out)
{
    for (int i = 0; i < v->checks; i++) {
        const char *why = v->check[i].why;
        int count = 0;
        bool shown = false;
        for (int j = 0; why && j < v->checks; j++) {
            bool same = v->check[j].why && strcmp(v->check[j].why, why) == 0;
            shown |= same && j < i;
            count += same;
        }
        if (why && !shown)
            vsh_text_add(out, "  Undecided %d: %s\n", count, why);
    }
}

static void show_times(const validation *v, vsh_text *out)
{
    const vsh_validate_check *median = &v->check[v->checks - 1];

    vsh_text_add(out, "\n  %d of %d step times decided", v->times.decided, v->times.judging);
    if (isfinite(median->rel_error))
        vsh_text_add(out, "; median error %.1f %% of at most %.0f %%: %s", 100 * median->rel_error,
                     100 * median->tolerance,
                     median->why ? "undecided" : verdict_words[median->verdict]);
    vsh_text_add(out, "\n");
}

static void show_terminal(const validation *v)
{
    vsh_text *out = &v->session->out;

    vsh_text_add(out, "\n  %s, %" PRId64 " thread%s\n  ", v->machine.name, v->threads,
                 v->threads == 1 ? "" : "s");
    vsh_text_wrap(out, v->run[0].measured.products, 2, 80);
    vsh_text_add(out, "\n  %-20s %8s %8s %9s %9s %9s\n", "predicted / measured", "counts",
                 "resident", "step time", "measured", "probes");
    for (int i = 0; i < v->runs; i++)
        show_run(v, i);
    show_times(v, out);
    show_rates(v, out);
    if (v->constants.runs)
        vsh_text_add(out, "  Time      rooflines, times factors of %d runs for calibration (*)\n",
                     v->constants.runs);
    else
        vsh_text_add(out, "  Time      rooflines: no run for calibration (*) was undisturbed\n");
    vsh_text_add(out, "  Checks    %d passed, %d failed\n", v->passed, v->failed);
    show_undecided(v, out);
    vsh_text_put(out, "\n", 1);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void write_check(const vsh_validate_check *c, vsh_json *json)
{
    char name[96];

    snprintf(name, sizeof name, "%s.%s", c->which ? c->which->name : "all", c->quantity);
    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", name);
    vsh_json_string(json, "configuration", c->which ? c->which->name : NULL);
    vsh_json_string(json, "quantity", c->quantity);
    vsh_json_string(json, "unit", c->unit);
    vsh_json_known(json, "predicted", c->predicted);
    vsh_json_known(json, "simulated", c->simulated);
    vsh_json_known(json, "measured", c->measured);
    if (isfinite(c->modelled))
        vsh_json_real(json, "modelled", c->modelled);
    vsh_json_known(json, "rel_error", c->rel_error);
    vsh_json_known(json, "simulated_rel_error", c->simulated_error);
    vsh_json_known(json, "tolerance", c->tolerance);
    if (c->verdict == VSH_CHECK_UNDECIDED)
        vsh_json_null(json, "pass");
    else
        vsh_json_bool(json, "pass", c->verdict == VSH_CHECK_PASSED);
    vsh_json_string(json, "undecided", c->why);
    vsh_json_end(json);
}

static void write_probe(const char *key, const vsh_machine_probe *p, vsh_json *json)
{
    vsh_json_object(json, key);
    vsh_json_real(json, "multiply_flops_per_s", p->multiply.v);
    vsh_json_real(json, "move_bytes_per_s", p->move.v);
    vsh_json_end(json);
}

/* Where the time of the fastest step went, and where the prediction put it. */
static void write_parts(const vsh_validated *run, vsh_json *json)
{
    const vsh_validate_clocks *c = &run->measured.clocks;

    vsh_json_array(json, "parts");
    for (int kind = 0; kind < VSH_STEP_KINDS; kind++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++) {
            double predicted = run->priced.s[kind][phase], measured = c->parts.s[kind][phase];
            if (predicted == 0 && measured == 0)
                continue;
            vsh_json_object(json, NULL);
            vsh_json_string(json, "kind", vsh_step_kind_names[kind]);
            vsh_json_string(json, "phase", vsh_phase_names[phase]);
            vsh_json_real(json, "predicted_s", predicted);
            vsh_json_known(json, "measured_s", measured > 0 ? measured : (double)NAN);
            vsh_json_end(json);
        }
    vsh_json_end(json);
}

static void write_ops(const validation *v, const vsh_validated *run, vsh_json *json)
{
    const vsh_op_list *ops = run->ops;
    const vsh_step_constants *constants = train_validate_constants(v, run);
    vsh_step_work work = vsh_validate_step_work(&run->config, &run->plan, ops);

    vsh_json_array(json, "ops");
    for (int i = 0; i < ops->count; i++) {
        const vsh_op *op = &ops->item[i];
        double seconds = run->measured.clocks.row[i].seconds;
        double times = op->phase == VSH_OPTIMIZER ? 1 : (double)run->config.batch.accumulate;
        if (op->phase == VSH_OPTIMIZER)
            seconds = run->measured.clocks.update_s;
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", op->name);
        vsh_json_string(json, "phase", vsh_phase_names[op->phase]);
        vsh_json_string(json, "kind", vsh_step_kind_names[vsh_step_kind_of(op)]);
        vsh_json_integer(json, "m", op->m);
        vsh_json_integer(json, "n", op->n);
        vsh_json_integer(json, "k", op->k);
        vsh_json_integer(json, "count", op->count);
        vsh_json_integer(json, "executed_macs", op->executed_macs);
        vsh_json_real(json, "vector_flops", op->vector_flops.v);
        vsh_json_real(json, "bytes", op->bytes.v);
        vsh_json_real(json, "predicted_s",
                      times * vsh_step_model_op(op, &work, &v->machine, constants).v);
        vsh_json_known(json, "measured_s", seconds > 0 ? seconds : (double)NAN);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_run(const validation *v, const vsh_validated *run, vsh_json *json)
{
    const vsh_validate_measured *m = &run->measured;
    const vsh_run_config *c = &run->config;

    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", run->which->name);
    vsh_json_bool(json, "calibration", run->which->calibration);
    vsh_json_bool(json, "added", run->added);
    vsh_json_string(json, "model", run->which->model);
    vsh_json_string(json, "precision", vsh_precision_words[c->precision]);
    vsh_json_string(json, "optimizer", vsh_optimizer_words[c->optimizer.kind]);
    vsh_json_string(json, "recompute", vsh_recompute_words[c->recompute]);
    vsh_json_integer(json, "sequence", c->batch.sequence);
    vsh_json_integer(json, "micro_batch", c->batch.micro);
    vsh_json_integer(json, "accumulate", c->batch.accumulate);
    vsh_json_string(json, "not_simulated", run->sim_refusal);
    vsh_json_real(json, "step_time_s", m->figures.step_time_s);
    vsh_json_real(json, "step_time_median_s", m->clocks.median_s);
    vsh_json_real(json, "gradient_s", m->clocks.gradient_s);
    vsh_json_real(json, "update_s", m->clocks.update_s);
    vsh_json_real(json, "roofline_s", run->roofline_s);
    vsh_json_real(json, "probe_spread", m->spread);
    vsh_json_real(json, "waited_s", m->clocks.waited_s);
    vsh_json_bool(json, "disturbed", vsh_validate_disturbed(m));
    write_probe("probe_before", &m->before, json);
    write_probe("probe_after", &m->after, json);
    write_parts(run, json);
    if (v->session->common->verbose)
        write_ops(v, run, json);
    vsh_json_end(json);
}

static void write_machine(const validation *v, vsh_json *json)
{
    const vsh_hardware *h = &v->machine;

    vsh_json_object(json, "machine");
    vsh_json_string(json, "name", h->name);
    vsh_json_integer(json, "threads", v->threads);
    vsh_json_string(json, "products", v->run[0].measured.products);
    for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
        char key[48];
        snprintf(key, sizeof key, "%s_peak_flops_per_s", vsh_precision_words[p]);
        if (h->peak[p].known)
            vsh_json_real(json, key, h->peak[p].value);
        snprintf(key, sizeof key, "%s_product_flops_per_s", vsh_precision_words[p]);
        if (h->products[p].known)
            vsh_json_real(json, key, h->products[p].value);
    }
    vsh_json_real(json, "memory_bytes_per_s", h->memory_rate.value);
    vsh_json_end(json);
}

static void show_json(const validation *v)
{
    vsh_json json = {.out = &v->session->out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_integer(&json, "passed", v->passed);
    vsh_json_integer(&json, "failed", v->failed);
    vsh_json_string(&json, "time_model", v->constants.runs ? "calibrated" : "roofline");
    vsh_json_integer(&json, "calibration_runs", v->constants.runs);
    vsh_json_integer(&json, "undecided", v->checks - v->passed - v->failed);
    vsh_json_integer(&json, "step_times_decided", v->times.decided);
    vsh_json_integer(&json, "step_times_judging", v->times.judging);
    write_machine(v, &json);
    vsh_json_array(&json, "checks");
    for (int i = 0; i < v->checks; i++)
        write_check(&v->check[i], &json);
    vsh_json_end(&json);
    vsh_json_array(&json, "configurations");
    for (int i = 0; i < v->runs; i++)
        write_run(v, &v->run[i], &json);
    vsh_json_end(&json);
    vsh_json_end(&json);
}

void train_show_validation(const validation *v)
{
    if (v->session->common->json)
        show_json(v);
    else
        show_terminal(v);
}
