/* The joint form of Kaplan et al. 2020: with a_D and a_N/a_D as axes, L^(1/a_D) is a sum of terms.
 * The sizing law N* = N_e C^p_N that the form carries is then the optimum of the fitted loss. */
#include "planner/fit/fittable.h"

#define FLOPS_PF_DAY (1e15 * 86400.0)

enum { N_C, A_N, D_C, A_D, N_E, P_N };
enum { AXIS_D, AXIS_RATIO };

static double target(const double *axis, double loss, double *weight)
{
    double value = vsh_raised(loss, 1 / axis[AXIS_D]);

    *weight = axis[AXIS_D] / value;
    return value;
}

static void terms(const double *axis, const vsh_point *p, double *term)
{
    term[0] = vsh_raised(p->params, -axis[AXIS_RATIO]);
    term[1] = 1 / p->tokens;
}

/* The least of (N_c/N)^r + D_c/D on C = 6 N D: N^(1+r) = r N_c^r C / (6 D_c). */
static void derive(double *c)
{
    double r = c[A_N] / c[A_D];

    c[P_N] = 1 / (1 + r);
    c[N_E] = vsh_raised(r * vsh_raised(c[N_C], r) / (6 * c[D_C]) * FLOPS_PF_DAY, c[P_N]);
}

static void assemble(const double *axis, const double *factor, double *c)
{
    c[A_D] = axis[AXIS_D];
    c[A_N] = axis[AXIS_D] * axis[AXIS_RATIO];
    c[N_C] = vsh_raised(factor[0], 1 / axis[AXIS_RATIO]);
    c[D_C] = factor[1];
    derive(c);
}

const vsh_fittable vsh_fit_kaplan = {
    .form = &vsh_form_kaplan,
    .need = {{VSH_COUNT_PARAMS, 2, VSH_BIT(N_C) | VSH_BIT(A_N)},
             {VSH_COUNT_TOKENS, 2, VSH_BIT(D_C) | VSH_BIT(A_D)}},
    .axis_count = 2,
    .axis = {{A_D, 0.02, 1, .ratio = true, .steps = 24}, {-1, 0.1, 3, .ratio = true, .steps = 24}},
    .term_count = 2,
    .exponents = VSH_BIT(A_N) | VSH_BIT(A_D),
    .target = target,
    .terms = terms,
    .assemble = assemble,
    .derived = VSH_BIT(N_E) | VSH_BIT(P_N),
    .derive = derive,
    .baseline = &vsh_form_compute,
    .ignores = "how compute is shared between parameters and tokens"};
