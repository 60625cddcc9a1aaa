/* A fit as a law: where it came from, and where it holds. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "planner/fit/fit_parts.h"

static void widen(double value, double *low, double *high)
{
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

/* The domain of a law is where its runs were. */
vsh_status vsh_fit_describe(vsh_arena *arena, const vsh_fit_options *options, vsh_fit *fit,
                            vsh_error *err)
{
    const vsh_runs *runs = fit->runs;
    const char *slash = strrchr(runs->path, '/'), *name = slash ? slash + 1 : runs->path;
    vsh_text range = {.arena = arena}, source = {.arena = arena};
    vsh_law *law = &fit->law;

    law->params_low = law->tokens_low = law->ratio_low = law->flops_low = INFINITY;
    law->params_high = law->tokens_high = 0;
    for (int i = 0; i < runs->count; i++) {
        const vsh_point *p = &runs->run[i].at;
        widen(p->params, &law->params_low, &law->params_high);
        widen(p->tokens, &law->tokens_low, &law->tokens_high);
        widen(p->tokens / p->params, &law->ratio_low, &law->ratio_high);
        widen(6 * p->params * p->tokens, &law->flops_low, &law->flops_high);
        law->experts_high = fmax(law->experts_high, p->experts);
    }
    if (!runs->has_tokens) { /* any length: nobody said which */
        law->tokens_low = 1;
        law->tokens_high = 1e18;
        law->ratio_low = law->ratio_high = law->flops_low = law->flops_high = 0;
    }
    if (!fit->form->experts)
        law->experts_high = 0;
    vsh_text_add(&range, "%s - %s parameters", vsh_show_count(law->params_low).text,
                 vsh_show_count(law->params_high).text);
    if (runs->has_tokens)
        vsh_text_add(&range, ", %s - %s tokens", vsh_show_count(law->tokens_low).text,
                     vsh_show_count(law->tokens_high).text);
    if (law->experts_high > 1)
        vsh_text_add(&range, ", up to %g experts", law->experts_high);
    vsh_text_add(&source, "fitted to %d runs of %.300s", runs->count, name);
    if (range.failed || source.failed)
        return vsh_fit_out_of_memory(runs, err);
    law->name = law->title = law->form->name;
    law->range = vsh_text_string(&range);
    law->source = vsh_text_string(&source);
    law->corpus = options->corpus ? options->corpus : name;
    law->n_counts = options->n_counts;
    law->anchor_corpus = VSH_ANY_CORPUS;
    law->runs = runs->count;
    return VSH_OK;
}
