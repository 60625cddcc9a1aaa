/* Krajewski et al. 2024, fine-grained experts. N is the TOTAL count without embeddings: with the
 * active count in its place experts would be twice as bad as dense models (tests/laws). */
#include "planner/laws/krajewski2024.h"

#include <math.h>

enum { FLOOR, A, G, GAMMA, ALPHA, B, BETA, DENSE_A, DENSE_ALPHA, DENSE_B, DENSE_BETA };

double vsh_krajewski_total_per_active(void) { return (8 * VSH_KRAJEWSKI_EXPERTS + 4) / 12; }

static double loss(const double *c, const vsh_point *p)
{
    if (p->granularity == 0)
        return c[FLOOR] + c[DENSE_A] / pow(p->params, c[DENSE_ALPHA]) +
               c[DENSE_B] / pow(p->tokens, c[DENSE_BETA]);
    return c[FLOOR] + (c[G] / pow(p->granularity, c[GAMMA]) + c[A]) / pow(p->params, c[ALPHA]) +
           c[B] / pow(p->tokens, c[BETA]);
}

/* A budget pays for the active parameters; N is all of them. Router cost excluded, as in table 1.
 */
static vsh_optimum optimum(const double *c, double flops, const vsh_point *given)
{
    bool dense = given->granularity == 0;
    double share = dense ? 1 : vsh_krajewski_total_per_active();
    double top = dense ? c[DENSE_A] : c[G] / pow(given->granularity, c[GAMMA]) + c[A];
    double alpha = dense ? c[DENSE_ALPHA] : c[ALPHA], beta = dense ? c[DENSE_BETA] : c[BETA];
    double sum = alpha + beta, bottom = dense ? c[DENSE_B] : c[B];
    double params =
        pow(alpha * top / (beta * bottom), 1 / sum) * pow(flops * share / 6, beta / sum);
    double tokens = flops * share / 6 / params;

    return (vsh_optimum){params, tokens,
                         c[FLOOR] + top / pow(params, alpha) + bottom / pow(tokens, beta)};
}

const vsh_form vsh_form_fine_grained = {
    .name = "fine-grained",
    .formula = "L = c + (g/G^gamma + a)/N^alpha + b/D^beta;  dense: c + a'/N^alpha' + b'/D^beta'",
    .coefficient = {"c", "a", "g", "gamma", "alpha", "b", "beta", "a'", "alpha'", "b'", "beta'"},
    .positive = 1U << FLOOR | 1U << A | 1U << G | 1U << B | 1U << DENSE_A | 1U << DENSE_B,
    .experts = true,
    .loss = loss,
    .optimum = optimum};

const vsh_law vsh_krajewski2024 = {
    .name = "krajewski2024",
    .title = "Krajewski 2024",
    .form = &vsh_form_fine_grained,
    .coefficient = {0.47, 18.1, 2.1, 0.58, 0.115, 30.8, 0.147, 16.3, 0.126, 26.7, 0.127},
    .source = "arXiv:2402.07871 equation 9 with table 1",
    .evidence = VSH_EVIDENCE_PRIMARY,
    .runs = 100,
    .corpus = "C4, GPT-2 BPE 50257",
    .range = "129 M - 3.7 B total parameters without embeddings, 16 B - 130 B tokens, 64 experts, "
             "G 1 - 16; dense 3 M - 85 M",
    .n_counts = VSH_N_NON_EMBEDDING,
    .params_low = 129e6,
    .params_high = 3.7e9,
    .tokens_low = 16e9,
    .tokens_high = 130e9,
    .experts_low = VSH_KRAJEWSKI_EXPERTS,
    .experts_high = VSH_KRAJEWSKI_EXPERTS,
    .granularity_low = 1,
    .granularity_high = 16,
    .dense_low = 3e6, /* table 3 */
    .dense_high = 85e6,
    .residual_sd = 0.006, /* RMSE .019 held out at losses of about 3.1 */
    .anchor_corpus = VSH_C4};
