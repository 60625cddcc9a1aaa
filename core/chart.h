/* A chart as a gnuplot script that carries its own data, and the drawing of it by gnuplot, which is
 * a process and may be missing. Whatever text a script shows is data: it stands in single quotes,
 * where gnuplot executes nothing. */
#ifndef VSH_CHART_H
#define VSH_CHART_H

#include <math.h>
#include <stdbool.h>

#include "core/text.h"

/* Okabe and Ito's palette, told apart by colour-blind readers; those used for lines keep a contrast
 * of 3 on white and on near black. Ink and paper follow the colour scheme inside a page. */
#define VSH_INK "#000000"
#define VSH_PAPER "#ffffff"
#define VSH_GREY "#7f7f7f"
#define VSH_BLUE "#0072b2"
#define VSH_VERMILLION "#d55e00"
#define VSH_GREEN "#009e73"
#define VSH_PURPLE "#cc79a7"
#define VSH_ORANGE "#e69f00"
#define VSH_SKY "#56b4e9"
#define VSH_COLOUR(c) "linecolor rgb '" c "'"
#define VSH_FILL(c) "fillcolor rgb '" c "'"

/* Lengths are in points of a picture of this width, heights from its top. */
enum { VSH_CHART_WIDTH = 560, VSH_CHART_RIGHT = 26, VSH_CHART_FONT = 15 };
/* Columns of a label; what is longer is cut. */
enum { VSH_CHART_COLUMNS = 52 };

typedef struct {
    int height; /* of the whole picture */
    int left;   /* room for tick labels */
    int top, bottom;
    int legend, legend_columns; /* where it begins; 0 columns: there is none */
} vsh_panel;

/* Opens a script that draws NAME.svg: terminal, style, title. */
void vsh_chart_begin(vsh_text *script, const char *name, int height, const char *title);
/* Closes the picture. */
void vsh_chart_end(vsh_text *script);

/* Begins a panel: ranges, ticks, labels and shapes of an earlier one are gone. The words of the
 * vertical axis stand above it, those of the horizontal one below; NULL: none. */
void vsh_chart_panel(vsh_text *script, const vsh_panel *panel, const char *above,
                     const char *below);

/* Text from anywhere as one gnuplot literal of at most columns columns: quotes doubled, control
 * characters and broken UTF-8 replaced. */
void vsh_chart_quote(vsh_text *script, const char *text, int columns);
/* A label; where is what gnuplot takes after the text: "at 3,4 left". */
void vsh_chart_label(vsh_text *script, const char *text, const char *where, ...)
    __attribute__((format(printf, 3, 4)));
/* A straight line and a rectangle; ends is what gnuplot takes: "from first 1,2 to graph 1,1 back".
 * The look of a line and of a fill is as in a vsh_series. */
void vsh_chart_line(vsh_text *script, const char *look, const char *ends, ...)
    __attribute__((format(printf, 3, 4)));
void vsh_chart_box(vsh_text *script, const char *look, const char *ends, ...)
    __attribute__((format(printf, 3, 4)));

/* The value that is not there: a gap in a curve, no point. */
#define VSH_GAP ((double)NAN)

/* A datablock $name of rows of numbers; what is not finite is a gap. */
void vsh_chart_data(vsh_text *script, const char *name);
void vsh_chart_row(vsh_text *script, const double *values, int count);
void vsh_chart_data_end(vsh_text *script);
#define VSH_CHART_ROW(script, ...)                                                                 \
    vsh_chart_row(script, (const double[]){__VA_ARGS__},                                           \
                  (int)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))

typedef enum { VSH_DRAW_LINE, VSH_DRAW_POINT, VSH_DRAW_BAND, VSH_DRAW_BOX } vsh_draw;

/* Something to draw and its place in the legend, which is drawn by hand because gnuplot guesses the
 * width of text. A series without data is only in the legend, one without words only in the panel;
 * one with the words of the series before it joins that one's sample. */
typedef struct {
    vsh_draw as;
    const char *data;  /* "$frontier using 1:2", or NULL */
    const char *look;  /* gnuplot's words for colour, width, dashes, point, fill */
    const char *words; /* or NULL */
} vsh_series;

/* Ends a panel: its legend and its plot, the later series over the earlier. */
void vsh_chart_plot(vsh_text *script, const vsh_panel *panel, const vsh_series *series, int count);

/* How the figures on an axis are written. */
typedef enum {
    VSH_TICK_PLAIN, /* 0.1  1  10  10 k */
    VSH_TICK_COUNT, /* 100 M  1 B */
    VSH_TICK_POWER, /* 10 to the power */
    VSH_TICK_SI,    /* 1 G  10 T */
    VSH_TICK_USD    /* $1  $100  $10 k */
} vsh_tick;

/* Range and ticks of an axis, "x", "y" or "x2"; on a logarithmic one the ticks that fit are chosen
 * among 1, 2, 3 and 5 in a decade. scale: axis units in one unit of the figures (1 otherwise).
 * A range that is none is left to gnuplot. */
void vsh_chart_log_axis(vsh_text *script, const char *axis, double low, double high, vsh_tick tick,
                        double scale);
void vsh_chart_axis(vsh_text *script, const char *axis, double low, double high);

/* Runs gnuplot on folder/NAME.gp for each name, one after another, for at most limit_s in all.
 * drawn[i] when it ended well and NAME.svg is there; a picture of an earlier run is gone if not. */
void vsh_charts_draw(const char *folder, const char *const *names, int count, double limit_s,
                     bool *drawn);

#endif
