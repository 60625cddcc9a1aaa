#include "sim/figures/step_figure.h"

static const struct {
    const char *name, *title;
    sim_draw_figure *draw;
} table[SIM_FIGURES] = {
    {"gantt", "The operations of a layer, forward and backward", sim_draw_gantt},
    {"roofline", "What each operation reached, and its roof", sim_draw_roofline},
    {"utilization", "Where each operation's cycles went", sim_draw_utilization},
    {"waterfall", "Where the chip's multiply-adds went", sim_draw_waterfall},
};

vsh_status sim_make_figures(const sim_report_input *in, vsh_arena *arena,
                            vsh_report_figure figures[SIM_FIGURES], vsh_error *err)
{
    for (int i = 0; i < SIM_FIGURES; i++) {
        figures[i] = vsh_report_figure_of(arena, table[i].name, table[i].title);
        VSH_TRY(table[i].draw(in, &figures[i], err));
    }
    return VSH_OK;
}
