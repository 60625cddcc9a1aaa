#include "sim/reference_unit.h"

#include <assert.h>

int64_t *sim_results_take(sim_results *results)
{
    sim_room *room = results->free;
    int64_t *values;

    if (room) {
        results->free = room->next;
        values = room->values;
        *room = (sim_room){.next = results->spare};
        results->spare = room;
        return values;
    }
    values = vsh_alloc(results->arena, results->results, sizeof *values);
    room = vsh_alloc(results->arena, 1, sizeof *room);
    if (!values || !room) {
        results->exhausted = true;
        return NULL;
    }
    room->next = results->spare;
    results->spare = room;
    return values;
}

void sim_results_give(sim_results *results, int64_t *values)
{
    sim_room *room = results->spare;

    assert(room); /* as many as there are values out */
    results->spare = room->next;
    *room = (sim_room){values, results->free};
    results->free = room;
}

bool sim_unit_init(sim_unit *unit, vsh_arena *arena, const sim_machine *machine,
                   const sim_script *script, const sim_memory *memory, sim_fold_state *folds,
                   sim_results *results, int64_t first)
{
    *unit = (sim_unit){.machine = machine,
                       .script = script,
                       .memory = memory,
                       .results = results,
                       .to_load = machine->dataflow == SIM_OS ? -1 : first,
                       .current = -1,
                       .to_stream = first,
                       .to_come_out = first};
    return sim_array_init(&unit->array, arena, machine, folds);
}

static const sim_script_fold *fold_of(const sim_unit *unit, int64_t fold)
{
    return &unit->script->folds[fold];
}

static const sim_script_step *step_of(const sim_unit *unit, int64_t fold)
{
    return &unit->script->steps[fold_of(unit, fold)->step];
}

static sim_view view_of(const sim_unit *unit, int64_t fold, sim_operand operand)
{
    return sim_memory_view(unit->memory, step_of(unit, fold), operand);
}

/* ---- the weight port ----------------------------------------------------------------------- */

static void give_weights(sim_unit *unit, int64_t row)
{
    const sim_script_fold *fold = fold_of(unit, unit->to_load);
    sim_view rhs = view_of(unit, unit->to_load, SIM_RHS);
    int32_t *values = sim_array_weights(&unit->array, row);

    for (int64_t c = 0; c < unit->machine->cols; c++)
        values[c] = row < fold->k && c < fold->n
                        ? rhs.at[(fold->k0 + row) * rhs.down + (fold->n0 + c) * rhs.across]
                        : 0;
}

static bool may_load(const sim_unit *unit, int64_t ready)
{
    const sim_script_fold *fold;

    if (unit->loading || unit->to_load < 0)
        return false;
    fold = fold_of(unit, unit->to_load);
    if (fold->step >= ready || fold->before != unit->current)
        return false;
    if (fold->before < 0)
        return true;
    switch (unit->machine->policy) {
    case SIM_SERIAL:
        return unit->array.folds[unit->current].macs_ended;
    case SIM_SHIFT:
        return unit->since_start >= unit->machine->load - 1;
    default:
        return true;
    }
}

static void end_load(sim_unit *unit)
{
    for (int64_t row = 0; !unit->array.skewed && row < unit->machine->rows; row++)
        give_weights(unit, row);
    unit->array.folds[unit->to_load].loaded = true;
    unit->to_load = fold_of(unit, unit->to_load)->next;
    unit->loading = false;
}

static void begin_load(sim_unit *unit)
{
    unit->loading = true;
    unit->load_left = unit->machine->load;
    if (unit->load_left == 0)
        end_load(unit);
}

/* ---- the stream ---------------------------------------------------------------------------- */

bool sim_unit_has_room(const sim_unit *unit)
{
    return fold_of(unit, unit->to_stream)->work == 0 ||
           unit->waiting < unit->machine->result_buffers;
}

/* The results of the tile before will have left the column when these come (D of rule 7). */
static bool drains_in_time(const sim_unit *unit)
{
    int64_t rows = unit->machine->rows;
    int64_t then = unit->since_end + fold_of(unit, unit->to_stream)->cycles;

    switch (unit->machine->policy) {
    case SIM_SERIAL:
        return unit->array.folds[unit->current].out;
    case SIM_SHIFT:
        return then >= 2 * rows - 1;
    default:
        return then >= rows;
    }
}

static bool may_stream(const sim_unit *unit, int64_t ready)
{
    bool os = unit->machine->dataflow == SIM_OS;

    if (unit->streaming || unit->to_stream < 0 || fold_of(unit, unit->to_stream)->step >= ready ||
        (!os && !unit->array.folds[unit->to_stream].loaded) || !sim_unit_has_room(unit))
        return false;
    if (unit->current < 0)
        return true;
    return unit->since_end >= unit->machine->bubble && (!os || drains_in_time(unit));
}

static void begin_stream(sim_unit *unit, sim_counts *counts)
{
    const sim_script_fold *fold = fold_of(unit, unit->to_stream);
    const sim_machine *machine = unit->machine;
    sim_fold_state *state = &unit->array.folds[unit->to_stream];

    state->left = (machine->dataflow == SIM_OS ? machine->rows : fold->streamed) * machine->cols;
    state->values = sim_results_take(unit->results);
    unit->current = unit->to_stream;
    unit->to_stream = fold->next;
    unit->streaming = true;
    unit->entered = unit->credit = unit->since_start = unit->since_end = 0;
    unit->waiting += fold->work > 0;
    counts->folds++;
    sim_array_begin(&unit->array, unit->current);
}

bool sim_unit_settle(sim_unit *unit, int64_t ready, sim_counts *counts)
{
    bool moved = false;

    if (may_load(unit, ready)) {
        begin_load(unit);
        moved = true;
    }
    if (may_stream(unit, ready)) {
        begin_stream(unit, counts);
        moved = true;
    }
    sim_array_look(&unit->array);
    return moved;
}

/* Row `row` of the fold, or its k number `row` (os), into the line. Rows that only fill up a group
 * are zeros. */
static void give_row(const sim_unit *unit, int64_t row, int32_t *left, int32_t *top,
                     sim_counts *counts)
{
    const sim_script_fold *fold = fold_of(unit, unit->current);
    sim_view lhs = view_of(unit, unit->current, SIM_LHS);
    sim_view rhs = view_of(unit, unit->current, SIM_RHS);

    if (unit->machine->dataflow == SIM_OS) {
        for (int64_t r = 0; r < fold->m; r++)
            left[r] = lhs.at[(fold->m0 + r) * lhs.down + row * lhs.across];
        for (int64_t c = 0; c < fold->n; c++)
            top[c] = rhs.at[row * rhs.down + (fold->n0 + c) * rhs.across];
        counts->macs += fold->m * fold->n;
    } else if (row < fold->m) {
        for (int64_t r = 0; r < fold->k; r++)
            left[r] = lhs.at[(fold->m0 + row) * lhs.down + (fold->k0 + r) * lhs.across];
        counts->macs += fold->k * fold->n;
    }
}

/* Rows enter when their time at `pace` is over. */
static void stream(sim_unit *unit, sim_counts *counts)
{
    const sim_script_fold *fold = fold_of(unit, unit->current);
    const sim_machine *machine = unit->machine;
    int64_t rows = 0;
    sim_wave *wave = NULL;

    counts->streaming++;
    for (unit->credit += machine->pace_den;
         unit->credit >= machine->pace_num && unit->entered < fold->streamed;
         unit->credit -= machine->pace_num, unit->entered++, rows++) {
        if (!wave) {
            wave = sim_array_wave(&unit->array, unit->current);
            wave->row = unit->entered;
        }
        give_row(unit, unit->entered, wave->left + rows * machine->rows,
                 wave->top + rows * machine->cols, counts);
    }
    if (wave) {
        wave->count = rows;
        wave->ends = unit->entered == fold->streamed;
    }
}

sim_unit_did sim_unit_cycle(sim_unit *unit, sim_counts *counts)
{
    sim_unit_did did = {false, false};

    if (unit->streaming)
        stream(unit, counts);
    else
        unit->since_end++;
    unit->since_start++;
    if (unit->loading) {
        counts->loading++;
        unit->load_left--;
        if (unit->array.skewed)
            give_weights(unit, unit->load_left); /* the last row of the tile first */
        if (unit->load_left == 0)
            end_load(unit);
    }
    did.multiplied = sim_array_cycle(&unit->array);
    did.ended = unit->streaming && unit->entered == fold_of(unit, unit->current)->streamed;
    unit->streaming &= !did.ended;
    return did;
}
