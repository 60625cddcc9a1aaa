#include <math.h>
#include <stdio.h>

#include "planner/figures/fit_figure.h"

#define COUNT(value) vsh_show_count(value).text

enum { HELD_HEIGHT = 850 };

#define FORM_LOOK "pointtype 7 pointsize 0.8 " VSH_COLOUR(VSH_BLUE)
#define BASE_LOOK "pointtype 4 pointsize 0.8 linewidth 1.6 " VSH_COLOUR(VSH_VERMILLION)
#define USED_LOOK "pointtype 6 pointsize 0.4 " VSH_COLOUR(VSH_GREY)

static bool is_held(const vsh_fit_view *v, int run)
{
    return v->fit->runs->run[run].at.params >= v->fit->hold_out.params_from;
}

static double off_by(double predicted, double measured) { return 100 * (predicted / measured - 1); }

/* Columns: measured, predicted, parameters, error in percent; of the runs that were held out, or of
 * those that the form was fitted to. */
static void write_runs(const vsh_fit_view *v, const char *name, const double *predicted, bool held,
                       vsh_text *s)
{
    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0, drawn = 0; predicted && i < v->fit->runs->count && drawn < VSH_FIT_SHOWN; i++) {
        const vsh_run *run = &v->fit->runs->run[i];
        if (is_held(v, i) != held)
            continue;
        VSH_CHART_ROW(s, run->loss, predicted[i], run->at.params, off_by(predicted[i], run->loss));
        drawn++;
    }
    vsh_chart_data_end(s);
}

typedef struct {
    vsh_fit_range loss, params, percent;
    double border; /* between the models that were fitted and those held out */
} frame;

static frame frame_of(const vsh_fit_view *v)
{
    const double *of[2] = {v->predicted, v->baseline};
    frame f = {vsh_fit_range_none(), vsh_fit_range_none(), {0, 0}, 0};

    for (int i = 0; i < v->fit->runs->count; i++) {
        const vsh_run *run = &v->fit->runs->run[i];
        vsh_fit_reach(&f.params, run->at.params);
        if (!is_held(v, i)) {
            f.border = fmax(f.border, run->at.params);
            continue;
        }
        vsh_fit_reach(&f.loss, run->loss);
        for (int j = 0; j < 2; j++)
            if (of[j]) {
                vsh_fit_reach(&f.loss, of[j][i]);
                vsh_fit_reach(&f.percent, off_by(of[j][i], run->loss));
            }
    }
    f.border = sqrt(f.border * v->fit->hold_out.params_from);
    f.loss = vsh_fit_wider(f.loss, 0.05);
    f.params = vsh_fit_wider_log(f.params, 0.05);
    f.percent = vsh_fit_wider(f.percent, 0.15);
    return f;
}

static void draw_losses(const vsh_fit_view *v, const frame *f, vsh_text *s)
{
    static const vsh_panel panel = {HELD_HEIGHT, 56, 74, 424, 0, 0};
    const vsh_series series[] = {
        {VSH_DRAW_LINE, "x", "linewidth 1.6 " VSH_COLOUR(VSH_INK), NULL},
        {VSH_DRAW_POINT, v->baseline ? "$base using 1:2" : NULL, BASE_LOOK, NULL},
        {VSH_DRAW_POINT, "$held using 1:2", FORM_LOOK, NULL},
    };

    vsh_chart_panel(s, &panel, "predicted loss, nats a token", "measured loss, nats a token");
    vsh_chart_axis(s, "x", f->loss.low, f->loss.high);
    vsh_chart_axis(s, "y", f->loss.low, f->loss.high);
    vsh_chart_plot(s, &panel, series, 3);
}

static void draw_errors(const vsh_fit_view *v, const frame *f, vsh_text *s)
{
    static const vsh_panel panel = {HELD_HEIGHT, 56, 516, 716, 792, 2};
    const vsh_series series[] = {
        {VSH_DRAW_POINT, "$used using 3:4", USED_LOOK, "fitted to"},
        {VSH_DRAW_POINT, v->baseline ? "$base using 3:4" : NULL, BASE_LOOK,
         v->baseline ? "held out, by the baseline" : NULL},
        {VSH_DRAW_POINT, "$held using 3:4", FORM_LOOK, "held out, by the law"},
        {VSH_DRAW_LINE, NULL, "linewidth 1.6 " VSH_COLOUR(VSH_INK), "predicted = measured"},
    };

    vsh_chart_panel(s, &panel, "predicted over measured loss less one, %", "parameters N");
    vsh_chart_log_axis(s, "x", f->params.low, f->params.high, VSH_TICK_COUNT, 1);
    vsh_chart_axis(s, "y", f->percent.low, f->percent.high);
    vsh_chart_line(s, "linewidth 1.6 " VSH_COLOUR(VSH_INK),
                   "from graph 0,first 0 to graph 1,first 0 back");
    vsh_chart_line(s, "linewidth 1.2 dashtype (2,3) " VSH_COLOUR(VSH_INK),
                   "from first %.6g,graph 0 to first %.6g,graph 1 back", f->border, f->border);
    vsh_chart_plot(s, &panel, series, 4);
}

static void tell(const vsh_fit_view *v, vsh_text *caption)
{
    const vsh_hold_out *h = &v->fit->hold_out;

    vsh_text_add(
        caption,
        "Fitted to the %d runs below %s parameters, asked about the %d others: off by %.2f %% "
        "in the middle, %.2f %% at most.",
        h->trained, COUNT(h->params_from), h->held, 100 * h->errors.median, 100 * h->errors.max);
    if (v->baseline)
        vsh_text_add(caption, " The baseline ignores %s: %.2f %% and %.2f %%.",
                     h->ignores ? h->ignores : "what the law adds", 100 * h->baseline_errors.median,
                     100 * h->baseline_errors.max);
}

void vsh_fit_draw_held_out(const vsh_fit_view *v, vsh_report_figure *f)
{
    frame shown = frame_of(v);
    vsh_text *s = &f->script;

    vsh_chart_begin(s, f->name, HELD_HEIGHT, f->title);
    write_runs(v, "held", v->predicted, true, s);
    write_runs(v, "base", v->baseline, true, s);
    write_runs(v, "used", v->predicted, false, s);
    draw_losses(v, &shown, s);
    draw_errors(v, &shown, s);
    vsh_chart_end(s);
    tell(v, &f->caption);
}
