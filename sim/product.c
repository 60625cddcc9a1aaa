#include "sim/product.h"

#include "sim/whole.h"

/* Cores share the longer of the result's sides. */
static bool by_rows(const sim_gemm *g) { return g->m >= g->n; }

/* What the busiest core computes. */
static sim_product core_part(const sim_chip *chip, const sim_gemm *g)
{
    int64_t operand = vsh_operand_bytes(chip->precision);
    int64_t out = g->out_bytes ? g->out_bytes : vsh_activation_bytes(chip->precision);
    sim_product p = sim_whole_product(by_rows(g) ? sim_ceil_div(g->m, chip->cores) : g->m,
                                      by_rows(g) ? g->n : sim_ceil_div(g->n, chip->cores), g->k);

    p.element_bytes[SIM_LHS] = p.element_bytes[SIM_RHS] = operand;
    p.element_bytes[SIM_OUT] = out;
    p.transposed = g->transposed;
    p.result_work = g->result_work ? g->result_work : 1;
    for (int i = 0; i < SIM_OPERANDS; i++)
        p.resident[i] = g->resident[i];
    p.passing = g->passing;
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
    p.block_m = sim_min(g->block[0], p.m);
    p.block_n = sim_min(g->block[1], p.n);
    p.block_k = sim_min(g->block[2], p.k);
    p.stream_rows = sim_min(chip->stream_rows, p.block_m);
    if (g->terms.split_given)
        p.split = g->terms.split;
    else if (sim_ceil_div(p.block_n, m->cols) * sim_ceil_div(p.block_k, m->rows) < m->units)
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
                       : sim_tile(chip, &part, &g->terms, found, err);
}

/* What the cores beside those as busy as the busiest do: one may have a smaller part. */
static void share_rest(const sim_gemm *g, sim_gemm_answer *a)
{
    const sim_product *p = &a->product;
    int64_t whole = by_rows(g) ? g->m : g->n, part = by_rows(g) ? p->m : p->n;
    sim_product *rest = &a->rest;

    a->busy_cores = whole / part;
    *rest = *p;
    if (by_rows(g))
        rest->m = whole % part;
    else
        rest->n = whole % part;
    rest->block_m = sim_min(p->block_m, rest->m);
    rest->block_n = sim_min(p->block_n, rest->n);
    rest->stream_rows = sim_min(p->stream_rows, rest->block_m);
}

vsh_status sim_gemm_answer_on_tpu(vsh_arena *arena, const sim_chip *chip, const sim_gemm *g,
                                  sim_gemm_answer *a, vsh_error *err)
{
    sim_tilings found;

    VSH_TRY(sim_gemm_tile(chip, g, &found, err));
    a->m = g->m;
    a->n = g->n;
    a->k = g->k;
    a->machine = found.best.machine;
    a->product = found.best.product;
    a->runner_up = found.second.product;
    a->runner_up_cycles = found.second.cycles;
    a->cores = chip->cores;
    a->macs_a_cycle = sim_chip_macs_a_cycle(chip);
    share_rest(g, a);
    return sim_gemm_solve(arena, a, err);
}
