/* Kaplan et al. 2020: N without embeddings. Its joint law is of runs trained to early stopping, so
 * it gives no loss for the compute-efficient run; the optimum comes from its own sizing law. */
#include <math.h>

#include "planner/laws/law.h"

#define FLOPS_PF_DAY (1e15 * 86400.0)

enum { N_C, A_N, D_C, A_D, N_E, P_N };

/* Table 2, equation 1.5: L(N, D) = [(N_c/N)^(alpha_N/alpha_D) + D_c/D]^alpha_D */
static double loss(const double *c, const vsh_point *p)
{
    return pow(pow(c[N_C] / p->params, c[A_N] / c[A_D]) + c[D_C] / p->tokens, c[A_D]);
}

/* Table 6: N_opt = 1.3e9 C_min^0.73, C_min in PF-days; D from C = 6 N D. */
static vsh_optimum optimum(const double *c, double flops, const vsh_point *given)
{
    double params = c[N_E] * pow(flops / FLOPS_PF_DAY, c[P_N]);

    (void)given;
    return (vsh_optimum){params, flops / 6 / params, NAN};
}

const vsh_form vsh_form_kaplan = {
    .name = "kaplan",
    .formula = "L = [(N_c/N)^(a_N/a_D) + D_c/D]^a_D;  N* = N_e C^p_N, C in PF-days",
    .coefficient = {"N_c", "a_N", "D_c", "a_D", "N_e", "p_N"},
    .positive = 1U << N_C | 1U << D_C | 1U << N_E,
    .loss = loss,
    .optimum = optimum};

const vsh_law vsh_kaplan2020 = {.name = "kaplan2020",
                                .title = "Kaplan 2020",
                                .form = &vsh_form_kaplan,
                                .coefficient = {6.4e13, 0.076, 1.8e13, 0.103, 1.3e9, 0.73},
                                .source = "arXiv:2001.08361 equation 1.5 with tables 2 and 6",
                                .evidence = VSH_EVIDENCE_SECONDARY,
                                .corpus = "WebText2, GPT-2 BPE 50257",
                                .range =
                                    "0.8 k - 1.5 B non-embedding parameters, 22 M - 23 B tokens",
                                .n_counts = VSH_N_NON_EMBEDDING,
                                .params_low = 768,
                                .params_high = 1.5e9,
                                .tokens_low = 22e6,
                                .tokens_high = 23e9,
                                .anchor_corpus = VSH_ANY_CORPUS};
