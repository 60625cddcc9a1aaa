#include "trainer/train_study_law.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/child.h"
#include "core/file.h"
#include "core/json.h"
#include "core/library.h"
#include "trainer/base/json_read.h"

static const double fit_time_max_s = 1800;
enum { ANSWER_BYTES = 4 << 20 };

/* What vishwa-plan answered. */
typedef struct {
    bool known;
    vsh_text text;
    vsh_value root;
} answer;

/* argv without the program, closed by NULL. */
static vsh_status ask_planner(study_work *w, const char *const *words, answer *a, vsh_error *err)
{
    vsh_arena *arena = w->session->arena;
    const char *argv[32];
    vsh_child child = {.argv = argv,
                       .time_max = {fit_time_max_s},
                       .output_max = ANSWER_BYTES,
                       .ours = true,
                       .stop = w->asked->stop};
    int count = 1;

    *a = (answer){.text = {.arena = arena}};
    VSH_TRY(vsh_library_program(arena, "vishwa-plan", &argv[0], err));
    while (*words)
        argv[count++] = *words++;
    argv[count] = NULL;
    VSH_TRY(vsh_child_run(&child, &a->text, err));
    VSH_TRY(
        vsh_json_read(arena, argv[0], vsh_text_string(&a->text), a->text.length, &a->root, err));
    a->known = true;
    return VSH_OK;
}

/* ---- the fit ------------------------------------------------------------------------------- */

/* A run whose loss is not known tells nothing. */
vsh_status train_study_write_runs(study_work *w, vsh_error *err)
{
    vsh_text csv = {.arena = w->session->arena};

    vsh_text_add(&csv, "params,tokens,loss,size,flops,name\n");
    for (int64_t i = 0; i < w->records.count; i++) {
        const vsh_study_record *r = &w->records.item[i];
        if (strcmp(r->role, vsh_study_role_words[VSH_STUDY_CURVE]) == 0 && isfinite(r->loss))
            vsh_text_add(&csv, "%" PRId64 ",%" PRId64 ",%.17g,L%" PRId64 "C%" PRId64 ",%.17g,%s\n",
                         r->params_total, r->tokens, r->loss, r->layers, r->hidden, r->flops,
                         r->name);
    }
    return vsh_file_write(w->path.csv, &csv, err);
}

#define BYTE_VOCAB "257" /* bytes and the end of a document */

const study_law_form study_law_forms[STUDY_OPINIONS] = {
    {"chinchilla", {"E", "A", "B", "alpha", "beta"}, "L = E + A/N^alpha + B/D^beta", NULL},
    {"bounded",
     {"E", "a", "b", "alpha", "beta"},
     "L = E + (ln " BYTE_VOCAB " - E) h/(1 + h), h = a/N^alpha + b/D^beta",
     BYTE_VOCAB},
    {.form = "kaplan"},
};

/* What is asked of `fit`. */
typedef struct {
    const char *form, *vocab; /* vocab NULL: of a form that knows no bound */
    const char *law, *report; /* where they go; report NULL: there is none */
} fitting;

/* The points of one size lie on one trunk: whole sizes are drawn. */
static vsh_status fit(study_work *w, const fitting *f, answer *a, vsh_error *err)
{
    const char *words[26] = {"fit",         w->path.csv,  "--json",     "--force",
                             "--columns",   "group=size", "--resample", "groups",
                             "--bootstrap", "400",        "--out",      f->law,
                             "--n-counts",  "total",      "--corpus",   "vishwa-train study",
                             "--law",       f->form};
    int count = 18;

    if (f->vocab) {
        words[count++] = "--vocab";
        words[count++] = f->vocab;
    }
    if (f->report) {
        words[count++] = "--report";
        words[count++] = f->report;
    }
    return ask_planner(w, words, a, err);
}

/* Fits before the held-out model is trained; without gnuplot there is no report, but a law.
 * VSH_ENO: no form is identified, and err says why the first one is not. */
static vsh_status fit_law(study_work *w, const char **chosen, answer *a, vsh_error *err)
{
    vsh_error reason[STUDY_LAW_FORMS];

    VSH_TRY(train_study_write_runs(w, err));
    for (int form = 0; form < STUDY_LAW_FORMS; form++) {
        fitting f = {study_law_forms[form].form, study_law_forms[form].vocab, w->path.law,
                     w->path.report};
        vsh_status status = fit(w, &f, a, &reason[form]);
        if (status == VSH_EINPUT || status == VSH_EMACHINE) {
            f.report = NULL;
            status = fit(w, &f, a, &reason[form]);
        }
        *chosen = f.form;
        if (status == VSH_OK)
            return vsh_file_write(w->path.fit, &a->text, err);
        if (status != VSH_ENO)
            return vsh_fail(err, status, "%s", reason[form].text);
    }
    return vsh_fail(err, VSH_ENO, "%s", reason[0].text);
}

/* ---- the prediction ------------------------------------------------------------------------ */

static vsh_status ask_loss(study_work *w, const char *law, const vsh_study_curve *c, double tokens,
                           answer *loss, vsh_error *err)
{
    vsh_arena *arena = w->session->arena;
    vsh_text n = {.arena = arena}, d = {.arena = arena};
    const char *words[] = {"loss",     "--law", law,      "--params", NULL,
                           "--tokens", NULL,    "--json", NULL};

    vsh_text_add(&n, "%" PRId64, c->params_total);
    vsh_text_add(&d, "%.0f", tokens);
    words[4] = vsh_text_string(&n);
    words[6] = vsh_text_string(&d);
    return ask_planner(w, words, loss, err);
}

/* A refusal is an answer, and comes again when it is asked again. */
static bool ends_the_study(vsh_status status)
{
    return status == VSH_ESTOPPED || status == VSH_EMACHINE;
}

/* The last thing that the planner said of itself: warnings stand before it. */
static const char *complaint_of(const vsh_error *reason)
{
    static const char planner[] = "vishwa-plan: ";
    const char *said = reason->text, *next;

    while ((next = strstr(said, planner)) != NULL)
        said = next + sizeof planner - 1;
    return *said ? said : NULL;
}

typedef struct {
    double loss, low, high; /* NaN: this form says nothing */
    vsh_error reason;       /* why not */
} opinion;

static opinion opinion_of(const answer *loss)
{
    return (opinion){vsh_value_get_number(&loss->root, "loss"),
                     vsh_value_get_number(&loss->root, "loss_low"),
                     vsh_value_get_number(&loss->root, "loss_high"),
                     {""}};
}

static vsh_status ask_opinion(study_work *w, int which, const vsh_study_curve *c, double tokens,
                              opinion *o, vsh_error *err)
{
    vsh_text name = {.arena = w->session->arena};
    fitting f = {.form = study_law_forms[which].form, .vocab = study_law_forms[which].vocab};
    vsh_status status;
    answer a;

    vsh_text_add(&name, "%s/law-%s.yaml", w->path.out, f.form);
    f.law = vsh_text_string(&name);
    status = fit(w, &f, &a, &o->reason);
    if (status == VSH_OK)
        status = ask_loss(w, f.law, c, tokens, &a, &o->reason);
    if (status == VSH_OK)
        *o = opinion_of(&a);
    else if (ends_the_study(status))
        return vsh_fail(err, status, "%s", o->reason.text);
    return VSH_OK; /* not identified, too few runs, nothing finite: the law itself stands */
}

/* What every form says; chosen is the one that law.yaml has, and loss its answer. */
static vsh_status ask_all(study_work *w, const char *chosen, const answer *loss,
                          const vsh_study_curve *c, double tokens, opinion *say, vsh_error *err)
{
    for (int i = 0; i < STUDY_OPINIONS; i++) {
        say[i] = (opinion){NAN, NAN, NAN, {""}};
        if (loss->known && strcmp(study_law_forms[i].form, chosen) == 0)
            say[i] = opinion_of(loss);
        else if (loss->known)
            VSH_TRY(ask_opinion(w, i, c, tokens, &say[i], err));
    }
    return VSH_OK;
}

static void write_opinions(const opinion *o, vsh_json *json)
{
    vsh_json_array(json, "forms");
    for (int i = 0; i < STUDY_OPINIONS; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "form", study_law_forms[i].form);
        vsh_json_known(json, "loss", o[i].loss);
        vsh_json_known(json, "loss_low", o[i].low);
        vsh_json_known(json, "loss_high", o[i].high);
        vsh_json_string(json, "reason", complaint_of(&o[i].reason));
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

/* The loss is that of the law that stands in law.yaml, the interval of all forms together. */
static void write_prediction(const vsh_study_curve *c, double tokens, const answer *a,
                             const opinion *forms_say, const char *reason, vsh_text *out)
{
    vsh_json json = {.out = out};
    double low = NAN, high = NAN;

    for (int i = 0; i < STUDY_OPINIONS; i++) {
        low = fmin(low, forms_say[i].low); /* passes over NaN */
        high = fmax(high, forms_say[i].high);
    }
    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "name", vsh_study_point_name(c, 0).text);
    vsh_json_string(&json, "written", "before this model was trained");
    vsh_json_integer(&json, "params", c->params_total);
    vsh_json_real(&json, "tokens", tokens);
    vsh_json_real(&json, "flops", (double)c->point[0].steps * c->flops_per_step);
    vsh_json_known(&json, "loss", vsh_value_get_number(&a->root, "loss"));
    vsh_json_known(&json, "loss_low", low);
    vsh_json_known(&json, "loss_high", high);
    write_opinions(forms_say, &json);
    vsh_json_string(&json, "reason", reason);
    vsh_json_end(&json);
}

vsh_status train_study_read_prediction(const study_work *w, study_prediction *p, vsh_error *err)
{
    const char *path = w->path.prediction;
    const vsh_value *name, *reason;
    vsh_value root;

    VSH_TRY(vsh_json_read_file(w->session->arena, path, &root, err));
    VSH_TRY(vsh_study_number(&root, path, "loss", &p->loss, err));
    VSH_TRY(vsh_study_number(&root, path, "loss_low", &p->low, err));
    VSH_TRY(vsh_study_number(&root, path, "loss_high", &p->high, err));
    name = vsh_value_get_kind(&root, "name", VSH_VALUE_TEXT);
    reason = vsh_value_get_kind(&root, "reason", VSH_VALUE_TEXT);
    if (!name)
        return vsh_fail(err, VSH_EINPUT, "%s: name: expected a text", path);
    p->name = name->text;
    p->reason = reason ? reason->text : "";
    return VSH_OK;
}

vsh_status train_study_predict(study_work *w, const vsh_study_curve *c, vsh_error *err)
{
    double tokens = (double)(c->point[0].steps * c->batch_tokens);
    vsh_text out = {.arena = w->session->arena};
    answer law, loss = {.known = false};
    vsh_error reason = {""};
    opinion say[STUDY_OPINIONS];
    const char *chosen = "";
    vsh_status status;

    if (access(w->path.prediction, F_OK) == 0) { /* it stands: what is known since moves it not */
        study_prediction kept;
        VSH_TRY(train_study_read_prediction(w, &kept, err));
        return strcmp(kept.name, vsh_study_point_name(c, 0).text) == 0
                   ? VSH_OK
                   : vsh_fail(err, VSH_EINPUT, "%s: name: expected %s, got %.80s",
                              w->path.prediction, vsh_study_point_name(c, 0).text, kept.name);
    }
    status = fit_law(w, &chosen, &law, &reason);
    if (status == VSH_OK)
        status = ask_loss(w, w->path.law, c, tokens, &loss, &reason);
    else if (status == VSH_EINPUT) /* of the fit: its table is ours */
        return vsh_fail(err, status, "%s", reason.text);
    if (ends_the_study(status))
        return vsh_fail(err, status, "%s", reason.text);
    VSH_TRY(ask_all(w, chosen, &loss, c, tokens, say, err));
    write_prediction(c, tokens, &loss, say, complaint_of(&reason), &out);
    return vsh_file_write(w->path.prediction, &out, err);
}
