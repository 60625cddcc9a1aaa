#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "trainer/data/prepared.h"
#include "trainer/nn/generate.h"
#include "trainer/run/energy.h"
#include "trainer/run/loaded.h"
#include "trainer/train_commands.h"

/* Sequences that run side by side. */
enum { SIDE_BY_SIDE = 8 };

/* What was evaluated, and how. */
typedef struct {
    vsh_session *session;
    train_config *asked; /* what the command line said */
    vsh_loaded model;
    vsh_prepared data;
    vsh_block memory;
    vsh_generator *generator;
    int64_t seq, sequences;
    int32_t *inputs, *targets;
    vsh_exit_report report;
    double seconds, bytes;
    vsh_joules energy;
    bool energy_measured;
} evaluation;

static vsh_status open_data(evaluation *e, vsh_error *err)
{
    vsh_session *s = e->session;
    const vsh_run_config *c = &e->model.config;
    const char *own = vsh_tokenizer_path(e->model.tokenizer);
    vsh_prepare_options options = {.folder = c->data,
                                   .text = c->text,
                                   .packages = train_data_folder(s),
                                   .tokenizer = own ? c->tokenizer : "bytes",
                                   .model = own,
                                   .vocab = c->model.vocab,
                                   .threads = (int)train_threads(s),
                                   .stop = e->asked->stop};

    VSH_TRY(vsh_prepare(s->arena, &options, &e->data, err));
    if (e->data.held_out.count < 2)
        return vsh_fail(err, VSH_EINPUT, "%s: no held-out text to evaluate on",
                        c->text ? c->text : c->data);
    return VSH_OK;
}

/* Windows of held-out text, as many as were asked for. */
static vsh_status take_windows(evaluation *e, vsh_error *err)
{
    int64_t wanted = e->asked->tokens ? e->asked->tokens : INT64_MAX, windows = 0;
    const vsh_token_data *held = &e->data.held_out;

    e->seq = e->model.config.batch.sequence;
    windows = (held->count + e->seq - 1) / e->seq;
    if (wanted < INT64_MAX - e->seq && (wanted + e->seq - 1) / e->seq < windows)
        windows = (wanted + e->seq - 1) / e->seq;
    e->inputs = vsh_alloc(e->session->arena, (size_t)(windows * e->seq), sizeof *e->inputs);
    e->targets = vsh_alloc(e->session->arena, (size_t)(windows * e->seq), sizeof *e->targets);
    if (!e->inputs || !e->targets)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    while (e->sequences < windows &&
           vsh_evaluation_window(held, e->sequences, e->seq, e->inputs + e->sequences * e->seq,
                                 e->targets + e->sequences * e->seq))
        e->sequences++;
    return VSH_OK;
}

static vsh_status run(evaluation *e, vsh_error *err)
{
    const vsh_model *m = &e->model.config.model;
    vsh_generator_shape shape = {.sequences = SIDE_BY_SIDE, .capacity = e->seq, .chunk = e->seq};
    vsh_exit_rule rule = {.threshold = e->asked->exit_threshold};
    vsh_energy_meter meter;
    vsh_hardware machine;
    bool machine_known;
    double start;

    VSH_TRY(vsh_block_reserve("the evaluation", vsh_generator_bytes(m, e->model.element, &shape),
                              VSH_PLACE_LOCAL, &e->memory, err));
    VSH_TRY(vsh_generator_open(e->session->arena, m, e->model.element, &shape, &e->model.nn,
                               &e->model.offsets, e->model.weights.data, e->memory.data,
                               &e->generator, err));
    e->energy_measured = vsh_energy_open(&meter, NULL);
    start = vsh_clock_now().v;
    e->report = vsh_exit_evaluation(e->generator, isfinite(rule.threshold) ? &rule : NULL,
                                    e->sequences, e->seq, e->inputs, e->targets, NULL);
    e->seconds = vsh_clock_now().v - start;
    train_machine(e->session, &machine, &machine_known);
    e->energy = e->energy_measured
                    ? vsh_energy_read(&meter)
                    : (vsh_joules){train_watts(&machine, machine_known) * e->seconds};
    e->bytes =
        (double)e->data.held_out.bytes * (double)e->report.tokens / (double)e->data.held_out.count;
    return VSH_OK;
}

/* What runs otherwise here than it did while training; "" for nothing. */
static const char *evaluated_as(const vsh_run_config *c)
{
    bool dropless = c->model.experts.capacity > 0, wide = c->precision == VSH_INT8;

    return dropless && wide ? "experts without a capacity, products in bf16"
           : dropless       ? "experts without a capacity"
           : wide           ? "products in bf16"
                            : "";
}

static void show(const evaluation *e)
{
    vsh_session *s = e->session;
    const vsh_exit_report *r = &e->report;
    double tokens = (double)r->tokens, bits = r->loss * tokens / log(2) / e->bytes;
    vsh_json json = {.out = &s->out};

    if (!s->common->json) {
        vsh_text_add(&s->out, "\n  %s, step %s\n\n", e->model.path,
                     vsh_show_integer(e->model.step).text);
        vsh_text_add(&s->out, "  Loss          %.4f nats a token over %s held-out tokens\n",
                     r->loss, vsh_show_integer(r->tokens).text);
        vsh_text_add(&s->out, "  Perplexity    %.2f\n  Bits a byte   %.4f\n", exp(r->loss), bits);
        vsh_text_add(&s->out, "  Next token    %.1f %% right\n", 100 * r->accuracy);
        vsh_text_add(&s->out, "  Layers        %.2f of %" PRId64 "\n", r->layers,
                     e->model.config.model.layers);
        vsh_text_add(&s->out, "  Work          %sFLOP a token, %.1f %% of full depth\n",
                     vsh_show_si(r->executed.v / tokens).text, 100 * r->executed.v / r->full.v);
        if (*evaluated_as(&e->model.config))
            vsh_text_add(&s->out, "  As            %s\n", evaluated_as(&e->model.config));
        if (isfinite(e->energy.v))
            vsh_text_add(&s->out, "  Energy        %s mJ a token, %s\n",
                         vsh_show_real(1e3 * e->energy.v / tokens).text,
                         e->energy_measured ? "measured" : "modelled");
        vsh_text_put(&s->out, "\n", 1);
        return;
    }
    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "checkpoint", e->model.path);
    vsh_json_integer(&json, "step", e->model.step);
    vsh_json_string(&json, "evaluated_as", evaluated_as(&e->model.config));
    vsh_json_real(&json, "loss", r->loss);
    vsh_json_real(&json, "perplexity", exp(r->loss));
    vsh_json_real(&json, "bits_per_byte", bits);
    vsh_json_real(&json, "accuracy", r->accuracy);
    vsh_json_integer(&json, "tokens", r->tokens);
    vsh_json_real(&json, "layers_per_token", r->layers);
    vsh_json_real(&json, "flops_per_token", r->executed.v / tokens);
    vsh_json_real(&json, "full_flops_per_token", r->full.v / tokens);
    vsh_json_real(&json, "tokens_per_s", tokens / e->seconds);
    vsh_json_known(&json, "energy_j", e->energy.v);
    vsh_json_string(&json, "energy", e->energy_measured ? "measured" : "modelled");
    vsh_json_end(&json);
}

static vsh_status evaluate(evaluation *e, vsh_error *err)
{
    VSH_TRY(open_data(e, err));
    VSH_TRY(take_windows(e, err));
    VSH_TRY(run(e, err));
    if (!isfinite(e->report.loss))
        return vsh_fail(err, VSH_ENO, "%s: the loss is not finite", e->model.path);
    show(e);
    return VSH_OK;
}

vsh_status train_run_eval(vsh_session *s, vsh_error *err)
{
    vsh_gemm_options gemm = {.table_path = train_gemm_table(s)};
    evaluation *e = vsh_alloc(s->arena, 1, sizeof *e);
    const char *warning = "";
    vsh_status status;

    if (!e)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    e->session = s;
    e->asked = s->config;
    if (!e->asked->checkpoint)
        return vsh_fail(err, VSH_EINPUT, "eval: expected --checkpoint DIR");
    if (e->asked->tasks && strcmp(e->asked->tasks, "lm") != 0)
        return vsh_fail(err, VSH_EINPUT,
                        "--tasks: expected lm, got \"%.60s\"; qa and nli are not "
                        "built yet",
                        e->asked->tasks);
    status = vsh_loaded_open(s->arena, &s->library, e->asked->checkpoint, (int)train_threads(s),
                             &gemm, &e->model, &warning, err);
    if (*warning && !s->common->quiet)
        fprintf(stderr, "warning: %s\n", warning);
    if (status == VSH_OK)
        status = evaluate(e, err);
    vsh_block_release(&e->memory);
    vsh_prepared_close(&e->data);
    vsh_loaded_close(&e->model);
    return status;
}
