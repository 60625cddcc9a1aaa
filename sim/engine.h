/* The three engines behind one interface. */
#ifndef VSH_ENGINE_H
#define VSH_ENGINE_H

#include "core/arena.h"
#include "sim/machine.h"

/* The product passed sim_check and is oriented. */
typedef vsh_status sim_engine_run(vsh_arena *arena, const sim_machine *machine,
                                  const sim_product *product, sim_counts *counts, vsh_error *err);

typedef struct {
    const char *name;
    const char *what; /* one line for people */
    sim_engine_run *run;
} sim_engine;

/* The table, by index. */
enum { SIM_CLOSED, SIM_EVENT, SIM_REFERENCE, SIM_ENGINES };
extern const sim_engine sim_engines[SIM_ENGINES];
extern const char *const sim_engine_words[];

sim_engine_run sim_closed_run; /* closed.c: exact with unlimited bandwidth, else an estimate */
sim_engine_run sim_event_run;  /* event.c: cycle-exact */
sim_engine_run
    sim_reference_run; /* reference.c: cycle-exact, slow; checks the values it computed */

/* Fewer cycles the event engine never takes; counts is what closed says, but for idle. */
int64_t sim_closed_least(const sim_machine *machine, const sim_product *product,
                         sim_counts *counts);

#endif
