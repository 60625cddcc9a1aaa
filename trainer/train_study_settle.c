#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "trainer/base/folder.h"
#include "trainer/base/json_read.h"
#include "trainer/run/prepared.h"
#include "trainer/train_study.h"

/* Of the time that may be spent, the rest is for what a prediction cannot know. */
static const double used_share = 0.9;
/* Measuring steps ends before it takes more of it. */
static const double probe_share = 0.03;

double train_study_seconds(const study_work *w) { return used_share * 3600 * w->hours; }

/* ---- the data ------------------------------------------------------------------------------ */

static void say(void *context, const char *what)
{
    study_work *w = context;

    if (!w->progress.stream)
        return;
    vsh_progress_clear(&w->progress);
    fprintf(w->progress.stream, "  %s ...\n", what);
}

/* Made ready once, so that no run's time holds it, and asked what a token is in bytes. */
static vsh_status look_at_data(study_work *w, vsh_error *err)
{
    vsh_session *s = w->session;
    vsh_text yaml = {.arena = s->arena};
    vsh_study_curve curve;
    vsh_run_config config;
    vsh_prepared data = {0};
    vsh_text hash = {.arena = s->arena};

    vsh_study_probe_curve(w->setup.kind, 0, &curve);
    vsh_study_yaml(&curve, 1e-3, &yaml);
    VSH_TRY(vsh_run_config_parse(s->arena, &s->library, "study", &yaml, w->setup.sets,
                                 w->setup.set_count, &config, err));
    vsh_prepare_options options = {.folder = config.data,
                                   .text = config.text,
                                   .packages = train_data_folder(s),
                                   .tokenizer = config.tokenizer,
                                   .vocab = config.model.vocab,
                                   .named = config.data_named,
                                   .threads = (int)w->setup.threads,
                                   .stop = w->asked->stop,
                                   .say = say,
                                   .context = w};
    VSH_TRY(vsh_prepare(s->arena, &options, &data, err));
    w->train_tokens = data.train.count;
    w->tokens_per_byte = data.held_out.bytes > 0
                             ? (double)data.held_out.count / (double)data.held_out.bytes
                             : (double)NAN;
    vsh_text_add(&hash, "%016" PRIx64, data.hash);
    w->data_hash = vsh_text_string(&hash);
    if (data.held_out.count < 2)
        w->tokens_per_byte = NAN;
    vsh_prepared_close(&data);
    if (!isfinite(w->tokens_per_byte))
        return vsh_fail(err, VSH_EINPUT, "%s: no held-out text to evaluate on",
                        config.text ? config.text : config.data);
    return VSH_OK;
}

/* ---- probes -------------------------------------------------------------------------------- */

vsh_status train_study_short(study_work *w, const vsh_study_curve *c, vsh_study_log *times,
                             double *elapsed_s, vsh_error *err)
{
    static const char *const sets[] = {"evaluate.every=0", "checkpoint.every=0"};
    vsh_arena *arena = w->session->arena;
    vsh_text yaml = {.arena = arena}, config = {.arena = arena};
    const char *folder = vsh_path_join(arena, w->path.out, "probe");
    double start;

    vsh_text_add(&config, "%s.yaml", folder);
    vsh_study_yaml(c, 1e-3, &yaml);
    VSH_TRY(vsh_file_write(vsh_text_string(&config), &yaml, err));
    VSH_TRY(vsh_folder_remove(folder, err));
    start = vsh_clock_now().v;
    VSH_TRY(train_study_call(w, vsh_text_string(&config), folder, c->point[0].steps, sets, 2, err));
    *elapsed_s = vsh_clock_now().v - start;
    *times = (vsh_study_log){.loss_step = -1};
    /* the first step is slow */
    VSH_TRY(vsh_study_log_add(vsh_path_join(arena, folder, "log.jsonl"), 1, INT64_MAX, times, err));
    unlink(vsh_text_string(&config));
    return vsh_folder_remove(folder, err);
}

/* What the steps of a short run took against the roofline, and what went by around them. */
static vsh_status probe(study_work *w, vsh_study_curve *c, vsh_error *err)
{
    vsh_study_probe *p = &w->setup.probe[w->setup.probes];
    vsh_study_setup bare = w->setup;
    vsh_study_log times;
    double elapsed;

    bare.probes = 0;
    VSH_TRY(vsh_study_price(w->session->arena, &bare, c, err));
    VSH_TRY(train_study_short(w, c, &times, &elapsed, err));
    elapsed -= times.seconds * (double)c->point[0].steps / (double)times.steps;
    *p = (vsh_study_probe){.params = (double)c->params_active,
                           .experts = c->family->experts > 0,
                           .slower = times.median_s / c->step_s,
                           .overhead_s = fmax(elapsed, 0)};
    w->setup.probes++;
    return VSH_OK;
}

static vsh_status measure(study_work *w, vsh_error *err)
{
    vsh_study_curve curve;
    vsh_study_log times;
    double start, elapsed;

    say(w, "measuring steps of some sizes");
    /* a machine's first run measures the machine: that is no overhead of runs */
    vsh_study_probe_curve(w->setup.kind, 0, &curve);
    VSH_TRY(train_study_short(w, &curve, &times, &elapsed, err));
    start = vsh_clock_now().v;
    for (int i = 0; i < VSH_STUDY_PROBES && vsh_study_probe_curve(w->setup.kind, i, &curve); i++) {
        VSH_TRY(probe(w, &curve, err));
        if (vsh_clock_now().v - start > probe_share * 3600 * w->hours)
            break;
    }
    return VSH_OK;
}

/* ---- settings.json ------------------------------------------------------------------------- */

static void write_settings(const study_work *w, vsh_text *out)
{
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "study", w->setup.kind->name);
    vsh_json_real(&json, "budget_hours", w->hours);
    vsh_json_integer(&json, "seed", (int64_t)w->setup.seed);
    vsh_json_integer(&json, "threads", w->settled_threads);
    vsh_json_array(&json, "set");
    for (int i = 0; i < w->setup.set_count; i++)
        vsh_json_string(&json, NULL, w->setup.sets[i]);
    vsh_json_end(&json);
    vsh_json_string(&json, "data_hash", w->data_hash);
    vsh_json_integer(&json, "train_tokens", w->train_tokens);
    vsh_json_real(&json, "tokens_per_byte", w->tokens_per_byte);
    vsh_json_real(&json, "largest_budget_flops", w->largest_flops);
    vsh_json_string(&json, "machine", w->settled_card);
    vsh_json_string(&json, "program", w->settled_program);
    vsh_json_array(&json, "probes");
    for (int i = 0; i < w->setup.probes; i++) {
        const vsh_study_probe *p = &w->setup.probe[i];
        vsh_json_object(&json, NULL);
        vsh_json_real(&json, "params", p->params);
        vsh_json_bool(&json, "experts", p->experts);
        vsh_json_real(&json, "slower", p->slower);
        vsh_json_real(&json, "overhead_s", p->overhead_s);
        vsh_json_end(&json);
    }
    vsh_json_end(&json);
    vsh_json_end(&json);
}

static const char *text_of(const vsh_value *object, const char *key)
{
    const vsh_value *v = vsh_value_get_kind(object, key, VSH_VALUE_TEXT);

    return v ? v->text : "";
}

/* As settings.json has it. */
typedef struct {
    double hours, seed, largest_flops, tokens_per_byte, train_tokens;
    const char *set[VSH_OPT_LIST_MAX];
    int set_count;
    const vsh_value *probes;
} settings;

static vsh_status read_settings(const study_work *w, const vsh_value *root, settings *s,
                                vsh_error *err)
{
    const struct {
        const char *key;
        double *value;
    } numbers[] = {{"budget_hours", &s->hours},
                   {"seed", &s->seed},
                   {"largest_budget_flops", &s->largest_flops},
                   {"tokens_per_byte", &s->tokens_per_byte},
                   {"train_tokens", &s->train_tokens}};
    const vsh_value *set = vsh_value_get_kind(root, "set", VSH_VALUE_LIST);

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        VSH_TRY(vsh_study_number(root, w->path.settings, numbers[i].key, numbers[i].value, err));
        if (!(*numbers[i].value >= 0))
            return vsh_fail(err, VSH_EINPUT, "%s: %s: expected 0 or more", w->path.settings,
                            numbers[i].key);
    }
    s->probes = vsh_value_get_kind(root, "probes", VSH_VALUE_LIST);
    if (!set || !s->probes || set->count > VSH_OPT_LIST_MAX)
        return vsh_fail(err, VSH_EINPUT, "%s: %s: expected a list", w->path.settings,
                        s->probes ? "set" : "probes");
    for (; s->set_count < set->count; s->set_count++) {
        if (set->item[s->set_count].kind != VSH_VALUE_TEXT)
            return vsh_fail(err, VSH_EINPUT, "%s: set: expected texts", w->path.settings);
        s->set[s->set_count] = set->item[s->set_count].text;
    }
    return VSH_OK;
}

static bool same_sets(const study_work *w, const settings *s)
{
    bool same = s->set_count == w->setup.set_count;

    for (int i = 0; same && i < s->set_count; i++)
        same = strcmp(s->set[i], w->setup.sets[i]) == 0;
    return same;
}

/* A study is gone on with as it was begun; --summary need not say how that was. */
static vsh_status check_settings(const study_work *w, const vsh_value *root, const settings *s,
                                 vsh_error *err)
{
    const bool summary = w->asked->summary;
    const char *what = NULL;

    if (strcmp(text_of(root, "study"), w->setup.kind->name) != 0)
        what = "study";
    else if (isfinite(w->hours) && w->hours != s->hours)
        what = "--budget-hours";
    else if (s->seed != (double)w->setup.seed && !(summary && w->asked->common.seed < 0))
        what = "--seed";
    else if (!same_sets(w, s) && !(summary && w->setup.set_count == 0))
        what = "--set";
    if (!what)
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT,
                    "%s: begun with another %s; go on as it was begun, or take another --out",
                    w->path.settings, what);
}

static vsh_status take_probes(study_work *w, const vsh_value *probes, vsh_error *err)
{
    for (int64_t i = 0; i < probes->count && i < VSH_STUDY_PROBES; i++) {
        const vsh_value *p = &probes->item[i], *experts = vsh_value_get(p, "experts");
        vsh_study_probe *to = &w->setup.probe[w->setup.probes++];
        VSH_TRY(vsh_study_number(p, w->path.settings, "params", &to->params, err));
        VSH_TRY(vsh_study_number(p, w->path.settings, "slower", &to->slower, err));
        VSH_TRY(vsh_study_number(p, w->path.settings, "overhead_s", &to->overhead_s, err));
        to->experts = experts && experts->kind == VSH_VALUE_BOOL && experts->integer;
    }
    return VSH_OK;
}

vsh_status train_study_settled(study_work *w, bool *settled, vsh_error *err)
{
    const vsh_value *threads;
    settings *kept = vsh_alloc(w->session->arena, 1, sizeof *kept);
    vsh_value root;

    *settled = access(w->path.settings, F_OK) == 0;
    if (!*settled)
        return VSH_OK;
    if (!kept)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_json_read_file(w->session->arena, w->path.settings, &root, err));
    VSH_TRY(read_settings(w, &root, kept, err));
    VSH_TRY(check_settings(w, &root, kept, err));
    w->hours = kept->hours;
    w->setup.seed = (uint64_t)kept->seed;
    w->setup.sets = kept->set;
    w->setup.set_count = kept->set_count;
    w->largest_flops = kept->largest_flops;
    w->tokens_per_byte = kept->tokens_per_byte;
    w->train_tokens = (int64_t)kept->train_tokens;
    w->data_hash = text_of(&root, "data_hash");
    w->settled_card = text_of(&root, "machine");
    w->settled_program = text_of(&root, "program");
    threads = vsh_value_get_kind(&root, "threads", VSH_VALUE_INTEGER);
    w->settled_threads = threads ? threads->integer : 0;
    VSH_TRY(take_probes(w, kept->probes, err));
    if (!(w->largest_flops > 0 && w->tokens_per_byte > 0 && w->hours > 0))
        return vsh_fail(err, VSH_EINPUT, "%s: is no settings of a study", w->path.settings);
    return VSH_OK;
}

/* Runs on other text would stand beside those that are there; other threads change only what the
 * seconds mean. */
static vsh_status check_world(study_work *w, vsh_error *err)
{
    const char *begun = w->data_hash;

    VSH_TRY(look_at_data(w, err));
    if (strcmp(begun, w->data_hash) != 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: begun on other text, whose hash was %.40s, and is now %s; go on with "
                        "that text, or take another --out",
                        w->path.settings, begun, w->data_hash);
    if (w->settled_threads && w->settled_threads != w->setup.threads && w->progress.stream)
        fprintf(w->progress.stream,
                "warning: begun with --threads %" PRId64 ", now %" PRId64
                ": seconds do not compare\n",
                w->settled_threads, w->setup.threads);
    return VSH_OK;
}

vsh_status train_study_settle(study_work *w, vsh_error *err)
{
    vsh_session *s = w->session;
    vsh_text text = {.arena = s->arena};
    bool settled;

    VSH_TRY(train_study_settled(w, &settled, err));
    if (settled) {
        VSH_TRY(check_world(w, err));
        return vsh_study_design(s->arena, &w->setup, w->largest_flops, &w->study, err);
    }
    if (!isfinite(w->hours))
        return vsh_fail(err, VSH_EINPUT, "study: expected --budget-hours H");
    VSH_TRY(look_at_data(w, err));
    VSH_TRY(measure(w, err));
    VSH_TRY(vsh_study_fit_time(s->arena, &w->setup, train_study_seconds(w), &w->study, err));
    w->largest_flops = w->study.largest_flops;
    write_settings(w, &text);
    return vsh_file_write(w->path.settings, &text, err);
}
