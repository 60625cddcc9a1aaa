#include "planner/figures/figure.h"

static const struct {
    const char *name, *title;
    vsh_status (*draw)(const plan *p, vsh_report_figure *f, vsh_error *err);
} table[PLAN_FIGURES] = {
    {"loss-compute", "Loss against compute", plan_draw_loss},
    {"size-hours", "Model size against hours on this hardware", plan_draw_sizes},
    {"memory", "Memory of one chip", plan_draw_memory},
    {"roofline", "Roofline of one chip", plan_draw_roofline},
    {"cost", "What a lower loss costs", plan_draw_cost},
    {"epochs", "Loss against epochs of repeated data", plan_draw_epochs},
    {"experts", "What experts are worth, against tokens", plan_draw_experts},
};

vsh_status plan_make_figures(const plan *p, vsh_arena *arena,
                             vsh_report_figure figures[PLAN_FIGURES], vsh_error *err)
{
    for (int i = 0; i < PLAN_FIGURES; i++) {
        figures[i] = vsh_report_figure_of(arena, table[i].name, table[i].title);
        VSH_TRY(table[i].draw(p, &figures[i], err));
    }
    return VSH_OK;
}
