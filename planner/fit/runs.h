/* Training runs read from a table: what a law is fitted to. */
#ifndef VSH_RUNS_H
#define VSH_RUNS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/csv.h"
#include "core/status.h"
#include "planner/laws/form.h"

typedef struct {
    vsh_point at;
    double loss; /* nats a token */
    int line;    /* of the file */
    int group;   /* runs with one text in the group's column have one number, from 0 */
} vsh_run;

typedef struct {
    const char *path;
    vsh_run *run;
    int count;
    int group_count;                                           /* 0: no column of groups */
    int left_out;                                              /* by where */
    bool has_tokens, has_unique, has_experts, has_granularity; /* the table had the column */
} vsh_runs;

enum { VSH_RUN_WHERE = VSH_CSV_WHERE };

/* Which columns of the file to read, and which of its rows. */
typedef struct {
    /* Names in the file; NULL: the usual name (params, tokens, loss, unique_tokens, experts,
     * granularity; no groups). */
    const char *params, *tokens, *loss, *unique, *experts, *granularity, *group;
    bool no_tokens; /* the column of tokens may be missing: the form ignores them */
    /* "COLUMN=VALUE,VALUE..." or "COLUMN!=VALUE,VALUE...": rows for which all of them hold. */
    const char *where[VSH_RUN_WHERE];
    int where_count;
} vsh_run_columns;

/* A CSV file with a header line (quotes as in RFC 4180, within one line; blank lines and those that
 * begin with # are passed over). VSH_EINPUT with file, line, what was expected and found for a
 * missing column, text, a number that is not positive and finite, or a file without runs. An empty
 * cell is allowed in an optional column: all tokens unique, dense. */
vsh_status vsh_runs_read(vsh_arena *arena, const char *path, const vsh_run_columns *columns,
                         vsh_runs *runs, vsh_error *err);
/* The same of bytes in memory, which are copied. */
vsh_status vsh_runs_of(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                       const vsh_run_columns *columns, vsh_runs *runs, vsh_error *err);

#endif
