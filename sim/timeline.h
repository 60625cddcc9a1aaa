/* Products and vector work run one after another on one machine: the event engine. What is left of
 * one product when the next begins (weights on their way, results not yet written back) overlaps
 * with it. sim/machine.h is the specification of a product alone. */
#ifndef VSH_TIMELINE_H
#define VSH_TIMELINE_H

#include "core/arena.h"
#include "core/op.h"
#include "sim/machine.h"

typedef enum {
    SIM_LANE_READ,
    SIM_LANE_WRITE,
    SIM_LANE_VECTOR,
    SIM_LANE_TRANSPOSE,
    SIM_LANE_SKIPPED, /* what repeats and was not simulated again */
    SIM_LANE_UNITS    /* unit u: its weight port on lane UNITS + 2 u, its streams on the next */
} sim_lane;

/* Somebody who watches: called for every transfer, load, stream and piece of vector work, and for
 * every stretch of `repeats` repetitions that was skipped. */
typedef struct {
    void (*span)(void *context, int lane, int64_t begin, int64_t end, int64_t repeats);
    /* by sim/step_schedule.h: what the spans since the last call belong to; NULL: nobody asks */
    void (*op)(void *context, const vsh_op *op, int64_t begin, int64_t end);
    void *context;
} sim_watcher;

typedef struct sim_timeline sim_timeline;

/* watcher may be NULL. exhaustive: nothing that repeats is skipped. VSH_EMACHINE for memory. */
vsh_status sim_timeline_open(vsh_arena *arena, const sim_machine *machine,
                             const sim_watcher *watcher, bool exhaustive, sim_timeline **timeline,
                             vsh_error *err);

/* Runs a product times times; the executions do not depend on each other. lhs may be fetched once
 * everything before has been written back; rhs before that too. */
void sim_timeline_product(sim_timeline *t, const sim_product *product, int64_t times);

/* Work of the vector unit on data that passes by: reads, computes and writes in chunks. */
typedef struct {
    int64_t read_bytes, write_bytes;
    int64_t cycles; /* of the vector unit */
    int64_t chunks; /* at least 1 */
} sim_vector_work;

void sim_timeline_vector(sim_timeline *t, const sim_vector_work *work, int64_t times);

/* Anything times times: a layer of operations. Returns how many of the last repetitions, each like
 * the one before, were skipped. */
typedef void sim_timeline_body(sim_timeline *t, void *context);
int64_t sim_timeline_repeat(sim_timeline *t, sim_timeline_body *body, void *context, int64_t times);

/* Counts so far; cycles is when all work given so far is done, written back or not. */
sim_counts sim_timeline_counts(const sim_timeline *t);

/* Waits for the last write-back and returns what was counted. */
sim_counts sim_timeline_close(sim_timeline *t);

#endif
