/* The default: Besiroglu et al. 2024 refitted the runs of Hoffmann et al. and found coefficients
 * that agree with the other two approaches of that paper. */
#include "planner/laws/chinchilla.h"

const vsh_chinchilla vsh_besiroglu2024_form = {1.8172, 482.01, 2085.43, 0.3478, 0.3658};

static double loss(const vsh_point *p)
{
    return vsh_chinchilla_loss(&vsh_besiroglu2024_form, p->params, p->tokens);
}

static vsh_optimum optimum(double flops, double experts)
{
    (void)experts;
    return vsh_chinchilla_optimum(&vsh_besiroglu2024_form, flops);
}

const vsh_law vsh_besiroglu2024 = {
    .name = "besiroglu2024",
    .title = "Besiroglu 2024",
    .formula = "L = E + A/N^alpha + B/D^beta",
    .source = "arXiv:2404.10102, epoch-research/analyzing-chinchilla@9225883",
    .corpus = "MassiveText, SentencePiece 32k",
    .range = "57 M - 16.2 B parameters, 0.25 B - 318 B tokens, 1.4e18 - 1.3e22 FLOP",
    .n_counts = VSH_N_TOTAL,
    .params_low = 57e6,
    .params_high = 16.2e9,
    .tokens_low = 0.25e9,
    .ratio_low = 1,
    .tokens_high = 318e9,
    .same_corpus = true,
    .residual_sd = 0.0075, /* of 240 runs about the refit; docs/model.md */
    .coefficient = {{"E", 1.8172, 0.026},
                    {"A", 482.01, 124.5},
                    {"alpha", 0.3478, 0.015},
                    {"B", 2085.43, 1293},
                    {"beta", 0.3658, 0.021}},
    .anchor_corpus = VSH_MASSIVETEXT,
    .loss = loss,
    .optimum = optimum};
