#include "planner/figures/figure.h"

#include <math.h>
#include <stdio.h>

#include "planner/figures/figure_common.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define BYTES(value) vsh_show_bytes(value).text
#define AMOUNT(value) vsh_show_amount(value).text

#define RULE_LINE "linewidth 3 dashtype (10,3,3,3) " VSH_COLOUR(VSH_PURPLE)

enum { SIZE_HEIGHT = 518 };

/* Columns: hours, the rule's size, then the optimum of each law. */
static void write_sizes(const plan *p, double low, double high, double *least, double *most,
                        vsh_text *s)
{
    vsh_chart_data(s, "sizes");
    for (int i = 0; i < 9; i++) {
        double row[2 + VSH_SIZING_LAWS + 1] = {plan_spaced(low, high, i, 9)};
        double flops = p->flops * row[0] / p->request.hours;
        row[1] = flops / (6 * p->rule.tokens * p->rule.epochs);
        *most = fmax(*most, row[1]);
        for (int j = 0; j < p->by_law_count; j++) {
            row[2 + j] = vsh_law_optimum(p->sizing_law[j], flops, NULL).params;
            *least = fmin(*least, row[2 + j]);
            *most = fmax(*most, row[2 + j]);
        }
        vsh_chart_row(s, row, 2 + p->by_law_count);
    }
    vsh_chart_data_end(s);
}

static const struct {
    const char *line, *point;
} law_looks[VSH_SIZING_LAWS + 1] = {
    {"dashtype solid " VSH_COLOUR(VSH_BLUE), "pointtype 6 pointsize 0.9 " VSH_COLOUR(VSH_BLUE)},
    {"dashtype (8,4) " VSH_COLOUR(VSH_GREEN), "pointtype 4 pointsize 0.9 " VSH_COLOUR(VSH_GREEN)},
    {"dashtype (2,3) " VSH_COLOUR(VSH_INK), "pointtype 8 pointsize 0.9 " VSH_COLOUR(VSH_INK)},
    {"dashtype (8,3,2,3) " VSH_COLOUR(VSH_ORANGE),
     "pointtype 10 pointsize 0.9 " VSH_COLOUR(VSH_ORANGE)},
    {"dashtype (4,2) " VSH_COLOUR(VSH_GREY), "pointtype 2 pointsize 0.9 " VSH_COLOUR(VSH_GREY)},
    {"dashtype (1,2) " VSH_COLOUR(VSH_BLUE), "pointtype 1 pointsize 0.9 " VSH_COLOUR(VSH_BLUE)},
    {"dashtype (12,3) " VSH_COLOUR(VSH_VERMILLION),
     "pointtype 12 pointsize 0.9 " VSH_COLOUR(VSH_VERMILLION)},
    {"dashtype (6,2,1,2) " VSH_COLOUR(VSH_GREEN),
     "pointtype 14 pointsize 0.9 " VSH_COLOUR(VSH_GREEN)},
    {"dashtype solid " VSH_COLOUR(VSH_INK), "pointtype 5 pointsize 0.9 " VSH_COLOUR(VSH_INK)}};

static void plot_sizes(const plan *p, const vsh_panel *panel, vsh_text *s)
{
    char lines[VSH_SIZING_LAWS + 1][96], data[VSH_SIZING_LAWS + 1][2][40];
    vsh_series series[2 * VSH_SIZING_LAWS + 6];
    int count = 0;

    series[count++] = (vsh_series){VSH_DRAW_LINE, "$sizes using 1:2", RULE_LINE, "6NTE rule"};
    for (int i = 0; i < p->by_law_count; i++) {
        const char *words = p->sizing_law[i]->title;
        snprintf(lines[i], sizeof lines[i], "%s linewidth %s", law_looks[i].line,
                 p->sizing_law[i] == p->request.law ? "3" : "1.6");
        snprintf(data[i][0], sizeof data[i][0], "$sizes using 1:%d", 3 + i);
        snprintf(data[i][1], sizeof data[i][1], "$sizes using 1:%d every 2", 3 + i);
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][0], lines[i], words};
        series[count++] = (vsh_series){VSH_DRAW_POINT, data[i][1], law_looks[i].point, words};
    }
    series[count++] = (vsh_series){VSH_DRAW_POINT, "$rule using 1:2", PLAN_RULE_LOOK, NULL};
    series[count++] = plan_run_series(plan_has_run(p));
    series[count++] = (vsh_series){VSH_DRAW_BOX, NULL, PLAN_SHADE_LOOK, "does not fit"};
    vsh_chart_plot(s, panel, series, count);
}

static void draw_wall(double wall, vsh_text *s)
{
    char text[80];

    vsh_chart_box(s, PLAN_SHADE_LOOK, "from graph 0,first %.6g to graph 1,graph 1 back", wall);
    vsh_chart_line(s, "linewidth 3 " VSH_COLOUR(VSH_INK),
                   "from graph 0,first %.6g to graph 1,first %.6g back", wall, wall);
    snprintf(text, sizeof text, "more than %s: does not fit", COUNT(wall));
    vsh_chart_label(s, text, "at graph 0.015,graph 0.95 left");
}

static void draw_sizes(const plan *p, vsh_text *s)
{
    static const vsh_panel panel = {SIZE_HEIGHT, 66, 74, 354, 428, 3};
    const plan_request *r = &p->request;
    double low = r->hours / 16, high = r->hours * 16, wall = p->largest_params;
    double least = INFINITY, most = fmax(wall, 1);
    char text[120];

    write_sizes(p, low, high, &least, &most, s);
    plan_write_point(s, "plan", p->recommended.hours,
                     plan_has_run(p) ? p->recommended.point.params : VSH_GAP);
    if (plan_has_run(p))
        least = fmin(least, p->recommended.point.params);
    plan_write_point(s, "rule", r->hours, p->rule.params);
    snprintf(text, sizeof text, "hours on %g x %.80s", r->chips, r->hardware->name);
    vsh_chart_panel(s, &panel, "parameters", text);
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_PLAIN, 1);
    vsh_chart_log_axis(s, "y", least / 2, most * 4, VSH_TICK_COUNT, 1);
    if (wall > least / 2)
        draw_wall(wall, s);
    if (p->rule.params > 4 * wall) /* elsewhere the laws' lines are in the way */
        vsh_chart_label(s, COUNT(p->rule.params), "at first %.6g,%.6g right offset -0.8,0.7",
                        r->hours, p->rule.params);
    plot_sizes(p, &panel, s);
}

static void tell_sizes(const plan *p, vsh_text *caption)
{
    double least = INFINITY, most = 0;

    for (int i = 0; i < p->by_law_count; i++) {
        least = fmin(least, p->by_law[i].params);
        most = fmax(most, p->by_law[i].params);
    }
    vsh_text_add(caption,
                 "For %s h the laws ask for %s to %s parameters (each counts N its own way), "
                 "growing about as the "
                 "square root of the hours. ",
                 AMOUNT(p->request.hours), COUNT(least), COUNT(most));
    vsh_text_add(caption, "The rule grows with the hours themselves and allows %s. ",
                 COUNT(p->rule.params));
    vsh_text_add(caption,
                 "The wall: %s chip%s of %s hold%s the training state of %s parameters, at %g "
                 "bytes each (%s).",
                 vsh_show_integer((int64_t)p->request.chips).text, p->request.chips == 1 ? "" : "s",
                 BYTES(p->request.hardware->memory_bytes.value), p->request.chips == 1 ? "s" : "",
                 COUNT(p->largest_params), vsh_recipe_bytes(p->request.recipe),
                 p->request.recipe->name);
}

vsh_status plan_draw_sizes(const plan *p, vsh_report_figure *f, vsh_error *err)
{
    (void)err;
    vsh_chart_begin(&f->script, f->name, SIZE_HEIGHT, f->title);
    draw_sizes(p, &f->script);
    vsh_chart_end(&f->script);
    tell_sizes(p, &f->caption);
    return VSH_OK;
}
