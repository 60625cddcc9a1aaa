/* The six figures of a plan's report: what each shows is in its caption, with this plan's numbers.
 */
#ifndef VSH_FIGURE_H
#define VSH_FIGURE_H

#include "core/text.h"
#include "planner/plan.h"

typedef struct {
    const char *name; /* of its files */
    const char *title;
    vsh_text script;  /* gnuplot, with the data inside */
    vsh_text caption; /* plain text */
} plan_figure;

enum { PLAN_FIGURES = 6 };

/* All of them, in the order of the report. The texts live in the arena. */
vsh_status plan_make_figures(const plan *p, vsh_arena *arena, plan_figure figures[PLAN_FIGURES],
                             vsh_error *err);

/* One figure, a file each: fills the script and the caption of one that has its name and title. */
vsh_status plan_draw_loss(const plan *p, plan_figure *f, vsh_error *err);
vsh_status plan_draw_sizes(const plan *p, plan_figure *f, vsh_error *err);
vsh_status plan_draw_memory(const plan *p, plan_figure *f, vsh_error *err);
vsh_status plan_draw_roofline(const plan *p, plan_figure *f, vsh_error *err);
vsh_status plan_draw_cost(const plan *p, plan_figure *f, vsh_error *err);
vsh_status plan_draw_epochs(const plan *p, plan_figure *f, vsh_error *err);

#endif
