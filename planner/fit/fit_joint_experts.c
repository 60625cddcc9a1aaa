/* The joint form of Ludziejewski et al. 2025: eight exponents and bounds are axes, so the grid is
 * wide-meshed and the descent from its best points does the work. */
#include "planner/fit/fittable.h"
#include "planner/laws/effective_experts.h"

enum { A, ALPHA, DELTA, GAMMA, B, BETA, OMEGA, ZETA, C, E_START, E_MAX };
enum { AXIS_ALPHA, AXIS_DELTA, AXIS_GAMMA, AXIS_BETA, AXIS_OMEGA, AXIS_ZETA, AXIS_START, AXIS_MAX };

static void terms(const double *axis, const vsh_point *p, double *term)
{
    double ln_e = log(vsh_effective_experts(p->experts, axis[AXIS_START], axis[AXIS_MAX]));

    term[0] = exp(axis[AXIS_DELTA] * ln_e +
                  (axis[AXIS_ALPHA] + axis[AXIS_GAMMA] * ln_e) * log(p->params));
    term[1] =
        exp(axis[AXIS_OMEGA] * ln_e + (axis[AXIS_BETA] + axis[AXIS_ZETA] * ln_e) * log(p->tokens));
    term[2] = 1;
}

static void assemble(const double *axis, const double *factor, double *c)
{
    c[A] = factor[0];
    c[ALPHA] = axis[AXIS_ALPHA];
    c[DELTA] = axis[AXIS_DELTA];
    c[GAMMA] = axis[AXIS_GAMMA];
    c[B] = factor[1];
    c[BETA] = axis[AXIS_BETA];
    c[OMEGA] = axis[AXIS_OMEGA];
    c[ZETA] = axis[AXIS_ZETA];
    c[C] = factor[2];
    c[E_START] = axis[AXIS_START];
    c[E_MAX] = axis[AXIS_MAX];
}

/* Around the published values: arXiv:2502.05172 table 4. */
const vsh_fittable vsh_fit_joint_experts = {
    .form = &vsh_form_joint_experts,
    .need = {{VSH_COUNT_PARAMS, 3, VSH_BIT(A) | VSH_BIT(ALPHA) | VSH_BIT(C)},
             {VSH_COUNT_TOKENS, 3, VSH_BIT(B) | VSH_BIT(BETA) | VSH_BIT(C)},
             {VSH_COUNT_EXPERTS, 4,
              VSH_BIT(DELTA) | VSH_BIT(GAMMA) | VSH_BIT(OMEGA) | VSH_BIT(ZETA) | VSH_BIT(E_START) |
                  VSH_BIT(E_MAX)}},
    .axis_count = 8,
    .axis = {{ALPHA, -0.05, -0.8, .ratio = true, .steps = 5},
             {DELTA, -0.6, 0.2, .steps = 3},
             {GAMMA, -0.03, 0.03, .steps = 3},
             {BETA, -0.05, -0.8, .ratio = true, .steps = 5},
             {OMEGA, -0.2, 0.8, .steps = 3},
             {ZETA, -0.04, 0.04, .steps = 3},
             {E_START, 1.01, 4, .ratio = true, .steps = 1},
             {E_MAX, 9, 1e4, .ratio = true, .steps = 1}},
    .term_count = 3,
    .exponents = VSH_BIT(ALPHA) | VSH_BIT(BETA),
    .target = vsh_target_loss,
    .terms = terms,
    .assemble = assemble,
    .baseline = &vsh_form_chinchilla,
    .ignores = "experts: active parameters and tokens only"};
