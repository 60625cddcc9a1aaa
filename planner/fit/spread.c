/* How sure a fit is: covariance, errors and ranges of what the bootstrap drew. */
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>

#include "planner/fit/bootstrap.h"
#include "planner/fit/fit_parts.h"

static vsh_interval quantiles(double *values, int count)
{
    size_t n = (size_t)count;

    gsl_sort(values, 1, n);
    return (vsh_interval){gsl_stats_quantile_from_sorted_data(values, 1, n, 0.025),
                          gsl_stats_quantile_from_sorted_data(values, 1, n, 0.975)};
}

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
    double *values = vsh_alloc(arena, 3 * draws, sizeof *values);
    double *tokens = values + draws, *loss = tokens + draws;

    if (!values)
        return vsh_fit_out_of_memory(fit->runs, err);
    for (int i = 0; fit->form->coefficient[i]; i++) {
        for (size_t d = 0; d < draws; d++)
            values[d] = fit->draw[d][i];
        fit->law.stderr_[i] = gsl_stats_sd(values, 1, draws);
        fit->coefficient_range[i] = quantiles(values, fit->draw_count);
    }
    if (!isfinite(fit->optimum.params))
        return VSH_OK;
    for (size_t d = 0; d < draws; d++) {
        vsh_optimum best = optimum_of(fit->form, fit->draw[d], fit->flops);
        values[d] = best.params;
        tokens[d] = best.tokens;
        loss[d] = best.loss;
    }
    fit->optimum_params = quantiles(values, fit->draw_count);
    fit->optimum_tokens = quantiles(tokens, fit->draw_count);
    fit->optimum_loss = quantiles(loss, fit->draw_count);
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
    if (fit->draw_count < 2)
        return VSH_OK;
    VSH_TRY(fill_covariance(arena, fit, err));
    return fill_ranges(arena, fit, err);
}
