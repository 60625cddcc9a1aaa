#include "planner/laws/uncertainty.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "core/sort.h"
#include "planner/laws/covariance.h"

/* Streams of random numbers: one for each coefficient, then these. */
enum { THROUGHPUT = VSH_COEFFICIENTS, RESIDUAL, ADDED };

/* What coefficients are drawn from: the law's rows, else the lower Cholesky factor of its
 * covariance, else nothing moves. */
typedef struct {
    const vsh_law *law;
    const vsh_draw_options *options;
    int count; /* coefficients that move by the factor */
    double row[VSH_COEFFICIENTS][VSH_COEFFICIENTS];
} source;

static vsh_status open_source(const vsh_law *law, const vsh_draw_options *options, source *from,
                              vsh_error *err)
{
    *from = (source){.law = law, .options = options};
    if (law->draw_count > 0 || !law->covariance)
        return VSH_OK;
    from->count = vsh_form_count(law->form);
    if (!vsh_covariance_factor(law->covariance, from->count, from->row))
        return vsh_fail(err, VSH_EINPUT, "%s: the covariance is not positive semidefinite",
                        law->name);
    return VSH_OK;
}

static double uniform(const source *from, int stream, int draw)
{
    return vsh_random_uniform(from->options->seed, (uint64_t)stream, (uint64_t)draw);
}

static double normal(const source *from, int stream, int draw)
{
    return gsl_cdf_ugaussian_Pinv(uniform(from, stream, draw));
}

/* The published coefficients moved by one draw, all together. */
static void move_coefficients(const source *from, int draw, double moved[VSH_COEFFICIENTS])
{
    const vsh_law *law = from->law;
    double z[VSH_COEFFICIENTS] = {0};

    for (int i = 0; i < from->count; i++)
        z[i] = normal(from, i, draw);
    for (int i = 0; i < VSH_COEFFICIENTS; i++) {
        double move = 0;
        for (int j = 0; j <= i && i < from->count; j++)
            move += from->row[i][j] * z[j];
        moved[i] = law->form->positive & 1U << i ? law->coefficient[i] * exp(move)
                                                 : law->coefficient[i] + move;
    }
}

static void draw_coefficients(const source *from, int draw, double c[VSH_COEFFICIENTS])
{
    const vsh_law *law = from->law;
    size_t n = (size_t)vsh_form_count(law->form);

    if (law->draw_count == 0) {
        move_coefficients(from, draw, c);
        return;
    }
    memset(c, 0, VSH_COEFFICIENTS * sizeof *c);
    memcpy(c, law->draws + (size_t)(draw % law->draw_count) * n, n * sizeof *c);
}

/* ---- intervals ------------------------------------------------------------------------------- */

vsh_interval vsh_interval_of(double *values, int count)
{
    assert(count > 0);
    for (int i = 0; i < count; i++)
        if (isnan(values[i]))
            return (vsh_interval){NAN, NAN};
    gsl_sort(values, 1, (size_t)count);
    return (vsh_interval){vsh_quantile(values, count, 0.025), vsh_quantile(values, count, 0.975)};
}

/* A model worse than guessing is not trained on: draws above that say no more than guessing. */
static vsh_interval bounded_interval(double *losses, double centre)
{
    double most = fmax(centre, log(VSH_GUESSES));
    vsh_interval all = vsh_interval_of(losses, VSH_DRAWS);

    if (!isnan(centre) && all.high > most) /* false of NaN */
        all.high = most;
    return all;
}

/* ---- intervals ------------------------------------------------------------------------------- */

/* What one draw multiplies budget and loss by. */
static double throughput_factor(const source *from, int draw)
{
    return exp(from->options->throughput_log_sd * normal(from, THROUGHPUT, draw));
}

static double residual_factor(const source *from, int draw)
{
    const vsh_law *law = from->law;
    double sd = from->options->residual_sd;

    if (!law->residuals || !(law->residual_sd > 0))
        return 1 + sd * normal(from, RESIDUAL, draw);
    return 1 + sd / law->residual_sd *
                   vsh_quantile(law->residuals, VSH_RESIDUALS, uniform(from, RESIDUAL, draw));
}

/* No draw makes the loss less than the law alone says. */
static double added(const source *from, int draw)
{
    const vsh_draw_options *options = from->options;

    return options->added_sd > 0
               ? fmax(0, options->added_nats + options->added_sd * normal(from, ADDED, draw))
               : options->added_nats;
}

vsh_status vsh_uncertain_optimum(const vsh_law *law, const vsh_draw_options *options,
                                 vsh_interval *params, vsh_interval *tokens, vsh_interval *loss,
                                 vsh_error *err)
{
    double N[VSH_DRAWS], D[VSH_DRAWS], L[VSH_DRAWS];
    source from;

    assert(law && options && params && tokens && loss);
    VSH_TRY(open_source(law, options, &from, err));
    for (int draw = 0; draw < VSH_DRAWS; draw++) {
        double flops = options->flops * throughput_factor(&from, draw);
        double c[VSH_COEFFICIENTS];
        vsh_optimum best;
        draw_coefficients(&from, draw, c);
        best = vsh_form_optimum(law->form, c, flops, NULL);
        N[draw] = best.params;
        D[draw] = best.tokens;
        L[draw] = best.loss * residual_factor(&from, draw); /* NaN of a law that only sizes */
    }
    *params = vsh_interval_of(N, VSH_DRAWS);
    *tokens = vsh_interval_of(D, VSH_DRAWS);
    *loss = bounded_interval(L, vsh_law_optimum(law, options->flops, NULL).loss);
    return VSH_OK;
}

static vsh_status draw_losses(const vsh_law *law, const vsh_point *point,
                              const vsh_draw_options *options, double L[VSH_DRAWS], vsh_error *err)
{
    source from;

    VSH_TRY(open_source(law, options, &from, err));
    for (int draw = 0; draw < VSH_DRAWS; draw++) {
        vsh_point moved = *point;
        double c[VSH_COEFFICIENTS];
        moved.tokens *= throughput_factor(&from, draw);
        draw_coefficients(&from, draw, c);
        L[draw] =
            vsh_form_loss(law->form, c, &moved) * residual_factor(&from, draw) + added(&from, draw);
    }
    return VSH_OK;
}

vsh_status vsh_uncertain_loss(const vsh_law *law, const vsh_point *point,
                              const vsh_draw_options *options, vsh_interval *loss, vsh_error *err)
{
    double L[VSH_DRAWS];

    assert(law && point && options && loss);
    VSH_TRY(draw_losses(law, point, options, L, err));
    *loss = bounded_interval(L, vsh_law_loss(law, point) + options->added_nats);
    return VSH_OK;
}

vsh_status vsh_uncertain_law(const vsh_law *law, const vsh_point *point, vsh_interval *loss,
                             vsh_error *err)
{
    const vsh_draw_options options = {.seed = 1};
    double L[VSH_DRAWS];

    assert(law && point && loss);
    VSH_TRY(draw_losses(law, point, &options, L, err));
    *loss = vsh_interval_of(L, VSH_DRAWS);
    /* sorted, so the last is the largest */
    if (!isnan(loss->high) && !(isfinite(L[VSH_DRAWS - 1]) && L[0] > 0))
        *loss = (vsh_interval){NAN, NAN};
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
    source from;

    assert(law && given && options && need);
    VSH_TRY(open_source(law, options, &from, err));
    for (int draw = 0; draw < VSH_DRAWS; draw++) {
        double c[VSH_COEFFICIENTS];
        vsh_need one;
        draw_coefficients(&from, draw, c);
        one = vsh_form_need(law->form, c, given,
                            (loss - added(&from, draw)) / residual_factor(&from, draw));
        N[draw] = one.params;
        D[draw] = one.tokens;
        C[draw] = one.flops;
        T[draw] = one.flops / throughput_factor(&from, draw);
        reached += T[draw] <= options->flops;
        T[draw] /= centre;
    }
    need->share = (double)reached / VSH_DRAWS;
    need->params = vsh_interval_of(N, VSH_DRAWS);
    need->tokens = vsh_interval_of(D, VSH_DRAWS);
    need->flops = vsh_interval_of(C, VSH_DRAWS);
    need->time = vsh_interval_of(T, VSH_DRAWS);
    return VSH_OK;
}
