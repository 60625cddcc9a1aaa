#include <sys/stat.h>

#include "core/file.h"
#include "core/named.h"
#include "sim/expert_rows.h"
#include "sim/sim_commands.h"
#include "sim/sim_trace.h"
#include "sim/step_html.h"
#include "sim/step_report.h"

/* The model and the shapes of a micro-batch. */
static vsh_status read_work(vsh_session *s, const vsh_hardware *h, vsh_model *model, sim_step *step,
                            vsh_error *err)
{
    const sim_config *c = s->config;
    vsh_precision precision = sim_precision(c->precision, h);
    vsh_optimizer optimizer = c->optimizer < 0 ? VSH_ADAMW : (vsh_optimizer)c->optimizer;
    int64_t micro = c->micro_batch ? c->micro_batch : c->batch;

    VSH_TRY(vsh_named_model(s, c->model, model, err));
    if (!c->batch)
        return vsh_fail(err, VSH_EINPUT, "--batch: expected a number of sequences, got nothing");
    if (c->batch % micro)
        return vsh_fail(err, VSH_EINPUT,
                        "--micro-batch: expected a divisor of the batch of %lld, got %lld",
                        (long long)c->batch, (long long)micro);
    step->model = model;
    step->work = vsh_work_default(c->seq ? c->seq : model->context);
    step->work.sequences = micro;
    step->work.precision = precision;
    step->work.recompute = (vsh_recompute_mode)c->recompute;
    step->work.recipe = vsh_recipe_for(precision, optimizer);
    step->micro_batches = c->batch / micro;
    return VSH_OK;
}

/* How many rows at a time the experts' products should take. */
static vsh_status advise(vsh_arena *arena, sim_step_answer *a, vsh_error *err)
{
    const sim_step_time *r = a->result;

    if (a->chip.hardware->kind != VSH_TPU || !a->step.model->experts.count)
        return VSH_OK;
    a->advice = vsh_alloc(arena, (size_t)r->ops.count, sizeof *a->advice);
    if (!a->advice)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < r->ops.count; i++)
        if (r->plan[i].experts && r->plan[i].gemm_count)
            VSH_TRY(
                sim_advise_tiles(arena, &a->chip, &r->plan[i], &a->advice[a->advice_count++], err));
    return VSH_OK;
}

/* A step that one chip cannot hold is simulated all the same, and that is said. */
static vsh_status weigh(vsh_session *s, sim_step_answer *a, vsh_error *err)
{
    const vsh_hardware *h = a->chip.hardware;

    VSH_TRY(vsh_footprint_of(a->step.model, &a->step.work, VSH_LOGIT_CHUNK, &a->footprint, err));
    a->fits = a->footprint.total.v <= h->memory_bytes.value;
    if (!a->fits)
        vsh_text_add(&s->talk,
                     "vishwa-sim: this step needs %s and the chip has %s: simulated as if it fit\n",
                     vsh_show_bytes(a->footprint.total.v).text,
                     vsh_show_bytes(h->memory_bytes.value).text);
    return VSH_OK;
}

/* Spans of a trace: some tens of MB of JSON, which Perfetto opens at once. */
enum { TRACE_SPANS = 150000 };

/* Before anything runs: a file of somebody else's stays. */
static vsh_status check_place(const sim_config *c, vsh_error *err)
{
    struct stat there;

    if (c->trace && !c->common.force && lstat(c->trace, &there) == 0 && S_ISREG(there.st_mode) &&
        vsh_file_owner_of(c->trace, SIM_TRACE_MARK) == VSH_FILE_FOREIGN)
        return vsh_fail(
            err, VSH_EINPUT,
            "--trace: %.200s is there and no trace of vishwa-sim; --force overwrites it", c->trace);
    return VSH_OK;
}

/* Runs the step; watched where somebody asks for what happened. */
static vsh_status simulate(vsh_session *s, sim_step_answer *a, sim_trace **trace, vsh_error *err)
{
    const sim_config *c = s->config;

    if (c->trace || c->report) {
        *trace = sim_trace_open(s->arena, &a->chip, TRACE_SPANS);
        if (!*trace)
            return vsh_fail(err, VSH_EMACHINE, "out of memory for a trace");
    }
    VSH_TRY(sim_schedule(s->arena, &a->chip, &a->step, a->engine,
                         *trace ? &(*trace)->watcher : NULL, &a->result, err));
    if (*trace && (*trace)->op_count == 0) /* operations ran alone: nobody could be watched */
        sim_trace_add_totals(*trace, a->result);
    VSH_TRY(advise(s->arena, a, err));
    return weigh(s, a, err);
}

/* The files that were asked for. */
static vsh_status write_files(vsh_session *s, const sim_step_answer *a, const sim_trace *trace,
                              vsh_error *err)
{
    const sim_config *c = s->config;
    sim_report_input input = {.answer = a,
                              .trace = trace,
                              .command = s->line,
                              .force = c->common.force};
    size_t said = s->talk.length;
    vsh_status status;

    if (c->trace)
        VSH_TRY(sim_trace_write(trace, c->trace, err));
    if (!c->report)
        return VSH_OK;
    status = sim_step_report(s->arena, c->report, &input, &s->talk, err);
    s->answered = s->talk.length > said; /* all but the pictures may be there */
    return status;
}

static void show(vsh_session *s, const sim_step_answer *a)
{
    vsh_json json = {.out = &s->out};

    if (s->common->json) {
        sim_step_write_json(a, s->common->explain, &json);
        return;
    }
    sim_step_print(a, s->common->verbose, s->term, &s->out);
    if (s->common->explain)
        sim_step_explain(a, &s->out);
}

vsh_status sim_run_step(vsh_session *s, vsh_error *err)
{
    const sim_config *c = s->config;
    sim_step_answer *a = vsh_alloc(s->arena, 1, sizeof *a);
    vsh_hardware *hardware = vsh_alloc(s->arena, 1, sizeof *hardware);
    vsh_model *model = vsh_alloc(s->arena, 1, sizeof *model);
    sim_trace *trace = NULL;
    sim_expert_load load;

    if (!a || !hardware || !model)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (c->engine == SIM_REFERENCE)
        return vsh_fail(err, VSH_EINPUT,
                        "--engine: a step is too long for the reference; it runs gemm");
    VSH_TRY(check_place(c, err));
    VSH_TRY(vsh_named_hardware(s, c->hw, c->refresh, hardware, err));
    VSH_TRY(read_work(s, hardware, model, &a->step, err));
    VSH_TRY(sim_expert_load_read(s->arena, c->experts_load, model, &load, err));
    a->step.load = &load;
    a->engine = &sim_engines[c->engine];
    VSH_TRY(sim_chip_from(hardware, a->step.work.precision, &a->chip, err));
    if (sim_chip_caveat(hardware))
        vsh_text_add(&s->talk, "vishwa-sim: %s: %s\n", hardware->name, sim_chip_caveat(hardware));
    VSH_TRY(simulate(s, a, &trace, err));
    show(s, a);
    return write_files(s, a, trace, err);
}
