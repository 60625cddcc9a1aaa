/* How sure a fit is: the same fit to runs drawn again from the runs, many times. */
#ifndef VSH_BOOTSTRAP_H
#define VSH_BOOTSTRAP_H

#include "core/arena.h"
#include "core/status.h"
#include "planner/fit/fit.h"
#include "planner/fit/problem.h"

typedef struct {
    int count, failed;
    double (*draw)[VSH_COEFFICIENTS];
} vsh_bootstrap;

/* best: the fit itself, from which every descent also starts. Draws are a function of the seed and
 * of their number alone, not of the threads. */
vsh_status vsh_bootstrap_run(vsh_arena *arena, const vsh_problem *problem,
                             const vsh_fit_options *options, int group_count,
                             const double best[VSH_COEFFICIENTS], vsh_bootstrap *bootstrap,
                             vsh_error *err);

#endif
