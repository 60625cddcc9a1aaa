#include "planner/fit/fittable.h"

#include <math.h>
#include <stddef.h>

#include "planner/laws/chinchilla.h"

#define BIT(i) (1U << (i))

/* Exponents of every published law lie between .03 (Kaplan's, of compute) and .6 (Abnar's). */
#define EXPONENT_LOW 0.02
#define EXPONENT_HIGH 1.5

/* ---- terms that add up to the loss itself ---------------------------------------------------- */

static double loss_itself(const double *axis, double loss, double *weight)
{
    (void)axis;
    *weight = 1 / loss;
    return loss;
}

static double power(double base, double exponent) { return exp(exponent * log(base)); }

/* ---- chinchilla ------------------------------------------------------------------------------ */

enum { E, A, B, ALPHA, BETA };

static void chinchilla_terms(const double *axis, const vsh_point *p, double *term)
{
    term[0] = 1;
    term[1] = power(p->params, -axis[0]);
    term[2] = power(p->tokens, -axis[1]);
}

static void chinchilla_assemble(const double *axis, const double *factor, double *c)
{
    c[E] = factor[0];
    c[A] = factor[1];
    c[B] = factor[2];
    c[ALPHA] = axis[0];
    c[BETA] = axis[1];
}

/* The published objective's log-sum-exp: ln L = LSE(ln E, ln A - alpha ln N, ln B - beta ln D). */
static double chinchilla_log_loss(const double *c, const vsh_point *p, double *slope)
{
    double ln_n = log(p->params), ln_d = log(p->tokens);
    double e = log(c[E]), a = log(c[A]) - c[ALPHA] * ln_n, b = log(c[B]) - c[BETA] * ln_d;
    double top = fmax(e, fmax(a, b));
    double share_e = exp(e - top), share_a = exp(a - top), share_b = exp(b - top);
    double sum = share_e + share_a + share_b;

    slope[E] = share_e / sum;
    slope[A] = share_a / sum;
    slope[B] = share_b / sum;
    slope[ALPHA] = -ln_n * slope[A];
    slope[BETA] = -ln_d * slope[B];
    return top + log(sum);
}

/* ---- what others add to ---------------------------------------------------------------------- */

static double compute_loss(const double *c, const vsh_point *p)
{
    return c[0] + c[1] * power(6 * p->params * p->tokens, -c[2]);
}

const vsh_form vsh_form_compute = {.name = "compute",
                                   .formula = "L = E + K/C^gamma, C = 6 N D",
                                   .coefficient = {"E", "K", "gamma"},
                                   .positive = BIT(0) | BIT(1),
                                   .loss = compute_loss};

static void compute_terms(const double *axis, const vsh_point *p, double *term)
{
    term[0] = 1;
    term[1] = power(6 * p->params * p->tokens, -axis[0]);
}

static void compute_assemble(const double *axis, const double *factor, double *c)
{
    c[0] = factor[0];
    c[1] = factor[1];
    c[2] = axis[0];
}

static double size_loss(const double *c, const vsh_point *p)
{
    return pow(10, c[0] * log10(p->params) + c[1]);
}

const vsh_form vsh_form_size = {.name = "size",
                                .formula = "log10 L = a log10 N + d",
                                .coefficient = {"a", "d"},
                                .no_tokens = true,
                                .loss = size_loss};

static double log10_of_loss(const double *axis, double loss, double *weight)
{
    (void)axis;
    *weight = log(10);
    return log10(loss);
}

static void size_terms(const double *axis, const vsh_point *p, double *term)
{
    (void)axis;
    term[0] = log10(p->params);
    term[1] = 1;
}

static void size_assemble(const double *axis, const double *factor, double *c)
{
    (void)axis;
    c[0] = factor[0];
    c[1] = factor[1];
}

/* ---- the table ------------------------------------------------------------------------------- */

static const vsh_fittable fittables[] = {
    {.form = &vsh_form_chinchilla,
     .need = {{VSH_COLUMN_PARAMS, 3, BIT(E) | BIT(A) | BIT(ALPHA)},
              {VSH_COLUMN_TOKENS, 3, BIT(E) | BIT(B) | BIT(BETA)}},
     .axis_count = 2,
     .axis = {{BIT(ALPHA), EXPONENT_LOW, EXPONENT_HIGH, .ratio = true, .steps = 24},
              {BIT(BETA), EXPONENT_LOW, EXPONENT_HIGH, .ratio = true, .steps = 24}},
     .term_count = 3,
     .hides = {BIT(E), BIT(A) | BIT(ALPHA), BIT(B) | BIT(BETA)},
     .exponents = BIT(ALPHA) | BIT(BETA),
     .target = loss_itself,
     .terms = chinchilla_terms,
     .assemble = chinchilla_assemble,
     .log_loss = chinchilla_log_loss,
     .baseline = &vsh_form_compute,
     .ignores = "how compute is shared between parameters and tokens"},
    {.form = &vsh_form_compute,
     .axis_count = 1,
     .axis = {{BIT(2), EXPONENT_LOW / 2, EXPONENT_HIGH, .ratio = true, .steps = 60}},
     .term_count = 2,
     .hides = {BIT(0), BIT(1) | BIT(2)},
     .exponents = BIT(2),
     .target = loss_itself,
     .terms = compute_terms,
     .assemble = compute_assemble},
    {.form = &vsh_form_size,
     .term_count = 2,
     .signed_terms = BIT(0) | BIT(1),
     .target = log10_of_loss,
     .terms = size_terms,
     .assemble = size_assemble},
};

const char *const vsh_fit_words[] = {"chinchilla", NULL};

const vsh_fittable *vsh_fittable_find(const vsh_form *form)
{
    for (size_t i = 0; i < sizeof fittables / sizeof fittables[0]; i++)
        if (fittables[i].form == form)
            return &fittables[i];
    return NULL;
}
