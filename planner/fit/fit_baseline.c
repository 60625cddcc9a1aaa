/* The laws that a fitted one is compared with: they ignore what it adds. */
#include "planner/fit/fittable.h"

enum { E, K, GAMMA };

static double compute_loss(const double *c, const vsh_point *p)
{
    return c[E] + c[K] * vsh_raised(6 * p->params * p->tokens, -c[GAMMA]);
}

const vsh_form vsh_form_compute = {.name = "compute",
                                   .formula = "L = E + K/C^gamma, C = 6 N D",
                                   .coefficient = {"E", "K", "gamma"},
                                   .positive = VSH_BIT(E) | VSH_BIT(K),
                                   .loss = compute_loss};

static void compute_terms(const double *axis, const vsh_point *p, double *term)
{
    term[0] = 1;
    term[1] = vsh_raised(6 * p->params * p->tokens, -axis[0]);
}

static void compute_assemble(const double *axis, const double *factor, double *c)
{
    c[E] = factor[0];
    c[K] = factor[1];
    c[GAMMA] = axis[0];
}

const vsh_fittable vsh_fit_compute = {
    .form = &vsh_form_compute,
    .axis_count = 1,
    .axis = {{GAMMA, VSH_EXPONENT_LOW / 2, VSH_EXPONENT_HIGH, .ratio = true, .steps = 60}},
    .term_count = 2,
    .exponents = VSH_BIT(GAMMA),
    .target = vsh_target_loss,
    .terms = compute_terms,
    .assemble = compute_assemble};

enum { SLOPE, LEVEL };

static double size_loss(const double *c, const vsh_point *p)
{
    return pow(10, c[SLOPE] * log10(p->params) + c[LEVEL]);
}

const vsh_form vsh_form_size = {.name = "size",
                                .formula = "log10 L = a log10 N + d",
                                .coefficient = {"a", "d"},
                                .no_tokens = true,
                                .loss = size_loss};

static void size_terms(const double *axis, const vsh_point *p, double *term)
{
    (void)axis;
    term[0] = log10(p->params);
    term[1] = 1;
}

static void size_assemble(const double *axis, const double *factor, double *c)
{
    (void)axis;
    c[SLOPE] = factor[0];
    c[LEVEL] = factor[1];
}

const vsh_fittable vsh_fit_size = {.form = &vsh_form_size,
                                   .term_count = 2,
                                   .signed_terms = VSH_BIT(0) | VSH_BIT(1),
                                   .target = vsh_target_log10,
                                   .terms = size_terms,
                                   .assemble = size_assemble};
