#include "planner/fit/nonnegative.h"

#include <math.h>

/* Gaussian elimination by Cholesky over the parts in the set; false when they do not determine it.
 */
static bool solve_set(int count, const double gram[][VSH_NONNEGATIVE_MAX], const double *b,
                      unsigned set, double *x)
{
    double factor[VSH_NONNEGATIVE_MAX][VSH_NONNEGATIVE_MAX], y[VSH_NONNEGATIVE_MAX];
    int part[VSH_NONNEGATIVE_MAX], n = 0;

    for (int i = 0; i < count; i++) {
        x[i] = 0;
        if (set & 1U << i)
            part[n++] = i;
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = gram[part[i]][part[j]];
            for (int k = 0; k < j; k++)
                sum -= factor[i][k] * factor[j][k];
            if (i == j && !(sum > 1e-15 * gram[part[i]][part[i]]))
                return false;
            factor[i][j] = i == j ? sqrt(sum) : sum / factor[j][j];
        }
        y[i] = b[part[i]];
        for (int k = 0; k < i; k++)
            y[i] -= factor[i][k] * y[k];
        y[i] /= factor[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            y[i] -= factor[k][i] * y[k];
        y[i] /= factor[i][i];
        x[part[i]] = y[i];
    }
    return true;
}

/* The part outside the set that would fall fastest; -1 when none would. */
static int most_wanted(int count, const double gram[][VSH_NONNEGATIVE_MAX], const double *b,
                       unsigned set, const double *x)
{
    double most = 1e-12;
    int wanted = -1;

    for (int i = 0; i < count; i++) {
        double pull = b[i], scale = sqrt(gram[i][i]);
        if (set & 1U << i || !(scale > 0))
            continue;
        for (int j = 0; j < count; j++)
            pull -= gram[i][j] * x[j];
        if (pull / scale > most) {
            most = pull / scale;
            wanted = i;
        }
    }
    return wanted;
}

/* Walks from x towards the solution over the set until a part is 0, which then leaves it. */
static bool walk(int count, const double *solution, unsigned any_sign, unsigned *set, double *x)
{
    double share = 1;

    for (int i = 0; i < count; i++)
        if (*set & ~any_sign & 1U << i && solution[i] <= 0)
            share = fmin(share, x[i] / (x[i] - solution[i]));
    for (int i = 0; i < count; i++) {
        x[i] += share * (solution[i] - x[i]);
        if (*set & ~any_sign & 1U << i && solution[i] <= 0 &&
            x[i] <= 1e-300 + 1e-14 * fabs(solution[i])) {
            x[i] = 0;
            *set &= ~(1U << i);
        }
    }
    return share < 1;
}

bool vsh_nonnegative_solve(int count, const double gram[][VSH_NONNEGATIVE_MAX], const double *b,
                           unsigned any_sign, double *x)
{
    double solution[VSH_NONNEGATIVE_MAX];
    unsigned set = any_sign & ((1U << count) - 1);

    for (int i = 0; i < count; i++)
        x[i] = 0;
    if (set && !solve_set(count, gram, b, set, x))
        return false;
    for (int round = 0; round < 3 * VSH_NONNEGATIVE_MAX; round++) {
        int wanted = most_wanted(count, gram, b, set, x);
        if (wanted < 0)
            return true;
        set |= 1U << wanted;
        do
            if (!solve_set(count, gram, b, set, solution))
                return false;
        while (walk(count, solution, any_sign, &set, x));
    }
    return true;
}
