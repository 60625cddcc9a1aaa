/* Least squares with factors that may not be negative: Lawson and Hanson 1974, "Solving Least
 * Squares Problems", chapter 23, on the normal equations of a few terms. */
#ifndef VSH_NONNEGATIVE_H
#define VSH_NONNEGATIVE_H

#include <stdbool.h>

enum { VSH_NONNEGATIVE_MAX = 4 };

/* Minimises x'Gx - 2 b'x over the x whose parts outside any_sign are at least 0. gram: G, row by
 * row, with VSH_NONNEGATIVE_MAX columns. False when G is singular among the parts that it needs. */
bool vsh_nonnegative_solve(int count, const double gram[][VSH_NONNEGATIVE_MAX], const double *b,
                           unsigned any_sign, double *x);

#endif
