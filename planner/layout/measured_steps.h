/* Measured training steps read from a table: what the constants of a stack are fitted to. */
#ifndef VSH_MEASURED_STEPS_H
#define VSH_MEASURED_STEPS_H

#include "core/csv.h"
#include "core/library.h"
#include "planner/layout/calibrate.h"

enum { VSH_STEPS_MAX = 4000 };

typedef enum {
    VSH_STEP_MODEL,
    VSH_STEP_LAYERS,
    VSH_STEP_HIDDEN,
    VSH_STEP_HEADS,
    VSH_STEP_KV_HEADS,
    VSH_STEP_FFN,
    VSH_STEP_VOCAB,
    VSH_STEP_MLP,
    VSH_STEP_SEQ,
    VSH_STEP_BATCH,
    VSH_STEP_MICRO_BATCH,
    VSH_STEP_CHIPS,
    VSH_STEP_SLICE,
    VSH_STEP_LAYOUT,
    VSH_STEP_TP, /* the keys of --layout, in its order */
    VSH_STEP_PP,
    VSH_STEP_DP,
    VSH_STEP_EP,
    VSH_STEP_CP,
    VSH_STEP_SP,
    VSH_STEP_ZERO,
    VSH_STEP_INTERLEAVE,
    VSH_STEP_PRECISION,
    VSH_STEP_RECOMPUTE,
    VSH_STEP_OPTIMIZER,
    VSH_STEP_RECIPE,
    VSH_STEP_ATTENTION,
    VSH_STEP_DROPOUT,
    VSH_STEP_TIME_S, /* the first of these three that is there */
    VSH_STEP_TIME_MS,
    VSH_STEP_TOKENS_PER_S,
    VSH_STEP_COLUMNS
} vsh_step_column;

/* The usual names, closed by NULL. */
extern const char *const vsh_step_columns[VSH_STEP_COLUMNS + 1];

/* Which columns of the file to read, and which of its rows (core/csv.h). */
typedef struct {
    const char *name[VSH_STEP_COLUMNS]; /* NULL: the usual one */
    const char *cell[VSH_STEP_COLUMNS]; /* what every row says where the file has no such column */
    const char *where[VSH_CSV_WHERE];
    int where_count;
} vsh_step_table;

typedef struct {
    const char *path;
    vsh_measured_step *step;
    int *line; /* of the file, of each step */
    int count;
    const char *ignored[VSH_CSV_FIELDS]; /* columns that say nothing here */
    int ignored_count;
} vsh_measured_steps;

/* A CSV file with a header line; presets are found in the library; hardware lives as long as the
 * steps. VSH_EINPUT with file, line, what was expected and found, also for a run that cannot be
 * laid out or that the profile has no network for. */
vsh_status vsh_measured_steps_read(vsh_arena *arena, const vsh_library *library, const char *path,
                                   const vsh_step_table *table, const vsh_hardware *hardware,
                                   vsh_measured_steps *steps, vsh_error *err);
/* The same of bytes in memory, which are copied. */
vsh_status vsh_measured_steps_of(vsh_arena *arena, const vsh_library *library, const char *path,
                                 const char *bytes, size_t length, const vsh_step_table *table,
                                 const vsh_hardware *hardware, vsh_measured_steps *steps,
                                 vsh_error *err);

#endif
