#include "planner/layout/layer_kinds.h"

#include <assert.h>
#include <string.h>

int vsh_layer_kinds(const vsh_model *model, unsigned char kind[VSH_LAYERS_MAX],
                    int64_t first[VSH_KINDS_MAX])
{
    char known[VSH_KINDS_MAX][VSH_PREFIX];
    int kinds = 0;

    for (int64_t l = 0; l < model->layers; l++) {
        char prefix[VSH_PREFIX];
        int k = 0;
        kind[l] = 0;
        if (kinds == 1 && vsh_first_alike(model, &(vsh_stage){0}, l) == 0)
            continue;
        vsh_layer_prefix(model, l, prefix);
        while (k < kinds && strcmp(prefix, known[k]) != 0)
            k++;
        if (k == kinds) {
            assert(k < VSH_KINDS_MAX);
            memcpy(known[k], prefix, sizeof prefix);
            first[kinds++] = l;
        }
        kind[l] = (unsigned char)k;
    }
    return kinds;
}
