/* The minimum of a problem of any size. */
#include <stdio.h>

#include "core/rng.h"
#include "planner/fit/descent.h"
#include "planner/fit/fit_parts.h"

/* Of more runs the grid, which only finds a start, sees so many. */
enum { GRID_RUNS = 4000 };

static void say(const vsh_fit_options *options, const char *what)
{
    if (options->talk && options->talk_is_terminal) {
        fprintf(options->talk, "\r%s\033[K", what);
        fflush(options->talk);
    }
}

/* Of many runs, some drawn without regard to their order give the start, and all the end. */
vsh_status vsh_fit_minimise(vsh_arena *arena, const vsh_fit_options *options,
                            const vsh_problem *problem, double c[VSH_COEFFICIENTS],
                            double *objective, vsh_error *err)
{
    vsh_problem some = *problem;
    vsh_run *run;

    if (problem->count <= GRID_RUNS) {
        *objective = vsh_minimum_find(problem, c);
        return VSH_OK;
    }
    run = vsh_alloc(arena, GRID_RUNS, sizeof *run);
    if (!run)
        return vsh_fail(err, VSH_EMACHINE, "fitting %d runs: out of memory", problem->count);
    for (int i = 0; i < GRID_RUNS; i++)
        run[i] = problem->run[(int)(vsh_random_uniform(options->seed, UINT64_MAX, (uint64_t)i) *
                                    problem->count)];
    some.run = run;
    some.count = GRID_RUNS;
    say(options, "  searching");
    vsh_minimum_find(&some, c);
    say(options, "  descending over all runs");
    *objective = vsh_descend(problem, c);
    say(options, "");
    return VSH_OK;
}
