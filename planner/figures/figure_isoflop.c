#include <math.h>
#include <stdio.h>

#include "planner/figures/fit_label.h"
#include "planner/fit/band.h"

/* A figure in a printf lives as long as the call. */
#define POWER(value) vsh_show_power(value).text

enum { ISOFLOP_HEIGHT = 700, LOOKS = 4 };

/* Budgets that follow each other look different. */
static const struct {
    const char *point, *line;
} looks[LOOKS] = {
    {"pointtype 6 pointsize 0.75 linewidth 1.4 " VSH_COLOUR(VSH_BLUE),
     "linewidth 2.2 " VSH_COLOUR(VSH_BLUE)},
    {"pointtype 4 pointsize 0.75 linewidth 1.4 " VSH_COLOUR(VSH_VERMILLION),
     "linewidth 2.2 " VSH_COLOUR(VSH_VERMILLION)},
    {"pointtype 8 pointsize 0.85 linewidth 1.4 " VSH_COLOUR(VSH_PURPLE),
     "linewidth 2.2 " VSH_COLOUR(VSH_PURPLE)},
    {"pointtype 10 pointsize 0.85 linewidth 1.4 " VSH_COLOUR(VSH_ORANGE),
     "linewidth 2.2 " VSH_COLOUR(VSH_ORANGE)},
};

#define LAW_LOOK "linewidth 1.6 dashtype (5,3) " VSH_COLOUR(VSH_INK)

typedef struct {
    vsh_fit_range params, loss;
    int beyond; /* runs above the frame */
} frame;

static double law_loss(const vsh_fit_view *v, double params, double flops)
{
    vsh_point point = v->isoflop.kind;

    point.params = params;
    point.tokens = flops / 6 / params;
    return vsh_law_loss(&v->fit->law, &point);
}

/* The sizes over which a budget's curves are drawn: those of its parabola. */
static vsh_fit_range sizes_of(const vsh_fit_view *v, const vsh_budget *b)
{
    const vsh_run *run = v->fit->runs->run;

    return vsh_fit_wider_log(
        (vsh_fit_range){run[b->run[b->from]].at.params, run[b->run[b->to - 1]].at.params}, 0.05);
}

/* All that makes a parabola is inside; runs that went wrong need not be. */
static frame frame_of(const vsh_fit_view *v)
{
    frame f = {vsh_fit_range_none(), vsh_fit_range_none(), 0};

    for (int i = 0; i < v->isoflop.count; i++) {
        const vsh_budget *b = &v->isoflop.budget[i];
        for (int j = b->from; j < b->to; j++) {
            vsh_fit_reach(&f.params, v->fit->runs->run[b->run[j]].at.params);
            vsh_fit_reach(&f.loss, v->fit->runs->run[b->run[j]].loss);
        }
    }
    f.loss = vsh_fit_wider(f.loss, 0.06);
    f.params = vsh_fit_wider_log(f.params, 0.05);
    f.params.low /= pow(f.params.high / f.params.low, 0.26); /* names of the budgets */
    for (int i = 0; i < v->isoflop.count; i++)
        for (int j = 0; j < v->isoflop.budget[i].count; j++)
            f.beyond += v->fit->runs->run[v->isoflop.budget[i].run[j]].loss > f.loss.high;
    return f;
}

/* $run, $out, $parabola and $law, each with the number of the budget. */
static void write_budget(const vsh_fit_view *v, int i, vsh_text *s)
{
    const vsh_budget *b = &v->isoflop.budget[i];
    vsh_fit_range sizes = sizes_of(v, b);
    char name[32];

    snprintf(name, sizeof name, "run%d", i);
    vsh_chart_data(s, name);
    for (int j = b->from; j < b->to; j++) {
        const vsh_run *run = &v->fit->runs->run[b->run[j]];
        VSH_CHART_ROW(s, run->at.params, run->loss);
    }
    vsh_chart_data_end(s);
    snprintf(name, sizeof name, "curve%d", i);
    vsh_chart_data(s, name);
    for (int j = 0; j < VSH_FIT_SAMPLES; j++) {
        double params = vsh_fit_spaced(sizes, j, VSH_FIT_SAMPLES);
        VSH_CHART_ROW(s, params, b->verdict == VSH_FEW_SIZES ? VSH_GAP : vsh_budget_loss(b, params),
                      law_loss(v, params, b->flops));
    }
    vsh_chart_data_end(s);
}

/* Runs of a budget that are too far from its valley to be part of the parabola. */
static void write_out(const vsh_fit_view *v, vsh_text *s)
{
    vsh_chart_data(s, "out");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0; i < v->isoflop.count; i++)
        for (int j = 0; j < v->isoflop.budget[i].count; j++) {
            const vsh_budget *b = &v->isoflop.budget[i];
            const vsh_run *run = &v->fit->runs->run[b->run[j]];
            if (j < b->from || j >= b->to)
                VSH_CHART_ROW(s, run->at.params, run->loss);
        }
    vsh_chart_data_end(s);
}

static void write_vertices(const vsh_fit_view *v, vsh_text *s)
{
    vsh_chart_data(s, "vertex");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int i = 0; i < v->isoflop.count; i++)
        if (v->isoflop.budget[i].verdict == VSH_VALLEY)
            VSH_CHART_ROW(s, v->isoflop.budget[i].best.params, v->isoflop.budget[i].best.loss);
    vsh_chart_data_end(s);
}

static vsh_fit_range budgets_of(const vsh_fit_view *v)
{
    const vsh_isoflop *found = &v->isoflop;

    return vsh_fit_wider_log(
        (vsh_fit_range){found->budget[0].flops, found->budget[found->count - 1].flops}, 0.1);
}

/* The law's optimum from budget to budget, and a band that is as wide as the draws' N*. */
static void write_optimum(const vsh_fit_view *v, vsh_text *s)
{
    const vsh_isoflop *found = &v->isoflop;
    vsh_fit_range flops = budgets_of(v);
    double N[VSH_FIT_SAMPLES], L[VSH_FIT_SAMPLES];
    vsh_interval range[VSH_FIT_SAMPLES];

    vsh_chart_data(s, "optimum");
    for (int i = 0; i < VSH_FIT_SAMPLES; i++) {
        double C = vsh_fit_spaced(flops, i, VSH_FIT_SAMPLES);
        vsh_optimum best = vsh_law_optimum(&v->fit->law, C, &found->kind);
        N[i] = best.params;
        L[i] = best.loss;
        range[i] = vsh_band_params(v->fit, C, &found->kind, false, v->arena);
        VSH_CHART_ROW(s, N[i], L[i]);
    }
    vsh_chart_data_end(s);
    vsh_chart_data(s, "band");
    for (int i = 0; i < VSH_FIT_SAMPLES; i++)
        VSH_CHART_ROW(s, range[i].low, L[i]);
    for (int i = VSH_FIT_SAMPLES - 1; i >= 0; i--)
        VSH_CHART_ROW(s, range[i].high, L[i]);
    vsh_chart_data_end(s);
}

/* What is drawn of a budget, so that no name lies on it. */
static void mark_budget(const vsh_fit_view *v, const frame *f, const vsh_budget *b,
                        vsh_fit_labels *labels)
{
    vsh_fit_range sizes = sizes_of(v, b);

    for (int i = 0; i < VSH_FIT_SAMPLES; i++) {
        double params = vsh_fit_spaced(sizes, i, VSH_FIT_SAMPLES);
        double x = vsh_fit_part_log(f->params, params);
        vsh_fit_mark_at(labels, x, vsh_fit_part(f->loss, law_loss(v, params, b->flops)));
        if (b->verdict != VSH_FEW_SIZES)
            vsh_fit_mark_at(labels, x, vsh_fit_part(f->loss, vsh_budget_loss(b, params)));
    }
    for (int i = 0; i < b->count; i++) {
        const vsh_run *run = &v->fit->runs->run[b->run[i]];
        vsh_fit_mark_at(labels, vsh_fit_part_log(f->params, run->at.params),
                        vsh_fit_part(f->loss, run->loss));
    }
}

/* Their compute, at the left end of the law's curve or at its right end. */
static void label_budgets(const vsh_fit_view *v, const frame *f, int height, vsh_text *s)
{
    vsh_fit_labels *labels = vsh_fit_labels_of(v->arena, height);

    for (int i = 0; i < v->isoflop.count; i++)
        mark_budget(v, f, &v->isoflop.budget[i], labels);
    for (int i = 0; i < VSH_FIT_SAMPLES; i++) {
        vsh_optimum best = vsh_law_optimum(
            &v->fit->law, vsh_fit_spaced(budgets_of(v), i, VSH_FIT_SAMPLES), &v->isoflop.kind);
        vsh_fit_mark_at(labels, vsh_fit_part_log(f->params, best.params),
                        vsh_fit_part(f->loss, best.loss));
    }
    for (int i = 0; i < v->isoflop.count; i++) {
        const vsh_budget *b = &v->isoflop.budget[i];
        vsh_fit_range sizes = sizes_of(v, b);
        if (!vsh_fit_label(labels, s, POWER(b->flops), -1, vsh_fit_part_log(f->params, sizes.low),
                           vsh_fit_part(f->loss, law_loss(v, sizes.low, b->flops))))
            vsh_fit_label(labels, s, POWER(b->flops), 1, vsh_fit_part_log(f->params, sizes.high),
                          vsh_fit_part(f->loss, law_loss(v, sizes.high, b->flops)));
    }
}

static void plot(const vsh_fit_view *v, const vsh_panel *panel, vsh_text *s)
{
    vsh_series series[3 * VSH_ISOFLOP_BUDGETS + 5];
    char data[VSH_ISOFLOP_BUDGETS][3][40];
    bool drawn = v->fit->draw_count > 9;
    int count = 0;

    if (drawn)
        series[count++] = (vsh_series){VSH_DRAW_BAND, "$band using 1:2", VSH_FIT_BAND_LOOK, NULL};
    series[count++] =
        (vsh_series){VSH_DRAW_POINT, "$out using 1:2",
                     "pointtype 2 pointsize 0.7 linewidth 1.2 " VSH_COLOUR(VSH_GREY), "left out"};
    for (int i = 0; i < v->isoflop.count; i++) {
        const char *point = looks[i % LOOKS].point, *line = looks[i % LOOKS].line;
        snprintf(data[i][0], sizeof data[i][0], "$run%d using 1:2", i);
        snprintf(data[i][1], sizeof data[i][1], "$curve%d using 1:2", i);
        snprintf(data[i][2], sizeof data[i][2], "$curve%d using 1:3", i);
        series[count++] = (vsh_series){VSH_DRAW_POINT, data[i][0], point, i ? NULL : "run"};
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][1], line, i ? NULL : "parabola"};
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][2], LAW_LOOK, i ? NULL : "law"};
    }
    series[count++] =
        (vsh_series){VSH_DRAW_LINE, "$optimum using 1:2", VSH_FIT_LAW_LOOK, "law's optimum"};
    if (drawn)
        series[count++] = (vsh_series){VSH_DRAW_BAND, NULL, VSH_FIT_BAND_LOOK, "95 % of draws"};
    series[count++] =
        (vsh_series){VSH_DRAW_POINT, "$vertex using 1:2", VSH_FIT_VERTEX_LOOK, "vertex"};
    vsh_chart_plot(s, panel, series, count);
}

static void tell(const vsh_fit_view *v, const frame *f, vsh_text *caption)
{
    const vsh_isoflop *found = &v->isoflop;
    int runs = 0;

    for (int i = 0; i < found->count; i++)
        runs += found->budget[i].count;
    vsh_text_add(
        caption,
        "%d budget%s, found where runs crowd within %g %% of compute: %d of %d runs; %d with "
        "a valley whose vertex lies among its runs. ",
        found->count, found->count == 1 ? "" : "s", 100 * found->tolerance, runs, found->looked_at,
        found->valleys);
    if (found->spare)
        vsh_text_add(caption, "Runs lie %.4f nats about their parabola (standard deviation). ",
                     found->residual_sd);
    vsh_text_add(
        caption,
        "A parabola knows nothing of the law; it takes the runs within a factor of %g about "
        "its vertex.",
        VSH_ISOFLOP_REACH);
    if (f->beyond)
        vsh_text_add(caption, " %d run%s above the frame.", f->beyond,
                     f->beyond == 1 ? " is" : "s are");
}

void vsh_fit_draw_isoflops(const vsh_fit_view *v, vsh_report_figure *f)
{
    static const vsh_panel panel = {ISOFLOP_HEIGHT, 56, 74, 562, 640, 3};
    frame shown = frame_of(v);
    vsh_text *s = &f->script;

    vsh_chart_begin(s, f->name, ISOFLOP_HEIGHT, f->title);
    for (int i = 0; i < v->isoflop.count; i++)
        write_budget(v, i, s);
    write_out(v, s);
    write_vertices(v, s);
    write_optimum(v, s);
    vsh_chart_panel(s, &panel, "loss, nats a token; each curve is a compute in FLOP",
                    "parameters N");
    vsh_chart_log_axis(s, "x", shown.params.low, shown.params.high, VSH_TICK_COUNT, 1);
    vsh_chart_axis(s, "y", shown.loss.low, shown.loss.high);
    label_budgets(v, &shown, panel.bottom - panel.top, s);
    plot(v, &panel, s);
    vsh_chart_end(s);
    tell(v, &shown, &f->caption);
}
