#include <math.h>
#include <stdio.h>

#include "planner/figures/fit_figure.h"
#include "planner/fit/band.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define POWER(value) vsh_show_power(value).text

enum { FRONTIER_HEIGHT = 870 };

#define LINE_LOOK "linewidth 2.2 dashtype (7,4) " VSH_COLOUR(VSH_BLUE)
#define LINE_BAND_LOOK "fillcolor rgb '" VSH_BLUE "' fillstyle transparent solid 0.15 noborder"
#define BAR_LOOK "linewidth 1.6 " VSH_COLOUR(VSH_INK)

typedef struct {
    vsh_fit_range flops, params, ratio; /* ratio: tokens a parameter */
} frame;

static double ratio_of(double flops, double params) { return flops / 6 / params / params; }

/* Columns: compute; N* of the law, low, high; N* of the line, low, high. Then the tokens a
 * parameter of all six. */
static void write_curves(const vsh_fit_view *v, frame *f, vsh_text *s)
{
    vsh_chart_data(s, "best");
    for (int i = 0; i < VSH_FIT_SAMPLES; i++) {
        double C = vsh_fit_spaced(f->flops, i, VSH_FIT_SAMPLES), row[13] = {C};
        vsh_interval law = vsh_band_params(v->fit, C, &v->isoflop.kind, false, v->arena);
        vsh_interval line = vsh_isoflop_params_range(&v->isoflop, C);
        const double N[6] = {vsh_law_optimum(&v->fit->law, C, &v->isoflop.kind).params,
                             law.low,
                             law.high,
                             vsh_isoflop_params(&v->isoflop, C),
                             line.low,
                             line.high};
        for (int j = 0; j < 6; j++) {
            row[1 + j] = N[j];
            row[7 + j] = ratio_of(C, N[j]);
        }
        for (int j = 0; j < 4; j++) { /* not the line's band: it may be far wider than the rest */
            vsh_fit_reach(&f->params, row[1 + j]);
            vsh_fit_reach(&f->ratio, row[7 + j]);
        }
        vsh_chart_row(s, row, 13);
    }
    vsh_chart_data_end(s);
}

/* Columns: compute, N*, tokens a parameter. */
static void write_vertices(const vsh_fit_view *v, frame *f, vsh_text *s)
{
    vsh_chart_data(s, "vertex");
    for (int i = 0; i < v->isoflop.count; i++) {
        const vsh_budget *b = &v->isoflop.budget[i];
        if (b->verdict != VSH_VALLEY)
            continue;
        VSH_CHART_ROW(s, b->flops, b->best.params, ratio_of(b->flops, b->best.params));
        vsh_fit_reach(&f->params, b->best.params);
        vsh_fit_reach(&f->ratio, ratio_of(b->flops, b->best.params));
    }
    vsh_chart_data_end(s);
}

/* One stroke from end to end of each vertex's interval. */
static void write_bars(const vsh_fit_view *v, frame *f, vsh_text *s)
{
    vsh_chart_data(s, "bar");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0; i < v->isoflop.count; i++) {
        const vsh_budget *b = &v->isoflop.budget[i];
        const double end[2] = {b->params.low, b->params.high};
        if (b->verdict != VSH_VALLEY || !isfinite(end[0]))
            continue;
        for (int j = 0; j < 2; j++) {
            VSH_CHART_ROW(s, b->flops, end[j], ratio_of(b->flops, end[j]));
            vsh_fit_reach(&f->params, end[j]);
            vsh_fit_reach(&f->ratio, ratio_of(b->flops, end[j]));
        }
        VSH_CHART_ROW(s, VSH_GAP, VSH_GAP, VSH_GAP);
    }
    vsh_chart_data_end(s);
}

static void plot(const vsh_fit_view *v, bool ratio, const vsh_panel *panel, vsh_text *s)
{
    bool drawn = v->fit->draw_count > 9, line = isfinite(v->isoflop.exponent);
    bool range = isfinite(v->isoflop.exponent_range.low);
    const vsh_series series[] = {
        {VSH_DRAW_BAND,
         !range  ? NULL
         : ratio ? "$best using 1:12:13"
                 : "$best using 1:6:7",
         LINE_BAND_LOOK, NULL},
        {VSH_DRAW_BAND,
         !drawn  ? NULL
         : ratio ? "$best using 1:9:10"
                 : "$best using 1:3:4",
         VSH_FIT_BAND_LOOK, NULL},
        {VSH_DRAW_LINE, ratio ? "$best using 1:8" : "$best using 1:2", VSH_FIT_LAW_LOOK, "law"},
        {VSH_DRAW_LINE,
         !line   ? NULL
         : ratio ? "$best using 1:11"
                 : "$best using 1:5",
         LINE_LOOK, line ? "line of vertices" : NULL},
        {VSH_DRAW_POINT, ratio ? "$vertex using 1:3" : "$vertex using 1:2", VSH_FIT_VERTEX_LOOK,
         "vertex"},
        {VSH_DRAW_BAND, NULL, VSH_FIT_BAND_LOOK, drawn ? "law, 95 % of draws" : NULL},
        {VSH_DRAW_BAND, NULL, LINE_BAND_LOOK, range ? "line, 95 %" : NULL},
        {VSH_DRAW_LINE, ratio ? "$bar using 1:3" : "$bar using 1:2", BAR_LOOK, "vertex, 95 %"},
    };

    vsh_chart_plot(s, panel, series, 8);
}

static void tell(const vsh_fit_view *v, vsh_text *caption)
{
    const vsh_isoflop *found = &v->isoflop;
    const vsh_fit *fit = v->fit;
    double low = found->budget[0].flops, high = found->budget[found->count - 1].flops;

    if (isfinite(found->exponent)) {
        vsh_text_add(caption, "By the vertices N* grows as C to the %.3f", found->exponent);
        if (isfinite(found->exponent_range.low))
            vsh_text_add(caption, " (%.3f - %.3f)", found->exponent_range.low,
                         found->exponent_range.high);
        vsh_text_add(caption, ", by the law as C to the %.3f. ",
                     vsh_form_exponent(fit->form, fit->law.coefficient, low, high, &found->kind));
    }
    if (isfinite(fit->flops)) {
        vsh_text_add(caption, "At %s FLOP the law says %s parameters", POWER(fit->flops),
                     COUNT(fit->optimum.params));
        if (isfinite(fit->optimum_params.low) && fit->draw_count > 9)
            vsh_text_add(caption, " (%s - %s)", COUNT(fit->optimum_params.low),
                         COUNT(fit->optimum_params.high));
        vsh_text_add(caption, ", %.3g tokens a parameter",
                     fit->optimum.tokens / fit->optimum.params);
        if (isfinite(found->exponent))
            vsh_text_add(caption, "; the line of the vertices %s",
                         COUNT(vsh_isoflop_params(found, fit->flops)));
        vsh_text_add(caption, ".");
    }
}

void vsh_fit_draw_frontier(const vsh_fit_view *v, vsh_report_figure *f)
{
    static const vsh_panel above = {FRONTIER_HEIGHT, 74, 74, 404, 0, 0};
    static const vsh_panel below = {FRONTIER_HEIGHT, 74, 496, 736, 812, 3};
    const vsh_isoflop *found = &v->isoflop;
    frame shown = {.params = vsh_fit_range_none(), .ratio = vsh_fit_range_none()};
    vsh_text *s = &f->script;

    shown.flops = vsh_fit_wider_log(
        (vsh_fit_range){found->budget[0].flops, found->budget[found->count - 1].flops}, 0.2);
    vsh_chart_begin(s, f->name, FRONTIER_HEIGHT, f->title);
    write_curves(v, &shown, s);
    write_vertices(v, &shown, s);
    write_bars(v, &shown, s);
    shown.params = vsh_fit_wider_log(shown.params, 0.05);
    shown.ratio = vsh_fit_wider_log(shown.ratio, 0.15);
    vsh_chart_panel(s, &above, "parameters N*", "training compute, FLOP");
    vsh_chart_log_axis(s, "x", shown.flops.low, shown.flops.high, VSH_TICK_POWER, 1);
    vsh_chart_log_axis(s, "y", shown.params.low, shown.params.high, VSH_TICK_COUNT, 1);
    plot(v, false, &above, s);
    vsh_chart_panel(s, &below, "tokens a parameter D*/N*", "training compute, FLOP");
    vsh_chart_log_axis(s, "x", shown.flops.low, shown.flops.high, VSH_TICK_POWER, 1);
    vsh_chart_log_axis(s, "y", shown.ratio.low, shown.ratio.high, VSH_TICK_PLAIN, 1);
    plot(v, true, &below, s);
    vsh_chart_end(s);
    tell(v, &f->caption);
}
