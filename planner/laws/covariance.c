#include "planner/laws/covariance.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

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

void vsh_covariance_name(const vsh_form *form, int coefficient, char *room, size_t room_bytes)
{
    snprintf(room, room_bytes, "%s%s", form->positive & 1U << coefficient ? "ln " : "",
             form->coefficient[coefficient]);
}

void vsh_covariance_json(const vsh_form *form, const double *matrix, vsh_json *json)
{
    int count = vsh_form_count(form);

    vsh_json_array(json, "covariance_of");
    for (int i = 0; i < count; i++) {
        char name[40];
        vsh_covariance_name(form, i, name, sizeof name);
        vsh_json_string(json, NULL, name);
    }
    vsh_json_end(json);
    if (!matrix) {
        vsh_json_null(json, "covariance");
        return;
    }
    vsh_json_array(json, "covariance");
    for (int i = 0; i < count; i++) {
        vsh_json_array(json, NULL);
        for (int j = 0; j < count; j++)
            vsh_json_real(json, NULL, matrix[i * count + j]);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}
