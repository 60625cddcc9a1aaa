#include "planner/fit/fit.h"

#include <assert.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "core/text.h"
#include "planner/fit/bootstrap.h"
#include "planner/fit/descent.h"
#include "planner/fit/hold_out.h"
#include "planner/fit/identify.h"

const char *const vsh_resample_words[] = {"runs", "budgets", "groups", NULL};

/* Of more runs the grid, which only finds a start, sees so many. */
enum { GRID_RUNS = 4000 };

static vsh_status out_of_memory(const vsh_runs *runs, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: fitting %d runs: out of memory", runs->path,
                    runs->count);
}

/* ---- the minimum ----------------------------------------------------------------------------- */

static void say(const vsh_fit_options *options, const char *what)
{
    if (options->talk && options->talk_is_terminal) {
        fprintf(options->talk, "\r%s\033[K", what);
        fflush(options->talk);
    }
}

/* Of many runs, some drawn without regard to their order give the start, and all the end. */
static vsh_status minimise(vsh_arena *arena, const vsh_runs *runs, const vsh_fit_options *options,
                           const vsh_problem *problem, vsh_fit *fit, vsh_error *err)
{
    vsh_problem some = *problem;
    vsh_run *run;

    if (problem->count <= GRID_RUNS) {
        fit->objective = vsh_minimum_find(problem, fit->law.coefficient);
        return VSH_OK;
    }
    run = vsh_alloc(arena, GRID_RUNS, sizeof *run);
    if (!run)
        return out_of_memory(runs, err);
    for (int i = 0; i < GRID_RUNS; i++)
        run[i] = problem->run[(int)(vsh_random_uniform(options->seed, UINT64_MAX, (uint64_t)i) *
                                    problem->count)];
    some.run = run;
    some.count = GRID_RUNS;
    say(options, "  searching");
    vsh_minimum_find(&some, fit->law.coefficient);
    say(options, "  descending over all runs");
    fit->objective = vsh_descend(problem, fit->law.coefficient);
    say(options, "");
    return VSH_OK;
}

/* ---- what each run says ---------------------------------------------------------------------- */

typedef struct {
    double size;
    int run;
} ranked;

static int by_size(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    return x->size != y->size ? (x->size < y->size ? 1 : -1) : x->run - y->run;
}

static int free_count(const vsh_problem *problem)
{
    int count = 0;

    for (int i = 0; i < problem->coefficients; i++)
        count += vsh_problem_is_free(problem, i);
    return count;
}

static vsh_status fill_residuals(vsh_arena *arena, const vsh_problem *problem, vsh_fit *fit,
                                 vsh_error *err)
{
    size_t n = (size_t)problem->count;
    ranked *rank = vsh_alloc(arena, n, sizeof *rank);
    double squares = 0;

    fit->fitted = vsh_alloc(arena, n, sizeof *fit->fitted);
    fit->residual = vsh_alloc(arena, n, sizeof *fit->residual);
    fit->worst = vsh_alloc(arena, n, sizeof *fit->worst);
    if (!rank || !fit->fitted || !fit->residual || !fit->worst)
        return out_of_memory(fit->runs, err);
    for (int i = 0; i < problem->count; i++) {
        fit->fitted[i] = vsh_law_loss(&fit->law, &problem->run[i].at);
        fit->residual[i] = log(problem->run[i].loss / fit->fitted[i]);
        squares += fit->residual[i] * fit->residual[i];
        rank[i] = (ranked){fabs(fit->residual[i]), i};
    }
    qsort(rank, n, sizeof *rank, by_size);
    for (int i = 0; i < problem->count; i++)
        fit->worst[i] = rank[i].run;
    fit->residual_median = rank[n / 2].size;
    fit->residual_sd = sqrt(squares / (problem->count - free_count(problem)));
    fit->law.residual_sd = fit->residual_sd;
    return VSH_OK;
}

static int by_content(const void *a, const void *b)
{
    const vsh_run *x = *(const vsh_run *const *)a, *y = *(const vsh_run *const *)b;
    const double left[] = {x->at.params, x->at.tokens,  x->loss,
                           x->at.unique, x->at.experts, x->at.granularity};
    const double right[] = {y->at.params, y->at.tokens,  y->loss,
                            y->at.unique, y->at.experts, y->at.granularity};

    for (int i = 0; i < 6; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

static vsh_status count_repeated_rows(vsh_arena *arena, vsh_fit *fit, vsh_error *err)
{
    size_t n = (size_t)fit->runs->count;
    const vsh_run **sorted = vsh_alloc(arena, n, sizeof *sorted);

    if (!sorted)
        return out_of_memory(fit->runs, err);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &fit->runs->run[i];
    qsort(sorted, n, sizeof *sorted, by_content);
    for (size_t i = 1; i < n; i++)
        fit->repeated_rows += by_content(&sorted[i - 1], &sorted[i]) == 0;
    return VSH_OK;
}

/* ---- the law --------------------------------------------------------------------------------- */

static void widen(double value, double *low, double *high)
{
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

/* The domain of a law is where its runs were. */
static vsh_status describe(vsh_arena *arena, const vsh_fit_options *options, vsh_fit *fit,
                           vsh_error *err)
{
    const vsh_runs *runs = fit->runs;
    const char *slash = strrchr(runs->path, '/'), *name = slash ? slash + 1 : runs->path;
    vsh_text range = {.arena = arena}, source = {.arena = arena};
    vsh_law *law = &fit->law;

    law->params_low = law->tokens_low = law->ratio_low = INFINITY;
    law->params_high = law->tokens_high = 0;
    for (int i = 0; i < runs->count; i++) {
        const vsh_point *p = &runs->run[i].at;
        widen(p->params, &law->params_low, &law->params_high);
        widen(p->tokens, &law->tokens_low, &law->tokens_high);
        law->ratio_low = fmin(law->ratio_low, p->tokens / p->params);
        law->experts_high = fmax(law->experts_high, p->experts);
    }
    if (!runs->has_tokens) { /* any length: nobody said which */
        law->tokens_low = 1;
        law->tokens_high = 1e18;
    }
    if (!fit->form->experts)
        law->experts_high = 0;
    vsh_text_add(&range, "%s - %s parameters", vsh_show_count(law->params_low).text,
                 vsh_show_count(law->params_high).text);
    if (runs->has_tokens)
        vsh_text_add(&range, ", %s - %s tokens", vsh_show_count(law->tokens_low).text,
                     vsh_show_count(law->tokens_high).text);
    if (law->experts_high > 1)
        vsh_text_add(&range, ", up to %g experts", law->experts_high);
    vsh_text_add(&source, "fitted to %d runs of %.300s", runs->count, name);
    if (range.failed || source.failed)
        return out_of_memory(runs, err);
    law->name = law->title = law->form->name;
    law->range = vsh_text_string(&range);
    law->source = vsh_text_string(&source);
    law->corpus = options->corpus ? options->corpus : name;
    law->n_counts = options->n_counts;
    law->anchor_corpus = VSH_ANY_CORPUS;
    law->runs = runs->count;
    return VSH_OK;
}

/* ---- how sure -------------------------------------------------------------------------------- */

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
        return out_of_memory(fit->runs, err);
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
        return out_of_memory(fit->runs, err);
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

static vsh_status find_ranges(vsh_arena *arena, const vsh_problem *problem,
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

/* ---- the whole ------------------------------------------------------------------------------- */

static vsh_status check_columns(const vsh_runs *runs, const vsh_fit_options *options,
                                vsh_error *err)
{
    const char *form = options->form->name;

    if (!vsh_fittable_find(options->form))
        return vsh_fail(err, VSH_EINPUT, "the form \"%s\" is not fitted", form);
    if (!options->form->no_tokens && !runs->has_tokens)
        return vsh_fail(err, VSH_EINPUT, "%s: the form %s needs a column of tokens", runs->path,
                        form);
    if (options->form == &vsh_form_repeated && !runs->has_unique)
        return vsh_fail(err, VSH_EINPUT, "%s: the form %s needs a column of unique tokens",
                        runs->path, form);
    if (options->form->experts && !runs->has_experts)
        return vsh_fail(err, VSH_EINPUT, "%s: the form %s needs a column of experts", runs->path,
                        form);
    if (options->resample == VSH_RESAMPLE_GROUPS && runs->group_count == 0)
        return vsh_fail(err, VSH_EINPUT, "%s: drawing groups needs a column of groups", runs->path);
    if (options->resample == VSH_RESAMPLE_BUDGETS && !runs->has_tokens)
        return vsh_fail(err, VSH_EINPUT, "%s: budgets need a column of tokens", runs->path);
    return VSH_OK;
}

/* True when the runs do not tell the law; the fit then says so. */
static bool refuse(const vsh_unidentified *found, vsh_fit *fit)
{
    fit->unidentified = found->coefficients;
    memcpy(fit->reason, found->reason, sizeof fit->reason);
    return found->coefficients != 0;
}

static vsh_status fit_quietly(vsh_arena *arena, const vsh_runs *runs,
                              const vsh_fit_options *options, vsh_fit *fit, vsh_error *err)
{
    vsh_unidentified found;
    vsh_problem problem;

    *fit = (vsh_fit){.runs = runs,
                     .form = options->form,
                     .least_squares = options->least_squares,
                     .law = {.form = options->form}};
    VSH_TRY(check_columns(runs, options, err));
    VSH_TRY(count_repeated_rows(arena, fit, err));
    vsh_problem_make(vsh_fittable_find(options->form), runs->run, runs->count, options->vocab,
                     options->least_squares, options->delta, &problem);
    fit->fixed = problem.fixed;
    vsh_identify_runs(&problem, &found);
    if (refuse(&found, fit))
        return VSH_OK;
    VSH_TRY(minimise(arena, runs, options, &problem, fit, err));
    if (isfinite(fit->objective))
        VSH_TRY(vsh_identify_fit(arena, &problem, fit->law.coefficient, &found, err));
    else
        found = (vsh_unidentified){1, "no loss of this form comes near the runs"};
    if (refuse(&found, fit))
        return VSH_OK;
    fit->identified = true;
    VSH_TRY(describe(arena, options, fit, err));
    VSH_TRY(fill_residuals(arena, &problem, fit, err));
    VSH_TRY(find_ranges(arena, &problem, options, fit, err));
    return options->hold_out > 0 ? vsh_hold_out_run(arena, runs, options, &fit->hold_out, err)
                                 : VSH_OK;
}

vsh_status vsh_fit_run(vsh_arena *arena, const vsh_runs *runs, const vsh_fit_options *options,
                       vsh_fit *fit, vsh_error *err)
{
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    vsh_status status;

    assert(arena && runs && runs->count > 0 && options && options->form && fit);
    assert(options->delta > 0 && options->bootstraps >= 0);
    status = fit_quietly(arena, runs, options, fit, err);
    gsl_set_error_handler(handler);
    return status;
}
