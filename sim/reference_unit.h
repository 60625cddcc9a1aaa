/* The reference engine's matrix unit: an array, the port its weights come through, and what decides
 * when a load or a stream may begin (rule 7 of sim/machine.h). */
#ifndef VSH_REFERENCE_UNIT_H
#define VSH_REFERENCE_UNIT_H

#include "sim/reference_array.h"
#include "sim/reference_memory.h"

/* Room for the results of folds in flight, used again. */
typedef struct sim_room {
    int64_t *values;
    struct sim_room *next;
} sim_room;

typedef struct {
    vsh_arena *arena;
    size_t results; /* at most, of a fold */
    sim_room *free, *spare;
    bool exhausted; /* memory is */
} sim_results;

int64_t *sim_results_take(sim_results *results);
void sim_results_give(sim_results *results, int64_t *values);

typedef struct {
    const sim_machine *machine;
    const sim_script *script;
    const sim_memory *memory;
    sim_results *results;
    sim_array array;
    bool loading, streaming;
    int64_t to_load, load_left; /* the fold that is loading or loads next, or -1 */
    int64_t current;            /* the latest fold that began to stream, or -1 */
    int64_t to_stream;          /* the fold after it, or -1 */
    int64_t to_come_out;        /* the first fold whose results are not out, or -1 */
    int64_t entered, credit;    /* rows of the current stream; cycles x pace_den towards the next */
    int64_t since_start, since_end; /* cycles, of the latest stream */
    int64_t waiting;                /* folds with vector work that have begun and are not done */
} sim_unit;

/* False when memory is exhausted. */
bool sim_unit_init(sim_unit *unit, vsh_arena *arena, const sim_machine *machine,
                   const sim_script *script, const sim_memory *memory, sim_fold_state *folds,
                   sim_results *results, int64_t first);

/* Whether the unit could take the results of its next fold. */
bool sim_unit_has_room(const sim_unit *unit);

/* What may happen now, steps below `ready` being ready. True when something did. */
bool sim_unit_settle(sim_unit *unit, int64_t ready, sim_counts *counts);

typedef struct {
    bool multiplied, ended; /* an element worked; a stream ended */
} sim_unit_did;

sim_unit_did sim_unit_cycle(sim_unit *unit, sim_counts *counts);

#endif
