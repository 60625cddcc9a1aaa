#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/figures/step_common.h"
#include "sim/figures/step_figure.h"

enum { ROW = 18, BAR = 12, LANE = 28, LANE_BAR = 22, GAP = 8, BINS = 180, OPS_SHOWN = 48 };
enum { PANEL_TOP = 78, BETWEEN = 104 };

enum { READ, WRITE, WEIGHTS, MATRIX, VECTOR, TRANSPOSE, LANES };

static const struct {
    const char *name, *look;
} lanes[LANES] = {
    {"HBM read", VSH_FILL(VSH_VERMILLION) " fillstyle solid 1 noborder"},
    {"HBM write", VSH_FILL(VSH_VERMILLION) " fillstyle solid 0.55 noborder"},
    {"weight ports", VSH_FILL(VSH_GREY) " fillstyle solid 1 noborder"},
    {"matrix units", VSH_FILL(VSH_BLUE) " fillstyle solid 1 noborder"},
    {"vector unit", VSH_FILL(VSH_GREEN) " fillstyle solid 1 noborder"},
    {"transpose unit", VSH_FILL(VSH_PURPLE) " fillstyle solid 1 noborder"},
};

static const char *const bound_colours[VSH_BOUND_COUNT] = {
    [VSH_BOUND_MATRIX] = VSH_FILL(VSH_BLUE),       [VSH_BOUND_VECTOR] = VSH_FILL(VSH_GREEN),
    [VSH_BOUND_MEMORY] = VSH_FILL(VSH_VERMILLION), [VSH_BOUND_NETWORK] = VSH_FILL(VSH_PURPLE),
    [VSH_BOUND_LATENCY] = VSH_FILL(VSH_GREY),      [VSH_BOUND_FILL] = VSH_FILL(VSH_GREY)};

/* Executions that follow each other: one pass over one layer. */
typedef struct {
    const sim_report_input *in;
    const sim_trace_op *op;
    int count;
    int64_t begin, end;
    double scale; /* cycles to the unit of the axis */
    const char *unit;
    double busy[LANES][BINS]; /* shares of a bin's time */
    double all[LANES];        /* of the whole */
} layer_pass;

/* ---- what is shown ------------------------------------------------------------------------- */

static size_t prefix_length(const vsh_op *op) { return strcspn(op->name, ".") + 1; }

/* An operation of the kind of layer that takes most of the time. */
static const vsh_op *heaviest_layer(const sim_step_time *r)
{
    const vsh_op *heaviest = NULL;
    double most = 0;

    for (int i = 0; i < r->ops.count; i++) {
        const vsh_op *op = r->op[i].op;
        double cycles = 0;
        for (int j = 0; j < r->ops.count; j++)
            if (strncmp(r->op[j].op->name, op->name, prefix_length(op)) == 0)
                cycles += r->op[j].cycles;
        if (op->phase == VSH_FORWARD && (op->roles & VSH_ROLE_LAYER) && cycles > most) {
            most = cycles;
            heaviest = op;
        }
    }
    return heaviest;
}

static bool belongs(const vsh_op *op, const vsh_op *layer, bool backward)
{
    return op && strncmp(op->name, layer->name, prefix_length(layer)) == 0 &&
           (op->phase == VSH_FORWARD) == !backward && op->phase != VSH_RECOMPUTE;
}

/* The first pass in the trace, count 0 when there is none. */
static void find_pass(const sim_trace *trace, const vsh_op *layer, bool backward, layer_pass *p)
{
    int64_t first = 0, end;

    while (first < trace->op_count && !belongs(trace->op[first].op, layer, backward))
        first++;
    end = first;
    while (end < trace->op_count && end < first + OPS_SHOWN &&
           belongs(trace->op[end].op, layer, backward) &&
           (end == first || trace->op[end].op != trace->op[first].op))
        end++;
    p->op = trace->op + first;
    p->count = (int)(end - first);
}

/* ---- lanes --------------------------------------------------------------------------------- */

static int lane_of(int lane)
{
    static const int of[] = {[SIM_LANE_READ] = READ,
                             [SIM_LANE_WRITE] = WRITE,
                             [SIM_LANE_VECTOR] = VECTOR,
                             [SIM_LANE_TRANSPOSE] = TRANSPOSE};

    return lane < SIM_LANE_SKIPPED ? of[lane] : (lane - SIM_LANE_UNITS) % 2 ? MATRIX : WEIGHTS;
}

/* A stretch in which a lane is busy for a share of the time. */
static void add_busy(layer_pass *p, int lane, double begin, double end, double share)
{
    double bin = (double)(p->end - p->begin) / BINS;
    double from = fmax(begin - (double)p->begin, 0) / bin,
           to = fmin((end - (double)p->begin) / bin, BINS);

    for (int i = (int)from; i < BINS && i < to; i++)
        p->busy[lane][i] += share * (fmin(to, i + 1) - fmax(from, i));
}

/* Cycles of one run of an operation in each lane, by its counts. */
static void count_lanes(const layer_pass *p, const sim_counts *c, double runs, double cycles[LANES])
{
    double units = (double)p->in->answer->chip.machine.units;

    cycles[READ] = (double)c->read / runs;
    cycles[WRITE] = (double)c->write / runs;
    cycles[WEIGHTS] = (double)c->loading / runs / units;
    cycles[MATRIX] = (double)c->streaming / runs / units;
    cycles[VECTOR] = (double)c->vector / runs;
    cycles[TRANSPOSE] = (double)c->transposing / runs;
}

/* What an operation did in stretches that were skipped or had no room: its counts less its spans,
 * spread evenly over those stretches. */
static void add_skipped(layer_pass *p, const sim_trace *trace, const sim_trace_op *o)
{
    const sim_op_time *t = &p->in->answer->result->op[o->op - p->in->answer->result->ops.item];
    const sim_trace_span *span = trace->span + o->first_span;
    double cycles[LANES], skipped = 0, last = (double)o->begin;

    count_lanes(p, &t->counts, (double)sim_trace_runs(trace, o->op), cycles);
    for (int64_t i = 0; i < o->span_count; i++) {
        double length = (double)(span[i].end - span[i].begin);
        last = fmax(last, (double)span[i].end);
        if (span[i].lane == SIM_LANE_SKIPPED)
            skipped += length;
        else
            cycles[lane_of(span[i].lane)] -=
                span[i].lane < SIM_LANE_UNITS ? length
                                              : length / (double)p->in->answer->chip.machine.units;
    }
    last = o->left_out ? fmin(last, (double)o->end) : (double)o->end;
    skipped += (double)o->end - last;
    if (skipped <= 0)
        return;
    for (int lane = 0; lane < LANES; lane++) {
        double share = fmax(0, fmin(1, cycles[lane] / skipped));
        add_busy(p, lane, last, (double)o->end, share);
        for (int64_t i = 0; i < o->span_count; i++)
            if (span[i].lane == SIM_LANE_SKIPPED)
                add_busy(p, lane, (double)span[i].begin, (double)span[i].end, share);
    }
}

static void fill_lanes(layer_pass *p, const sim_trace *trace)
{
    double units = (double)p->in->answer->chip.machine.units;

    for (int64_t i = 0; i < trace->span_count; i++) {
        const sim_trace_span *s = &trace->span[i];
        if (s->lane != SIM_LANE_SKIPPED && s->end > p->begin && s->begin < p->end)
            add_busy(p, lane_of(s->lane), (double)s->begin, (double)s->end,
                     s->lane < SIM_LANE_UNITS ? 1 : 1 / units);
    }
    for (int i = 0; i < p->count; i++)
        add_skipped(p, trace, &p->op[i]);
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < BINS; i++) {
            p->busy[lane][i] = fmin(1, p->busy[lane][i]);
            p->all[lane] += p->busy[lane][i] / BINS;
        }
}

static void measure_pass(layer_pass *p, const sim_trace *trace)
{
    double seconds;

    p->begin = p->op[0].begin;
    p->end = p->op[p->count - 1].end;
    seconds = (double)(p->end - p->begin) / p->in->answer->chip.clock.v;
    p->unit = seconds >= 1e-3 ? "ms" : "us";
    p->scale = (seconds >= 1e-3 ? 1e3 : 1e6) / p->in->answer->chip.clock.v;
    if (trace->span_count)
        fill_lanes(p, trace);
}

/* ---- drawing ------------------------------------------------------------------------------- */

static bool is_drawn(const sim_trace_op *o) { return o->end > o->begin; }

static int drawn_ops(const layer_pass *p)
{
    int count = 0;

    for (int i = 0; i < p->count; i++)
        count += is_drawn(&p->op[i]);
    return count;
}

static int drawn_lanes(const layer_pass *p)
{
    int count = 0;

    for (int i = 0; i < LANES; i++)
        count += p->all[i] > 0;
    return count;
}

static int pass_height(const layer_pass *p)
{
    return drawn_ops(p) * ROW + (drawn_lanes(p) ? GAP + drawn_lanes(p) * LANE : 0);
}

/* Bound and utilization, after the bar where there is room, else before it, else on it. */
static void label_bar(const layer_pass *p, const sim_op_time *t, double left, double right,
                      double y, vsh_text *s)
{
    double points = SIM_ROW_RIGHT - SIM_ROW_LEFT, all = (double)(p->end - p->begin) * p->scale;
    char text[32];

    snprintf(text, sizeof text, t->op->executed_macs > 0 ? "%s %.0f %%" : "%s",
             vsh_bound_names[t->bound], 100 * t->utilization);
    if ((all - right) / all * points > 92)
        vsh_chart_label(s, text, "at first %.6g,%.6g left offset 0.5,0 " SIM_ROW_TEXT, right, y);
    else if (left / all * points > 92)
        vsh_chart_label(s, text, "at first %.6g,%.6g right offset -0.5,0 " SIM_ROW_TEXT, left, y);
    else
        vsh_chart_label(s, text,
                        "at first %.6g,%.6g center textcolor rgb '" VSH_PAPER "' " SIM_ROW_TEXT,
                        (left + right) / 2, y);
}

static void draw_ops(const layer_pass *p, vsh_text *s)
{
    double least = (double)(p->end - p->begin) * p->scale / (SIM_ROW_RIGHT - SIM_ROW_LEFT);
    char name[SIM_OP_LABEL];
    int row = 0;

    for (int i = 0; i < p->count; i++) {
        const sim_trace_op *o = &p->op[i];
        const sim_op_time *t = &p->in->answer->result->op[o->op - p->in->answer->result->ops.item];
        double left = (double)(o->begin - p->begin) * p->scale,
               right = (double)(o->end - p->begin) * p->scale, y = row * ROW + ROW / 2.0;
        if (!is_drawn(o))
            continue;
        row++;
        right = fmax(right, left + least); /* at least a point */
        sim_op_label(o->op, name);
        sim_row_name(s, name, y);
        vsh_text_add(s,
                     "set object rectangle from first %.6g,%.6g to first %.6g,%.6g %s "
                     "fillstyle solid 1 noborder\n",
                     left, y - BAR / 2.0, right, y + BAR / 2.0, bound_colours[t->bound]);
        label_bar(p, t, left, right, y, s);
    }
}

/* A step of the curve is two points: x, where the lane stands, how high it is. */
static void write_lane(const layer_pass *p, int lane, double base, const char *name, vsh_text *s)
{
    double bin = (double)(p->end - p->begin) * p->scale / BINS;

    vsh_chart_data(s, name);
    for (int i = 0; i < BINS; i++) {
        double y = base - LANE_BAR * p->busy[lane][i];
        VSH_CHART_ROW(s, i * bin, base, y);
        VSH_CHART_ROW(s, (i + 1) * bin, base, y);
    }
    vsh_chart_data_end(s);
}

/* Writes the data, fills series and returns how many lanes there are. */
static int write_lanes(const layer_pass *p, const char *pass, char data[LANES][40],
                       vsh_series series[LANES], vsh_text *s)
{
    int count = 0, top = drawn_ops(p) * ROW + GAP;

    for (int lane = 0; lane < LANES; lane++) {
        char name[24];
        if (p->all[lane] <= 0)
            continue;
        snprintf(name, sizeof name, "%s%d", pass, lane);
        write_lane(p, lane, top + count * LANE + LANE_BAR, name, s);
        snprintf(data[count], sizeof data[count], "$%s using 1:2:3", name);
        series[count] = (vsh_series){VSH_DRAW_BAND, data[count], lanes[lane].look, NULL};
        count++;
    }
    return count;
}

static void label_lanes(const layer_pass *p, vsh_text *s)
{
    int count = 0, top = drawn_ops(p) * ROW + GAP;
    char text[48];

    for (int lane = 0; lane < LANES; lane++) {
        double base = top + count * LANE + LANE_BAR;
        if (p->all[lane] <= 0)
            continue;
        count++;
        snprintf(text, sizeof text, "%s %.0f %%", lanes[lane].name, 100 * p->all[lane]);
        sim_row_name(s, text, base - LANE_BAR / 2.0);
        vsh_chart_line(s, "linewidth 0.6 " VSH_COLOUR(VSH_GREY),
                       "from graph 0,first %.6g to graph 1,first %.6g", base, base);
    }
}

static void draw_pass(const layer_pass *p, const char *pass, int height, int top, vsh_text *s)
{
    vsh_panel panel = {height, SIM_ROW_LEFT, top, top + pass_height(p), 0, 0};
    double all = (double)(p->end - p->begin) * p->scale;
    char data[LANES][40], above[96], below[64];
    vsh_series series[LANES];
    int count = write_lanes(p, pass, data, series, s);

    snprintf(above, sizeof above, "%s: %s", pass,
             vsh_show_time((double)(p->end - p->begin) / p->in->answer->chip.clock.v).text);
    snprintf(below, sizeof below, "%s since it began", p->unit);
    sim_row_panel(s, &panel, above, below);
    vsh_chart_axis(s, "x", 0, all);
    draw_ops(p, s);
    label_lanes(p, s);
    vsh_chart_plot(s, &panel, series, count);
}

static void tell(const vsh_op *layer, const sim_trace *trace, bool lanes_shown, vsh_text *caption)
{
    int64_t runs = sim_trace_runs(trace, layer);

    vsh_text_add(
        caption,
        "The operations of one layer in the order in which they run, with what bounds each and "
        "how much of the chip's multiply-adds it does. ");
    if (lanes_shown)
        vsh_text_add(
            caption,
            "Below them, what every part of one core is doing: the height of a lane is the "
            "share of the time it is busy, the figure before it the mean. Weights and "
            "first operands are fetched while the operation before still runs. ");
    if (lanes_shown && runs > 1)
        vsh_text_add(caption, "%lld layers are like this one.", (long long)runs);
    else if (!lanes_shown)
        vsh_text_add(caption,
                     "Each is drawn with all of its time in the step, all layers together.");
}

vsh_status sim_draw_gantt(const sim_report_input *in, vsh_report_figure *f, vsh_error *err)
{
    static const char *const passes[] = {"forward", "backward"};
    vsh_arena *arena = f->script.arena;
    const sim_trace *trace = in->trace;
    sim_trace *totals = NULL;
    const vsh_op *layer = heaviest_layer(in->answer->result);
    layer_pass *p = vsh_alloc(arena, 2, sizeof *p);
    int height = PANEL_TOP, top = PANEL_TOP;

    if (!trace || !trace->op_count) {
        trace = totals = sim_trace_open(arena, &in->answer->chip, 0);
        if (totals)
            sim_trace_add_totals(totals, in->answer->result);
    }
    if (!trace || !p)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < 2 && layer; i++) {
        p[i].in = in;
        find_pass(trace, layer, i > 0, &p[i]);
        if (p[i].count) {
            measure_pass(&p[i], trace);
            height += pass_height(&p[i]) + BETWEEN;
        }
    }
    height -= height > PANEL_TOP ? BETWEEN - 62 : 0;
    vsh_chart_begin(&f->script, f->name, height, f->title);
    for (int i = 0; i < 2; i++)
        if (p[i].count) {
            draw_pass(&p[i], passes[i], height, top, &f->script);
            top += pass_height(&p[i]) + BETWEEN;
        }
    vsh_chart_end(&f->script);
    if (layer)
        tell(layer, trace, trace->span_count > 0, &f->caption);
    return VSH_OK;
}
