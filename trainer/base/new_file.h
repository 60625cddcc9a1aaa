/* A file that was not there before: written to its end and on the disk, or gone. The folder around
 * it is the caller's to sync and rename. */
#ifndef VSH_NEW_FILE_H
#define VSH_NEW_FILE_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
    const char *path;
    int descriptor;
    int64_t written, expected; /* bytes; expected is for messages */
} vsh_new_file;

/* VSH_EMACHINE when path exists, as whatever, or cannot be made. */
vsh_status vsh_new_file_open(const char *path, int64_t expected, vsh_new_file *file,
                             vsh_error *err);
/* Goes on after short writes and interruptions. VSH_EMACHINE for all else. */
vsh_status vsh_new_file_put(vsh_new_file *file, const void *bytes, int64_t length, vsh_error *err);
/* status is what the writing came to. When it is VSH_OK the file is synced and closed, else closed;
 * after any failure it is removed. A sync that fails is not tried again: the system may have
 * dropped the pages (Rebello et al. 2020, "Can applications recover from fsync failures?"). */
vsh_status vsh_new_file_close(vsh_new_file *file, vsh_status status, vsh_error *err);

/* All of it for one text. */
vsh_status vsh_new_file_write(const char *path, const void *bytes, int64_t length, vsh_error *err);

#endif
