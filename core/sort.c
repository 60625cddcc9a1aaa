#include "core/sort.h"

#include <math.h>
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

double vsh_quantile(const double *sorted, int64_t count, double share)
{
    double at = share * (double)(count - 1), past = at - floor(at);
    int64_t below = (int64_t)at, above = below + 1 < count ? below + 1 : below;

    if (past == 0 || sorted[below] == sorted[above])
        return sorted[below];
    return (1 - past) * sorted[below] + past * sorted[above];
}
