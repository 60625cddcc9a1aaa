#include "sim/scale_sim/scale_dram.h"

#include "sim/scale_sim/scale_lines.h"
#include "sim/scale_sim/scale_map.h"
#include "sim/scale_sim/scale_user.h"
#include "sim/whole.h"

enum {
    SETS = 100,         /* of a read buffer; half of them are active */
    CALC_BANDWIDTH = 10 /* "arbitrary", says the tool */
};
static const int64_t folds_max = (int64_t)1 << 28;    /* about a second */
static const int64_t requests_max = (int64_t)1 << 32; /* about ten */
static const int64_t map_max = (int64_t)1 << 28;      /* a gigabyte of marks */

static vsh_status too_long(const char *path, const sim_scale_layer *layer, const char *what,
                           int64_t found, int64_t max, vsh_error *err)
{
    return vsh_fail(err, VSH_EINPUT,
                    "%s:%lld: expected at most %lld %s to follow through a buffer that is too "
                    "small for the layer, found %lld",
                    path, (long long)layer->line, (long long)max, what, (long long)found);
}

/* ---- reads that nothing waits for ---------------------------------------------------------- */

/* An operand followed through a buffer that forgets everything after every `half` words. */
typedef struct {
    int64_t half, filled; /* words since it last forgot */
    int64_t fetched;
    int64_t emptied;    /* how often it forgot, which numbers the words it knows */
    int64_t last_cycle; /* in which it forgot last */
} forgetful;

/* The words of a tile that are known: those at and after `from`, if they were fetched since. */
typedef struct {
    int64_t emptied, from;
} known_part;

/* One visit: the words before `from` are fetched, or all of them. Where the buffer forgets in the
 * middle, the rest of the tile is fetched anew, and that rest is what is known afterwards. */
static void visit_tile(forgetful *b, const sim_scale_tile *tile, int64_t base, known_part *part)
{
    int64_t words = tile->steps * tile->lanes, at = 0, halves;
    int64_t missing = part && part->emptied == b->emptied ? part->from : words;

    if (missing >= b->half - b->filled) {
        at = b->half - b->filled;
        b->fetched += at;
        b->filled = 0;
        halves = (words - at) / b->half;
        b->fetched += halves * b->half;
        b->emptied += halves + 1;
        at += halves * b->half;
        b->last_cycle = base + sim_scale_tile_cycle(tile, at - 1);
        missing = words - at;
    }
    b->fetched += missing;
    b->filled += missing;
    if (part)
        *part = (known_part){b->emptied, at};
}

/* An operand whose tiles share no word. */
static vsh_status follow_tiles(vsh_arena *arena, const sim_scale_folds *f, sim_operand operand,
                               forgetful *b, vsh_error *err)
{
    bool once = sim_scale_is_stationary(f->dataflow, operand);
    bool by_columns = sim_scale_goes_by_columns(f->dataflow, operand);
    int64_t tiles = once ? 0 : by_columns ? f->col_folds : f->row_folds, fold = 0;
    known_part *part = once ? NULL : vsh_alloc(arena, (size_t)tiles, sizeof *part);

    if (!once && !part)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < tiles; i++)
        part[i].emptied = -1;
    for (int64_t c = 0; c < f->col_folds; c++)
        for (int64_t r = 0; r < f->row_folds; r++, fold++) {
            sim_scale_tile tile = sim_scale_tile_of(f, operand, r, c);
            visit_tile(b, &tile, fold * f->cycles, once ? NULL : &part[by_columns ? c : r]);
        }
    return VSH_OK;
}

/* Which window and word of it stand at (step, lane) of a fold of the ifmap. */
static void place_of(const sim_scale_folds *f, const sim_scale_tile *tile, int64_t row_fold,
                     int64_t col_fold, int64_t step, int64_t lane, int64_t *m, int64_t *k)
{
    if (f->dataflow == SIM_OS) {
        *m = row_fold * f->rows + lane;
        *k = step;
    } else if (tile->skewed) {
        *m = step;
        *k = row_fold * f->rows + lane;
    } else { /* the last row first */
        *m = col_fold * f->cols + lane;
        *k = row_fold * f->rows + tile->steps - 1 - step;
    }
}

static void visit_map_fold(const sim_scale_map *map, const sim_scale_folds *f, int64_t fold,
                           uint32_t *mark, forgetful *b)
{
    int64_t r = fold % f->row_folds, c = fold / f->row_folds;
    sim_scale_tile tile = sim_scale_tile_of(f, SIM_LHS, r, c);
    int64_t cycles = tile.skewed ? tile.steps + tile.lanes - 1 : tile.steps;

    for (int64_t cycle = 0; cycle < cycles; cycle++) {
        int64_t first = tile.skewed ? sim_max(0, cycle - tile.steps + 1) : 0;
        int64_t end = tile.skewed ? sim_min(tile.lanes, cycle + 1) : tile.lanes;
        for (int64_t lane = first; lane < end; lane++) {
            int64_t m, k, word;
            place_of(f, &tile, r, c, tile.skewed ? cycle - lane : cycle, lane, &m, &k);
            word = sim_scale_map_word(map, m, k);
            if (word < 0 || mark[word] == (uint32_t)(b->emptied + 1))
                continue;
            mark[word] = (uint32_t)(b->emptied + 1);
            b->fetched++;
            if (++b->filled == b->half) {
                b->filled = 0;
                b->emptied++;
                b->last_cycle = fold * f->cycles + tile.lead + cycle;
            }
        }
    }
}

/* The map of a convolution, whose windows share words: word by word. */
static vsh_status follow_map(vsh_arena *arena, const sim_scale_layer *layer,
                             const sim_scale_folds *f, const char *path, forgetful *b,
                             vsh_error *err)
{
    int64_t words = layer->height * layer->width * layer->channels;
    sim_scale_map map;
    uint32_t *mark;

    if (f->requests[SIM_LHS] > requests_max)
        return too_long(path, layer, "reads", f->requests[SIM_LHS], requests_max, err);
    if (sim_max(words, sim_max(layer->m, layer->k)) > map_max)
        return too_long(path, layer, "words", sim_max(words, sim_max(layer->m, layer->k)), map_max,
                        err);
    mark = vsh_alloc(arena, (size_t)words, sizeof *mark);
    if (!mark || !sim_scale_map_make(arena, layer, &map))
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    for (int64_t fold = 0; fold < f->count; fold++)
        visit_map_fold(&map, f, fold, mark, b);
    return VSH_OK;
}

static vsh_status follow(vsh_arena *arena, const sim_scale_layer *layer, const sim_scale_folds *f,
                         sim_operand operand, const char *path, forgetful *b, vsh_error *err)
{
    if (f->count > folds_max)
        return too_long(path, layer, "folds", f->count, folds_max, err);
    if (operand == SIM_LHS && sim_scale_map_distinct(layer) != layer->m * layer->k)
        return follow_map(arena, layer, f, path, b, err);
    return follow_tiles(arena, f, operand, b, err);
}

static vsh_status read_calc(const sim_scale_config *config, const sim_scale_layer *layer,
                            const sim_scale_folds *f, sim_operand operand, const char *path,
                            sim_scale_access *access, vsh_error *err)
{
    int64_t set = config->sram_kb[operand] * 1024 / SETS, half = SETS / 2 * set;
    int64_t distinct = operand == SIM_LHS ? sim_scale_map_distinct(layer) : layer->k * layer->n;
    forgetful b = {.half = half};
    vsh_arena arena = {0};
    vsh_status status;

    if (distinct < half) { /* all of it fits: fetched in whole sets, which end before cycle 0 */
        *access = (sim_scale_access){-sim_ceil_div(sim_round_up(distinct, set), CALC_BANDWIDTH), -1,
                                     distinct, true};
        return VSH_OK;
    }
    status = follow(&arena, layer, f, operand, path, &b, err);
    vsh_arena_free(&arena);
    if (status != VSH_OK)
        return status;
    *access = (sim_scale_access){.start = sim_scale_tile_of(f, operand, 0, 0).lead -
                                          sim_ceil_div(half, CALC_BANDWIDTH),
                                 .stop = b.last_cycle + 1, /* a read takes a cycle */
                                 .words = b.fetched,
                                 .exact = true};
    return VSH_OK;
}

/* false where the active half does not hold all words, and some would be waited for */
static bool read_user(const sim_scale_config *config, const sim_scale_layer *layer,
                      const sim_scale_folds *f, sim_operand operand, sim_scale_access *access)
{
    sim_scale_prefetch p = sim_scale_prefetch_of(config, layer, f, operand);

    *access = (sim_scale_access){-p.lines, -1, p.lines * p.rate, true};
    return p.words <= p.active * p.set;
}

vsh_status sim_scale_dram_read(const sim_scale_config *config, const sim_scale_layer *layer,
                               const sim_scale_folds *f, sim_operand operand, const char *path,
                               sim_scale_access *access, vsh_error *err)
{
    if (config->user && read_user(config, layer, f, operand, access))
        return VSH_OK;
    VSH_TRY(read_calc(config, layer, f, operand, path, access, err));
    access->exact = !config->user;
    return VSH_OK;
}

/* ---- writes -------------------------------------------------------------------------------- */

/* Numbers the words written from 1, in the order of their cycles; asked with rising numbers and
 * cycles. */
typedef struct {
    const sim_scale_folds *f;
    int64_t fold, before; /* words written before the fold */
    sim_scale_tile tile;
} write_cursor;

static int64_t tile_words(const write_cursor *w) { return w->tile.steps * w->tile.lanes; }

static bool next_fold(write_cursor *w)
{
    if (w->fold + 1 >= w->f->count)
        return false;
    w->before += tile_words(w);
    w->fold++;
    w->tile =
        sim_scale_tile_of(w->f, SIM_OUT, w->fold % w->f->row_folds, w->fold / w->f->row_folds);
    return true;
}

static int64_t cycle_of_word(write_cursor *w, int64_t number)
{
    while (number > w->before + tile_words(w) && next_fold(w))
        ;
    return w->fold * w->f->cycles + sim_scale_tile_cycle(&w->tile, number - w->before - 1);
}

static int64_t words_before(write_cursor *w, int64_t cycle)
{
    while (cycle >= (w->fold + 1) * w->f->cycles && next_fold(w))
        ;
    return w->before + sim_scale_tile_before(&w->tile, cycle - w->fold * w->f->cycles);
}

static void write_while_computing(sim_scale_lines *b, const sim_scale_folds *f, int64_t total)
{
    write_cursor w = {.f = f, .tile = sim_scale_tile_of(f, SIM_OUT, 0, 0)};
    int64_t busy_until = 0;

    while (b->exact) {
        int64_t written = words_before(&w, busy_until), cycle;
        if (written - b->gone >= b->whole) /* full while it drains: the array would wait */
            b->exact = false;
        written = sim_max(written, b->gone + b->half) + 1;
        if (written > total)
            break;
        cycle = cycle_of_word(&w, written);
        sim_scale_close(b, written);
        busy_until = sim_scale_drain(b, cycle);
    }
}

vsh_status sim_scale_dram_write(const sim_scale_config *config, const sim_scale_layer *layer,
                                const sim_scale_folds *f, const char *path,
                                sim_scale_access *access, vsh_error *err)
{
    int64_t total = f->dataflow == SIM_OS ? f->s_rows * f->s_cols : f->requests[SIM_OUT];
    sim_scale_lines b = sim_scale_lines_of(config);

    if (total > b.half) {
        if (f->count > folds_max || total / b.half > folds_max)
            return too_long(path, layer, "folds", sim_max(f->count, total / b.half), folds_max,
                            err);
        write_while_computing(&b, f, total);
    }
    sim_scale_drain_rest(&b, total, f->last);
    *access = (sim_scale_access){b.start, b.stop, b.gone, b.exact};
    return VSH_OK;
}
