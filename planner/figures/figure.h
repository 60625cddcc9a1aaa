/* The figures of a plan's report: what each shows is in its caption, with this plan's numbers.
 */
#ifndef VSH_FIGURE_H
#define VSH_FIGURE_H

#include "core/report.h"
#include "planner/plan.h"

enum { PLAN_FIGURES = 7 };

/* All of them, in the order of the report. The texts live in the arena. */
vsh_status plan_make_figures(const plan *p, vsh_arena *arena,
                             vsh_report_figure figures[PLAN_FIGURES], vsh_error *err);

/* One figure, a file each: fills the script and the caption of one that has its name and title. */
vsh_status plan_draw_loss(const plan *p, vsh_report_figure *f, vsh_error *err);
vsh_status plan_draw_sizes(const plan *p, vsh_report_figure *f, vsh_error *err);
vsh_status plan_draw_memory(const plan *p, vsh_report_figure *f, vsh_error *err);
vsh_status plan_draw_roofline(const plan *p, vsh_report_figure *f, vsh_error *err);
vsh_status plan_draw_cost(const plan *p, vsh_report_figure *f, vsh_error *err);
vsh_status plan_draw_epochs(const plan *p, vsh_report_figure *f, vsh_error *err);
vsh_status plan_draw_experts(const plan *p, vsh_report_figure *f, vsh_error *err);

#endif
