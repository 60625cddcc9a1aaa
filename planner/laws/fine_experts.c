#include "planner/laws/fine_experts.h"

#include <math.h>

#include "planner/laws/krajewski2024.h"
#include "planner/laws/one_dimension.h"

enum { HALVINGS = 50 };

static vsh_optimum best(double flops, double granularity)
{
    return vsh_law_optimum(&vsh_krajewski2024, flops,
                           &(vsh_point){.experts = granularity > 0 ? VSH_KRAJEWSKI_EXPERTS : 1,
                                        .granularity = granularity});
}

static double loss_of_budget(const void *context, double flops)
{
    const double *granularity = context;

    return best(flops, *granularity).loss;
}

/* The compute with which the best model of a granularity (0: dense) reaches a loss. */
static double flops_to(double loss, double flops, double granularity)
{
    return vsh_crossing(flops * exp(-12), flops * exp(12), HALVINGS, loss, loss_of_budget,
                        &granularity);
}

vsh_fine_row vsh_fine_experts(double flops, double granularity, double total_max)
{
    vsh_optimum at = best(flops, granularity);
    vsh_point point = {at.params, at.tokens, 0, VSH_KRAJEWSKI_EXPERTS, granularity};
    vsh_fine_row row = {.granularity = granularity,
                        .params_active = at.params / vsh_krajewski_total_per_active(),
                        .params_total = at.params,
                        .tokens = at.tokens,
                        .loss = at.loss,
                        .fits = total_max == 0 || at.params <= total_max};

    row.saving = 1 - flops_to(best(flops, 0).loss, flops, granularity) / flops;
    row.dense_times = flops_to(at.loss, flops, 0) / flops;
    row.valid = vsh_law_valid(&vsh_krajewski2024, &point, row.reason, (int)sizeof row.reason);
    return row;
}
