#include "sim/reference_script.h"

#include <assert.h>

#include "sim/whole.h"

/* Every block of an operand is numbered when a step needs another than the step before it. */
static void number_blocks(sim_script *script, const sim_product *product)
{
    int64_t next[SIM_OPERANDS] = {0};

    for (int64_t s = 0; s < script->step_count; s++) {
        sim_script_step *step = &script->steps[s];
        const sim_script_step *last = s > 0 ? step - 1 : NULL;
        bool same_m = last && last->m0 == step->m0;
        bool same_n = last && last->n0 == step->n0;
        bool same_k = last && last->k0 == step->k0;

        next[SIM_LHS] += !(same_m && same_k);
        next[SIM_RHS] += !(same_k && same_n);
        next[SIM_OUT] += !(same_m && same_n);
        for (int operand = 0; operand < SIM_OPERANDS; operand++)
            step->block[operand] = product->resident[operand] ? -1 : next[operand] - 1;
    }
}

/* Rule 1. */
static bool write_steps(sim_script *script, vsh_arena *arena, const sim_product *p)
{
    int64_t across_m = sim_ceil_div(p->m, p->block_m), across_n = sim_ceil_div(p->n, p->block_n);
    int64_t across_k = sim_ceil_div(p->k, p->block_k);
    int64_t outer = p->n_outer ? across_n : across_m, inner = p->n_outer ? across_m : across_n;
    sim_script_step *step;

    script->step_count = outer * inner * across_k;
    step = script->steps = vsh_alloc(arena, (size_t)script->step_count, sizeof *script->steps);
    if (!step)
        return false;
    for (int64_t a = 0; a < outer; a++)
        for (int64_t b = 0; b < inner; b++)
            for (int64_t l = 0; l < across_k; l++, step++) {
                step->m0 = (p->n_outer ? b : a) * p->block_m;
                step->n0 = (p->n_outer ? a : b) * p->block_n;
                step->k0 = l * p->block_k;
                step->m = sim_min(p->block_m, p->m - step->m0);
                step->n = sim_min(p->block_n, p->n - step->n0);
                step->k = sim_min(p->block_k, p->k - step->k0);
                step->opens = l == 0;
                step->closes = l == across_k - 1;
            }
    number_blocks(script, p);
    return true;
}

/* The last step that used a block of an operand; blocks are used in order. */
static int64_t last_user(const sim_script *script, sim_operand operand, int64_t block, int64_t step)
{
    if (block < 0)
        return -1;
    while (script->steps[step].block[operand] > block)
        step--;
    return step;
}

static void add_transfer(sim_script *script, const sim_machine *machine, const sim_product *p,
                         sim_operand operand, int64_t s)
{
    const sim_script_step *step = &script->steps[s];
    int64_t block = step->block[operand];
    int64_t elements = operand == SIM_LHS   ? step->m * step->k
                       : operand == SIM_RHS ? step->k * step->n
                                            : step->m * step->n;

    script->transfers[script->transfer_count++] = (sim_script_transfer){
        .operand = operand,
        .step = s,
        .block = block,
        .bytes = elements * p->element_bytes[operand],
        .after = operand == SIM_OUT ? -1 : last_user(script, operand, block - machine->buffers, s)};
}

/* Rule 3: write-back of step s - buffers, then rhs and lhs of step s. */
static bool write_transfers(sim_script *script, vsh_arena *arena, const sim_machine *machine,
                            const sim_product *p)
{
    static const sim_operand fetched[] = {SIM_RHS, SIM_LHS};

    script->transfers = vsh_alloc(arena, 3 * (size_t)script->step_count, sizeof *script->transfers);
    if (!script->transfers)
        return false;
    for (int64_t s = 0; s < script->step_count + machine->buffers; s++) {
        int64_t done = s - machine->buffers;

        if (done >= 0 && script->steps[done].closes && !p->resident[SIM_OUT])
            add_transfer(script, machine, p, SIM_OUT, done);
        for (int i = 0; i < 2 && s < script->step_count; i++) {
            int64_t block = script->steps[s].block[fetched[i]];

            if (block >= 0 && (s == 0 || script->steps[s - 1].block[fetched[i]] != block))
                add_transfer(script, machine, p, fetched[i], s);
        }
    }
    return true;
}

static void add_fold(sim_script *script, const sim_machine *machine, const sim_product *p,
                     sim_script_fold fold)
{
    int64_t number = script->fold_count++, unit = fold.unit;
    int64_t results = fold.streamed * machine->cols;
    bool last_of_k =
        script->steps[fold.step].closes && fold.k0 + fold.k == script->steps[fold.step].k;

    if (machine->dataflow == SIM_OS)
        results = machine->rows * machine->cols;
    fold.cycles = sim_ceil_div(fold.streamed * machine->pace_num, machine->pace_den);
    fold.work = machine->vector_rate > 0 && (!machine->accumulators || last_of_k)
                    ? results * p->result_work
                    : 0;
    fold.before = script->last[unit];
    fold.next = -1;
    script->folds[number] = fold;
    if (fold.before >= 0)
        script->folds[fold.before].next = number;
    else
        script->first[unit] = number;
    script->last[unit] = number;
}

/* A stationary tile and its rows, over all units when rows are split. */
static void add_ws_folds(sim_script *script, const sim_machine *machine, const sim_product *p,
                         sim_script_fold fold, int64_t number)
{
    int64_t parts = p->split == SIM_SPLIT_ROWS ? machine->units : 1;
    int64_t part = sim_ceil_div(fold.m, parts), begin = fold.m0, end = fold.m0 + fold.m;

    for (int64_t u = 0; u < parts && begin + u * part < end; u++) {
        fold.unit = p->split == SIM_SPLIT_ROWS ? u : number % machine->units;
        fold.m0 = begin + u * part;
        fold.m = sim_min(part, end - fold.m0);
        fold.streamed = sim_round_up(fold.m, machine->row_group);
        add_fold(script, machine, p, fold);
    }
}

static void write_ws_step(sim_script *script, const sim_machine *machine, const sim_product *p,
                          int64_t s)
{
    const sim_script_step *step = &script->steps[s];
    int64_t chunk = p->stream_rows > 0 ? p->stream_rows : step->m, number = 0;

    for (int64_t m = 0; m < step->m; m += chunk)
        for (int64_t n = 0; n < step->n; n += machine->cols)
            for (int64_t k = 0; k < step->k; k += machine->rows)
                add_ws_folds(script, machine, p,
                             (sim_script_fold){.step = s,
                                               .m0 = m,
                                               .n0 = n,
                                               .k0 = k,
                                               .m = sim_min(chunk, step->m - m),
                                               .n = sim_min(machine->cols, step->n - n),
                                               .k = sim_min(machine->rows, step->k - k)},
                             number++);
}

static void write_os_step(sim_script *script, const sim_machine *machine, const sim_product *p,
                          int64_t s)
{
    const sim_script_step *step = &script->steps[s];
    int64_t number = 0;

    for (int64_t m = 0; m < step->m; m += machine->rows)
        for (int64_t n = 0; n < step->n; n += machine->cols)
            add_fold(script, machine, p,
                     (sim_script_fold){.step = s,
                                       .unit = number++ % machine->units,
                                       .m0 = m,
                                       .n0 = n,
                                       .m = sim_min(machine->rows, step->m - m),
                                       .n = sim_min(machine->cols, step->n - n),
                                       .k = step->k,
                                       .streamed = step->k});
}

/* At least as many folds as a step can have. */
static int64_t fold_room(const sim_script_step *step, const sim_machine *machine,
                         const sim_product *p)
{
    int64_t tiles_n = sim_ceil_div(step->n, machine->cols);
    int64_t chunks = p->stream_rows > 0 ? sim_ceil_div(step->m, p->stream_rows) : 1;

    if (machine->dataflow == SIM_OS)
        return sim_ceil_div(step->m, machine->rows) * tiles_n;
    if (p->split == SIM_SPLIT_ROWS)
        chunks *= sim_min(machine->units, step->m);
    return chunks * tiles_n * sim_ceil_div(step->k, machine->rows);
}

/* Rule 6. */
static bool write_folds(sim_script *script, vsh_arena *arena, const sim_machine *machine,
                        const sim_product *p)
{
    int64_t room = 0;

    for (int64_t s = 0; s < script->step_count; s++)
        room += fold_room(&script->steps[s], machine, p);
    script->folds = vsh_alloc(arena, (size_t)room, sizeof *script->folds);
    script->first = vsh_alloc(arena, (size_t)machine->units, sizeof *script->first);
    script->last = vsh_alloc(arena, (size_t)machine->units, sizeof *script->last);
    if (!script->folds || !script->first || !script->last)
        return false;
    for (int64_t u = 0; u < machine->units; u++)
        script->first[u] = script->last[u] = -1;
    for (int64_t s = 0; s < script->step_count; s++) {
        if (machine->dataflow == SIM_OS)
            write_os_step(script, machine, p, s);
        else
            write_ws_step(script, machine, p, s);
    }
    assert(script->fold_count <= room);
    return true;
}

const sim_script *sim_script_new(vsh_arena *arena, const sim_machine *machine,
                                 const sim_product *product)
{
    sim_script *script = vsh_alloc(arena, 1, sizeof *script);

    if (!script || !write_steps(script, arena, product) ||
        !write_transfers(script, arena, machine, product) ||
        !write_folds(script, arena, machine, product))
        return NULL;
    return script;
}
