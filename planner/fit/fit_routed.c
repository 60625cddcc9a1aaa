/* The form of Clark et al. 2022: with E_start and E_max as axes, log10 L is linear. */
#include "planner/fit/fittable.h"
#include "planner/laws/effective_experts.h"

enum { SLOPE, EXPERTS, CROSS, LEVEL, E_START, E_MAX };

static void terms(const double *axis, const vsh_point *p, double *term)
{
    double log_n = log10(p->params);
    double log_e = log10(vsh_effective_experts(p->experts, axis[0], axis[1]));

    term[0] = log_n;
    term[1] = log_e;
    term[2] = log_n * log_e;
    term[3] = 1;
}

static void assemble(const double *axis, const double *factor, double *c)
{
    for (int i = SLOPE; i <= LEVEL; i++)
        c[i] = factor[i];
    c[E_START] = axis[0];
    c[E_MAX] = axis[1];
}

const vsh_fittable vsh_fit_routed = {
    .form = &vsh_form_routed,
    .need = {{VSH_COUNT_PARAMS, 2, VSH_BIT(SLOPE) | VSH_BIT(CROSS)},
             {VSH_COUNT_EXPERTS, 4,
              VSH_BIT(EXPERTS) | VSH_BIT(CROSS) | VSH_BIT(E_START) | VSH_BIT(E_MAX)}},
    .axis_count = 2,
    .axis = {{E_START, 1.01, 64, .ratio = true, .steps = 24},
             {E_MAX, 8, 1e5, .ratio = true, .steps = 24}},
    .term_count = 4,
    .signed_terms = VSH_BIT(SLOPE) | VSH_BIT(EXPERTS) | VSH_BIT(CROSS) | VSH_BIT(LEVEL),
    .exponents = VSH_BIT(SLOPE),
    .target = vsh_target_log10,
    .terms = terms,
    .assemble = assemble,
    .baseline = &vsh_form_size,
    .ignores = "experts: a dense law of the base model"};
