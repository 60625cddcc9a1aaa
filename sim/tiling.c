#include "sim/tiling.h"

#include <stdbool.h>

enum {
    SIDES_MAX = 24,    /* candidates for one side of a block */
    FINALISTS = 32,    /* ranked by the event engine */
    PARTIAL_BYTES = 4, /* a partial sum over k */
    SIDE_LEAST = 128   /* smaller blocks only where the product is smaller */
};

static inline int64_t min2(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t sim_blocks_bytes(const sim_machine *m, const sim_product *p)
{
    int64_t lhs = p->element_bytes[SIM_LHS], rhs = p->element_bytes[SIM_RHS];
    int64_t out = p->element_bytes[SIM_OUT], block = p->block_m * p->block_n, bytes = 0;

    bytes += p->resident[SIM_LHS] ? p->m * p->k * lhs : m->buffers * p->block_m * p->block_k * lhs;
    bytes += p->resident[SIM_RHS] ? p->k * p->n * rhs : m->buffers * p->block_k * p->block_n * rhs;
    bytes += p->resident[SIM_OUT] ? p->m * p->n * out : m->buffers * block * out;
    return bytes + (p->block_k < p->k ? block * PARTIAL_BYTES : 0);
}

static void add_side(int64_t sides[SIDES_MAX], int *count, int64_t side)
{
    for (int i = 0; i < *count; i++)
        if (sides[i] == side)
            return;
    if (*count < SIDES_MAX)
        sides[(*count)++] = side;
}

/* The whole side, equal parts of it in whole tiles, and powers of two of tiles. */
static int candidates(int64_t whole, int64_t tile, int64_t sides[SIDES_MAX])
{
    int count = 0;

    add_side(sides, &count, whole);
    for (int64_t parts = 2; parts <= 8; parts *= 2) {
        int64_t side = ceil_div(ceil_div(whole, parts), tile) * tile;
        if (side < whole)
            add_side(sides, &count, side);
    }
    for (int64_t side = tile; side < whole && count < SIDES_MAX; side *= 2)
        add_side(sides, &count, side);
    return count;
}

/* A tiling's place among the best so far. */
static void rank(sim_tiling best[], int *count, int most, sim_tiling tiling)
{
    int at = *count;

    while (at > 0 && best[at - 1].cycles > tiling.cycles)
        at--;
    if (at >= most)
        return;
    if (*count < most)
        (*count)++;
    for (int i = *count - 1; i > at; i--)
        best[i] = best[i - 1];
    best[at] = tiling;
}

typedef struct {
    const sim_chip *chip;
    sim_machine machine;
    int64_t tile_m;
    sim_tiling finalist[FINALISTS];
    int finalists;
    int64_t considered, fitting;
} search;

/* One block size, in both orders of the grid and both ways to share the folds. */
static vsh_status consider(search *s, sim_product p, vsh_error *err)
{
    const sim_machine *m = &s->machine;

    s->considered++;
    if (sim_blocks_bytes(m, &p) > s->chip->scratchpad_bytes)
        return VSH_OK;
    s->fitting++;
    for (int order = 0; order < 2; order++)
        for (sim_split split = SIM_SPLIT_TILES; split <= SIM_SPLIT_ROWS; split++) {
            sim_counts counts;
            if (order && p.block_n >= p.n) /* the same order */
                continue;
            p.n_outer = order;
            p.split = split;
            VSH_TRY(sim_closed_run(NULL, m, &p, &counts, err));
            rank(s->finalist, &s->finalists, FINALISTS, (sim_tiling){*m, p, counts.cycles});
            if (m->units == 1)
                break;
        }
    return VSH_OK;
}

static bool same_block(const sim_product *a, const sim_product *b)
{
    return a->block_m == b->block_m && a->block_n == b->block_n && a->block_k == b->block_k;
}

/* The finalists by the event engine; the runner-up is one with another block. */
static vsh_status decide(search *s, sim_tilings *found, vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_status status = VSH_OK;
    sim_tiling ranked[FINALISTS] = {0};
    int count = 0;

    for (int i = 0; i < s->finalists && status == VSH_OK; i++) {
        sim_counts counts;
        const sim_tiling *t = &s->finalist[i];
        status = sim_event_run(&arena, &t->machine, &t->product, &counts, err);
        if (status == VSH_OK)
            rank(ranked, &count, FINALISTS, (sim_tiling){t->machine, t->product, counts.cycles});
        vsh_arena_free(&arena);
    }
    VSH_TRY(status);
    *found = (sim_tilings){.best = ranked[0], .considered = s->considered, .fitting = s->fitting};
    for (int i = 1; i < count && !found->second.cycles; i++)
        if (!same_block(&ranked[i].product, &ranked[0].product))
            found->second = ranked[i];
    return VSH_OK;
}

/* All blocks on one choice of units. */
static vsh_status consider_all(search *s, const sim_product *whole, vsh_error *err)
{
    const sim_machine *m = &s->machine;
    int64_t ms[SIDES_MAX], ns[SIDES_MAX], ks[SIDES_MAX];
    int m_count = s->tile_m ? 1 : candidates(whole->m, SIDE_LEAST, ms);
    int n_count = candidates(whole->n, m->cols, ns), k_count = candidates(whole->k, m->rows, ks);

    for (int i = 0; i < m_count; i++)
        for (int j = 0; j < n_count; j++)
            for (int l = 0; l < k_count; l++) {
                sim_product p = *whole;
                p.block_m = s->tile_m ? min2(s->tile_m, whole->m) : ms[i];
                p.block_n = ns[j];
                p.block_k = ks[l];
                p.stream_rows = min2(s->chip->stream_rows, p.block_m);
                VSH_TRY(consider(s, p, err));
            }
    return VSH_OK;
}

vsh_status sim_tile(const sim_chip *chip, const sim_product *whole, int64_t tile_m,
                    sim_tilings *found, vsh_error *err)
{
    search s = {.chip = chip, .machine = chip->machine, .tile_m = tile_m};

    VSH_TRY(consider_all(&s, whole, err));
    if (chip->near_latency < s.machine.latency && s.machine.units > 1 &&
        whole->n <= s.machine.cols && whole->k <= s.machine.rows) { /* one tile */
        s.machine.units /= 2;
        s.machine.latency = chip->near_latency;
        s.machine.mac_latency = s.machine.latency - 1;
        VSH_TRY(consider_all(&s, whole, err));
    }
    if (s.finalists == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%lld x %lld x %lld: no block fits the scratchpad of %lld bytes",
                        (long long)whole->m, (long long)whole->n, (long long)whole->k,
                        (long long)chip->scratchpad_bytes);
    return decide(&s, found, err);
}
