/* A text read line by line: bounded, without CR LF and blanks around. */
#ifndef VSH_LINES_H
#define VSH_LINES_H

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
} vsh_lines;

/* The whole file. VSH_EINPUT when it cannot be opened, is no regular file, is larger than bytes_max
 * or has a NUL byte. */
vsh_status vsh_lines_read(vsh_arena *arena, const char *path, size_t bytes_max, vsh_lines *lines,
                          vsh_error *err);
/* The same of bytes in memory, which are copied. */
vsh_status vsh_lines_of(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                        vsh_lines *lines, vsh_error *err);
/* The next line, NULL after the last. The caller may cut it further. */
char *vsh_lines_next(vsh_lines *lines);
/* Line breaks, and one more for what stands behind the last. */
int64_t vsh_count_lines(const char *text, size_t length);
/* The text without the blanks around it, cut in place. */
char *vsh_trim(char *text);

#endif
