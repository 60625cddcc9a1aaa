#include "planner/laws/law.h"

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

bool vsh_law_valid(const vsh_law *law, const vsh_point *p, char *reason, int reason_bytes)
{
    size_t room = (size_t)reason_bytes;
    vsh_repeats repeats = vsh_muennighoff_repeats(p);

    reason[0] = '\0';
    if (p->params < law->params_low || p->params > law->params_high)
        snprintf(reason, room, "%s parameters, fitted on %s", vsh_show_count(p->params).text,
                 law->range);
    else if (p->tokens < law->tokens_low || p->tokens > law->tokens_high)
        snprintf(reason, room, "%s tokens, fitted on %s", vsh_show_count(p->tokens).text,
                 law->range);
    else if (p->tokens < law->ratio_low * p->params)
        snprintf(reason, room, "%s tokens a parameter, fitted on at least %g",
                 vsh_show_real(p->tokens / p->params).text, law->ratio_low);
    else if (p->experts > 1 && p->experts > law->experts_high)
        snprintf(reason, room,
                 law->experts_high > 1 ? "%g experts, fitted on %s"
                                       : "%g experts, fitted on dense models only: %s",
                 p->experts, law->range);
    else if (law->form->repeats && repeats.tokens > VSH_REPEATS_MAX)
        snprintf(reason, room, "R_D = %s repetitions, validated up to 20",
                 vsh_show_real(repeats.tokens).text);
    else if (law->form->repeats && repeats.params > VSH_REPEATS_MAX)
        snprintf(reason, room, "R_N = %s times the usable parameters, validated up to 20",
                 vsh_show_real(repeats.params).text);
    else if (!law->form->repeats && repeats.tokens > 0)
        snprintf(reason, room, "repeated tokens, which this law takes for unique ones");
    return reason[0] == '\0';
}
