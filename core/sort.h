/* Numbers in ascending order. */
#ifndef VSH_SORT_H
#define VSH_SORT_H

#include <stdint.h>

/* In place; none is NaN. */
void vsh_sort_reals(double *values, int64_t count);

#endif
