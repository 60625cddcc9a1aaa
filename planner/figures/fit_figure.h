/* The figures of the report of a fit: what each shows is in its caption, with this fit's numbers.
 */
#ifndef VSH_FIT_FIGURE_H
#define VSH_FIT_FIGURE_H

#include "core/chart.h"
#include "core/report.h"
#include "planner/fit/fit.h"
#include "planner/fit/isoflop.h"

/* What several figures look at. Arrays are the arena's. */
typedef struct {
    const vsh_fit *fit;
    const vsh_fit_options *options;
    vsh_isoflop isoflop;
    vsh_arena *arena;

    /* A picture holds VSH_FIT_SHOWN runs: the worst, and of the others evenly many. */
    int *shown;
    int shown_count;
    double spread; /* of the residuals, as a normal's standard deviation would be, from their
                      median: what outliers do not move */

    /* Losses that the form and its baseline, fitted to the smaller models, predict for each run;
     * NULL when nothing was held out. */
    double *predicted, *baseline;
} vsh_fit_view;

enum { VSH_FIT_FIGURES = 6, VSH_FIT_SHOWN = 1200, VSH_FIT_SAMPLES = 41 };

vsh_status vsh_fit_view_of(vsh_arena *arena, const vsh_fit *fit, const vsh_fit_options *options,
                           vsh_fit_view *view, vsh_error *err);

/* Those that this fit has something for, in the order of the report; returns how many. */
vsh_status vsh_fit_make_figures(const vsh_fit_view *view,
                                vsh_report_figure figures[VSH_FIT_FIGURES], int *count,
                                vsh_error *err);

/* One figure, a file each: fills the script and the caption of one that has its name and title. */
void vsh_fit_draw_fitted(const vsh_fit_view *v, vsh_report_figure *f);
void vsh_fit_draw_residuals(const vsh_fit_view *v, vsh_report_figure *f);
void vsh_fit_draw_isoflops(const vsh_fit_view *v, vsh_report_figure *f);
void vsh_fit_draw_frontier(const vsh_fit_view *v, vsh_report_figure *f);
void vsh_fit_draw_draws(const vsh_fit_view *v, vsh_report_figure *f);
void vsh_fit_draw_held_out(const vsh_fit_view *v, vsh_report_figure *f);

/* ---- what they share ------------------------------------------------------------------------- */

/* Colour is never alone: shape or dashes say the same. */
#define VSH_FIT_RUN_LOOK "pointtype 6 pointsize 0.55 linewidth 1.2 " VSH_COLOUR(VSH_BLUE)
#define VSH_FIT_ODD_LOOK "pointtype 8 pointsize 1 linewidth 1.8 " VSH_COLOUR(VSH_VERMILLION)
#define VSH_FIT_LAW_LOOK "linewidth 2.5 " VSH_COLOUR(VSH_GREEN)
#define VSH_FIT_BAND_LOOK "fillcolor rgb '" VSH_GREEN "' fillstyle transparent solid 0.25 noborder"
#define VSH_FIT_SHADE_LOOK "fillcolor rgb '" VSH_GREY "' fillstyle transparent solid 0.2 noborder"
#define VSH_FIT_VERTEX_LOOK "pointtype 13 pointsize 0.95 " VSH_COLOUR(VSH_INK)

/* Residuals beyond so many spreads are odd and drawn so. */
#define VSH_FIT_ODD 4.0

bool vsh_fit_odd(const vsh_fit_view *v, int run);
/* Measured over fitted less one, in percent. */
double vsh_fit_percent(double log_residual);

/* The least and the most of something over the shown runs, a little apart at least. */
typedef struct {
    double low, high;
} vsh_fit_range;

/* Grows to hold the value when it is finite. */
void vsh_fit_reach(vsh_fit_range *range, double value);
vsh_fit_range vsh_fit_range_none(void);
/* Widened to both sides by a share of its own width, of the logarithms where they are given. */
vsh_fit_range vsh_fit_wider(vsh_fit_range range, double share);
vsh_fit_range vsh_fit_wider_log(vsh_fit_range range, double share);
/* Where a value stands between the ends: 0 to 1. */
double vsh_fit_part(vsh_fit_range range, double value);
double vsh_fit_part_log(vsh_fit_range range, double value);
/* The i-th of count values evenly spaced in the logarithm. */
double vsh_fit_spaced(vsh_fit_range range, int i, int count);

#endif
