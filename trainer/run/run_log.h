/* log.jsonl: one object a line, appended as the run goes. */
#ifndef VSH_RUN_LOG_H
#define VSH_RUN_LOG_H

#include <stdbool.h>

#include "core/json.h"
#include "core/status.h"

typedef struct {
    int descriptor;
    const char *path;
    double joules; /* of the steps that are in it; NaN: one of them does not say */
} vsh_run_log;

/* Opens path for appending. after_step < 0: begins anew. Otherwise what was written after that step
 * is cut off, and the line of the end, and one that was never finished; joules are those of what is
 * kept. Whoever writes a step adds its own. VSH_EMACHINE. */
vsh_status vsh_run_log_open(vsh_arena *arena, const char *path, int64_t after_step,
                            vsh_run_log *log, vsh_error *err);
/* Whether the last line says that the run came to its end. */
vsh_status vsh_run_log_ended(vsh_arena *arena, const char *path, bool *ended, vsh_error *err);
/* One finished object, ended by a newline. */
vsh_status vsh_run_log_write(const vsh_run_log *log, const vsh_text *line, vsh_error *err);
/* To the disk, before a checkpoint that speaks of these steps. */
vsh_status vsh_run_log_sync(const vsh_run_log *log, vsh_error *err);
void vsh_run_log_close(vsh_run_log *log);

#endif
