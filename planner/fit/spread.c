/* How sure a fit is: covariance, errors and ranges of what the bootstrap drew. */
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "planner/fit/bootstrap.h"
#include "planner/fit/fit_parts.h"

/* ---- what the runs do not tell --------------------------------------------------------------- */

/* 95 % of a coefficient that scales span more than this factor, or of an exponent more or both
 * signs: then nobody knows it. ln A and ln B of the 240 runs of Hoffmann et al., taken for well
 * fitted, have ranges of a factor of 3 and 5. */
#define DECADE 10.0

/* Draws that lie at an end of what is tried, as a share: then so does the end of the 95 %. */
#define EDGE 0.025

static bool spans_decades(const vsh_problem *problem, int i, vsh_interval range)
{
    double low = range.low, high = range.high;

    if (problem->kind->form->positive & 1U << i)
        return !(high <= DECADE * low);
    if (!(problem->kind->exponents & 1U << i))
        return false;
    return low * high <= 0 || fmax(high / low, low / high) > DECADE;
}

static bool reaches_edge(const vsh_problem *problem, const vsh_fit *fit, int i)
{
    int at_low = 0, at_high = 0;

    for (int d = 0; d < fit->draw_count; d++) {
        at_low += fit->draw[d][i] <= problem->low[i];
        at_high += fit->draw[d][i] >= problem->high[i];
    }
    return fmax(at_low, at_high) > EDGE * fit->draw_count;
}

static unsigned open_coefficients(const vsh_problem *problem, const vsh_fit *fit)
{
    unsigned open = 0;

    for (int i = 0; i < problem->coefficients; i++)
        if (vsh_problem_is_free(problem, i) &&
            (spans_decades(problem, i, fit->coefficient_range[i]) || reaches_edge(problem, fit, i)))
            open |= 1U << i;
    return open;
}

/* Open coefficients may still predict together: half the runs are predicted (95 %) to within a
 * quarter of what the losses of all span. Of many runs, some. */
static vsh_status tells_runs_apart(vsh_arena *arena, const vsh_fit *fit, bool *tells,
                                   vsh_error *err)
{
    enum { SAMPLE = 200 };
    int stride = fit->runs->count / SAMPLE + 1, count = 0;
    double width[SAMPLE + 1], fitted[SAMPLE + 1];
    double *loss = vsh_alloc(arena, (size_t)fit->draw_count, sizeof *loss);
    vsh_interval all;

    if (!loss)
        return vsh_fit_out_of_memory(fit->runs, err);
    for (int i = 0; i < fit->runs->count; i += stride) {
        vsh_interval one;
        for (int d = 0; d < fit->draw_count; d++)
            loss[d] = vsh_form_loss(fit->form, fit->draw[d], &fit->runs->run[i].at);
        one = vsh_interval_of(loss, fit->draw_count);
        width[count] = isnan(one.high) ? (double)INFINITY : one.high - one.low;
        fitted[count++] = fit->fitted[i];
    }
    all = vsh_interval_of(fitted, count);
    gsl_sort(width, 1, (size_t)count);
    *tells = width[count / 2] <= (all.high - all.low) / 4;
    return VSH_OK;
}

/* Draws at the ends of their range or over decades: the law is known by its predictions, inside its
 * runs, or not at all. */
static vsh_status judge(vsh_arena *arena, const vsh_problem *problem, vsh_fit *fit, vsh_error *err)
{
    bool tells = true;

    fit->law.open = open_coefficients(problem, fit);
    if (fit->law.open)
        VSH_TRY(tells_runs_apart(arena, fit, &tells, err));
    if (tells)
        return VSH_OK;
    fit->identified = false;
    fit->unidentified = fit->law.open;
    fit->law.open = 0;
    fit->draw = NULL;
    fit->draw_count = 0;
    snprintf(fit->reason, sizeof fit->reason,
             "fits to runs drawn again disagree by orders of magnitude, and on the losses of the "
             "runs themselves");
    return VSH_OK;
}

/* ---- draws ----------------------------------------------------------------------------------- */

/* A coefficient of a draw as covariances count it. */
static double drawn(const vsh_form *form, const double *draw, int i)
{
    return form->positive & 1U << i && draw[i] > 0 ? log(draw[i]) : draw[i];
}

static vsh_status fill_covariance(vsh_arena *arena, vsh_fit *fit, vsh_error *err)
{
    int n = vsh_form_count(fit->form), draws = fit->draw_count;
    double *matrix = vsh_alloc(arena, (size_t)(n * n), sizeof *matrix);
    double mean[VSH_COEFFICIENTS] = {0};

    if (!matrix)
        return vsh_fit_out_of_memory(fit->runs, err);
    for (int d = 0; d < draws; d++)
        for (int i = 0; i < n; i++)
            mean[i] += drawn(fit->form, fit->draw[d], i) / draws;
    for (int d = 0; d < draws; d++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                matrix[i * n + j] += (drawn(fit->form, fit->draw[d], i) - mean[i]) *
                                     (drawn(fit->form, fit->draw[d], j) - mean[j]) / (draws - 1);
    fit->law.covariance = matrix;
    return VSH_OK;
}

/* As many as a law file carries, evenly from all. */
static vsh_status fill_law_draws(vsh_arena *arena, vsh_fit *fit, vsh_error *err)
{
    int n = vsh_form_count(fit->form);
    int count = fit->draw_count < VSH_LAW_DRAWS ? fit->draw_count : VSH_LAW_DRAWS;
    double *rows = vsh_alloc(arena, (size_t)(count * n), sizeof *rows);

    if (!rows)
        return vsh_fit_out_of_memory(fit->runs, err);
    for (int d = 0; d < count; d++) {
        int from = (int)((double)d * fit->draw_count / count);
        memcpy(rows + d * n, fit->draw[from], (size_t)n * sizeof *rows);
    }
    fit->law.draws = rows;
    fit->law.draw_count = count;
    return VSH_OK;
}

/* At the optimum of the loss that was fitted, also for a form whose sizing law gives none. */
static vsh_optimum optimum_of(const vsh_form *form, const double *c, double flops)
{
    static const vsh_point dense = {.experts = 1};
    vsh_optimum best = vsh_form_optimum(form, c, flops, &dense);
    vsh_point at = {best.params, best.tokens, 0, 1, 0};

    if (isnan(best.loss))
        best.loss = vsh_form_loss(form, c, &at);
    return best;
}

static vsh_status fill_ranges(vsh_arena *arena, vsh_fit *fit, vsh_error *err)
{
    size_t draws = (size_t)fit->draw_count;
    double *values = vsh_alloc(arena, draws, sizeof *values);

    if (!values)
        return vsh_fit_out_of_memory(fit->runs, err);
    for (int i = 0; fit->form->coefficient[i]; i++) {
        for (size_t d = 0; d < draws; d++)
            values[d] = fit->draw[d][i];
        fit->law.stderr_[i] = gsl_stats_sd(values, 1, draws);
        fit->coefficient_range[i] = vsh_interval_of(values, fit->draw_count);
    }
    return VSH_OK;
}

static vsh_status fill_optimum_ranges(vsh_arena *arena, vsh_fit *fit, vsh_error *err)
{
    size_t draws = (size_t)fit->draw_count;
    double *params = vsh_alloc(arena, 3 * draws, sizeof *params);
    double *tokens = params + draws, *loss = tokens + draws;

    if (!params)
        return vsh_fit_out_of_memory(fit->runs, err);
    for (size_t d = 0; d < draws; d++) {
        vsh_optimum best = optimum_of(fit->form, fit->draw[d], fit->flops);
        params[d] = best.params;
        tokens[d] = best.tokens;
        loss[d] = best.loss;
    }
    fit->optimum_params = vsh_interval_of(params, fit->draw_count);
    fit->optimum_tokens = vsh_interval_of(tokens, fit->draw_count);
    fit->optimum_loss = vsh_interval_of(loss, fit->draw_count);
    return VSH_OK;
}

static double largest_budget(const vsh_runs *runs)
{
    double most = 0;

    for (int i = 0; i < runs->count; i++)
        most = fmax(most, 6 * runs->run[i].at.params * runs->run[i].at.tokens);
    return most;
}

vsh_status vsh_fit_spread(vsh_arena *arena, const vsh_problem *problem,
                          const vsh_fit_options *options, vsh_fit *fit, vsh_error *err)
{
    vsh_bootstrap bootstrap;

    fit->flops = options->flops > 0 ? options->flops : largest_budget(fit->runs);
    fit->optimum = fit->flops > 0 ? optimum_of(fit->form, fit->law.coefficient, fit->flops)
                                  : (vsh_optimum){NAN, NAN, NAN};
    fit->optimum_params = fit->optimum_tokens = fit->optimum_loss = (vsh_interval){NAN, NAN};
    if (options->bootstraps == 0)
        return VSH_OK;
    VSH_TRY(vsh_bootstrap_run(arena, problem, options, fit->runs->group_count, fit->law.coefficient,
                              &bootstrap, err));
    fit->draw = bootstrap.draw;
    fit->draw_count = bootstrap.count;
    fit->draw_failed = bootstrap.failed;
    if (!vsh_fit_is_drawn(fit))
        return VSH_OK;
    VSH_TRY(fill_ranges(arena, fit, err));
    VSH_TRY(judge(arena, problem, fit, err));
    if (!fit->identified)
        return VSH_OK;
    for (int i = 0; fit->form->coefficient[i]; i++)
        if (fit->law.open & 1U << i)
            fit->law.stderr_[i] = 0;
    if (!fit->law.open)
        VSH_TRY(fill_covariance(arena, fit, err));
    VSH_TRY(fill_law_draws(arena, fit, err));
    return isfinite(fit->optimum.params) ? fill_optimum_ranges(arena, fit, err) : VSH_OK;
}
