#include <math.h>
#include <stdio.h>

#include "core/sort.h"
#include "planner/figures/fit_figure.h"
#include "planner/fit/band.h"

#define COUNT(value) vsh_show_count(value).text
#define POWER(value) vsh_show_power(value).text

enum { DRAWS_HEIGHT = 790, DRAWS_SHOWN = 500 };

#define TOGETHER_LOOK "pointtype 7 pointsize 0.35 " VSH_COLOUR(VSH_BLUE)
#define APART_LOOK "pointtype 1 pointsize 0.5 linewidth 0.8 " VSH_COLOUR(VSH_GREY)

/* Two coefficients, the one that is fitted as a logarithm first. */
typedef struct {
    int x, y;
} pair;

/* The most correlated pair that shares no coefficient with another; false when there is none. */
static bool most_correlated(const vsh_fit *fit, pair other, pair *found)
{
    int count = vsh_form_count(fit->form);
    double most = 0;

    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++) {
            double size = fabs(vsh_fit_correlation(fit, i, j));
            if (!(size > most) || i == other.x || i == other.y || j == other.x || j == other.y)
                continue;
            most = size;
            *found = (pair){i, j};
        }
    return most > 0;
}

/* As it is fitted. */
static double value_of(const vsh_form *form, const double *c, int i)
{
    return form->positive & 1U << i ? log(c[i]) : c[i];
}

static void name_of(const vsh_form *form, int i, char *room, size_t bytes)
{
    snprintf(room, bytes, "%s%s", form->positive & 1U << i ? "ln " : "", form->coefficient[i]);
}

/* All of the draws' values, but none that ran away: so many spreads of the middle half from it. */
#define RAN_AWAY 6.0

static vsh_fit_range range_of(const vsh_fit_view *v, int coefficient)
{
    const vsh_fit *fit = v->fit;
    double *values = vsh_alloc(v->arena, (size_t)fit->draw_count + 1, sizeof *values), spread;
    vsh_fit_range range = vsh_fit_range_none();
    int count = 0;

    for (int i = 0; values && i < fit->draw_count; i++)
        if (isfinite(value_of(fit->form, fit->draw[i], coefficient)))
            values[count++] = value_of(fit->form, fit->draw[i], coefficient);
    vsh_fit_reach(&range, value_of(fit->form, fit->law.coefficient, coefficient));
    if (count == 0)
        return vsh_fit_wider(range, 0.06);
    vsh_sort_reals(values, count);
    spread = values[count * 3 / 4] - values[count / 4];
    for (int i = 0; i < count; i++)
        if (values[i] >= values[count / 4] - RAN_AWAY * spread &&
            values[i] <= values[count * 3 / 4] + RAN_AWAY * spread)
            vsh_fit_reach(&range, values[i]);
    return vsh_fit_wider(range, 0.06);
}

static void write_draws(const vsh_fit *fit, pair p, bool independent, const char *name, vsh_text *s)
{
    int count = fit->draw_count < DRAWS_SHOWN ? fit->draw_count : DRAWS_SHOWN;

    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0; i < count; i++) {
        double c[VSH_COEFFICIENTS] = {0};
        vsh_band_coefficients(fit, i, independent, c);
        VSH_CHART_ROW(s, value_of(fit->form, c, p.x), value_of(fit->form, c, p.y));
    }
    vsh_chart_data_end(s);
}

/* Draws beside the frame. */
static int beside(const vsh_fit *fit, pair p, vsh_fit_range x, vsh_fit_range y)
{
    int count = 0;

    for (int i = 0; i < fit->draw_count; i++) {
        double at_x = vsh_fit_part(x, value_of(fit->form, fit->draw[i], p.x));
        double at_y = vsh_fit_part(y, value_of(fit->form, fit->draw[i], p.y));
        count += !(at_x >= 0 && at_x <= 1 && at_y >= 0 && at_y <= 1);
    }
    return count;
}

/* Returns how many draws ran away out of the frame. */
static int draw_pair(const vsh_fit_view *v, pair p, int number, const vsh_panel *panel, vsh_text *s)
{
    const vsh_fit *fit = v->fit;
    vsh_fit_range x = range_of(v, p.x), y = range_of(v, p.y);
    char names[3][16], data[3][40], x_name[40], y_name[40];
    const vsh_series series[] = {
        {VSH_DRAW_POINT, data[1], APART_LOOK, "each alone"},
        {VSH_DRAW_POINT, data[0], TOGETHER_LOOK, "together, as fitted"},
        {VSH_DRAW_POINT, data[2], VSH_FIT_VERTEX_LOOK, "fit to all runs"},
    };

    for (int i = 0; i < 3; i++) {
        snprintf(names[i], sizeof names[i], "%s%d",
                 i == 2 ? "centre"
                 : i    ? "apart"
                        : "together",
                 number);
        snprintf(data[i], sizeof data[i], "$%s using 1:2", names[i]);
    }
    write_draws(fit, p, false, names[0], s);
    write_draws(fit, p, true, names[1], s);
    vsh_chart_data(s, names[2]);
    VSH_CHART_ROW(s, value_of(fit->form, fit->law.coefficient, p.x),
                  value_of(fit->form, fit->law.coefficient, p.y));
    vsh_chart_data_end(s);
    name_of(fit->form, p.x, x_name, sizeof x_name);
    name_of(fit->form, p.y, y_name, sizeof y_name);
    vsh_chart_panel(s, panel, y_name, x_name);
    vsh_chart_axis(s, "x", x.low, x.high);
    vsh_chart_axis(s, "y", y.low, y.high);
    vsh_chart_plot(s, panel, series, 3);
    return beside(fit, p, x, y);
}

static void tell_correlation(const vsh_fit *fit, pair p, bool first, int away, vsh_text *caption)
{
    char x_name[40], y_name[40];

    name_of(fit->form, p.x, x_name, sizeof x_name);
    name_of(fit->form, p.y, y_name, sizeof y_name);
    vsh_text_add(caption, "%s%s and %s: correlation %.4f", first ? "" : "; ", x_name, y_name,
                 vsh_fit_correlation(fit, p.x, p.y));
    if (away)
        vsh_text_add(caption, " (%d ran away out of the frame)", away);
}

static void tell_cost(const vsh_fit_view *v, vsh_text *caption)
{
    const vsh_fit *fit = v->fit;
    vsh_interval together, apart;

    if (!isfinite(fit->flops))
        return;
    together = vsh_band_params(fit, fit->flops, &v->isoflop.kind, false, v->arena);
    apart = vsh_band_params(fit, fit->flops, &v->isoflop.kind, true, v->arena);
    if (isfinite(together.low) && isfinite(apart.low))
        vsh_text_add(caption,
                     " Draws that stay together put 95 %% of N* at %s FLOP between %s and %s; "
                     "coefficients drawn each alone, between %s and %s.",
                     POWER(fit->flops), COUNT(together.low), COUNT(together.high), COUNT(apart.low),
                     COUNT(apart.high));
}

void vsh_fit_draw_draws(const vsh_fit_view *v, vsh_report_figure *f)
{
    static const vsh_panel one = {DRAWS_HEIGHT, 66, 74, 330, 0, 0};
    static const vsh_panel two = {DRAWS_HEIGHT, 66, 424, 680, 756, 3};
    pair first = {-1, -1}, second = {-1, -1};

    vsh_chart_begin(&f->script, f->name, DRAWS_HEIGHT, f->title);
    vsh_text_add(&f->caption, "%d fits to runs drawn again: ", v->fit->draw_count);
    if (most_correlated(v->fit, first, &first)) {
        int away = draw_pair(v, first, 1, &one, &f->script);
        tell_correlation(v->fit, first, true, away, &f->caption);
    }
    if (most_correlated(v->fit, first, &second)) {
        int away = draw_pair(v, second, 2, &two, &f->script);
        tell_correlation(v->fit, second, false, away, &f->caption);
    }
    vsh_text_add(&f->caption, ".");
    vsh_chart_end(&f->script);
    tell_cost(v, &f->caption);
}
