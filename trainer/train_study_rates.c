#include <math.h>
#include <string.h>

#include "trainer/train_study.h"

/* Rates that were tried at a size, in their order, each with the mean of its losses. */
typedef struct {
    double params;
    double rate[VSH_STUDY_RATES], loss[VSH_STUDY_RATES];
    int seeds[VSH_STUDY_RATES], count;
} grid;

static void add_rate(grid *g, double rate, double loss)
{
    int i = 0;

    while (i < g->count && g->rate[i] < rate)
        i++;
    if (i == g->count || g->rate[i] > rate) {
        if (g->count == VSH_STUDY_RATES)
            return;
        for (int j = g->count++; j > i; j--) {
            g->rate[j] = g->rate[j - 1];
            g->loss[j] = g->loss[j - 1];
            g->seeds[j] = g->seeds[j - 1];
        }
        g->rate[i] = rate;
        g->loss[i] = 0;
        g->seeds[i] = 0;
    }
    g->loss[i] += (loss - g->loss[i]) / ++g->seeds[i];
}

/* Of so many parameters, which may be new. NULL: there is no room. */
static grid *grid_of(grid *grids, int *count, double params)
{
    for (int i = 0; i < *count; i++)
        if (grids[i].params == params)
            return &grids[i];
    if (*count == VSH_STUDY_TUNINGS)
        return NULL;
    grids[*count] = (grid){.params = params};
    return &grids[(*count)++];
}

int train_study_tuned(const study_work *w, const vsh_study_family *family,
                      vsh_study_tuned tuned[VSH_STUDY_TUNINGS])
{
    grid grids[VSH_STUDY_TUNINGS];
    int count = 0;

    if (family->exit) /* tuned as what it is without its head */
        family = &w->setup.kind->families[0];
    for (int64_t i = 0; i < w->records.count; i++) {
        const vsh_study_record *r = &w->records.item[i];
        vsh_study_size size = {.layers = r->layers, .hidden = r->hidden};
        grid *g;
        if (strcmp(r->role, vsh_study_role_words[VSH_STUDY_TUNE]) != 0 ||
            strcmp(r->family, family->name) != 0)
            continue;
        g = grid_of(grids, &count, vsh_study_size_params(&size));
        if (g)
            add_rate(g, r->lr, r->loss);
    }
    for (int i = 0; i < count; i++) {
        const grid *g = &grids[i];
        tuned[i].params = g->params;
        tuned[i].rate = vsh_study_best_rate(g->rate, g->loss, g->count, &tuned[i].inside);
    }
    return count;
}

void train_study_write_tuned(const study_work *w, const vsh_study_family *families, int count,
                             vsh_json *json)
{
    vsh_study_tuned tuned[VSH_STUDY_TUNINGS];

    vsh_json_array(json, "tuned_lr");
    for (int f = 0; f < count; f++) {
        int grids = train_study_tuned(w, &families[f], tuned);
        for (int i = 0; i < grids; i++) {
            vsh_json_object(json, NULL);
            vsh_json_string(json, "family", families[f].name);
            vsh_json_real(json, "size_params", tuned[i].params);
            vsh_json_known(json, "lr", tuned[i].rate);
            vsh_json_bool(json, "inside_grid", tuned[i].inside);
            vsh_json_end(json);
        }
    }
    vsh_json_end(json);
}

void train_study_show_tuned(const study_work *w, const vsh_study_family *families, int count,
                            vsh_text *out)
{
    vsh_study_tuned tuned[VSH_STUDY_TUNINGS];

    for (int f = 0; f < count; f++) {
        int grids = train_study_tuned(w, &families[f], tuned);
        for (int i = 0; i < grids; i++)
            if (!isfinite(tuned[i].rate))
                vsh_text_add(out, "\n  No rate tried for %s at %s gave a finite loss.",
                             families[f].name, vsh_show_count(tuned[i].params).text);
            else if (!tuned[i].inside)
                vsh_text_add(out, "\n  The tuned rate %s of %s at %s is an end of its grid.",
                             vsh_show_real(tuned[i].rate).text, families[f].name,
                             vsh_show_count(tuned[i].params).text);
    }
}
