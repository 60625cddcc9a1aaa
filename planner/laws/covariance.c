#include "planner/laws/covariance.h"

#include <assert.h>
#include <math.h>

/* Rounding of a sum of a dozen products, as a share of the variance it is part of. */
#define ROUNDING 1e-12

bool vsh_covariance_factor(const double *matrix, int count,
                           double lower[VSH_COEFFICIENTS][VSH_COEFFICIENTS])
{
    assert(count <= VSH_COEFFICIENTS);
    for (int j = 0; j < count; j++) {
        double variance = matrix[j * count + j], pivot = variance;
        for (int k = 0; k < j; k++)
            pivot -= lower[j][k] * lower[j][k];
        if (!(variance >= 0) || pivot < -1e-9 * variance)
            return false;
        lower[j][j] = pivot > ROUNDING * variance ? sqrt(pivot) : 0;
        for (int i = j + 1; i < count; i++) {
            double rest = matrix[i * count + j];
            for (int k = 0; k < j; k++)
                rest -= lower[i][k] * lower[j][k];
            /* without a pivot nothing may be left beneath it but the root of the rounding */
            if (lower[j][j] == 0 && fabs(rest) > 1e-5 * sqrt(variance * matrix[i * count + i]))
                return false;
            lower[i][j] = lower[j][j] > 0 ? rest / lower[j][j] : 0;
            lower[j][i] = 0;
        }
    }
    return true;
}
