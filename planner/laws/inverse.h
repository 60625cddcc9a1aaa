/* A law asked backwards: what a loss needs. */
#ifndef VSH_INVERSE_H
#define VSH_INVERSE_H

#include "planner/laws/form.h"

/* The loss that no size and no data undercut: that of endless parameters and tokens. */
double vsh_form_floor(const vsh_form *form, const double *c, const vsh_point *given);

/* Tokens on which so many parameters (given->params) reach the loss; infinite when none do. */
double vsh_form_tokens_for(const vsh_form *form, const double *c, const vsh_point *given,
                           double loss);

/* The least compute 6 N D that reaches the loss, and its N and D; with given->params, at that size.
 * Infinite compute when none does, or when the form says no loss of an optimum. */
typedef struct {
    double params, tokens, flops;
} vsh_need;

vsh_need vsh_form_need(const vsh_form *form, const double *c, const vsh_point *given, double loss);

#endif
