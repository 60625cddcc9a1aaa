#include "planner/laws/law.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "planner/laws/muennighoff2023.h"

const char *const vsh_n_counts_names[] = {"total",      "non-embedding", "active",
                                          "dense base", "matmul",        NULL};

const vsh_law *const vsh_laws[VSH_LAW_COUNT] = {
    &vsh_besiroglu2024, &vsh_hoffmann2022,     &vsh_muennighoff2023,
    &vsh_kaplan2020,    &vsh_ludziejewski2025, &vsh_sardana2023,
    &vsh_krajewski2024, &vsh_porian2024,       &vsh_clark2022};
const char *const vsh_law_words[] = {
    "besiroglu2024", "hoffmann2022",  "muennighoff2023", "kaplan2020", "ludziejewski2025",
    "sardana2023",   "krajewski2024", "porian2024",      "clark2022",  NULL};

const vsh_law *vsh_law_default(void) { return vsh_laws[0]; }

const vsh_law *vsh_law_find(const char *name)
{
    for (int i = 0; i < VSH_LAW_COUNT; i++)
        if (strcmp(vsh_laws[i]->name, name) == 0)
            return vsh_laws[i];
    return NULL;
}

double vsh_law_loss(const vsh_law *law, const vsh_point *point)
{
    return vsh_form_loss(law->form, law->coefficient, point);
}

vsh_optimum vsh_law_optimum(const vsh_law *law, double flops, const vsh_point *given)
{
    return vsh_form_optimum(law->form, law->coefficient, flops, given);
}

double vsh_law_params(const vsh_law *law, const vsh_model *model, const vsh_parameters *parameters)
{
    double table = (double)parameters->group[VSH_GROUP_EMBEDDING];

    switch (law->n_counts) {
    case VSH_N_NON_EMBEDDING:
        return (double)parameters->non_embedding;
    case VSH_N_ACTIVE: /* a tied table works twice: as input and as output embedding */
        return (double)parameters->active + (model->tied ? table : 0);
    case VSH_N_NO_INPUT:
        return (double)parameters->active - (model->tied ? 0 : table);
    case VSH_N_DENSE: /* one expert of each layer in place of all */
        return (double)parameters->active;
    case VSH_N_TOTAL:
        break;
    }
    return (double)parameters->total;
}

double vsh_law_experts(const vsh_model *model)
{
    const vsh_experts *e = &model->experts;

    return e->count ? (double)((e->count + e->top_k / 2) / e->top_k) : 0;
}

const char *vsh_law_counted_tokens(const vsh_law *law)
{
    return law->form->no_tokens ? "nothing: tokens do not enter"
           : law->form->repeats ? "tokens seen; U the unique ones among them"
                                : "tokens seen";
}

double vsh_law_residual(const vsh_law *law)
{
    return law->residual_sd > 0 ? law->residual_sd : 0.01;
}

/* ---- the fitted range --------------------------------------------------------------------------
 */

/* Where a reason goes; each check answers whether it found one. */
typedef struct {
    char *text;
    size_t bytes;
} reason_room;

static bool off_in_params(const vsh_law *law, const vsh_point *p, reason_room r)
{
    bool dense = law->dense_high > 0 && p->granularity == 0;
    double least = dense ? law->dense_low : law->params_low;
    double most = dense ? law->dense_high : law->params_high;

    if (p->params >= least && p->params <= most)
        return false;
    if (dense)
        snprintf(r.text, r.bytes, "%s parameters, fitted on dense models of %s to %s",
                 vsh_show_count(p->params).text, vsh_show_count(least).text,
                 vsh_show_count(most).text);
    else
        snprintf(r.text, r.bytes, "%s parameters, fitted on %s", vsh_show_count(p->params).text,
                 law->range);
    return true;
}

static bool off_in_tokens(const vsh_law *law, const vsh_point *p, reason_room r)
{
    if (p->tokens >= law->tokens_low && p->tokens <= law->tokens_high)
        return false;
    if (law->form->no_tokens)
        snprintf(r.text, r.bytes, "ignores tokens: fitted at %s, asked at %s",
                 vsh_show_count(sqrt(law->tokens_low * law->tokens_high)).text,
                 vsh_show_count(p->tokens).text);
    else
        snprintf(r.text, r.bytes, "%s tokens, fitted on %s", vsh_show_count(p->tokens).text,
                 law->range);
    return true;
}

static bool off_in_ratio(const vsh_law *law, const vsh_point *p, reason_room r)
{
    double ratio = p->tokens / p->params;
    bool below = ratio < law->ratio_low;

    if (!below && (law->ratio_high == 0 || ratio <= law->ratio_high))
        return false;
    snprintf(r.text, r.bytes, "%s tokens a parameter, fitted on at %s %g",
             vsh_show_real(ratio).text, below ? "least" : "most",
             below ? law->ratio_low : law->ratio_high);
    return true;
}

static bool off_in_flops(const vsh_law *law, const vsh_point *p, reason_room r)
{
    double flops = 6 * p->params * p->tokens;

    if (law->flops_high == 0 || (flops >= law->flops_low && flops <= law->flops_high))
        return false;
    snprintf(r.text, r.bytes, "%.3g FLOP, fitted on %.3g to %.3g", flops, law->flops_low,
             law->flops_high);
    return true;
}

static bool off_in_experts(const vsh_law *law, const vsh_point *p, reason_room r)
{
    bool routed = p->experts > 1 || p->granularity > 0;

    if (!routed || (p->experts >= law->experts_low && p->experts <= law->experts_high))
        return false;
    if (law->experts_high > 1 && law->experts_low == law->experts_high)
        snprintf(r.text, r.bytes, "%g experts, fitted on %g", p->experts, law->experts_high);
    else
        snprintf(r.text, r.bytes,
                 law->experts_high > 1 ? "%g experts, fitted on %s"
                                       : "%g experts, fitted on dense models only: %s",
                 p->experts, law->range);
    return true;
}

static bool off_in_granularity(const vsh_law *law, const vsh_point *p, reason_room r)
{
    if (p->granularity == 0 || (law->granularity_high == 0 && p->granularity == 1) ||
        (p->granularity >= law->granularity_low && p->granularity <= law->granularity_high))
        return false;
    if (law->granularity_high == 0)
        snprintf(r.text, r.bytes, "granularity %g, which this law does not know", p->granularity);
    else
        snprintf(r.text, r.bytes, "granularity %g, fitted on %g to %g", p->granularity,
                 law->granularity_low, law->granularity_high);
    return true;
}

static bool off_in_repeats(const vsh_law *law, const vsh_point *p, reason_room r)
{
    bool usable = law->form == &vsh_form_repeated; /* it says what parameters tokens can use */
    vsh_repeats repeats =
        vsh_repeats_of(usable ? law->coefficient : vsh_muennighoff2023.coefficient, p);
    double most = law->repeats_max > 0 ? law->repeats_max : VSH_REPEATS_MAX;

    if (!law->form->repeats && repeats.tokens > 0)
        snprintf(r.text, r.bytes, "repeated tokens, which this law takes for unique ones");
    else if (law->form->repeats && repeats.tokens > most)
        snprintf(r.text, r.bytes, "R_D = %s repetitions, validated up to %g",
                 vsh_show_real(repeats.tokens).text, most);
    else if (usable && repeats.params > VSH_REPEATS_MAX)
        snprintf(r.text, r.bytes, "R_N = %s times the usable parameters, validated up to %g",
                 vsh_show_real(repeats.params).text, VSH_REPEATS_MAX);
    else
        return false;
    return true;
}

bool vsh_law_valid(const vsh_law *law, const vsh_point *p, char *reason, int reason_bytes)
{
    static bool (*const off[])(const vsh_law *, const vsh_point *, reason_room) = {
        off_in_params,  off_in_tokens,      off_in_ratio,  off_in_flops,
        off_in_experts, off_in_granularity, off_in_repeats};

    reason[0] = '\0';
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        if (off[i](law, p, (reason_room){reason, (size_t)reason_bytes}))
            return false;
    return true;
}
