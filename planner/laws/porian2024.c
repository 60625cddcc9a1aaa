/* Porian et al. 2024, "Resolving Discrepancies in Compute-Optimal Scaling": with the head counted,
 * warmup scaled and learning rate, batch and beta2 tuned for each size, Kaplan's recipe sizes as
 * Hoffmann's does. It sizes and gives no loss. */
#include <math.h>

#include "planner/laws/law.h"

enum { N_0, EXPONENT };

/* N* = N_0 C^a, D* = C / (6 N*) */
static vsh_optimum optimum(const double *c, double flops, const vsh_point *given)
{
    double params = c[N_0] * pow(flops, c[EXPONENT]);

    (void)given;
    return (vsh_optimum){params, flops / 6 / params, NAN};
}

const vsh_form vsh_form_power = {.name = "power",
                                 .formula = "N* = N_0 C^a,  D* = C/(6 N*)",
                                 .coefficient = {"N_0", "a"},
                                 .positive = 1U << N_0,
                                 .optimum = optimum};

/* a: table 1, tuned, RefinedWeb (95 % .49 - .50). N_0 is derived here from the 77 B that figure 1
 * extrapolates to at 5.88e23 FLOP. */
const vsh_law vsh_porian2024 = {.name = "porian2024",
                                .title = "Porian 2024",
                                .form = &vsh_form_power,
                                .coefficient = {0.1183, 0.497},
                                .stderr_ = {0, 0.0026},
                                .source =
                                    "arXiv:2406.19146 table 1 and figure 1, tuned, RefinedWeb",
                                .evidence = VSH_EVIDENCE_SECONDARY,
                                .flops_low = 1.25e16,
                                .flops_high = 2.56e19,
                                .corpus = "RefinedWeb, GPT-NeoX BPE 50432",
                                .range = "5 M - 902 M parameters, 1.25e16 - 2.56e19 FLOP",
                                .n_counts = VSH_N_NO_INPUT,
                                .params_low = 5.17e6,
                                .params_high = 902e6,
                                .tokens_low = 100e6,
                                .tokens_high = 20e9,
                                .anchor_corpus = VSH_ANY_CORPUS};
