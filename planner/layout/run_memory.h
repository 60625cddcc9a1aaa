/* The memory of the fullest chip of a laid-out run, under the framework that runs it. */
#ifndef VSH_RUN_MEMORY_H
#define VSH_RUN_MEMORY_H

#include "planner/layout/step_price.h"

/* run->framework is set. VSH_EINPUT when the model cannot be cut there. */
vsh_status vsh_run_memory(const vsh_step_run *run, vsh_footprint *memory, vsh_error *err);

#endif
