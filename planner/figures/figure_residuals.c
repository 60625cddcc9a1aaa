#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "planner/figures/fit_figure.h"

enum { RESIDUALS_HEIGHT = 878, BINS = 12, RUNS_A_BIN = 6 };

/* Residuals that are further out stand at the edge. */
#define EDGE 6.0

#define HALF_LOOK "fillcolor rgb '" VSH_BLUE "' fillstyle transparent solid 0.25 noborder"

static double flops_of(const vsh_point *p) { return 6 * p->params * p->tokens; }
static double params_of(const vsh_point *p) { return p->params; }
static double tokens_of(const vsh_point *p) { return p->tokens; }

static const struct {
    const char *below, *runs, *odd, *middle; /* words, and names of the data */
    double (*of)(const vsh_point *p);
    vsh_tick tick;
    vsh_panel panel;
} against[] = {
    {"training compute 6 N D, FLOP",
     "runs_c",
     "odd_c",
     "middle_c",
     flops_of,
     VSH_TICK_POWER,
     {RESIDUALS_HEIGHT, 56, 74, 250, 0, 0}},
    {"parameters N",
     "runs_n",
     "odd_n",
     "middle_n",
     params_of,
     VSH_TICK_COUNT,
     {RESIDUALS_HEIGHT, 56, 326, 502, 0, 0}},
    {"tokens D",
     "runs_d",
     "odd_d",
     "middle_d",
     tokens_of,
     VSH_TICK_COUNT,
     {RESIDUALS_HEIGHT, 56, 578, 754, 830, 3}},
};

enum { AGAINST = sizeof against / sizeof against[0] };

static double value_of(const vsh_fit_view *v, int panel, int run)
{
    return against[panel].of(&v->fit->runs->run[run].at);
}

/* The residual in percent, at the edge when it lies beyond. */
static double drawn_percent(const vsh_fit_view *v, int run, double edge)
{
    return fmax(-edge, fmin(edge, vsh_fit_percent(v->fit->residual[run])));
}

static double edge_of(const vsh_fit_view *v)
{
    double worst = fabs(vsh_fit_percent(v->fit->residual[v->fit->worst[0]]));

    return fmax(1e-6,
                fmin(worst, fmax(vsh_fit_percent(EDGE * v->spread), 120 * v->fit->residual_sd)));
}

static void write_runs(const vsh_fit_view *v, int panel, bool odd, double edge, vsh_text *s)
{
    vsh_chart_data(s, odd ? against[panel].odd : against[panel].runs);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0; i < v->shown_count; i++) {
        int run = v->shown[i];
        if (vsh_fit_odd(v, run) == odd)
            VSH_CHART_ROW(s, value_of(v, panel, run), drawn_percent(v, run, edge));
    }
    vsh_chart_data_end(s);
}

typedef struct {
    double at, percent;
} point;

static int by_at(const void *a, const void *b)
{
    double p = ((const point *)a)->at, q = ((const point *)b)->at;

    return (p > q) - (p < q);
}

static int by_percent(const void *a, const void *b)
{
    double p = ((const point *)a)->percent, q = ((const point *)b)->percent;

    return (p > q) - (p < q);
}

/* Medians of as many runs each, from the least to the most: where the line leaves zero the law
 * bends otherwise than the runs. The greatest of them is what a caption tells. */
static double write_middle(const vsh_fit_view *v, int panel, vsh_text *s)
{
    int bins = v->shown_count / RUNS_A_BIN < BINS ? v->shown_count / RUNS_A_BIN : BINS;
    point *points = vsh_alloc(v->arena, (size_t)v->shown_count + 1, sizeof *points);
    double greatest = 0;

    vsh_chart_data(s, against[panel].middle);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int i = 0; points && i < v->shown_count; i++)
        points[i] = (point){value_of(v, panel, v->shown[i]),
                            vsh_fit_percent(v->fit->residual[v->shown[i]])};
    if (points)
        qsort(points, (size_t)v->shown_count, sizeof *points, by_at);
    for (int i = 0; points && bins > 2 && i < bins; i++) {
        int first = i * v->shown_count / bins, count = (i + 1) * v->shown_count / bins - first;
        double at = points[first + count / 2].at;
        qsort(points + first, (size_t)count, sizeof *points, by_percent);
        VSH_CHART_ROW(s, at, points[first + count / 2].percent);
        if (fabs(points[first + count / 2].percent) > fabs(greatest))
            greatest = points[first + count / 2].percent;
    }
    vsh_chart_data_end(s);
    return greatest;
}

static void label_odd(const vsh_fit_view *v, int panel, vsh_fit_range x, vsh_fit_range y,
                      double edge, vsh_text *s)
{
    const vsh_panel *p = &against[panel].panel;
    vsh_fit_labels *labels = vsh_fit_labels_of(v->arena, p->bottom - p->top);
    vsh_fit_mark place[VSH_FIT_SHOWN];

    for (int i = 0; i < v->shown_count; i++)
        place[i] = vsh_fit_mark_at(labels, vsh_fit_part_log(x, value_of(v, panel, v->shown[i])),
                                   vsh_fit_part(y, drawn_percent(v, v->shown[i], edge)));
    vsh_fit_label_odd(v, labels, place, edge, s);
}

static void add_band(double percent, const char *look, vsh_text *s)
{
    vsh_chart_box(s, look, "from graph 0,first %.6g to graph 1,first %.6g back", -percent, percent);
}

static void plot(const vsh_fit_view *v, int panel, vsh_text *s)
{
    char data[3][48];
    const vsh_series series[] = {
        {VSH_DRAW_BOX, NULL, VSH_FIT_SHADE_LOOK, "within 1 sd"},
        {VSH_DRAW_BOX, NULL, HALF_LOOK, "half of the runs"},
        {VSH_DRAW_LINE, data[2], "linewidth 3 " VSH_COLOUR(VSH_INK), "running median"},
        {VSH_DRAW_POINT, data[0], VSH_FIT_RUN_LOOK, "run"},
        {VSH_DRAW_POINT, data[1], VSH_FIT_ODD_LOOK, "far off"},
        {VSH_DRAW_LINE, data[2], "linewidth 3 " VSH_COLOUR(VSH_INK), NULL},
    };

    snprintf(data[0], sizeof data[0], "$%s using 1:2", against[panel].runs);
    snprintf(data[1], sizeof data[1], "$%s using 1:2", against[panel].odd);
    snprintf(data[2], sizeof data[2], "$%s using 1:2", against[panel].middle);
    add_band(100 * v->fit->residual_sd, VSH_FIT_SHADE_LOOK, s);
    add_band(vsh_fit_percent(v->fit->residual_median), HALF_LOOK, s);
    vsh_chart_line(s, "linewidth 1 " VSH_COLOUR(VSH_INK),
                   "from graph 0,first 0 to graph 1,first 0 back");
    vsh_chart_plot(s, &against[panel].panel, series, 6);
}

static double draw_panel(const vsh_fit_view *v, int panel, double edge, vsh_text *s)
{
    vsh_fit_range x = vsh_fit_range_none();
    vsh_fit_range y = vsh_fit_wider((vsh_fit_range){-edge, edge}, 0.08);
    double greatest;

    for (int i = 0; i < v->shown_count; i++)
        vsh_fit_reach(&x, value_of(v, panel, v->shown[i]));
    x = vsh_fit_wider_log(x, 0.04);
    write_runs(v, panel, false, edge, s);
    write_runs(v, panel, true, edge, s);
    greatest = write_middle(v, panel, s);
    vsh_chart_panel(s, &against[panel].panel,
                    panel == 0 ? "measured over fitted loss less one, %" : NULL,
                    against[panel].below);
    vsh_chart_log_axis(s, "x", x.low, x.high, against[panel].tick, 1);
    vsh_chart_axis(s, "y", y.low, y.high);
    label_odd(v, panel, x, y, edge, s);
    plot(v, panel, s);
    return greatest;
}

void vsh_fit_draw_residuals(const vsh_fit_view *v, vsh_report_figure *f)
{
    static const char *const words[] = {"compute", "parameters", "tokens"};
    double edge = edge_of(v);

    vsh_text_add(
        &f->caption,
        "Above zero the run was worse than the law. The band is one standard deviation, "
        "%.2f %%; the line joins medians of about %d runs each, and where it leaves the band "
        "the law bends otherwise than the runs. It is furthest from zero by",
        100 * v->fit->residual_sd,
        v->shown_count / RUNS_A_BIN < BINS ? RUNS_A_BIN : v->shown_count / BINS);
    vsh_chart_begin(&f->script, f->name, RESIDUALS_HEIGHT, f->title);
    for (int i = 0; i < AGAINST; i++) {
        double greatest = draw_panel(v, i, edge, &f->script);
        vsh_text_add(&f->caption, "%s %+.2f %% against %s", i ? "," : "", greatest, words[i]);
    }
    vsh_chart_end(&f->script);
    vsh_text_add(&f->caption, ".");
}
