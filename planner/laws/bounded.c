/* A loss that stays between E and L0, that of guessing, and rises again where parameters outgrow
 * unique tokens: L = E + (L0 - E) h / (1 + h), h = a/N^al + b/D^be + c N^ga / U^de
 * (arXiv:2605.09189; the paper's coefficients were not found, so no law here has this form: it is
 * fitted to one's own runs). */
#include <math.h>

#include "planner/laws/form.h"

enum { E, L0, A, B, C, ALPHA, BETA, GAMMA, DELTA };

static double loss(const double *c, const vsh_point *p)
{
    double unique = vsh_point_unique(p);
    double h = c[A] * pow(p->params, -c[ALPHA]) + c[B] * pow(p->tokens, -c[BETA]) +
               c[C] * exp(c[GAMMA] * log(p->params) - c[DELTA] * log(unique));

    return isinf(h) ? c[L0] : c[E] + (c[L0] - c[E]) * h / (1 + h);
}

const vsh_form vsh_form_bounded = {
    .name = "bounded",
    .formula = "L = E + (L0 - E) h/(1 + h);  h = a/N^alpha + b/D^beta + c N^gamma/U^delta",
    .coefficient = {"E", "L0", "a", "b", "c", "alpha", "beta", "gamma", "delta"},
    .positive = 1U << E | 1U << L0 | 1U << A | 1U << B | 1U << C,
    .repeats = true,
    .loss = loss};
