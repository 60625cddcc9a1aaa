/* A text file of SCALE-Sim's, read line by line: bounded, without CR LF and blanks around. */
#ifndef VSH_SCALE_SOURCE_H
#define VSH_SCALE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

typedef struct {
    const char *path; /* as messages name it */
    char *text;       /* cut into strings as it is read */
    size_t length, next;
    int64_t line; /* of the string given out last, from 1 */
    int indent;   /* blanks that stood before it */
} sim_scale_source;

/* The whole file. VSH_EINPUT when it cannot be opened, is larger than 64 MiB or has a NUL byte. */
vsh_status sim_scale_source_read(vsh_arena *arena, const char *path, sim_scale_source *source,
                                 vsh_error *err);
/* The same of bytes in memory, which are copied. */
vsh_status sim_scale_source_of(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                               sim_scale_source *source, vsh_error *err);
/* The next line, NULL after the last. The caller may cut it further. */
char *sim_scale_source_next(sim_scale_source *source);
/* The text without the blanks around it, cut in place. */
char *sim_scale_trim(char *text);

#endif
