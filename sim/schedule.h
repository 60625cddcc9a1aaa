/* A training step on one chip: the operation list of core/lower.h, run in order on one timeline. */
#ifndef VSH_SCHEDULE_H
#define VSH_SCHEDULE_H

#include "core/cost.h"
#include "core/lower.h"
#include "sim/product.h"
#include "sim/timeline.h"
#include "sim/waterfall.h"

/* How many rows each expert gets: shares of them all, in any order; count is the model's. */
typedef struct {
    const char *name;
    const double *share; /* NULL: even */
    int64_t count;
} sim_expert_load;

typedef struct {
    const vsh_model *model;
    vsh_work work;         /* of one micro-batch */
    int64_t micro_batches; /* in a step */
    const sim_expert_load *load;
    const sim_watcher *watcher; /* of one micro-batch and the optimizer; may be NULL */
} sim_step;

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
    sim_counts counts; /* of one core, in one micro-batch */
} sim_op_time;

typedef struct {
    vsh_op_list ops;
    sim_op_time op[VSH_OPS_MAX];
    int op_count;
    double cycles;
    vsh_seconds time;
    vsh_flops executed, model; /* of a step */
    double utilization;        /* executed multiply-adds of those the chip could do */
    double mfu;                /* model FLOPs of what the peak allows */
    double tokens_per_s;
    vsh_bound bound; /* under which most of the time is spent */
    sim_waterfall waterfall;
} sim_step_time;

/* The result is the arena's. VSH_EINPUT when the list or a product is refused. */
vsh_status sim_schedule(vsh_arena *arena, const sim_chip *chip, const sim_step *step,
                        sim_step_time **result, vsh_error *err);

#endif
