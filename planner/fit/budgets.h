/* Runs of one compute among all runs. */
#ifndef VSH_BUDGETS_H
#define VSH_BUDGETS_H

#include "planner/fit/isoflop.h"

/* Sizes within a thousandth are one: those of a figure are read off it. */
#define VSH_ONE_SIZE 1.001

/* Fills kind, looked_at, tolerance, count, and the runs of each budget; the rest is zero. */
vsh_status vsh_budgets_find(vsh_arena *arena, const vsh_runs *runs, vsh_isoflop *found,
                            vsh_error *err);

#endif
