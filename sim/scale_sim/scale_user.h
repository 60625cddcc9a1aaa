/* SCALE-Sim with a given bandwidth (USER), followed word by word where something waits.
 *
 * A read buffer holds the operand as a ring of sets, each a hundredth of the buffer: the words in
 * the order in which whole tiles would be fetched. Half the buffer is active, and was fetched
 * before cycle 0 for free. A word outside the active sets turns the ring by the other half as often
 * as it takes; every turn fetches half a buffer, one turn after another. Version 2 makes the array
 * wait for the last turn; version 3 makes it wait twice as long, and a word that was there early
 * takes back what others waited. Neither is what a memory does: these figures are for comparison
 * with the tool, and nothing native knows of them. */
#ifndef VSH_SCALE_USER_H
#define VSH_SCALE_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/scale_sim/scale_access.h"
#include "sim/scale_sim/scale_folds.h"

typedef struct {
    int64_t words, padded;      /* of the operand; with the empty places of its edge tiles */
    int64_t rate;               /* words a line, fetched in a cycle */
    int64_t half;               /* lines of half a buffer: what a turn fetches */
    int64_t lines;              /* fetched before cycle 0 */
    int64_t set;                /* words of a set */
    int64_t sets, active, turn; /* sets of the ring, active ones, by which it turns */
} sim_scale_prefetch;

/* Of the ifmap or the filter. */
sim_scale_prefetch sim_scale_prefetch_of(const sim_scale_config *config,
                                         const sim_scale_layer *layer, const sim_scale_folds *f,
                                         sim_operand operand);

typedef struct {
    int64_t total_cycles, stall_cycles;
    sim_scale_access sram[SIM_OPERANDS], dram[SIM_OPERANDS];
} sim_scale_waits;

/* false where this is not followed: windows that share words, more than 2^28 words or turns, no
 * memory. */
bool sim_scale_user_follow(const sim_scale_config *config, const sim_scale_layer *layer,
                           const sim_scale_folds *f, sim_scale_waits *waits);

#endif
