/* A simulated step as bars, for a terminal of 80 columns. */
#ifndef VSH_STEP_BARS_H
#define VSH_STEP_BARS_H

#include "core/term.h"
#include "sim/step_schedule.h"

/* The heaviest operations with their time, and where the multiply-adds went. */
void sim_step_print_bars(const sim_step_time *result, vsh_term term, vsh_text *out);

/* Operations by their time, the longest first: fills order with indexes of result->op, those that
 * take no time of their own left out; returns how many. */
int sim_step_heaviest(const sim_step_time *result, int order[VSH_OPS_MAX]);

/* "mlp.up" of "layer.mlp.up": the model's own name where every layer is alike. */
const char *sim_step_short_name(const vsh_op *op);

#endif
