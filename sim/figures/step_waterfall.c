#include <stdio.h>

#include "sim/figures/step_common.h"
#include "sim/figures/step_figure.h"

enum { ROW = 26, BAR = 16, TOP = 52 };

/* Smaller losses share one row. */
static const double shown_share = 0.0005;

typedef struct {
    const char *name;
    double share, from, to; /* the bar */
    sim_class class;
    bool falls; /* is lost, and the next bar begins where this one ends */
} waterfall_row;

/* From all that the chip could do, loss by loss, to what the model needs. */
static int list_rows(const sim_report_input *in, waterfall_row rows[SIM_CAUSES + 2])
{
    double shares[SIM_CAUSES], left = 1, least = 0;
    int count = 0;

    sim_waterfall_shares(&in->answer->result->waterfall, shares);
    rows[count++] = (waterfall_row){"the chip could do", 1, 0, 1, SIM_CLASS_USEFUL, false};
    for (int i = SIM_CAUSES - 1; i > SIM_RECOMPUTE; i--) {
        if (shares[i] < shown_share) {
            least += shares[i];
            continue;
        }
        rows[count++] =
            (waterfall_row){sim_cause_words[i],         shares[i], left - shares[i], left,
                            sim_class_of((sim_cause)i), true};
        left -= shares[i];
    }
    if (least >= shown_share) {
        rows[count++] =
            (waterfall_row){"all smaller ones", least, left - least, left, SIM_CLASS_ARRAY, true};
        left -= least;
    }
    if (shares[SIM_RECOMPUTE] >= shown_share)
        rows[count++] = (waterfall_row){"recompute", shares[SIM_RECOMPUTE], shares[SIM_USEFUL],
                                        left,        SIM_CLASS_USEFUL,      true};
    rows[count++] = (waterfall_row){"the model needs",  shares[SIM_USEFUL], 0,
                                    shares[SIM_USEFUL], SIM_CLASS_USEFUL,   false};
    return count;
}

static void write_bars(const waterfall_row *rows, int count, vsh_text *s)
{
    static const char *const names[SIM_CLASSES] = {"useful", "padding", "array", "memory",
                                                   "vector"};

    for (int class = 0; class < SIM_CLASSES; class ++) {
        vsh_chart_data(s, names[class]);
        sim_box_row(s, VSH_GAP, VSH_GAP, VSH_GAP, VSH_GAP);
        for (int i = 0; i < count; i++)
            if ((int)rows[i].class == class)
                sim_box_row(s, 100 * rows[i].from, 100 * rows[i].to, i * ROW + (ROW - BAR) / 2.0,
                            i * ROW + (ROW + BAR) / 2.0);
        vsh_chart_data_end(s);
    }
}

/* The figure stands after its bar, or before it where there is no room. */
static void label_row(const waterfall_row *row, int number, int count, vsh_text *s)
{
    double y = number * ROW + ROW / 2.0;
    bool before = row->falls && row->from > 0.2;
    char text[32];

    sim_row_name(s, row->name, y);
    snprintf(text, sizeof text, "%s%.1f %%", row->falls ? "\u2212" : "", 100 * row->share);
    if (row->to > 0.85 && !before)
        vsh_chart_label(s, text,
                        "at first %.6g,%.6g right offset -0.6,0 textcolor rgb '" VSH_PAPER "'",
                        100 * row->to, y);
    else
        vsh_chart_label(s, text, "at first %.6g,%.6g %s", 100 * (before ? row->from : row->to), y,
                        before ? "right offset -0.6,0" : "left offset 0.6,0");
    if (number + 1 < count)
        vsh_chart_line(s, "linewidth 1 " VSH_COLOUR(VSH_GREY),
                       "from first %.6g,%.6g to first %.6g,%.6g",
                       100 * (row->falls ? row->from : row->to), y + BAR / 2.0,
                       100 * (row->falls ? row->from : row->to), y + ROW - BAR / 2.0);
}

static void tell(const sim_report_input *in, vsh_text *caption)
{
    double shares[SIM_CAUSES];
    int largest = SIM_RECOMPUTE + 1;

    sim_waterfall_shares(&in->answer->result->waterfall, shares);
    for (int i = largest; i < SIM_CAUSES; i++)
        if (shares[i] > shares[largest])
            largest = i;
    vsh_text_add(
        caption,
        "In the cycles of this step the matrix units could have done %s multiply-adds; the "
        "model needs %.1f %% of them. The largest loss: %s, %.1f %%. Every cycle of every "
        "unit has one cause, the first that held it up, so the shares sum to 1.",
        vsh_show_power(in->answer->result->cycles * sim_chip_macs_a_cycle(&in->answer->chip)).text,
        100 * shares[SIM_USEFUL], sim_cause_words[largest], 100 * shares[largest]);
}

vsh_status sim_draw_waterfall(const sim_report_input *in, vsh_report_figure *f, vsh_error *err)
{
    waterfall_row rows[SIM_CAUSES + 2];
    int count = list_rows(in, rows);
    vsh_panel panel = {TOP + count * ROW + 62, 150, TOP, TOP + count * ROW, 0, 0};
    const vsh_series series[SIM_CLASSES] = {
        {VSH_DRAW_BOX, "$useful using 1:2:3:4:5:6", sim_class_looks[SIM_CLASS_USEFUL], NULL},
        {VSH_DRAW_BOX, "$padding using 1:2:3:4:5:6", sim_class_looks[SIM_CLASS_PADDING], NULL},
        {VSH_DRAW_BOX, "$array using 1:2:3:4:5:6", sim_class_looks[SIM_CLASS_ARRAY], NULL},
        {VSH_DRAW_BOX, "$memory using 1:2:3:4:5:6", sim_class_looks[SIM_CLASS_MEMORY], NULL},
        {VSH_DRAW_BOX, "$vector using 1:2:3:4:5:6", sim_class_looks[SIM_CLASS_VECTOR], NULL}};

    (void)err;
    vsh_chart_begin(&f->script, f->name, panel.height, f->title);
    write_bars(rows, count, &f->script);
    sim_row_panel(&f->script, &panel, NULL, "% of what the chip could do in the step");
    vsh_chart_axis(&f->script, "x", 0, 100);
    for (int i = 0; i < count; i++)
        label_row(&rows[i], i, count, &f->script);
    vsh_chart_plot(&f->script, &panel, series, SIM_CLASSES);
    vsh_chart_end(&f->script);
    tell(in, &f->caption);
    return VSH_OK;
}
