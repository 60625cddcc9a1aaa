/* Training runs read from a table: what a law is fitted to. */
#ifndef VSH_RUNS_H
#define VSH_RUNS_H

#include "core/arena.h"
#include "core/status.h"
#include "planner/laws/form.h"

typedef struct {
    vsh_point at;
    double loss; /* nats a token */
    int line;    /* of the file */
} vsh_run;

typedef struct {
    const char *path;
    vsh_run *run;
    int count;
    bool has_unique, has_experts, has_granularity; /* the table had the column */
} vsh_runs;

/* Names of the columns in the file, where they are not params, tokens, loss, unique_tokens, experts
 * and granularity. */
typedef struct {
    const char *params, *tokens, *loss, *unique, *experts, *granularity; /* NULL: the usual name */
} vsh_run_columns;

/* A CSV file with a header line (quotes as in RFC 4180). VSH_EINPUT with file, line, what was
 * expected and found for a missing column, text, a number that is not positive and finite, or a
 * file without runs. */
vsh_status vsh_runs_read(vsh_arena *arena, const char *path, const vsh_run_columns *columns,
                         vsh_runs *runs, vsh_error *err);

#endif
