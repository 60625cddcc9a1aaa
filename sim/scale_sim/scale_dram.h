/* What SCALE-Sim's buffers ask of DRAM, and when.
 *
 * Reads, InterfaceBandwidth CALC: a buffer of so many kB keeps words in sets of a hundredth of it.
 * When half of it has been filled with words, all of them are forgotten at once. The first half is
 * taken to have been fetched at 10 words a cycle, just before the first request; each later half
 * while the one before it was being filled. Nothing ever waits.
 *
 * Reads, USER: half the buffer is fetched before cycle 0 from the operand in whole tiles. As long
 * as that holds all of the operand nothing waits either. Where it does not, or where writes wait,
 * `exact` is false, and scale_user.h follows what waits.
 *
 * Writes: half the buffer is drained once it has filled, at C words a cycle (CALC) or the given
 * bandwidth, and the rest after the last cycle. */
#ifndef VSH_SCALE_DRAM_H
#define VSH_SCALE_DRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/scale_sim/scale_access.h"
#include "sim/scale_sim/scale_folds.h"

/* Of the ifmap or the filter. VSH_EINPUT where a layer is too long to be followed word by word. */
vsh_status sim_scale_dram_read(const sim_scale_config *config, const sim_scale_layer *layer,
                               const sim_scale_folds *folds, sim_operand operand, const char *path,
                               sim_scale_access *access, vsh_error *err);
vsh_status sim_scale_dram_write(const sim_scale_config *config, const sim_scale_layer *layer,
                                const sim_scale_folds *folds, const char *path,
                                sim_scale_access *access, vsh_error *err);

#endif
