/* Random small machines and products for the tests of the simulator: number `n` of them is always
 * the same. */
#ifndef VSH_RANDOM_CASE_H
#define VSH_RANDOM_CASE_H

#include <stdint.h>
#include <stdio.h>

#include "core/rng.h"
#include "sim/machine.h"

typedef struct {
    sim_machine machine; /* the dataflow may be SIM_IS: not yet oriented */
    sim_product product;
} random_case;

typedef struct {
    uint32_t number, drawn;
} random_draws;

static inline int64_t draw(random_draws *d, int64_t low, int64_t high)
{
    vsh_random_block block = vsh_philox((vsh_random_block){{d->drawn++, 0, 0, 0}}, d->number, 0);

    return low + (int64_t)(block.word[0] % (uint64_t)(high - low + 1));
}

/* 1 in `of`. */
static inline bool rarely(random_draws *d, int64_t of) { return draw(d, 1, of) == 1; }

static inline void random_memory(random_draws *d, sim_machine *m)
{
    static const int64_t rates[][2] = {{0, 1}, {0, 1},  {1, 3},  {1, 2},  {2, 3},
                                       {1, 1}, {5, 3},  {2, 1},  {7, 2},  {5, 1},
                                       {8, 1}, {13, 1}, {20, 1}, {33, 1}, {64, 1}};
    int64_t rate = draw(d, 0, sizeof rates / sizeof *rates - 1);

    m->bytes_num = rates[rate][0];
    m->bytes_den = rates[rate][1];
    m->memory_latency = rarely(d, 3) ? 0 : draw(d, 0, 20);
    m->buffers = draw(d, 1, 3);
    m->transpose = draw(d, 0, 9);
    m->step_overhead = rarely(d, 2) ? 0 : draw(d, 0, 10);
}

static inline sim_machine random_machine(random_draws *d)
{
    static const int64_t paces[][2] = {{1, 1}, {1, 1}, {1, 1}, {2, 1}, {1, 2}, {3, 2}};
    int64_t rows = draw(d, 1, 9), cols = rarely(d, 3) ? rows : draw(d, 1, 9);
    sim_machine m = sim_mesh(rows, cols, (sim_dataflow)draw(d, 0, 2), (sim_policy)draw(d, 0, 2));

    m.units = draw(d, 1, 3);
    if (rarely(d, 2)) {
        int64_t pace = draw(d, 0, 5);
        m.pace_num = paces[pace][0];
        m.pace_den = paces[pace][1];
    }
    if (rarely(d, 3)) {
        m.load = draw(d, 0, 12);
        m.mac_latency = draw(d, 0, 20);
        m.latency = m.mac_latency + draw(d, 0, 10);
    }
    m.bubble = rarely(d, 2) ? 0 : draw(d, 0, 5);
    m.row_group = rarely(d, 2) ? 1 : draw(d, 1, 4);
    m.vector_rate = rarely(d, 3) ? 0 : draw(d, 0, 50);
    m.result_buffers = draw(d, 1, 3);
    m.accumulators = rarely(d, 2);
    random_memory(d, &m);
    return m;
}

static inline int64_t random_block(random_draws *d, int64_t side, bool large)
{
    if (large)
        return draw(d, 1 + side / 30, 1 + side / 4);
    return rarely(d, 3) ? side : draw(d, 1 + side / 8, side);
}

/* Sides up to 40, most smaller, so that many cases are quick; large: up to 150 in many blocks, so
 * that much repeats. */
static inline sim_product random_product(random_draws *d, bool large)
{
    int64_t most = large ? 150 : rarely(d, 4) ? 40 : draw(d, 4, 20);
    sim_product p = sim_whole_product(draw(d, 1, most), draw(d, 1, most), draw(d, 1, most));

    if (!rarely(d, 4)) {
        p.block_m = random_block(d, p.m, large);
        p.block_n = random_block(d, p.n, large);
        p.block_k = random_block(d, p.k, large);
    }
    p.stream_rows = rarely(d, 2) ? 0 : draw(d, 1, p.block_m);
    p.result_work = rarely(d, 2) ? 1 : draw(d, 1, 5);
    p.n_outer = rarely(d, 2);
    p.split = rarely(d, 3) ? SIM_SPLIT_ROWS : SIM_SPLIT_TILES;
    p.transposed = rarely(d, 4);
    for (int i = 0; i < SIM_OPERANDS; i++) {
        p.element_bytes[i] = draw(d, 1, 4);
        p.resident[i] = rarely(d, 5);
    }
    return p;
}

static inline random_case random_case_of(uint32_t number, bool large)
{
    random_draws draws = {.number = number};
    random_case c = {.machine = random_machine(&draws)};

    c.product = random_product(&draws, large);
    return c;
}

static inline random_case random_case_at(uint32_t number) { return random_case_of(number, false); }

/* As a person who wants to run it again needs it. */
static inline void random_case_print(FILE *to, const random_case *c)
{
    const sim_machine *m = &c->machine;
    const sim_product *p = &c->product;
#define L(x) (long long)(x)
    fprintf(
        to,
        "%lldx%lld units %lld %s %s load %lld pace %lld/%lld bubble %lld mac_latency %lld "
        "latency %lld row_group %lld vector_rate %lld result_buffers %lld accumulators %d bytes "
        "%lld/%lld memory_latency %lld buffers %lld transpose %lld step_overhead %lld; ",
        L(m->rows), L(m->cols), L(m->units), sim_dataflow_words[m->dataflow],
        sim_policy_words[m->policy], L(m->load), L(m->pace_num), L(m->pace_den), L(m->bubble),
        L(m->mac_latency), L(m->latency), L(m->row_group), L(m->vector_rate), L(m->result_buffers),
        m->accumulators, L(m->bytes_num), L(m->bytes_den), L(m->memory_latency), L(m->buffers),
        L(m->transpose), L(m->step_overhead));
    fprintf(to,
            "%lldx%lldx%lld blocks %lldx%lldx%lld stream_rows %lld result_work %lld n_outer %d "
            "split %d element "
            "bytes %lld %lld %lld transposed %d resident %d %d %d\n",
            L(p->m), L(p->n), L(p->k), L(p->block_m), L(p->block_n), L(p->block_k),
            L(p->stream_rows), L(p->result_work), p->n_outer, p->split, L(p->element_bytes[0]),
            L(p->element_bytes[1]), L(p->element_bytes[2]), p->transposed, p->resident[0],
            p->resident[1], p->resident[2]);
#undef L
}

#endif
