/* Muennighoff et al. 2023 (arXiv:2305.16264) with the coefficients of huggingface/datablations
 * utils/parametric_fit.ipynb@1370131; the README's two values are in tests/laws. */
#include "planner/laws/muennighoff2023.h"

#include <math.h>

#include "planner/laws/one_dimension.h"

enum { E, A, B, ALPHA, R_N, R_D };

#define BETA ALPHA /* tied in the published fit */

/* U_N = min(N, (U G)^(beta/alpha) G): parameters that U unique tokens can use. */
static double usable_params(const double *c, const vsh_point *p)
{
    double G = pow(c[A] / c[B], 1 / (c[ALPHA] + c[BETA]));
    double usable = vsh_point_unique(p) * G * G;

    return p->params < usable ? p->params : usable;
}

/* What is seen again is worth less and less: star times the first sight at most. */
static double worth(double base, double repeats, double star)
{
    return base + base * star * (1 - exp(-repeats / star));
}

vsh_repeats vsh_repeats_of(const double *c, const vsh_point *p)
{
    return (vsh_repeats){p->tokens / vsh_point_unique(p) - 1, p->params / usable_params(c, p) - 1};
}

vsh_repeats vsh_muennighoff_repeats(const vsh_point *p)
{
    return vsh_repeats_of(vsh_muennighoff2023.coefficient, p);
}

double vsh_muennighoff_effective_tokens(double tokens, double unique)
{
    double base = vsh_point_unique(&(vsh_point){.tokens = tokens, .unique = unique});

    return worth(base, tokens / base - 1, vsh_muennighoff2023.coefficient[R_D]);
}

static double loss(const double *c, const vsh_point *p)
{
    double usable = usable_params(c, p), unique = vsh_point_unique(p);
    double params = worth(usable, p->params / usable - 1, c[R_N]);
    double tokens = worth(unique, p->tokens / unique - 1, c[R_D]);

    return c[E] + c[A] / pow(params, c[ALPHA]) + c[B] / pow(tokens, c[BETA]);
}

const vsh_form vsh_form_repeated = {
    .name = "repeated",
    .formula =
        "L = E + A/N'^alpha + B/D'^alpha;  D' = U + U R_D* (1 - exp(-(D/U - 1)/R_D*)), N' alike",
    .coefficient = {"E", "A", "B", "alpha", "R_N*", "R_D*"},
    .positive = 1U << E | 1U << A | 1U << B | 1U << R_N | 1U << R_D,
    .repeats = true,
    .loss = loss};

/* exp of the published ln E, ln A and ln B: .6254804, 6.255414, 7.3049974 */
const vsh_law vsh_muennighoff2023 = {
    .name = "muennighoff2023",
    .title = "Muennighoff 2023",
    .form = &vsh_form_repeated,
    .coefficient = {1.8691436784054858, 520.8249516599187, 1487.716093782861, 0.3526596, 5.309743,
                    15.387756},
    .source = "arXiv:2305.16264 equations 5 and 6, huggingface/datablations@1370131",
    .evidence = VSH_EVIDENCE_PRIMARY,
    .runs = 54, /* of Hoffmann's on C4; the rest of the form on the authors' own */
    .corpus = "C4, SentencePiece 32k; R* on GPT-2 BPE",
    .range = "7 M - 8.7 B parameters, 2 B - 900 B tokens, R_N and R_D up to 20",
    .n_counts = VSH_N_TOTAL,
    .params_low = 7e6,
    .params_high = 8.7e9,
    .tokens_low = 2e9,
    .tokens_high = 900e9,
    /* Measured on the 70 published C4 runs inside that range (tests/laws/test_repeated_runs.c). The
     * coefficients are of another tokenizer than those runs. */
    .offset = 0.214,
    .offset_low = 0.178,
    .offset_high = 0.373,
    .offset_runs = 70,
    .residual_sd = 0.031, /* of the same runs, the offset removed */
    .anchor_corpus = VSH_C4};
