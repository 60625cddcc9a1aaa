#include "trainer/tasks/proportion.h"

#include <assert.h>
#include <math.h>

vsh_proportion vsh_wilson(double right, int64_t count)
{
    const double z = 1.959963984540054; /* the normal distribution's 97.5 % */
    double n = (double)count, p = right / n, share = z * z / n;
    double centre = (p + share / 2) / (1 + share);
    double half = z / (1 + share) * sqrt(p * (1 - p) / n + share / (4 * n));

    assert(count > 0 && right >= 0 && right <= n);
    return (vsh_proportion){p, right > 0 ? centre - half : 0, right < n ? centre + half : 1};
}
