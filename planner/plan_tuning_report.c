#include <math.h>
#include <stdio.h>

#include "core/page.h"
#include "planner/plan_report.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define RATE(value) plan_show_rate(value).text

enum { REASON = 80 };

static const char schedule[] = "WSD"; /* warmup, stable, decay */
static const char schedule_note[] = "constant after warmup, a cooldown at the end (1-sqrt or "
                                    "linear); the best constant rate is about "
                                    "half of a cosine's peak, which most of these laws are of "
                                    "(arXiv:2405.18392, secondary). A cosine "
                                    "must end exactly at the last token (Hoffmann 2022)";
static const char critical_note[] =
    "by Kaplan 2020 equation 1.4 of the loss, by Zhang 2024 (arXiv:2410.21676) of the tokens; both "
    "secondary";
static const char extrapolated_note[] =
    "no law was fitted at such a run: its rates are held to 3e-3; sweep around the centre";

vsh_figure_text plan_show_rate(double rate)
{
    vsh_figure_text shown;
    int exponent = (int)floor(log10(rate) + 1e-9);
    double digits = round(10 * rate / pow(10, exponent)) / 10;

    if (digits >= 10) { /* 9.96e-4 is 1e-3 in two digits */
        digits = 1;
        exponent++;
    }
    snprintf(shown.text, sizeof shown.text, "%.*fe%d", digits == round(digits) ? 0 : 1, digits,
             exponent);
    return shown;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void write_law(const plan_tuning *t, int i, vsh_json *json)
{
    const vsh_tuning_law *law = &vsh_tuning_laws[i];
    char reason[REASON];
    bool valid = vsh_tuning_law_valid(law, &t->run, reason, sizeof reason);

    vsh_json_object(json, NULL);
    vsh_json_string(json, "law", law->name);
    vsh_json_known(json, "learning_rate", law->rate(&t->run));
    vsh_json_known(json, "batch_tokens",
                   law->batch_tokens ? law->batch_tokens(&t->run) : (double)NAN);
    vsh_json_bool(json, "in_range", valid);
    vsh_json_string(json, "outside_by", valid ? NULL : reason);
    vsh_json_bool(json, "used", t->laws.used[i]);
    vsh_json_string(json, "n_counts", law->counts);
    vsh_json_real(json, "params", law->params(&t->run));
    vsh_json_string(json, "formula", law->formula);
    vsh_json_string(json, "range", law->range);
    vsh_json_string(json, "evidence", vsh_evidence_names[law->evidence]);
    vsh_json_string(json, "source", law->source);
    vsh_json_end(json);
}

static void write_settings(const plan_tuning *t, vsh_json *json)
{
    vsh_setting settings[VSH_SETTINGS];
    char key[40];

    vsh_settings_of(&t->schedule, settings);
    for (int i = 0; i < VSH_SETTINGS; i++) {
        const vsh_setting *s = &settings[i];
        vsh_json_real(json, s->key, s->value);
        if (s->low == s->high)
            continue;
        snprintf(key, sizeof key, "%s_low", s->key);
        vsh_json_real(json, key, s->low);
        snprintf(key, sizeof key, "%s_high", s->key);
        vsh_json_real(json, key, s->high);
    }
    vsh_json_array(json, "sources");
    for (int i = 0; i < VSH_SETTINGS; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "key", settings[i].key);
        vsh_json_string(json, "evidence", vsh_evidence_names[settings[i].evidence]);
        vsh_json_string(json, "source", settings[i].source);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

/* Between the two rules; one alone where the other has no answer. */
static vsh_interval critical_range(const plan_tuning *t)
{
    return (vsh_interval){fmin(t->critical_loss, t->critical_data),
                          fmax(t->critical_loss, t->critical_data)};
}

static double critical_centre(const plan_tuning *t)
{
    vsh_interval range = critical_range(t);

    return sqrt(range.low * range.high);
}

static void write_critical(const plan_tuning *t, vsh_json *json)
{
    vsh_interval range = critical_range(t);

    vsh_json_real(json, "critical_batch_tokens", critical_centre(t));
    vsh_json_real(json, "critical_batch_tokens_low", range.low);
    vsh_json_real(json, "critical_batch_tokens_high", range.high);
    vsh_json_known(json, "critical_batch_kaplan_tokens", t->critical_loss);
    vsh_json_real(json, "critical_batch_zhang_tokens", t->critical_data);
    vsh_json_string(json, "critical_batch_source", critical_note);
}

void plan_write_tuning(const plan_tuning *t, double batch_tokens, vsh_json *json)
{
    vsh_json_object(json, "hyperparameters");
    vsh_json_real(json, "learning_rate", t->rate);
    vsh_json_real(json, "learning_rate_low", t->laws.rate_low);
    vsh_json_real(json, "learning_rate_high", t->laws.rate_high);
    vsh_json_bool(json, "learning_rate_extrapolated", t->laws.rate_extrapolated);
    vsh_json_real(json, "batch_tokens", batch_tokens);
    vsh_json_real(json, "batch_tokens_low", t->laws.batch_low);
    vsh_json_real(json, "batch_tokens_high", t->laws.batch_high);
    vsh_json_bool(json, "batch_extrapolated", t->laws.batch_extrapolated);
    write_critical(t, json);
    vsh_json_string(json, "schedule", schedule);
    write_settings(t, json);
    vsh_json_array(json, "laws");
    for (int i = 0; i < VSH_TUNING_LAWS; i++)
        write_law(t, i, json);
    vsh_json_end(json);
    vsh_json_string(json, "note", t->laws.rate_extrapolated ? extrapolated_note : NULL);
    vsh_json_end(json);
}

/* ---- a screen ------------------------------------------------------------------------------ */

/* "-" where the law has no answer. */
static vsh_figure_text show_law_rate(const vsh_tuning_law *law, const vsh_tuned *run)
{
    double rate = law->rate(run);

    return rate > 0 ? plan_show_rate(rate) : (vsh_figure_text){"-"};
}

static vsh_figure_text show_law_batch(const vsh_tuning_law *law, const vsh_tuned *run)
{
    return law->batch_tokens ? vsh_show_count(law->batch_tokens(run)) : (vsh_figure_text){"-"};
}

/* Why the law is or is not followed. */
static const char *verdict(const plan_tuning *t, int i, char *room, size_t bytes)
{
    const vsh_tuning_law *law = &vsh_tuning_laws[i];
    char reason[REASON];

    if (!vsh_tuning_law_valid(law, &t->run, reason, sizeof reason))
        snprintf(room, bytes, "not fitted at %s%s", reason, t->laws.used[i] ? ", used" : "");
    else
        snprintf(room, bytes, "%s", law->shown_only ? "shown, not used" : "in its range");
    return room;
}

static void print_laws(const plan_tuning *t, vsh_term term, vsh_text *out)
{
    char room[120];

    vsh_text_add(out, "\n  %sLaw                       lr      batch  evidence%s\n",
                 vsh_term_bold(term), vsh_term_plain(term));
    for (int i = 0; i < VSH_TUNING_LAWS; i++) {
        const vsh_tuning_law *law = &vsh_tuning_laws[i];
        vsh_text_add(out, "  %-20s %7s %10s  %-11s ", law->title, show_law_rate(law, &t->run).text,
                     show_law_batch(law, &t->run).text, vsh_evidence_names[law->evidence]);
        vsh_text_wrap(out, verdict(t, i, room, sizeof room), 55, 80);
    }
}

/* Steps are counted in thousands, the others are rates and shares. */
static vsh_figure_text show_setting(double value)
{
    vsh_figure_text shown;

    if (value >= 1000)
        return vsh_show_integer((int64_t)value);
    snprintf(shown.text, sizeof shown.text, "%g", value);
    return shown;
}

static void print_settings(const plan_tuning *t, vsh_term term, vsh_text *out)
{
    vsh_setting settings[VSH_SETTINGS];
    char value[80], words[300];

    vsh_settings_of(&t->schedule, settings);
    vsh_text_add(out, "\n  %sSchedule%s   %s: ", vsh_term_bold(term), vsh_term_plain(term),
                 schedule);
    vsh_text_wrap(out, schedule_note, 18, 80);
    for (int i = 0; i < VSH_SETTINGS; i++) {
        const vsh_setting *s = &settings[i];
        if (s->low == s->high)
            snprintf(value, sizeof value, "%s", show_setting(s->value).text);
        else
            snprintf(value, sizeof value, "%s (%s - %s)", show_setting(s->value).text,
                     show_setting(s->low).text, show_setting(s->high).text);
        vsh_text_add(out, "  %-29s %-17s ", s->title, value);
        snprintf(words, sizeof words, "%s (%s)", s->source, vsh_evidence_names[s->evidence]);
        vsh_text_wrap(out, words, 50, 80);
    }
}

void plan_print_tuning(const plan_tuning *t, double batch_tokens, vsh_term term, vsh_text *out)
{
    vsh_text_add(out, "  lr          %s%s%s (%s - %s)\n", vsh_term_bold(term), RATE(t->rate),
                 vsh_term_plain(term), RATE(t->laws.rate_low), RATE(t->laws.rate_high));
    vsh_text_add(out, "  batch       %s%s%s tokens (%s - %s)\n", vsh_term_bold(term),
                 COUNT(batch_tokens), vsh_term_plain(term), COUNT(t->laws.batch_low),
                 COUNT(t->laws.batch_high));
    vsh_text_add(out, "  critical    %s tokens (%s - %s)\n%14s", COUNT(critical_centre(t)),
                 COUNT(critical_range(t).low), COUNT(critical_range(t).high), "");
    vsh_text_wrap(out, critical_note, 14, 80);
    if (t->laws.rate_extrapolated) {
        vsh_text_add(out, "  %snote%s        ", vsh_term_warn(term), vsh_term_plain(term));
        vsh_text_wrap(out, extrapolated_note, 14, 80);
    }
    print_laws(t, term, out);
    print_settings(t, term, out);
}

/* ---- a page -------------------------------------------------------------------------------- */

static void page_laws(const plan_tuning *t, double batch_tokens, vsh_text *page)
{
    static const char *const heads[] = {"Law",  "#learning rate", "#batch, tokens", "+fitted on",
                                        "here", "evidence",       "+source"};
    vsh_table table = vsh_table_open(page, heads, 7);
    char room[120];

    vsh_table_row(&table, "strong");
    vsh_table_cell(&table, "this plan");
    vsh_table_cell(&table, "%s", RATE(t->rate));
    vsh_table_cell(&table, "%s", COUNT(batch_tokens));
    vsh_table_cell(&table, "%s",
                   t->laws.rate_extrapolated ? extrapolated_note
                                             : "the geometric mean of the laws in their range");
    vsh_table_cell(&table, "%s - %s", RATE(t->laws.rate_low), RATE(t->laws.rate_high));
    vsh_table_cell(&table, " ");
    vsh_table_cell(&table, " ");
    for (int i = 0; i < VSH_TUNING_LAWS; i++) {
        const vsh_tuning_law *law = &vsh_tuning_laws[i];
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", law->title);
        vsh_table_cell(&table, "%s", show_law_rate(law, &t->run).text);
        vsh_table_cell(&table, "%s", show_law_batch(law, &t->run).text);
        vsh_table_cell(&table, "%s (%s)", law->range, law->counts);
        vsh_table_cell(&table, "%s", verdict(t, i, room, sizeof room));
        vsh_table_cell(&table, "%s", vsh_evidence_names[law->evidence]);
        vsh_table_cell(&table, "%s: %s", law->source, law->formula);
    }
    vsh_table_close(&table);
}

static void page_settings(const plan_tuning *t, vsh_text *page)
{
    static const char *const heads[] = {"Setting", "#value", "#from", "#to", "evidence", "+source"};
    vsh_table table = vsh_table_open(page, heads, 6);
    vsh_setting settings[VSH_SETTINGS];

    vsh_settings_of(&t->schedule, settings);
    for (int i = 0; i < VSH_SETTINGS; i++) {
        const vsh_setting *s = &settings[i];
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", s->title);
        vsh_table_cell(&table, "%g", s->value);
        vsh_table_cell(&table, "%g", s->low);
        vsh_table_cell(&table, "%g", s->high);
        vsh_table_cell(&table, "%s", vsh_evidence_names[s->evidence]);
        vsh_table_cell(&table, "%s", s->source);
    }
    vsh_table_close(&table);
}

void plan_page_tuning(const plan_tuning *t, double batch_tokens, vsh_text *page)
{
    vsh_page_put(page, "h2", NULL, "How to train it");
    vsh_text_add(page, "<section class=\"card\">\n");
    page_laws(t, batch_tokens, page);
    page_settings(t, page);
    vsh_page_put(page, "p", "small", "Schedule: %s. Critical batch %s - %s tokens: %s.",
                 schedule_note, COUNT(critical_range(t).low), COUNT(critical_range(t).high),
                 critical_note);
    vsh_text_add(page, "</section>\n");
}
