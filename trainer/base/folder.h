/* Folders as wholes: removed, synced and locked. Symbolic links are never followed into. */
#ifndef VSH_FOLDER_H
#define VSH_FOLDER_H

#include <stdbool.h>

#include "core/status.h"

/* Removes whatever stands at path, with all that is in it; nothing there is fine. VSH_EMACHINE. */
vsh_status vsh_folder_remove(const char *path, vsh_error *err);
/* The names in it will outlive a power cut. VSH_EMACHINE. */
vsh_status vsh_folder_sync(const char *path, vsh_error *err);

/* A lock of the kernel's on the folder, gone with the process whatever ends it. The descriptor
 * that keeps it, to be closed; -1 with errno, EWOULDBLOCK when another has it and wait is false. */
int vsh_folder_lock(const char *path, bool wait);

/* Removes what vsh_file_write left of path/name when it was killed: name.XXXXXX. Only for a folder
 * that nobody else writes into. */
void vsh_folder_sweep(const char *path, const char *name);

#endif
