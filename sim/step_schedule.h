/* A training step on one chip: the operation list of core/lower.h, run in order on one timeline. */
#ifndef VSH_STEP_SCHEDULE_H
#define VSH_STEP_SCHEDULE_H

#include "core/cost.h"
#include "sim/step_plan.h"
#include "sim/timeline.h"
#include "sim/waterfall.h"

/* One operation of the list, over all its executions in a step. */
typedef struct {
    const vsh_op *op;
    sim_tilings tilings;           /* of its (first) product; nothing for vector work */
    double cycles;                 /* from the end of what came before to its own */
    double matrix, vector, memory; /* cycles each would take alone */
    double utilization; /* executed multiply-adds of those the chip could do in its cycles */
    vsh_bound bound;
    bool fused; /* its vector work is done within a product */
    sim_op_macs macs;
    sim_counts counts; /* of one core, in one micro-batch; on a timeline only */
    sim_waterfall waterfall;
} sim_op_time;

typedef struct {
    vsh_op_list ops;
    sim_op_time op[VSH_OPS_MAX]; /* one for each of ops */
    const sim_planned_op *plan;  /* one for each */
    double cycles;
    double tail; /* cycles of them until all is written back, after the last operation */
    vsh_seconds time;
    vsh_flops executed, model; /* of a step */
    double utilization;        /* executed multiply-adds of those the chip could do */
    double mfu;                /* model FLOPs of what the peak allows */
    double tokens_per_s;
    vsh_bound bound; /* under which most of the time is spent */
    sim_waterfall waterfall;
} sim_step_time;

/* Adds times executions of a product cut into tiles of rows (of k) by cols (of n). */
void sim_op_macs_add(sim_op_macs *macs, const sim_product *product, int64_t rows, int64_t cols,
                     double times);

/* Of one matrix unit of a TPU: it holds its peak. */
sim_unit_rate sim_unit_rate_of(const sim_chip *chip);

/* The engine event runs the list on one timeline, where neighbours overlap (watcher sees one
 * micro-batch and the optimizer; NULL: nobody); others run each operation alone. The result is the
 * arena's. VSH_EINPUT when the list or a product is refused. */
vsh_status sim_schedule(vsh_arena *arena, const sim_chip *chip, const sim_step *step,
                        const sim_engine *engine, const sim_watcher *watcher,
                        sim_step_time **result, vsh_error *err);

#endif
