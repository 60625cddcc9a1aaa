#include <math.h>
#include <stdio.h>

#include "core/chart.h"
#include "trainer/study/study_figure.h"

const char *const vsh_study_question_words[] = {"flops", "wall_clock", "equal_total_parameters",
                                                NULL};

vsh_figure_text vsh_study_text_words(int64_t unique_tokens)
{
    return unique_tokens ? vsh_show_count((double)unique_tokens) : (vsh_figure_text){"all"};
}

/* ---- savings --------------------------------------------------------------------------------- */

/* Percent; what lies beyond is drawn at the edge. */
static const double least = -100, most = 60;
enum { ROW_HEIGHT = 44, HEAD = 74, FOOT = 96, LABELS = 150 };

static double clip(double share) { return fmax(least, fmin(most, 100 * share)); }

/* The three answers of a row stand a little apart. */
static double place(int row, int count, int question)
{
    return count - row + 0.25 * (1 - question);
}

static void write_savings(const vsh_study_comparison *all, int count, int question, vsh_text *s)
{
    char name[16];

    snprintf(name, sizeof name, "at%d", question);
    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int i = 0; i < count; i++)
        if (isfinite(all[i].saving[question].saving))
            VSH_CHART_ROW(s, clip(all[i].saving[question].saving), place(i, count, question));
    vsh_chart_data_end(s);
    snprintf(name, sizeof name, "within%d", question);
    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int i = 0; i < count; i++) {
        const vsh_study_saving *saving = &all[i].saving[question];
        if (!isfinite(saving->low))
            continue;
        VSH_CHART_ROW(s, clip(saving->low), place(i, count, question));
        VSH_CHART_ROW(s, clip(saving->high), place(i, count, question));
        VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    }
    vsh_chart_data_end(s);
}

static void name_rows(const vsh_study_comparison *all, int count, vsh_text *s)
{
    char label[48];

    vsh_text_add(s, "set yrange [0.4:%g]\nset ytics scale 0 (", count + 0.6);
    for (int i = 0; i < count; i++) {
        const vsh_study_family *f = all[i].family;
        snprintf(label, sizeof label, "%d experts, %d used, %s", (int)f->experts, (int)f->top_k,
                 vsh_study_text_words(all[i].unique_tokens).text);
        vsh_text_add(s, i ? ", " : "");
        vsh_chart_quote(s, label, 28);
        vsh_text_add(s, " %d", count - i);
    }
    vsh_text_add(s, ")\n");
}

#define LOOK(colour) "linewidth 1.8 " VSH_COLOUR(colour)
#define MARK(colour) "pointtype 7 pointsize 0.8 " VSH_COLOUR(colour)

void vsh_study_savings_figure(const vsh_study_comparison *all, int count, const char *card,
                              vsh_report_figure *figure)
{
    static const vsh_series series[] = {
        {VSH_DRAW_LINE, "$within0 using 1:2", LOOK(VSH_BLUE), NULL},
        {VSH_DRAW_LINE, "$within1 using 1:2", LOOK(VSH_VERMILLION), NULL},
        {VSH_DRAW_LINE, "$within2 using 1:2", LOOK(VSH_GREEN), NULL},
        {VSH_DRAW_POINT, "$at0 using 1:2", MARK(VSH_BLUE), "in FLOP"},
        {VSH_DRAW_POINT, "$at1 using 1:2", MARK(VSH_VERMILLION), "in wall clock"},
        {VSH_DRAW_POINT, "$at2 using 1:2", MARK(VSH_GREEN), "at equal total parameters"},
        {VSH_DRAW_BOX, NULL, VSH_FILL(VSH_GREY) " fillstyle solid 0.25 noborder",
         "what the paper announces"},
    };
    const int bottom = HEAD + ROW_HEIGHT * count;
    const vsh_panel panel = {bottom + FOOT + 22, LABELS + 40, HEAD, bottom, bottom + 70, 2};
    vsh_text *s = &figure->script;

    vsh_chart_begin(s, figure->name, panel.height, figure->title);
    for (int q = 0; q < VSH_STUDY_QUESTIONS; q++)
        write_savings(all, count, q, s);
    vsh_chart_panel(s, &panel, NULL, "saving at equal loss, % (below 0: they cost more)");
    vsh_chart_axis(s, "x", least, most);
    name_rows(all, count, s);
    vsh_chart_box(s, VSH_FILL(VSH_GREY) " fillstyle solid 0.25 noborder",
                  "from first %g,graph 0 to first %g,graph 1 behind", 100 * VSH_STUDY_CLAIM_LOW,
                  100 * VSH_STUDY_CLAIM_HIGH);
    vsh_chart_line(s, "linewidth 1 " VSH_COLOUR(VSH_INK),
                   "from first 0,graph 0 to first 0,graph 1");
    vsh_chart_plot(s, &panel, series, sizeof series / sizeof *series);
    vsh_chart_end(s);
    vsh_text_add(
        &figure->caption,
        "Saving against dense models at equal loss, over the losses that both reach, with "
        "95 %% of the draws of seeds and sizes; what lies beyond %.0f or %.0f %% stands at "
        "the edge. All: one epoch of the text; else of so many tokens, several. %s.",
        least, most, card);
}

/* ---- exits ----------------------------------------------------------------------------------- */

void vsh_study_exits_figure(const vsh_study_exit *exits, int count, const char *card,
                            vsh_report_figure *figure)
{
    static const vsh_panel panel = {470, 66, 74, 330, 404, 2};
    static const vsh_series series[] = {
        {VSH_DRAW_LINE, "$exits using 1:2", "linewidth 1.6 " VSH_COLOUR(VSH_BLUE), NULL},
        {VSH_DRAW_POINT, "$exits using 1:2", "pointtype 7 pointsize 0.8 " VSH_COLOUR(VSH_BLUE),
         "leaves at this confidence"},
    };
    vsh_text *s = &figure->script;
    double left = 100, right = 100, low = 0, high = 0, named = 0; /* of the last label */
    char label[24];

    vsh_chart_begin(s, figure->name, panel.height, figure->title);
    vsh_chart_data(s, "exits");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int i = 0; i < count; i++) {
        VSH_CHART_ROW(s, 100 * exits[i].flops, 100 * exits[i].accuracy);
        left = fmin(left, 100 * exits[i].flops);
        right = fmax(right, 100 * exits[i].flops);
        low = fmin(low, 100 * exits[i].accuracy);
        high = fmax(high, 100 * exits[i].accuracy);
    }
    vsh_chart_data_end(s);
    vsh_chart_panel(s, &panel, "accuracy against the whole depth, points",
                    "executed FLOP a token, % of the whole depth");
    vsh_chart_axis(s, "x", left - 2, right + 6);
    vsh_chart_axis(s, "y", low - 0.08 * (high - low) - 0.05, high + 0.08 * (high - low) + 0.05);
    for (int i = 0; i < count; i++) {
        bool crowded = i > 0 && fabs(exits[i].flops - named) < 0.025;
        if (crowded)
            continue;
        named = exits[i].flops;
        snprintf(label, sizeof label, "%g", exits[i].threshold);
        vsh_chart_label(s, label, "at first %.6g,first %.6g left offset 0.5,-0.6",
                        100 * exits[i].flops, 100 * exits[i].accuracy);
    }
    vsh_chart_plot(s, &panel, series, sizeof series / sizeof *series);
    vsh_chart_end(s);
    vsh_text_add(&figure->caption,
                 "At inference a token leaves at the exit once the exit is as sure as the figure "
                 "at the point. Executed FLOP are counted, with the exit's head for every token. "
                 "%s.",
                 card);
}
