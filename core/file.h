/* Files that appear whole or not at all. */
#ifndef VSH_FILE_H
#define VSH_FILE_H

#include "core/status.h"
#include "core/text.h"

/* Writes path by way of a temporary name beside it, synced and renamed; a device or a pipe that is
 * there is written in place. VSH_EMACHINE. */
vsh_status vsh_file_write(const char *path, const vsh_text *text, vsh_error *err);

/* Appends what a regular file holds, not much more than most bytes of it (then there were more),
 * and never waits for a pipe. errno says why it was not opened, or not read to its end. */
typedef enum {
    VSH_READ_DONE,
    VSH_READ_UNOPENED,
    VSH_READ_FOLDER,
    VSH_READ_SPECIAL, /* a device, a pipe */
    VSH_READ_BROKEN   /* by the disk or the system: no file's fault */
} vsh_read;

vsh_read vsh_file_read_bounded(const char *path, size_t most, vsh_text *text);

/* Appends what a file holds. VSH_EMACHINE. */
vsh_status vsh_file_read(const char *path, vsh_text *text, vsh_error *err);

/* folder/name in the arena; NULL when memory is exhausted. */
const char *vsh_path_join(vsh_arena *arena, const char *folder, const char *name);

/* What stands at path: nothing, a file that has mark in its first kilobyte, or something else. */
typedef enum { VSH_FILE_ABSENT, VSH_FILE_MARKED, VSH_FILE_FOREIGN } vsh_file_owner;

vsh_file_owner vsh_file_owner_of(const char *path, const char *mark);

/* Makes the folder and its parents; done when it is there already. VSH_EMACHINE. */
vsh_status vsh_folder_make(const char *path, vsh_error *err);

#endif
