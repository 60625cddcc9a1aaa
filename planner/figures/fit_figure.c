#include "planner/figures/fit_figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "planner/fit/fittable.h"

/* A normal's standard deviation over the median of its absolute values. */
#define NORMAL_OVER_MEDIAN 1.4826

static bool has_isoflops(const vsh_fit_view *v)
{
    return v->isoflop.count > 0 && v->fit->form->loss && !v->fit->form->no_tokens;
}

static bool has_frontier(const vsh_fit_view *v)
{
    return has_isoflops(v) && v->isoflop.valleys > 0;
}
static bool has_draws(const vsh_fit_view *v) { return v->fit->draw_count > 9; }
static bool has_held_out(const vsh_fit_view *v) { return v->predicted != NULL; }

static const struct {
    const char *name, *title;
    bool (*has)(const vsh_fit_view *v); /* NULL: always */
    void (*draw)(const vsh_fit_view *v, vsh_report_figure *f);
} table[VSH_FIT_FIGURES] = {
    {"fit-fitted", "Fitted and measured loss", NULL, vsh_fit_draw_fitted},
    {"fit-residuals", "What the law leaves over", NULL, vsh_fit_draw_residuals},
    {"fit-isoflop", "Loss against size at a fixed compute", has_isoflops, vsh_fit_draw_isoflops},
    {"fit-optimum", "The best size for a budget", has_frontier, vsh_fit_draw_frontier},
    {"fit-draws", "Coefficients go together", has_draws, vsh_fit_draw_draws},
    {"fit-held-out", "The largest models, predicted", has_held_out, vsh_fit_draw_held_out},
};

vsh_status vsh_fit_make_figures(const vsh_fit_view *view,
                                vsh_report_figure figures[VSH_FIT_FIGURES], int *count,
                                vsh_error *err)
{
    *count = 0;
    for (int i = 0; i < VSH_FIT_FIGURES; i++) {
        vsh_report_figure *f = &figures[*count];
        if (table[i].has && !table[i].has(view))
            continue;
        *f = vsh_report_figure_of(view->arena, table[i].name, table[i].title);
        table[i].draw(view, f);
        if (f->script.failed || f->caption.failed)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        ++*count;
    }
    return VSH_OK;
}

/* ---- the view -------------------------------------------------------------------------------- */

/* The worst first, so that no picture hides them. */
static vsh_status choose_shown(vsh_fit_view *v, vsh_error *err)
{
    int runs = v->fit->runs->count, worst = runs < VSH_FIT_SHOWN ? runs : VSH_FIT_SHOWN / 6;
    int others = VSH_FIT_SHOWN - worst;

    v->shown = vsh_alloc(v->arena, VSH_FIT_SHOWN, sizeof *v->shown);
    if (!v->shown)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < worst; i++)
        v->shown[v->shown_count++] = v->fit->worst[i];
    for (int i = 0; i < others && worst < runs; i++)
        v->shown[v->shown_count++] =
            v->fit->worst[worst + (int)((double)i * (runs - worst) / others)];
    return VSH_OK;
}

/* The losses of all runs by a form that was fitted to those of fewer parameters. */
static vsh_status predict(const vsh_fit_view *v, const vsh_runs *smaller, const vsh_form *form,
                          double **losses, vsh_error *err)
{
    vsh_fit_options options = *v->options;
    const vsh_runs *runs = v->fit->runs;
    vsh_fit fit;

    options.form = form;
    options.bootstraps = 0;
    options.hold_out = 0;
    options.talk = NULL;
    VSH_TRY(vsh_fit_run(v->arena, smaller, &options, &fit, err));
    *losses = fit.identified ? vsh_alloc(v->arena, (size_t)runs->count, sizeof **losses) : NULL;
    if (fit.identified && !*losses)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; fit.identified && i < runs->count; i++)
        (*losses)[i] = vsh_law_loss(&fit.law, &runs->run[i].at);
    return VSH_OK;
}

static vsh_status fill_held_out(vsh_fit_view *v, vsh_error *err)
{
    const vsh_runs *runs = v->fit->runs;
    const vsh_fittable *kind = vsh_fittable_find(v->fit->form);
    vsh_runs smaller = *runs;

    smaller.run = vsh_alloc(v->arena, (size_t)runs->count, sizeof *smaller.run);
    if (!smaller.run)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    smaller.count = 0;
    for (int i = 0; i < runs->count; i++)
        if (runs->run[i].at.params < v->fit->hold_out.params_from)
            smaller.run[smaller.count++] = runs->run[i];
    VSH_TRY(predict(v, &smaller, v->fit->form, &v->predicted, err));
    if (kind && kind->baseline && isfinite(v->fit->hold_out.baseline_errors.median))
        VSH_TRY(predict(v, &smaller, kind->baseline, &v->baseline, err));
    return VSH_OK;
}

vsh_status vsh_fit_view_of(vsh_arena *arena, const vsh_fit *fit, const vsh_fit_options *options,
                           vsh_fit_view *view, vsh_error *err)
{
    *view = (vsh_fit_view){.fit = fit,
                           .options = options,
                           .arena = arena,
                           .spread = NORMAL_OVER_MEDIAN * fit->residual_median};
    VSH_TRY(vsh_isoflop_find(arena, fit->runs, &view->isoflop, err));
    VSH_TRY(choose_shown(view, err));
    return isfinite(fit->hold_out.errors.median) && fit->hold_out.held ? fill_held_out(view, err)
                                                                       : VSH_OK;
}

bool vsh_fit_odd(const vsh_fit_view *v, int run)
{
    return fabs(v->fit->residual[run]) > VSH_FIT_ODD * v->spread;
}

double vsh_fit_percent(double log_residual) { return 100 * expm1(log_residual); }

/* ---- ranges ---------------------------------------------------------------------------------- */

vsh_fit_range vsh_fit_range_none(void) { return (vsh_fit_range){INFINITY, -INFINITY}; }

void vsh_fit_reach(vsh_fit_range *range, double value)
{
    if (!isfinite(value))
        return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

vsh_fit_range vsh_fit_wider(vsh_fit_range range, double share)
{
    double more = fmax(share * (range.high - range.low), 1e-3 * fabs(range.high));

    return (vsh_fit_range){range.low - more, range.high + more};
}

vsh_fit_range vsh_fit_wider_log(vsh_fit_range range, double share)
{
    double more = pow(fmax(range.high / range.low, 1.5), share);

    return (vsh_fit_range){range.low / more, range.high * more};
}

double vsh_fit_part(vsh_fit_range range, double value)
{
    return (value - range.low) / (range.high - range.low);
}

double vsh_fit_part_log(vsh_fit_range range, double value)
{
    return log(value / range.low) / log(range.high / range.low);
}

double vsh_fit_spaced(vsh_fit_range range, int i, int count)
{
    return range.low * pow(range.high / range.low, (double)i / (count - 1));
}
