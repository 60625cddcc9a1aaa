#include "planner/figures/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/lower.h"
#include "planner/figures/figure_common.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define BYTES(value) vsh_show_bytes(value).text
#define SI(value) vsh_show_si(value).text

enum { ROOF_HEIGHT = 552, ROOF_LABELS = 6 };

/* The operations of one name, over the phases. */
typedef struct {
    const char *name;
    double intensity, rate, time;
    bool matrix;
} op_group;

typedef struct {
    vsh_op_list ops;
    double time, mfu; /* of a step, every operation at its roof */
    op_group group[VSH_OPS_MAX];
    int group_count;
    double vector, peak, bandwidth; /* vector 0: not known */
} roofline;

static double op_flops(const vsh_op *op)
{
    return op->executed_macs > 0 ? 2 * (double)op->executed_macs : op->vector_flops.v;
}

static double attainable(const roofline *r, const vsh_op *op)
{
    double roof = op->executed_macs > 0 || r->vector <= 0 ? r->peak : r->vector;

    return fmin(roof, r->bandwidth * op_flops(op) / op->bytes.v);
}

static bool is_drawn(const vsh_op *op) { return op_flops(op) > 0 && op->bytes.v > 0; }

static void add_to_group(roofline *r, const vsh_op *op, double time)
{
    int i = 0;

    while (i < r->group_count && strcmp(r->group[i].name, op->name) != 0)
        i++;
    if (i == r->group_count)
        r->group[r->group_count++] = (op_group){.name = op->name,
                                                .intensity = op_flops(op) / op->bytes.v,
                                                .rate = attainable(r, op),
                                                .matrix = op->executed_macs > 0};
    r->group[i].time += time;
}

/* Time of an operation in one step: each micro-batch runs all of them but the optimizer, which runs
 * once over the chip's share. */
static double step_time(const plan *p, const vsh_op *op)
{
    const plan_request *q = &p->request;
    double once = vsh_cost_op(op, q->hardware, q->precision).time.v;

    return op->phase == VSH_OPTIMIZER ? once / q->chips : once * p->recommended.accumulate;
}

static vsh_status measure_roofline(const plan *p, roofline *r, vsh_error *err)
{
    const plan_request *q = &p->request;
    const plan_run *run = &p->recommended;

    r->peak = q->peak.v;
    r->bandwidth = q->hardware->memory_rate.value;
    r->vector = q->hardware->vector.known ? q->hardware->vector.value : 0;
    if (!plan_has_run(p))
        return VSH_OK;
    VSH_TRY(vsh_lower(&run->model, &run->work, &r->ops, err));
    for (int i = 0; i < r->ops.count; i++) {
        double time = step_time(p, &r->ops.item[i]);
        r->time += time;
        if (is_drawn(&r->ops.item[i]))
            add_to_group(r, &r->ops.item[i], time);
    }
    r->mfu = run->batch_tokens * run->flops_per_token / q->chips / (r->time * r->peak);
    return VSH_OK;
}

/* The groups that take most of the time, largest first. */
static int largest_groups(const roofline *r, const op_group *largest[ROOF_LABELS])
{
    int count = 0;

    for (int i = 0; i < r->group_count; i++) {
        int place = count < ROOF_LABELS ? count++ : ROOF_LABELS;
        for (; place > 0 && largest[place - 1]->time < r->group[i].time; place--)
            if (place < ROOF_LABELS)
                largest[place] = largest[place - 1];
        if (place < ROOF_LABELS)
            largest[place] = &r->group[i];
    }
    return count;
}

static void write_operations(const roofline *r, vsh_text *s)
{
    for (vsh_phase phase = VSH_FORWARD; phase <= VSH_OPTIMIZER; phase++) {
        vsh_chart_data(s, vsh_phase_names[phase]);
        VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
        for (int i = 0; i < r->ops.count; i++) {
            const vsh_op *op = &r->ops.item[i];
            if (op->phase == phase && is_drawn(op))
                VSH_CHART_ROW(s, op_flops(op) / op->bytes.v, attainable(r, op));
        }
        vsh_chart_data_end(s);
    }
}

/* The plane of the figure: its ranges, and what a point of it measures. */
typedef struct {
    double x_low, x_high, y_low, y_high;
    double points_x, points_y; /* points of the picture in a decade */
    double row;                /* factor in y of one line of text */
} roof_plane;

#define ROOF_LINE "linewidth 3 " VSH_COLOUR(VSH_INK)
static const vsh_panel roof_panel = {ROOF_HEIGHT, 66, 74, 434, 508, 3};

static roof_plane measure_plane(const roofline *r, int rows)
{
    double ridge = r->peak / r->bandwidth, x_low = ridge / 30, x_high = ridge * 10;
    double height = roof_panel.bottom - roof_panel.top,
           width = VSH_CHART_WIDTH - VSH_CHART_RIGHT - roof_panel.left;
    roof_plane plane;
    double decades, share = (19.0 * rows + 26) / height;

    for (int i = 0; i < r->group_count; i++) {
        x_low = fmin(x_low, r->group[i].intensity / 2);
        x_high = fmax(x_high, r->group[i].intensity * 6);
    }
    plane = (roof_plane){.x_low = x_low, .x_high = x_high, .y_low = r->bandwidth * x_low};
    decades = log10(r->peak / plane.y_low) / (1 - share);
    plane.y_high = plane.y_low * pow(10, decades);
    plane.points_x = width / log10(x_high / x_low);
    plane.points_y = height / decades;
    plane.row = pow(10, 19 / plane.points_y);
    return plane;
}

static void label_group(const roofline *r, const op_group *g, const char *place, vsh_text *s)
{
    const char *name = strncmp(g->name, "layer.", 6) == 0 ? g->name + 6 : g->name;
    char text[80];

    snprintf(text, sizeof text, "%.30s %.0f %%", name, 100 * g->time / r->time);
    vsh_chart_label(s, text, "%s", place);
}

/* Labels of operations under the matrix roof stand above it to the left of their points, the
 * rightmost highest: no leader crosses a label. */
static void label_matrix(const roofline *r, const roof_plane *plane, const op_group *const *largest,
                         int count, vsh_text *s)
{
    double below = 0;
    char place[96];

    for (int row = 1;; row++) {
        const op_group *next = NULL;
        double height = r->peak * pow(plane->row, row + 0.1);
        for (int i = 0; i < count; i++)
            if (largest[i]->matrix && largest[i]->rate >= 0.999 * r->peak &&
                largest[i]->intensity > below && (!next || largest[i]->intensity < next->intensity))
                next = largest[i];
        if (!next)
            return;
        below = next->intensity;
        snprintf(place, sizeof place, "at first %.6g,%.6g right offset -0.4,0", next->intensity,
                 height);
        label_group(r, next, place, s);
        vsh_chart_line(s, "linewidth 0.8 " VSH_COLOUR(VSH_GREY),
                       "from first %.6g,%.6g to first %.6g,%.6g", next->intensity, r->peak,
                       next->intensity, height);
    }
}

/* Labels of operations on the slope stand to its right, the larger first, where there is room. */
static void label_slope(const roofline *r, const roof_plane *plane, const op_group *const *largest,
                        int count, vsh_text *s)
{
    double taken[ROOF_LABELS];
    int taken_count = 0;
    char place[96];

    for (int i = 0; i < count; i++) {
        const op_group *g = largest[i];
        bool room = g->rate < 0.999 * r->peak;
        for (int j = 0; j < taken_count; j++)
            room = room && fabs(log10(g->rate / taken[j])) * plane->points_y > 18;
        if (!room)
            continue;
        taken[taken_count++] = g->rate;
        snprintf(place, sizeof place, "at first %.6g,%.6g left offset 1.6,-0.45", g->intensity,
                 g->rate);
        label_group(r, g, place, s);
    }
}

/* A horizontal line from the slope to the right edge, its label under it, or above it when another
 * line lies close under it. */
static void draw_roof(const roofline *r, const roof_plane *plane, double rate, double other,
                      const char *look, const char *text, vsh_text *s)
{
    bool above = other < rate && log10(rate / fmax(other, 1)) * plane->points_y < 28;

    vsh_chart_line(s, look, "from first %.6g,%.6g to first %.6g,%.6g back", rate / r->bandwidth,
                   rate, plane->x_high, rate);
    if (text)
        vsh_chart_label(s, text, "at graph 0.99,first %.6g right offset 0,%s", rate,
                        above ? "0.7" : "-0.75");
}

/* The slope and, along its upper part but clear of the peak's label, its bandwidth. */
static void draw_slope(const roofline *r, const roof_plane *plane, vsh_text *s)
{
    double ridge = r->peak / r->bandwidth, middle = ridge * pow(10, -80 / plane->points_y);
    double angle = atan2(plane->points_y, plane->points_x),
           half = 75 * cos(angle) / plane->points_x, away = 15;
    char text[64];

    for (int i = 0; i < r->group_count; i++)
        if (fabs(log10(r->group[i].intensity / middle)) < half)
            away = 22; /* over the points that lie there */
    vsh_chart_line(s, ROOF_LINE, "from first %.6g,%.6g to first %.6g,%.6g back", plane->x_low,
                   r->bandwidth * plane->x_low, ridge, r->peak);
    snprintf(text, sizeof text, "memory %s/s", BYTES(r->bandwidth));
    vsh_chart_label(s, text, "at first %.6g,%.6g center rotate by %.1f",
                    middle * pow(10, -away * sin(angle) / plane->points_x),
                    r->bandwidth * middle * pow(10, away * cos(angle) / plane->points_y),
                    angle * 57.29578);
}

static void draw_roofs(const plan *p, const roofline *r, const roof_plane *plane, vsh_text *s)
{
    double effective = plan_has_run(p) ? p->recommended.mfu * r->peak : p->request.effective.v;
    char text[120];

    draw_slope(r, plane, s);
    draw_roof(r, plane, r->peak, 0, ROOF_LINE, NULL, s);
    snprintf(text, sizeof text, "%s peak %sFLOP/s", vsh_precision_words[p->request.peak_of],
             SI(r->peak));
    vsh_chart_label(s, text, "at first %.6g,%.6g right offset -0.6,0.2", r->peak / r->bandwidth,
                    r->peak);
    snprintf(text, sizeof text, "this plan %sFLOP/s", SI(effective));
    draw_roof(r, plane, effective, r->vector,
              "linewidth 2.4 dashtype (8,4) " VSH_COLOUR(VSH_VERMILLION), text, s);
    if (r->vector <= 0)
        return;
    snprintf(text, sizeof text, "vector units %sFLOP/s", SI(r->vector));
    draw_roof(r, plane, r->vector, effective, "linewidth 2 dashtype (2,3) " VSH_COLOUR(VSH_INK),
              text, s);
}

static void plot_operations(const roofline *r, vsh_text *s)
{
    static const struct {
        vsh_phase phase;
        const char *data, *look;
    } looks[] = {
        {VSH_FORWARD, "$forward", "pointtype 6 pointsize 1.6 linewidth 1.8 " VSH_COLOUR(VSH_BLUE)},
        {VSH_DGRAD, "$dgrad",
         "pointtype 8 pointsize 1.3 linewidth 1.8 " VSH_COLOUR(VSH_VERMILLION)},
        {VSH_WGRAD, "$wgrad", "pointtype 4 pointsize 0.8 linewidth 1.8 " VSH_COLOUR(VSH_GREEN)},
        {VSH_RECOMPUTE, "$recompute",
         "pointtype 2 pointsize 0.9 linewidth 1.8 " VSH_COLOUR(VSH_INK)},
        {VSH_OPTIMIZER, "$optimizer", "pointtype 13 pointsize 1.2 " VSH_COLOUR(VSH_PURPLE)}};
    bool present[VSH_PHASE_COUNT] = {false};
    vsh_series series[PLAN_COUNT_OF(looks)];

    for (int i = 0; i < r->ops.count; i++)
        present[r->ops.item[i].phase] = true;
    for (int i = 0; i < PLAN_COUNT_OF(looks); i++)
        series[i] = (vsh_series){VSH_DRAW_POINT, looks[i].data, looks[i].look,
                                 present[looks[i].phase] ? vsh_phase_names[looks[i].phase] : NULL};
    vsh_chart_plot(s, &roof_panel, series, PLAN_COUNT_OF(series));
}

static void draw_roofline(const plan *p, const roofline *r, vsh_text *s)
{
    const op_group *largest[ROOF_LABELS];
    int count = largest_groups(r, largest), rows = 1;
    roof_plane plane;

    for (int i = 0; i < count; i++)
        rows += largest[i]->matrix && largest[i]->rate >= 0.999 * r->peak;
    plane = measure_plane(r, rows);
    write_operations(r, s);
    vsh_chart_panel(s, &roof_panel, "FLOP/s of one chip under its roofs",
                    "FLOPs a byte to and from memory");
    vsh_chart_log_axis(s, "x", plane.x_low, plane.x_high, VSH_TICK_PLAIN, 1);
    vsh_chart_log_axis(s, "y", plane.y_low, plane.y_high, VSH_TICK_SI, 1);
    draw_roofs(p, r, &plane, s);
    label_matrix(r, &plane, largest, count, s);
    label_slope(r, &plane, largest, count, s);
    plot_operations(r, s);
}

static void tell_roofline(const plan *p, const roofline *r, vsh_text *caption)
{
    double under = 0;

    vsh_text_add(caption,
                 "An operation needs %.0f FLOPs a byte to be bound by the %s peak and not "
                 "by the memory. ",
                 r->peak / r->bandwidth, vsh_precision_words[p->request.peak_of]);
    for (int i = 0; i < r->group_count; i++)
        if (r->group[i].rate >= 0.999 * r->peak)
            under += r->group[i].time;
    if (r->time > 0)
        vsh_text_add(caption,
                     "With every operation at its roof, the recommended run spends %.0f %% "
                     "of a step at the peak and reaches an MFU of %.0f %%; the plan counts "
                     "on %.0f %% (%s). Percentages are shares of that step, all phases "
                     "together; the passes of one product fall on one spot. ",
                     100 * under / r->time, 100 * r->mfu, 100 * p->recommended.mfu,
                     p->request.scenario);
    if (r->vector <= 0)
        vsh_text_add(caption, "The profile gives the vector units no rate, so they have no roof.");
}

vsh_status plan_draw_roofline(const plan *p, vsh_report_figure *f, vsh_error *err)
{
    roofline *r = vsh_alloc(f->script.arena, 1, sizeof *r);

    if (!r)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(measure_roofline(p, r, err));
    vsh_chart_begin(&f->script, f->name, ROOF_HEIGHT, f->title);
    draw_roofline(p, r, &f->script);
    vsh_chart_end(&f->script);
    tell_roofline(p, r, &f->caption);
    return VSH_OK;
}
