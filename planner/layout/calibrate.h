/* The constants of a stack from measured steps. */
#ifndef VSH_CALIBRATE_H
#define VSH_CALIBRATE_H

#include "planner/layout/step_time.h"

typedef struct {
    vsh_step_run run;
    const vsh_hardware *hardware;
    int64_t chips;
    int64_t slice;      /* chips of a fast domain; 0: as the profile says */
    int64_t micro_most; /* the micro-batch is not known: the fastest of 1 to this; 0: known */
    double seconds;     /* measured */
    double weight;      /* of the row in a fit; 0: it only judges */
} vsh_measured_step;

/* What the model says of a row under a stack. */
vsh_status vsh_measured_predict(const vsh_measured_step *row, const vsh_stack *stack,
                                vsh_step_time *time, vsh_error *err);

/* Moves the constants of `free_constants` (a bit each, by index of vsh_stack_constants; at most
 * VSH_FREE_MOST) from where the stack
 * stands to the least weighted error of the rows, inside their ranges; what the rows do not tell
 * stays near where it began. */
vsh_status vsh_calibrate(const vsh_measured_step *rows, int count, unsigned free_constants,
                         vsh_stack *stack, vsh_error *err);

#endif
