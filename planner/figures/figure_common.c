#include "planner/figures/figure_common.h"

double plan_spaced(double low, double high, int i, int count)
{
    return low * pow(high / low, (double)i / (count - 1));
}

const vsh_law *plan_drawn_law(const plan *p)
{
    return isfinite(p->optimum.loss) ? p->request.law : vsh_law_default();
}

bool plan_comparable(const plan *p)
{
    const vsh_law *law = p->recommended.loss_law;

    return plan_has_run(p) &&
           (law == plan_drawn_law(p) || (law->same_corpus && plan_drawn_law(p)->same_corpus));
}

double plan_comparable_loss(const plan *p) { return plan_comparable(p) ? p->recommended.loss : 0; }

double plan_top_loss(double wanted, double least)
{
    return least < 10 ? fmin(wanted, 10.82) : wanted;
}

void plan_write_point(vsh_text *s, const char *name, double x, double y)
{
    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, x, y);
    vsh_chart_data_end(s);
}

void plan_write_run(const plan *p, double x, vsh_text *s)
{
    plan_write_point(s, "plan", plan_comparable(p) ? x : VSH_GAP,
                     plan_comparable(p) ? p->recommended.loss : VSH_GAP);
}

vsh_series plan_run_series(bool drawn)
{
    return (vsh_series){VSH_DRAW_POINT, "$plan using 1:2", PLAN_RUN_LOOK,
                        drawn ? "recommended" : NULL};
}
