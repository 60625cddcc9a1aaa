#include "planner/tuning/tuning_law.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "core/text.h"

/* ---- the formulas -------------------------------------------------------------------------- */

double vsh_steplaw_rate(double params, double tokens)
{
    return 1.79 * pow(params, -0.713) * pow(tokens, 0.307);
}

double vsh_steplaw_batch_tokens(double tokens) { return 0.58 * pow(tokens, 0.571); }

double vsh_deepseek_rate(double flops) { return 0.3118 * pow(flops, -0.125); }

double vsh_deepseek_batch_tokens(double flops) { return 0.2920 * pow(flops, 0.3271); }

double vsh_ludziejewski_rate(double params_active, double experts)
{
    return exp(8.39 - 0.81 * log(params_active) - 0.25 * log(fmax(1, experts))); /* 0: dense too */
}

double vsh_porian_rate(double params_matmul) { return 3.7 * pow(params_matmul, -0.36); }

/* Published as .00037 N^.703 sequences of 2,048 tokens. */
double vsh_porian_batch_tokens(double params_matmul) { return 0.7576 * pow(params_matmul, 0.703); }

double vsh_kaplan_rate(double params)
{
    double rate = 0.003239 - 0.0001395 * log(params);

    return rate > 0 && params < 1e10 ? rate : (double)NAN;
}

/* ---- the same of a run --------------------------------------------------------------------- */

static double non_embedding(const vsh_tuned *run) { return run->non_embedding; }
static double matmul(const vsh_tuned *run) { return run->matmul; }
static double active(const vsh_tuned *run) { return run->active; }

static double flops(const vsh_tuned *run)
{
    return run->flops > 0 ? run->flops : 6 * run->non_embedding * run->tokens;
}

static double step_rate(const vsh_tuned *run)
{
    return vsh_steplaw_rate(run->non_embedding, run->tokens);
}
static double step_batch(const vsh_tuned *run) { return vsh_steplaw_batch_tokens(run->tokens); }
static double deepseek_rate(const vsh_tuned *run) { return vsh_deepseek_rate(flops(run)); }
static double deepseek_batch(const vsh_tuned *run) { return vsh_deepseek_batch_tokens(flops(run)); }
static double ludziejewski_rate(const vsh_tuned *run)
{
    return vsh_ludziejewski_rate(run->active, run->experts);
}
static double porian_rate(const vsh_tuned *run) { return vsh_porian_rate(run->matmul); }
static double porian_batch(const vsh_tuned *run) { return vsh_porian_batch_tokens(run->matmul); }
static double kaplan_rate(const vsh_tuned *run) { return vsh_kaplan_rate(run->non_embedding); }

/* ---- the table ----------------------------------------------------------------------------- */

const vsh_tuning_law vsh_tuning_laws[VSH_TUNING_LAWS] = {
    /* The runs with experts: 0.19 - 1.24 B active, 2 B - 20 B tokens. */
    {.name = "steplaw2025",
     .title = "Step Law 2025",
     .formula = "lr = 1.79 N^-0.713 D^0.307; B = 0.58 D^0.571",
     .source = "arXiv:2503.04715, step-law/steplaw@efbab63; range from a catalogue of its runs "
               "(secondary)",
     .evidence = VSH_EVIDENCE_PRIMARY,
     .counts = "non-embedding",
     .range = "215 M - 1.07 B parameters, 4 B - 100 B tokens; experts of varied sparsity",
     .params_low = 214e6,
     .params_high = 1.08e9,
     .tokens_low = 4e9,
     .tokens_high = 100e9,
     .experts_high = INFINITY,
     .params = non_embedding,
     .rate = step_rate,
     .batch_tokens = step_batch},
    {.name = "deepseek2024",
     .title = "DeepSeek 2024",
     .formula = "lr = 0.3118 C^-0.125; B = 0.2920 C^0.3271",
     .source = "arXiv:2401.02954 equation 1",
     .evidence = VSH_EVIDENCE_SECONDARY,
     .counts = "FLOPs",
     .range = "1e17 - 2e19 FLOP, dense",
     .flops_low = 1e17,
     .flops_high = 2e19,
     .experts_high = 1,
     .params = non_embedding,
     .rate = deepseek_rate,
     .batch_tokens = deepseek_batch},
    /* The range is that of the runs of the paper's loss law: the rate was fitted on some of them.
     */
    {.name = "ludziejewski2025",
     .title = "Ludziejewski 2025",
     .formula = "lr = exp(8.39 - 0.81 ln N - 0.25 ln E)",
     .source = "arXiv:2502.05172",
     .evidence = VSH_EVIDENCE_PRIMARY,
     .counts = "active",
     .range = "79 M - 2.7 B parameters, 0.5 B - 80 B tokens, 1 - 32 experts",
     .params_low = 79e6,
     .params_high = 2.7e9,
     .tokens_low = 0.5e9,
     .tokens_high = 80e9,
     .experts_high = 32,
     .params = active,
     .rate = ludziejewski_rate},
    /* Swept at 20 tokens a parameter; how far from that the fit holds nobody says: a factor of two
     * either way is assumed. */
    {.name = "porian2024",
     .title = "Porian 2024",
     .formula = "lr = 3.7 N^-0.36; B = 0.7576 N^0.703",
     .source = "arXiv:2406.19146 figure 3; range from formll/resolving-scaling-law-discrepancies",
     .evidence = VSH_EVIDENCE_SECONDARY,
     .counts = "matmul",
     .range = "25 M - 110 M parameters, about 20 tokens a parameter, dense",
     .params_low = 25e6,
     .params_high = 110e6,
     .ratio_low = 10,
     .ratio_high = 40,
     .experts_high = 1,
     .params = matmul,
     .rate = porian_rate,
     .batch_tokens = porian_batch},
    {.name = "kaplan2020",
     .title = "Kaplan 2020",
     .formula = "lr = 0.003239 - 0.0001395 ln N",
     .source = "arXiv:2001.08361 appendix D.6",
     .evidence = VSH_EVIDENCE_MEMORY,
     .counts = "non-embedding",
     .range = "up to 1.5 B parameters at batches of 0.5 M tokens, dense",
     .params_high = 1.5e9,
     .experts_high = 1,
     .shown_only = true,
     .params = non_embedding,
     .rate = kaplan_rate},
};

/* ---- where it holds ------------------------------------------------------------------------ */

static bool outside(double value, double low, double high)
{
    return (low > 0 && value < low) || (high > 0 && value > high);
}

bool vsh_tuning_law_valid(const vsh_tuning_law *law, const vsh_tuned *run, char *reason,
                          int reason_bytes)
{
    double params = law->params(run), ratio = run->tokens / params;
    size_t room = (size_t)reason_bytes;

    assert(reason_bytes > 0);
    reason[0] = '\0';
    if (outside(params, law->params_low, law->params_high))
        snprintf(reason, room, "%s parameters", vsh_show_count(params).text);
    else if (outside(run->tokens, law->tokens_low, law->tokens_high))
        snprintf(reason, room, "%s tokens", vsh_show_count(run->tokens).text);
    else if (outside(flops(run), law->flops_low, law->flops_high))
        snprintf(reason, room, "%s FLOP", vsh_show_exponent(flops(run)).text);
    else if (outside(ratio, law->ratio_low, law->ratio_high))
        snprintf(reason, room, "%s tokens a parameter", vsh_show_real(ratio).text);
    else if (run->experts > 1 && run->experts > law->experts_high)
        snprintf(reason, room, "%g experts", run->experts);
    return reason[0] == '\0';
}
