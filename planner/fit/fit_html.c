#include "planner/laws/covariance.h"
#include "planner/fit/fit_report.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/page.h"
#include "core/report.h"
#include "planner/figures/fit_figure.h"
#include "planner/fit/band.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define INTEGER(value) vsh_show_integer((int64_t)(value)).text
#define POWER(value) vsh_show_power(value).text

/* Without its folder: a report is the same wherever it was made. */
static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool has_draws(const vsh_fit *fit) { return vsh_fit_is_drawn(fit); }
static bool is_fixed(const vsh_fit *fit, int i) { return fit->fixed & 1U << i; }

/* A bootstrap that lets a coefficient run away has no end to show. */
static vsh_figure_text shown(double value, int figures)
{
    vsh_figure_text text = {"-"};

    if (isfinite(value))
        snprintf(text.text, sizeof text.text, "%.*g", figures, value);
    return text;
}

/* ---- the law --------------------------------------------------------------------------------- */

static void write_optimum_tiles(const vsh_fit *fit, vsh_text *page)
{
    char loss[16], name[64];

    if (!isfinite(fit->flops) || !isfinite(fit->optimum.params))
        return;
    snprintf(name, sizeof name, "best size for %s FLOP", POWER(fit->flops));
    snprintf(loss, sizeof loss, "%.3f", fit->optimum.loss);
    if (has_draws(fit) && isfinite(fit->optimum_params.low)) {
        vsh_report_tile(page, name, COUNT(fit->optimum.params), "%s - %s, 95 %% of the draws",
                        COUNT(fit->optimum_params.low), COUNT(fit->optimum_params.high));
        vsh_report_tile(page, "on tokens", COUNT(fit->optimum.tokens), "%s - %s",
                        COUNT(fit->optimum_tokens.low), COUNT(fit->optimum_tokens.high));
        vsh_report_tile(page, "loss there", loss, "%.3f - %.3f, of the fit alone",
                        fit->optimum_loss.low, fit->optimum_loss.high);
        return;
    }
    vsh_report_tile(page, name, COUNT(fit->optimum.params), "no interval: --bootstrap K");
    vsh_report_tile(page, "on tokens", COUNT(fit->optimum.tokens), "%.3g a parameter",
                    fit->optimum.tokens / fit->optimum.params);
    vsh_report_tile(page, "loss there", loss, "nats a token");
}

static void write_fit_tiles(const vsh_fit_view *v, vsh_text *page)
{
    const vsh_fit *fit = v->fit;
    const vsh_isoflop *found = &v->isoflop;
    char text[48];

    snprintf(text, sizeof text, "%.2f %%", 100 * fit->residual_sd);
    vsh_report_tile(page, "residual sd", text, "half the runs within %.2f %%",
                    vsh_fit_percent(fit->residual_median));
    snprintf(text, sizeof text, "%.6g", fit->objective);
    vsh_report_tile(page, "objective", text, "%s",
                    v->options->least_squares ? "half the squares of log loss, summed"
                                              : "Huber's, of log loss, summed");
    if (isfinite(found->exponent)) {
        snprintf(text, sizeof text, "%.3f", found->exponent);
        vsh_report_tile(page, "exponent of N* by parabolas", text, "%.3f by the law",
                        vsh_form_exponent(fit->form, fit->law.coefficient, found->budget[0].flops,
                                          found->budget[found->count - 1].flops, &found->kind));
    }
    if (v->predicted) {
        snprintf(text, sizeof text, "%.2f %%", 100 * fit->hold_out.errors.median);
        vsh_report_tile(page, "off, on held-out models", text, "%.2f %% at most",
                        100 * fit->hold_out.errors.max);
    }
}

static void write_summary(const vsh_fit_view *v, vsh_text *page)
{
    const vsh_fit *fit = v->fit;

    vsh_page_put(page, "h1", NULL, "What %.200s says of the loss", file_name(fit->runs->path));
    vsh_page_put(page, "p", "soft", "%s runs; the form %s.", INTEGER(fit->runs->count),
                 fit->form->name);
    vsh_text_add(page, "<section class=\"card\">\n");
    vsh_page_put(page, "p", "lead", "%s", fit->form->formula);
    vsh_text_add(page, "<dl class=\"figures\">\n");
    write_optimum_tiles(fit, page);
    write_fit_tiles(v, page);
    vsh_text_add(page, "</dl>\n</section>\n");
}

static void write_coefficients(const vsh_fit *fit, vsh_text *page)
{
    static const char *const heads[] = {"Coefficient", "#value", "#standard error", "#95 % from",
                                        "#to"};
    vsh_table table;

    vsh_page_put(page, "h2", NULL, "Coefficients");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 5);
    for (int i = 0; fit->form->coefficient[i]; i++) {
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s%s", fit->form->coefficient[i],
                       is_fixed(fit, i) ? " (not fitted)" : "");
        vsh_table_cell(&table, "%s", shown(fit->law.coefficient[i], 6).text);
        if (!has_draws(fit) || is_fixed(fit, i)) {
            for (int j = 0; j < 3; j++)
                vsh_table_cell(&table, "-");
            continue;
        }
        vsh_table_cell(&table, "%s",
                       fit->law.open & 1U << i ? "not identified"
                                               : shown(fit->law.stderr_[i], 3).text);
        vsh_table_cell(&table, "%s", shown(fit->coefficient_range[i].low, 6).text);
        vsh_table_cell(&table, "%s", shown(fit->coefficient_range[i].high, 6).text);
    }
    vsh_table_close(&table);
    if (has_draws(fit))
        vsh_page_put(
            page, "p", "small",
            "Of %d fits to runs drawn again. An interval of one coefficient says nothing of "
            "a prediction: they go together, and only together may they be used.",
            fit->draw_count);
    else
        vsh_page_put(page, "p", "small", "Without --bootstrap K nothing says how sure they are.");
    vsh_text_add(page, "</section>\n");
}

/* Coefficients that have a covariance, as many as a table has columns. */
static int moving(const vsh_fit *fit, int which[VSH_COEFFICIENTS])
{
    int count = 0;

    for (int i = 0; fit->form->coefficient[i] && count < VSH_TABLE_COLUMNS - 1; i++)
        if (isfinite(vsh_fit_correlation(fit, i, i)))
            which[count++] = i;
    return count;
}

static void write_matrix(const vsh_fit *fit, const char *corner, bool correlation, vsh_text *page)
{
    int which[VSH_COEFFICIENTS], count = moving(fit, which), all = vsh_form_count(fit->form);
    const char *heads[VSH_TABLE_COLUMNS] = {corner};
    char names[VSH_TABLE_COLUMNS][40];
    vsh_table table;

    for (int i = 0; i < count; i++) {
        names[i][0] = '#';
        vsh_covariance_name(fit->form, which[i], names[i] + 1, sizeof names[i] - 1);
        heads[1 + i] = names[i];
    }
    table = vsh_table_open(page, heads, 1 + count);
    for (int i = 0; i < count; i++) {
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", names[i] + 1);
        for (int j = 0; j < count; j++)
            if (correlation)
                vsh_table_cell(&table, "%.4f", vsh_fit_correlation(fit, which[i], which[j]));
            else
                vsh_table_cell(&table, "%.3e", fit->law.covariance[which[i] * all + which[j]]);
    }
    vsh_table_close(&table);
}

static void write_covariance(const vsh_fit *fit, vsh_text *page)
{
    if (!fit->law.covariance)
        return;
    vsh_page_put(page, "h2", NULL, "How they go together");
    vsh_text_add(page, "<section class=\"card\">\n");
    write_matrix(fit, "Correlation", true, page);
    vsh_text_add(page, "</section>\n<section class=\"card\">\n");
    write_matrix(fit, "Covariance", false, page);
    vsh_text_add(page, "</section>\n");
}

/* ---- the runs -------------------------------------------------------------------------------- */

static void write_budget(const vsh_fit_view *v, const vsh_budget *b, vsh_table *table)
{
    vsh_optimum law = vsh_law_optimum(&v->fit->law, b->flops, &v->isoflop.kind);
    bool valley = b->verdict == VSH_VALLEY;

    vsh_table_row(table, NULL);
    vsh_table_cell(table, "%s", POWER(b->flops));
    vsh_table_cell(table, "%d of %d", b->to - b->from, b->count);
    vsh_table_cell(table, "%s", vsh_valley_words[b->verdict]);
    vsh_table_cell(table, "%s", valley ? COUNT(b->best.params) : "-");
    if (valley && isfinite(b->params.low))
        vsh_table_cell(table, "%s - %s", COUNT(b->params.low), COUNT(b->params.high));
    else
        vsh_table_cell(table, "-");
    vsh_table_cell(table, "%s", valley ? COUNT(b->best.tokens) : "-");
    if (valley)
        vsh_table_cell(table, "%.3f", b->best.loss);
    else
        vsh_table_cell(table, "-");
    vsh_table_cell(table, "%s", isfinite(law.params) ? COUNT(law.params) : "-");
    if (isfinite(law.loss))
        vsh_table_cell(table, "%.3f", law.loss);
    else
        vsh_table_cell(table, "-");
}

static void write_exponents(const vsh_fit_view *v, vsh_text *page)
{
    const vsh_isoflop *found = &v->isoflop;
    const vsh_fit *fit = v->fit;

    if (!isfinite(found->exponent))
        return;
    vsh_text_add(page, "<p>");
    vsh_page_text(page, "The exponent of N* in C is ");
    vsh_text_add(page, "%.3f by the vertices", found->exponent);
    if (isfinite(found->exponent_range.low))
        vsh_text_add(page, " (95 %%: %.3f - %.3f)", found->exponent_range.low,
                     found->exponent_range.high);
    vsh_text_add(page, " and %.3f by the fitted law.</p>\n",
                 vsh_form_exponent(fit->form, fit->law.coefficient, found->budget[0].flops,
                                   found->budget[found->count - 1].flops, &found->kind));
}

static void write_budgets(const vsh_fit_view *v, vsh_text *page)
{
    static const char *const heads[] = {"FLOP", "#runs", "verdict",    "#N* by parabola", "#95 %",
                                        "#D*",  "#loss", "#N* by law", "#loss by law"};
    vsh_table table;

    vsh_page_put(page, "h2", NULL, "Where loss is least at a fixed compute");
    vsh_text_add(page, "<section class=\"card\">\n");
    if (v->isoflop.count == 0) {
        vsh_page_put(page, "p", NULL,
                     "No compute 6 N D has runs of %d sizes that stand out from their neighbours: "
                     "there is no parabola to hold the law against.",
                     VSH_ISOFLOP_SIZES);
        vsh_text_add(page, "</section>\n");
        return;
    }
    table = vsh_table_open(page, heads, 9);
    for (int i = 0; i < v->isoflop.count; i++)
        write_budget(v, &v->isoflop.budget[i], &table);
    vsh_table_close(&table);
    write_exponents(v, page);
    vsh_page_put(
        page, "p", "small",
        "Approach 2 of Hoffmann et al. 2022 (arXiv:2203.15556): loss as a parabola in ln N "
        "over runs of one compute, its vertex, and a line through the vertices. No law is "
        "asked.");
    vsh_text_add(page, "</section>\n");
}

enum { WORST = 12 };

static void write_worst(const vsh_fit *fit, vsh_text *page)
{
    static const char *const heads[] = {"Line",  "#parameters", "#tokens", "#FLOP",
                                        "#loss", "#fitted",     "#off by"};
    vsh_table table;

    vsh_page_put(page, "h2", NULL, "The worst runs");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 7);
    for (int i = 0; i < WORST && i < fit->runs->count; i++) {
        const vsh_run *run = &fit->runs->run[fit->worst[i]];
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%d", run->line);
        vsh_table_cell(&table, "%s", COUNT(run->at.params));
        vsh_table_cell(&table, "%s", COUNT(run->at.tokens));
        vsh_table_cell(&table, "%s", POWER(6 * run->at.params * run->at.tokens));
        vsh_table_cell(&table, "%.4g", run->loss);
        vsh_table_cell(&table, "%.4g", fit->fitted[fit->worst[i]]);
        vsh_table_cell(&table, "%+.2f %%", vsh_fit_percent(fit->residual[fit->worst[i]]));
    }
    vsh_table_close(&table);
    vsh_text_add(page, "</section>\n");
}

static void write_errors(vsh_table *table, const char *name, const vsh_fit_errors *e,
                         const char *style)
{
    vsh_table_row(table, style);
    vsh_table_cell(table, "%s", name);
    vsh_table_cell(table, "%.2f %%", 100 * e->median);
    vsh_table_cell(table, "%.2f %%", 100 * e->mean);
    vsh_table_cell(table, "%.2f %%", 100 * e->max);
    vsh_table_cell(table, "%.4f", e->mean_nats);
    vsh_table_cell(table, "%.4f", e->max_nats);
}

static void write_hold_out(const vsh_fit_view *v, vsh_text *page)
{
    static const char *const heads[] = {"Predicted by", "#median",     "#mean",
                                        "#most",        "#mean, nats", "#most, nats"};
    const vsh_hold_out *h = &v->fit->hold_out;
    vsh_table table;

    if (!v->predicted)
        return;
    vsh_page_put(page, "h2", NULL, "The largest models, predicted by the smaller");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 6);
    write_errors(&table, v->fit->form->formula, &h->errors, "strong");
    if (v->baseline && h->baseline)
        write_errors(&table, h->baseline, &h->baseline_errors, NULL);
    vsh_table_close(&table);
    vsh_page_put(page, "p", "small", "Fitted to %d runs below %s parameters, asked about %d.%s%s%s",
                 h->trained, COUNT(h->params_from), h->held,
                 h->ignores ? " The second ignores " : "", h->ignores ? h->ignores : "",
                 h->ignores ? "." : "");
    vsh_text_add(page, "</section>\n");
}

/* ---- its sources ----------------------------------------------------------------------------- */

static void write_ranges(const vsh_fit *fit, vsh_text *page)
{
    vsh_fit_range N = vsh_fit_range_none(), D = vsh_fit_range_none(), L = vsh_fit_range_none();
    char text[96];

    for (int i = 0; i < fit->runs->count; i++) {
        vsh_fit_reach(&N, fit->runs->run[i].at.params);
        vsh_fit_reach(&D, fit->runs->run[i].at.tokens);
        vsh_fit_reach(&L, fit->runs->run[i].loss);
    }
    snprintf(text, sizeof text, "%s", INTEGER(fit->runs->count));
    vsh_report_fact(page, "runs", text,
                    fit->repeated_rows ? "some rows say again what another says" : NULL);
    snprintf(text, sizeof text, "%s - %s", COUNT(N.low), COUNT(N.high));
    vsh_report_fact(page, "parameters", text, NULL);
    snprintf(text, sizeof text, "%s - %s", COUNT(D.low), COUNT(D.high));
    vsh_report_fact(page, "tokens", text, NULL);
    snprintf(text, sizeof text, "%.3f - %.3f", L.low, L.high);
    vsh_report_fact(page, "loss", text, "nats a token");
}

static void write_card(const vsh_fit *fit, const vsh_fit_options *options, const char *command,
                       vsh_text *page)
{
    char text[96];

    vsh_page_put(page, "h2", NULL, "The card of this report");
    vsh_text_add(page,
                 "<section class=\"card\">\n<dl class=\"facts\">\n<dt>command</dt>\n<dd><code>");
    vsh_page_text(page, command);
    vsh_text_add(page, "</code></dd>\n");
    vsh_report_fact(page, "version", "vishwa-plan " VSH_VERSION, NULL);
    vsh_report_fact(page, "file", file_name(fit->runs->path), options->corpus);
    write_ranges(fit, page);
    vsh_report_fact(page, "N counts", vsh_n_counts_names[options->n_counts], NULL);
    vsh_report_fact(page, "form", fit->form->name, fit->form->formula);
    snprintf(text, sizeof text, "delta %g", options->delta);
    vsh_report_fact(page, "objective", options->least_squares ? "squares" : "Huber",
                    options->least_squares ? "of log loss" : text);
    if (fit->draw_count + fit->draw_failed > 0) {
        snprintf(text, sizeof text, "%d draws of %s, %d of them could not be fitted",
                 fit->draw_count + fit->draw_failed, vsh_resample_words[options->resample],
                 fit->draw_failed);
        vsh_report_fact(page, "bootstrap", text, NULL);
        snprintf(text, sizeof text, "%" PRIu64, options->seed);
        vsh_report_fact(page, "seed", text, "of the draws");
    }
    vsh_text_add(page, "</dl>\n</section>\n");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static vsh_status write_report(const vsh_fit_view *v, const char *command, const char *folder,
                               bool *drawn, vsh_error *err)
{
    vsh_report_figure figures[VSH_FIT_FIGURES];
    vsh_text page = {.arena = v->arena}, title = {.arena = v->arena};
    int count;

    VSH_TRY(vsh_folder_make(folder, err));
    VSH_TRY(vsh_fit_make_figures(v, figures, &count, err));
    VSH_TRY(vsh_report_write_scripts(folder, figures, count, err));
    vsh_text_add(&title, "A law fitted to %.120s", file_name(v->fit->runs->path));
    vsh_page_open(&page, vsh_text_string(&title));
    write_summary(v, &page);
    write_coefficients(v->fit, &page);
    vsh_page_put(&page, "h2", NULL, "Figures");
    *drawn = vsh_report_add_figures(folder, figures, count, &page);
    write_budgets(v, &page);
    write_hold_out(v, &page);
    write_worst(v->fit, &page);
    write_covariance(v->fit, &page);
    write_card(v->fit, v->options, command, &page);
    vsh_page_close(&page);
    return vsh_report_write_page(folder, &page, err);
}

vsh_status vsh_fit_write_report(const vsh_fit *fit, const vsh_fit_options *options,
                                const char *command, const char *folder, bool force, bool *drawn,
                                vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_fit_view view;
    vsh_status status;

    assert(fit && fit->identified && options && command && folder && drawn);
    *drawn = false;
    VSH_TRY(vsh_report_check(folder, force, err));
    status = vsh_fit_view_of(&arena, fit, options, &view, err);
    if (status == VSH_OK)
        status = write_report(&view, command, folder, drawn, err);
    vsh_arena_free(&arena);
    return status;
}
