/* What the mains of the three programs share: commands by name, the command line as it was typed,
 * where measurements are kept, and the end, where results leave the program. */
#ifndef VSH_PROGRAM_H
#define VSH_PROGRAM_H

#include <stdbool.h>

#include "core/status.h"
#include "core/text.h"

enum { VSH_COMMANDS_MAX = 24 };

/* Gives descriptors 0 to 2 that came closed to a device that refuses: no file of ours may become
 * stdout or stderr by chance, and what is written to them still fails. */
void vsh_program_begin(void);

/* The index of the command that argv[1] names. names[0] may be "": the job without a name, taken
 * when the first word is an option. VSH_EINPUT with the nearest name. */
vsh_status vsh_find_command(int argc, char *const *argv, const char *const *names, int count,
                            int *which, vsh_error *err);

/* The command line as a shell takes it back. */
const char *vsh_show_command(vsh_arena *arena, int argc, char *const *argv);

/* Folder of measurements below the environment's XDG_CACHE_HOME or HOME (NULL when unset); NULL
 * when there is none: then nothing is kept. */
const char *vsh_cache_folder(vsh_arena *arena, const char *cache_home, const char *home);

/* Writes results to stdout and talk (NULL: none) and the error to stderr; returns the exit status.
 * An answer of "no" is an answer; after any other failure nothing stands on stdout, unless the
 * results were complete before (answered). */
vsh_status vsh_program_end(const char *program, vsh_status status, bool answered,
                           const vsh_text *results, const vsh_text *talk, vsh_error *err);

#endif
