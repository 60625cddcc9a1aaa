/* What happened on a timeline, kept within a bound: who watches it (sim/timeline.h), and the file
 * that Perfetto and chrome://tracing open. */
#ifndef VSH_SIM_TRACE_H
#define VSH_SIM_TRACE_H

#include "sim/chip.h"
#include "sim/step_schedule.h"
#include "sim/timeline.h"

typedef struct {
    int lane;
    int64_t begin, end, repeats; /* repeats: on SIM_LANE_SKIPPED */
} sim_trace_span;

/* One execution of an operation, and its spans: some may lie before it, fetched ahead. */
typedef struct {
    const vsh_op *op; /* NULL: the operations before, back to the last such one, `repeats` times */
    int64_t begin, end, repeats;
    int64_t first_span, span_count;
    int64_t left_out; /* spans that had no room: the operation's last */
} sim_trace_op;

/* op[op_count] collects the spans after the last operation. */
typedef struct {
    sim_watcher watcher; /* to be given to a timeline or a schedule */
    const sim_chip *chip;
    sim_trace_span *span;
    sim_trace_op *op;
    int64_t span_count, spans_max, op_count, ops_max;
    int64_t cap; /* spans that an operation may keep */
    int64_t left_out, ops_left_out;
} sim_trace;

/* In the arena, with room for spans_max spans; NULL when memory is exhausted. When the room is
 * used up, the operations with the most spans lose their last ones. */
sim_trace *sim_trace_open(vsh_arena *arena, const sim_chip *chip, int64_t spans_max);

/* For a step that nobody could watch, its operations having run alone: adds them one after another,
 * each for all of its time in the step. */
void sim_trace_add_totals(sim_trace *trace, const sim_step_time *result);

/* How often an operation ran, repetitions that were skipped counted. */
int64_t sim_trace_runs(const sim_trace *trace, const vsh_op *op);

/* Stands near the top of every trace, so that a program knows its own. */
#define SIM_TRACE_MARK "vishwa-sim"

/* Trace events in JSON: lanes as threads, microseconds with the cycles beside them. VSH_EMACHINE.
 */
vsh_status sim_trace_write(const sim_trace *trace, const char *path, vsh_error *err);

#endif
