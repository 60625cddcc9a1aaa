#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/program.h"
#include "trainer/base/folder.h"
#include "trainer/run/run_lock.h"
#include "trainer/run/run_loop.h"
#include "trainer/run/snapshot.h"
#include "trainer/train_commands.h"

/* One call of `run`, from the file to the end. */
typedef struct {
    vsh_session *session;
    train_config *asked; /* what the command line said */
    vsh_run_config config;
    vsh_run_plan plan;
    vsh_hardware machine;
    bool machine_known;
    vsh_run_figures predicted;
    vsh_prepared data;
    vsh_trainer trainer;
    vsh_teacher teacher; /* when the configuration names one */
    vsh_run run;
    const char *config_path, *log_path, *products_path, *lock_path; /* in run.out */
    const char *trunk, *trunk_products; /* the checkpoint it branches off; NULL: none */
    bool complete;                      /* nothing is left to do */
} call;

static bool is_taught(const call *c) { return c->config.distill.teacher != NULL; }

static FILE *talk_of(const vsh_session *s) { return s->common->quiet ? NULL : stderr; }

/* ---- the prediction ------------------------------------------------------------------------ */

static void predict(call *c)
{
    vsh_session *s = c->session;

    train_machine(s, &c->machine, &c->machine_known);
    c->predicted = (vsh_run_figures){.params = c->plan.parameters.total,
                                     .flops_per_step = c->plan.executed_flops.v,
                                     .memory_bytes = c->plan.footprint.total.v,
                                     .step_time_s = NAN,
                                     .energy_j = NAN};
    if (!c->machine_known)
        return;
    c->predicted.step_time_s = vsh_run_plan_time(&c->config, &c->plan, &c->machine).v;
    if (is_taught(c))
        c->predicted.step_time_s +=
            (double)c->config.batch.accumulate * vsh_teacher_time(&c->teacher, &c->machine).v;
    c->predicted.energy_j = train_watts(&c->machine, c->machine_known) * c->predicted.step_time_s *
                            (double)c->config.steps;
}

static void write_figures(vsh_json *json, const char *key, const vsh_run_figures *f)
{
    vsh_json_object(json, key);
    vsh_json_integer(json, "params", f->params);
    vsh_json_known(json, "flops_per_step", f->flops_per_step);
    vsh_json_known(json, "memory_bytes", f->memory_bytes);
    vsh_json_known(json, "step_time_s", f->step_time_s);
    vsh_json_known(json, "energy_j", f->energy_j);
    vsh_json_end(json);
}

/* Of all micro-batches of a step at full length. */
static double teacher_flops(const call *c)
{
    return (double)c->config.batch.accumulate * c->teacher.forward.v;
}

/* What the teacher is and costs; its training is not in it. */
static void write_teacher(const call *c, vsh_json *json)
{
    const vsh_evaluation *e = &c->run.teacher_evaluation;

    if (!is_taught(c))
        return;
    vsh_json_object(json, "teacher");
    vsh_json_string(json, "checkpoint", c->teacher.model.path);
    vsh_json_integer(json, "params", c->teacher.model.list.elements);
    vsh_json_real(json, "weight", c->config.distill.weight);
    vsh_json_real(json, "temperature", c->config.distill.temperature);
    vsh_json_real(json, "flops_per_step", teacher_flops(c));
    vsh_json_integer(json, "memory_bytes", vsh_teacher_bytes(&c->teacher));
    vsh_json_known(json, "held_out_loss", e->tokens ? e->loss : (double)NAN);
    vsh_json_end(json);
}

static void print_prediction_json(const call *c, vsh_text *out)
{
    const vsh_batch_config *b = &c->config.batch;
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "model", c->config.model.name);
    vsh_json_integer(&json, "params_total", c->plan.parameters.total);
    vsh_json_integer(&json, "params_active", c->plan.parameters.active);
    vsh_json_integer(&json, "steps", c->config.steps);
    vsh_json_integer(&json, "batch_tokens", b->tokens);
    vsh_json_integer(&json, "sequence", b->sequence);
    vsh_json_integer(&json, "micro_batch", b->micro);
    vsh_json_integer(&json, "accumulate", b->accumulate);
    vsh_json_integer(&json, "shards", b->shards);
    vsh_json_integer(&json, "threads", c->plan.threads);
    vsh_json_real(&json, "model_flops", c->plan.model_flops.v);
    vsh_footprint_write(&c->plan.footprint, &json);
    write_figures(&json, "predicted", &c->predicted);
    write_teacher(c, &json);
    vsh_json_end(&json);
}

static void print_teacher(const call *c, vsh_text *out)
{
    const vsh_teacher *t = &c->teacher;

    if (!is_taught(c))
        return;
    vsh_text_add(out, "  Teacher   %s parameters: weights %s, activations %s,\n",
                 vsh_show_integer(t->model.list.elements).text,
                 vsh_show_bytes((double)t->model.weights.bytes).text,
                 vsh_show_bytes((double)t->activation_bytes).text);
    vsh_text_add(out, "            workspace %s; its forward pass %sFLOP a step\n",
                 vsh_show_bytes((double)t->workspace_bytes).text,
                 vsh_show_si(teacher_flops(c)).text);
}

static void print_prediction(const call *c, vsh_text *out)
{
    const vsh_batch_config *b = &c->config.batch;
    const vsh_footprint *f = &c->plan.footprint;
    double time = c->predicted.step_time_s;

    vsh_text_add(out, "\n  %s   %s parameters, %s active\n\n", c->config.model.name,
                 vsh_show_integer(c->plan.parameters.total).text,
                 vsh_show_integer(c->plan.parameters.active).text);
    vsh_text_add(out,
                 "  Step      %s tokens: %" PRId64 " x %" PRId64 " sequences of %" PRId64
                 ", %" PRId64 " shard%s\n",
                 vsh_show_integer(b->tokens).text, b->accumulate, b->micro, b->sequence, b->shards,
                 b->shards == 1 ? "" : "s");
    vsh_text_add(out, "  Work      %sFLOP a step, %s steps, %s tokens in all\n",
                 vsh_show_si(c->plan.executed_flops.v).text, vsh_show_integer(c->config.steps).text,
                 vsh_show_count((double)c->config.steps * (double)b->tokens).text);
    vsh_text_add(out, "  Memory    %s reserved: weights %s, gradients %s,\n",
                 vsh_show_bytes(f->total.v).text, vsh_show_bytes(f->weights.v).text,
                 vsh_show_bytes(f->gradients.v).text);
    vsh_text_add(out,
                 "            optimizer %s, activations %s,\n            logits %s, workspace %s\n",
                 vsh_show_bytes(f->optimizer.v).text, vsh_show_bytes(f->activations.v).text,
                 vsh_show_bytes(f->logits.v).text, vsh_show_bytes(f->workspace.v).text);
    print_teacher(c, out);
    if (isfinite(time))
        vsh_text_add(
            out, "  Time      at least %s a step on %" PRId64 " threads, %s in all (roofline)\n",
            vsh_show_time(time).text, c->plan.threads,
            vsh_show_time(time * (double)c->config.steps).text);
    vsh_text_add(out, "\n");
}

/* ---- the run directory --------------------------------------------------------------------- */

/* runs/NAME of trainer/configs/NAME.yaml. */
static const char *default_out(vsh_arena *arena, const char *config)
{
    const char *slash = strrchr(config, '/'), *name = slash ? slash + 1 : config;
    const char *dot = strrchr(name, '.');
    vsh_text path = {.arena = arena};

    vsh_text_add(&path, "runs/%.*s", dot && dot > name ? (int)(dot - name) : (int)strlen(name),
                 name);
    return vsh_text_string(&path);
}

/* Room for the checkpoints that will be kept and the one that is written; a run that goes on has
 * some already. */
static vsh_status check_disk(const call *c, bool goes_on, vsh_error *err)
{
    const vsh_footprint *f = &c->plan.footprint;
    int64_t every = c->config.checkpoint_every, written = 1 + (every ? c->config.steps / every : 0);
    int64_t kept = written < c->config.checkpoint_keep ? written : c->config.checkpoint_keep;
    double need = (f->weights.v + f->optimizer.v) * (double)(goes_on ? 1 : kept + 1);
    struct statvfs disk;

    if (statvfs(c->run.out, &disk) != 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", c->run.out, strerror(errno));
    if ((double)disk.f_bavail * (double)disk.f_frsize >= need)
        return VSH_OK;
    return vsh_fail(err, VSH_EMACHINE,
                    "%s: checkpoints of this run need %s, the disk has %s free (checkpoint: keep)",
                    c->run.out, vsh_show_bytes(need).text,
                    vsh_show_bytes((double)disk.f_bavail * (double)disk.f_frsize).text);
}

/* The split of a batch that the run was begun with, where this configuration leaves it free: what
 * memory there is today must not change the bits. */
static void adopt_batch(call *c)
{
    vsh_session *s = c->session;
    vsh_batch_config *b = &c->config.batch;
    vsh_run_config begun;

    if (b->micro || b->accumulate || b->shards ||
        vsh_run_config_read(s->arena, &s->library, c->config_path, NULL, 0, &begun, NULL) !=
            VSH_OK ||
        begun.batch.tokens != b->tokens || begun.batch.sequence != b->sequence)
        return;
    b->micro = begun.batch.micro;
    b->accumulate = begun.batch.accumulate;
    b->shards = begun.batch.shards;
}

static void say(void *context, const char *what)
{
    const vsh_session *s = context;

    if (talk_of(s))
        fprintf(stderr, "  %s ...\n", what);
}

/* What stands in the directory already, and whether the call may go on with it. */
static vsh_status find_checkpoint(call *c, const char **path, vsh_error *err)
{
    const train_config *config = c->asked;
    const char *warning = "";

    *path = NULL;
    if (config->common.force)
        return VSH_OK;
    VSH_TRY(vsh_checkpoint_newest(c->session->arena, c->run.checkpoints, path, &warning, err));
    if (*path && *warning && talk_of(c->session))
        fprintf(stderr, "warning: %s\n", warning);
    if (config->resume && !*path && !*warning &&
        vsh_file_owner_of(c->log_path, "") == VSH_FILE_MARKED) {
        say(c->session, "no checkpoint was written yet: beginning at the first step");
        return VSH_OK;
    }
    if (config->resume && !*path)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: no checkpoint to resume from%s%s%s; --force begins anew", c->run.out,
                        *warning ? " (" : "", warning, *warning ? ")" : "");
    if (!config->resume && (*path || vsh_file_owner_of(c->log_path, "") != VSH_FILE_ABSENT))
        return vsh_fail(err, VSH_EINPUT,
                        "%s: has a run already; --resume goes on with it, --force begins anew",
                        c->run.out);
    return VSH_OK;
}

/* ---- beginning and end --------------------------------------------------------------------- */

/* Which documents unique_tokens leaves does not change with the seed of a run. */
enum { DRAW = 1 };

static vsh_prepare_options data_options(call *c)
{
    return (vsh_prepare_options){.folder = c->config.data,
                                 .text = c->config.text,
                                 .packages = train_data_folder(c->session),
                                 .tokenizer = c->config.tokenizer,
                                 .vocab = c->config.model.vocab,
                                 .sequence = c->config.batch.sequence,
                                 .named = c->config.data_named,
                                 .threads = (int)train_threads(c->session),
                                 .stop = c->asked->stop,
                                 .say = say,
                                 .context = c->session};
}

static vsh_status open_data(call *c, vsh_error *err)
{
    vsh_session *s = c->session;
    const vsh_prepare_options options = data_options(c);

    VSH_TRY(vsh_prepare(s->arena, &options, &c->data, err));
    VSH_TRY(vsh_stream_open(s->arena, &c->data.train, c->config.seed, &c->run.stream, err));
    if (c->config.unique_tokens)
        vsh_stream_limit(c->run.stream, DRAW, c->config.unique_tokens);
    return VSH_OK;
}

static void write_event(call *c, vsh_text *line, const char *event)
{
    vsh_json json = {.out = line, .one_line = true};

    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "event", event);
    vsh_json_integer(&json, "step", c->run.state.step);
    vsh_json_integer(&json, "params", c->plan.parameters.total);
    if (strcmp(event, "end") == 0) {
        write_figures(&json, "measured", &c->run.measured);
        vsh_json_string(&json, "energy",
                        isnan(c->run.measured.energy_j) ? "not known: a step of this log has none"
                        : c->run.energy_measured        ? "measured"
                                                        : "modelled");
        vsh_json_integer(&json, "rss_peak_bytes", vsh_memory_resident_peak());
    } else {
        write_figures(&json, "predicted", &c->predicted);
        vsh_json_string(&json, "command", c->session->line);
        vsh_json_string(&json, "data", c->data.description);
        vsh_json_integer(&json, "threads", c->plan.threads);
        vsh_json_string(&json, "products", vsh_gemm_describe(c->trainer.nn.gemm));
        vsh_json_string(&json, "memory_placement", vsh_numa_describe());
        write_teacher(c, &json);
    }
    vsh_json_end(&json);
}

static vsh_status log_event(call *c, const char *event, vsh_error *err)
{
    vsh_text line = {.arena = c->session->arena};

    write_event(c, &line, event);
    return vsh_run_log_write(&c->run.log, &line, err);
}

/* From here on the directory is this run's. A run that goes on has been at no later step: what says
 * so is damaged, or another run's. after_step -1: it begins. */
static vsh_status begin_log(call *c, int64_t after_step, const vsh_text *yaml, vsh_error *err)
{
    vsh_session *s = c->session;

    if (after_step >= c->config.steps)
        VSH_TRY(vsh_run_log_ended(s->arena, c->log_path, &c->complete, err));
    if (c->complete)
        return VSH_OK;
    vsh_folder_sweep(c->run.out, "config.yaml");
    vsh_folder_sweep(c->run.out, "log.jsonl");
    vsh_folder_sweep(c->run.out, "products.yaml");
    VSH_TRY(vsh_checkpoint_discard_after(s->arena, c->run.checkpoints, after_step, err));
    VSH_TRY(vsh_file_write(c->config_path, yaml, err));
    VSH_TRY(vsh_run_log_open(s->arena, c->log_path, after_step, &c->run.log, err));
    return log_event(c, after_step < 0 ? "start" : "resume", err);
}

/* An engine that lives only to measure. */
static vsh_status measure_products(call *c, const char *path, vsh_error *err)
{
    vsh_gemm_options options = {.table_path = path};
    vsh_arena arena = {0};
    vsh_pool *pool = NULL;
    vsh_gemm_engine *engine = NULL;
    void *scratch = vsh_alloc(&arena, (size_t)c->plan.threads, VSH_SCRATCH_BYTES);
    vsh_status status = VSH_EMACHINE;

    say(c->session, "measuring this machine's matrix products");
    if (scratch)
        status =
            vsh_pool_start(&arena, (int)c->plan.threads, scratch, VSH_SCRATCH_BYTES, &pool, err);
    else
        vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (status == VSH_OK)
        status = vsh_gemm_open(&arena, pool, vsh_kernels_find(), &options, &engine, err);
    if (engine)
        vsh_gemm_close(engine);
    vsh_pool_stop(pool);
    vsh_arena_free(&arena);
    return status;
}

/* Which library computes which products decides bits, so a run keeps the table it began with, even
 * when the machine's own is measured again. NULL: the fixed rule. */
static vsh_status find_products(call *c, bool goes_on, const char **path, vsh_error *err)
{
    vsh_session *s = c->session;
    const char *own = c->products_path, *machine = train_gemm_table(s);
    vsh_text table = {.arena = s->arena};

    if (c->trunk_products && access(c->trunk_products, R_OK) == 0)
        machine = c->trunk_products; /* a branch goes on with the bits of its trunk */
    *path = goes_on ? access(own, F_OK) == 0 ? own : NULL : machine;
    if (goes_on || !machine)
        return VSH_OK;
    if (access(machine, R_OK) != 0) /* measured once, in passing */
        VSH_TRY(measure_products(c, machine, err));
    VSH_TRY(vsh_file_read(machine, &table, err));
    VSH_TRY(vsh_file_write(own, &table, err));
    *path = own;
    return VSH_OK;
}

/* The checkpoint that the configuration branches off, and the table of products beside it. */
static vsh_status find_trunk(call *c, vsh_error *err)
{
    vsh_arena *arena = c->session->arena;
    const char *warning = "";

    VSH_TRY(vsh_checkpoint_find(arena, c->config.from, &c->trunk, &warning, err));
    if (*warning && talk_of(c->session))
        fprintf(stderr, "warning: %s\n", warning);
    c->trunk_products = vsh_path_join(arena, c->trunk, "../../products.yaml");
    return c->trunk_products ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "out of memory");
}

/* A run that begins removes the checkpoints of its directory: not the one it is to begin from, or
 * to learn from. */
static vsh_status check_source(const call *c, const char *source, vsh_error *err)
{
    const char *folder = source ? vsh_path_join(c->session->arena, source, "..") : NULL;
    struct stat of_source, own;

    if (!folder || stat(folder, &of_source) != 0 || stat(c->run.checkpoints, &own) != 0 ||
        of_source.st_dev != own.st_dev || of_source.st_ino != own.st_ino)
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT, "--out: %s: expected another directory than that of %s",
                    c->run.out, source);
}

static vsh_status open_run(call *c, const char *checkpoint, vsh_error *err)
{
    vsh_session *s = c->session;
    vsh_run *run = &c->run;
    vsh_gemm_options gemm = {.table_path = NULL};
    vsh_text yaml = {.arena = s->arena};

    VSH_TRY(open_data(c, err));
    if (is_taught(c))
        VSH_TRY(vsh_teacher_speaks(&c->teacher, c->data.tokenizer, err));
    if (c->config.from && !checkpoint)
        VSH_TRY(find_trunk(c, err));
    if (!checkpoint) {
        VSH_TRY(check_source(c, c->trunk, err));
        VSH_TRY(check_source(c, c->teacher.model.path, err));
    }
    VSH_TRY(find_products(c, checkpoint != NULL, &gemm.table_path, err));
    VSH_TRY(vsh_trainer_open(s->arena, &c->config, &c->plan, &gemm, &c->trainer, err));
    if (is_taught(c)) {
        VSH_TRY(vsh_teacher_open(s->arena, &c->trainer.nn, &c->teacher, err));
        c->trainer.teacher = &c->teacher;
    }
    run->trainer = &c->trainer;
    run->data = &c->data;
    run->state.seed = c->config.seed;
    run->state.config_hash = vsh_run_config_hash(s->arena, &c->config) ^ c->teacher.hash;
    run->state.data_hash = c->data.hash;
    run->state.kernels = vsh_gemm_describe(c->trainer.nn.gemm);
    vsh_run_config_write(&c->config, &yaml);
    run->config_yaml = vsh_text_string(&yaml);
    if (checkpoint)
        VSH_TRY(vsh_run_load(run, checkpoint, err));
    else if (c->config.from)
        VSH_TRY(vsh_run_branch(run, c->trunk, err));
    else
        vsh_trainer_start(&c->trainer);
    return begin_log(c, checkpoint ? run->state.step : -1, &yaml, err);
}

static void prepare_run(call *c)
{
    vsh_session *s = c->session;
    vsh_run *run = &c->run;

    run->arena = s->arena;
    run->config = &c->config;
    run->stop = c->asked->stop;
    run->last_step = c->config.steps;
    run->seconds_max = isfinite(c->asked->hours) ? 3600 * c->asked->hours : 0;
    run->peak_flops = train_peak(&c->machine, c->machine_known, c->config.precision);
    run->watts = train_watts(&c->machine, c->machine_known);
    run->energy_measured = vsh_energy_open(&run->energy, NULL);
    run->talk = talk_of(s);
    run->talk_is_terminal = s->talk_is_terminal;
    run->log.descriptor = -1;
}

/* What the student cost beside what its teacher cost it. */
static void print_lesson(const call *c, vsh_text *out)
{
    double steps = (double)c->run.state.step;

    if (!is_taught(c))
        return;
    if (c->run.teacher_evaluation.tokens)
        vsh_text_add(out, ", its teacher's %.4f", c->run.teacher_evaluation.loss);
    vsh_text_add(out, "\n  %sFLOP by the student, %sFLOP by its teacher (its training apart)",
                 vsh_show_si(steps * c->plan.executed_flops.v).text,
                 vsh_show_si(steps * teacher_flops(c)).text);
}

static void print_end(const call *c, vsh_status status, vsh_text *out)
{
    const vsh_run *run = &c->run;
    const char *stopped = status == VSH_ESTOPPED ? "stopped, resumable" : "done";
    const char *sample[] = {"vishwa-train", "sample", "--checkpoint", run->out, "--prompt", "The"};
    const char *next = status == VSH_ESTOPPED
                           ? "the same command with --resume"
                           : vsh_show_command(c->session->arena, 6, (char *const *)sample);

    if (c->session->common->json) {
        vsh_json json = {.out = out};
        vsh_json_object(&json, NULL);
        vsh_json_integer(&json, "schema_version", 1);
        vsh_json_string(&json, "out", run->out);
        vsh_json_string(&json, "status", stopped);
        vsh_json_integer(&json, "step", run->state.step);
        vsh_json_integer(&json, "tokens", run->state.tokens);
        vsh_json_known(&json, "held_out_loss",
                       run->last_evaluation.tokens ? run->last_evaluation.loss : (double)NAN);
        write_figures(&json, "predicted", &c->predicted);
        write_figures(&json, "measured", &run->measured);
        write_teacher(c, &json);
        vsh_json_end(&json);
        return;
    }
    vsh_text_add(out, "\n  %s: step %s, %s tokens", stopped, vsh_show_integer(run->state.step).text,
                 vsh_show_count((double)run->state.tokens).text);
    if (run->last_evaluation.tokens)
        vsh_text_add(out, ", held-out loss %.4f", run->last_evaluation.loss);
    print_lesson(c, out);
    vsh_text_add(out, "\n  %s\n\n  Next   %s\n\n",
                 vsh_show_command(c->session->arena, 1, (char *const *)&run->checkpoints), next);
}

static vsh_status train(call *c, vsh_error *err)
{
    const char *checkpoint;
    vsh_status status;

    VSH_TRY(find_checkpoint(c, &checkpoint, err));
    VSH_TRY(check_disk(c, checkpoint != NULL, err));
    VSH_TRY(open_run(c, checkpoint, err));
    status = vsh_run_steps(&c->run, err);
    if (status == VSH_OK && !c->complete)
        VSH_TRY(log_event(c, "end", err));
    if (status == VSH_OK || status == VSH_ESTOPPED) {
        print_end(c, status, &c->session->out);
        c->session->answered = true;
    }
    return status;
}

/* An option that stands for a key of the configuration. */
static vsh_status set_key(call *c, const char *key, int64_t value, vsh_error *err)
{
    vsh_opt_list *sets = &c->asked->set;
    char text[48];

    if (sets->count == VSH_OPT_LIST_MAX)
        return vsh_fail(err, VSH_EINPUT, "--set: expected at most %d times besides --%s",
                        VSH_OPT_LIST_MAX - 1, key);
    snprintf(text, sizeof text, "%s=%" PRId64, key, value);
    sets->item[sets->count++] = vsh_copy_text(c->session->arena, text, strlen(text));
    return VSH_OK;
}

/* So that a checkpoint finds its text from wherever it is asked. */
static vsh_status make_absolute(vsh_arena *arena, const char **path, vsh_error *err)
{
    char here[PATH_MAX];

    if (!*path || **path == '/' || !getcwd(here, sizeof here))
        return VSH_OK;
    *path = vsh_path_join(arena, here, *path);
    return *path ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "out of memory");
}

/* Where everything of the run stands. */
static vsh_status name_paths(call *c, vsh_error *err)
{
    vsh_session *s = c->session;
    const struct {
        const char **path, *name;
    } inside[] = {{&c->config_path, "config.yaml"},
                  {&c->log_path, "log.jsonl"},
                  {&c->products_path, "products.yaml"},
                  {&c->lock_path, "run.lock"},
                  {&c->run.checkpoints, "checkpoints"}};

    c->run.out = c->asked->out ? c->asked->out : default_out(s->arena, s->operands[0]);
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        if (!(*inside[i].path = vsh_path_join(s->arena, c->run.out, inside[i].name)))
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(make_absolute(s->arena, &c->config.from, err));
    VSH_TRY(make_absolute(s->arena, &c->config.distill.teacher, err));
    VSH_TRY(make_absolute(s->arena, &c->config.data, err));
    return make_absolute(s->arena, &c->config.text, err);
}

/* Before the run is planned: what its weights take is no longer free. */
static vsh_status read_teacher(call *c, vsh_error *err)
{
    vsh_session *s = c->session;
    const char *warning = "";

    if (!is_taught(c))
        return c->config.distill.given
                   ? vsh_fail(err, VSH_EINPUT,
                              "%s: distill: teacher: expected a checkpoint or a run directory",
                              c->config.path)
                   : VSH_OK;
    VSH_TRY(vsh_teacher_read(s->arena, &s->library, &c->config, &c->teacher, &warning, err));
    if (*warning && talk_of(s))
        fprintf(stderr, "warning: %s\n", warning);
    return VSH_OK;
}

/* A schedule that was cut short may have lost all but its rise. */
static void warn_of_warmup(const call *c)
{
    const vsh_run_config *config = &c->config;

    if (config->warmup_given >= config->steps && talk_of(c->session))
        fprintf(stderr,
                "warning: schedule: warmup: %" PRId64 " of %" PRId64 " steps: the learning rate "
                "only rises (--set schedule.warmup=%" PRId64 ")\n",
                config->warmup_given, config->steps, config->steps / 10);
}

static vsh_status plan_run(call *c, vsh_error *err)
{
    vsh_session *s = c->session;
    const vsh_opt_list *sets = &c->asked->set;
    int64_t available;

    if (s->operand_count != 1)
        return vsh_fail(err, VSH_EINPUT,
                        "run: expected a configuration such as "
                        "trainer/configs/quick-moe.yaml");
    if (c->asked->resume && s->common->force)
        return vsh_fail(err, VSH_EINPUT, "either --resume or --force, got both");
    if (c->asked->steps)
        VSH_TRY(set_key(c, "steps", c->asked->steps, err));
    if (s->common->seed >= 0)
        VSH_TRY(set_key(c, "seed", s->common->seed, err));
    VSH_TRY(vsh_run_config_read(s->arena, &s->library, s->operands[0], sets->item, sets->count,
                                &c->config, err));
    if (c->asked->checkpoint) /* of compress */
        c->config.distill.teacher = c->asked->checkpoint;
    VSH_TRY(name_paths(c, err));
    if (c->asked->resume)
        adopt_batch(c);
    VSH_TRY(read_teacher(c, err));
    available = vsh_memory_available();
    VSH_TRY(vsh_run_plan_make(&c->config, train_threads(s), available, &c->plan, err));
    if (is_taught(c))
        VSH_TRY(vsh_teacher_plan(&c->config, &c->plan, available, &c->teacher, err));
    predict(c);
    return VSH_OK;
}

/* A run that could not begin leaves nothing behind. */
static void remove_folder(const call *c)
{
    unlink(c->config_path);
    unlink(c->products_path);
    unlink(c->lock_path);
    rmdir(c->run.out);
}

static vsh_status run_in_folder(call *c, vsh_error *err)
{
    bool made = access(c->run.out, F_OK) != 0;
    vsh_status status;
    int lock;

    VSH_TRY(vsh_folder_make(c->run.out, err));
    status = vsh_run_lock(c->run.out, &lock, err);
    if (status == VSH_OK)
        status = train(c, err);
    if (made && c->run.log.descriptor < 0)
        remove_folder(c);
    vsh_run_log_close(&c->run.log);
    vsh_trainer_close(&c->trainer);
    vsh_prepared_close(&c->data);
    vsh_run_unlock(lock);
    return status;
}

/* What the run would refuse at once is refused here too. */
static vsh_status dry_run(call *c, vsh_error *err)
{
    vsh_session *s = c->session;
    const vsh_prepare_options data = data_options(c);

    VSH_TRY(vsh_prepare_check(&data, err));
    warn_of_warmup(c);
    if (s->common->json)
        print_prediction_json(c, &s->out);
    else
        print_prediction(c, &s->out);
    return VSH_OK;
}

static vsh_status run_planned(call *c, vsh_error *err)
{
    if (c->asked->dry_run)
        return dry_run(c, err);
    warn_of_warmup(c);
    prepare_run(c);
    return run_in_folder(c, err);
}

vsh_status train_run_run(vsh_session *s, vsh_error *err)
{
    call *c = vsh_alloc(s->arena, 1, sizeof *c);
    vsh_status status;

    if (!c)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    c->session = s;
    c->asked = s->config;
    status = plan_run(c, err);
    if (status == VSH_OK)
        status = run_planned(c, err);
    vsh_teacher_close(&c->teacher);
    return status;
}
