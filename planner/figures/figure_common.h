/* What several figures of a report share: the one look of a thing in all of them, and how the plan
 * stands on an axis of losses. */
#ifndef VSH_FIGURE_COMMON_H
#define VSH_FIGURE_COMMON_H

#include <math.h>
#include <stdbool.h>

#include "core/chart.h"
#include "planner/plan.h"

/* Colour is never alone: shape or dashes say the same. */
#define PLAN_RUN_LOOK "pointtype 13 pointsize 1.3 " VSH_COLOUR(VSH_VERMILLION)
#define PLAN_OPTIMUM_LOOK "pointtype 6 pointsize 1.9 linewidth 2 " VSH_COLOUR(VSH_BLUE)
#define PLAN_ANCHOR_LOOK "pointtype 4 pointsize 0.75 linewidth 1 " VSH_COLOUR(VSH_INK)
#define PLAN_NEAREST_LOOK "pointtype 5 pointsize 1 " VSH_COLOUR(VSH_INK)
#define PLAN_RULE_LOOK "pointtype 3 pointsize 1.4 linewidth 2.2 " VSH_COLOUR(VSH_PURPLE)
#define PLAN_BEST_LOOK "linewidth 3 " VSH_COLOUR(VSH_BLUE)
#define PLAN_FLOOR_LOOK "linewidth 2 dashtype (2,3) " VSH_COLOUR(VSH_GREEN)
#define PLAN_MORE_LOOK "linewidth 2 dashtype (8,4) " VSH_COLOUR(VSH_INK)
#define PLAN_BAND_LOOK "fillcolor rgb '" VSH_BLUE "' fillstyle transparent solid 0.22 noborder"
#define PLAN_SHADE_LOOK "fillcolor rgb '" VSH_GREY "' fillstyle transparent solid 0.2 noborder"

#define PLAN_COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* Points of a curve; twice as many where it bends. */
enum { PLAN_SAMPLES = 41 };

/* The i-th of count points from low to high, evenly spaced in the logarithm. */
double plan_spaced(double low, double high, int i, int count);

/* The law whose losses are drawn: the plan's, or the default where that one only sizes. */
const vsh_law *plan_drawn_law(const plan *p);

/* Whether the recommended run's loss may stand on an axis of the drawn law: losses of two corpora
 * do not compare. */
bool plan_comparable(const plan *p);
/* That loss; 0 when it may not. */
double plan_comparable_loss(const plan *p);

/* The top of an axis of losses: none is shown above that of guessing among 50257 tokens, unless the
 * law itself stands there. */
double plan_top_loss(double wanted, double least);

/* A datablock of one point. */
void plan_write_point(vsh_text *s, const char *name, double x, double y);
/* $plan, the recommended run on an axis of the drawn law's losses; a gap when it cannot stand
 * there. */
void plan_write_run(const plan *p, double x, vsh_text *s);
/* The point $plan; it is not in the legend when it is not in the figure. */
vsh_series plan_run_series(bool drawn);

#endif
