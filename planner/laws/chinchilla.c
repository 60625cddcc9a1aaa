#include "planner/laws/chinchilla.h"

#include <math.h>

vsh_chinchilla vsh_chinchilla_of(const double *c)
{
    return (vsh_chinchilla){.E = c[VSH_CHINCHILLA_E],
                            .A = c[VSH_CHINCHILLA_A],
                            .B = c[VSH_CHINCHILLA_B],
                            .alpha = c[VSH_CHINCHILLA_ALPHA],
                            .beta = c[VSH_CHINCHILLA_BETA]};
}

double vsh_chinchilla_loss(const vsh_chinchilla *law, double params, double tokens)
{
    return law->E + law->A / pow(params, law->alpha) + law->B / pow(tokens, law->beta);
}

vsh_optimum vsh_chinchilla_optimum(const vsh_chinchilla *law, double flops)
{
    double sum = law->alpha + law->beta;
    double G = pow(law->alpha * law->A / (law->beta * law->B), 1 / sum);
    double params = G * pow(flops / 6, law->beta / sum), tokens = flops / 6 / params;

    return (vsh_optimum){params, tokens, vsh_chinchilla_loss(law, params, tokens)};
}

double vsh_chinchilla_slope(const vsh_chinchilla *law, double loss)
{
    return law->alpha * law->beta / (law->alpha + law->beta) * (loss - law->E);
}

static double loss_of(const double *c, const vsh_point *p)
{
    vsh_chinchilla law = vsh_chinchilla_of(c);

    return vsh_chinchilla_loss(&law, p->params, p->tokens);
}

static vsh_optimum optimum_of(const double *c, double flops, const vsh_point *given)
{
    vsh_chinchilla law = vsh_chinchilla_of(c);

    (void)given;
    return vsh_chinchilla_optimum(&law, flops);
}

const vsh_form vsh_form_chinchilla = {.name = "chinchilla",
                                      .formula = "L = E + A/N^alpha + B/D^beta",
                                      .coefficient = {"E", "A", "B", "alpha", "beta"},
                                      .positive = 1U << VSH_CHINCHILLA_E | 1U << VSH_CHINCHILLA_A |
                                                  1U << VSH_CHINCHILLA_B,
                                      .loss = loss_of,
                                      .optimum = optimum_of};
