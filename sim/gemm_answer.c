#include "sim/gemm_answer.h"

#include <assert.h>
#include <math.h>

#include "sim/count_bound.h"
#include "sim/waterfall.h"

/* The counts of one execution after another. */
static vsh_status repeat(sim_counts *c, int64_t times, vsh_error *err)
{
    int64_t *const each[] = {&c->steps,       &c->folds,      &c->macs,         &c->streaming,
                             &c->loading,     &c->vector,     &c->read,         &c->write,
                             &c->transposing, &c->bytes_read, &c->bytes_written};
    int64_t before = 0;
    bool over = __builtin_mul_overflow(c->cycles, times - 1, &before) ||
                __builtin_mul_overflow(c->cycles, times, &c->cycles);

    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
        over |= __builtin_mul_overflow(*each[i], times, each[i]);
    for (int i = 0; i < SIM_IDLE_CAUSES; i++)
        over |= __builtin_mul_overflow(c->idle[i], times, &c->idle[i]);
    over |= __builtin_add_overflow(c->last_mac, before, &c->last_mac);
    return over ? vsh_fail(err, VSH_EINPUT, "--count: %lld executions count beyond 63 bits",
                           (long long)times)
                : VSH_OK;
}

/* Cycles of one execution that memory that never waits would have saved. */
static vsh_status count_stalls(vsh_arena *arena, const sim_machine *machine,
                               const sim_product *product, int64_t cycles, int64_t *stalls,
                               vsh_error *err)
{
    sim_machine ideal = *machine;
    sim_counts counts = {0};

    *stalls = 0;
    if (!machine->bytes_num)
        return VSH_OK;
    ideal.bytes_num = 0;
    VSH_TRY(sim_closed_run(arena, &ideal, product, &counts, err));
    *stalls = cycles - counts.cycles;
    return VSH_OK;
}

/* The contract has no word of its own for what stands beside the vector unit: transposes. */
static vsh_bound find_bound(const sim_gemm_answer *a)
{
    return sim_bound_of((double)a->counts.cycles, a->matrix_busy, a->memory_busy,
                        fmax(a->vector_busy, a->transpose_busy));
}

/* What the cores did together: some as much as the busiest, one may have had less. */
static vsh_status sum_cores(sim_gemm_answer *a, vsh_error *err)
{
    int64_t busy = a->busy_cores ? a->busy_cores : a->cores;
    sim_counts rest = {0};

    if (a->rest.m > 0 && a->rest.n > 0)
        VSH_TRY(sim_closed_run(NULL, &a->machine, &a->rest, &rest, err));
    if (__builtin_mul_overflow(a->m, a->n, &a->macs) ||
        __builtin_mul_overflow(a->macs, a->k, &a->macs) ||
        __builtin_mul_overflow(a->macs, a->count, &a->macs) ||
        __builtin_mul_overflow(a->counts.bytes_read, busy, &a->bytes_read) ||
        __builtin_mul_overflow(a->counts.bytes_written, busy, &a->bytes_written) ||
        __builtin_mul_overflow(rest.bytes_read, a->count, &rest.bytes_read) ||
        __builtin_mul_overflow(rest.bytes_written, a->count, &rest.bytes_written) ||
        __builtin_add_overflow(a->bytes_read, rest.bytes_read, &a->bytes_read) ||
        __builtin_add_overflow(a->bytes_written, rest.bytes_written, &a->bytes_written))
        return vsh_fail(err, VSH_EINPUT, "%lld cores count beyond 63 bits", (long long)a->cores);
    a->utilization = (double)a->macs / ((double)a->counts.cycles * a->macs_a_cycle);
    return VSH_OK;
}

vsh_status sim_gemm_solve(vsh_arena *arena, sim_gemm_answer *a, vsh_error *err)
{
    sim_machine machine = a->machine;
    sim_product product;
    sim_counts *c = &a->counts;

    assert(a->engine && a->count >= 1 && a->cores >= 1);
    VSH_TRY(sim_check(&a->machine, &a->product, err));
    product = sim_product_oriented(&a->product, &machine);
    if (sim_largest_count(&machine, &product) > SIM_COUNT_LIMIT)
        return vsh_fail(err, VSH_EINPUT,
                        "%lld x %lld x %lld: the cycles and bytes of this product pass 63 bits",
                        (long long)a->product.m, (long long)a->product.n, (long long)a->product.k);
    VSH_TRY(a->engine->run(arena, &machine, &product, c, err));
    VSH_TRY(count_stalls(arena, &machine, &product, c->cycles, &a->stall_cycles, err));
    VSH_TRY(repeat(c, a->count, err));
    a->stall_cycles *= a->count; /* fewer than the cycles */
    a->matrix_busy = (double)c->streaming / (double)machine.units;
    a->memory_busy = (double)c->read + (double)c->write;
    a->vector_busy = (double)c->vector;
    a->transpose_busy = (double)c->transposing;
    a->bound = find_bound(a);
    if (a->macs_a_cycle == 0)
        a->macs_a_cycle = (double)a->cores * sim_macs_a_cycle(&machine);
    return sum_cores(a, err);
}

vsh_status sim_gemm_conclude_kernel(sim_gemm_answer *a, const sim_kernel_time *time, vsh_error *err)
{
    sim_counts *c = &a->counts;
    double cycles = time->seconds * a->hertz, count = (double)a->count;
    int64_t beyond;

    a->kernel = true;
    if (cycles * (double)a->machine.units > SIM_COUNT_LIMIT)
        return vsh_fail(err, VSH_EINPUT, "%lld x %lld x %lld: the cycles pass 63 bits",
                        (long long)a->m, (long long)a->n, (long long)a->k);
    beyond = (int64_t)llround(cycles) - c->cycles; /* what a kernel pays around its tiles */
    c->cycles += beyond;
    c->idle[time->around] += beyond * a->machine.units;
    a->stall_cycles = (int64_t)fmax(0, round(cycles - time->compute_cycles));
    VSH_TRY(repeat(c, a->count, err));
    a->stall_cycles *= a->count;
    a->matrix_busy = count * time->matrix_cycles;
    a->memory_busy = count * time->memory_cycles;
    a->bound = find_bound(a);
    return sum_cores(a, err);
}

double sim_gemm_seconds(const sim_gemm_answer *a) { return (double)a->counts.cycles / a->hertz; }
