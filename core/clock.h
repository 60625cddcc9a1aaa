/* Time that only goes forward. */
#ifndef VSH_CLOCK_H
#define VSH_CLOCK_H

#include "core/units.h"

/* Seconds since an arbitrary start; CLOCK_MONOTONIC. */
vsh_seconds vsh_clock_now(void);

#endif
