/* Which word of the input feature map a convolution asks for: the map is stored row by row, the
 * channels of a point side by side, and windows overlap or hang over the far edges. */
#ifndef VSH_SCALE_MAP_H
#define VSH_SCALE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/scale_sim/scale_folds.h"

typedef struct {
    const sim_scale_layer *layer;
    int64_t *base, *row, *col;       /* of each of m windows */
    int64_t *offset, *down, *across; /* of each of k words of a window */
} sim_scale_map;

/* Words of the map that any window reads: each once. */
int64_t sim_scale_map_distinct(const sim_scale_layer *layer);
/* Windows hang over an edge, so that some words are asked of nobody. */
bool sim_scale_map_hangs(const sim_scale_layer *layer);
/* The last cycle in which a word of the map is asked for; -1 when the search is too long. */
int64_t sim_scale_map_last(const sim_scale_layer *layer, const sim_scale_folds *folds);

/* false when memory is exhausted. */
bool sim_scale_map_make(vsh_arena *arena, const sim_scale_layer *layer, sim_scale_map *map);

/* The address of word k of window m; -1 beyond the edge. */
static inline int64_t sim_scale_map_word(const sim_scale_map *map, int64_t m, int64_t k)
{
    if (map->row[m] + map->down[k] >= map->layer->height ||
        map->col[m] + map->across[k] >= map->layer->width)
        return -1;
    return map->base[m] + map->offset[k];
}

#endif
