#include "sim/engine.h"

vsh_status sim_event_run(vsh_arena *arena, const sim_machine *machine, const sim_product *product,
                         sim_counts *counts, vsh_error *err)
{
    (void)arena, (void)machine, (void)product, (void)counts;
    return vsh_fail(err, VSH_EINPUT, "engine event: not built yet");
}
