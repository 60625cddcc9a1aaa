/* The question and the answer of `calibrate`: constants of a stack fitted to measured steps. */
#ifndef VSH_PLAN_CALIBRATE_H
#define VSH_PLAN_CALIBRATE_H

#include "core/program.h"
#include "planner/layout/stack_fit.h"

typedef struct {
    vsh_hardware hardware;
    const char *name;               /* of the stack that is written */
    const vsh_stack_figures *began; /* the stack it began from; NULL: the pure one */
    vsh_measured_steps steps;
    vsh_stack_fit fit;
    char source[320]; /* of the constants that are told */
} plan_calibration;

/* plan_calibrate_report.c */
void plan_calibrate_print(const plan_calibration *c, const char *file, vsh_text *out);
void plan_calibrate_explain(const plan_calibration *c, vsh_text *out);
void plan_calibrate_write(const plan_calibration *c, bool explain, vsh_json *json);

#endif
