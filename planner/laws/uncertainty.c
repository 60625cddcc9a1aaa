#include "planner/laws/uncertainty.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>

#include "core/rng.h"
#include "planner/laws/chinchilla.h"

enum { LN_A, LN_B, LN_E, ALPHA, BETA, COEFFICIENTS, THROUGHPUT = COEFFICIENTS, RESIDUAL };

/* Covariance of (ln A, ln B, ln E, alpha, beta) over 600 bootstraps of the 240 runs behind
 * besiroglu2024 (computed for this project from epoch-research/analyzing-chinchilla@9225883). */
static const double covariance[COEFFICIENTS][COEFFICIENTS] = {
    {0.06325310261134852, -0.024547848233768797, 0.0020217853209872935, 0.0037585470862897814,
     -0.0012285927901951495},
    {-0.024547848233768797, 0.17811677640108717, 0.0037446328886086996, -0.0015430606016971654,
     0.008716650000724795},
    {0.0020217853209872935, 0.0037446328886086996, 0.00019517453013834384, 0.0001185952387397197,
     0.00018280905944052182},
    {0.0037585470862897814, -0.0015430606016971654, 0.0001185952387397197, 0.00022367819803950032,
     -7.727229638493907e-05},
    {-0.0012285927901951495, 0.008716650000724795, 0.00018280905944052182, -7.727229638493907e-05,
     0.00042683756737779796}};

/* The lower Cholesky factor of the covariance, row by row. */
typedef struct {
    double row[COEFFICIENTS][COEFFICIENTS];
} factor;

static vsh_status decompose(factor *lower, vsh_error *err)
{
    gsl_matrix_view view = gsl_matrix_view_array(&lower->row[0][0], COEFFICIENTS, COEFFICIENTS);
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    int failed;

    for (int i = 0; i < COEFFICIENTS; i++)
        for (int j = 0; j < COEFFICIENTS; j++)
            lower->row[i][j] = covariance[i][j];
    failed = gsl_linalg_cholesky_decomp1(&view.matrix);
    gsl_set_error_handler(handler);
    if (failed)
        return vsh_fail(err, VSH_EMACHINE, "uncertainty: %s", gsl_strerror(failed));
    return VSH_OK;
}

static double normal(uint64_t seed, int stream, int draw)
{
    return gsl_cdf_ugaussian_Pinv(vsh_random_uniform(seed, (uint64_t)stream, (uint64_t)draw));
}

/* The published coefficients moved by one draw, all five together. */
static vsh_chinchilla draw_form(const factor *lower, uint64_t seed, int draw)
{
    vsh_chinchilla form = vsh_besiroglu2024_form;
    double z[COEFFICIENTS], moved[COEFFICIENTS] = {0};

    for (int i = 0; i < COEFFICIENTS; i++)
        z[i] = normal(seed, i, draw);
    for (int i = 0; i < COEFFICIENTS; i++)
        for (int j = 0; j <= i; j++)
            moved[i] += lower->row[i][j] * z[j];
    form.A *= exp(moved[LN_A]);
    form.B *= exp(moved[LN_B]);
    form.E *= exp(moved[LN_E]);
    form.alpha += moved[ALPHA];
    form.beta += moved[BETA];
    return form;
}

static vsh_interval quantiles(double *values)
{
    gsl_sort(values, 1, VSH_DRAWS);
    return (vsh_interval){gsl_stats_quantile_from_sorted_data(values, 1, VSH_DRAWS, 0.025),
                          gsl_stats_quantile_from_sorted_data(values, 1, VSH_DRAWS, 0.975)};
}

/* What one draw multiplies budget and loss by. */
static double throughput_factor(const vsh_draw_options *options, int draw)
{
    return exp(options->throughput_log_sd * normal(options->seed, THROUGHPUT, draw));
}

static double residual_factor(const vsh_draw_options *options, int draw)
{
    return 1 + options->residual_sd * normal(options->seed, RESIDUAL, draw);
}

vsh_status vsh_uncertain_optimum(const vsh_law *law, const vsh_draw_options *options,
                                 vsh_interval *params, vsh_interval *tokens, vsh_interval *loss,
                                 vsh_error *err)
{
    double N[VSH_DRAWS], D[VSH_DRAWS], L[VSH_DRAWS];
    factor lower;

    assert(law && options && params && tokens && loss);
    VSH_TRY(decompose(&lower, err));
    for (int draw = 0; draw < VSH_DRAWS; draw++) {
        double flops = options->flops * throughput_factor(options, draw);
        vsh_optimum best = law->optimum(flops, 1);
        if (law == &vsh_besiroglu2024) {
            vsh_chinchilla form = draw_form(&lower, options->seed, draw);
            best = vsh_chinchilla_optimum(&form, flops);
        }
        N[draw] = best.params;
        D[draw] = best.tokens;
        L[draw] = best.loss * residual_factor(options, draw);
    }
    *params = quantiles(N);
    *tokens = quantiles(D);
    *loss = isfinite(L[0]) ? quantiles(L) : (vsh_interval){NAN, NAN}; /* a law that only sizes */
    return VSH_OK;
}

vsh_status vsh_uncertain_loss(const vsh_law *law, const vsh_point *point,
                              const vsh_draw_options *options, vsh_interval *loss, vsh_error *err)
{
    double L[VSH_DRAWS];
    factor lower;

    assert(law && point && options && loss);
    VSH_TRY(decompose(&lower, err));
    for (int draw = 0; draw < VSH_DRAWS; draw++) {
        vsh_point moved = *point;
        moved.tokens *= throughput_factor(options, draw);
        if (law == &vsh_besiroglu2024) {
            vsh_chinchilla form = draw_form(&lower, options->seed, draw);
            L[draw] = vsh_chinchilla_loss(&form, moved.params, moved.tokens);
        } else {
            L[draw] = law->loss(&moved);
        }
        L[draw] *= residual_factor(options, draw);
    }
    *loss = quantiles(L);
    return VSH_OK;
}
