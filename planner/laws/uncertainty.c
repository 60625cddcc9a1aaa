#include "planner/laws/uncertainty.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>

#include "core/rng.h"
#include "planner/laws/covariance.h"

/* Streams of random numbers: one for each coefficient, then these. */
enum { THROUGHPUT = VSH_COEFFICIENTS, RESIDUAL, ADDED };

/* The lower Cholesky factor of a law's covariance. */
typedef struct {
    int count; /* coefficients that move; 0 when the covariance is not known */
    double row[VSH_COEFFICIENTS][VSH_COEFFICIENTS];
} factor;

static vsh_status decompose(const vsh_law *law, factor *lower, vsh_error *err)
{
    *lower = (factor){0};
    if (!law->covariance)
        return VSH_OK;
    lower->count = vsh_form_count(law->form);
    if (!vsh_covariance_factor(law->covariance, lower->count, lower->row))
        return vsh_fail(err, VSH_EINPUT, "%s: the covariance is not positive semidefinite",
                        law->name);
    return VSH_OK;
}

static double normal(uint64_t seed, int stream, int draw)
{
    return gsl_cdf_ugaussian_Pinv(vsh_random_uniform(seed, (uint64_t)stream, (uint64_t)draw));
}

/* The published coefficients moved by one draw, all together. */
static void draw_coefficients(const vsh_law *law, const factor *lower, uint64_t seed, int draw,
                              double moved[VSH_COEFFICIENTS])
{
    double z[VSH_COEFFICIENTS] = {0};

    for (int i = 0; i < lower->count; i++)
        z[i] = normal(seed, i, draw);
    for (int i = 0; i < VSH_COEFFICIENTS; i++) {
        double move = 0;
        for (int j = 0; j <= i && i < lower->count; j++)
            move += lower->row[i][j] * z[j];
        moved[i] = law->form->positive & 1U << i ? law->coefficient[i] * exp(move)
                                                 : law->coefficient[i] + move;
    }
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

/* No draw makes the loss less than the law alone says. */
static double added(const vsh_draw_options *options, int draw)
{
    return options->added_sd > 0
               ? fmax(0,
                      options->added_nats + options->added_sd * normal(options->seed, ADDED, draw))
               : options->added_nats;
}

vsh_status vsh_uncertain_optimum(const vsh_law *law, const vsh_draw_options *options,
                                 vsh_interval *params, vsh_interval *tokens, vsh_interval *loss,
                                 vsh_error *err)
{
    double N[VSH_DRAWS], D[VSH_DRAWS], L[VSH_DRAWS];
    factor lower;

    assert(law && options && params && tokens && loss);
    VSH_TRY(decompose(law, &lower, err));
    for (int draw = 0; draw < VSH_DRAWS; draw++) {
        double flops = options->flops * throughput_factor(options, draw);
        double c[VSH_COEFFICIENTS];
        vsh_optimum best;
        draw_coefficients(law, &lower, options->seed, draw, c);
        best = vsh_form_optimum(law->form, c, flops, NULL);
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
    VSH_TRY(decompose(law, &lower, err));
    for (int draw = 0; draw < VSH_DRAWS; draw++) {
        vsh_point moved = *point;
        double c[VSH_COEFFICIENTS];
        moved.tokens *= throughput_factor(options, draw);
        draw_coefficients(law, &lower, options->seed, draw, c);
        L[draw] = vsh_form_loss(law->form, c, &moved) * residual_factor(options, draw) +
                  added(options, draw);
    }
    *loss = quantiles(L);
    return VSH_OK;
}

/* The loss of a new run is the law's times its residual: the law itself must reach the loss without
 * it. What the loss takes in compute takes less time at a higher throughput. */
vsh_status vsh_uncertain_target(const vsh_law *law, const vsh_point *given, double loss,
                                const vsh_draw_options *options, vsh_uncertain_need *need,
                                vsh_error *err)
{
    double N[VSH_DRAWS], D[VSH_DRAWS], C[VSH_DRAWS], T[VSH_DRAWS];
    double centre = vsh_form_need(law->form, law->coefficient, given, loss).flops;
    int reached = 0;
    factor lower;

    assert(law && given && options && need);
    VSH_TRY(decompose(law, &lower, err));
    for (int draw = 0; draw < VSH_DRAWS; draw++) {
        double c[VSH_COEFFICIENTS];
        vsh_need one;
        draw_coefficients(law, &lower, options->seed, draw, c);
        one = vsh_form_need(law->form, c, given,
                            (loss - added(options, draw)) / residual_factor(options, draw));
        N[draw] = one.params;
        D[draw] = one.tokens;
        C[draw] = one.flops;
        T[draw] = one.flops / throughput_factor(options, draw);
        reached += T[draw] <= options->flops;
        T[draw] /= centre;
    }
    need->share = (double)reached / VSH_DRAWS;
    need->params = quantiles(N);
    need->tokens = quantiles(D);
    need->flops = quantiles(C);
    need->time = quantiles(T);
    return VSH_OK;
}
