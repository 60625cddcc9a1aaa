/* Clark et al. 2022, "Unified Scaling Laws for Routed Language Models": what E experts are worth at
 * one length of training, so tokens do not enter. Logarithms to the base 10. */
#include <math.h>

#include "planner/laws/clark2022.h"
#include "planner/laws/effective_experts.h"

enum { SLOPE, EXPERTS, CROSS, LEVEL, E_START, E_MAX };

static double log_effective_experts(const double *c, double experts)
{
    return log10(vsh_effective_experts(experts, c[E_START], c[E_MAX]));
}

static double loss(const double *c, const vsh_point *p)
{
    double log_n = log10(p->params), log_e = log_effective_experts(c, p->experts);

    return pow(10, c[SLOPE] * log_n + c[EXPERTS] * log_e + c[CROSS] * log_n * log_e + c[LEVEL]);
}

double vsh_clark_dense_equivalent(double params, double experts)
{
    const double *c = vsh_clark2022.coefficient;
    double dense_e = log_effective_experts(c, 1), log_n = log10(params);
    double log_e = log_effective_experts(c, experts);
    /* solve slope x + experts e1 + cross x e1 = slope n + experts e + cross n e for x */
    double right = c[SLOPE] * log_n + c[EXPERTS] * log_e + c[CROSS] * log_n * log_e;

    return pow(10, (right - c[EXPERTS] * dense_e) / (c[SLOPE] + c[CROSS] * dense_e));
}

const vsh_form vsh_form_routed = {.name = "routed",
                                  .formula =
                                      "log10 L = a log10 N + b log10 Ê + c log10 N log10 Ê + d",
                                  .coefficient = {"a", "b", "c", "d", "E_start", "E_max"},
                                  .positive = 1U << E_START | 1U << E_MAX,
                                  .experts = true,
                                  .no_tokens = true,
                                  .loss = loss};

const vsh_law vsh_clark2022 = {
    .name = "clark2022",
    .title = "Clark 2022",
    .form = &vsh_form_routed,
    .coefficient = {-0.082, -0.108, 0.009, 1.104, 1.847, 314.478}, /* S-BASE */
    .source = "arXiv:2202.01169 equation 1 with table 3, S-BASE",
    .evidence = VSH_EVIDENCE_SECONDARY,
    .runs = 168,
    .corpus = "MassiveText (the routed runs), SentencePiece 32k",
    .range = "15 M - 1.3 B dense parameters, 1 - 512 experts, all trained on 130 B tokens",
    .n_counts = VSH_N_DENSE,
    .params_low = 15e6,
    .params_high = 1.3e9,
    .tokens_low = 129e9, /* the one length it was fitted at */
    .tokens_high = 131e9,
    .experts_high = 512,
    .anchor_corpus = VSH_MASSIVETEXT /* of dense models */};
