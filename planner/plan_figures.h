/* The six figures of a plan's report: what each shows is in its caption, with this plan's numbers.
 */
#ifndef VSH_PLAN_FIGURES_H
#define VSH_PLAN_FIGURES_H

#include "core/text.h"
#include "planner/plan.h"

typedef struct {
    const char *name; /* of its files */
    const char *title;
    vsh_text script;  /* gnuplot, with the data inside */
    vsh_text caption; /* plain text */
} plan_figure;

enum { PLAN_FIGURES = 6 };

/* Three figures below a thousand, whole and grouped above. */
vsh_figure_text plan_show_amount(double value);

/* The texts live in the arena. */
vsh_status plan_make_figures(const plan *p, vsh_arena *arena, plan_figure figures[PLAN_FIGURES],
                             vsh_error *err);

#endif
