/* `--hw auto`: this machine's profile, measured once and kept in a cache folder. */
#ifndef VSH_HARDWARE_AUTO_H
#define VSH_HARDWARE_AUTO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hardware.h"

/* Reads cache_folder/HOST-HASH-N.yaml, or measures (about two seconds) and writes it there. The
 * hash is of the processor's name and count, so machines that share a home do not share a
 * measurement. cache_folder NULL: nothing is kept; one that cannot be written is no failure.
 * refresh: measure again. Rates of products that vishwa-train measured beside it become the
 * profile's. threads 0: all. */
/* Where `what` ("gemm", or the number of threads) measured on this machine is kept. */
const char *vsh_machine_file(vsh_arena *arena, const char *cache_folder, const char *what);

vsh_status vsh_hardware_auto(vsh_arena *arena, const char *cache_folder, int64_t threads,
                             bool refresh, vsh_hardware *hardware, vsh_error *err);

#endif
