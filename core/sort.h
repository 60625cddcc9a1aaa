/* Numbers in ascending order, and what stands at a share of them. */
#ifndef VSH_SORT_H
#define VSH_SORT_H

#include <stdint.h>

/* In place; none is NaN. */
void vsh_sort_reals(double *values, int64_t count);
/* Of count > 0 in ascending order: 0 the least, 1 the most; between the two nearest. Infinite ones
 * stand for themselves. */
double vsh_quantile(const double *sorted, int64_t count, double share);

#endif
