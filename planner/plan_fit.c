#include "planner/plan_fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "planner/fit/fit_report.h"
#include "planner/fit/identify.h"
#include "planner/laws/law_file.h"
#include "planner/plan_commands.h"

/* Bootstraps when nobody says how many: enough for a standard deviation within 5 %, and done in a
 * second on a few hundred runs. */
enum { BOOTSTRAPS = 200 };

enum { NAME_MAX_BYTES = 60 }; /* of a law in a file */

static vsh_status find_form(const char *name, const vsh_form **form, vsh_error *err)
{
    char suggestion[160];
    size_t count = 0;

    for (; vsh_fit_words[count]; count++)
        if (strcmp(vsh_fit_words[count], name) == 0) {
            *form = vsh_form_find(name);
            return VSH_OK;
        }
    vsh_suggest(suggestion, sizeof suggestion, name, vsh_fit_words, count);
    return vsh_fail(err, VSH_EINPUT,
                    "--law: no form \"%.60s\" is fitted%s (chinchilla, tied, repeated, bounded, "
                    "routed, kaplan and joint-experts are)",
                    name, suggestion);
}

/* ---- which columns --------------------------------------------------------------------------- */

static vsh_status read_columns(vsh_arena *arena, const char *text, vsh_run_columns *c,
                               vsh_error *err)
{
    const vsh_csv_key keys[] = {
        {"params", &c->params},           {"tokens", &c->tokens},        {"loss", &c->loss},
        {"unique", &c->unique},           {"unique_tokens", &c->unique}, {"experts", &c->experts},
        {"granularity", &c->granularity}, {"group", &c->group},          {NULL, NULL}};

    return vsh_csv_pairs(arena, "--columns", text, keys, "params=N,tokens=D", err);
}

static vsh_status read_where(const vsh_opt_list *list, vsh_run_columns *columns, vsh_error *err)
{
    if (list->count > VSH_RUN_WHERE)
        return vsh_fail(err, VSH_EINPUT, "--where: expected at most %d of them, got %d",
                        VSH_RUN_WHERE, list->count);
    for (int i = 0; i < list->count; i++)
        columns->where[i] = list->item[i];
    columns->where_count = list->count;
    return VSH_OK;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* As a law file says it. */
static vsh_status check_corpus(const char *corpus, vsh_error *err)
{
    size_t length = strlen(corpus);

    if (length == 0 || length > VSH_LAW_WORDS_BYTES_MAX)
        return vsh_fail(err, VSH_EINPUT, "--corpus: expected a text of 1 to %d bytes, got %zu",
                        VSH_LAW_WORDS_BYTES_MAX, length);
    for (const char *c = corpus; *c; c += vsh_utf8_length(c))
        if ((unsigned char)*c < ' ' || *c == 0x7f || vsh_utf8_length(c) == 0)
            return vsh_fail(err, VSH_EINPUT, "--corpus: expected one line of UTF-8");
    return VSH_OK;
}

static vsh_status read_options(const vsh_session *s, vsh_fit_options *options,
                               vsh_run_columns *columns, vsh_error *err)
{
    const plan_config *c = s->config;

    *options = (vsh_fit_options){.least_squares = c->objective == PLAN_LEAST_SQUARES,
                                 .delta = c->delta,
                                 .vocab = c->vocab,
                                 .bootstraps = c->bootstraps < 0 ? BOOTSTRAPS : (int)c->bootstraps,
                                 .resample = (vsh_resample)c->resample,
                                 .seed = (uint64_t)c->common.seed,
                                 .threads = c->common.threads,
                                 .flops = isnan(c->flops) ? 0 : c->flops,
                                 .hold_out = isnan(c->hold_out) ? 0 : c->hold_out,
                                 .corpus = c->corpus,
                                 .n_counts = (vsh_n_counts)c->n_counts,
                                 .talk = c->common.quiet ? NULL : stderr,
                                 .talk_is_terminal = s->talk_is_terminal};
    VSH_TRY(find_form(c->law ? c->law : "chinchilla", &options->form, err));
    if (options->hold_out >= 1 && options->hold_out != floor(options->hold_out))
        return vsh_fail(err, VSH_EINPUT,
                        "--hold-out: expected a share below 1 or a whole number of sizes, got %g",
                        options->hold_out);
    if (options->bootstraps > 0 && options->bootstraps < VSH_FIT_DRAWS_LEAST)
        return vsh_fail(err, VSH_EINPUT,
                        "--bootstrap: expected 0 or at least %d, which 95 %% needs, got %d",
                        VSH_FIT_DRAWS_LEAST, options->bootstraps);
    if (c->corpus)
        VSH_TRY(check_corpus(c->corpus, err));
    if (c->columns)
        VSH_TRY(read_columns(s->arena, c->columns, columns, err));
    columns->no_tokens = options->form->no_tokens;
    return read_where(&c->where, columns, err);
}

/* A law is called what its file is: the last part of the path without its ending. */
static const char *name_of(vsh_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);

    return vsh_copy_text(arena, name, length < NAME_MAX_BYTES ? length : NAME_MAX_BYTES);
}

static vsh_status write_law(vsh_session *s, const vsh_law *fitted, const char *path, vsh_error *err)
{
    vsh_text text = {.arena = s->arena};
    vsh_law law = *fitted, read;
    vsh_doc doc;

    if (!s->common->force && vsh_file_owner_of(path, "form: ") == VSH_FILE_FOREIGN)
        return vsh_fail(err, VSH_EINPUT,
                        "--out: %.200s is there and is no law (--force overwrites)", path);
    law.name = name_of(s->arena, path);
    if (!law.name)
        return vsh_fail(err, VSH_EMACHINE, "%.200s: out of memory", path);
    if (law.residual_sd > 1)
        return vsh_fail(err, VSH_ENO,
                        "--out: not written: runs lie a factor of e and more from the fit");
    vsh_law_write(&law, &text);
    if (text.failed)
        return vsh_fail(err, VSH_EMACHINE, "%.200s: out of memory", path);
    /* what --law would refuse is not written */
    VSH_TRY(vsh_doc_parse(s->arena, path, text.data, text.length, &doc, err));
    VSH_TRY(vsh_law_from_doc(s->arena, &doc, &read, err));
    return vsh_file_write(path, &text, err);
}

/* The answer is no: which coefficients, and why. */
static vsh_status refuse(const vsh_fit *fit, vsh_error *err)
{
    char names[160];

    vsh_coefficient_names(fit->form, fit->unidentified, names, sizeof names);
    return vsh_fail(err, VSH_ENO, "%s: not identified: %s: %s", fit->runs->path, names,
                    fit->reason);
}

static void warn(vsh_session *s, const vsh_fit *fit)
{
    if (fit->repeated_rows > 0)
        vsh_text_add(&s->talk,
                     "vishwa-plan: repeated_rows: %d row%s of %s say%s again what another says\n",
                     fit->repeated_rows, fit->repeated_rows == 1 ? "" : "s", fit->runs->path,
                     fit->repeated_rows == 1 ? "s" : "");
    if (fit->draw_failed > 0)
        vsh_text_add(&s->talk,
                     "vishwa-plan: bootstraps_failed: %d of %d bootstraps could not be fitted\n",
                     fit->draw_failed, fit->draw_failed + fit->draw_count);
    if (fit->draw_failed > 0 && !vsh_fit_is_drawn(fit))
        vsh_text_add(&s->talk, "warning: too few are left to say how sure the fit is\n");
}

/* The answer stands when figures could not be drawn, and not when nothing could be written. */
static vsh_status write_report(vsh_session *s, const vsh_fit *fit, const vsh_fit_options *options,
                               vsh_error *err)
{
    const plan_config *c = s->config;
    bool drawn;

    VSH_TRY(vsh_fit_write_report(fit, options, s->line, c->report, s->common->force, &drawn, err));
    vsh_text_add(&s->talk, "vishwa-plan: report in %s/index.html\n", c->report);
    if (drawn)
        return VSH_OK;
    s->answered = true;
    return vsh_fail(err, VSH_EMACHINE,
                    "--report: gnuplot could not draw; data and scripts are in %s (make deps)",
                    c->report);
}

vsh_status plan_run_fit(vsh_session *s, vsh_error *err)
{
    const plan_config *c = s->config;
    vsh_fit_options options;
    vsh_run_columns columns = {0};
    vsh_json json = {.out = &s->out};
    vsh_runs runs;
    vsh_fit fit;

    if (s->operand_count != 1)
        return vsh_fail(err, VSH_EINPUT, "fit: expected one file of runs, such as RUNS.csv");
    VSH_TRY(read_options(s, &options, &columns, err));
    VSH_TRY(vsh_runs_read(s->arena, s->operands[0], &columns, &runs, err));
    VSH_TRY(vsh_fit_run(s->arena, &runs, &options, &fit, err));
    warn(s, &fit);
    if (fit.identified && c->out)
        VSH_TRY(write_law(s, &fit.law, c->out, err));
    if (s->common->json)
        plan_fit_write_json(&fit, s->common->explain, &json);
    else if (fit.identified)
        plan_fit_print(&fit, c->out, &s->out);
    if (fit.identified && s->common->explain && !s->common->json)
        plan_fit_explain(&fit, &s->out);
    if (fit.identified && c->report)
        VSH_TRY(write_report(s, &fit, &options, err));
    return fit.identified ? VSH_OK : refuse(&fit, err);
}
