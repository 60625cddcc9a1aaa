#include "sim/step_alone.h"

#include <math.h>

#include "sim/cpu.h"
#include "sim/gpu.h"

typedef struct {
    vsh_arena *arena; /* of one product */
    const sim_chip *chip;
    const sim_engine *engine;
} runner;

/* What some executions of a product take, together. */
typedef struct {
    double cycles, matrix, vector, memory;
    double executions; /* that counts are of one of */
    sim_machine machine;
    sim_product product;
    sim_counts counts;
    sim_unit_rate rate;
} run_result;

/* ---- products, by kind of hardware --------------------------------------------------------- */

static vsh_status run_tpu(const runner *r, const sim_planned_gemm *g, sim_tilings *tilings,
                          run_result *run, vsh_error *err)
{
    const sim_machine *m = &r->chip->machine;

    VSH_TRY(sim_gemm_tile(r->chip, &g->gemm, tilings, err));
    *run = (run_result){.executions = (double)g->times,
                        .machine = *m,
                        .product = tilings->best.product,
                        .rate = sim_unit_rate_of(r->chip)};
    VSH_TRY(r->engine->run(r->arena, m, &run->product, &run->counts, err));
    run->cycles = run->executions * (double)run->counts.cycles;
    run->matrix = run->executions * (double)run->counts.streaming / (double)m->units;
    run->vector = run->executions * (double)run->counts.vector;
    run->memory = run->executions * (double)(run->counts.read + run->counts.write);
    return VSH_OK;
}

/* A kernel of tiled attention (Dao 2023, arXiv:2307.08691): a thread block keeps its rows of a
 * result as wide as a head and walks along the other sequence; scores stay in its registers. */
static sim_gemm as_fused_attention(const sim_gemm *g)
{
    int64_t sides[3] = {g->m, g->n, g->k};
    sim_gemm fused = *g;

    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2 - i; j++)
            if (sides[j] < sides[j + 1]) {
                int64_t larger = sides[j + 1];
                sides[j + 1] = sides[j];
                sides[j] = larger;
            }
    fused.m = sides[0];
    fused.k = sides[1];
    fused.n = sides[2];
    return fused;
}

static bool is_attention(const sim_gemm *g)
{
    return g->resident[SIM_LHS] || g->resident[SIM_RHS] || g->resident[SIM_OUT];
}

/* Executions side by side fill the SMs together, as a batched or grouped kernel does: as one
 * product of all their rows, or, where rows are summed over, of all their results. */
static vsh_status run_gpu(const runner *r, const sim_planned_gemm *g, sim_tilings *tilings,
                          run_result *run, vsh_error *err)
{
    const vsh_hardware *h = r->chip->hardware;
    sim_gemm gemm = is_attention(&g->gemm) ? as_fused_attention(&g->gemm) : g->gemm;
    sim_gpu_result gpu;
    int64_t rows;
    double slowest, peak;

    (void)tilings;
    if (__builtin_mul_overflow(gemm.m, g->times, &rows))
        return vsh_fail(err, VSH_EINPUT, "too many rows to count in 63 bits");
    VSH_TRY(sim_gpu_product(r->arena, h, r->chip->precision, rows, gemm.n, gemm.k, r->engine, &gpu,
                            err));
    peak = sim_chip_macs_a_cycle(r->chip) / (double)gpu.machine.units;
    slowest = fmax(gpu.pace.matrix, fmax(gpu.pace.cache, gpu.pace.memory));
    *run = (run_result){.executions = 1,
                        .cycles = gpu.seconds * r->chip->clock.v,
                        .machine = gpu.machine,
                        .product = gpu.product,
                        .counts = gpu.counts,
                        .rate = {peak, fmin(peak, (double)(gpu.machine.rows * gpu.machine.cols) /
                                                      gpu.pace.matrix)}};
    run->matrix =
        (double)gpu.counts.streaming / (double)gpu.machine.units * gpu.pace.matrix / slowest;
    run->memory = (double)gpu.counts.streaming / (double)gpu.machine.units *
                  fmax(gpu.pace.cache, gpu.pace.memory) / slowest;
    run->vector = (double)(g->gemm.result_work - 1) * (double)g->times * (double)g->gemm.m *
                  (double)g->gemm.n /
                  (h->vector.known ? h->vector.value / r->chip->clock.v : (double)INFINITY);
    run->cycles += run->vector; /* softmax waits for its scores, and the next product for it */
    return VSH_OK;
}

static vsh_status run_cpu(const runner *r, const sim_planned_gemm *g, sim_tilings *tilings,
                          run_result *run, vsh_error *err)
{
    const vsh_hardware *h = r->chip->hardware;
    sim_cpu_result cpu;
    double clock = r->chip->clock.v, times = (double)g->times, peak;

    (void)tilings;
    VSH_TRY(sim_cpu_product(r->arena, h, r->chip->precision, g->gemm.m, g->gemm.n, g->gemm.k,
                            r->engine, &cpu, err));
    peak = sim_chip_macs_a_cycle(r->chip) / (double)cpu.machine.units;
    *run = (run_result){.executions = times,
                        .cycles = times * cpu.seconds * clock,
                        .machine = cpu.machine,
                        .product = cpu.product,
                        .counts = cpu.counts,
                        .rate = {peak, sim_macs_a_cycle(&cpu.machine) / (double)cpu.machine.units}};
    run->matrix = times * (double)cpu.counts.streaming / (double)cpu.machine.units;
    run->memory = times * cpu.memory_seconds * clock;
    run->vector = times * (double)(g->gemm.result_work - 1) * (double)g->gemm.m *
                  (double)g->gemm.n /
                  (h->vector.known ? h->vector.value / clock : (double)INFINITY);
    return VSH_OK;
}

typedef vsh_status run_product(const runner *r, const sim_planned_gemm *g, sim_tilings *tilings,
                               run_result *run, vsh_error *err);

static run_product *const run_on[] = {
    [VSH_TPU] = run_tpu, [VSH_GPU] = run_gpu, [VSH_CPU] = run_cpu};

/* ---- operations ---------------------------------------------------------------------------- */

/* The waterfall of what ran, and of cycles beyond it: the vector unit's where that takes longer,
 * the memory's where that does, else a kernel's beginning and end. */
static void account(const runner *r, const run_result *run, double cycles, double repeats,
                    sim_op_time *t, const sim_op_macs *macs)
{
    double a_cycle = sim_chip_macs_a_cycle(r->chip), beyond, vector;
    double counted = run->executions * (double)run->counts.cycles;
    sim_waterfall part = {{0}};
    sim_op_macs one = *macs;

    one.model_macs /= run->executions * repeats;
    one.executed_macs /= run->executions * repeats;
    one.run_macs /= run->executions * repeats;
    one.padded_n /= run->executions * repeats;
    one.padded_k /= run->executions * repeats;
    sim_waterfall_add(&part, &run->machine, run->rate, r->chip->cores, &run->counts, &one);
    for (int i = 0; i < SIM_CAUSES; i++)
        t->waterfall.slots[i] += repeats * run->executions * part.slots[i];
    beyond = fmax(0, cycles - counted);
    vector = fmin(beyond, run->vector);
    t->waterfall.slots[SIM_VECTOR] += repeats * vector * a_cycle;
    t->waterfall.slots[run->memory >= cycles / 2 ? SIM_MEMORY : SIM_OVERHEAD] +=
        repeats * (beyond - vector) * a_cycle;
}

static vsh_status run_gemms(runner *r, const sim_planned_op *p, sim_op_time *t, vsh_error *err)
{
    double repeats = (double)p->repeats, all = 0;

    for (int i = 0; i < p->gemm_count; i++)
        all += (double)p->gemm[i].times * (double)p->gemm[i].gemm.m * (double)p->gemm[i].gemm.n *
               (double)p->gemm[i].gemm.k;
    for (int i = 0; i < p->gemm_count; i++) {
        const sim_planned_gemm *g = &p->gemm[i];
        sim_tilings tilings = {0};
        sim_op_macs macs = t->macs;
        run_result run;
        double cycles, share;
        VSH_TRY(run_on[r->chip->hardware->kind](r, g, &tilings, &run, err));
        if (i == 0)
            t->tilings = tilings;
        cycles = fmax(run.cycles, run.vector);
        share = (double)g->times * (double)g->gemm.m * (double)g->gemm.n * (double)g->gemm.k / all;
        macs.model_macs *= share;
        macs.executed_macs *= share;
        sim_op_macs_add(&macs, &run.product, run.machine.dataflow == SIM_WS ? run.machine.rows : 1,
                        run.machine.cols, (double)r->chip->cores * run.executions * repeats);
        account(r, &run, cycles, repeats, t, &macs);
        t->cycles += repeats * cycles;
        t->matrix += repeats * run.matrix;
        t->vector += repeats * run.vector;
        t->memory += repeats * run.memory;
        vsh_arena_free(r->arena);
    }
    return VSH_OK;
}

/* Seconds that bytes take to and from memory. */
static double stream_seconds(const vsh_hardware *h, double bytes)
{
    if (h->kind == VSH_GPU)
        return sim_gpu_stream_seconds(h, bytes);
    return bytes /
           (h->memory_rate.value * (h->memory_efficiency.known ? h->memory_efficiency.value : 1));
}

static void run_vector(const runner *r, const sim_planned_op *p, sim_op_time *t)
{
    const vsh_hardware *h = r->chip->hardware;
    const sim_machine *m = &r->chip->machine;
    double rate = h->vector.known ? h->vector.value / r->chip->clock.v
                                  : (double)(r->chip->cores * m->vector_rate);
    double times = (double)(p->vector_times * p->repeats);

    t->memory = times * stream_seconds(h, p->bytes) * r->chip->clock.v;
    t->vector = rate > 0 ? times * p->vector_flops / rate : 0;
    t->cycles = fmax(t->memory, t->vector);
    t->waterfall.slots[t->vector > t->memory ? SIM_VECTOR : SIM_MEMORY] +=
        t->cycles * sim_chip_macs_a_cycle(r->chip);
}

vsh_status sim_run_alone(vsh_arena *arena, const sim_chip *chip, const sim_engine *engine,
                         const sim_planned_op *plan, sim_step_time *out, vsh_error *err)
{
    vsh_arena scratch = {0};
    runner r = {.arena = &scratch, .chip = chip, .engine = engine};
    vsh_status status = VSH_OK;

    (void)arena;
    for (int i = 0; i < out->op_count && status == VSH_OK; i++) {
        status = run_gemms(&r, &plan[i], &out->op[i], err);
        if (plan[i].vector_times)
            run_vector(&r, &plan[i], &out->op[i]);
    }
    vsh_arena_free(&scratch);
    return status;
}
