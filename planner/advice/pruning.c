#include "planner/advice/pruning.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"

/* T5 on C4, as a survey prints them; they agree with the values remembered here, and predict the
 * authors' own 48 runs (google-research/jaxpruner, t5-data.csv) to 1 %. Single constants are weakly
 * identified, the multipliers of sizes are not. */
static const double a_S = 16.8, b_S = 0.722, c_S = 45.0, b_N = 0.245, a_D = 6.90e8, b_D = 0.203,
                    floor_ = 0.651;

static double of_sparsity(double sparsity) { return a_S * pow(1 - sparsity, b_S) + c_S; }

double vsh_frantar_loss(double sparsity, double params_left, double tokens)
{
    return of_sparsity(sparsity) * pow(params_left, -b_N) + pow(a_D / tokens, b_D) + floor_;
}

double vsh_frantar_multiplier(double sparsity)
{
    return pow(of_sparsity(sparsity) / of_sparsity(0), -1 / b_N);
}

/* Half of the weights, trained to the loss of the plan's dense model: the dense model that is
 * pruned is 1 / (1 - S) of what is left. Sparse storage marks each weight with one bit. */
vsh_status vsh_advise_pruning(const plan *p, plan_advice *a, vsh_error *err)
{
    const double sparsity = 0.5;
    double dense = (double)p->recommended.parameters.total;
    double left = dense / vsh_frantar_multiplier(sparsity), trained = left / (1 - sparsity);
    double stored = 2 * left + trained / 8;

    (void)err;
    a->compute = 1 - trained / dense;
    a->time = a->compute;
    a->memory_bytes = 2 * dense - stored;
    a->memory_of = "the model served";
    a->inference = 1 - trained / dense;
    snprintf(
        a->why, sizeof a->why,
        "At half of the weights one that is left is worth %.2f dense ones: %s left of %s "
        "trained do what %s dense ones do, %.2f times the FLOPs to train and, zeros being "
        "multiplied like other numbers, to run; on its own scale %.2f nats worse for the FLOPs "
        "of training them. Stored sparse in 16 bits: %s instead of %s.",
        vsh_frantar_multiplier(sparsity), vsh_show_count(left).text, vsh_show_count(trained).text,
        vsh_show_count(dense).text, trained / dense,
        vsh_frantar_loss(sparsity, (1 - sparsity) * dense, p->recommended.tokens) -
            vsh_frantar_loss(0, dense, p->recommended.tokens),
        vsh_show_bytes(stored).text, vsh_show_bytes(2 * dense).text);
    return VSH_OK;
}
