/* One run a directory: a lock of the kernel's, gone with the process whatever ends it. */
#ifndef VSH_RUN_LOCK_H
#define VSH_RUN_LOCK_H

#include "core/status.h"

/* Takes folder/run.lock (made when missing) and writes pid and host into it. VSH_EINPUT with the
 * owner's pid and host when another process has it; VSH_EMACHINE when the folder cannot be written.
 * *descriptor stays open as long as the lock is wanted. */
vsh_status vsh_run_lock(const char *folder, int *descriptor, vsh_error *err);
void vsh_run_unlock(int descriptor);

#endif
