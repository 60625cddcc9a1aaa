#include "planner/layout/run_memory.h"

#include <assert.h>

vsh_status vsh_run_memory(const vsh_step_run *run, vsh_footprint *memory, vsh_error *err)
{
    vsh_work work = vsh_step_work(run);
    vsh_placement place = {.pipeline = run->layout.pp,
                           .chunks = run->layout.interleave,
                           .micro_batches = vsh_micro_batches(&run->layout, &run->laid),
                           .framework = run->framework};

    assert(run->framework);
    return vsh_footprint_layout(run->laid.model, &work, &place, memory, err);
}
