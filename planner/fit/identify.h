/* What a set of runs cannot tell. */
#ifndef VSH_IDENTIFY_H
#define VSH_IDENTIFY_H

#include <stddef.h>

#include "core/arena.h"
#include "core/status.h"
#include "planner/fit/problem.h"

typedef struct {
    unsigned coefficients; /* bits of those that the runs do not tell; 0: all is well */
    char reason[400];      /* a sentence without its subject */
} vsh_unidentified;

/* "A, alpha and E": the coefficients whose bits are set. */
void vsh_coefficient_names(const vsh_form *form, unsigned coefficients, char *room,
                           size_t room_bytes);

/* By counting: too few runs, too few different sizes, one loss throughout. */
void vsh_identify_runs(const vsh_problem *problem, vsh_unidentified *found);

/* At a fit: a coefficient that moves no loss, some that only move them together (by the singular
 * values of the derivatives), an exponent at the end of its grid, or less sure than anything could
 * be made of. */
vsh_status vsh_identify_fit(vsh_arena *arena, const vsh_problem *problem, const double *c,
                            vsh_unidentified *found, vsh_error *err);

#endif
