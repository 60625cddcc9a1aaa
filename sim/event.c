#include "sim/engine.h"
#include "sim/timeline.h"

vsh_status sim_event_run(vsh_arena *arena, const sim_machine *machine, const sim_product *product,
                         sim_counts *counts, vsh_error *err)
{
    sim_timeline *timeline;

    VSH_TRY(sim_timeline_open(arena, machine, NULL, false, &timeline, err));
    sim_timeline_product(timeline, product, 1);
    *counts = sim_timeline_close(timeline);
    return VSH_OK;
}
