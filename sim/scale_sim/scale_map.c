#include "sim/scale_sim/scale_map.h"
#include "sim/whole.h"

/* Looked at in search of the last word; only maps of one column need more than a few. */
static const int64_t windows_max = (int64_t)1 << 26;

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Rows (or columns) that windows at multiples of stride cover; only the last can hang over. */
static int64_t covered(int64_t side, int64_t filter, int64_t stride, int64_t count)
{
    int64_t last = (count - 1) * stride;

    if (stride <= filter)
        return clamp(last + filter, 0, side);
    return (count - 1) * filter + clamp(side - last, 0, filter);
}

int64_t sim_scale_map_distinct(const sim_scale_layer *l)
{
    return covered(l->height, l->filter_height, l->stride_height, l->out_height) *
           covered(l->width, l->filter_width, l->stride_width, l->out_width) * l->channels;
}

bool sim_scale_map_hangs(const sim_scale_layer *l)
{
    return (l->out_height - 1) * l->stride_height + l->filter_height > l->height ||
           (l->out_width - 1) * l->stride_width + l->filter_width > l->width;
}

/* Words of window m at or before k (step -1), or at or after it (step 1), that lie on the map: the
 * nearest, -1 for none. The valid words of a window are its first `down` rows and, of each, the
 * first `across` points. */
static int64_t nearest_word(const sim_scale_layer *l, int64_t m, int64_t k, int step)
{
    int64_t channels = l->channels, line = l->filter_width * channels, row = k / line;
    int64_t down = clamp(l->height - m / l->out_width * l->stride_height, 0, l->filter_height);
    int64_t across =
        clamp(l->width - m % l->out_width * l->stride_width, 0, l->filter_width) * channels;

    if (down == 0 || across == 0)
        return -1;
    if (row < down && k % line < across)
        return k;
    if (step > 0)
        return row + 1 < down ? (row + 1) * line : -1;
    return row < down ? row * line + across - 1 : (down - 1) * line + across - 1;
}

/* The last cycle of a fold in which one of windows [m0, m1) asks for one of words [k0, k1); -1. */
static int64_t last_in_fold(const sim_scale_layer *l, const sim_scale_folds *f, int64_t row_fold,
                            int64_t col_fold, int64_t on_map, int64_t *looked)
{
    sim_scale_tile tile = sim_scale_tile_of(f, SIM_LHS, row_fold, col_fold);
    bool flat = !tile.skewed, os = f->dataflow == SIM_OS;
    int64_t m0 = os ? row_fold * f->rows : flat ? col_fold * f->cols : 0;
    int64_t windows = sim_min(os || flat ? tile.lanes : tile.steps, on_map - m0);
    int64_t k0 = os ? 0 : row_fold * f->rows;
    int64_t words = os || flat ? tile.steps : tile.lanes, latest = -1;

    for (int64_t i = windows - 1; i >= 0 && *looked < windows_max; i--, (*looked)++) {
        int64_t k = nearest_word(l, m0 + i, flat ? k0 : k0 + words - 1, flat ? 1 : -1), cycle;
        if (!flat && latest >= tile.lead + i + words - 1)
            break; /* earlier windows are done earlier */
        if (k < k0 || k >= k0 + words)
            continue;
        cycle = tile.lead + (flat ? k0 + words - 1 - k : i + k - k0); /* flat: last row first */
        latest = cycle > latest ? cycle : latest;
    }
    return latest;
}

/* Only the last row of windows can lie off the map as a whole, so the search begins before it. */
int64_t sim_scale_map_last(const sim_scale_layer *l, const sim_scale_folds *f)
{
    bool off = (l->out_height - 1) * l->stride_height >= l->height;
    int64_t windows = l->m - (off ? l->out_width : 0), fold = f->count - 1, looked = 0;

    if (f->dataflow == SIM_OS) /* the fold in which the last of these windows is asked for */
        fold += (windows - 1) / f->rows - (f->row_folds - 1);
    else if (f->dataflow == SIM_IS)
        fold += ((windows - 1) / f->cols - (f->col_folds - 1)) * f->row_folds;
    for (; fold >= 0 && looked < windows_max; fold--) {
        int64_t cycle =
            last_in_fold(l, f, fold % f->row_folds, fold / f->row_folds, windows, &looked);
        if (cycle >= 0)
            return fold * f->cycles + cycle;
    }
    return -1;
}

bool sim_scale_map_make(vsh_arena *arena, const sim_scale_layer *l, sim_scale_map *map)
{
    int64_t *words = vsh_alloc(arena, (size_t)l->m * 3, sizeof *words);
    int64_t *window = vsh_alloc(arena, (size_t)l->k * 3, sizeof *window);

    if (!words || !window)
        return false;
    *map = (sim_scale_map){l,      words,         words + l->m,     words + 2 * l->m,
                           window, window + l->k, window + 2 * l->k};
    for (int64_t m = 0; m < l->m; m++) {
        map->row[m] = m / l->out_width * l->stride_height;
        map->col[m] = m % l->out_width * l->stride_width;
        map->base[m] = (map->row[m] * l->width + map->col[m]) * l->channels;
    }
    for (int64_t k = 0; k < l->k; k++) {
        int64_t point = k / l->channels;
        map->down[k] = point / l->filter_width;
        map->across[k] = point % l->filter_width;
        map->offset[k] = (map->down[k] * l->width + map->across[k]) * l->channels + k % l->channels;
    }
    return true;
}
