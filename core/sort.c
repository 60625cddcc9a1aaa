#include "core/sort.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void vsh_sort_reals(double *values, int64_t count)
{
    if (count > 0)
        qsort(values, (size_t)count, sizeof *values, by_value);
}
