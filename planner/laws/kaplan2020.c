/* Kaplan et al. 2020: N without embeddings. Its joint law is of runs trained to early stopping, so
 * it gives no loss for the compute-efficient run; the optimum comes from its own sizing law. */
#include <math.h>

#include "planner/laws/law.h"

#define FLOPS_PF_DAY (1e15 * 86400.0)

/* Table 2, equation 1.5: L(N, D) = [(N_c/N)^(alpha_N/alpha_D) + D_c/D]^alpha_D */
static double loss(const vsh_point *p)
{
    return pow(pow(6.4e13 / p->params, 0.076 / 0.103) + 1.8e13 / p->tokens, 0.103);
}

/* Table 6: N_opt = 1.3e9 C_min^0.73, C_min in PF-days; D from C = 6 N D. */
static vsh_optimum optimum(double flops, double experts)
{
    double params = 1.3e9 * pow(flops / FLOPS_PF_DAY, 0.73);

    (void)experts;
    return (vsh_optimum){params, flops / 6 / params, NAN};
}

const vsh_law vsh_kaplan2020 = {
    .name = "kaplan2020",
    .title = "Kaplan 2020",
    .formula = "L = [(N_c/N)^(a_N/a_D) + D_c/D]^a_D;  N* = 1.3e9 C^0.73, C in PF-days",
    .source = "arXiv:2001.08361 equation 1.5 with tables 2 and 6",
    .corpus = "WebText2, GPT-2 BPE 50257",
    .range = "0.8 k - 1.5 B non-embedding parameters, 22 M - 23 B tokens",
    .n_counts = VSH_N_NON_EMBEDDING,
    .params_low = 768,
    .params_high = 1.5e9,
    .tokens_low = 22e6,
    .tokens_high = 23e9,
    .coefficient = {{"N_c", 6.4e13},
                    {"a_N", 0.076},
                    {"D_c", 1.8e13},
                    {"a_D", 0.103},
                    {"N_e", 1.3e9},
                    {"p_N", 0.73}},
    .anchor_corpus = VSH_ANY_CORPUS,
    .loss = loss,
    .optimum = optimum};
