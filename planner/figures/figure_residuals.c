#include <math.h>
#include <stdlib.h>

#include "planner/figures/fit_label.h"

enum {
    PANEL_HEIGHT = 176,
    PANEL_STEP = 252,
    PANELS_TOP = 74,
    BINS = 12,
    RUNS_A_BIN = 6,
    MEDIANS_OF = 20000
};

/* Residuals that are further out stand at the edge. */
#define EDGE 6.0

/* Runs so near each other in size or compute stand at one place. */
#define ONE_PLACE 1.01

#define HALF_LOOK "fillcolor rgb '" VSH_BLUE "' fillstyle transparent solid 0.25 noborder"

static double flops_of(const vsh_point *p) { return 6 * p->params * p->tokens; }
static double params_of(const vsh_point *p) { return p->params; }
static double tokens_of(const vsh_point *p) { return p->tokens; }
static double epochs_of(const vsh_point *p) { return p->unique > 0 ? p->tokens / p->unique : 1; }
static double experts_of(const vsh_point *p) { return p->experts > 1 ? p->experts : 1; }

static const struct {
    const char *word, *below;
    double (*of)(const vsh_point *p);
    vsh_tick tick;
} against[] = {
    {"compute", "training compute 6 N D, FLOP", flops_of, VSH_TICK_POWER},
    {"parameters", "parameters N", params_of, VSH_TICK_COUNT},
    {"tokens", "tokens D", tokens_of, VSH_TICK_COUNT},
    {"epochs", "epochs, tokens over unique tokens", epochs_of, VSH_TICK_PLAIN},
    {"experts", "experts", experts_of, VSH_TICK_PLAIN},
};

enum { AGAINST = sizeof against / sizeof against[0] };

/* One that is drawn: against what, and where. */
typedef struct {
    int of;
    vsh_panel panel;
    vsh_fit_range x, y;
    double edge;
} drawn;

static double value_of(const vsh_fit_view *v, const drawn *d, int run)
{
    return against[d->of].of(&v->fit->runs->run[run].at);
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

static void write_runs(const vsh_fit_view *v, const drawn *d, bool odd, vsh_text *s)
{
    vsh_chart_data(s, odd ? "odd" : "runs");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0; i < v->shown_count; i++)
        if (vsh_fit_odd(v, v->shown[i]) == odd)
            VSH_CHART_ROW(s, value_of(v, d, v->shown[i]), drawn_percent(v, v->shown[i], d->edge));
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

/* Medians are of every so many-th run of a long table; not of those that are drawn, among which the
 * worst are too many. */
static int every_of(const vsh_fit_view *v) { return 1 + v->fit->runs->count / MEDIANS_OF; }

static int bins_of(int runs) { return runs / RUNS_A_BIN < BINS ? runs / RUNS_A_BIN : BINS; }

/* The median of points first .. end - 1, at the median of where they stand. */
static double write_median(point *points, int first, int end, vsh_text *s)
{
    double at = points[first + (end - first) / 2].at, percent;

    qsort(points + first, (size_t)(end - first), sizeof *points, by_percent);
    percent = points[first + (end - first) / 2].percent;
    VSH_CHART_ROW(s, at, percent);
    return percent;
}

/* Medians of about as many runs each, from the least to the most: where the line leaves zero the
 * law bends otherwise than the runs. Runs at one place are not parted. Returns the furthest, in
 * percent.
 */
static double write_middle(const vsh_fit_view *v, const drawn *d, vsh_text *s)
{
    int every = every_of(v), count = v->fit->runs->count / every, bins = bins_of(count);
    point *points = vsh_alloc(v->arena, (size_t)count + 1, sizeof *points);
    double furthest = 0;

    vsh_chart_data(s, "middle");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int i = 0; points && i < count; i++)
        points[i] =
            (point){value_of(v, d, i * every), vsh_fit_percent(v->fit->residual[i * every])};
    if (points)
        qsort(points, (size_t)count, sizeof *points, by_at);
    for (int first = 0, end; points && bins > 2 && first < count; first = end) {
        double median;
        end = first + count / bins < count ? first + count / bins : count;
        while (end < count && points[end].at <= ONE_PLACE * points[end - 1].at)
            end++;
        if (count - end < count / bins / 2)
            end = count;
        median = write_median(points, first, end, s);
        if (fabs(median) > fabs(furthest))
            furthest = median;
    }
    vsh_chart_data_end(s);
    return furthest;
}

static void label_odd(const vsh_fit_view *v, const drawn *d, vsh_text *s)
{
    vsh_fit_labels *labels = vsh_fit_labels_of(v->arena, d->panel.bottom - d->panel.top);
    vsh_fit_mark place[VSH_FIT_SHOWN];

    for (int i = 0; i < v->shown_count; i++)
        place[i] = vsh_fit_mark_at(labels, vsh_fit_part_log(d->x, value_of(v, d, v->shown[i])),
                                   vsh_fit_part(d->y, drawn_percent(v, v->shown[i], d->edge)));
    vsh_fit_label_odd(v, labels, place, d->edge, s);
}

static void add_band(double percent, const char *look, vsh_text *s)
{
    vsh_chart_box(s, look, "from graph 0,first %.6g to graph 1,first %.6g back", -percent, percent);
}

static void plot(const vsh_fit_view *v, const drawn *d, vsh_text *s)
{
    static const char middle[] = "linewidth 3 " VSH_COLOUR(VSH_INK);
    static const vsh_series series[] = {
        {VSH_DRAW_BOX, NULL, VSH_FIT_SHADE_LOOK, "within 1 sd"},
        {VSH_DRAW_BOX, NULL, HALF_LOOK, "half of the runs"},
        {VSH_DRAW_LINE, NULL, middle, "running median"},
        {VSH_DRAW_POINT, "$runs using 1:2", VSH_FIT_RUN_LOOK, "run"},
        {VSH_DRAW_POINT, "$odd using 1:2", VSH_FIT_ODD_LOOK, "far off"},
        {VSH_DRAW_LINE, "$middle using 1:2", middle, NULL},
    };

    add_band(100 * v->fit->residual_sd, VSH_FIT_SHADE_LOOK, s);
    add_band(vsh_fit_percent(v->fit->residual_median), HALF_LOOK, s);
    vsh_chart_line(s, "linewidth 1 " VSH_COLOUR(VSH_INK),
                   "from graph 0,first 0 to graph 1,first 0 back");
    vsh_chart_plot(s, &d->panel, series, 6);
}

static double draw_panel(const vsh_fit_view *v, const drawn *d, bool first, vsh_text *s)
{
    double furthest;

    write_runs(v, d, false, s);
    write_runs(v, d, true, s);
    furthest = write_middle(v, d, s);
    vsh_chart_panel(s, &d->panel, first ? "measured over fitted loss less one, %" : NULL,
                    against[d->of].below);
    vsh_chart_log_axis(s, "x", d->x.low, d->x.high, against[d->of].tick, 1);
    vsh_chart_axis(s, "y", d->y.low, d->y.high);
    label_odd(v, d, s);
    plot(v, d, s);
    return furthest;
}

/* Those in which the runs differ; returns how many. */
static int choose_panels(const vsh_fit_view *v, drawn panels[AGAINST])
{
    double edge = edge_of(v);
    int count = 0;

    for (int i = 0; i < AGAINST; i++) {
        drawn d = {.of = i, .x = vsh_fit_range_none(), .edge = edge};
        d.y = vsh_fit_wider((vsh_fit_range){-edge, edge}, 0.08);
        for (int j = 0; j < v->shown_count; j++)
            vsh_fit_reach(&d.x, value_of(v, &d, v->shown[j]));
        if (!(d.x.low > 0 && d.x.high > 1.001 * d.x.low))
            continue;
        d.x = vsh_fit_wider_log(d.x, 0.04);
        panels[count++] = d;
    }
    return count;
}

void vsh_fit_draw_residuals(const vsh_fit_view *v, vsh_report_figure *f)
{
    drawn panels[AGAINST];
    int runs = v->fit->runs->count / every_of(v), bins = bins_of(runs);
    int count = choose_panels(v, panels), height = PANELS_TOP + count * PANEL_STEP + 48;

    vsh_text_add(&f->caption,
                 "Above zero the run was worse than the law. The wide band is one standard "
                 "deviation, %.2f %%, the narrow one holds half of the runs",
                 100 * v->fit->residual_sd);
    if (bins > 2)
        vsh_text_add(
            &f->caption,
            "; the line joins medians of about %d runs each, and where it leaves the narrow "
            "band the law bends otherwise than the runs. It is furthest from zero by",
            v->fit->runs->count / bins);
    vsh_chart_begin(&f->script, f->name, height, f->title);
    for (int i = 0; i < count; i++) {
        int top = PANELS_TOP + i * PANEL_STEP, bottom = top + PANEL_HEIGHT;
        double furthest;
        panels[i].panel = (vsh_panel){height, 56, top, bottom, bottom + 76, i + 1 == count ? 3 : 0};
        furthest = draw_panel(v, &panels[i], i == 0, &f->script);
        if (bins > 2)
            vsh_text_add(&f->caption, "%s %+.2f %% against %s", i ? "," : "", furthest,
                         against[panels[i].of].word);
    }
    vsh_chart_end(&f->script);
    vsh_text_add(&f->caption, ".");
}
