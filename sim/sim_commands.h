/* The commands of vishwa-sim: what each takes, and what it does with it. */
#ifndef VSH_SIM_COMMANDS_H
#define VSH_SIM_COMMANDS_H

#include "core/program.h"

/* What the command line said; what was not given is NULL, NaN, 0 for counts and -1 for words. */
typedef struct {
    vsh_common common;
    const char *hw, *model, *experts_load, *trace, *report; /* step; hw also gemm */
    const char *array, *block, *resident;                   /* gemm */
    const char *config, *topology, *layout, *out;           /* scale-sim */
    int64_t seq, batch, micro_batch;
    int64_t count, buffers;
    double bandwidth; /* bytes a cycle */
    int engine, precision, recompute, optimizer;
    int dataflow, weights, split;
    int input; /* of scale-sim: sim_scale_input_words */
    bool refresh;
} sim_config;

void sim_config_default(sim_config *config);

extern const vsh_program_command sim_commands[];

vsh_command_run sim_run_gemm;  /* sim_gemm.c */
vsh_command_run sim_run_step;  /* sim_step.c */
vsh_command_run sim_run_scale; /* sim_scale.c */

#endif
