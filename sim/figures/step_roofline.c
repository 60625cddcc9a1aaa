#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/figures/step_common.h"
#include "sim/figures/step_figure.h"
#include "sim/figures/step_label.h"
#include "sim/step_bars.h"

enum { LABELS = 8 };

static const vsh_panel panel = {560, 66, 74, 442, 516, 3};

/* An operation in one pass, as a point. */
typedef struct {
    const vsh_op *op;
    double intensity, rate, time; /* FLOP a byte, FLOP/s, share of the step */
} roof_point;

typedef struct {
    const sim_report_input *in;
    roof_point point[VSH_OPS_MAX];
    int count;
    double matrix, vector, memory; /* of the chip, FLOP/s and B/s; vector 0: not known */
    double x_low, x_high, y_low, y_high;
    double points_x, points_y; /* points of the picture in a decade */
} roofline;

/* ---- points -------------------------------------------------------------------------------- */

static void add_point(roofline *r, const sim_op_time *t)
{
    double cores = (double)r->in->answer->chip.cores,
           bytes = cores * (double)(t->counts.bytes_read + t->counts.bytes_written);
    double seconds = t->cycles / sim_op_repeats(r->in, t) / r->in->answer->chip.clock.v;
    double flops = sim_op_flops(t->op);

    if (bytes <= 0) /* not counted on a timeline: each operand once */
        bytes = t->op->bytes.v;
    if (flops > 0 && bytes > 0 && seconds > 0)
        r->point[r->count++] = (roof_point){t->op, flops / bytes, flops / seconds,
                                            t->cycles / r->in->answer->result->cycles};
}

static void measure(roofline *r)
{
    const sim_chip *chip = &r->in->answer->chip;
    const sim_machine *m = &chip->machine;
    const vsh_hardware *h = chip->hardware;
    double all =
        (double)chip->cores * chip->clock.v; /* of each core in a cycle to the chip's in a s */

    r->matrix = 2 * sim_chip_macs_a_cycle(chip) * chip->clock.v;
    r->vector = m->vector_rate ? (double)m->vector_rate * all : vsh_figure_or(&h->vector, 0);
    r->memory = m->bytes_num ? (double)m->bytes_num / (double)m->bytes_den * all
                             : vsh_hardware_memory_rate(h).v;
    for (int i = 0; i < r->in->answer->result->ops.count; i++)
        add_point(r, &r->in->answer->result->op[i]);
    r->x_low = 0.5 * r->matrix / r->memory;
    r->x_high = 4 * r->matrix / r->memory;
    r->y_low = r->matrix / 1e3;
    r->y_high = r->matrix * 12; /* room for labels */
    for (int i = 0; i < r->count; i++) {
        r->x_low = fmin(r->x_low, r->point[i].intensity / 2);
        r->x_high = fmax(r->x_high, r->point[i].intensity * 5);
        r->y_low = fmin(r->y_low, r->point[i].rate / 2);
    }
    r->y_low = fmax(r->y_low, r->matrix / 1e5); /* what is lower stands at the bottom */
    r->x_low = fmax(r->x_low, r->x_high / 1e6);
    r->points_x = (SIM_ROW_RIGHT - panel.left) / log10(r->x_high / r->x_low);
    r->points_y = (panel.bottom - panel.top) / log10(r->y_high / r->y_low);
}

static double x_of(const roofline *r, double intensity)
{
    return panel.left + log10(fmax(intensity, r->x_low) / r->x_low) * r->points_x;
}
static double y_of(const roofline *r, double rate)
{
    return panel.bottom - log10(fmax(rate, r->y_low) / r->y_low) * r->points_y;
}

/* ---- roofs --------------------------------------------------------------------------------- */

#define ROOF_LOOK "linewidth 3 " VSH_COLOUR(VSH_INK)

static void draw_slope(const roofline *r, sim_labels *labels, vsh_text *s)
{
    double ridge = r->matrix / r->memory, low = fmax(r->x_low, r->y_low / r->memory);
    double angle = atan2(r->points_y, r->points_x);
    double middle = sqrt(low * ridge), x = x_of(r, middle), y = y_of(r, middle * r->memory);
    char text[64];

    vsh_chart_line(s, ROOF_LOOK, "from first %.6g,%.6g to first %.6g,%.6g back", low,
                   r->memory * low, ridge, r->matrix);
    snprintf(text, sizeof text, "memory %s/s", vsh_show_bytes(r->memory).text);
    x -= 14 * sin(angle);
    y -= 14 * cos(angle);
    vsh_chart_label(s, text, "at screen %.4f,%.4f center rotate by %.1f", x / VSH_CHART_WIDTH,
                    1 - y / panel.height, angle * 57.29578);
    for (int i = -4; i <= 4; i++) /* what it covers, and the slope itself */
        sim_labels_block(labels, x + 17 * i * cos(angle) - 10, y - 17 * i * sin(angle) - 10, 20, 20,
                         SIM_LABEL_TEXT);
    for (double at = low; at < ridge; at *= pow(10, 8 / r->points_x))
        sim_labels_block(labels, x_of(r, at) - 3, y_of(r, at * r->memory) - 3, 6, 6,
                         SIM_LABEL_LINE);
}

/* A roof from the slope to the right. Its words stand before the ridge, or over it at the right. */
static void draw_level(const roofline *r, double rate, const char *look, const char *text,
                       bool before, sim_labels *labels, vsh_text *s)
{
    double left = fmax(panel.left, x_of(r, rate / r->memory)), y = y_of(r, rate);
    double right = before ? left - 8 : SIM_ROW_RIGHT - 4, width = sim_label_width(text);
    double middle = before ? y - 4 : y - 11;

    vsh_chart_line(s, look, "from first %.6g,%.6g to first %.6g,%.6g back",
                   fmax(r->x_low, rate / r->memory), rate, r->x_high, rate);
    vsh_chart_label(s, text, "at screen %.4f,%.4f right", right / VSH_CHART_WIDTH,
                    1 - middle / panel.height);
    sim_labels_block(labels, right - width, middle - 9, width, 18, SIM_LABEL_TEXT);
    for (double at = left; at < SIM_ROW_RIGHT; at += 8)
        sim_labels_block(labels, at - 3, y - 3, 6, 6, SIM_LABEL_LINE);
}

static void draw_roofs(const roofline *r, sim_labels *labels, vsh_text *s)
{
    char text[80];

    snprintf(text, sizeof text, "%s matrix units %sFLOP/s",
             vsh_precision_words[r->in->answer->chip.computed], vsh_show_si(r->matrix).text);
    draw_level(r, r->matrix, ROOF_LOOK, text, true, labels, s);
    if (r->vector > r->y_low) {
        snprintf(text, sizeof text, "vector unit %sFLOP/s", vsh_show_si(r->vector).text);
        draw_level(r, r->vector, "linewidth 2 dashtype (2,3) " VSH_COLOUR(VSH_INK), text, false,
                   labels, s);
    }
    draw_slope(r, labels, s);
}

/* ---- labels -------------------------------------------------------------------------------- */

/* The passes of one operation share a label, at the heaviest of them. */
typedef struct {
    const roof_point *at;
    double time;
} label_group;

static int group_points(const roofline *r, label_group groups[VSH_OPS_MAX])
{
    int count = 0;

    for (int i = 0; i < r->count; i++) {
        const roof_point *p = &r->point[i];
        int g = 0;
        while (g < count && strcmp(groups[g].at->op->name, p->op->name) != 0)
            g++;
        if (g == count)
            groups[count++] = (label_group){p, 0};
        groups[g].time += p->time;
        if (p->time > groups[g].at->time)
            groups[g].at = p;
    }
    return count;
}

static void label_points(const roofline *r, sim_labels *labels, vsh_text *s)
{
    label_group groups[VSH_OPS_MAX];
    int count = group_points(r, groups);
    char text[64];

    for (int i = 0; i < r->count; i++)
        sim_labels_block(labels, x_of(r, r->point[i].intensity) - 6, y_of(r, r->point[i].rate) - 6,
                         12, 12, SIM_LABEL_MARK);
    for (int placed = 0; placed < LABELS && placed < count; placed++) {
        label_group *heaviest = groups;
        for (int g = 1; g < count; g++)
            if (groups[g].time > heaviest->time)
                heaviest = &groups[g];
        snprintf(text, sizeof text, "%.24s %.0f %%", sim_step_short_name(heaviest->at->op),
                 100 * heaviest->time);
        sim_labels_place(labels, x_of(r, heaviest->at->intensity), y_of(r, heaviest->at->rate),
                         text, s);
        heaviest->time = -1;
    }
}

/* ---- the figure ---------------------------------------------------------------------------- */

static const struct {
    vsh_phase phase;
    const char *data, *look;
} passes[] = {
    {VSH_FORWARD, "$forward", "pointtype 6 pointsize 1.5 linewidth 1.8 " VSH_COLOUR(VSH_BLUE)},
    {VSH_DGRAD, "$dgrad", "pointtype 8 pointsize 1.3 linewidth 1.8 " VSH_COLOUR(VSH_VERMILLION)},
    {VSH_WGRAD, "$wgrad", "pointtype 4 pointsize 0.9 linewidth 1.8 " VSH_COLOUR(VSH_GREEN)},
    {VSH_RECOMPUTE, "$recompute", "pointtype 2 pointsize 0.9 linewidth 1.8 " VSH_COLOUR(VSH_INK)},
    {VSH_OPTIMIZER, "$optimizer", "pointtype 13 pointsize 1.2 " VSH_COLOUR(VSH_PURPLE)}};

enum { PASSES = sizeof passes / sizeof passes[0] };

static void write_points(const roofline *r, vsh_series series[PASSES], vsh_text *s)
{
    for (int i = 0; i < PASSES; i++) {
        int count = 0;
        vsh_chart_data(s, vsh_phase_names[passes[i].phase]);
        VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
        for (int p = 0; p < r->count; p++)
            if (r->point[p].op->phase == passes[i].phase) {
                VSH_CHART_ROW(s, fmax(r->point[p].intensity, r->x_low),
                              fmax(r->point[p].rate, r->y_low));
                count++;
            }
        vsh_chart_data_end(s);
        series[i] = (vsh_series){VSH_DRAW_POINT, passes[i].data, passes[i].look,
                                 count ? vsh_phase_names[passes[i].phase] : NULL};
    }
}

static void tell(const roofline *r, vsh_text *caption)
{
    double efficiency = r->memory / r->in->answer->chip.hardware->memory_rate.value;

    vsh_text_add(caption,
                 "A point is an operation in one pass: FLOPs done in its time against FLOPs for "
                 "each byte %s. Under %.0f FLOPs a byte the memory binds: its line is what "
                 "transfers reach, %.0f %% of the specification. Vector work counts its own FLOPs. "
                 "Percentages are shares of the step, all passes of the operation together.",
                 r->in->answer->chip.machine.units ? "that its blocks moved"
                                                   : "of its operands, each moved once",
                 r->matrix / r->memory, 100 * efficiency);
    for (int i = 0; i < r->count; i++)
        if (r->point[i].rate > 1.1 * fmin(r->matrix, r->memory * r->point[i].intensity)) {
            vsh_text_add(caption,
                         " What stands over the slope had some of its bytes moved while its "
                         "neighbours ran: weights before, results after.");
            return;
        }
}

vsh_status sim_draw_roofline(const sim_report_input *in, vsh_report_figure *f, vsh_error *err)
{
    roofline *r = vsh_alloc(f->script.arena, 1, sizeof *r);
    sim_labels *labels = vsh_alloc(f->script.arena, 1, sizeof *labels);
    vsh_series series[PASSES];

    if (!r || !labels)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    r->in = in;
    measure(r);
    sim_labels_open(labels, &panel);
    vsh_chart_begin(&f->script, f->name, panel.height, f->title);
    write_points(r, series, &f->script);
    vsh_chart_panel(&f->script, &panel, "FLOP/s of the chip under its roofs",
                    "FLOPs for each byte moved");
    vsh_chart_log_axis(&f->script, "x", r->x_low, r->x_high, VSH_TICK_PLAIN, 1);
    vsh_chart_log_axis(&f->script, "y", r->y_low, r->y_high, VSH_TICK_SI, 1);
    draw_roofs(r, labels, &f->script);
    label_points(r, labels, &f->script);
    vsh_chart_plot(&f->script, &panel, series, PASSES);
    vsh_chart_end(&f->script);
    tell(r, &f->caption);
    return VSH_OK;
}
