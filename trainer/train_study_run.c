#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "trainer/base/folder.h"
#include "trainer/base/memory.h"
#include "trainer/train_study.h"

/* ---- one run ------------------------------------------------------------------------------- */

vsh_status train_study_call(study_work *w, const char *config_path, const char *out, int64_t steps,
                            const char *const *sets, int set_count, vsh_error *err)
{
    vsh_arena memory = {0};
    vsh_session inner = *w->session;
    train_config asked = *w->asked;
    const char *log = vsh_path_join(&memory, out, "log.jsonl");
    vsh_status status;

    inner.arena = &memory;
    inner.config = &asked;
    inner.common = &asked.common;
    inner.operands[0] = config_path;
    inner.operand_count = 1;
    inner.out = inner.talk = (vsh_text){.arena = &memory};
    asked.out = out;
    asked.steps = steps;
    asked.hours = NAN;
    asked.dry_run = false;
    asked.resume = log && access(log, F_OK) == 0;
    asked.common.seed = -1; /* the configuration's */
    asked.common.force = false;
    asked.common.quiet = w->asked->common.quiet || !w->session->talk_is_terminal;
    asked.set.count = 0; /* the user's come last: they go over the study's */
    for (int i = 0; i < set_count; i++)
        asked.set.item[asked.set.count++] = sets[i];
    for (int i = 0; i < w->setup.set_count && asked.set.count < VSH_OPT_LIST_MAX - 1; i++)
        asked.set.item[asked.set.count++] = w->setup.sets[i];
    vsh_progress_clear(&w->progress);
    status = log ? train_run_run(&inner, err) : vsh_fail(err, VSH_EMACHINE, "out of memory");
    vsh_arena_free(&memory);
    return status;
}

/* ---- a curve ------------------------------------------------------------------------------- */

typedef struct {
    study_work *work;
    const vsh_study_curve *curve;
    vsh_arena *arena; /* of the curve */
    double rate;
    const char *config, *folder, *trunk;
} running;

static const char *format(vsh_arena *arena, const char *before, int64_t number)
{
    vsh_text text = {.arena = arena};

    vsh_text_add(&text, "%s%" PRId64, before, number);
    return vsh_text_string(&text);
}

/* Of a key for --set: in quotes, as YAML doubles them inside. */
static const char *quoted(vsh_arena *arena, const char *key, const char *value)
{
    vsh_text text = {.arena = arena};

    vsh_text_add(&text, "%s='", key);
    for (; *value; value++)
        vsh_text_add(&text, *value == '\'' ? "''" : "%c", *value);
    vsh_text_add(&text, "'");
    return vsh_text_string(&text);
}

/* A checkpoint every two minutes: what a killed study loses. */
static const char *saves(const running *r)
{
    double steps = fmin(1e9, fmax(1, 120 / r->curve->step_s));

    return format(r->arena, "checkpoint.every=", (int64_t)steps);
}

static const char *name_of(const running *r, int point)
{
    vsh_study_name name = vsh_study_point_name(r->curve, point);

    return vsh_copy_text(r->arena, name.text, strlen(name.text));
}

static bool has_record(const study_work *w, const vsh_study_curve *c, int point)
{
    return vsh_study_records_find(&w->records, vsh_study_point_name(c, point).text) != NULL;
}

static vsh_status run_trunk(const running *r, int point, vsh_error *err)
{
    const char *sets[] = {saves(r)};

    return train_study_call(r->work, r->config, r->trunk,
                            vsh_study_branch_step(&r->curve->point[point]), sets, 1, err);
}

static vsh_status run_branch(const running *r, int point, const char *out, vsh_error *err)
{
    const char *sets[] = {saves(r), quoted(r->arena, "from", r->trunk), "schedule.name=wsd",
                          "schedule.cooldown=0.2", "evaluate.every=1000000000"};

    return train_study_call(r->work, r->config, out, r->curve->point[point].steps, sets, 5, err);
}

static const char *today(vsh_arena *arena)
{
    time_t now = time(NULL);
    struct tm parts;
    char text[32] = "";

    if (gmtime_r(&now, &parts))
        strftime(text, sizeof text, "%Y-%m-%d", &parts);
    return vsh_copy_text(arena, text, strlen(text));
}

/* What is known of a point without having run it. */
static vsh_study_record describe(const running *r, int point)
{
    const vsh_study_curve *c = r->curve;
    const vsh_study_point *p = &c->point[point];

    return (vsh_study_record){.name = name_of(r, point),
                              .role = vsh_study_role_words[c->role],
                              .family = c->family->name,
                              .experts = c->family->experts,
                              .top_k = c->family->top_k,
                              .layers = c->size->layers,
                              .hidden = c->size->hidden,
                              .params_total = c->params_total,
                              .params_active = c->params_active,
                              .params_embedding = c->params_embedding,
                              .budget = p->budget,
                              .steps = p->steps,
                              .batch_tokens = c->batch_tokens,
                              .tokens = p->steps * c->batch_tokens,
                              .unique_tokens = c->unique_tokens,
                              .seed = (int64_t)c->seed,
                              .lr = r->rate,
                              .commit = r->work->session->version,
                              .machine = r->work->card,
                              .date = today(r->arena)};
}

/* And what the logs of trunk and branch say. A run whose loss was not finite has none. */
static vsh_status record_of(const running *r, int point, const char *branch, bool failed,
                            vsh_study_record *record, vsh_error *err)
{
    const vsh_study_point *p = &r->curve->point[point];
    int64_t parted = vsh_study_branch_step(p);
    vsh_study_log log = {.loss = NAN, .loss_step = -1};
    double routed;

    VSH_TRY(
        vsh_study_log_add(vsh_path_join(r->arena, r->trunk, "log.jsonl"), 0, parted, &log, err));
    VSH_TRY(vsh_study_log_add(vsh_path_join(r->arena, branch, "log.jsonl"), parted, p->steps, &log,
                              err));
    if (failed && log.steps == 0) /* it could not even begin: err says why */
        return VSH_ENO;
    if (!failed && (log.steps != p->steps || log.loss_step != p->steps))
        return vsh_fail(err, VSH_EMACHINE,
                        "%s: its log has %" PRId64 " of %" PRId64 " steps, and a loss at step "
                        "%" PRId64 "; remove the folder %s, the same command makes it again",
                        branch, log.steps, p->steps, log.loss_step, r->folder);
    routed = log.routed_steps ? (double)log.routed_steps : (double)NAN;
    *record = describe(r, point);
    record->flops = log.flops;
    record->seconds = log.steady_s;
    record->loss = failed ? (double)NAN : log.loss;
    record->byte_loss = record->loss * r->work->tokens_per_byte;
    record->dropped = log.dropped / routed;
    record->load_max = log.load_max / routed;
    record->skipped = log.skipped;
    return VSH_OK;
}

vsh_status train_study_records(study_work *w, vsh_error *err)
{
    vsh_arena_free(&w->records_memory);
    return vsh_study_records_read(&w->records_memory, w->path.records, &w->records, err);
}

/* The file is written anew, whole: a line is there or it is not. */
static vsh_status keep_record(const running *r, const vsh_study_record *record, vsh_error *err)
{
    study_work *w = r->work;
    vsh_text text = {.arena = r->arena};

    if (access(w->path.records, F_OK) == 0)
        VSH_TRY(vsh_file_read(w->path.records, &text, err));
    text.length = (size_t)w->records.bytes;
    vsh_study_record_write(record, &text);
    VSH_TRY(vsh_file_write(w->path.records, &text, err));
    return train_study_records(w, err);
}

/* A point's part of what its curve is predicted to take. */
static double seconds_of(const vsh_study_curve *c, int point)
{
    double steps = 0;

    for (int i = 0; i < c->points; i++)
        steps += (double)c->point[i].steps;
    return c->seconds * (double)c->point[point].steps / steps;
}

/* Time left by what was predicted, and how that has held in this call. */
static double seconds_left(const study_work *w)
{
    double left = 0, spent = vsh_clock_now().v - w->began;
    double pace = w->predicted_done > 30 ? spent / w->predicted_done : 1;

    for (int i = 0; i < w->study.curves; i++)
        for (int k = 0; k < w->study.curve[i].points; k++)
            if (!has_record(w, &w->study.curve[i], k))
                left += seconds_of(&w->study.curve[i], k);
    return left * pace;
}

static void tell(study_work *w, const vsh_study_record *record)
{
    FILE *talk = w->progress.stream;
    double left = seconds_left(w);

    if (!talk)
        return;
    vsh_progress_clear(&w->progress);
    fprintf(talk, "  %3d/%d  %-34s %8s tokens  ", w->runs_done, w->study.runs, record->name,
            vsh_show_count((double)record->tokens).text);
    if (isfinite(record->loss))
        fprintf(talk, "loss %.4f", record->loss);
    else
        fprintf(talk, "diverged");
    if (left > 0)
        fprintf(talk, "  eta %s", vsh_show_time(left).text);
    fputc('\n', talk);
}

/* Weights that nothing branches off any more. They are renamed first: half a checkpoint would look
 * like a damaged one. */
static vsh_status drop_weights(const running *r, const char *run, vsh_error *err)
{
    const vsh_study_curve *c = r->curve;
    const char *weights = vsh_path_join(r->arena, run, "checkpoints");
    const char *away = vsh_path_join(r->arena, run, "removed");

    if (c->role == VSH_STUDY_HELD_OUT || c->role == VSH_STUDY_EXIT)
        return VSH_OK;
    VSH_TRY(vsh_folder_remove(away, err));
    if (rename(weights, away) != 0 && errno != ENOENT)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", weights, strerror(errno));
    return vsh_folder_remove(away, err);
}

/* A run that does not fit for the moment must not be taken for one that diverged. */
static vsh_status check_memory(const running *r, vsh_error *err)
{
    int64_t free_bytes = vsh_memory_available();

    if (r->curve->memory_bytes <= (double)free_bytes)
        return VSH_OK;
    return vsh_fail(err, VSH_EMACHINE,
                    "study: %s needs %s, this machine has %s free now; the same command goes on",
                    r->curve->name, vsh_show_bytes(r->curve->memory_bytes).text,
                    vsh_show_bytes((double)free_bytes).text);
}

static const char *branch_of(const running *r, int point)
{
    return format(r->arena, vsh_path_join(r->arena, r->folder, "budget-"),
                  r->curve->point[point].budget);
}

static vsh_status run_point(const running *r, int point, vsh_error *err)
{
    study_work *w = r->work;
    const char *out = branch_of(r, point);
    vsh_study_record record;
    vsh_status status;

    VSH_TRY(check_memory(r, err));
    status = run_trunk(r, point, err);
    if (status == VSH_OK) { /* which may have taken hours */
        VSH_TRY(check_memory(r, err));
        status = run_branch(r, point, out, err);
    }
    if (status != VSH_OK && status != VSH_ENO)
        return status;
    VSH_TRY(record_of(r, point, out, status == VSH_ENO, &record, err));
    VSH_TRY(keep_record(r, &record, err));
    w->runs_done++;
    w->predicted_done += seconds_of(r->curve, point);
    tell(w, &record);
    return drop_weights(r, out, err);
}

static vsh_status begin_curve(running *r, vsh_error *err)
{
    study_work *w = r->work;
    const vsh_study_curve *c = r->curve;
    vsh_text yaml = {.arena = r->arena}, config = {.arena = r->arena};
    vsh_study_tuned tuned[VSH_STUDY_TUNINGS];
    int grids = train_study_tuned(w, c->family, tuned);

    r->rate = c->rate > 0 ? c->rate : vsh_study_rate(tuned, grids, c->size_params);
    if (!isfinite(r->rate))
        return vsh_fail(err, VSH_ENO, "study: no learning rate of %s gave a finite loss",
                        c->family->name);
    vsh_text_add(&config, "%s/curve.yaml", r->folder);
    r->config = vsh_text_string(&config);
    vsh_study_yaml(c, r->rate, &yaml);
    VSH_TRY(vsh_folder_make(r->folder, err));
    return vsh_file_write(r->config, &yaml, err);
}

vsh_status train_study_curve(study_work *w, const vsh_study_curve *curve, vsh_error *err)
{
    vsh_arena memory = {0};
    running r = {.work = w, .curve = curve, .arena = &memory};
    vsh_status status = VSH_OK;
    int missing = 0;

    r.folder = vsh_path_join(&memory, w->path.runs, curve->name);
    r.trunk = vsh_path_join(&memory, r.folder, "trunk");
    for (int i = 0; i < curve->points; i++)
        missing += !has_record(w, curve, i);
    w->runs_done += curve->points - missing;
    if (missing)
        status = begin_curve(&r, err);
    for (int i = 0; status == VSH_OK && i < curve->points; i++) {
        if (has_record(w, curve, i)) { /* a kill may have come before its weights were gone */
            status = drop_weights(&r, branch_of(&r, i), err);
            continue;
        }
        vsh_progress_show(&w->progress, curve->name, (double)w->runs_done / w->study.runs,
                          (double)NAN, seconds_left(w));
        status = *w->asked->stop ? vsh_fail(err, VSH_ESTOPPED, "stopped") : run_point(&r, i, err);
    }
    if (status == VSH_OK)
        status = drop_weights(&r, r.trunk, err);
    vsh_arena_free(&memory);
    return status;
}
