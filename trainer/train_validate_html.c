#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/chart.h"
#include "core/file.h"
#include "core/page.h"
#include "trainer/train_validate.h"

/* ---- plots ----------------------------------------------------------------------------------- */

enum { HEIGHT = 520, PLOTS = 4 };

/* One quantity over all configurations. */
typedef struct {
    const char *name, *title, *quantity;
    const char *above, *below;
    double scale; /* axis units in one unit */
} plot;

static const plot plots[PLOTS] = {
    {"parity-time", "Time of a step", "step_time_s", "predicted or simulated, s", "measured, s", 1},
    {"parity-flops", "FLOPs of a step, the model's own", "model_flops", "predicted or simulated",
     "counted by the calls that ran", 1},
    {"parity-executed", "FLOPs of a step, as executed", "executed_flops", "predicted",
     "counted by the calls that ran", 1},
    {"parity-memory", "Resident memory above the idle process", "resident_bytes", "predicted, MB",
     "measured, MB", 1e-6},
};

#define JUDGE_LOOK "pointtype 7 pointsize 0.7 " VSH_COLOUR(VSH_BLUE)
#define FITTED_LOOK "pointtype 6 pointsize 0.7 " VSH_COLOUR(VSH_BLUE)
#define SIMULATED_LOOK "pointtype 4 pointsize 0.8 linewidth 1.4 " VSH_COLOUR(VSH_VERMILLION)

static const vsh_validate_check *check_of(const validation *v, int run, const char *quantity)
{
    const vsh_validate_check *checks = v->check + run * VSH_VALIDATE_QUANTITIES;

    for (int i = 0; i < VSH_VALIDATE_QUANTITIES; i++)
        if (strcmp(checks[i].quantity, quantity) == 0)
            return &checks[i];
    return NULL;
}

/* Measured and what was said of it, by prediction or simulation. */
static void write_points(const validation *v, const plot *p, const char *name, bool simulated,
                         bool calibration, vsh_text *s)
{
    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0; i < v->runs; i++) {
        const vsh_validate_check *c = check_of(v, i, p->quantity);
        if (simulated || c->which->calibration == calibration)
            VSH_CHART_ROW(s, p->scale * c->measured,
                          p->scale * (simulated ? c->simulated : c->predicted));
    }
    vsh_chart_data_end(s);
}

/* The least and the largest figure of a plot, and a fifth beyond. */
static void range_of(const validation *v, const plot *p, double *low, double *high)
{
    *low = INFINITY;
    *high = 0;
    for (int i = 0; i < v->runs; i++) {
        const vsh_validate_check *c = check_of(v, i, p->quantity);
        const double said[] = {c->predicted, c->simulated, c->measured};
        for (int j = 0; j < 3; j++)
            if (isfinite(said[j]) && said[j] > 0) {
                *low = fmin(*low, p->scale * said[j] / 1.2);
                *high = fmax(*high, p->scale * said[j] * 1.2);
            }
    }
}

static void draw(const validation *v, const plot *p, vsh_report_figure *f)
{
    static const vsh_panel panel = {HEIGHT, 70, 74, 400, 466, 2};
    static const vsh_series series[] = {
        {VSH_DRAW_LINE, "x", "linewidth 1.6 " VSH_COLOUR(VSH_INK), "as measured"},
        {VSH_DRAW_POINT, "$simulated using 1:2", SIMULATED_LOOK, "simulated"},
        {VSH_DRAW_POINT, "$fitted using 1:2", FITTED_LOOK, "predicted, for calibration"},
        {VSH_DRAW_POINT, "$judge using 1:2", JUDGE_LOOK, "predicted"},
    };
    vsh_text *s = &f->script;
    double low, high;

    range_of(v, p, &low, &high);
    vsh_chart_begin(s, f->name, HEIGHT, f->title);
    write_points(v, p, "judge", false, false, s);
    write_points(v, p, "fitted", false, true, s);
    write_points(v, p, "simulated", true, false, s);
    vsh_chart_panel(s, &panel, p->above, p->below);
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_SI, 1);
    vsh_chart_log_axis(s, "y", low, high, VSH_TICK_SI, 1);
    vsh_chart_plot(s, &panel, series, sizeof series / sizeof series[0]);
    vsh_chart_end(s);
    vsh_text_add(&f->caption, "One point a configuration; on the line, what was said is what was "
                              "measured.");
}

/* ---- the page -------------------------------------------------------------------------------- */

static void write_summary(const validation *v, vsh_text *page)
{
    const vsh_validate_check *median = &v->check[v->checks - 1];
    char text[48], of[64];

    vsh_page_put(page, "h1", NULL, "Predicted, simulated, measured");
    vsh_page_put(page, "p", "soft", "%d small models trained on %.120s, %" PRId64 " thread%s.",
                 v->runs, v->machine.name, v->threads, v->threads == 1 ? "" : "s");
    vsh_text_add(page, "<section class=\"card\">\n<dl class=\"figures\">\n");
    snprintf(text, sizeof text, "%d", v->passed);
    vsh_report_tile(page, "checks passed", text, "counts must be exact");
    snprintf(text, sizeof text, "%d", v->failed);
    vsh_report_tile(page, "failed", text, "beyond their tolerance");
    snprintf(text, sizeof text, "%d", v->checks - v->passed - v->failed);
    vsh_report_tile(page, "undecided", text, "the table says why");
    if (isfinite(median->rel_error)) {
        snprintf(text, sizeof text, "%.1f %%", 100 * median->rel_error);
        snprintf(of, sizeof of, "the median of %d decided of %d that judge", v->times.decided,
                 v->times.judging);
        vsh_report_tile(page, "step time off by", text, of);
    }
    vsh_text_add(page, "</dl>\n</section>\n");
}

static void cell(vsh_table *table, const vsh_validate_check *c, double value)
{
    if (!isfinite(value))
        vsh_table_cell(table, "-");
    else if (c->tolerance == 0)
        vsh_table_cell(table, "%s", vsh_show_integer((int64_t)value).text);
    else if (strcmp(c->unit, "s") == 0)
        vsh_table_cell(table, "%s", vsh_show_time(value).text);
    else if (strcmp(c->unit, "B") == 0)
        vsh_table_cell(table, "%s", vsh_show_bytes(value).text);
    else
        vsh_table_cell(table, "%s", vsh_show_real(value).text);
}

static void write_row(const vsh_validate_check *c, vsh_table *table)
{
    static const char *const words[] = {"failed", "pass"};

    vsh_table_row(table, c->verdict == VSH_CHECK_FAILED ? "strong" : NULL);
    vsh_table_cell(table, "%s", c->which ? c->which->name : "all");
    vsh_table_cell(table, "%s", c->quantity);
    cell(table, c, c->predicted);
    cell(table, c, c->simulated);
    cell(table, c, c->measured);
    if (isfinite(c->rel_error))
        vsh_table_cell(table, c->rel_error == 0 ? "exact" : "%+.2f %%", 100 * c->rel_error);
    else
        vsh_table_cell(table, "-");
    vsh_table_cell(table, c->tolerance == 0 ? "exact" : "%.0f %%", 100 * c->tolerance);
    vsh_table_cell(table, "%s", c->why ? c->why : words[c->verdict]);
}

static void write_checks(const validation *v, vsh_text *page)
{
    static const char *const heads[] = {"Configuration", "quantity", "#predicted", "#simulated",
                                        "#measured",     "#error",   "#tolerance", "answer"};
    vsh_table table;

    vsh_page_put(page, "h2", NULL, "Every check");
    vsh_text_add(page, "<section class=\"card long\">\n");
    table = vsh_table_open(page, heads, sizeof heads / sizeof heads[0]);
    for (int i = 0; i < v->checks; i++)
        write_row(&v->check[i], &table);
    vsh_table_close(&table);
    vsh_page_put(page, "p", "small",
                 "Error: predicted over measured, less one. FLOPs are counted by the products that "
                 "were called; checkpoint bytes are the payload of one that was written and read "
                 "back; resident memory is above that of the idle process. Times are the fastest "
                 "of several steps, and undecided where probes before and after differ by more "
                 "than %.0f %%.",
                 100 * VSH_PROBE_SPREAD_MAX);
    vsh_text_add(page, "</section>\n");
}

static void write_rate(vsh_text *page, const char *what, const vsh_figure *rate, const char *unit)
{
    char text[64];

    if (!rate->known)
        return;
    snprintf(text, sizeof text, "%s%s", vsh_show_si(rate->value).text, unit);
    vsh_report_fact(page, what, text, rate->source);
}

static void write_card(const validation *v, vsh_text *page)
{
    const vsh_hardware *h = &v->machine;
    char text[96];

    vsh_page_put(page, "h2", NULL, "The card of this report");
    vsh_text_add(page,
                 "<section class=\"card\">\n<dl class=\"facts\">\n<dt>command</dt>\n<dd><code>");
    vsh_page_text(page, v->session->line);
    vsh_text_add(page, "</code></dd>\n");
    vsh_report_fact(page, "version", v->session->version, NULL);
    vsh_report_fact(page, "machine", h->name, h->note);
    snprintf(text, sizeof text, "%" PRId64, v->threads);
    vsh_report_fact(page, "threads", text, NULL);
    vsh_report_fact(page, "products", v->run[0].measured.products, NULL);
    write_rate(page, "fp32 peak", &h->peak[VSH_FP32], "FLOP/s");
    write_rate(page, "bf16 peak", &h->peak[VSH_BF16], "FLOP/s");
    write_rate(page, "fp32 product", &h->products[VSH_FP32], "FLOP/s");
    write_rate(page, "bf16 product", &h->products[VSH_BF16], "FLOP/s");
    write_rate(page, "memory", &h->memory_rate, "B/s");
    vsh_text_add(page, "</dl>\n</section>\n");
}

static vsh_status write_page(const validation *v, const char *folder, bool *drawn, vsh_error *err)
{
    vsh_arena *arena = v->session->arena;
    vsh_text page = {.arena = arena};
    vsh_report_figure figures[PLOTS];

    for (int i = 0; i < PLOTS; i++) {
        figures[i] = vsh_report_figure_of(arena, plots[i].name, plots[i].title);
        draw(v, &plots[i], &figures[i]);
    }
    VSH_TRY(vsh_report_write_scripts(folder, figures, PLOTS, err));
    vsh_page_open(&page, "Predicted, simulated, measured");
    write_summary(v, &page);
    vsh_page_put(&page, "h2", NULL, "Pictures");
    *drawn = vsh_report_add_figures(folder, figures, PLOTS, &page);
    write_checks(v, &page);
    write_card(v, &page);
    vsh_page_close(&page);
    return vsh_report_write_page(folder, &page, err);
}

vsh_status train_report_validation(const validation *v, vsh_error *err)
{
    const char *folder = v->asked->report;
    bool drawn;

    VSH_TRY(vsh_folder_make(folder, err));
    VSH_TRY(write_page(v, folder, &drawn, err));
    VSH_TRY(train_write_validation_table(v, folder, err));
    vsh_text_add(&v->session->talk, "vishwa-train: report in %s/index.html\n", folder);
    if (drawn)
        return VSH_OK;
    return vsh_fail(err, VSH_EMACHINE,
                    "--report: gnuplot could not draw; data and scripts are in %s (make deps)",
                    folder);
}
