/* This machine measured: what its cores multiply and its memory moves, as a hardware profile. */
#ifndef VSH_HARDWARE_PROBE_H
#define VSH_HARDWARE_PROBE_H

#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "core/text.h"

/* Measures for about two seconds and writes a profile, as the files of hwprofiles/ are written,
 * into *yaml, whose bytes live in arena. threads 0 is every CPU this process may run on, and more
 * than those are measured as those. Peaks are of the vector instructions of all threads together;
 * a precision slower than fp32 has none. Borrows up to an eighth of the available memory, at most
 * 1 GiB, while it runs. VSH_EMACHINE when memory or threads run out. */
vsh_status vsh_hardware_probe(vsh_arena *arena, int64_t threads, vsh_text *yaml, vsh_error *err);

#endif
