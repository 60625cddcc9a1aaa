/* The form of Gadre et al. 2024 (arXiv:2403.08540, equation 4): one exponent for parameters and
 * tokens, so that at any fixed ratio of tokens to parameters, however over-trained, the loss falls
 * with compute by the same power. */
#include <math.h>

#include "planner/laws/chinchilla.h"

enum { E, A, B, ALPHA };

static vsh_chinchilla untied(const double *c)
{
    return (vsh_chinchilla){.E = c[E], .A = c[A], .B = c[B], .alpha = c[ALPHA], .beta = c[ALPHA]};
}

static double loss(const double *c, const vsh_point *p)
{
    vsh_chinchilla law = untied(c);

    return vsh_chinchilla_loss(&law, p->params, p->tokens);
}

static vsh_optimum optimum(const double *c, double flops, const vsh_point *given)
{
    vsh_chinchilla law = untied(c);

    (void)given;
    return vsh_chinchilla_optimum(&law, flops);
}

const vsh_form vsh_form_tied = {.name = "tied",
                                .formula = "L = E + A/N^alpha + B/D^alpha",
                                .coefficient = {"E", "A", "B", "alpha"},
                                .positive = 1U << E | 1U << A | 1U << B,
                                .loss = loss,
                                .optimum = optimum};
