#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/field.h"
#include "core/explain.h"
#include "core/json.h"
#include "planner/laws/covariance.h"
#include "planner/laws/law_file.h"
#include "planner/plan_commands.h"
#include "planner/plan_report.h"

enum { WIDTH = 80, INDENT = 16 };

/* ---- a law by name or file ---------------------------------------------------------------------
 */

static bool is_file(const char *name)
{
    size_t length = strlen(name);

    return strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".yaml") == 0) ||
           access(name, F_OK) == 0;
}

vsh_status plan_find_law(vsh_arena *arena, const char *name, const vsh_law **law, vsh_error *err)
{
    char suggestion[160];
    vsh_law *read;

    *law = name ? vsh_law_find(name) : vsh_law_default();
    if (*law)
        return VSH_OK;
    if (is_file(name)) {
        read = vsh_alloc(arena, 1, sizeof *read);
        if (!read)
            return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", name);
        *law = read;
        return vsh_law_read(arena, name, read, err);
    }
    vsh_suggest(suggestion, sizeof suggestion, name, vsh_law_words, VSH_LAW_COUNT);
    if (!*suggestion)
        snprintf(suggestion, sizeof suggestion,
                 ", nor a file of that name (vishwa-plan laws lists "
                 "them: %s, %s, ...)",
                 vsh_law_words[0], vsh_law_words[1]);
    return vsh_fail(err, VSH_EINPUT, "no law \"%.60s\"%s", name, suggestion);
}

/* ---- as JSON -----------------------------------------------------------------------------------
 */

static void write_coefficients(const vsh_law *law, vsh_json *json)
{
    vsh_json_object(json, "coefficients");
    for (int c = 0; law->form->coefficient[c]; c++)
        vsh_json_real(json, law->form->coefficient[c], law->coefficient[c]);
    vsh_json_end(json);
    vsh_json_object(json, "stderr");
    for (int c = 0; law->form->coefficient[c]; c++)
        if (law->stderr_[c] > 0)
            vsh_json_real(json, law->form->coefficient[c], law->stderr_[c]);
    vsh_json_end(json);
}

/* An end that is not known, or free, is null. */
static void write_span(vsh_json *json, const char *key, double low, double high)
{
    vsh_json_array(json, key);
    vsh_json_known(json, NULL, low > 0 ? low : (double)NAN);
    vsh_json_known(json, NULL, high > 0 ? high : (double)NAN);
    vsh_json_end(json);
}

static void write_fitted(const vsh_law *law, vsh_json *json)
{
    vsh_json_object(json, "fitted");
    write_span(json, "params", law->params_low, law->params_high);
    write_span(json, "tokens", law->tokens_low, law->tokens_high);
    write_span(json, "flops", law->flops_low, law->flops_high);
    write_span(json, "experts", fmax(1, law->experts_low), fmax(1, law->experts_high));
    write_span(json, "granularity", law->granularity_low, law->granularity_high);
    write_span(json, "tokens_per_param", law->ratio_low, law->ratio_high);
    vsh_json_end(json);
}

static void write_offset(const vsh_law *law, vsh_json *json)
{
    if (law->offset_runs == 0) {
        vsh_json_null(json, "offset");
        return;
    }
    vsh_json_object(json, "offset");
    vsh_json_real(json, "nats", law->offset);
    vsh_json_real(json, "low", law->offset_low);
    vsh_json_real(json, "high", law->offset_high);
    vsh_json_integer(json, "runs", law->offset_runs);
    vsh_json_string(json, "corpus", vsh_anchor_corpora[law->anchor_corpus]);
    vsh_json_string(json, "tag", vsh_tag_names[VSH_TAG_CALIBRATED]);
    vsh_json_end(json);
}

/* Coefficients that its runs do not tell. */
static void write_open(const vsh_law *law, vsh_json *json)
{
    vsh_json_array(json, "open");
    for (int i = 0; law->form->coefficient[i]; i++)
        if (law->open & 1U << i)
            vsh_json_string(json, NULL, law->form->coefficient[i]);
    vsh_json_end(json);
}

static void write_law(const vsh_law *law, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", law->name);
    vsh_json_string(json, "form", law->form->name);
    vsh_json_string(json, "formula", law->form->formula);
    vsh_json_string(json, "n_counts", vsh_n_counts_names[law->n_counts]);
    vsh_json_string(json, "d_counts", vsh_law_counted_tokens(law));
    vsh_json_string(json, "corpus", law->corpus);
    vsh_json_string(json, "range", law->range);
    vsh_json_string(json, "source", law->source);
    vsh_json_string(json, "evidence", vsh_evidence_names[law->evidence]);
    vsh_json_known(json, "runs", law->runs > 0 ? law->runs : (double)NAN);
    vsh_json_known(json, "residual_sd", law->residual_sd > 0 ? law->residual_sd : (double)NAN);
    write_coefficients(law, json);
    vsh_covariance_json(law->form, law->covariance, json);
    vsh_json_integer(json, "draws", law->draw_count);
    write_open(law, json);
    write_fitted(law, json);
    write_offset(law, json);
    vsh_json_end(json);
}

/* ---- on a terminal -----------------------------------------------------------------------------
 */

static void print_words(const char *label, const char *words, vsh_text *out)
{
    vsh_text_add(out, "    %-12s", label);
    vsh_text_wrap(out, words, INDENT, WIDTH);
}

/* Name, value and standard error of each, as many on a line as fit. */
static void print_coefficients(const vsh_law *law, vsh_text *out)
{
    char words[1024] = "";
    size_t used = 0;

    for (int c = 0; law->form->coefficient[c] && used < sizeof words; c++) {
        const char *separator = law->form->coefficient[c + 1] ? ", " : "";
        used += (size_t)snprintf(words + used, sizeof words - used, "%s %.6g",
                                 law->form->coefficient[c], law->coefficient[c]);
        if (law->open & 1U << c && used < sizeof words)
            used += (size_t)snprintf(words + used, sizeof words - used, " (not identified)");
        if (law->stderr_[c] > 0 && used < sizeof words)
            used +=
                (size_t)snprintf(words + used, sizeof words - used, " +- %.3g", law->stderr_[c]);
        if (used < sizeof words)
            used += (size_t)snprintf(words + used, sizeof words - used, "%s", separator);
    }
    print_words("with", words, out);
}

static void print_fit(const vsh_law *law, vsh_text *out)
{
    char words[400], runs[40] = "", sd[60] = "not published";

    if (law->runs > 0)
        snprintf(runs, sizeof runs, "; %d runs", law->runs);
    snprintf(words, sizeof words, "%s%s", law->range, runs);
    print_words("fitted on", words, out);
    if (law->residual_sd > 0)
        snprintf(sd, sizeof sd, "%.2g %% (sd)", 100 * law->residual_sd);
    if (law->residuals)
        snprintf(sd, sizeof sd, "%+.2g to %+.2g %% (95 %% of its runs)",
                 100 * law->residuals[VSH_RESIDUAL_EDGE],
                 100 * law->residuals[VSH_RESIDUALS - 1 - VSH_RESIDUAL_EDGE]);
    snprintf(words, sizeof words, "of a new run %s; covariance %s", sd,
             law->draw_count > 0 ? "in its draws"
             : law->covariance   ? "known (--json shows it)"
                                 : "not published: the interval is the "
                                   "residual alone");
    print_words("residual", words, out);
    if (law->offset_runs == 0)
        return;
    snprintf(
        words, sizeof words,
        "%d measured runs on %s lie %.2f nats above it (10 to 90 %%: %.2f to %.2f; calibrated)",
        law->offset_runs, vsh_anchor_corpora[law->anchor_corpus], law->offset, law->offset_low,
        law->offset_high);
    print_words("offset", words, out);
}

static void print_law(const vsh_law *law, vsh_term term, vsh_text *out)
{
    static const char *const counted[VSH_N_COUNTS] = {
        [VSH_N_TOTAL] = "all parameters",
        [VSH_N_NON_EMBEDDING] = "parameters without embeddings, of all experts",
        [VSH_N_ACTIVE] = "active parameters, input and output embedding both",
        [VSH_N_DENSE] = "parameters of the dense model that experts are added to",
        [VSH_N_NO_INPUT] = "active parameters without the input embedding"};

    vsh_text_add(out, "\n  %s%s%s%s\n    ", vsh_term_bold(term), law->name, vsh_term_plain(term),
                 law == vsh_law_default() ? "   (default)" : "");
    vsh_text_wrap(out, law->form->formula, 4, WIDTH);
    print_coefficients(law, out);
    print_words("N counts", counted[law->n_counts], out);
    print_words("D counts", vsh_law_counted_tokens(law), out);
    print_words("corpus", law->corpus, out);
    print_fit(law, out);
    print_words("source", law->source, out);
    print_words("evidence", vsh_evidence_names[law->evidence], out);
}

/* ---- as a list ---------------------------------------------------------------------------------
 */

vsh_figure_text plan_show_corpus(const vsh_law *law)
{
    enum { CORPUS_MAX = 20 };
    vsh_figure_text shown;
    int length = (int)strcspn(law->corpus, ",("), cut = CORPUS_MAX;

    if (length > CORPUS_MAX) {
        while (cut > 0 && law->corpus[cut] != ' ')
            cut--; /* not inside a word */
        if (cut == 0)
            for (cut = CORPUS_MAX; cut > 0 && (law->corpus[cut] & 0xC0) == 0x80;)
                cut--; /* or else not inside a character */
        length = cut;
    }
    while (length > 0 && law->corpus[length - 1] == ' ')
        length--;
    snprintf(shown.text, sizeof shown.text, "%.*s", length, law->corpus);
    return shown;
}

/* One line a law. */
static void print_list(vsh_term term, vsh_text *out)
{
    vsh_text_add(out, "\n  %s%-17s%-14s%-18s%-18s%s%s\n", vsh_term_bold(term), "Law", "N counts",
                 "corpus", "N fitted", "evidence", vsh_term_plain(term));
    for (int i = 0; i < VSH_LAW_COUNT; i++) {
        const vsh_law *law = vsh_laws[i];
        char span[48];
        snprintf(span, sizeof span, "%s - %s", vsh_show_count(law->params_low).text,
                 vsh_show_count(law->params_high).text);
        vsh_text_add(out, "  %-17s%-14s%-18s%-18s%s\n", law->name,
                     vsh_n_counts_names[law->n_counts], plan_show_corpus(law).text, span,
                     vsh_evidence_names[law->evidence]);
    }
    vsh_text_add(out, "\n  %s is the default; in full: vishwa-plan laws NAME, or --verbose\n",
                 vsh_law_default()->name);
}

/* ---- as an explanation -------------------------------------------------------------------------
 */

enum { EXPLAINED_MAX = VSH_COEFFICIENTS + 2 };

static int list_numbers(const vsh_law *law, vsh_explained lines[EXPLAINED_MAX])
{
    int count = 0;

    for (int c = 0; law->form->coefficient[c]; c++)
        lines[count++] =
            (vsh_explained){law->form->coefficient[c], law->coefficient[c], "",
                            law->form->formula,        law->source,         "calibrated"};
    if (law->residual_sd > 0)
        lines[count++] = (vsh_explained){"residual of a new run", law->residual_sd, "relative sd",
                                         "of runs about the law", law->source,      "measured"};
    if (law->offset_runs)
        lines[count++] = (vsh_explained){"offset",
                                         law->offset,
                                         "nats",
                                         "median of measured runs less the law",
                                         vsh_anchor_corpora[law->anchor_corpus],
                                         "calibrated"};
    return count;
}

/* ---- the command -------------------------------------------------------------------------------
 */

static void write_laws(const vsh_session *s, const vsh_law *const *laws, int count, vsh_json *json)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_array(json, "laws");
    for (int i = 0; i < count; i++)
        write_law(laws[i], json);
    vsh_json_end(json);
    if (s->common->explain && count == 1)
        vsh_explain_write(lines, list_numbers(laws[0], lines), json);
    vsh_json_end(json);
}

static void print_laws(vsh_session *s, const vsh_law *const *laws, int count)
{
    vsh_explained lines[EXPLAINED_MAX];

    if (count > 1 && !s->common->verbose && !s->common->explain) {
        print_list(s->term, &s->out);
    } else {
        for (int i = 0; i < count; i++) {
            print_law(laws[i], s->term, &s->out);
            if (s->common->explain)
                vsh_explain_print(lines, list_numbers(laws[i], lines), &s->out);
        }
    }
    vsh_text_add(&s->out, "\n  Evidence of the coefficients. primary: the paper's text, or its "
                          "authors'\n  code or data; secondary: texts of others that name its "
                          "table; fit: yours.\n\n");
}

static void show(vsh_session *s, const vsh_law *const *laws, int count)
{
    vsh_json json = {.out = &s->out};

    if (s->common->json)
        write_laws(s, laws, count, &json);
    else
        print_laws(s, laws, count);
}

vsh_status plan_run_laws(vsh_session *s, vsh_error *err)
{
    const plan_config *config = s->config;
    const char *name = s->operand_count ? s->operands[0] : config->law;
    const vsh_law *law;

    if (s->operand_count && config->law)
        return vsh_fail(err, VSH_EINPUT, "laws: expected either NAME or --law NAME, got both");
    if (!name) {
        show(s, vsh_laws, VSH_LAW_COUNT);
        return VSH_OK;
    }
    VSH_TRY(plan_find_law(s->arena, name, &law, err));
    show(s, &law, 1);
    return VSH_OK;
}
