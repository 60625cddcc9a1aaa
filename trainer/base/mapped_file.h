/* A whole file to read, in the address space. One that shrinks meanwhile is not guarded against. */
#ifndef VSH_MAPPED_FILE_H
#define VSH_MAPPED_FILE_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
    const void *data; /* of an empty file: "" */
    int64_t bytes;
} vsh_mapped_file;

/* VSH_EINPUT for a path that leads to no regular file one may read, VSH_EMACHINE for the rest. */
vsh_status vsh_mapped_file_open(const char *path, vsh_mapped_file *file, vsh_error *err);
void vsh_mapped_file_close(vsh_mapped_file *file);

#endif
