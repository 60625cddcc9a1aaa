#include "planner/fit/fit.h"

#include <assert.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "planner/fit/fit_parts.h"
#include "planner/fit/hold_out.h"
#include "planner/fit/identify.h"

const char *const vsh_resample_words[] = {"runs", "budgets", "groups", NULL};

vsh_status vsh_fit_out_of_memory(const vsh_runs *runs, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: fitting %d runs: out of memory", runs->path,
                    runs->count);
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

/* Coefficients of one problem, or what the runs do not tell of them. */
static vsh_status solve(vsh_arena *arena, const vsh_fit_options *options,
                        const vsh_problem *problem, vsh_fit *fit, vsh_unidentified *found,
                        vsh_error *err)
{
    vsh_identify_runs(problem, found);
    if (found->coefficients)
        return VSH_OK;
    VSH_TRY(vsh_fit_minimise(arena, options, problem, fit->law.coefficient, &fit->objective, err));
    if (isfinite(fit->objective))
        return vsh_identify_fit(arena, problem, fit->law.coefficient, found, err);
    *found = (vsh_unidentified){1, "no loss of this form comes near the runs"};
    return VSH_OK;
}

static vsh_status fit_quietly(vsh_arena *arena, const vsh_runs *runs,
                              const vsh_fit_options *options, vsh_fit *fit, vsh_error *err)
{
    const vsh_fittable *kind = vsh_fittable_find(options->form);
    vsh_unidentified found;
    vsh_problem problem;

    *fit = (vsh_fit){.runs = runs,
                     .form = options->form,
                     .least_squares = options->least_squares,
                     .law = {.form = options->form}};
    VSH_TRY(check_columns(runs, options, err));
    VSH_TRY(vsh_fit_repeated_rows(arena, fit, err));
    vsh_problem_make(kind, options, runs->run, runs->count, false, &problem);
    VSH_TRY(solve(arena, options, &problem, fit, &found, err));
    if (found.coefficients & kind->optional) {
        vsh_problem_make(kind, options, runs->run, runs->count, true, &problem);
        VSH_TRY(solve(arena, options, &problem, fit, &found, err));
    }
    fit->fixed = problem.fixed;
    if (refuse(&found, fit))
        return VSH_OK;
    fit->identified = true;
    VSH_TRY(vsh_fit_describe(arena, options, fit, err));
    VSH_TRY(vsh_fit_residuals(arena, &problem, fit, err));
    VSH_TRY(vsh_fit_spread(arena, &problem, options, fit, err));
    return options->hold_out > 0 && fit->identified
               ? vsh_hold_out_run(arena, runs, options, &fit->hold_out, err)
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
