/* What a product asks of the machine, before any time passes: the grid's steps, the transfers in
 * the channel's order, and each unit's folds (rules 1, 3 and 6 of sim/machine.h). Written for the
 * reference engine alone, so that it shares no mistake with the event engine. */
#ifndef VSH_REFERENCE_SCRIPT_H
#define VSH_REFERENCE_SCRIPT_H

#include "core/arena.h"
#include "sim/machine.h"

typedef struct {
    int64_t m0, n0, k0, m, n, k; /* where its blocks begin, and their sides */
    /* Its lhs and rhs blocks, counted as they are fetched: block b is in buffer b % buffers. -1:
     * the operand is resident. out: blocks of out, counted as they begin. */
    int64_t block[SIM_OPERANDS];
    bool opens, closes; /* the first, the last of its block of out */
} sim_script_step;

typedef struct {
    sim_operand operand;
    int64_t step, block, bytes;
    int64_t after; /* a fetch: the last step that used the block before this in its buffer, or -1 */
} sim_script_transfer;

typedef struct {
    int64_t step, unit;
    int64_t m0, n0, k0, m, n, k; /* its part of the step's blocks */
    int64_t streamed;            /* rows (ws) or k (os) */
    int64_t cycles;              /* of streaming */
    int64_t work;                /* operations of the vector unit; 0: none */
    int64_t before, next;        /* on its unit, or -1 */
} sim_script_fold;

typedef struct {
    int64_t step_count, transfer_count, fold_count;
    sim_script_step *steps;
    sim_script_transfer *transfers;
    sim_script_fold *folds; /* in program order */
    int64_t *first, *last;  /* folds of each unit, or -1 */
} sim_script;

/* NULL when memory is exhausted. */
const sim_script *sim_script_new(vsh_arena *arena, const sim_machine *machine,
                                 const sim_product *product);

#endif
