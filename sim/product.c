#include "sim/product.h"

static inline int64_t max2(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t min2(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* What the busiest core computes: its part of the longer of the result's sides. */
static sim_product core_part(const sim_chip *chip, const sim_gemm *g)
{
    int64_t operand = vsh_operand_bytes(chip->precision);
    int64_t out = g->out_bytes ? g->out_bytes : vsh_activation_bytes(chip->precision);
    bool by_rows = g->m >= g->n;
    sim_product p = sim_whole_product(by_rows ? ceil_div(g->m, chip->cores) : g->m,
                                      by_rows ? g->n : ceil_div(g->n, chip->cores), g->k);

    p.element_bytes[SIM_LHS] = p.element_bytes[SIM_RHS] = operand;
    p.element_bytes[SIM_OUT] = out;
    p.transposed = g->transposed;
    p.result_work = g->result_work ? g->result_work : 1;
    for (int i = 0; i < SIM_OPERANDS; i++)
        p.resident[i] = g->resident[i];
    return p;
}

/* A hand-blocked kernel: its own block, m outermost, the folds shared as tiles where there are
 * enough. */
static vsh_status given_block(const sim_chip *chip, const sim_gemm *g, sim_product p,
                              sim_tilings *found, vsh_error *err)
{
    const sim_machine *m = &chip->machine;
    sim_machine hand = *m;

    hand.step_overhead = chip->step_cycles;
    p.block_m = min2(g->block[0], p.m);
    p.block_n = min2(g->block[1], p.n);
    p.block_k = min2(g->block[2], p.k);
    p.stream_rows = min2(chip->stream_rows, p.block_m);
    if (ceil_div(p.block_n, m->cols) * ceil_div(p.block_k, m->rows) < m->units)
        p.split = SIM_SPLIT_ROWS;
    if (sim_blocks_bytes(m, &p) > chip->scratchpad_bytes)
        return vsh_fail(err, VSH_EINPUT,
                        "a block of %lld x %lld x %lld takes %lld bytes of the scratchpad's %lld",
                        (long long)p.block_m, (long long)p.block_n, (long long)p.block_k,
                        (long long)sim_blocks_bytes(m, &p), (long long)chip->scratchpad_bytes);

    *found = (sim_tilings){.best = {.machine = hand, .product = p}, .considered = 1, .fitting = 1};
    return VSH_OK;
}

vsh_status sim_gemm_tile(const sim_chip *chip, const sim_gemm *g, sim_tilings *found,
                         vsh_error *err)
{
    sim_product part = core_part(chip, g);

    VSH_TRY(sim_check(&chip->machine, &part, err));
    return g->block[0] ? given_block(chip, g, part, found, err)
                       : sim_tile(chip, &part, g->tile_m, found, err);
}

vsh_bound sim_counts_bound(const sim_machine *m, const sim_counts *c)
{
    int64_t memory = c->read + c->write, busiest;
    int64_t matrix = ceil_div(c->streaming, m->units);

    busiest = max2(matrix, max2(memory, c->vector));
    if (2 * busiest < c->cycles)
        return VSH_BOUND_FILL;
    return busiest == matrix   ? VSH_BOUND_MATRIX
           : busiest == memory ? VSH_BOUND_MEMORY
                               : VSH_BOUND_VECTOR;
}

vsh_status sim_gemm_run(vsh_arena *arena, const sim_chip *chip, const sim_gemm *g,
                        const sim_engine *engine, sim_gemm_result *r, vsh_error *err)
{
    sim_tiling *run = &r->tilings.best;
    sim_machine ideal;
    sim_counts counts;

    *r = (sim_gemm_result){.macs = g->m * g->n * g->k};
    VSH_TRY(sim_gemm_tile(chip, g, &r->tilings, err));
    ideal = run->machine;
    ideal.bytes_num = 0;
    VSH_TRY(sim_closed_run(arena, &ideal, &run->product, &counts, err));
    r->ideal_cycles = counts.cycles;
    VSH_TRY(engine->run(arena, &run->machine, &run->product, &r->counts, err));
    run->cycles = r->counts.cycles;
    r->bytes_read = r->counts.bytes_read * chip->cores;
    r->bytes_written = r->counts.bytes_written * chip->cores;
    r->time = (vsh_seconds){(double)r->counts.cycles / chip->clock.v};
    return VSH_OK;
}
