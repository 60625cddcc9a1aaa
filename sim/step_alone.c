#include "sim/step_alone.h"

#include <assert.h>
#include <math.h>

#include "sim/cpu.h"
#include "sim/gpu.h"

typedef struct {
    vsh_arena *arena; /* of one product */
    const sim_chip *chip;
    const sim_engine *engine;
} runner;

/* What some executions of products take, together. */
typedef struct {
    int gemms; /* of the plan's, that ran */
    double cycles, matrix, memory;
    double vector;     /* the vector unit's, beside cycles */
    bool vector_after; /* which wait for it; else it works at the same time */
    double executions; /* that counts are of one of */
    sim_tilings tilings;
    sim_machine machine;
    sim_product product;
    sim_counts counts;
    sim_unit_rate rate;
} run_result;

/* ---- products, by kind of hardware --------------------------------------------------------- */

/* Some of the plan's products, from the first on. */
typedef vsh_status run_product(const runner *r, const sim_planned_op *p, int first, run_result *run,
                               vsh_error *err);

static vsh_status run_tpu(const runner *r, const sim_planned_op *p, int first, run_result *run,
                          vsh_error *err)
{
    const sim_machine *m = &r->chip->machine;
    const sim_planned_gemm *g = &p->gemm[first];
    sim_tilings tilings;

    VSH_TRY(sim_gemm_tile(r->chip, &g->gemm, &tilings, err));
    *run = (run_result){.gemms = 1,
                        .tilings = tilings,
                        .executions = (double)g->times,
                        .machine = *m,
                        .product = tilings.best.product,
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

/* Cycles of the profile's vector unit for work on results as they leave the matrix units. */
static double result_cycles(const runner *r, const sim_planned_gemm *g)
{
    const vsh_figure *vector = &r->chip->hardware->vector;
    double flops = (double)(g->gemm.result_work - 1) * (double)g->times * (double)g->gemm.m *
                   (double)g->gemm.n;

    return vector->known ? flops / (vector->value / r->chip->clock.v) : 0;
}

/* All of an operation's products, of batches or experts, run as one kernel. What attention moves is
 * what the operation list says: all of its operands but the scores, whatever the mask spares. */
static vsh_status plan_kernel(const runner *r, const sim_planned_op *p, sim_gpu_kernel *kernel,
                              run_result *run, vsh_error *err)
{
    sim_gpu_group *group = vsh_alloc(r->arena, (size_t)p->gemm_count, sizeof *group);
    bool attention = is_attention(&p->gemm[0].gemm);

    if (!group)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *kernel = (sim_gpu_kernel){.group = group,
                               .groups = p->gemm_count,
                               .out_bytes = p->gemm[0].gemm.out_bytes,
                               .lhs_in_registers = attention};
    for (int i = 0; i < p->gemm_count; i++) {
        const sim_planned_gemm *g = &p->gemm[i];
        sim_gemm gemm = attention ? as_fused_attention(&g->gemm) : g->gemm;
        group[i] = (sim_gpu_group){gemm.m, gemm.k, g->times};
        kernel->n = gemm.n;
        if (p->op->kind == VSH_OP_ATTENTION)
            kernel->least_bytes += (double)g->times * p->op->bytes.v / (double)p->op->count;
        run->vector += result_cycles(r, g);
    }
    return VSH_OK;
}

static vsh_status run_gpu(const runner *r, const sim_planned_op *p, int first, run_result *run,
                          vsh_error *err)
{
    sim_gpu_kernel kernel;
    sim_gpu_result gpu;
    double peak;

    assert(first == 0);
    /* softmax waits for its scores, and the next product for it */
    *run = (run_result){.gemms = p->gemm_count, .executions = 1, .vector_after = true};
    VSH_TRY(plan_kernel(r, p, &kernel, run, err));
    VSH_TRY(sim_gpu_run(r->arena, r->chip->hardware, r->chip->precision, &kernel, r->engine, &gpu,
                        err));
    peak = sim_chip_macs_a_cycle(r->chip) / (double)gpu.machine.units;
    run->cycles = gpu.seconds * r->chip->clock.v;
    run->matrix = gpu.matrix_cycles;
    run->memory = gpu.memory_cycles;
    run->machine = gpu.machine;
    run->product = gpu.product;
    run->counts = gpu.counts;
    run->rate = (sim_unit_rate){
        peak, fmin(peak, (double)(gpu.machine.rows * gpu.machine.cols) / gpu.pace.matrix)};
    return VSH_OK;
}

static vsh_status run_cpu(const runner *r, const sim_planned_op *p, int first, run_result *run,
                          vsh_error *err)
{
    const sim_planned_gemm *g = &p->gemm[first];
    sim_cpu_result cpu;
    double times = (double)g->times, peak;

    VSH_TRY(sim_cpu_product(r->arena, r->chip->hardware, r->chip->precision, g->gemm.m, g->gemm.n,
                            g->gemm.k, r->engine, &cpu, err));
    peak = sim_chip_macs_a_cycle(r->chip) / (double)cpu.machine.units;
    *run = (run_result){.gemms = 1,
                        .executions = times,
                        .cycles = times * cpu.seconds * r->chip->clock.v,
                        .matrix = times * cpu.matrix_cycles,
                        .memory = times * cpu.memory_cycles,
                        .vector = result_cycles(r, g),
                        .machine = cpu.machine,
                        .product = cpu.product,
                        .counts = cpu.counts,
                        .rate = {peak, sim_macs_a_cycle(&cpu.machine) / (double)cpu.machine.units}};
    return VSH_OK;
}

static run_product *const run_on[] = {
    [VSH_TPU] = run_tpu, [VSH_GPU] = run_gpu, [VSH_CPU] = run_cpu};

/* ---- operations ---------------------------------------------------------------------------- */

/* The waterfall of what ran; of the cycles beyond its tiles: on CPUs packing and out pass memory,
 * on GPUs parts of k are added; and of those that only the vector unit works in. */
static void account(const runner *r, const run_result *run, double vector, double repeats,
                    sim_op_time *t, const sim_op_macs *macs)
{
    double a_cycle = sim_chip_macs_a_cycle(r->chip);
    double beyond = fmax(0, run->cycles - run->executions * (double)run->counts.cycles);

    sim_waterfall_add(&t->waterfall, &run->machine, run->rate, r->chip->cores, &run->counts,
                      repeats * run->executions, macs);
    t->waterfall.slots[SIM_VECTOR] += repeats * vector * a_cycle;
    t->waterfall.slots[r->chip->hardware->kind == VSH_CPU ? SIM_MEMORY : SIM_OVERHEAD] +=
        repeats * beyond * a_cycle;
}

/* Multiply-adds asked for by some of the plan's products. */
static double asked_macs(const sim_planned_op *p, int first, int count)
{
    double macs = 0;

    for (int i = first; i < first + count; i++)
        macs += (double)p->gemm[i].times * (double)p->gemm[i].gemm.m * (double)p->gemm[i].gemm.n *
                (double)p->gemm[i].gemm.k;
    return macs;
}

static vsh_status run_gemms(runner *r, const sim_planned_op *p, sim_op_time *t, vsh_error *err)
{
    double repeats = (double)p->repeats, all = asked_macs(p, 0, p->gemm_count);
    run_result run;

    for (int i = 0; i < p->gemm_count; i += run.gemms) {
        sim_op_macs macs = t->macs;
        double vector, share;
        VSH_TRY(run_on[r->chip->hardware->kind](r, p, i, &run, err));
        if (i == 0)
            t->tilings = run.tilings;
        share = asked_macs(p, i, run.gemms) / all;
        vector = run.vector_after ? run.vector : fmax(0, run.vector - run.cycles);
        macs.model_macs *= share;
        macs.executed_macs *= share;
        sim_op_macs_add(&macs, &run.product, run.machine.dataflow == SIM_WS ? run.machine.rows : 1,
                        run.machine.cols, (double)r->chip->cores * run.executions * repeats);
        account(r, &run, vector, repeats, t, &macs);
        t->cycles += repeats * (run.cycles + vector);
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
    return bytes / vsh_hardware_memory_rate(h).v;
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

vsh_status sim_run_alone(const sim_chip *chip, const sim_engine *engine, const sim_planned_op *plan,
                         sim_step_time *out, vsh_error *err)
{
    vsh_arena scratch = {0};
    runner r = {.arena = &scratch, .chip = chip, .engine = engine};
    vsh_status status = VSH_OK;

    for (int i = 0; i < out->ops.count && status == VSH_OK; i++) {
        status = run_gemms(&r, &plan[i], &out->op[i], err);
        if (plan[i].vector_times)
            run_vector(&r, &plan[i], &out->op[i]);
    }
    vsh_arena_free(&scratch);
    return status;
}
