/* The constants of a stack fitted to measured steps, and how well that predicts steps that fitted
 * nothing. */
#ifndef VSH_STACK_FIT_H
#define VSH_STACK_FIT_H

#include "planner/layout/measured_steps.h"

/* Of predicted / measured - 1, over steps that fitted nothing. */
typedef struct {
    double mean, median, p90, worst; /* of its size */
    double bias;                     /* its mean */
} vsh_step_errors;

/* Fewer different runs than VSH_STEPS_SPLIT are judged one at a time, by constants of all others;
 * of more, each third fits (the first, the fourth, ... as they come in the file), or fewer so that
 * no more than VSH_STEPS_FIT do, and the others judge. */
enum { VSH_STEPS_SPLIT = 24, VSH_STEPS_FIT = 400, VSH_STEPS_LEAST = 3 };

typedef struct {
    vsh_stack before, after;
    unsigned identified;            /* a bit each, by index of vsh_stack_constants */
    unsigned at_end;                /* not identified: the rows would have them leave their range */
    double sd[VSH_STACK_CONSTANTS]; /* one standard deviation of the identified */
    int rows, runs;                 /* rows of one run count as one of the different runs */
    int fitted, held_out;           /* rows */
    bool leave_one_out;
    int each; /* third: 3; one of so many runs fits */
    vsh_step_errors error_before, error_after, error_null;
    double null_share; /* of the peak: the one constant of the null model */
} vsh_stack_fit;

/* Moves the constants that the steps tell from where before stands, inside their ranges; the
 * others, and those that would leave it, keep their values. software: what before was of.
 * VSH_EINPUT for fewer than VSH_STEPS_LEAST different runs. */
vsh_status vsh_stack_fit_of(vsh_arena *arena, const vsh_measured_steps *steps,
                            const vsh_stack *before, const vsh_software *software,
                            vsh_stack_fit *fit, vsh_error *err);

#endif
