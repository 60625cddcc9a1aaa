#include "trainer/tasks/proportion.h"

#include <assert.h>
#include <math.h>

/* The normal distribution's 97.5 %. */
static const double z = 1.959963984540054;

/* For count answers, which may be no whole number. */
static vsh_proportion wilson(double p, double n)
{
    double share = z * z / n, centre = (p + share / 2) / (1 + share);
    double half = z / (1 + share) * sqrt(p * (1 - p) / n + share / (4 * n));

    return (vsh_proportion){p, p > 0 ? centre - half : 0, p < 1 ? centre + half : 1};
}

vsh_proportion vsh_wilson(double right, int64_t count)
{
    assert(count > 0 && right >= 0 && right <= (double)count);
    return wilson(right / (double)count, (double)count);
}

/* ---- groups ------------------------------------------------------------------------------- */

static void close_group(vsh_tally *t)
{
    t->right += t->group_right;
    t->right_squares += t->group_right * t->group_right;
    t->products += t->group_right * t->group_count;
    t->count_squares += t->group_count * t->group_count;
    t->groups += t->group_count > 0;
    t->group_right = t->group_count = 0;
}

void vsh_tally_add(vsh_tally *t, bool begins, double right)
{
    assert(right >= 0 && right <= 1);
    if (begins)
        close_group(t);
    t->group_right += right;
    t->group_count++;
    t->count++;
}

/* Student's 97.5 % (Abramowitz and Stegun 26.7.5); of one degree 9.7, where 12.7 is right. */
static double student(double degrees)
{
    double z2 = z * z;

    return z + z * (z2 + 1) / (4 * degrees) +
           z * ((5 * z2 + 16) * z2 + 3) / (96 * degrees * degrees) +
           z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * degrees * degrees * degrees);
}

/* Independent answers that would say as much: the share is a ratio of sums over groups, with the
 * variance of their residuals (Cochran 1977, "Sampling Techniques", equation 6.4). */
static double effective(const vsh_tally *t, double p)
{
    double n = (double)t->count, groups = (double)t->groups, variance, count;

    if (p <= 0 || p >= 1 || t->groups < 2)
        return groups;
    variance = t->right_squares - 2 * p * t->products + p * p * t->count_squares;
    variance *= groups / (groups - 1) / (n * n);
    if (variance * n <= p * (1 - p)) /* also when rounding leaves less than nothing */
        return n;
    count = p * (1 - p) / variance * pow(z / student(groups - 1), 2);
    return count < n ? count : n;
}

vsh_proportion vsh_tally_interval(vsh_tally t)
{
    double p;

    close_group(&t);
    assert(t.count > 0);
    p = t.right / (double)t.count;
    return wilson(p, t.groups == t.count ? (double)t.count : effective(&t, p));
}
