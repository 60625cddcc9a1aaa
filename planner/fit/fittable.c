#include "planner/fit/fittable.h"

#include <stddef.h>

static const vsh_fittable *const fittables[] = {
    &vsh_fit_chinchilla,    &vsh_fit_tied,    &vsh_fit_repeated,
    &vsh_fit_bounded,       &vsh_fit_routed,  &vsh_fit_kaplan,
    &vsh_fit_joint_experts, &vsh_fit_compute, &vsh_fit_size};

const char *const vsh_fit_words[] = {"chinchilla", "tied",   "repeated",      "bounded",
                                     "routed",     "kaplan", "joint-experts", NULL};

const vsh_fittable *vsh_fittable_find(const vsh_form *form)
{
    for (size_t i = 0; i < sizeof fittables / sizeof fittables[0]; i++)
        if (fittables[i]->form == form)
            return fittables[i];
    return NULL;
}

double vsh_target_loss(const double *axis, double loss, double *weight)
{
    (void)axis;
    *weight = 1 / loss;
    return loss;
}

double vsh_target_log10(const double *axis, double loss, double *weight)
{
    (void)axis;
    *weight = log(10);
    return log10(loss);
}
