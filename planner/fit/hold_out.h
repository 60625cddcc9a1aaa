/* A form fitted to the smaller models and asked about the largest, beside one that ignores what it
 * adds. */
#ifndef VSH_HOLD_OUT_H
#define VSH_HOLD_OUT_H

#include "planner/fit/fit.h"

/* VSH_EINPUT when the share or number of sizes leaves nothing to fit or to predict. */
vsh_status vsh_hold_out_run(vsh_arena *arena, const vsh_runs *runs, const vsh_fit_options *options,
                            vsh_hold_out *found, vsh_error *err);

#endif
