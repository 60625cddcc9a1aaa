#include "sim/engine.h"

const sim_engine sim_engines[SIM_ENGINES] = {
    {"closed", "formulas; exact when memory is ideal, otherwise an estimate", sim_closed_run},
    {"event", "integer events of tiles, transfers and buffers; exact", sim_event_run},
    {"reference", "every processing element, every cycle, with values; slow", sim_reference_run}};
const char *const sim_engine_words[] = {"closed", "event", "reference", NULL};
