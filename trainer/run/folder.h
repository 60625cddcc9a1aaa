/* Folders as wholes: removed and synced. Symbolic links are never followed into. */
#ifndef VSH_FOLDER_H
#define VSH_FOLDER_H

#include "core/status.h"

/* Removes whatever stands at path, with all that is in it; nothing there is fine. VSH_EMACHINE. */
vsh_status vsh_folder_remove(const char *path, vsh_error *err);
/* The names in it will outlive a power cut. VSH_EMACHINE. */
vsh_status vsh_folder_sync(const char *path, vsh_error *err);

#endif
