/* How a form is fitted: which of its coefficients a grid is laid over, and the terms in which the
 * others are linear. */
#ifndef VSH_FITTABLE_H
#define VSH_FITTABLE_H

#include <stdbool.h>

#include "planner/laws/form.h"

enum { VSH_AXES = 8, VSH_TERMS = 4, VSH_FIT_NEEDS = 4 };

/* A number that the prediction is not linear in, and the values of it that are tried. */
typedef struct {
    unsigned tells; /* bits of the coefficients that it decides */
    double low, high;
    bool ratio; /* steps are factors */
    bool of_least_loss, of_most_loss; /* low and high are shares of the least, of the largest loss */
    int steps;
} vsh_axis;

/* What is needed of a column before coefficients can be told. */
typedef enum { VSH_COLUMN_PARAMS, VSH_COLUMN_TOKENS, VSH_COLUMN_UNIQUE, VSH_COLUMN_EXPERTS } vsh_column;

typedef struct {
    vsh_column column;
    int distinct;   /* different values at least; 0 closes the list */
    unsigned tells; /* the coefficients */
} vsh_fit_need;

typedef struct {
    const vsh_form *form;
    vsh_fit_need need[VSH_FIT_NEEDS + 1];
    int axis_count;
    vsh_axis axis[VSH_AXES];
    int term_count;
    unsigned signed_terms;     /* bits of the terms whose factor may be negative */
    unsigned hides[VSH_TERMS]; /* the coefficients that a term with the factor 0 does not tell */
    unsigned exponents;        /* coefficients that say nothing unless they differ from 0 */
    /* sum over terms of factor x term = target, for axes at these values. *weight is
     * |d ln L / d target|, so that weighted residuals are about those of ln L; 0: left out. */
    double (*target)(const double *axis, double loss, double *weight);
    void (*terms)(const double *axis, const vsh_point *point, double *term);
    void (*assemble)(const double *axis, const double *factor, double *c);
    /* ln L and its derivatives, by ln of the positive coefficients; NULL: of form->loss, by
     * differences. */
    double (*log_loss)(const double *c, const vsh_point *point, double *slope);
    /* What the form adds to this one; NULL: nothing to compare with. */
    const vsh_form *baseline;
    const char *ignores;
} vsh_fittable;

/* NULL for a form that is not fitted. */
const vsh_fittable *vsh_fittable_find(const vsh_form *form);

/* What others add to: L = E + K/C^gamma, C = 6 N D, and log10 L = a log10 N + d. */
extern const vsh_form vsh_form_compute, vsh_form_size;

#endif
