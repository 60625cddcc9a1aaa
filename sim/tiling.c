#include "sim/tiling.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/whole.h"

enum {
    SIDES_MAX = 24,   /* candidates for one side of a block */
    ESTIMATED = 24,   /* the best by estimate, run by the event engine in any case */
    RUN_FOLDS = 4096, /* a run takes as long as its folds, up to about so many: the rest repeats */
    FOLDS_MOST = 1 << 17, /* of the runs of a search, counted so: some milliseconds */
    PARTIAL_BYTES = 4,    /* a partial sum over k */
    SIDE_LEAST = 128      /* smaller blocks only where the product is smaller */
};

int64_t sim_blocks_bytes(const sim_machine *m, const sim_product *p)
{
    int64_t lhs = p->element_bytes[SIM_LHS], rhs = p->element_bytes[SIM_RHS];
    int64_t out = p->element_bytes[SIM_OUT], block = p->block_m * p->block_n, bytes = 0;
    bool whole[SIM_OPERANDS];

    for (int i = 0; i < SIM_OPERANDS; i++)
        whole[i] = p->resident[i] && !p->passing;
    bytes += whole[SIM_LHS] ? p->m * p->k * lhs : m->buffers * p->block_m * p->block_k * lhs;
    bytes += whole[SIM_RHS] ? p->k * p->n * rhs : m->buffers * p->block_k * p->block_n * rhs;
    bytes += whole[SIM_OUT] ? p->m * p->n * out : m->buffers * block * out;
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
        int64_t side = sim_round_up(sim_ceil_div(whole, parts), tile);
        if (side < whole)
            add_side(sides, &count, side);
    }
    for (int64_t side = tile; side < whole && count < SIDES_MAX; side *= 2)
        add_side(sides, &count, side);
    return count;
}

/* A block that fits, with an order of the grid and a way to share the folds. */
typedef struct {
    int64_t block[3], least, estimate, folds;
    int number; /* in the order they were considered */
    bool near, n_outer;
    sim_split split;
} candidate;

typedef struct {
    const sim_chip *chip;
    const sim_product *whole;
    const sim_tile_terms *terms;
    sim_machine machine[2]; /* of all units, of the nearer half */
    candidate *list;
    int count;
    sim_tilings found;
} search;

static sim_product product_of(const search *s, const candidate *c)
{
    sim_product p = *s->whole;

    p.block_m = c->block[0];
    p.block_n = c->block[1];
    p.block_k = c->block[2];
    p.stream_rows = sim_min(s->chip->stream_rows, p.block_m);
    p.n_outer = c->n_outer;
    p.split = c->split;
    return p;
}

/* One block size, in both orders of the grid and both ways to share the folds. */
static void consider(search *s, candidate c)
{
    const sim_machine *m = &s->machine[c.near];
    sim_product p = product_of(s, &c);
    sim_counts counts;

    s->found.considered++;
    if (sim_blocks_bytes(m, &p) > s->chip->scratchpad_bytes)
        return;
    s->found.fitting++;
    for (int order = 0; order < 2; order++)
        for (sim_split split = SIM_SPLIT_TILES; split <= SIM_SPLIT_ROWS; split++) {
            bool asked = s->terms->split_given ? split == s->terms->split
                                               : m->units > 1 || split == SIM_SPLIT_TILES;
            if (!asked || (order && c.block[1] >= p.n)) /* the same order */
                continue;
            c.n_outer = p.n_outer = order;
            c.split = p.split = split;
            c.number = s->count;
            c.least = sim_closed_least(m, &p, &counts);
            c.estimate = counts.cycles;
            c.folds = counts.folds;
            s->list[s->count++] = c;
        }
}

/* All blocks on one choice of units. */
static vsh_status consider_all(search *s, vsh_arena *arena, bool near, vsh_error *err)
{
    const sim_machine *m = &s->machine[near];
    int64_t ms[SIDES_MAX], ns[SIDES_MAX], ks[SIDES_MAX], tile_m = s->terms->tile_m;
    int m_count = candidates(s->whole->m, SIDE_LEAST, ms);
    int n_count = candidates(s->whole->n, m->cols, ns);
    int k_count = candidates(s->whole->k, m->rows, ks);
    candidate *list;

    if (tile_m) {
        ms[0] = sim_min(tile_m, s->whole->m);
        m_count = 1;
    }
    list = vsh_alloc(arena, (size_t)(s->count + 4 * m_count * n_count * k_count), sizeof *list);
    if (!list)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (s->count)
        memcpy(list, s->list, (size_t)s->count * sizeof *list);
    s->list = list;
    for (int i = 0; i < m_count; i++)
        for (int j = 0; j < n_count; j++)
            for (int l = 0; l < k_count; l++)
                consider(s, (candidate){.block = {ms[i], ns[j], ks[l]}, .near = near});
    return VSH_OK;
}

static int by_estimate(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    return x->estimate != y->estimate ? (x->estimate > y->estimate) - (x->estimate < y->estimate)
                                      : (x->number > y->number) - (x->number < y->number);
}

/* An estimate is seldom too low; what might be the best by its least comes somewhat sooner. */
static int by_promise(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    int64_t first = x->least + 3 * x->estimate, second = y->least + 3 * y->estimate;

    return first != second ? (first > second) - (first < second) : by_estimate(a, b);
}

static bool same_block(const sim_product *a, const sim_product *b)
{
    return a->block_m == b->block_m && a->block_n == b->block_n && a->block_k == b->block_k;
}

/* Runs one; the runner-up is one with another block. */
static vsh_status try_one(search *s, const candidate *c, vsh_error *err)
{
    sim_tiling t = {s->machine[c->near], product_of(s, c), 0};
    sim_tiling *best = &s->found.best, *second = &s->found.second;
    vsh_arena arena = {0};
    sim_counts counts;
    vsh_status status = sim_event_run(&arena, &t.machine, &t.product, &counts, err);

    vsh_arena_free(&arena);
    VSH_TRY(status);
    t.cycles = counts.cycles;
    if (!best->cycles || t.cycles < best->cycles) {
        if (best->cycles && !same_block(&t.product, &best->product))
            *second = *best;
        *best = t;
    } else if (!same_block(&t.product, &best->product) &&
               (!second->cycles || t.cycles < second->cycles)) {
        *second = t;
    }
    return VSH_OK;
}

/* First those of the best estimates; then whatever may be faster than the best of them, so that a
 * poor estimate passes little over: more memory or bandwidth is then hardly ever slower. */
static vsh_status decide(search *s, vsh_error *err)
{
    int first = s->count < ESTIMATED ? s->count : ESTIMATED;
    int64_t folds = 0;

    qsort(s->list, (size_t)s->count, sizeof *s->list, by_estimate);
    for (int i = 0; i < first; i++)
        VSH_TRY(try_one(s, &s->list[i], err));
    qsort(s->list + first, (size_t)(s->count - first), sizeof *s->list, by_promise);
    for (int i = first; i < s->count; i++) {
        if (s->list[i].least >= s->found.best.cycles)
            continue;
        folds += sim_min(s->list[i].folds, RUN_FOLDS);
        if (folds > FOLDS_MOST)
            break;
        VSH_TRY(try_one(s, &s->list[i], err));
    }
    return VSH_OK;
}

static vsh_status search_all(search *s, vsh_arena *arena, vsh_error *err)
{
    const sim_chip *chip = s->chip;
    const sim_product *whole = s->whole;
    sim_machine *all = &s->machine[0], *near = &s->machine[1];

    VSH_TRY(consider_all(s, arena, false, err));
    if (s->terms->near && chip->near_latency < all->latency && all->units > 1 &&
        whole->n <= all->cols && whole->k <= all->rows) { /* one tile */
        near->units /= 2;
        near->latency = chip->near_latency;
        near->mac_latency = sim_max(0, near->latency - 1);
        VSH_TRY(consider_all(s, arena, true, err));
    }
    if (s->count == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%lld x %lld x %lld: no block fits the scratchpad of %lld bytes",
                        (long long)whole->m, (long long)whole->n, (long long)whole->k,
                        (long long)chip->scratchpad_bytes);
    return decide(s, err);
}

vsh_status sim_tile(const sim_chip *chip, const sim_product *whole, const sim_tile_terms *terms,
                    sim_tilings *found, vsh_error *err)
{
    search s = {
        .chip = chip, .whole = whole, .terms = terms, .machine = {chip->machine, chip->machine}};
    vsh_arena arena = {0};
    vsh_status status = search_all(&s, &arena, err);

    vsh_arena_free(&arena);
    *found = s.found;
    return status;
}
