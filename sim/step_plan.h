/* The operation list as work for matrix and vector units: which products each operation is, and how
 * often, in one repetition of its layer. The same for every kind of hardware. */
#ifndef VSH_STEP_PLAN_H
#define VSH_STEP_PLAN_H

#include "core/lower.h"
#include "sim/product.h"

/* How many rows each expert gets: shares of them all, in any order; count is the model's. */
typedef struct {
    const char *name;
    const double *share; /* NULL: even */
    int64_t count;
} sim_expert_load;

/* A training step on one chip. */
typedef struct {
    const vsh_model *model;
    vsh_work work;         /* of one micro-batch */
    int64_t micro_batches; /* in a step */
    const sim_expert_load *load;
} sim_step;

/* A product, and how often it runs, independently, in one repetition. */
typedef struct {
    sim_gemm gemm;
    int64_t times;
} sim_planned_gemm;

typedef struct {
    const vsh_op *op;
    int64_t repeats; /* of the segment: layers alike */
    int segment_end; /* operations up to here repeat together */
    sim_planned_gemm *gemm;
    int gemm_count;
    double vector_flops, bytes; /* of vector work and moves, one of vector_times executions */
    int64_t vector_times;       /* 0: it has none of its own */
    int fused_into; /* the operation whose results it works on as they leave; -1: none */
    bool experts;
} sim_planned_op;

/* One plan for each operation of the list, the arena's. */
vsh_status sim_plan_step(vsh_arena *arena, const sim_step *step, const vsh_op_list *ops,
                         sim_planned_op **plan, vsh_error *err);

#endif
