/* The time of one training step of a laid-out run: parts of the list (step_price.h) summed over the
 * stages of a pipeline, micro-batches and replicas. No allocation; pure. */
#ifndef VSH_STEP_TIME_H
#define VSH_STEP_TIME_H

#include "planner/layout/step_price.h"

/* Seconds of the chip that the step waits for. */
typedef struct {
    double step;
    double compute;   /* the chip computes */
    double exposed;   /* it waits for the network */
    double bubble;    /* it waits for other stages */
    double optimizer; /* it updates weights */
    double other;     /* it waits for its host */
    int64_t slowest;  /* stage */
} vsh_step_time;

/* Routes of the run's layout. FSDP over slices of a torus is hybrid: weights are gathered within a
 * slice, gradients summed over slices once a step. */
vsh_mesh vsh_step_mesh(const vsh_platform *platform, const vsh_layout *layout);

/* From a list that is already priced; the mesh is that of the run's layout. */
vsh_step_time vsh_step_time_of(const vsh_step_run *run, const vsh_platform *platform,
                               const vsh_mesh *mesh, const vsh_list_price *price);

/* Prices the list first. */
vsh_status vsh_step_time_whole(const vsh_step_run *run, const vsh_platform *platform,
                               vsh_list_price *price, vsh_step_time *time, vsh_error *err);

#endif
