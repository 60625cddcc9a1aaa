#include <math.h>

#include "planner/figures/fit_label.h"

enum { FITTED_HEIGHT = 610 };

/* Both axes are the same. */
static vsh_fit_range losses(const vsh_fit_view *v)
{
    vsh_fit_range range = vsh_fit_range_none();

    for (int i = 0; i < v->shown_count; i++) {
        vsh_fit_reach(&range, v->fit->runs->run[v->shown[i]].loss);
        vsh_fit_reach(&range, v->fit->fitted[v->shown[i]]);
    }
    return vsh_fit_wider(range, 0.04);
}

static void write_runs(const vsh_fit_view *v, const char *name, bool odd, vsh_text *s)
{
    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0; i < v->shown_count; i++)
        if (vsh_fit_odd(v, v->shown[i]) == odd)
            VSH_CHART_ROW(s, v->fit->runs->run[v->shown[i]].loss, v->fit->fitted[v->shown[i]]);
    vsh_chart_data_end(s);
}

static void label_odd(const vsh_fit_view *v, vsh_fit_range range, int height, vsh_text *s)
{
    vsh_fit_labels *labels = vsh_fit_labels_of(v->arena, height);
    vsh_fit_mark place[VSH_FIT_SHOWN];

    for (int i = 0; i < v->shown_count; i++)
        place[i] = vsh_fit_mark_at(labels, vsh_fit_part(range, v->fit->runs->run[v->shown[i]].loss),
                                   vsh_fit_part(range, v->fit->fitted[v->shown[i]]));
    for (int i = 0; i < 500; i++) /* the diagonal */
        vsh_fit_mark_at(labels, i / 500.0, i / 500.0);
    vsh_fit_label_odd(v, labels, place, INFINITY, s);
}

static int count_odd(const vsh_fit_view *v)
{
    int count = 0;

    for (int i = 0; i < v->fit->runs->count; i++)
        count += vsh_fit_odd(v, i);
    return count;
}

static void tell(const vsh_fit_view *v, vsh_text *caption)
{
    const vsh_fit *fit = v->fit;
    int odd = count_odd(v);

    vsh_text_add(
        caption,
        "%s runs. Half of them lie within %.2f %% of the line, where both are the same; the "
        "standard deviation is %.2f %%. ",
        vsh_show_integer(fit->runs->count).text, vsh_fit_percent(fit->residual_median),
        100 * fit->residual_sd);
    if (odd)
        vsh_text_add(caption,
                     "%d run%s, drawn as triangles and named by line of the file, "
                     "%s off by more than %.2f %%, four times what the middle of the runs would "
                     "make one expect.",
                     odd, odd == 1 ? "" : "s", odd == 1 ? "is" : "are",
                     vsh_fit_percent(VSH_FIT_ODD * v->spread));
    else
        vsh_text_add(caption,
                     "None is off by more than four times what the middle of the runs would "
                     "make one expect.");
    if (v->shown_count < fit->runs->count)
        vsh_text_add(caption, " Drawn are %d: the worst, and of the others evenly many.",
                     v->shown_count);
}

void vsh_fit_draw_fitted(const vsh_fit_view *v, vsh_report_figure *f)
{
    static const vsh_panel panel = {FITTED_HEIGHT, 56, 74, 500, 576, 3};
    static const vsh_series series[] = {
        {VSH_DRAW_LINE, "x", "linewidth 1.6 " VSH_COLOUR(VSH_INK), "fitted = measured"},
        {VSH_DRAW_POINT, "$runs using 1:2", VSH_FIT_RUN_LOOK, "run"},
        {VSH_DRAW_POINT, "$odd using 1:2", VSH_FIT_ODD_LOOK, "far off"},
    };
    vsh_fit_range range = losses(v);
    vsh_text *s = &f->script;

    vsh_chart_begin(s, f->name, FITTED_HEIGHT, f->title);
    write_runs(v, "runs", false, s);
    write_runs(v, "odd", true, s);
    vsh_chart_panel(s, &panel, "fitted loss, nats a token", "measured loss, nats a token");
    vsh_chart_axis(s, "x", range.low, range.high);
    vsh_chart_axis(s, "y", range.low, range.high);
    label_odd(v, range, panel.bottom - panel.top, s);
    vsh_chart_plot(s, &panel, series, 3);
    vsh_chart_end(s);
    tell(v, &f->caption);
}
