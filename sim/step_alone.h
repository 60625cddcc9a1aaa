/* The operations of a step one by one, nothing overlapping between them: every kind of hardware,
 * any engine. */
#ifndef VSH_STEP_ALONE_H
#define VSH_STEP_ALONE_H

#include "sim/step_schedule.h"

/* Fills cycles, busy times and waterfall of every operation of a micro-batch. */
vsh_status sim_run_alone(const sim_chip *chip, const sim_engine *engine, const sim_planned_op *plan,
                         sim_step_time *out, vsh_error *err);

#endif
