/* Muennighoff et al. 2023 (arXiv:2305.16264) with the coefficients of huggingface/datablations
 * utils/parametric_fit.ipynb@1370131; the README's two values are in tests/laws. */
#include "planner/laws/muennighoff2023.h"

#include <math.h>

static const double alpha = 0.3526596; /* = beta */
static const double ln_A = 6.255414, ln_B = 7.3049974, ln_E = 0.6254804;
static const double R_N_star = 5.309743, R_D_star = 15.387756;

static double unique_of(const vsh_point *p)
{
    return p->unique > 0 && p->unique < p->tokens ? p->unique : p->tokens;
}

/* U_N = min(N, (U G)^(beta/alpha) G): parameters that U unique tokens can use. */
static double usable_params(const vsh_point *p)
{
    double G = exp((ln_A - ln_B) / (2 * alpha));
    double usable = unique_of(p) * G * G;

    return p->params < usable ? p->params : usable;
}

vsh_repeats vsh_muennighoff_repeats(const vsh_point *p)
{
    return (vsh_repeats){p->tokens / unique_of(p) - 1, p->params / usable_params(p) - 1};
}

double vsh_muennighoff_effective_tokens(double tokens, double unique)
{
    double base = unique > 0 && unique < tokens ? unique : tokens;

    return base + base * R_D_star * (1 - exp(-(tokens / base - 1) / R_D_star));
}

static double loss(const vsh_point *p)
{
    double usable = usable_params(p);
    double repeats = vsh_muennighoff_repeats(p).params;
    double params = usable + usable * R_N_star * (1 - exp(-repeats / R_N_star));
    double tokens = vsh_muennighoff_effective_tokens(p->tokens, p->unique);

    return exp(ln_E) + exp(ln_A) / pow(params, alpha) + exp(ln_B) / pow(tokens, alpha);
}

static double loss_at(double ln_params, double flops, double unique)
{
    double params = exp(ln_params);

    return loss(&(vsh_point){params, flops / 6 / params, unique, 1});
}

vsh_optimum vsh_muennighoff_optimum(double flops, double unique)
{
    const double golden = 0.6180339887498949;
    double low = log(1e3), high = log(flops / 6 / 1e3); /* at least a thousand of each */
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = loss_at(a, flops, unique), at_b = loss_at(b, flops, unique);
    double params;

    for (int i = 0; i < 80; i++) {
        if (at_a < at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = loss_at(a, flops, unique);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = loss_at(b, flops, unique);
        }
    }
    params = exp((low + high) / 2);
    return (vsh_optimum){params, flops / 6 / params, loss_at((low + high) / 2, flops, unique)};
}

double vsh_muennighoff_useful_flops(double unique, double nats)
{
    double low = log(6 * unique * 1e3), high = low + log(1e12);
    double best = vsh_muennighoff_optimum(exp(high), unique).loss;

    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (vsh_muennighoff_optimum(exp(middle), unique).loss - best > nats)
            low = middle;
        else
            high = middle;
    }
    return exp(high);
}

static vsh_optimum optimum(double flops, double experts)
{
    (void)experts;
    return vsh_muennighoff_optimum(flops, 0);
}

const vsh_law vsh_muennighoff2023 = {
    .name = "muennighoff2023",
    .title = "Muennighoff 2023",
    .formula =
        "L = E + A/N'^alpha + B/D'^alpha;  D' = U + U R_D* (1 - exp(-(D/U - 1)/R_D*)), N' alike",
    .source = "arXiv:2305.16264 equations 5 and 6, huggingface/datablations@1370131",
    .corpus = "C4, GPT-2 BPE 50257",
    .range = "7 M - 8.7 B parameters, 2 B - 900 B tokens, R_N and R_D up to 20",
    .n_counts = VSH_N_TOTAL,
    .params_low = 7e6,
    .params_high = 8.7e9,
    .tokens_low = 2e9,
    .tokens_high = 900e9,
    .repeats = true,
    .coefficient = {{"E", 1.8691436784054858},
                    {"A", 520.8249516599187},
                    {"B", 1487.716093782861},
                    {"alpha", 0.3526596},
                    {"R_N*", 5.309743},
                    {"R_D*", 15.387756}},
    .anchor_corpus = VSH_C4,
    .loss = loss,
    .optimum = optimum};
