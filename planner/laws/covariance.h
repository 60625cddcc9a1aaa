/* A covariance matrix as the triangle that draws from it. */
#ifndef VSH_COVARIANCE_H
#define VSH_COVARIANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/json.h"
#include "planner/laws/form.h"

/* The lower Cholesky factor of a symmetric positive semidefinite matrix of count rows, row by row.
 * What a fit could not tell apart has no width: its column is zero. False when the matrix is not
 * positive semidefinite. */
bool vsh_covariance_factor(const double *matrix, int count,
                           double lower[VSH_COEFFICIENTS][VSH_COEFFICIENTS]);

/* The coefficient as a covariance counts it: "ln A", "alpha". */
void vsh_covariance_name(const vsh_form *form, int coefficient, char *room, size_t room_bytes);

/* "covariance_of": names, "covariance": rows, null for NULL. */
void vsh_covariance_json(const vsh_form *form, const double *matrix, vsh_json *json);

#endif
