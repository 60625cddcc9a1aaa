#include "trainer/train_study.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "trainer/base/memory.h"
#include "trainer/run/run_lock.h"

/* ---- what is asked ------------------------------------------------------------------------- */

static vsh_status find_kind(study_work *w, vsh_error *err)
{
    const char *words[8], *asked = w->session->operand_count ? w->session->operands[0] : "";
    char suggestion[160];
    int count = 0;

    for (const vsh_study_kind *k = vsh_study_kinds; k->name; k++) {
        words[count++] = k->name;
        if (strcmp(k->name, asked) == 0)
            w->setup.kind = k;
    }
    if (w->setup.kind)
        return VSH_OK;
    vsh_suggest(suggestion, sizeof suggestion, asked, words, (size_t)count);
    return vsh_fail(err, VSH_EINPUT, "study: expected law or experts, got \"%.60s\"%s", asked,
                    suggestion);
}

static vsh_status name_paths(study_work *w, vsh_error *err)
{
    vsh_arena *arena = w->session->arena;
    study_paths *p = &w->path;
    const struct {
        const char **path, *name;
    } inside[] = {{&p->settings, "settings.json"},
                  {&p->plan, "plan.json"},
                  {&p->records, "records.jsonl"},
                  {&p->runs, "runs"},
                  {&p->csv, "runs.csv"},
                  {&p->law, "law.yaml"},
                  {&p->fit, "fit.json"},
                  {&p->report, "fit"},
                  {&p->prediction, "prediction.json"},
                  {&p->summary, "summary.json"},
                  {&p->exits, "exits.json"},
                  {&p->times, "times.json"}};
    vsh_text out = {.arena = arena};

    vsh_text_add(&out, "runs/study-%s", w->setup.kind->name);
    p->out = w->asked->out ? w->asked->out : vsh_text_string(&out);
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        if (!(*inside[i].path = vsh_path_join(arena, p->out, inside[i].name)))
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return VSH_OK;
}

/* What the design decides for each run, and records say of it: one value over all of them would
 * give records of other runs than were made. */
static const char *const owned[] = {"model",        "tokenizer",     "unique_tokens", "from",
                                    "batch.tokens", "optimizer.lr",  "schedule",      "steps",
                                    "seed",         "evaluate.every"};

/* One of the two keys is the other, or a part of it. */
static bool overlap(const char *a, size_t a_length, const char *b, size_t b_length)
{
    if (a_length > b_length)
        return overlap(b, b_length, a, a_length);
    return memcmp(a, b, a_length) == 0 && (a_length == b_length || b[a_length] == '.');
}

static vsh_status check_sets(const vsh_opt_list *set, vsh_error *err)
{
    for (int i = 0; i < set->count; i++) {
        size_t length = strcspn(set->item[i], "=");
        for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
            if (overlap(set->item[i], length, owned[k], strlen(owned[k])))
                return vsh_fail(err, VSH_EINPUT,
                                "--set %.80s: the study decides %s itself, run by run",
                                set->item[i], owned[k]);
    }
    return VSH_OK;
}

/* What nothing is trained without. */
static vsh_status look_at_machine(study_work *w, vsh_error *err)
{
    vsh_session *s = w->session;
    vsh_text card = {.arena = s->arena};

    train_machine(s, &w->machine, &w->machine_known);
    w->setup.threads = train_threads(s);
    w->setup.memory_bytes = vsh_memory_available();
    w->setup.machine = w->machine_known ? &w->machine : NULL;
    vsh_text_add(&card, "%s, %" PRId64 " thread%s",
                 w->machine_known && w->machine.name ? w->machine.name : "unknown machine",
                 w->setup.threads, w->setup.threads == 1 ? "" : "s");
    w->card = vsh_text_string(&card);
    w->settled_card = w->card;
    w->settled_program = s->version;
    w->settled_threads = w->setup.threads;
    return w->machine_known ? VSH_OK
                            : vsh_fail(err, VSH_EMACHINE,
                                       "study: this machine could not be measured, so no "
                                       "time can be predicted");
}

static vsh_status begin(study_work *w, vsh_error *err)
{
    vsh_session *s = w->session;

    VSH_TRY(find_kind(w, err));
    VSH_TRY(name_paths(w, err));
    if (w->asked->summary && w->asked->dry_run)
        return vsh_fail(err, VSH_EINPUT, "study: expected --summary or --dry-run, got both");
    w->hours = w->asked->hours;
    w->setup.library = &s->library;
    w->setup.sets = w->asked->set.item;
    w->setup.set_count = w->asked->set.count;
    w->setup.seed = train_seed(s);
    w->progress =
        (vsh_progress){.stream = s->common->quiet ? NULL : stderr, .redraws = s->talk_is_terminal};
    if (w->asked->summary)
        return VSH_OK;
    VSH_TRY(check_sets(&w->asked->set, err));
    return look_at_machine(w, err);
}

/* ---- the list ------------------------------------------------------------------------------ */

static void write_curve(const vsh_study_curve *c, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", c->name);
    vsh_json_string(json, "role", vsh_study_role_words[c->role]);
    vsh_json_string(json, "family", c->family->name);
    vsh_json_integer(json, "layers", c->size->layers);
    vsh_json_integer(json, "hidden", c->size->hidden);
    vsh_json_integer(json, "params_total", c->params_total);
    vsh_json_integer(json, "params_active", c->params_active);
    vsh_json_integer(json, "seed", (int64_t)c->seed);
    vsh_json_integer(json, "unique_tokens", c->unique_tokens);
    vsh_json_integer(json, "batch_tokens", c->batch_tokens);
    vsh_json_integer(json, "warmup_steps", c->warmup);
    vsh_json_known(json, "lr", c->rate > 0 ? c->rate : (double)NAN); /* NaN: the tuned one */
    vsh_json_array(json, "points");
    for (int i = 0; i < c->points; i++) {
        vsh_json_object(json, NULL);
        vsh_json_integer(json, "budget", c->point[i].budget);
        vsh_json_integer(json, "branch_step", vsh_study_branch_step(&c->point[i]));
        vsh_json_integer(json, "steps", c->point[i].steps);
        vsh_json_integer(json, "tokens", c->point[i].steps * c->batch_tokens);
        vsh_json_known(json, "flops", (double)c->point[i].steps * c->flops_per_step);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    vsh_json_known(json, "flops_per_step", c->flops_per_step);
    vsh_json_known(json, "memory_bytes", c->memory_bytes);
    vsh_json_known(json, "step_time_s", c->step_s);
    vsh_json_known(json, "time_s", c->seconds);
    vsh_json_end(json);
}

static void write_plan(const study_work *w, vsh_text *out)
{
    const vsh_study *study = &w->study;
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "study", w->setup.kind->name);
    vsh_json_string(&json, "status", "planned");
    vsh_json_known(&json, "budget_hours", w->hours);
    vsh_json_string(&json, "time_from",
                    w->setup.probes ? "roofline, corrected by measured steps"
                                    : "roofline, nothing measured yet");
    vsh_json_known(&json, "largest_budget_flops", study->largest_flops);
    vsh_json_integer(&json, "runs", study->runs);
    vsh_json_known(&json, "flops", study->flops);
    vsh_json_known(&json, "time_s", study->seconds);
    vsh_json_array(&json, "curves");
    for (int i = 0; i < study->curves; i++)
        write_curve(&study->curve[i], &json);
    vsh_json_end(&json);
    vsh_json_end(&json);
}

static void show_tokens(const vsh_study_curve *c, vsh_text *out)
{
    double first = (double)(c->point[0].steps * c->batch_tokens),
           last = (double)(c->point[c->points - 1].steps * c->batch_tokens);

    if (c->points == 1)
        vsh_text_add(out, "%18s", vsh_show_count(last).text);
    else
        vsh_text_add(out, "%8s - %7s", vsh_show_count(first).text, vsh_show_count(last).text);
}

/* Curves that differ in the seed or the rate alone are one line. */
static bool alike(const vsh_study_curve *a, const vsh_study_curve *b)
{
    return a->role == b->role && a->family == b->family && a->size == b->size &&
           a->unique_tokens == b->unique_tokens;
}

static void show_plan(const study_work *w, vsh_text *out)
{
    const vsh_study *study = &w->study;

    vsh_text_add(out, "\n  %s: %s\n\n", w->setup.kind->name, w->setup.kind->summary);
    vsh_text_add(out, "  %-26s %8s %18s %4s %9s %8s\n", "curve", "params", "tokens", "runs", "FLOP",
                 "time");
    for (int i = 0; i < study->curves; i++) {
        const vsh_study_curve *c = &study->curve[i];
        double flops = 0, seconds = 0;
        int runs = 0, j;
        for (j = 0; j < i && !alike(&study->curve[j], c);)
            j++;
        if (j < i)
            continue;
        for (j = i; j < study->curves; j++)
            if (alike(&study->curve[j], c)) {
                const vsh_study_curve *other = &study->curve[j];
                runs += other->points;
                seconds += other->seconds;
                flops += other->flops;
            }
        vsh_text_add(out, "  %-26.*s %8s ", (int)(strstr(c->name, "-s") - c->name), c->name,
                     vsh_show_count((double)c->params_total).text);
        show_tokens(c, out);
        vsh_text_add(out, " %4d %9s %8s\n", runs, vsh_show_si(flops).text,
                     vsh_show_time(seconds).text);
    }
}

static double memory_most(const vsh_study *study)
{
    double most = 0;

    for (int i = 0; i < study->curves; i++)
        most = fmax(most, study->curve[i].memory_bytes);
    return most;
}

static void show_total(const study_work *w, vsh_text *out)
{
    const vsh_study *study = &w->study;

    vsh_text_add(out, "\n  %d runs, %sFLOP, %s of memory at most, %s of %s\n", study->runs,
                 vsh_show_si(study->flops).text, vsh_show_bytes(memory_most(study)).text,
                 vsh_show_time(study->seconds).text, vsh_show_time(3600 * w->hours).text);
    vsh_text_add(out, "  time by the roofline of this machine, %s\n",
                 w->setup.probes ? "corrected by steps that were measured"
                                 : "nothing measured yet: more");
    vsh_text_add(out, "  Ctrl-C stops after the step, the same command goes on\n\n");
}

/* ---- running ------------------------------------------------------------------------------- */

static vsh_status run_curves(study_work *w, vsh_error *err)
{
    w->began = vsh_clock_now().v;
    for (int i = 0; i < w->study.curves; i++) {
        const vsh_study_curve *c = &w->study.curve[i];
        if (c->role == VSH_STUDY_HELD_OUT)
            VSH_TRY(train_study_predict(w, c, err));
        VSH_TRY(train_study_curve(w, c, err));
        if (c->role == VSH_STUDY_EXIT)
            VSH_TRY(train_study_exits(w, c, err));
    }
    vsh_progress_clear(&w->progress);
    if (w->setup.kind->family_count > 1) /* kinds that are compared, also in time */
        VSH_TRY(train_study_times(w, err));
    return train_study_summary(w, err);
}

static void print_stopped(study_work *w)
{
    vsh_session *s = w->session;
    vsh_json json = {.out = &s->out};

    s->out.length = 0;
    if (!s->common->json) {
        vsh_text_add(&s->out,
                     "\n  stopped, resumable: %d of %d runs done; the same command goes on\n\n",
                     w->runs_done, w->study.runs);
    } else {
        vsh_json_object(&json, NULL);
        vsh_json_integer(&json, "schema_version", 1);
        vsh_json_string(&json, "study", w->setup.kind->name);
        vsh_json_string(&json, "status", "stopped, resumable");
        vsh_json_integer(&json, "runs", w->study.runs);
        vsh_json_integer(&json, "runs_done", w->runs_done);
        vsh_json_end(&json);
    }
    s->answered = true;
}

vsh_status train_study_planned(const study_work *w, const vsh_value **curves, vsh_error *err)
{
    vsh_value plan;

    VSH_TRY(vsh_json_read_file(w->session->arena, w->path.plan, &plan, err));
    *curves = vsh_value_get_kind(&plan, "curves", VSH_VALUE_LIST);
    return *curves ? VSH_OK
                   : vsh_fail(err, VSH_EINPUT, "%s: expected a list of curves", w->path.plan);
}

static bool is_number(const vsh_value *object, const char *key, int64_t expected)
{
    const vsh_value *value = vsh_value_get_kind(object, key, VSH_VALUE_INTEGER);

    return value && value->integer == expected;
}

/* Of a grid; a plan of an earlier version does not say. */
static bool is_rate(const vsh_value *planned, double rate)
{
    double said = vsh_value_get_number(planned, "lr");

    return isnan(said) || fabs(said / rate - 1) < 1e-9;
}

static bool is_planned(const vsh_study_curve *c, const vsh_value *planned)
{
    const vsh_value *name = vsh_value_get_kind(planned, "name", VSH_VALUE_TEXT);
    const vsh_value *points = vsh_value_get_kind(planned, "points", VSH_VALUE_LIST);
    bool same = name && strcmp(name->text, c->name) == 0 && points && points->count == c->points &&
                is_number(planned, "batch_tokens", c->batch_tokens) &&
                is_number(planned, "warmup_steps", c->warmup) &&
                is_number(planned, "unique_tokens", c->unique_tokens) && is_rate(planned, c->rate);

    for (int i = 0; same && i < c->points; i++)
        same = is_number(&points->item[i], "steps", c->point[i].steps);
    return same;
}

/* What has a record is not run again, so it must be what would be run: another version may design
 * a study otherwise. */
static vsh_status check_plan(const study_work *w, vsh_error *err)
{
    const vsh_value *curves;
    bool same;

    VSH_TRY(train_study_planned(w, &curves, err));
    same = curves->count == w->study.curves;
    for (int i = 0; same && i < w->study.curves; i++)
        same = is_planned(&w->study.curve[i], &curves->item[i]);
    return same ? VSH_OK
                : vsh_fail(err, VSH_EINPUT,
                           "%s: this version would plan other runs; go on with version %s, which "
                           "began it, or take another --out",
                           w->path.plan, w->settled_program);
}

static vsh_status keep_plan(const study_work *w, vsh_error *err)
{
    vsh_text plan = {.arena = w->session->arena};

    if (access(w->path.plan, F_OK) == 0) /* it stays what was planned */
        return check_plan(w, err);
    write_plan(w, &plan);
    return vsh_file_write(w->path.plan, &plan, err);
}

static vsh_status run_in_folder(study_work *w, vsh_error *err)
{
    vsh_session *s = w->session;
    vsh_text list = {.arena = s->arena};

    VSH_TRY(train_study_settle(w, err));
    VSH_TRY(keep_plan(w, err));
    VSH_TRY(train_study_records(w, err));
    show_plan(w, &list);
    show_total(w, &list);
    if (!s->common->quiet) {
        vsh_progress_clear(&w->progress);
        fputs(vsh_text_string(&list), stderr);
    }
    return run_curves(w, err);
}

static vsh_status run_study(study_work *w, vsh_error *err)
{
    vsh_status status;
    int lock;

    VSH_TRY(vsh_folder_make(w->path.out, err));
    VSH_TRY(vsh_run_lock(w->path.out, &lock, err));
    status = run_in_folder(w, err);
    vsh_progress_clear(&w->progress);
    if (status == VSH_ESTOPPED)
        print_stopped(w);
    vsh_run_unlock(lock);
    return status;
}

/* Nothing is written, and nothing measured that was not before. */
static vsh_status show_dry(study_work *w, vsh_error *err)
{
    vsh_session *s = w->session;
    bool settled;

    VSH_TRY(train_study_settled(w, &settled, err));
    if (!settled && !isfinite(w->hours))
        return vsh_fail(err, VSH_EINPUT, "study: expected --budget-hours H");
    if (settled)
        VSH_TRY(vsh_study_design(s->arena, &w->setup, w->largest_flops, &w->study, err));
    else
        VSH_TRY(vsh_study_fit_time(s->arena, &w->setup, train_study_seconds(w), &w->study, err));
    if (s->common->json) {
        write_plan(w, &s->out);
    } else {
        show_plan(w, &s->out);
        show_total(w, &s->out);
    }
    return VSH_OK;
}

vsh_status train_run_study(vsh_session *s, vsh_error *err)
{
    study_work *w = vsh_alloc(s->arena, 1, sizeof *w);
    vsh_status status;

    if (!w)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    w->session = s;
    w->asked = s->config;
    VSH_TRY(begin(w, err));
    status = w->asked->summary   ? train_study_tell(w, err)
             : w->asked->dry_run ? show_dry(w, err)
                                 : run_study(w, err);
    vsh_arena_free(&w->records_memory);
    return status;
}
