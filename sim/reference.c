/* The judge of the other engines: every unit, port, buffer and processing element of sim/machine.h,
 * stepped cycle by cycle with the values in it. What may begin is decided by looking at the
 * hardware as it is, again and again until nothing more begins; then one cycle passes; and every
 * counter is what was seen. No time is computed in advance.
 *
 * reference_script  what is to be done, in order
 * reference_memory  DRAM, channel, transpose unit, scratchpad
 * reference_unit    a weight port and a stream
 * reference_array   the processing elements; read there what a chip with latencies other than a
 *                   mesh's looks like */
#include "sim/reference.h"

#include <assert.h>

#include "core/rng.h"
#include "sim/reference_unit.h"
#include "sim/whole.h"

typedef struct {
    const sim_machine *machine;
    const sim_script *script;
    sim_memory memory;
    sim_unit *units;
    sim_fold_state *folds;
    sim_results results;
    /* Steps below these: have their operands and room; are ready; have ended all their streams;
     * have all their folds done. */
    int64_t fed, ready, streamed, done;
    int64_t *streams_left, *folds_left; /* of each step */
    int64_t quiet;                      /* cycles since every ready step has ended its streams */
    int64_t vector_fold, vector_left;   /* the vector unit's fold or the one it waits for */
    int64_t now;
    sim_counts *counts;
} reference;

/* ---- results ------------------------------------------------------------------------------- */

/* A fold is done when its results are out and its work has ended: they are added to its block. */
static void finish(reference *run, int64_t number)
{
    const sim_script_fold *fold = &run->script->folds[number];
    const sim_script_step *step = &run->script->steps[fold->step];
    sim_fold_state *state = &run->folds[number];
    int64_t pitch, *out = sim_memory_out(&run->memory, step, &pitch);

    if (state->done || !state->out || (fold->work > 0 && !state->worked))
        return;
    for (int64_t i = 0; i < fold->m; i++)
        for (int64_t j = 0; j < fold->n; j++)
            out[(fold->m0 + i) * pitch + fold->n0 + j] += state->values[i * run->machine->cols + j];
    sim_results_give(&run->results, state->values);
    state->done = true;
    run->folds_left[fold->step]--;
    run->units[fold->unit].waiting -= fold->work > 0;
}

static bool settle_results(reference *run, sim_unit *unit)
{
    bool moved = false;

    for (; unit->to_come_out >= 0 && run->folds[unit->to_come_out].out; moved = true) {
        finish(run, unit->to_come_out);
        unit->to_come_out = run->script->folds[unit->to_come_out].next;
    }
    return moved;
}

/* The vector unit takes the next fold that has work for it. */
static bool settle_vector(reference *run)
{
    const sim_script *script = run->script;

    if (run->vector_left > 0)
        return false;
    while (run->vector_fold < script->fold_count && script->folds[run->vector_fold].work == 0)
        run->vector_fold++;
    if (run->vector_fold == script->fold_count || !run->folds[run->vector_fold].coming)
        return false;
    run->vector_left = script->folds[run->vector_fold].work;
    return true;
}

static void cycle_vector(reference *run)
{
    if (run->vector_left == 0)
        return;
    run->counts->vector++;
    run->vector_left -= run->machine->vector_rate;
    if (run->vector_left <= 0) {
        run->vector_left = 0;
        run->folds[run->vector_fold].worked = true;
        finish(run, run->vector_fold++);
    }
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool may_ready(const reference *run)
{
    return run->ready < run->fed &&
           (run->machine->step_overhead == 0 ||
            (run->streamed == run->ready && run->quiet >= run->machine->step_overhead));
}

static bool settle_steps(reference *run)
{
    const sim_script *script = run->script;
    bool moved = false;

    for (; run->streamed < run->ready && run->streams_left[run->streamed] == 0; moved = true)
        run->streamed++;
    for (; run->done < run->streamed && run->folds_left[run->done] == 0; moved = true)
        run->done++;
    for (; run->fed < script->step_count && sim_memory_has(&run->memory, &script->steps[run->fed]);
         moved = true)
        run->fed++;
    for (; may_ready(run); moved = true) {
        run->ready++;
        run->quiet = 0;
    }
    return moved;
}

/* ---- why a unit does not stream ------------------------------------------------------------ */

static sim_idle idle_after_last(const reference *run)
{
    int64_t steps = run->script->step_count;

    return run->streamed < steps ? SIM_IDLE_UNITS
           : run->done < steps   ? SIM_IDLE_FILL
                                 : SIM_IDLE_TAIL;
}

static sim_idle idle_cause(const reference *run, const sim_unit *unit)
{
    bool first = unit->current < 0;
    int64_t step;

    if (unit->to_stream < 0)
        return idle_after_last(run);
    step = run->script->folds[unit->to_stream].step;
    if (!first && unit->since_end < run->machine->bubble)
        return SIM_IDLE_BUBBLE;
    if (step >= run->fed)
        return first ? SIM_IDLE_HEAD : SIM_IDLE_MEMORY;
    if (step >= run->ready)
        return SIM_IDLE_OVERHEAD;
    if (!sim_unit_has_room(unit))
        return SIM_IDLE_VECTOR;
    return first ? SIM_IDLE_FILL : SIM_IDLE_WEIGHTS;
}

/* ---- time ---------------------------------------------------------------------------------- */

static void settle(reference *run)
{
    bool moved = true;

    while (moved) {
        moved = settle_steps(run);
        moved |= sim_memory_settle(&run->memory, run->streamed, run->done, run->counts);
        for (int64_t u = 0; u < run->machine->units; u++) {
            moved |= sim_unit_settle(&run->units[u], run->ready, run->counts);
            moved |= settle_results(run, &run->units[u]);
        }
        moved |= settle_vector(run);
    }
}

static void cycle_unit(reference *run, sim_unit *unit)
{
    sim_unit_did did = sim_unit_cycle(unit, run->counts);

    if (did.multiplied)
        run->counts->last_mac = run->now + 1;
    if (did.ended)
        run->streams_left[run->script->folds[unit->current].step]--;
}

static void cycle(reference *run)
{
    for (int64_t u = 0; u < run->machine->units; u++)
        if (!run->units[u].streaming)
            run->counts->idle[idle_cause(run, &run->units[u])]++;
    run->quiet += run->streamed == run->ready;
    sim_memory_cycle(&run->memory, run->counts);
    for (int64_t u = 0; u < run->machine->units; u++)
        cycle_unit(run, &run->units[u]);
    cycle_vector(run);
    run->now++;
}

static bool ended(const reference *run)
{
    return run->done == run->script->step_count && sim_memory_quiet(&run->memory);
}

/* ---- a run --------------------------------------------------------------------------------- */

static bool init_folds(reference *run, vsh_arena *arena)
{
    const sim_script *script = run->script;
    int64_t streamed = run->machine->rows;

    run->folds = vsh_alloc(arena, (size_t)script->fold_count, sizeof *run->folds);
    run->streams_left = vsh_alloc(arena, (size_t)script->step_count, sizeof(int64_t));
    run->folds_left = vsh_alloc(arena, (size_t)script->step_count, sizeof(int64_t));
    if (!run->folds || !run->streams_left || !run->folds_left)
        return false;
    for (int64_t f = 0; f < script->fold_count; f++) {
        const sim_script_fold *fold = &script->folds[f];

        run->streams_left[fold->step]++;
        run->folds_left[fold->step]++;
        if (run->machine->dataflow != SIM_OS && fold->streamed > streamed)
            streamed = fold->streamed;
    }
    run->results =
        (sim_results){.arena = arena, .results = (size_t)(streamed * run->machine->cols)};
    return true;
}

static bool init_units(reference *run, vsh_arena *arena)
{
    run->units = vsh_alloc(arena, (size_t)run->machine->units, sizeof *run->units);
    if (!run->units)
        return false;
    for (int64_t u = 0; u < run->machine->units; u++)
        if (!sim_unit_init(&run->units[u], arena, run->machine, run->script, &run->memory,
                           run->folds, &run->results, run->script->first[u]))
            return false;
    return true;
}

/* The plain triple loop. */
static void check_product(const sim_product *p, const int32_t *lhs, const int32_t *rhs,
                          const int64_t *out, int64_t *row)
{
    int64_t down = p->transposed ? 1 : p->k, across = p->transposed ? p->m : 1;

    for (int64_t i = 0; i < p->m; i++) {
        for (int64_t j = 0; j < p->n; j++)
            row[j] = 0;
        for (int64_t l = 0; l < p->k; l++)
            for (int64_t j = 0; j < p->n; j++)
                row[j] += (int64_t)lhs[i * down + l * across] * rhs[l * p->n + j];
        for (int64_t j = 0; j < p->n; j++)
            assert(out[i * p->n + j] == row[j]);
    }
}

/* About how many 4-byte words a run needs: registers and lines, blocks, folds. */
static double words(const sim_machine *m, const sim_product *p)
{
    bool os = m->dataflow == SIM_OS;
    int64_t rows = p->stream_rows > 0 ? sim_min(p->stream_rows, p->block_m) : p->block_m;
    double arrays = (double)m->units * (double)m->rows * (double)m->cols * 11;
    double lines = (double)m->units * (double)(m->rows + m->cols) *
                   (double)(m->latency + m->rows + m->cols) *
                   (double)(1 + m->pace_den / m->pace_num);
    double operands =
        (double)p->m * (double)p->k + (double)p->k * (double)p->n + 2 * (double)p->m * (double)p->n;
    double folds = ((double)p->m / (double)(os ? sim_min(m->rows, p->block_m) : rows) + 1) *
                   ((double)p->n / (double)sim_min(m->cols, p->block_n) + 1) *
                   ((double)p->k / (double)(os ? p->block_k : sim_min(m->rows, p->block_k)) + 1);
    double fold_words = (sizeof(sim_script_fold) + sizeof(sim_fold_state)) / sizeof(int32_t);

    return arrays + lines + operands * (double)(1 + m->buffers) + folds * fold_words;
}

/* Steps of processing elements that take some ten seconds. */
static const double steps_max = 5e9;

static vsh_status check_size(const sim_machine *machine, const sim_product *product, vsh_error *err)
{
    double gib = words(machine, product) * sizeof(int32_t) / (1 << 30), steps;
    sim_counts about;

    if (gib > 4)
        return vsh_fail(err, VSH_EINPUT,
                        "engine reference: expected a product and an array that it can hold in "
                        "4 GiB, got about %.0f GiB; the event engine takes any",
                        gib);
    VSH_TRY(sim_closed_run(NULL, machine, product, &about, err));
    steps = (double)about.cycles * (double)(machine->units * machine->rows * machine->cols);
    if (steps > steps_max)
        return vsh_fail(err, VSH_EINPUT,
                        "engine reference: this product takes about %.1g steps of processing "
                        "elements, more than ten seconds; the event engine gives the same counts",
                        steps);
    return VSH_OK;
}

static vsh_status out_of_memory(vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "engine reference: out of memory");
}

vsh_status sim_reference_product(vsh_arena *arena, const sim_machine *machine,
                                 const sim_product *product, const int32_t *lhs, const int32_t *rhs,
                                 int64_t *out, sim_counts *counts, vsh_error *err)
{
    reference run = {.machine = machine, .counts = counts};
    int64_t *row = vsh_alloc(arena, (size_t)product->n, sizeof *row);

    assert(machine->dataflow != SIM_IS);
    assert(machine->mac_latency <= machine->latency); /* no result before its last multiply */
    *counts = (sim_counts){0};
    for (int64_t i = 0; i < product->m * product->n; i++)
        out[i] = 0;
    run.script = sim_script_new(arena, machine, product);
    if (!row || !run.script ||
        !sim_memory_init(&run.memory, arena, machine, product, run.script, lhs, rhs, out) ||
        !init_folds(&run, arena) || !init_units(&run, arena))
        return out_of_memory(err);
    for (settle(&run); !ended(&run); settle(&run)) {
        if (run.results.exhausted)
            return out_of_memory(err);
        cycle(&run);
    }
    counts->cycles = run.now;
    counts->steps = run.done;
    check_product(product, lhs, rhs, out, row);
    return VSH_OK;
}

/* Small whole numbers of both signs; the seed is fixed, the operand its stream. */
static int32_t *operand(vsh_arena *arena, int64_t count, uint32_t which)
{
    int32_t *values = vsh_alloc(arena, (size_t)count, sizeof *values);

    for (int64_t i = 0; values && i < count; i += 4) {
        vsh_random_block block = {{(uint32_t)i, (uint32_t)(i >> 32), which, 0}};
        block = vsh_philox(block, 4, 0);
        for (int64_t w = 0; w < 4 && i + w < count; w++)
            values[i + w] = (int32_t)(block.word[w] % 255) - 127;
    }
    return values;
}

vsh_status sim_reference_run(vsh_arena *arena, const sim_machine *machine,
                             const sim_product *product, sim_counts *counts, vsh_error *err)
{
    int32_t *lhs, *rhs;
    int64_t *out;

    VSH_TRY(check_size(machine, product, err));
    lhs = operand(arena, product->m * product->k, SIM_LHS);
    rhs = operand(arena, product->k * product->n, SIM_RHS);
    out = vsh_alloc(arena, (size_t)(product->m * product->n), sizeof *out);
    if (!lhs || !rhs || !out)
        return out_of_memory(err);
    return sim_reference_product(arena, machine, product, lhs, rhs, out, counts, err);
}
