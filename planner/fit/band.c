#include "planner/fit/band.h"

#include <assert.h>
#include <math.h>

void vsh_band_coefficients(const vsh_fit *fit, int draw, bool independent,
                           double c[VSH_COEFFICIENTS])
{
    int count = vsh_form_count(fit->form);

    assert(draw >= 0 && draw < fit->draw_count);
    for (int i = 0; i < count; i++) {
        /* draws know nothing of each other, so a shift is as good as a shuffle */
        int from = independent ? (draw + i * (fit->draw_count / count)) % fit->draw_count : draw;
        c[i] = fit->draw[from][i];
    }
}

vsh_interval vsh_band_params(const vsh_fit *fit, double flops, const vsh_point *given,
                             bool independent, vsh_arena *arena)
{
    double *params = vsh_alloc(arena, (size_t)fit->draw_count + 1, sizeof *params);
    int count = 0;

    if (!params)
        return (vsh_interval){NAN, NAN};
    for (int i = 0; i < fit->draw_count; i++) {
        double c[VSH_COEFFICIENTS] = {0}, best;
        vsh_band_coefficients(fit, i, independent, c);
        best = vsh_form_optimum(fit->form, c, flops, given).params;
        if (isfinite(best))
            params[count++] = best;
    }
    if (count < 2)
        return (vsh_interval){NAN, NAN};
    return vsh_interval_of(params, count);
}

double vsh_fit_correlation(const vsh_fit *fit, int i, int j)
{
    int count = vsh_form_count(fit->form);
    const double *covariance = fit->law.covariance;
    double scale;

    if (!covariance)
        return NAN;
    scale = sqrt(covariance[i * count + i] * covariance[j * count + j]);
    return scale > 0 ? covariance[i * count + j] / scale : (double)NAN;
}
