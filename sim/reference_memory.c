#include "sim/reference_memory.h"

#include <assert.h>

#include "sim/whole.h"

/* In a buffer whose block is not there; far from any operand. */
enum { SPOILED = 1 << 24 };

static bool ideal(const sim_memory *memory) { return memory->machine->bytes_num == 0; }

static int64_t block_room(const sim_product *p, sim_operand operand)
{
    return operand == SIM_LHS   ? p->block_m * p->block_k
           : operand == SIM_RHS ? p->block_k * p->block_n
                                : p->block_m * p->block_n;
}

bool sim_memory_init(sim_memory *memory, vsh_arena *arena, const sim_machine *machine,
                     const sim_product *product, const sim_script *script, const int32_t *lhs,
                     const int32_t *rhs, int64_t *out)
{
    *memory = (sim_memory){.machine = machine,
                           .product = product,
                           .script = script,
                           .dram = {lhs, rhs},
                           .dram_out = out};
    for (int i = 0; i < SIM_OPERANDS; i++) {
        sim_operand operand = (sim_operand)i;
        size_t room = (size_t)(block_room(product, operand) * machine->buffers);

        memory->direct[i] = product->resident[i] || ideal(memory);
        if (memory->direct[i])
            continue;
        if (operand == SIM_OUT)
            memory->pad_out = vsh_alloc(arena, room, sizeof *memory->pad_out);
        else
            memory->pad[i] = vsh_alloc(arena, room, sizeof *memory->pad[i]);
        if (operand == SIM_OUT ? !memory->pad_out : !memory->pad[i])
            return false;
    }
    memory->wait = vsh_alloc(arena, (size_t)script->transfer_count, sizeof *memory->wait);
    return memory->wait != NULL;
}

static int64_t buffer_at(const sim_memory *memory, sim_operand operand, int64_t block)
{
    return block % memory->machine->buffers * block_room(memory->product, operand);
}

/* Where a block of an operand lies in DRAM, as m by k or k by n. */
static sim_view dram_view(const sim_memory *memory, const sim_script_step *step,
                          sim_operand operand)
{
    const sim_product *p = memory->product;
    sim_view view = {memory->dram[operand], 1, 1};

    if (operand == SIM_RHS) {
        view.down = p->n;
        view.at += step->k0 * view.down + step->n0;
    } else {
        if (p->transposed)
            view.across = p->m;
        else
            view.down = p->k;
        view.at += step->m0 * view.down + step->k0 * view.across;
    }
    return view;
}

static void spoil(sim_memory *memory, const sim_script_transfer *transfer)
{
    int64_t room = block_room(memory->product, transfer->operand);
    int32_t *to =
        memory->pad[transfer->operand] + buffer_at(memory, transfer->operand, transfer->block);

    for (int64_t i = 0; i < room; i++)
        to[i] = SPOILED;
}

static void fill(sim_memory *memory, const sim_script_transfer *transfer)
{
    const sim_script_step *step = &memory->script->steps[transfer->step];
    sim_operand operand = transfer->operand;
    sim_view from = dram_view(memory, step, operand);
    int64_t height = operand == SIM_LHS ? step->m : step->k;
    int64_t width = operand == SIM_LHS ? step->k : step->n;
    int64_t pitch = operand == SIM_LHS ? memory->product->block_k : memory->product->block_n;
    int32_t *to = memory->pad[operand] + buffer_at(memory, operand, transfer->block);

    for (int64_t i = 0; i < height; i++)
        for (int64_t j = 0; j < width; j++)
            to[i * pitch + j] = from.at[i * from.down + j * from.across];
}

/* The block of out has gone over the channel; its buffer is cleared for the next. */
static void write_back(sim_memory *memory, const sim_script_transfer *transfer)
{
    const sim_script_step *step = &memory->script->steps[transfer->step];
    int64_t pitch;
    int64_t *from = sim_memory_out(memory, step, &pitch);

    for (int64_t i = 0; i < step->m; i++)
        for (int64_t j = 0; j < step->n; j++) {
            memory->dram_out[(step->m0 + i) * memory->product->n + step->n0 + j] =
                from[i * pitch + j];
            from[i * pitch + j] = 0;
        }
}

static void leave_channel(sim_memory *memory, sim_counts *counts)
{
    int64_t number = memory->next - 1;
    const sim_script_transfer *transfer = &memory->script->transfers[number];

    if (transfer->operand == SIM_OUT) {
        counts->bytes_written += transfer->bytes;
        memory->written++;
        if (!memory->direct[SIM_OUT])
            write_back(memory, transfer);
    } else {
        counts->bytes_read += transfer->bytes;
    }
    memory->wait[number] = ideal(memory) ? 0 : memory->machine->memory_latency;
    memory->in_air++;
}

static bool may_start(const sim_memory *memory, int64_t streamed, int64_t done)
{
    const sim_script_transfer *transfer = &memory->script->transfers[memory->next];

    if (memory->left > 0 || memory->next == memory->script->transfer_count)
        return false;
    if (transfer->operand == SIM_OUT)
        return done > transfer->step;
    return ideal(memory) || streamed > transfer->after;
}

static void start(sim_memory *memory, sim_counts *counts)
{
    const sim_script_transfer *transfer = &memory->script->transfers[memory->next++];

    if (!memory->direct[transfer->operand] && transfer->operand != SIM_OUT)
        spoil(memory, transfer);
    memory->left = ideal(memory) ? 0 : transfer->bytes * memory->machine->bytes_den;
    if (memory->left == 0)
        leave_channel(memory, counts);
}

static bool turns(const sim_memory *memory)
{
    return memory->product->transposed && !memory->direct[SIM_LHS];
}

static void arrive(sim_memory *memory)
{
    const sim_script_transfer *transfer = &memory->script->transfers[memory->flying++];

    memory->in_air--;
    if (transfer->operand == SIM_LHS && turns(memory)) {
        memory->landed++;
        return;
    }
    if (!memory->direct[transfer->operand] && transfer->operand != SIM_OUT)
        fill(memory, transfer);
    memory->arrived[transfer->operand]++;
}

/* The block in the transpose unit goes into its buffer. */
static void turned(sim_memory *memory)
{
    fill(memory, &memory->script->transfers[memory->turn++]);
    memory->arrived[SIM_LHS]++;
}

/* The next block that landed goes into the transpose unit. */
static void begin_turn(sim_memory *memory)
{
    const sim_script_transfer *transfers = memory->script->transfers;
    const sim_script_step *step;
    int64_t rows = memory->machine->rows;

    while (transfers[memory->turn].operand != SIM_LHS)
        memory->turn++;
    step = &memory->script->steps[transfers[memory->turn].step];
    memory->turning =
        sim_ceil_div(step->m, rows) * sim_ceil_div(step->k, rows) * memory->machine->transpose;
    if (memory->turning == 0)
        turned(memory);
}

bool sim_memory_settle(sim_memory *memory, int64_t streamed, int64_t done, sim_counts *counts)
{
    bool moved = false;

    while (may_start(memory, streamed, done)) {
        start(memory, counts);
        moved = true;
    }
    while (memory->in_air > 0 && memory->wait[memory->flying] == 0) {
        arrive(memory);
        moved = true;
    }
    while (memory->turning == 0 && memory->landed > memory->arrived[SIM_LHS]) {
        begin_turn(memory);
        moved = true;
    }
    return moved;
}

void sim_memory_cycle(sim_memory *memory, sim_counts *counts)
{
    if (memory->turning > 0) {
        counts->transposing++;
        if (--memory->turning == 0)
            turned(memory);
    }
    for (int64_t i = 0; i < memory->in_air; i++)
        memory->wait[memory->flying + i]--;
    if (memory->left > 0) {
        bool out = memory->script->transfers[memory->next - 1].operand == SIM_OUT;

        *(out ? &counts->write : &counts->read) += 1;
        memory->left -= memory->machine->bytes_num;
        if (memory->left <= 0) {
            memory->left = 0;
            leave_channel(memory, counts);
        }
    }
}

bool sim_memory_quiet(const sim_memory *memory)
{
    return memory->flying == memory->script->transfer_count;
}

bool sim_memory_has(const sim_memory *memory, const sim_script_step *step)
{
    int64_t free_from = step->block[SIM_OUT] - memory->machine->buffers;

    return ideal(memory) ||
           (memory->arrived[SIM_LHS] > step->block[SIM_LHS] &&
            memory->arrived[SIM_RHS] > step->block[SIM_RHS] && memory->written > free_from);
}

sim_view sim_memory_view(const sim_memory *memory, const sim_script_step *step, sim_operand operand)
{
    const sim_product *p = memory->product;

    if (memory->direct[operand])
        return dram_view(memory, step, operand);
    return (sim_view){memory->pad[operand] + buffer_at(memory, operand, step->block[operand]),
                      operand == SIM_LHS ? p->block_k : p->block_n, 1};
}

int64_t *sim_memory_out(const sim_memory *memory, const sim_script_step *step, int64_t *pitch)
{
    if (memory->direct[SIM_OUT]) {
        *pitch = memory->product->n;
        return memory->dram_out + step->m0 * *pitch + step->n0;
    }
    *pitch = memory->product->block_n;
    return memory->pad_out + buffer_at(memory, SIM_OUT, step->block[SIM_OUT]);
}
