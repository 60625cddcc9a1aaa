/* The reference engine's memory: DRAM, its channel beat by beat, the transpose unit, and the
 * scratchpad's buffers with the values in them (rules 2, 3 and 4 of sim/machine.h). A buffer is
 * spoiled from the moment its transfer starts until the new block has arrived, so a unit that reads
 * too early or a transfer that comes too early gives a wrong product. */
#ifndef VSH_REFERENCE_MEMORY_H
#define VSH_REFERENCE_MEMORY_H

#include "sim/reference_script.h"

/* Element (i,j) of a matrix is at[i * down + j * across]. */
typedef struct {
    const int32_t *at;
    int64_t down, across;
} sim_view;

typedef struct {
    const sim_machine *machine;
    const sim_product *product;
    const sim_script *script;
    const int32_t *dram[2]; /* lhs as it lies: (m,k), transposed (k,m); rhs (k,n) */
    int64_t *dram_out;
    int32_t *pad[2]; /* `buffers` blocks each */
    int64_t *pad_out;
    bool direct[SIM_OPERANDS]; /* used where it lies: resident, or ideal memory */

    int64_t next;    /* transfer to start next; the one before may be on the channel */
    int64_t left;    /* bytes x bytes_den of the transfer on the channel, 0: the channel is free */
    int64_t flying;  /* the first transfer that has left the channel and not arrived */
    int64_t in_air;  /* transfers from there that are on their way */
    int64_t *wait;   /* of each transfer, cycles until it arrives */
    int64_t landed;  /* lhs blocks that came to the transpose unit */
    int64_t turn;    /* the transfer of the block in it, or of one before the next */
    int64_t turning; /* cycles left of it */
    int64_t arrived[SIM_OPERANDS];
    int64_t written; /* write-backs that have left the channel */
} sim_memory;

/* False when memory is exhausted. */
bool sim_memory_init(sim_memory *memory, vsh_arena *arena, const sim_machine *machine,
                     const sim_product *product, const sim_script *script, const int32_t *lhs,
                     const int32_t *rhs, int64_t *out);

/* What may happen now, given the first step whose streams have not all ended and the first whose
 * folds are not all done. True when something did. */
bool sim_memory_settle(sim_memory *memory, int64_t streamed, int64_t done, sim_counts *counts);
/* One cycle. */
void sim_memory_cycle(sim_memory *memory, sim_counts *counts);
/* All transfers have arrived. */
bool sim_memory_quiet(const sim_memory *memory);

/* The operands of the step are in the scratchpad and there is room for its results. */
bool sim_memory_has(const sim_memory *memory, const sim_script_step *step);

/* The step's block of lhs or rhs. */
sim_view sim_memory_view(const sim_memory *memory, const sim_script_step *step,
                         sim_operand operand);
/* The step's block of out, its rows *pitch apart. */
int64_t *sim_memory_out(const sim_memory *memory, const sim_script_step *step, int64_t *pitch);

#endif
