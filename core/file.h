/* Files that appear whole or not at all. */
#ifndef VSH_FILE_H
#define VSH_FILE_H

#include "core/status.h"
#include "core/text.h"

/* Writes path by way of a temporary name beside it, synced and renamed. VSH_EMACHINE. */
vsh_status vsh_file_write(const char *path, const vsh_text *text, vsh_error *err);

/* Makes the folder and its parents; done when it is there already. VSH_EMACHINE. */
vsh_status vsh_folder_make(const char *path, vsh_error *err);

#endif
