/* Time that only goes forward. */
#ifndef VSH_CLOCK_H
#define VSH_CLOCK_H

#include "core/units.h"

/* Seconds since an arbitrary start; CLOCK_MONOTONIC. */
vsh_seconds vsh_clock_now(void);

/* Of all processors that this process has used, its threads included; CLOCK_PROCESS_CPUTIME_ID. */
vsh_seconds vsh_clock_cpu(void);

#endif
