#include <stdio.h>

#include "sim/figures/step_common.h"
#include "sim/figures/step_figure.h"
#include "sim/step_bars.h"

/* The bars end at 1 on an axis that goes on for two columns of figures. */
enum { ROW = 18, BAR = 13, TOP = 100, ROWS_MAX = 40 };
static const double axis_end = 1.46, share_at = 1.2, time_at = 1.45;

/* The looks of sim_class, by the same index. */
static const char *const blocks[SIM_CLASSES] = {"useful", "padding", "array", "memory", "vector"};

static void write_segments(const sim_report_input *in, const int *order, int count, vsh_text *s)
{
    double done[ROWS_MAX] = {0};

    for (int class = 0; class < SIM_CLASSES; class ++) {
        vsh_chart_data(s, blocks[class]);
        sim_box_row(s, VSH_GAP, VSH_GAP, VSH_GAP, VSH_GAP);
        for (int i = 0; i < count; i++) {
            double shares[SIM_CAUSES], part = 0;
            sim_waterfall_shares(&in->answer->result->op[order[i]].waterfall, shares);
            for (int cause = 0; cause < SIM_CAUSES; cause++)
                if ((int)sim_class_of((sim_cause)cause) == class)
                    part += shares[cause];
            if (part >= 0.0005)
                sim_box_row(s, done[i], done[i] + part, i * ROW + (ROW - BAR) / 2.0,
                            i * ROW + (ROW + BAR) / 2.0);
            done[i] += part;
        }
        vsh_chart_data_end(s);
    }
}

static void write_figure_at(double x, double y, double value, vsh_text *s)
{
    char text[16];

    snprintf(text, sizeof text, "%.*f %%", value < 0.0995 ? 1 : 0, 100 * value);
    vsh_chart_label(s, text, "at first %.6g,%.6g right " SIM_ROW_TEXT, x, y);
}

static void label_rows(const sim_report_input *in, const int *order, int count, vsh_text *s)
{
    char name[SIM_OP_LABEL];

    for (int i = 0; i < count; i++) {
        const sim_op_time *t = &in->answer->result->op[order[i]];
        double y = i * ROW + ROW / 2.0;
        sim_op_label(t->op, name);
        sim_row_name(s, name, y);
        if (t->op->executed_macs > 0)
            write_figure_at(share_at, y, t->utilization, s);
        write_figure_at(time_at, y, t->cycles / in->answer->result->cycles, s);
    }
    vsh_chart_label(s, "done", "at first %.6g,%d right " SIM_ROW_TEXT, share_at, -ROW / 2);
    vsh_chart_label(s, "of step", "at first %.6g,%d right " SIM_ROW_TEXT, time_at, -ROW / 2);
}

static void tell(const sim_report_input *in, int shown, int count, const int *order,
                 vsh_text *caption)
{
    double rest = 0;

    for (int i = shown; i < count; i++)
        rest += in->answer->result->op[order[i]].cycles;
    vsh_text_add(
        caption,
        "Each bar is the whole time of one operation in one pass, the longest first, split by "
        "what the matrix units did: multiply-adds, padding and masked ones, changing "
        "tiles, filling and draining, waiting for memory or for the vector unit. dX and dW "
        "are the gradients of inputs and weights. \"Done\": multiply-adds of those the "
        "chip could do in that time.");
    if (count > shown)
        vsh_text_add(caption, " The other %d operations take %.1f %% of the step.", count - shown,
                     100 * rest / in->answer->result->cycles);
}

vsh_status sim_draw_utilization(const sim_report_input *in, vsh_report_figure *f, vsh_error *err)
{
    int order[VSH_OPS_MAX], all = sim_step_heaviest(in->answer->result, order);
    int count = all < ROWS_MAX ? all : ROWS_MAX;
    vsh_panel panel = {TOP + count * ROW + 36, SIM_ROW_LEFT, TOP, TOP + count * ROW, 50, 3};
    vsh_series series[SIM_CLASSES];
    char data[SIM_CLASSES][40];

    (void)err;
    for (int i = 0; i < SIM_CLASSES; i++) {
        snprintf(data[i], sizeof data[i], "$%s using 1:2:3:4:5:6", blocks[i]);
        series[i] = (vsh_series){VSH_DRAW_BOX, data[i], sim_class_looks[i], sim_class_words[i]};
    }
    vsh_chart_begin(&f->script, f->name, panel.height, f->title);
    write_segments(in, order, count, &f->script);
    sim_row_panel(&f->script, &panel, NULL, NULL);
    vsh_text_add(
        &f->script,
        "set xrange [0:%g]\nset xtics ('0' 0, '50 %%%%' 0.5, '100 %%%%' 1)\nset border 1\n",
        axis_end);
    label_rows(in, order, count, &f->script);
    vsh_chart_plot(&f->script, &panel, series, SIM_CLASSES);
    vsh_chart_end(&f->script);
    tell(in, count, all, order, &f->caption);
    return VSH_OK;
}
