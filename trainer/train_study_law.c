#include "trainer/train_study_law.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/json.h"
#include "core/page.h"
#include "trainer/base/json_read.h"
#include "trainer/study/study_figure.h"

typedef struct {
    bool identified;
    int form; /* of study_law_forms */
    vsh_value fit;
    study_prediction said;
    const vsh_study_record *held;
    double error;
    bool diverged;       /* the held-out model: its loss is not known */
    bool judged, inside; /* judged: there is a loss and an interval */
    vsh_study_family family;
    bool drawn;
} outcome;

static vsh_status gather(study_work *w, outcome *o, vsh_error *err)
{
    const study_prediction *said = &o->said;
    const vsh_value *word;

    VSH_TRY(train_study_read_prediction(w, &o->said, err));
    o->identified = isfinite(said->loss);
    if (o->identified)
        VSH_TRY(vsh_json_read_file(w->session->arena, w->path.fit, &o->fit, err));
    word = vsh_value_get_kind(&o->fit, "law", VSH_VALUE_TEXT);
    while (word && o->form < STUDY_LAW_FORMS - 1 &&
           strcmp(word->text, study_law_forms[o->form].form) != 0)
        o->form++;
    o->held = vsh_study_records_find(&w->records, said->name);
    if (!o->held)
        return vsh_fail(err, VSH_EINPUT, "%s: names no run of %s", w->path.prediction,
                        w->path.records);
    o->diverged = !isfinite(o->held->loss);
    o->error = said->loss / o->held->loss - 1;
    o->judged = !o->diverged && isfinite(said->low) && isfinite(said->high);
    o->inside = o->held->loss >= said->low && o->held->loss <= said->high;
    o->family = (vsh_study_family){.name = o->held->family};
    return VSH_OK;
}

static double end_of(const vsh_value *root, const char *key, int end)
{
    const vsh_value *all = vsh_value_get_kind(root, "interval", VSH_VALUE_OBJECT);
    const vsh_value *v = all ? vsh_value_get_kind(all, key, VSH_VALUE_LIST) : NULL;

    return vsh_value_number(v && v->count == 2 ? &v->item[end] : NULL);
}

static void write_summary(const study_work *w, const outcome *o, vsh_text *out)
{
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "study", "law");
    vsh_json_string(&json, "status", "done");
    vsh_json_integer(&json, "runs", w->records.count);
    vsh_json_bool(&json, "identified", o->identified);
    vsh_json_string(&json, "reason", o->identified ? NULL : o->said.reason);
    vsh_json_string(&json, "form", o->identified ? study_law_forms[o->form].form : NULL);
    vsh_json_object(&json, "law");
    for (int i = 0; i < STUDY_LAW_COEFFICIENTS; i++)
        vsh_json_known(&json, study_law_forms[o->form].coefficient[i],
                       vsh_value_get_number(&o->fit, study_law_forms[o->form].coefficient[i]));
    vsh_json_known(&json, "residual_sd", vsh_value_get_number(&o->fit, "residual_sd"));
    vsh_json_end(&json);
    vsh_json_object(&json, "interval");
    for (int i = 0; i < STUDY_LAW_COEFFICIENTS; i++) {
        vsh_json_array(&json, study_law_forms[o->form].coefficient[i]);
        vsh_json_known(&json, NULL, end_of(&o->fit, study_law_forms[o->form].coefficient[i], 0));
        vsh_json_known(&json, NULL, end_of(&o->fit, study_law_forms[o->form].coefficient[i], 1));
        vsh_json_end(&json);
    }
    vsh_json_end(&json);
    vsh_json_object(&json, "held_out");
    vsh_json_string(&json, "name", o->held->name);
    vsh_json_integer(&json, "params", o->held->params_total);
    vsh_json_integer(&json, "tokens", o->held->tokens);
    vsh_json_known(&json, "predicted", o->said.loss);
    vsh_json_known(&json, "predicted_low", o->said.low);
    vsh_json_known(&json, "predicted_high", o->said.high);
    vsh_json_known(&json, "measured", o->held->loss);
    vsh_json_known(&json, "rel_error", o->error);
    if (o->judged)
        vsh_json_bool(&json, "inside_interval", o->inside);
    else
        vsh_json_null(&json, "inside_interval");
    vsh_json_end(&json);
    train_study_write_tuned(w, &o->family, 1, &json);
    vsh_json_string(&json, "machine", o->held->machine);
    vsh_json_string(&json, "commit", o->held->commit);
    vsh_json_end(&json);
}

/* Coefficients that these runs leave open, over more than a decade or to the end of what was tried:
 * the law holds where they are, not beyond. "": none. */
static const char *open_ones(const outcome *o, vsh_text *names)
{
    const vsh_value *open = vsh_value_get_kind(&o->fit, "open", VSH_VALUE_LIST);

    for (int64_t i = 0; open && i < open->count; i++)
        if (open->item[i].kind == VSH_VALUE_TEXT)
            vsh_text_add(names, "%s%s", i ? ", " : "", open->item[i].text);
    return vsh_text_string(names);
}

static void show_law(const study_work *w, const outcome *o, vsh_text *out)
{
    vsh_text names = {.arena = w->session->arena};
    const char *open = open_ones(o, &names);

    vsh_text_add(out, "  %s\n", study_law_forms[o->form].formula);
    for (int i = 0; i < STUDY_LAW_COEFFICIENTS; i++)
        vsh_text_add(
            out, "    %-6s %10s   95 %% within %s to %s\n", study_law_forms[o->form].coefficient[i],
            vsh_show_real(vsh_value_get_number(&o->fit, study_law_forms[o->form].coefficient[i]))
                .text,
            vsh_show_real(end_of(&o->fit, study_law_forms[o->form].coefficient[i], 0)).text,
            vsh_show_real(end_of(&o->fit, study_law_forms[o->form].coefficient[i], 1)).text);
    vsh_text_add(out, "    residuals %.2f %%\n",
                 100 * vsh_value_get_number(&o->fit, "residual_sd"));
    if (*open)
        vsh_text_add(out, "    open      %s: these runs do not tell them apart\n", open);
}

/* The held-out model's loss as people read it. */
static vsh_figure_text measured(const outcome *o)
{
    vsh_figure_text text = {"diverged"};

    if (!o->diverged)
        snprintf(text.text, sizeof text.text, "%.4f", o->held->loss);
    return text;
}

static void show_held_out(const outcome *o, vsh_text *out)
{
    vsh_text_add(out, "\n  Held out  %s parameters, %s tokens\n",
                 vsh_show_count((double)o->held->params_total).text,
                 vsh_show_count((double)o->held->tokens).text);
    if (o->identified)
        vsh_text_add(out, "    predicted %.4f, 95 %% within %.4f to %.4f\n", o->said.loss,
                     o->said.low, o->said.high);
    vsh_text_add(out, "    measured  %s", measured(o).text);
    if (o->judged)
        vsh_text_add(out, ": %+.2f %% off, %s the interval", 100 * o->error,
                     o->inside ? "inside" : "outside");
    vsh_text_add(out, "\n");
}

static void show_summary(const study_work *w, const outcome *o, vsh_text *out)
{
    vsh_text_add(out, "\n  The small law, of %" PRId64 " runs\n", w->records.count);
    if (o->identified) {
        show_law(w, o, out);
    } else {
        vsh_text_add(out, "  ");
        vsh_text_wrap(out, o->said.reason, 2, 80);
    }
    show_held_out(o, out);
    train_study_show_tuned(w, &o->family, 1, out);
    if (!o->drawn)
        vsh_text_add(out, "\n  gnuplot did not draw the figure: its script is there.\n");
    vsh_text_add(out, "\n  %s\n\n",
                 vsh_show_command(w->session->arena, 1, (char *const *)&w->path.summary));
}

static void write_law_table(const study_work *w, const outcome *o, vsh_text *page)
{
    vsh_text names = {.arena = w->session->arena};
    const char *open = open_ones(o, &names);
    static const char *const heads[] = {"Coefficient", "#value", "#95 % from", "#to"};
    vsh_table table;

    vsh_page_put(page, "h2", NULL, "The law");
    vsh_text_add(page, "<section class=\"card\">\n");
    if (!o->identified) {
        vsh_page_put(page, "p", NULL, "%s", o->said.reason);
        vsh_text_add(page, "</section>\n");
        return;
    }
    vsh_page_put(page, "p", NULL, "%s, N total parameters, D tokens (bytes)",
                 study_law_forms[o->form].formula);
    table = vsh_table_open(page, heads, sizeof heads / sizeof *heads);
    for (int i = 0; i < STUDY_LAW_COEFFICIENTS; i++) {
        const char *key = study_law_forms[o->form].coefficient[i];
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", key);
        vsh_table_cell(&table, "%s", vsh_show_real(vsh_value_get_number(&o->fit, key)).text);
        vsh_table_cell(&table, "%s", vsh_show_real(end_of(&o->fit, key, 0)).text);
        vsh_table_cell(&table, "%s", vsh_show_real(end_of(&o->fit, key, 1)).text);
    }
    vsh_table_close(&table);
    if (*open)
        vsh_page_put(page, "p", NULL,
                     "Open: %s, over more than a decade or to the end of what was tried. Together "
                     "they predict inside these runs.",
                     open);
    vsh_page_put(
        page, "p", "small",
        "Residuals %.2f %%. Intervals: bootstrap of whole sizes. More of the fit stands in "
        "fit/index.html.",
        100 * vsh_value_get_number(&o->fit, "residual_sd"));
    vsh_text_add(page, "</section>\n");
}

static void write_held_out(const outcome *o, vsh_text *page)
{
    char text[48];

    vsh_text_add(page, "<section class=\"card\">\n<dl class=\"figures\">\n");
    snprintf(text, sizeof text, "%.4f", o->said.loss);
    if (o->identified)
        vsh_report_tile(page, "predicted loss", text, "95 %% within %.4f to %.4f", o->said.low,
                        o->said.high);
    vsh_report_tile(page, "measured loss", measured(o).text, "%s parameters, %s tokens",
                    vsh_show_count((double)o->held->params_total).text,
                    vsh_show_count((double)o->held->tokens).text);
    if (o->judged) {
        snprintf(text, sizeof text, "%+.2f %%", 100 * o->error);
        vsh_report_tile(page, "off", text, "%s the interval", o->inside ? "inside" : "outside");
    }
    vsh_text_add(page, "</dl>\n</section>\n");
}

static vsh_status write_page(study_work *w, outcome *o, vsh_error *err)
{
    const char *const *key = study_law_forms[o->form].coefficient;
    const char *vocab = study_law_forms[o->form].vocab;
    vsh_study_law law = {.E = vsh_value_get_number(&o->fit, key[0]),
                         .A = vsh_value_get_number(&o->fit, key[1]),
                         .B = vsh_value_get_number(&o->fit, key[2]),
                         .alpha = vsh_value_get_number(&o->fit, key[3]),
                         .beta = vsh_value_get_number(&o->fit, key[4]),
                         .bound = vocab ? log(strtod(vocab, NULL)) : 0};
    vsh_study_held_out held = {o->held, o->said.loss, o->said.low, o->said.high};
    vsh_text page = {.arena = w->session->arena};
    vsh_report_figure figure =
        vsh_report_figure_of(w->session->arena, "law", "Loss against training compute");

    train_study_page_open("The small law",
                          "What small models on this machine say of a larger one before it is "
                          "trained, and what it then reached.",
                          &page);
    write_held_out(o, &page);
    write_law_table(w, o, &page);
    vsh_study_law_figure(&w->records, &law, &held, w->settled_card, &figure);
    return train_study_page_close(w, &figure, 1, &page, &o->drawn, err);
}

vsh_status train_study_law_summary(study_work *w, vsh_error *err)
{
    vsh_session *s = w->session;
    vsh_text text = {.arena = s->arena};
    outcome o = {0};

    VSH_TRY(train_study_write_runs(w, err));
    VSH_TRY(gather(w, &o, err));
    VSH_TRY(write_page(w, &o, err));
    write_summary(w, &o, &text);
    VSH_TRY(vsh_file_write(w->path.summary, &text, err));
    if (s->common->json)
        write_summary(w, &o, &s->out);
    else
        show_summary(w, &o, &s->out);
    s->answered = true;
    if (!o.identified)
        return vsh_fail(err, VSH_ENO, "study law: no law is identified by these runs");
    if (o.diverged)
        return vsh_fail(err, VSH_ENO, "study law: the held-out model diverged: nothing is checked");
    return VSH_OK;
}
