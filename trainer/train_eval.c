#include "trainer/train_eval.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"

/* Text that the answers without a model are learnt from: documents at even distances, so that a
 * large corpus takes no longer. */
static const int64_t baseline_bytes = 64 << 20;

/* ---- tasks -------------------------------------------------------------------------------- */

static const char *const task_words[] = {"lm", "qa", "nli"};
enum { TASK_WORDS = sizeof task_words / sizeof *task_words };

static vsh_status add_task(evaluation *e, const char *name, vsh_error *err)
{
    char suggestion[160];

    if (strcmp(name, task_words[0]) == 0) {
        e->lm = true;
        return VSH_OK;
    }
    for (int i = 0; i < e->choices; i++)
        if (strcmp(name, e->choice[i].name) == 0)
            return VSH_OK;
    for (int i = 1; i < TASK_WORDS; i++)
        if (strcmp(name, task_words[i]) == 0) {
            e->choice[e->choices++].name = task_words[i];
            return VSH_OK;
        }
    vsh_suggest(suggestion, sizeof suggestion, name, task_words, TASK_WORDS);
    return vsh_fail(err, VSH_EINPUT, "--tasks: expected lm, qa, nli or several, got \"%.60s\"%s",
                    name, suggestion);
}

static vsh_status list_tasks(evaluation *e, vsh_error *err)
{
    const char *at = e->asked->tasks ? e->asked->tasks : task_words[0];

    for (;;) {
        size_t length = strcspn(at, ",");
        const char *name = vsh_copy_text(e->session->arena, at, length);
        if (!name)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        VSH_TRY(add_task(e, name, err));
        if (!at[length])
            break;
        at += length + 1;
    }
    return e->lm || !e->asked->repeats
               ? VSH_OK
               : vsh_fail(err, VSH_EINPUT,
                          "--repeats: expected lm among --tasks, whose text it asks of");
}

/* Longer sequences were never trained on. */
static int64_t length_max(const evaluation *e) { return e->model.config.batch.sequence; }

static vsh_status read_tasks(evaluation *e, vsh_error *err)
{
    vsh_arena *arena = e->session->arena;
    const char *folder = e->asked->task_files ? e->asked->task_files : e->data.dataset.folder;

    for (int i = 0; i < e->choices; i++) {
        eval_choice *c = &e->choice[i];
        vsh_text path = {.arena = arena};
        vsh_text_add(&path, "%s/%s.jsonl", folder, c->name);
        if (access(vsh_text_string(&path), F_OK) != 0)
            return vsh_fail(err, VSH_EINPUT,
                            "%s: %s; vishwa-train data build writes it beside the shards, "
                            "--task-files DIR says where it is",
                            vsh_text_string(&path), strerror(errno));
        VSH_TRY(vsh_choice_task_read(arena, vsh_text_string(&path), &c->task, err));
        VSH_TRY(
            vsh_choice_encode(arena, &c->task, e->model.tokenizer, length_max(e), &c->ids, err));
    }
    return VSH_OK;
}

/* ---- text --------------------------------------------------------------------------------- */

static vsh_status open_data(evaluation *e, vsh_error *err)
{
    vsh_session *s = e->session;
    vsh_prepare_options options = {
        .packages = train_data_folder(s), .threads = (int)train_threads(s), .stop = e->asked->stop};

    return vsh_held_out_open(s->arena, &e->model, &options, &e->data, err);
}

/* ---- passes ------------------------------------------------------------------------------- */

static void begin_stage(evaluation *e, const char *stage)
{
    e->stage = stage;
    e->energy_measured = vsh_energy_open(&e->meter, NULL);
    e->stage_start = vsh_clock_now().v;
}

/* Tells how far it is; false when a signal asked for the end. */
static bool goes_on(void *context, double share)
{
    evaluation *e = context;
    double spent = vsh_clock_now().v - e->stage_start;

    if (e->energy_measured)
        vsh_energy_read(&e->meter); /* before the counters wrap */
    vsh_progress_show(&e->progress, e->stage, share, (double)NAN,
                      share > 0 ? spent * (1 - share) / share : (double)NAN);
    return !(e->asked->stop && *e->asked->stop);
}

static eval_cost end_stage(evaluation *e)
{
    eval_cost cost = {.time = {vsh_clock_now().v - e->stage_start}};
    vsh_hardware machine;
    bool machine_known;

    if (e->energy_measured) {
        cost.energy = vsh_energy_read(&e->meter);
    } else {
        train_machine(e->session, &machine, &machine_known);
        cost.energy = (vsh_joules){train_watts(&machine, machine_known) * cost.time.v};
    }
    return cost;
}

static const vsh_exit_rule *rule_of(const evaluation *e, int pass)
{
    return e->passes > 1 && pass == 0 ? &e->rule : NULL;
}

/* A generator of this shape; memory is the caller's to release. */
static vsh_status open_generator(evaluation *e, const vsh_generator_shape *shape, vsh_block *memory,
                                 vsh_generator **generator, vsh_error *err)
{
    const vsh_model *m = &e->model.config.model;

    VSH_TRY(vsh_block_reserve("the evaluation", vsh_generator_bytes(m, e->model.element, shape),
                              VSH_PLACE_LOCAL, memory, err));
    return vsh_generator_open(e->session->arena, m, e->model.element, shape, &e->model.nn,
                              &e->model.offsets, e->model.weights.data, memory->data, generator,
                              err);
}

static vsh_status pass_text(evaluation *e, vsh_generator *generator, int pass, vsh_error *err)
{
    vsh_held_out_pass run = {generator, rule_of(e, pass), goes_on, e};

    begin_stage(e, "text");
    VSH_TRY(vsh_held_out_run(&e->windows, &run, e->model.path, &e->report[pass], err));
    e->cost[pass] = end_stage(e);
    return VSH_OK;
}

static vsh_status pass_texts(evaluation *e, vsh_generator *generator, vsh_error *err)
{
    for (int pass = 0; pass < e->passes; pass++)
        VSH_TRY(pass_text(e, generator, pass, err));
    if (e->asked->repeats) {
        vsh_held_out_pass run = {generator, rule_of(e, 0), goes_on, e};
        begin_stage(e, "repeats");
        vsh_held_out_keep_repeats(&e->windows);
        VSH_TRY(vsh_held_out_run(&e->windows, &run, e->model.path, &e->repeated, err));
    }
    e->bytes = (double)e->data.held_out.bytes * (double)e->report[0].tokens /
               (double)e->data.held_out.count;
    return VSH_OK;
}

static vsh_status run_text(evaluation *e, vsh_error *err)
{
    vsh_generator_shape shape = {.sequences = VSH_HELD_OUT_SIDE_BY_SIDE};
    vsh_block memory = {0};
    vsh_generator *generator;
    vsh_status status;

    VSH_TRY(vsh_held_out_take(e->session->arena, &e->model, &e->data, e->asked->tokens, &e->windows,
                              err));
    shape.capacity = shape.chunk = e->windows.seq;
    status = open_generator(e, &shape, &memory, &generator, err);
    if (status == VSH_OK)
        status = pass_texts(e, generator, err);
    vsh_block_release(&memory);
    return status;
}

static vsh_status pass_choices(evaluation *e, eval_choice *c, vsh_choice_run *run, vsh_error *err)
{
    for (int pass = 0; pass < e->passes; pass++) {
        begin_stage(e, c->name);
        run->rule = rule_of(e, pass);
        VSH_TRY(vsh_choice_score(e->session->arena, &c->ids, run, &c->scores[pass], err));
        c->cost[pass] = end_stage(e);
    }
    return VSH_OK;
}

static vsh_status run_choices(evaluation *e, eval_choice *c, vsh_error *err)
{
    vsh_choice_run run = {.shape = vsh_choice_shape(&c->ids), .goes_on = goes_on, .context = e};
    vsh_block memory = {0};
    vsh_status status = open_generator(e, &run.shape, &memory, &run.generator, err);

    if (status == VSH_OK)
        status = pass_choices(e, c, &run, err);
    vsh_block_release(&memory);
    return status;
}

/* ---- without a model ---------------------------------------------------------------------- */

/* The training text again, out of its ids. */
static vsh_status each_document(evaluation *e, vsh_choice_baseline *const *baseline, vsh_error *err)
{
    const vsh_token_data *train = &e->data.train;
    int64_t stride = 1 + train->bytes / baseline_bytes;
    vsh_text text = {.arena = e->session->arena};
    int64_t room = 0;
    int32_t *id = NULL;

    for (int64_t d = 0; d < train->documents; d += stride) {
        int64_t begin = vsh_token_data_begin(train, d);
        int64_t count = vsh_token_data_begin(train, d + 1) - begin;
        if (count > room)
            id = vsh_alloc(e->session->arena, (size_t)(room = 2 * count), sizeof *id);
        if (!id)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        vsh_token_data_read(train, begin, count, id);
        text.length = 0;
        VSH_TRY(vsh_tokenizer_decode(e->data.tokenizer, id, count, &text, err));
        for (int i = 0; i < e->choices; i++)
            vsh_choice_baseline_add(baseline[i], vsh_text_string(&text), (int64_t)text.length);
        if (d / stride % 1024 == 0 && !goes_on(e, (double)d / (double)train->documents))
            return vsh_fail(err, VSH_ESTOPPED, "stopped");
    }
    return VSH_OK;
}

static vsh_status run_baselines(evaluation *e, vsh_error *err)
{
    vsh_choice_baseline *baseline[EVAL_CHOICES];

    for (int i = 0; i < e->choices; i++)
        VSH_TRY(vsh_choice_baseline_open(e->session->arena, &e->choice[i].task, &baseline[i], err));
    begin_stage(e, "words of the training text");
    VSH_TRY(each_document(e, baseline, err));
    for (int i = 0; i < e->choices; i++)
        VSH_TRY(
            vsh_choice_baseline_answer(e->session->arena, baseline[i], &e->choice[i].floor, err));
    return VSH_OK;
}

/* ---- the command -------------------------------------------------------------------------- */

static bool has_exits(const vsh_model *m)
{
    for (int64_t l = 0; l < m->layers; l++)
        if (m->layer[l].exit)
            return true;
    return false;
}

static vsh_status evaluate(evaluation *e, vsh_error *err)
{
    e->rule.threshold = e->asked->exit_threshold;
    e->passes = isfinite(e->rule.threshold) ? 2 : 1;
    if (e->passes > 1 && !has_exits(&e->model.config.model))
        vsh_text_add(&e->session->talk,
                     "warning: the model has no exits, --exit-threshold changes nothing\n");
    VSH_TRY(open_data(e, err));
    VSH_TRY(read_tasks(e, err));
    if (e->lm)
        VSH_TRY(run_text(e, err));
    for (int i = 0; i < e->choices; i++)
        VSH_TRY(run_choices(e, &e->choice[i], err));
    if (e->choices)
        VSH_TRY(run_baselines(e, err));
    train_show_eval(e);
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
    e->progress =
        (vsh_progress){.stream = s->common->quiet ? NULL : stderr, .redraws = s->talk_is_terminal};
    if (!e->asked->checkpoint)
        return vsh_fail(err, VSH_EINPUT, "eval: expected --checkpoint DIR");
    VSH_TRY(list_tasks(e, err));
    status = vsh_loaded_open(s->arena, &s->library, e->asked->checkpoint, (int)train_threads(s),
                             &gemm, &e->model, &warning, err);
    if (*warning && !s->common->quiet)
        fprintf(stderr, "warning: %s\n", warning);
    if (status == VSH_OK)
        status = evaluate(e, err);
    vsh_progress_clear(&e->progress);
    vsh_prepared_close(&e->data);
    vsh_loaded_close(&e->model);
    return status;
}
