#include "planner/fit/hold_out.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planner/fit/fit_parts.h"
#include "planner/fit/identify.h"

static int by_params(const void *a, const void *b)
{
    const vsh_run *x = a, *y = b;

    return x->at.params != y->at.params ? (x->at.params < y->at.params ? -1 : 1)
                                        : x->line - y->line;
}

/* Runs in front of the held-out ones: whole sizes are held out, at least the share of the runs, or
 * so many sizes. */
static int split(const vsh_run *run, int count, double hold_out)
{
    int at = count, sizes = 0;

    while (at > 0) {
        double params = run[at - 1].at.params;
        if (hold_out < 1 ? count - at >= hold_out * count : sizes >= (int)hold_out)
            break;
        while (at > 0 && run[at - 1].at.params == params)
            at--;
        sizes++;
    }
    return at;
}

static vsh_status measure(vsh_arena *arena, const vsh_form *form, const double *c,
                          const vsh_run *run, int count, vsh_fit_errors *errors, vsh_error *err)
{
    size_t n = (size_t)count;
    double *relative = vsh_alloc(arena, n, sizeof *relative);
    double *nats = vsh_alloc(arena, n, sizeof *nats);

    if (!relative || !nats)
        return vsh_fail(err, VSH_EMACHINE, "held-out runs: out of memory");
    for (int i = 0; i < count; i++) {
        nats[i] = fabs(vsh_form_loss(form, c, &run[i].at) - run[i].loss);
        relative[i] = nats[i] / run[i].loss;
    }
    gsl_sort(relative, 1, n);
    gsl_sort(nats, 1, n);
    *errors = (vsh_fit_errors){gsl_stats_median_from_sorted_data(relative, 1, n),
                               gsl_stats_mean(relative, 1, n),
                               relative[n - 1],
                               gsl_stats_median_from_sorted_data(nats, 1, n),
                               gsl_stats_mean(nats, 1, n),
                               nats[n - 1]};
    return VSH_OK;
}

/* One form fitted to the smaller models, or what they do not tell of it. */
static vsh_status solve(vsh_arena *arena, const vsh_fit_options *options,
                        const vsh_problem *problem, double *c, vsh_unidentified *found,
                        vsh_error *err)
{
    bool sure = problem->kind->form == options->form;
    double objective;

    vsh_identify_runs(problem, found);
    if (found->coefficients)
        return VSH_OK;
    VSH_TRY(vsh_fit_minimise(arena, options, problem, c, &objective, err));
    if (!isfinite(objective))
        *found = (vsh_unidentified){1, "no loss of this form comes near"};
    else if (sure)
        return vsh_identify_fit(arena, problem, c, found, err);
    return VSH_OK;
}

/* Its errors are NaN, and reason says why, when the smaller models do not tell it. The baseline
 * need only predict: nobody reads its coefficients. */
static vsh_status try_form(vsh_arena *arena, const vsh_form *form, const vsh_run *run, int trained,
                           int held, const vsh_fit_options *options, vsh_fit_errors *errors,
                           char reason[200], vsh_error *err)
{
    const vsh_fittable *kind = vsh_fittable_find(form);
    vsh_problem problem;
    vsh_unidentified found;
    double c[VSH_COEFFICIENTS] = {0};
    char names[80];

    *errors = (vsh_fit_errors){NAN, NAN, NAN, NAN, NAN, NAN};
    vsh_problem_make(kind, options, run, trained, false, &problem);
    VSH_TRY(solve(arena, options, &problem, c, &found, err));
    if (found.coefficients & kind->optional) {
        vsh_problem_make(kind, options, run, trained, true, &problem);
        VSH_TRY(solve(arena, options, &problem, c, &found, err));
    }
    if (!found.coefficients)
        return measure(arena, form, c, run + trained, held, errors, err);
    vsh_coefficient_names(form, found.coefficients, names, sizeof names);
    snprintf(reason, 200, "%s: %.110s", names, found.reason);
    return VSH_OK;
}

vsh_status vsh_hold_out_run(vsh_arena *arena, const vsh_runs *runs, const vsh_fit_options *options,
                            vsh_hold_out *found, vsh_error *err)
{
    const vsh_fittable *kind = vsh_fittable_find(options->form);
    vsh_run *run = vsh_alloc(arena, (size_t)runs->count, sizeof *run);
    int trained;

    *found = (vsh_hold_out){0};
    if (!run)
        return vsh_fail(err, VSH_EMACHINE, "held-out runs: out of memory");
    memcpy(run, runs->run, (size_t)runs->count * sizeof *run);
    qsort(run, (size_t)runs->count, sizeof *run, by_params);
    trained = split(run, runs->count, options->hold_out);
    if (trained == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "--hold-out %g: expected to leave smaller models to fit, found none",
                        options->hold_out);
    *found = (vsh_hold_out){.trained = trained,
                            .held = runs->count - trained,
                            .params_from = run[trained].at.params,
                            .baseline = kind->baseline->formula,
                            .ignores = kind->ignores};
    VSH_TRY(try_form(arena, kind->form, run, trained, found->held, options, &found->errors,
                     found->reason, err));
    return try_form(arena, kind->baseline, run, trained, found->held, options,
                    &found->baseline_errors, found->baseline_reason, err);
}
