/* A file read at once. */
#ifndef VSH_WHOLE_FILE_H
#define VSH_WHOLE_FILE_H

#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

/* The bytes of a regular file, closed by a NUL that length does not count. VSH_EINPUT when there is
 * none, or it is longer than length_max; VSH_EMACHINE when reading fails or memory ends. */
vsh_status vsh_whole_file_read(vsh_arena *arena, const char *path, int64_t length_max, char **bytes,
                               int64_t *length, vsh_error *err);

#endif
