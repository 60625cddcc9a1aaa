#include "sim/scale_sim/scale_user.h"

#include "sim/scale_sim/scale_lines.h"
#include "sim/scale_sim/scale_map.h"
#include "sim/whole.h"

enum { SETS = 100 };
static const int64_t words_max = (int64_t)1 << 28; /* some seconds */
static const int64_t turns_max = (int64_t)1 << 28; /* a few */

/* The operand as it is laid out to be fetched: blocks of `rows` rows under each other, one a fold
 * that it differs in, as wide as the array. */
typedef struct {
    int64_t blocks, rows, width, filled; /* filled: lanes of the last block that are used */
    bool rolled;                         /* fetched along diagonals, as it is asked for */
} layout;

static layout layout_of(const sim_scale_folds *f, sim_operand operand)
{
    bool by_columns = sim_scale_goes_by_columns(f->dataflow, operand);
    bool still = sim_scale_is_stationary(f->dataflow, operand);

    if (by_columns || still)
        return (layout){f->col_folds, still ? f->s_rows : f->t, f->cols,
                        f->s_cols - (f->col_folds - 1) * f->cols, !still};
    return (layout){f->row_folds, f->t, f->rows, f->s_rows - (f->row_folds - 1) * f->rows, true};
}

sim_scale_prefetch sim_scale_prefetch_of(const sim_scale_config *config,
                                         const sim_scale_layer *layer, const sim_scale_folds *f,
                                         sim_operand operand)
{
    layout at = layout_of(f, operand);
    int64_t half = config->sram_kb[operand] * 512;
    sim_scale_prefetch p = {.words = operand == SIM_LHS ? layer->m * layer->k : layer->k * layer->n,
                            .padded = at.blocks * at.rows * at.width,
                            .rate = config->bandwidth[operand]};

    p.half = sim_ceil_div(half, p.rate);
    p.lines = sim_min(p.half, sim_ceil_div(p.padded, p.rate));
    p.set = sim_ceil_div(2 * half, SETS);
    p.sets = p.words / p.set + 1;
    p.active = sim_min(sim_ceil_div(half, p.set), p.sets);
    p.turn = sim_min(sim_ceil_div(half, p.set), p.sets - p.active);
    return p;
}

typedef struct {
    sim_operand operand;
    sim_scale_prefetch p;
    layout at;
    uint32_t *set_of;    /* of each place of the layout */
    int64_t first;       /* active set */
    int64_t turns, last; /* turns so far, cycle in which the latest is there */
} ring;

static bool is_used(const layout *at, int64_t row, int64_t lane)
{
    return row / at->rows < at->blocks - 1 || lane < at->filled;
}

/* Numbers the words in the order of fetching and cuts the order into sets. */
static bool fill_ring(vsh_arena *arena, ring *r)
{
    const layout *at = &r->at;
    int64_t rows = at->blocks * at->rows, rank = 0;

    r->set_of = vsh_alloc(arena, (size_t)r->p.padded, sizeof *r->set_of);
    if (!r->set_of)
        return false;
    for (int64_t i = 0; i < rows + (at->rolled ? at->width - 1 : 0); i++) {
        int64_t first = at->rolled ? sim_max(0, i - rows + 1) : 0;
        int64_t end = at->rolled ? sim_min(at->width, i + 1) : at->width;
        for (int64_t lane = first; lane < end; lane++) {
            int64_t row = at->rolled ? i - lane : i;
            if (is_used(at, row, lane))
                r->set_of[row * at->width + lane] = (uint32_t)(rank++ / r->p.set);
        }
    }
    return true;
}

static bool is_active(const ring *r, uint32_t set)
{
    int64_t distance = (int64_t)set - r->first;

    return (distance < 0 ? distance + r->p.sets : distance) < r->p.active;
}

/* Where a word of a fold stands in the layout. */
static int64_t place_of(const ring *r, const sim_scale_folds *f, const sim_scale_tile *tile,
                        int64_t row_fold, int64_t col_fold, int64_t step, int64_t lane)
{
    int64_t row;

    if (!tile->skewed) /* the last row first */
        row = col_fold * r->at.rows + row_fold * f->rows + tile->steps - 1 - step;
    else
        row = (sim_scale_goes_by_columns(f->dataflow, r->operand) ? col_fold : row_fold) *
                  r->at.rows +
              step;
    return row * r->at.width + lane;
}

/* Cycles the array waits for the words of one cycle; *any tells whether there were some. */
static int64_t read_cycle(ring *r, const sim_scale_folds *f, int64_t fold, int64_t local,
                          int64_t cycle, bool v3, bool *any)
{
    int64_t row_fold = fold % f->row_folds, col_fold = fold / f->row_folds, wait = 0;
    sim_scale_tile tile = sim_scale_tile_of(f, r->operand, row_fold, col_fold);
    int64_t at = local - tile.lead;
    int64_t first = tile.skewed ? sim_max(0, at - tile.steps + 1) : 0;
    int64_t end = tile.skewed ? sim_min(tile.lanes, at + 1) : tile.lanes;

    *any = at >= 0 && (tile.skewed ? first < end : at < tile.steps);
    for (int64_t lane = first; *any && lane < end; lane++) {
        int64_t place =
            place_of(r, f, &tile, row_fold, col_fold, tile.skewed ? at - lane : at, lane);
        while (!is_active(r, r->set_of[place]) && r->turns < turns_max) {
            int64_t early;
            r->first = (r->first + r->p.turn) % r->p.sets;
            r->turns++;
            r->last += r->p.half + 1;
            early = r->last - (cycle + wait + 1);
            wait += v3 && early > 0 ? 2 * early : early;
        }
    }
    return wait;
}

typedef struct {
    sim_scale_lines lines;
    int64_t written, busy_until;
} writer;

static int64_t write_cycle(writer *w, int64_t words, int64_t cycle)
{
    int64_t now = cycle;

    for (; words > 0; words--) {
        int64_t space = w->lines.whole - (++w->written - w->lines.gone);
        if (now < w->busy_until) {
            if (space <= 0)
                now = w->busy_until;
        } else if (space < w->lines.half) {
            sim_scale_close(&w->lines, w->written);
            w->busy_until = sim_scale_drain(&w->lines, now);
        }
    }
    return now - cycle;
}

static void note(sim_scale_access *sram, int64_t cycle)
{
    if (!sram->exact)
        sram->start = cycle;
    sram->exact = true;
    sram->stop = cycle;
}

static bool follow(const sim_scale_config *config, const sim_scale_folds *f, ring read[2],
                   writer *w, sim_scale_waits *waits)
{
    int64_t stalls = 0, wait[SIM_OPERANDS], cycle = 0;

    for (int64_t fold = 0; fold < f->count; fold++) {
        sim_scale_tile out =
            sim_scale_tile_of(f, SIM_OUT, fold % f->row_folds, fold / f->row_folds);
        if (read[SIM_LHS].turns == turns_max || read[SIM_RHS].turns == turns_max)
            return false;
        for (int64_t local = 0; local < f->cycles; local++) {
            int64_t words =
                sim_scale_tile_before(&out, local + 1) - sim_scale_tile_before(&out, local);
            cycle = fold * f->cycles + local + stalls;
            for (int i = SIM_LHS; i <= SIM_RHS; i++) {
                bool any;
                wait[i] = read_cycle(&read[i], f, fold, local, cycle, config->v3, &any);
                if (any)
                    note(&waits->sram[i], cycle + wait[i] + 1);
            }
            wait[SIM_OUT] = write_cycle(w, words, cycle);
            if (words > 0)
                note(&waits->sram[SIM_OUT], cycle + wait[SIM_OUT]);
            stalls += sim_max(sim_max(wait[SIM_LHS], wait[SIM_RHS]), wait[SIM_OUT]);
        }
    }
    waits->stall_cycles = stalls;
    waits->total_cycles = cycle + wait[SIM_OUT];
    return read[SIM_LHS].turns < turns_max && read[SIM_RHS].turns < turns_max;
}

static bool follow_all(vsh_arena *arena, const sim_scale_config *config,
                       const sim_scale_layer *layer, const sim_scale_folds *f,
                       sim_scale_waits *waits)
{
    writer w = {.lines = sim_scale_lines_of(config)};
    ring read[2];

    for (int i = SIM_LHS; i <= SIM_RHS; i++) {
        read[i] = (ring){.operand = (sim_operand)i,
                         .p = sim_scale_prefetch_of(config, layer, f, (sim_operand)i),
                         .at = layout_of(f, (sim_operand)i),
                         .last = -1};
        if (read[i].p.padded > words_max || !fill_ring(arena, &read[i]))
            return false;
    }
    if (!follow(config, f, read, &w, waits))
        return false;
    sim_scale_drain_rest(&w.lines, w.written, waits->total_cycles);
    for (int i = SIM_LHS; i <= SIM_RHS; i++) {
        const sim_scale_prefetch *p = &read[i].p;
        waits->dram[i] = (sim_scale_access){-p->lines, read[i].last,
                                            (p->lines + read[i].turns * p->half) * p->rate, true};
    }
    waits->dram[SIM_OUT] =
        (sim_scale_access){w.lines.start, w.lines.stop, w.lines.gone, w.lines.exact};
    return w.lines.exact;
}

bool sim_scale_user_follow(const sim_scale_config *config, const sim_scale_layer *layer,
                           const sim_scale_folds *f, sim_scale_waits *waits)
{
    vsh_arena arena = {0};
    bool followed;

    *waits = (sim_scale_waits){0};
    if (sim_scale_map_distinct(layer) != layer->m * layer->k)
        return false;
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++)
        if (f->requests[i] > words_max)
            return false;
    if (f->last > words_max)
        return false;
    followed = follow_all(&arena, config, layer, f, waits);
    vsh_arena_free(&arena);
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++)
        waits->sram[i].words = f->requests[i];
    return followed;
}
