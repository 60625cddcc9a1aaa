/* Every figure of SCALE-Sim's three reports for one layer, its oddities kept: they are named where
 * they are made. Nothing native is counted here, and nothing native counts this way. */
#ifndef VSH_SCALE_LAYER_H
#define VSH_SCALE_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/scale_sim/scale_config.h"
#include "sim/scale_sim/scale_dram.h"
#include "sim/scale_sim/scale_topology.h"

typedef struct {
    int64_t total_cycles, stall_cycles;
    int64_t
        cycles_with_prefetch; /* version 3 alone: from the first read of DRAM to the last write */
    double overall_percent, mapping_percent, compute_percent;
    sim_scale_access sram[SIM_OPERANDS], dram[SIM_OPERANDS]; /* ifmap, filter, ofmap */
    double sram_rate[SIM_OPERANDS], dram_rate[SIM_OPERANDS]; /* words a cycle */
    bool exact; /* false: the tool would stall (USER), and that was not followed */
} sim_scale_figures;

vsh_status sim_scale_run_layer(const sim_scale_config *config, const sim_scale_layer *layer,
                               const char *path, sim_scale_figures *figures, vsh_error *err);

#endif
