#include "sim/schedule.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "sim/expert_rows.h"

static inline int64_t max2(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t min2(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* One product of an operation, and how often it runs in one repetition of its layer. */
typedef struct {
    sim_product product;
    int64_t times;
} planned_product;

/* What an operation does in one repetition of its layer. */
typedef struct {
    planned_product *product;
    int product_count;
    sim_vector_work vector;
    int64_t vector_times; /* 0: no vector work of its own */
    sim_counts last;      /* what the latest repetition added */
} planned_op;

typedef struct {
    vsh_arena *arena;
    const sim_chip *chip;
    const sim_step *step;
    sim_step_time *out;
    planned_op *plan;
    int first, end; /* the segment that runs */
    sim_timeline *timeline;
} scheduler;

/* ---- products -------------------------------------------------------------------------------- */

/* Bytes of an element of the result: what the list's bytes leave after both operands. */
static int64_t out_bytes(const sim_chip *chip, const vsh_op *op)
{
    double operand = (double)vsh_operand_bytes(chip->precision);
    double rows = (double)op->executed_macs / ((double)op->n * (double)op->k * (double)op->count);
    double read = operand * (rows * (double)op->k + (double)op->k * (double)op->n);
    double left = (op->bytes.v / (double)op->count - read) / (rows * (double)op->n);

    return op->kind == VSH_OP_MATRIX && left > 0.5 && left < 8.5
               ? (int64_t)llround(left)
               : vsh_activation_bytes(chip->precision);
}

/* The product of an attention operation. Of the three operands the scores are the largest, and stay
 * on the chip where the list's bytes do not count them. The mask leaves a share of the
 * multiply-adds; it shortens the longer side of the result, as streaming only the rows that see a
 * tile does. */
static sim_gemm attention_gemm(const sim_chip *chip, const vsh_op *op)
{
    double bytes = op->bytes.v / (double)op->count,
           operand = (double)vsh_operand_bytes(chip->precision);
    double sizes[SIM_OPERANDS] = {(double)op->m * (double)op->k, (double)op->k * (double)op->n,
                                  (double)op->m * (double)op->n};
    double share = (double)op->executed_macs /
                   ((double)op->m * (double)op->n * (double)op->k * (double)op->count);
    sim_gemm g = {.m = op->m, .n = op->n, .k = op->k};
    int scores = SIM_LHS;

    for (int i = 0; i < SIM_OPERANDS; i++)
        if (sizes[i] > sizes[scores])
            scores = i;
    if (sizes[scores] * operand > bytes)
        g.resident[scores] = true;
    if (g.m >= g.n)
        g.m = max2(1, (int64_t)ceil((double)g.m * share - 1e-9));
    else
        g.n = max2(1, (int64_t)ceil((double)g.n * share - 1e-9));
    return g;
}

static sim_gemm op_gemm(const sim_chip *chip, const vsh_op *op)
{
    if (op->kind == VSH_OP_ATTENTION)
        return attention_gemm(chip, op);
    return (sim_gemm){.m = op->m,
                      .n = op->n,
                      .k = op->k,
                      .out_bytes = out_bytes(chip, op),
                      .transposed = op->phase == VSH_WGRAD};
}

static bool is_expert(const vsh_op *op) { return strstr(op->name, ".expert.") != NULL; }

/* Tiles, and the padded multiply-adds of one execution. */
static void note_padding(sim_op_macs *macs, const sim_product *p, const sim_machine *m,
                         double cores, double times)
{
    double tiles_n = 0, tiles_k = 0, run = (double)p->m * (double)p->n * (double)p->k;

    for (int64_t at = 0; at < p->n; at += p->block_n)
        tiles_n += (double)ceil_div(min2(p->block_n, p->n - at), m->cols);
    for (int64_t at = 0; at < p->k; at += p->block_k)
        tiles_k += (double)ceil_div(min2(p->block_k, p->k - at), m->rows);
    macs->run_macs += cores * times * run;
    macs->padded_n += cores * times * (double)p->m * tiles_n * (double)m->cols * (double)p->k;
    macs->padded_k +=
        cores * times * (double)p->m * tiles_n * (double)m->cols * tiles_k * (double)m->rows;
}

static vsh_status add_product(scheduler *s, sim_op_time *t, planned_op *plan, const sim_gemm *g,
                              int64_t times, int64_t repeats, vsh_error *err)
{
    sim_tilings tilings;

    VSH_TRY(sim_gemm_tile(s->chip, g, &tilings, err));
    if (plan->product_count == 0)
        t->tilings = tilings;
    plan->product[plan->product_count++] = (planned_product){tilings.best.product, times};
    note_padding(&t->macs, &tilings.best.product, &s->chip->machine, (double)s->chip->cores,
                 (double)(times * repeats));
    return VSH_OK;
}

/* Experts with as many rows share a product. */
static vsh_status plan_experts(scheduler *s, sim_op_time *t, planned_op *plan, int64_t times,
                               int64_t repeats, vsh_error *err)
{
    const vsh_op *op = t->op;
    bool rows_are_k = op->phase == VSH_WGRAD;
    int64_t *rows, group = 0;

    VSH_TRY(sim_expert_rows(s->arena, s->step, times, &rows, err));
    plan->product = vsh_alloc(s->arena, (size_t)times, sizeof *plan->product);
    if (!plan->product)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t e = 0; e < times; e += group) {
        sim_gemm g = op_gemm(s->chip, op);
        for (group = 1; e + group < times && rows[e + group] == rows[e];)
            group++;
        *(rows_are_k ? &g.k : &g.m) = rows[e];
        if (rows[e])
            VSH_TRY(add_product(s, t, plan, &g, group, repeats, err));
    }
    return VSH_OK;
}

static vsh_status plan_product(scheduler *s, sim_op_time *t, planned_op *plan, int64_t times,
                               int64_t repeats, vsh_error *err)
{
    sim_gemm g = op_gemm(s->chip, t->op);

    if (t->macs.experts && s->step->load->share)
        return plan_experts(s, t, plan, times, repeats, err);
    plan->product = vsh_alloc(s->arena, 1, sizeof *plan->product);
    if (!plan->product)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return add_product(s, t, plan, &g, times, repeats, err);
}

/* ---- vector work ------------------------------------------------------------------------------
 */

enum { CHUNK_BYTES = 1 << 20, CHUNKS_MAX = 64 };

static void plan_vector(scheduler *s, const vsh_op *op, planned_op *plan, int64_t times)
{
    const sim_machine *m = &s->chip->machine;
    double cores = (double)s->chip->cores, count = (double)op->count;
    double bytes = op->bytes.v / count / cores, flops = op->vector_flops.v / count / cores;

    plan->vector_times = times;
    plan->vector = (sim_vector_work){
        .read_bytes = (int64_t)ceil(bytes / 2),
        .write_bytes = (int64_t)(bytes / 2),
        .cycles = m->vector_rate ? (int64_t)ceil(flops / (double)m->vector_rate) : 0,
        .chunks = (int64_t)fmin(CHUNKS_MAX, fmax(1, ceil(bytes / CHUNK_BYTES)))};
}

/* Softmax between two products of tiled attention moves nothing: its work is on the scores as they
 * leave the array. */
static bool fuse(scheduler *s, int index)
{
    const vsh_op *op = s->out->op[index].op;
    double work;

    if (op->kind != VSH_OP_VECTOR || op->bytes.v > 0)
        return false;
    for (int i = index - 1; i >= 0 && s->out->op[i].op->phase == op->phase; i--) {
        const sim_op_time *t = &s->out->op[i];
        sim_product *p = s->plan[i].product_count ? &s->plan[i].product[0].product : NULL;
        if (t->op->kind != VSH_OP_ATTENTION || !p || !p->resident[SIM_OUT])
            continue;
        work = op->vector_flops.v * (double)t->op->k / (double)t->op->executed_macs;
        p->result_work = 1 + (int64_t)llround(work);
        return true;
    }
    return false;
}

/* ---- the plan ---------------------------------------------------------------------------------
 */

/* Layers of the prefix of an operation's name; 1 for what stands outside of layers. */
static int64_t layers_of(const vsh_model *model, const vsh_op *op)
{
    char prefix[VSH_PREFIX];

    for (int64_t l = 0; l < model->layers; l++) {
        vsh_layer_prefix(model, l, prefix);
        if (strncmp(op->name, prefix, strlen(prefix)) == 0)
            return vsh_layers_alike(model, l);
    }
    return 1;
}

/* Operations that repeat together: neighbours of one prefix. */
static int segment_end(const scheduler *s, int first, int64_t *times)
{
    const sim_op_time *op = s->out->op;
    size_t prefix = strcspn(op[first].op->name, ".") + 1;
    int end = first + 1;

    *times = layers_of(s->step->model, op[first].op);
    while (end < s->out->op_count && strncmp(op[end].op->name, op[first].op->name, prefix) == 0)
        end++;
    for (int i = first; i < end; i++)
        if (op[i].op->count % *times)
            *times = 1;
    return end;
}

static vsh_status plan_op(scheduler *s, int index, int64_t repeats, vsh_error *err)
{
    sim_op_time *t = &s->out->op[index];
    planned_op *plan = &s->plan[index];
    int64_t times = t->op->count / repeats;
    bool product = t->op->kind == VSH_OP_MATRIX || t->op->kind == VSH_OP_ATTENTION;

    t->macs = (sim_op_macs){.model_macs = (double)t->op->model_macs,
                            .executed_macs = (double)t->op->executed_macs,
                            .recompute = t->op->phase == VSH_RECOMPUTE,
                            .attention = t->op->kind == VSH_OP_ATTENTION,
                            .experts = is_expert(t->op)};
    if (product)
        return plan_product(s, t, plan, times, repeats, err);
    t->fused = fuse(s, index);
    if (!t->fused)
        plan_vector(s, t->op, plan, times);
    return VSH_OK;
}

/* ---- running ----------------------------------------------------------------------------------
 */

static void add_counts(sim_counts *sum, const sim_counts *after, const sim_counts *before,
                       int64_t times)
{
    int64_t *to = (int64_t *)sum;
    const int64_t *a = (const int64_t *)after, *b = (const int64_t *)before;

    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += times * (a[i] - b[i]);
}

static void run_segment(sim_timeline *timeline, void *context)
{
    scheduler *s = context;

    for (int i = s->first; i < s->end; i++) {
        sim_counts before = sim_timeline_counts(timeline), after;
        planned_op *plan = &s->plan[i];
        for (int p = 0; p < plan->product_count; p++)
            sim_timeline_product(timeline, &plan->product[p].product, plan->product[p].times);
        if (plan->vector_times)
            sim_timeline_vector(timeline, &plan->vector, plan->vector_times);
        after = sim_timeline_counts(timeline);
        if (s->step->watcher && s->step->watcher->op)
            s->step->watcher->op(s->step->watcher->context, s->out->op[i].op, before.cycles,
                                 after.cycles);
        plan->last = (sim_counts){0};
        add_counts(&plan->last, &after, &before, 1);
        add_counts(&s->out->op[i].counts, &after, &before, 1);
    }
}

static vsh_status run_list(scheduler *s, vsh_error *err)
{
    static const sim_counts none;
    int64_t repeats, skipped;

    for (int first = 0; first < s->out->op_count; first = s->end) {
        s->first = first;
        s->end = segment_end(s, first, &repeats);
        for (int i = first; i < s->end; i++)
            VSH_TRY(plan_op(s, i, repeats, err));
        skipped = sim_timeline_repeat(s->timeline, run_segment, s, repeats);
        for (int i = first; i < s->end; i++)
            add_counts(&s->out->op[i].counts, &s->plan[i].last, &none, skipped);
    }
    return VSH_OK;
}

/* ---- results ----------------------------------------------------------------------------------
 */

static vsh_bound bound_of(const sim_op_time *t)
{
    double busiest = fmax(t->matrix, fmax(t->vector, t->memory));

    if (2 * busiest < t->cycles)
        return VSH_BOUND_FILL;
    return busiest == t->matrix   ? VSH_BOUND_MATRIX
           : busiest == t->memory ? VSH_BOUND_MEMORY
                                  : VSH_BOUND_VECTOR;
}

static void conclude_op(scheduler *s, sim_op_time *t, double a_cycle)
{
    const sim_counts *c = &t->counts;
    double times = t->op->phase == VSH_OPTIMIZER ? 1 : (double)s->step->micro_batches;

    t->cycles = times * (double)c->cycles;
    t->matrix = times * (double)c->streaming / (double)s->chip->machine.units;
    t->vector = times * (double)c->vector;
    t->memory = times * (double)(c->read + c->write);
    t->bound = bound_of(t);
    t->utilization =
        t->cycles > 0 ? times * (double)t->op->executed_macs / (t->cycles * a_cycle) : 0;
}

static void scale(sim_waterfall *w, double times)
{
    for (int i = 0; i < SIM_CAUSES; i++)
        w->slots[i] *= times;
}

static void add_to(sim_waterfall *w, const scheduler *s, const sim_op_time *t)
{
    sim_waterfall part = {{0}};

    sim_waterfall_add(&part, &s->chip->machine, s->chip->cores, &t->counts, &t->macs);
    scale(&part, t->op->phase == VSH_OPTIMIZER ? 1 : (double)s->step->micro_batches);
    for (int i = 0; i < SIM_CAUSES; i++)
        w->slots[i] += part.slots[i];
}

static void conclude(scheduler *s)
{
    sim_step_time *r = s->out;
    vsh_precision used;
    double a_cycle = sim_chip_macs_a_cycle(s->chip), by_bound[VSH_BOUND_COUNT] = {0};
    double tokens = (double)s->step->work.sequences * (double)s->step->work.seq;
    double micro = (double)s->step->micro_batches;
    sim_counts end = sim_timeline_close(s->timeline);
    double shown = 0;

    for (int i = 0; i < r->op_count; i++) {
        conclude_op(s, &r->op[i], a_cycle);
        add_to(&r->waterfall, s, &r->op[i]);
        shown += r->op[i].cycles;
        by_bound[r->op[i].bound] += r->op[i].cycles;
    }
    /* what is written back after the last operation */
    double tail = (double)end.cycles - (double)sim_timeline_counts(s->timeline).cycles;
    r->waterfall.slots[SIM_DMA_TAIL] += tail * a_cycle;
    r->cycles = shown + tail;
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

vsh_status sim_schedule(vsh_arena *arena, const sim_chip *chip, const sim_step *step,
                        sim_step_time **result, vsh_error *err)
{
    scheduler s = {.arena = arena, .chip = chip, .step = step};

    s.out = vsh_alloc(arena, 1, sizeof *s.out);
    s.plan = vsh_alloc(arena, VSH_OPS_MAX, sizeof *s.plan);
    if (!s.out || !s.plan)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_lower(step->model, &step->work, &s.out->ops, err));
    s.out->op_count = s.out->ops.count;
    for (int i = 0; i < s.out->op_count; i++)
        s.out->op[i].op = &s.out->ops.item[i];
    VSH_TRY(sim_timeline_open(arena, &chip->machine, step->watcher, false, &s.timeline, err));
    VSH_TRY(run_list(&s, err));
    conclude(&s);
    *result = s.out;
    return VSH_OK;
}
