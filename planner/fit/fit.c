#include "planner/fit/fit.h"

#include <assert.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "planner/fit/problem.h"
#include "planner/fit/varpro.h"

const char *const vsh_resample_words[] = {"runs", "budgets", "groups", NULL};

static vsh_status out_of_memory(const vsh_runs *runs, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: fitting %d runs: out of memory", runs->path,
                    runs->count);
}

/* ---- the problem ----------------------------------------------------------------------------- */

static vsh_status make_problem(const vsh_runs *runs, const vsh_fit_options *options,
                               vsh_problem *problem, vsh_error *err)
{
    const vsh_fittable *kind = vsh_fittable_find(options->form);

    if (!kind)
        return vsh_fail(err, VSH_EINPUT, "the form \"%s\" is not fitted", options->form->name);
    *problem = (vsh_problem){.kind = kind,
                             .coefficients = vsh_form_count(options->form),
                             .run = runs->run,
                             .count = runs->count,
                             .least_squares = options->least_squares,
                             .delta = options->delta};
    memcpy(problem->axis, kind->axis, sizeof problem->axis);
    return VSH_OK;
}

static double minimise(const vsh_problem *problem, double best[VSH_COEFFICIENTS])
{
    vsh_varpro starts;
    double least = INFINITY;

    vsh_varpro_search(problem, false, &starts);
    for (int i = 0; i < starts.count; i++) {
        double value = vsh_objective_descend(problem, starts.c[i]);
        if (value < least) {
            least = value;
            memcpy(best, starts.c[i], sizeof starts.c[i]);
        }
    }
    return least;
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

static vsh_status fill_residuals(vsh_arena *arena, const vsh_runs *runs, vsh_fit *fit,
                                 vsh_error *err)
{
    size_t n = (size_t)runs->count;
    ranked *rank = vsh_alloc(arena, n, sizeof *rank);
    double squares = 0;

    fit->fitted = vsh_alloc(arena, n, sizeof *fit->fitted);
    fit->residual = vsh_alloc(arena, n, sizeof *fit->residual);
    fit->worst = vsh_alloc(arena, n, sizeof *fit->worst);
    if (!rank || !fit->fitted || !fit->residual || !fit->worst)
        return out_of_memory(runs, err);
    for (int i = 0; i < runs->count; i++) {
        fit->fitted[i] = vsh_law_loss(&fit->law, &runs->run[i].at);
        fit->residual[i] = log(runs->run[i].loss / fit->fitted[i]);
        squares += fit->residual[i] * fit->residual[i];
        rank[i] = (ranked){fabs(fit->residual[i]), i};
    }
    qsort(rank, n, sizeof *rank, by_size);
    for (int i = 0; i < runs->count; i++)
        fit->worst[i] = rank[i].run;
    fit->residual_median = rank[runs->count / 2].size;
    fit->residual_sd = sqrt(squares / fmax(1, runs->count - vsh_form_count(fit->form)));
    return VSH_OK;
}

static vsh_status fit_quietly(vsh_arena *arena, const vsh_runs *runs,
                              const vsh_fit_options *options, vsh_fit *fit, vsh_error *err)
{
    vsh_problem problem;

    *fit = (vsh_fit){.runs = runs, .form = options->form};
    VSH_TRY(make_problem(runs, options, &problem, err));
    fit->law = (vsh_law){.name = options->form->name, .form = options->form};
    fit->objective = minimise(&problem, fit->law.coefficient);
    fit->identified = isfinite(fit->objective);
    if (!fit->identified)
        return VSH_OK;
    return fill_residuals(arena, runs, fit, err);
}

vsh_status vsh_fit_run(vsh_arena *arena, const vsh_runs *runs, const vsh_fit_options *options,
                       vsh_fit *fit, vsh_error *err)
{
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    vsh_status status;

    assert(arena && runs && runs->count > 0 && options && options->form && fit);
    status = fit_quietly(arena, runs, options, fit, err);
    gsl_set_error_handler(handler);
    return status;
}
