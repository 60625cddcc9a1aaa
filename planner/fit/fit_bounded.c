/* L = E + (L0 - E) h/(1 + h): with E and L0 as axes, h = (L - E)/(L0 - L) is a sum of terms. */
#include "planner/fit/fittable.h"

enum { E, L0, A, B, C, ALPHA, BETA, GAMMA, DELTA };
enum { AXIS_E, AXIS_L0, AXIS_ALPHA, AXIS_BETA, AXIS_GAMMA, AXIS_DELTA };

/* Half the largest loss is a floor no law has; L0 of a byte model is 5.5, of GPT-2's
 * tokenizer 10.8, while losses of trained models are 2 to 6. */
static unsigned adapt(const vsh_fit_facts *facts, vsh_axis *axis)
{
    unsigned fixed = 0;

    axis[AXIS_E].low *= facts->least_loss;
    axis[AXIS_E].high *= facts->least_loss;
    if (facts->vocab > 0) {
        axis[AXIS_L0] = (vsh_axis){-1, log(facts->vocab), log(facts->vocab), .steps = 1};
        fixed |= VSH_BIT(L0);
    } else {
        axis[AXIS_L0].low *= facts->most_loss;
        axis[AXIS_L0].high *= facts->most_loss;
    }
    if (!facts->repeats_vary) { /* then N^gamma/U^delta is told from nothing */
        axis[AXIS_GAMMA] = (vsh_axis){-1, 0, 0, .steps = 1};
        axis[AXIS_DELTA] = (vsh_axis){-1, 0, 0, .steps = 1};
        fixed |= VSH_BIT(C) | VSH_BIT(GAMMA) | VSH_BIT(DELTA);
    }
    return fixed;
}

static double target(const double *axis, double loss, double *weight)
{
    double above = loss - axis[AXIS_E], below = axis[AXIS_L0] - loss;

    *weight = below > 0 ? below * below / (above + below) / loss : 0;
    return above / below;
}

static void terms(const double *axis, const vsh_point *p, double *term)
{
    double unique = vsh_point_unique(p);

    term[0] = vsh_raised(p->params, -axis[AXIS_ALPHA]);
    term[1] = vsh_raised(p->tokens, -axis[AXIS_BETA]);
    term[2] = axis[AXIS_GAMMA] > 0
                  ? exp(axis[AXIS_GAMMA] * log(p->params) - axis[AXIS_DELTA] * log(unique))
                  : 0;
}

static void assemble(const double *axis, const double *factor, double *c)
{
    c[E] = axis[AXIS_E];
    c[L0] = axis[AXIS_L0];
    c[A] = factor[0];
    c[B] = factor[1];
    c[C] = factor[2];
    c[ALPHA] = axis[AXIS_ALPHA];
    c[BETA] = axis[AXIS_BETA];
    c[GAMMA] = axis[AXIS_GAMMA];
    c[DELTA] = axis[AXIS_DELTA];
}

const vsh_fittable vsh_fit_bounded = {
    .form = &vsh_form_bounded,
    .need = {{VSH_COUNT_PARAMS, 3, VSH_BIT(E) | VSH_BIT(A) | VSH_BIT(ALPHA)},
             {VSH_COUNT_TOKENS, 3, VSH_BIT(E) | VSH_BIT(B) | VSH_BIT(BETA)}},
    .axis_count = 6,
    .axis = {{E, 0.04, 0.99, .steps = 6},                /* of the least loss */
             {L0, 1.005, 10, .ratio = true, .steps = 5}, /* of the largest */
             {ALPHA, 0.04, 1.5, .ratio = true, .steps = 6},
             {BETA, 0.04, 1.5, .ratio = true, .steps = 6},
             {GAMMA, 0.1, 3, .ratio = true, .steps = 4},
             {DELTA, 0.1, 3, .ratio = true, .steps = 4}},
    .term_count = 3,
    .exponents = VSH_BIT(ALPHA) | VSH_BIT(BETA) | VSH_BIT(GAMMA) | VSH_BIT(DELTA),
    .optional = VSH_BIT(C) | VSH_BIT(GAMMA) | VSH_BIT(DELTA),
    .adapt = adapt,
    .target = target,
    .terms = terms,
    .assemble = assemble,
    .baseline = &vsh_form_chinchilla,
    .ignores = "the bound and overfitting"};
