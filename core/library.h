/* Named files that ship with the programs: hwprofiles/NAME.yaml and models/NAME.yaml, and the
 * programs themselves, which stand in one folder. */
#ifndef VSH_LIBRARY_H
#define VSH_LIBRARY_H

#include "core/arena.h"
#include "core/status.h"

enum { VSH_LIBRARY_ROOTS = 4, VSH_LIBRARY_NAMES = 512 };

/* Where to look, first match wins; roots are NULL when unused. */
typedef struct {
    const char *roots[VSH_LIBRARY_ROOTS];
} vsh_library;

/* The roots: data (the environment's VISHWA_DATA, or NULL), the source tree the running program
 * stands in, the installed data folder, the current folder. */
vsh_library vsh_library_open(vsh_arena *arena, const char *data);

/* The path of shelf/NAME.yaml, or name itself when it is a path (it has a slash or ends in .yaml,
 * .yml or .json). what names the option for the message: "--hw: no profile \"x\"; did you mean". */
vsh_status vsh_library_find(vsh_arena *arena, const vsh_library *library, const char *shelf,
                            const char *what, const char *name, const char **path, vsh_error *err);

/* The names on a shelf, sorted, without duplicates. */
vsh_status vsh_library_list(vsh_arena *arena, const vsh_library *library, const char *shelf,
                            const char *names[VSH_LIBRARY_NAMES], size_t *name_count,
                            vsh_error *err);

/* The path of the program of this name beside the running one. VSH_EMACHINE when it is not there.
 */
vsh_status vsh_library_program(vsh_arena *arena, const char *name, const char **path,
                               vsh_error *err);

#endif
