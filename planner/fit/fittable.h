/* How a form is fitted: which of its coefficients a grid is laid over, and the terms in which the
 * others are linear. */
#ifndef VSH_FITTABLE_H
#define VSH_FITTABLE_H

#include <math.h>
#include <stdbool.h>

#include "planner/laws/form.h"

enum { VSH_AXES = 8, VSH_TERMS = 4, VSH_FIT_NEEDS = 4 };

/* A number that the prediction is not linear in, and the values of it that are tried. */
typedef struct {
    int coefficient; /* that it is; -1: it only decides some */
    double low, high;
    bool ratio; /* steps are factors */
    int steps;  /* 1: only the middle is tried, and the descent finds the rest */
} vsh_axis;

/* What can be counted of the runs. */
typedef enum {
    VSH_COUNT_PARAMS,
    VSH_COUNT_TOKENS,
    VSH_COUNT_REPEATS, /* tokens over unique tokens */
    VSH_COUNT_EXPERTS
} vsh_count_of;

/* So many different values at least tell these coefficients; 0 closes the list. */
typedef struct {
    vsh_count_of of;
    int distinct;
    unsigned tells;
} vsh_fit_need;

/* What the values of some axes depend on. */
typedef struct {
    double least_loss, most_loss;
    double vocab;      /* 0: not known */
    bool repeats_vary; /* some runs see tokens again, more than once or less than others */
} vsh_fit_facts;

typedef struct {
    const vsh_form *form;
    vsh_fit_need need[VSH_FIT_NEEDS + 1];
    int axis_count;
    vsh_axis axis[VSH_AXES];
    int term_count;
    unsigned signed_terms; /* bits of the terms whose factor may be negative */
    unsigned exponents;    /* coefficients that say nothing unless they differ from 0 */
    unsigned optional;     /* coefficients that are left out when the runs do not tell them */
    /* Completes the axes; returns the bits of the coefficients that are then not fitted. */
    unsigned (*adapt)(const vsh_fit_facts *facts, vsh_axis *axis);
    /* sum over terms of factor x term = target, for axes at these values. *weight is
     * |d ln L / d target|, so that weighted residuals are about those of ln L; 0: left out. */
    double (*target)(const double *axis, double loss, double *weight);
    void (*terms)(const double *axis, const vsh_point *point, double *term);
    void (*assemble)(const double *axis, const double *factor, double *c);
    /* ln L and its derivatives, by ln of the positive coefficients; NULL: of form->loss, by
     * differences. */
    double (*log_loss)(const double *c, const vsh_point *point, double *slope);
    /* Coefficients that follow from the others; their bits. */
    unsigned derived;
    void (*derive)(double *c);
    const vsh_form *baseline; /* what it adds to; NULL: nothing to compare with */
    const char *ignores;      /* what that one does not know */
} vsh_fittable;

/* NULL for a form that is not fitted. */
const vsh_fittable *vsh_fittable_find(const vsh_form *form);

extern const vsh_fittable vsh_fit_chinchilla, vsh_fit_tied, vsh_fit_repeated, vsh_fit_bounded,
    vsh_fit_routed, vsh_fit_kaplan, vsh_fit_joint_experts, vsh_fit_compute, vsh_fit_size;

/* What others add to: L = E + K/C^gamma with C = 6 N D, and log10 L = a log10 N + d. */
extern const vsh_form vsh_form_compute, vsh_form_size;

/* Exponents of the published laws lie between .05 (Kaplan, of compute) and .6 (Abnar). */
#define VSH_EXPONENT_LOW 0.02
#define VSH_EXPONENT_HIGH 1.5

/* The target of terms that add up to the loss. */
double vsh_target_loss(const double *axis, double loss, double *weight);
/* Of terms that add up to its logarithm to the base 10. */
double vsh_target_log10(const double *axis, double loss, double *weight);

static inline double vsh_raised(double base, double exponent) { return exp(exponent * log(base)); }

#define VSH_BIT(i) (1U << (i))

#endif
