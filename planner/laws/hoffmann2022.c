/* Approach 3 of Hoffmann et al. 2022 with the unrounded exponents of the paper's TeX source. The
 * rounded ones (.34, .28) move the optimum from 24 to 34 tokens a parameter at 1.8e19 FLOP. */
#include "planner/laws/chinchilla.h"

const vsh_chinchilla vsh_hoffmann2022_form = {1.6933736809989528, 406.4010175194737,
                                              410.7228269450398, 0.33917084, 0.2849083};

static double loss(const vsh_point *p)
{
    return vsh_chinchilla_loss(&vsh_hoffmann2022_form, p->params, p->tokens);
}

static vsh_optimum optimum(double flops, double experts)
{
    (void)experts;
    return vsh_chinchilla_optimum(&vsh_hoffmann2022_form, flops);
}

const vsh_law vsh_hoffmann2022 = {.name = "hoffmann2022",
                                  .title = "Hoffmann 2022",
                                  .formula = "L = E + A/N^alpha + B/D^beta",
                                  .source =
                                      "arXiv:2203.15556 equation 10, unrounded from the TeX source",
                                  .corpus = "MassiveText, SentencePiece 32k",
                                  .range = "70 M - 16 B parameters, 5 B - 500 B tokens",
                                  .n_counts = VSH_N_TOTAL,
                                  .params_low = 70e6,
                                  .params_high = 16e9,
                                  .tokens_low = 5e9,
                                  .ratio_low = 1,
                                  .tokens_high = 500e9,
                                  .same_corpus = true,
                                  .coefficient = {{"E", 1.6933736809989528},
                                                  {"A", 406.4010175194737},
                                                  {"alpha", 0.33917084},
                                                  {"B", 410.7228269450398},
                                                  {"beta", 0.2849083}},
                                  .anchor_corpus = VSH_MASSIVETEXT,
    .loss = loss,
                                  .optimum = optimum};
