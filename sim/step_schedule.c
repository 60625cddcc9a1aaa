#include "sim/step_schedule.h"

#include <math.h>
#include <string.h>

#include "sim/count_bound.h"
#include "sim/step_alone.h"
#include "sim/whole.h"

typedef struct {
    const sim_chip *chip;
    const sim_step *step;
    const sim_watcher *watcher;
    sim_step_time *out;
    sim_planned_op *plan;
    double counted; /* at most, so far */
} scheduler;

/* ---- on one timeline ----------------------------------------------------------------------- */

/* What an operation does in one repetition, tiled. */
typedef struct {
    sim_product *product; /* one for each of the plan's */
    sim_vector_work vector;
    sim_counts last; /* what the latest repetition added */
} tiled_op;

typedef struct {
    scheduler *s;
    tiled_op *tiled;
    sim_timeline *timeline;
    int first, end; /* the segment that runs */
} timeline_run;

enum { CHUNK_BYTES = 1 << 20, CHUNKS_MAX = 64 };

static sim_vector_work vector_work(const sim_chip *chip, const sim_planned_op *p)
{
    const sim_machine *m = &chip->machine;
    double bytes = p->bytes / (double)chip->cores, flops = p->vector_flops / (double)chip->cores;

    return (sim_vector_work){
        .read_bytes = (int64_t)ceil(bytes / 2),
        .write_bytes = (int64_t)(bytes / 2),
        .cycles = m->vector_rate ? (int64_t)ceil(flops / (double)m->vector_rate) : 0,
        .chunks = (int64_t)fmin(CHUNKS_MAX, fmax(1, ceil(bytes / CHUNK_BYTES)))};
}

static vsh_status too_long(const scheduler *s, vsh_error *err)
{
    return vsh_fail(err, VSH_EINPUT, "%s: the cycles and bytes of this step pass 63 bits",
                    s->step->model->name);
}

static vsh_status tile_op(vsh_arena *arena, scheduler *s, int index, tiled_op *tiled,
                          vsh_error *err)
{
    const sim_planned_op *p = &s->plan[index];
    sim_op_time *t = &s->out->op[index];
    sim_tilings tilings;

    if (p->bytes * (double)(s->chip->machine.bytes_den * p->vector_times) * (double)p->repeats >
            SIM_COUNT_LIMIT ||
        p->vector_flops * (double)p->vector_times * (double)p->repeats > SIM_COUNT_LIMIT)
        return too_long(s, err);
    tiled->vector = vector_work(s->chip, p);
    tiled->product = vsh_alloc(arena, (size_t)(p->gemm_count + 1), sizeof *tiled->product);
    if (!tiled->product)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < p->gemm_count; i++) {
        VSH_TRY(sim_gemm_tile(s->chip, &p->gemm[i].gemm, &tilings, err));
        tiled->product[i] = tilings.best.product;
        s->counted += sim_largest_count(&s->chip->machine, &tilings.best.product) *
                      (double)p->gemm[i].times * (double)p->repeats;
        if (s->counted > SIM_COUNT_LIMIT)
            return too_long(s, err);
        if (i == 0)
            t->tilings = tilings;
        sim_op_macs_add(&t->macs, &tilings.best.product, s->chip->machine.rows,
                        s->chip->machine.cols,
                        (double)(s->chip->cores * p->gemm[i].times * p->repeats));
    }
    return VSH_OK;
}

static void add_counts(sim_counts *sum, const sim_counts *after, const sim_counts *before,
                       int64_t times)
{
    int64_t *to = (int64_t *)sum;
    const int64_t *a = (const int64_t *)after, *b = (const int64_t *)before;

    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += times * (a[i] - b[i]);
}

static void run_op(timeline_run *r, int index)
{
    const sim_planned_op *p = &r->s->plan[index];
    const sim_watcher *watcher = r->s->watcher;
    tiled_op *tiled = &r->tiled[index];
    sim_counts before = sim_timeline_counts(r->timeline), after;

    for (int i = 0; i < p->gemm_count; i++)
        sim_timeline_product(r->timeline, &tiled->product[i], p->gemm[i].times);
    if (p->vector_times)
        sim_timeline_vector(r->timeline, &tiled->vector, p->vector_times);
    after = sim_timeline_counts(r->timeline);
    if (watcher && watcher->op)
        watcher->op(watcher->context, p->op, before.cycles, after.cycles);
    tiled->last = (sim_counts){0};
    add_counts(&tiled->last, &after, &before, 1);
    add_counts(&r->s->out->op[index].counts, &after, &before, 1);
}

static void run_segment(sim_timeline *timeline, void *context)
{
    timeline_run *r = context;

    (void)timeline;
    for (int i = r->first; i < r->end; i++)
        run_op(r, i);
}

static vsh_status run_timeline(vsh_arena *arena, scheduler *s, vsh_error *err)
{
    static const sim_counts none;
    timeline_run r = {.s = s};
    sim_counts end;

    r.tiled = vsh_alloc(arena, (size_t)s->out->ops.count, sizeof *r.tiled);
    if (!r.tiled)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(sim_timeline_open(arena, &s->chip->machine, s->watcher, false, &r.timeline, err));
    for (int i = 0; i < s->out->ops.count; i++)
        VSH_TRY(tile_op(arena, s, i, &r.tiled[i], err));
    for (r.first = 0; r.first < s->out->ops.count; r.first = r.end) {
        int64_t skipped;
        r.end = s->plan[r.first].segment_end;
        skipped = sim_timeline_repeat(r.timeline, run_segment, &r, s->plan[r.first].repeats);
        for (int i = r.first; i < r.end; i++)
            add_counts(&s->out->op[i].counts, &r.tiled[i].last, &none, skipped);
    }
    for (int i = 0; i < s->out->ops.count; i++) {
        sim_op_time *t = &s->out->op[i];
        t->cycles = (double)t->counts.cycles;
        t->matrix = (double)t->counts.streaming / (double)s->chip->machine.units;
        t->vector = (double)t->counts.vector;
        t->memory = (double)(t->counts.read + t->counts.write);
        sim_waterfall_add(&t->waterfall, &s->chip->machine, sim_unit_rate_of(s->chip),
                          s->chip->cores, &t->counts, 1, &t->macs);
    }
    end = sim_timeline_close(r.timeline);
    s->out->tail = (double)(end.cycles - sim_timeline_counts(r.timeline).cycles);
    return VSH_OK;
}

/* ---- results ------------------------------------------------------------------------------- */

/* Tiles along a side that is cut into blocks, each of which begins a tile. */
static double tiles_along(int64_t side, int64_t block, int64_t tile)
{
    return (double)(side / block) * (double)sim_ceil_div(block, tile) +
           (double)sim_ceil_div(side % block, tile);
}

void sim_op_macs_add(sim_op_macs *macs, const sim_product *p, int64_t rows, int64_t cols,
                     double times)
{
    double wide = tiles_along(p->n, p->block_n, cols) * (double)cols;
    double deep = tiles_along(p->k, p->block_k, rows) * (double)rows, m = (double)p->m;

    macs->run_macs += times * m * (double)p->n * (double)p->k;
    macs->padded_n += times * m * wide * (double)p->k;
    macs->padded_k += times * m * wide * deep;
}

sim_unit_rate sim_unit_rate_of(const sim_chip *chip)
{
    double rate = sim_macs_a_cycle(&chip->machine) / (double)chip->machine.units;

    return (sim_unit_rate){rate, rate};
}

/* Units wait for operands that were fetched late. Where the vector unit works longest, it held the
 * buffers they go into; where nothing is busy for half of the time, it was the latency of many
 * small transfers; else the memory was busy. */
static void name_waits(sim_op_time *t)
{
    sim_cause cause = t->bound == VSH_BOUND_VECTOR ? SIM_VECTOR
                      : t->bound == VSH_BOUND_FILL ? SIM_DMA_HEAD
                                                   : SIM_MEMORY;
    double waits = t->waterfall.slots[SIM_MEMORY];

    t->waterfall.slots[SIM_MEMORY] -= waits;
    t->waterfall.slots[cause] += waits;
}

/* From one micro-batch to all of a step. */
static void conclude_op(const scheduler *s, sim_op_time *t, double a_cycle)
{
    double times = t->op->phase == VSH_OPTIMIZER ? 1 : (double)s->step->micro_batches;

    t->bound = sim_bound_of(t->cycles, t->matrix, t->memory, t->vector);
    name_waits(t);
    t->utilization = t->cycles > 0 ? (double)t->op->executed_macs / (t->cycles * a_cycle) : 0;
    t->cycles *= times;
    t->matrix *= times;
    t->vector *= times;
    t->memory *= times;
    for (int i = 0; i < SIM_CAUSES; i++) {
        t->waterfall.slots[i] *= times;
        s->out->waterfall.slots[i] += t->waterfall.slots[i];
    }
}

static void conclude(scheduler *s)
{
    sim_step_time *r = s->out;
    vsh_precision used;
    double a_cycle = sim_chip_macs_a_cycle(s->chip), by_bound[VSH_BOUND_COUNT] = {0};
    double tokens = (double)s->step->work.sequences * (double)s->step->work.seq;
    double micro = (double)s->step->micro_batches;

    r->waterfall.slots[SIM_DMA_TAIL] += r->tail * a_cycle;
    r->cycles = r->tail;
    for (int i = 0; i < r->ops.count; i++) {
        conclude_op(s, &r->op[i], a_cycle);
        r->cycles += r->op[i].cycles;
        by_bound[r->op[i].bound] += r->op[i].cycles;
    }
    for (int b = 0; b < VSH_BOUND_COUNT; b++)
        if (by_bound[b] > by_bound[r->bound])
            r->bound = (vsh_bound)b;
    r->time = (vsh_seconds){r->cycles / s->chip->clock.v};
    r->executed = (vsh_flops){micro * vsh_ops_step_executed_flops(&r->ops).v};
    r->model = (vsh_flops){micro * vsh_ops_step_model_flops(&r->ops).v};
    r->utilization = r->executed.v / 2 / (r->cycles * a_cycle);
    r->mfu = r->model.v / r->time.v /
             vsh_hardware_peak(s->chip->hardware, s->chip->precision, &used)->value;
    r->tokens_per_s = micro * tokens / r->time.v;
}

static void describe_ops(scheduler *s)
{
    for (int i = 0; i < s->out->ops.count; i++) {
        sim_op_time *t = &s->out->op[i];
        t->op = s->plan[i].op;
        t->fused = s->plan[i].fused_into >= 0;
        t->macs = (sim_op_macs){.model_macs = (double)t->op->model_macs,
                                .executed_macs = (double)t->op->executed_macs,
                                .recompute = t->op->phase == VSH_RECOMPUTE,
                                .attention = t->op->kind == VSH_OP_ATTENTION,
                                .experts = s->plan[i].experts};
    }
}

vsh_status sim_schedule(vsh_arena *arena, const sim_chip *chip, const sim_step *step,
                        const sim_engine *engine, const sim_watcher *watcher,
                        sim_step_time **result, vsh_error *err)
{
    scheduler s = {.chip = chip, .step = step, .watcher = watcher};
    bool overlapping = chip->hardware->kind == VSH_TPU && engine == &sim_engines[SIM_EVENT];

    s.out = vsh_alloc(arena, 1, sizeof *s.out);
    if (!s.out)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_lower(step->model, &step->work, &s.out->ops, err));
    s.out->ops.count = s.out->ops.count;
    VSH_TRY(sim_plan_step(arena, step, &s.out->ops, &s.plan, err));
    s.out->plan = s.plan;
    describe_ops(&s);
    VSH_TRY(overlapping ? run_timeline(arena, &s, err)
                        : sim_run_alone(chip, engine, s.plan, s.out, err));
    conclude(&s);
    *result = s.out;
    return VSH_OK;
}
