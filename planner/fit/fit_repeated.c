/* The data-constrained form of Muennighoff et al. 2023. Its usable parameters depend on the ratio
 * A/B = G^(2 alpha), so G is an axis and A and B are one factor. */
#include "planner/fit/fittable.h"

enum { E, A, B, ALPHA, R_N, R_D };
enum { AXIS_ALPHA, AXIS_G, AXIS_N, AXIS_D };

static double worth(double base, double repeats, double star)
{
    return base + base * star * -expm1(-repeats / star);
}

static void terms(const double *axis, const vsh_point *p, double *term)
{
    double alpha = axis[AXIS_ALPHA], G = axis[AXIS_G];
    double unique = vsh_point_unique(p);
    double usable = fmin(p->params, unique * G * G);
    double params = worth(usable, p->params / usable - 1, axis[AXIS_N]);
    double tokens = worth(unique, p->tokens / unique - 1, axis[AXIS_D]);

    term[0] = 1;
    term[1] = vsh_raised(G * G / params, alpha) + vsh_raised(tokens, -alpha);
}

static void assemble(const double *axis, const double *factor, double *c)
{
    c[E] = factor[0];
    c[B] = factor[1];
    c[A] = factor[1] * vsh_raised(axis[AXIS_G], 2 * axis[AXIS_ALPHA]);
    c[ALPHA] = axis[AXIS_ALPHA];
    c[R_N] = axis[AXIS_N];
    c[R_D] = axis[AXIS_D];
}

const vsh_fittable vsh_fit_repeated = {
    .form = &vsh_form_repeated,
    .need = {{VSH_COUNT_PARAMS, 2, VSH_BIT(A) | VSH_BIT(R_N)},
             {VSH_COUNT_TOKENS, 2, VSH_BIT(B)},
             {VSH_COUNT_REPEATS, 2, VSH_BIT(R_N) | VSH_BIT(R_D)}},
    .axis_count = 4,
    .axis = {{ALPHA, 0.05, 1.2, .ratio = true, .steps = 9},
             {-1, 0.02, 20, .ratio = true, .steps = 7},
             {R_N, 0.3, 1000, .ratio = true, .steps = 7},
             {R_D, 0.3, 1000, .ratio = true, .steps = 7}},
    .term_count = 2,
    .exponents = VSH_BIT(ALPHA),
    .target = vsh_target_loss,
    .terms = terms,
    .assemble = assemble,
    .baseline = &vsh_form_chinchilla,
    .ignores = "repetition: every token seen counts as new"};
