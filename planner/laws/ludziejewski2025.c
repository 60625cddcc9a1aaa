/* Ludziejewski et al. 2025 (arXiv:2502.05172) equation 6 with tables 3 and 4: top-1 Switch layers,
 * N active parameters with both embeddings. */
#include "planner/laws/ludziejewski2025.h"

#include <math.h>

#include "planner/laws/effective_experts.h"
#include "planner/laws/one_dimension.h"

enum { A, ALPHA, DELTA, GAMMA, B, BETA, OMEGA, ZETA, C, E_START, E_MAX };

static double ln_effective_experts(const double *c, double experts)
{
    return log(vsh_effective_experts(experts, c[E_START], c[E_MAX]));
}

static vsh_chinchilla at_experts(const double *c, double experts)
{
    double ln_e = ln_effective_experts(c, experts);

    return (vsh_chinchilla){.E = c[C],
                            .A = c[A] * exp(c[DELTA] * ln_e),
                            .B = c[B] * exp(c[OMEGA] * ln_e),
                            .alpha = -(c[ALPHA] + c[GAMMA] * ln_e),
                            .beta = -(c[BETA] + c[ZETA] * ln_e)};
}

vsh_chinchilla vsh_joint_form(const vsh_law *law, double experts)
{
    return at_experts(law->coefficient, experts);
}

vsh_chinchilla vsh_ludziejewski_form(double experts)
{
    return vsh_joint_form(&vsh_ludziejewski2025, experts);
}

static double loss(const double *c, const vsh_point *p)
{
    vsh_chinchilla form = at_experts(c, p->experts);

    return vsh_chinchilla_loss(&form, p->params, p->tokens);
}

static vsh_optimum optimum(const double *c, double flops, const vsh_point *given)
{
    vsh_chinchilla form = at_experts(c, given->experts);

    return vsh_chinchilla_optimum(&form, flops);
}

/* The crossover is looked for among so many tokens. */
#define CROSSOVER_LEAST 1e3
#define CROSSOVER_MOST 1e15

typedef struct {
    vsh_chinchilla dense, with;
    double params_active;
} crossing;

/* What experts cost on so many tokens; it falls with them. */
static double cost_of_experts(const void *context, double tokens)
{
    const crossing *c = context;

    return vsh_chinchilla_loss(&c->with, c->params_active, tokens) -
           vsh_chinchilla_loss(&c->dense, c->params_active, tokens);
}

double vsh_joint_crossover(const vsh_law *law, double params_active, double experts)
{
    const crossing of = {vsh_joint_form(law, 1), vsh_joint_form(law, experts), params_active};
    double tokens = vsh_crossing(CROSSOVER_LEAST, CROSSOVER_MOST, 80, 0, cost_of_experts, &of);

    return tokens == CROSSOVER_LEAST ? 0 : tokens;
}

double vsh_ludziejewski_crossover(double params_active, double experts)
{
    return vsh_joint_crossover(&vsh_ludziejewski2025, params_active, experts);
}

bool vsh_is_joint_law(const vsh_law *law)
{
    return law->form == &vsh_form_joint_experts && law->n_counts == VSH_N_ACTIVE;
}

const vsh_form vsh_form_joint_experts = {
    .name = "joint-experts",
    .formula = "L = a Ê^d N^(al + ga ln Ê) + b Ê^w D^(be + ze ln Ê) + c",
    .coefficient = {"a", "al", "d", "ga", "b", "be", "w", "ze", "c", "E_start", "E_max"},
    .positive = 1U << A | 1U << B | 1U << C | 1U << E_START | 1U << E_MAX,
    .experts = true,
    .loss = loss,
    .optimum = optimum};

const vsh_law vsh_ludziejewski2025 = {
    .name = "ludziejewski2025",
    .title = "Ludziejewski 2025",
    .form = &vsh_form_joint_experts,
    .coefficient = {35.91, -0.1889, -0.2285, 0.0098, 35.98, -0.1775, 0.5529, -0.0259, 1.3637,
                    2.0732, 290.4521},
    .source = "arXiv:2502.05172 equation 6, tables 3 and 4",
    .evidence = VSH_EVIDENCE_PRIMARY,
    .runs = 280,
    .corpus = "FineWeb-Edu, GPT-2 BPE 50257",
    .range = "79 M - 2.7 B active parameters, 0.5 B - 80 B tokens, 1 - 32 experts, top-1",
    .n_counts = VSH_N_ACTIVE,
    .params_low = 79e6,
    .params_high = 2.7e9,
    .tokens_low = 0.5e9,
    .tokens_high = 80e9,
    .experts_high = 32,
    .residual_sd = 0.0014, /* RMSE .0039 held out at losses of about 2.8 */
    .anchor_corpus = VSH_ANY_CORPUS};
