/* The four figures of a step's report: what each shows is in its caption, with this step's numbers.
 */
#ifndef VSH_STEP_FIGURE_H
#define VSH_STEP_FIGURE_H

#include "core/report.h"
#include "sim/step_html.h"

enum { SIM_FIGURES = 4 };

/* All of them, in the order of the report. The texts live in the arena. */
vsh_status sim_make_figures(const sim_report_input *in, vsh_arena *arena,
                            vsh_report_figure figures[SIM_FIGURES], vsh_error *err);

/* One figure, a file each: fills the script and the caption of one that has its name and title. */
typedef vsh_status sim_draw_figure(const sim_report_input *in, vsh_report_figure *f,
                                   vsh_error *err);
sim_draw_figure sim_draw_gantt, sim_draw_roofline, sim_draw_utilization, sim_draw_waterfall;

#endif
