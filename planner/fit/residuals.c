/* What each run says of a fit. */
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>

#include "planner/fit/fit_parts.h"

typedef struct {
    double size;
    int run;
} ranked;

static int by_size(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    return x->size != y->size ? (x->size < y->size ? 1 : -1) : x->run - y->run;
}

/* Of fewer runs the quantiles would be mostly invented. */
enum { VALID_LEAST = 20 };

/* Of a new run where the law is valid: those of such runs (a law of repeated tokens is fitted to
 * some far beyond, which lie up to 180 % off), as wide as degrees of freedom make them too narrow.
 */
static void fill_quantiles(const vsh_fit *fit, double *sorted, double widen,
                           double quantiles[VSH_RESIDUALS])
{
    int count = 0;

    for (int i = 0; i < fit->runs->count; i++) {
        char reason[160];
        if (vsh_law_valid(&fit->law, &fit->runs->run[i].at, reason, sizeof reason))
            sorted[count++] = expm1(fit->residual[i] * widen);
    }
    if (count < VALID_LEAST)
        for (count = 0; count < fit->runs->count; count++)
            sorted[count] = expm1(fit->residual[count] * widen);
    gsl_sort(sorted, 1, (size_t)count);
    for (int i = 0; i < VSH_RESIDUALS; i++)
        quantiles[i] = gsl_stats_quantile_from_sorted_data(sorted, 1, (size_t)count,
                                                           i / (double)(VSH_RESIDUALS - 1));
}

vsh_status vsh_fit_residuals(vsh_arena *arena, const vsh_problem *problem, vsh_fit *fit,
                             vsh_error *err)
{
    size_t n = (size_t)problem->count;
    ranked *rank = vsh_alloc(arena, n, sizeof *rank);
    double *sorted = vsh_alloc(arena, n, sizeof *sorted);
    double *quantiles = vsh_alloc(arena, VSH_RESIDUALS, sizeof *quantiles);
    double squares = 0, freedom = problem->count - vsh_problem_free_count(problem);

    fit->fitted = vsh_alloc(arena, n, sizeof *fit->fitted);
    fit->residual = vsh_alloc(arena, n, sizeof *fit->residual);
    fit->worst = vsh_alloc(arena, n, sizeof *fit->worst);
    if (!rank || !sorted || !quantiles || !fit->fitted || !fit->residual || !fit->worst)
        return vsh_fit_out_of_memory(fit->runs, err);
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
    fit->residual_sd = sqrt(squares / freedom);
    fit->law.residual_sd = fit->residual_sd;
    fill_quantiles(fit, sorted, sqrt(problem->count / freedom), quantiles);
    if (fit->residual_sd > 0)
        fit->law.residuals = quantiles;
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

vsh_status vsh_fit_repeated_rows(vsh_arena *arena, vsh_fit *fit, vsh_error *err)
{
    size_t n = (size_t)fit->runs->count;
    const vsh_run **sorted = vsh_alloc(arena, n, sizeof *sorted);

    if (!sorted)
        return vsh_fit_out_of_memory(fit->runs, err);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &fit->runs->run[i];
    qsort(sorted, n, sizeof *sorted, by_content);
    for (size_t i = 1; i < n; i++)
        fit->repeated_rows += by_content(&sorted[i - 1], &sorted[i]) == 0;
    return VSH_OK;
}
