/* L = E + A/N^alpha + B/D^beta, and the same with one exponent. */
#include "planner/fit/fittable.h"
#include "planner/laws/chinchilla.h"

enum { E, A, B, ALPHA, BETA };

/* The published objective's log-sum-exp: ln L = LSE(ln E, ln A - alpha ln N, ln B - beta ln D). */
static double log_loss(const double *c, const vsh_point *p, double beta, double *slope,
                       double slope_of_exponent[2])
{
    double ln_n = log(p->params), ln_d = log(p->tokens);
    double e = log(c[E]), a = log(c[A]) - c[ALPHA] * ln_n, b = log(c[B]) - beta * ln_d;
    double top = fmax(e, fmax(a, b));
    double share_e = exp(e - top), share_a = exp(a - top), share_b = exp(b - top);
    double sum = share_e + share_a + share_b;

    slope[E] = share_e / sum;
    slope[A] = share_a / sum;
    slope[B] = share_b / sum;
    slope_of_exponent[0] = -ln_n * slope[A];
    slope_of_exponent[1] = -ln_d * slope[B];
    return top + log(sum);
}

static double chinchilla_log_loss(const double *c, const vsh_point *p, double *slope)
{
    return log_loss(c, p, c[BETA], slope, slope + ALPHA);
}

static double tied_log_loss(const double *c, const vsh_point *p, double *slope)
{
    double of_exponent[2], value = log_loss(c, p, c[ALPHA], slope, of_exponent);

    slope[ALPHA] = of_exponent[0] + of_exponent[1];
    return value;
}

static void chinchilla_terms(const double *axis, const vsh_point *p, double *term)
{
    term[0] = 1;
    term[1] = vsh_raised(p->params, -axis[0]);
    term[2] = vsh_raised(p->tokens, -axis[1]);
}

static void tied_terms(const double *axis, const vsh_point *p, double *term)
{
    const double both[] = {axis[0], axis[0]};

    chinchilla_terms(both, p, term);
}

static void tied_assemble(const double *axis, const double *factor, double *c)
{
    c[E] = factor[0];
    c[A] = factor[1];
    c[B] = factor[2];
    c[ALPHA] = axis[0];
}

static void chinchilla_assemble(const double *axis, const double *factor, double *c)
{
    tied_assemble(axis, factor, c);
    c[BETA] = axis[1];
}

#define EXPONENT VSH_EXPONENT_LOW, VSH_EXPONENT_HIGH, .ratio = true

const vsh_fittable vsh_fit_chinchilla = {
    .form = &vsh_form_chinchilla,
    .need = {{VSH_COUNT_PARAMS, 3, VSH_BIT(E) | VSH_BIT(A) | VSH_BIT(ALPHA)},
             {VSH_COUNT_TOKENS, 3, VSH_BIT(E) | VSH_BIT(B) | VSH_BIT(BETA)}},
    .axis_count = 2,
    .axis = {{ALPHA, EXPONENT, .steps = 24}, {BETA, EXPONENT, .steps = 24}},
    .term_count = 3,
    .exponents = VSH_BIT(ALPHA) | VSH_BIT(BETA),
    .target = vsh_target_loss,
    .terms = chinchilla_terms,
    .assemble = chinchilla_assemble,
    .log_loss = chinchilla_log_loss,
    .baseline = &vsh_form_compute,
    .ignores = "how compute is shared between parameters and tokens"};

const vsh_fittable vsh_fit_tied = {
    .form = &vsh_form_tied,
    .need = {{VSH_COUNT_PARAMS, 2, VSH_BIT(A)}, {VSH_COUNT_TOKENS, 2, VSH_BIT(B)}},
    .axis_count = 1,
    .axis = {{ALPHA, EXPONENT, .steps = 60}},
    .term_count = 3,
    .exponents = VSH_BIT(ALPHA),
    .target = vsh_target_loss,
    .terms = tied_terms,
    .assemble = tied_assemble,
    .log_loss = tied_log_loss,
    .baseline = &vsh_form_compute,
    .ignores = "over-training: how compute is shared between parameters and tokens"};
