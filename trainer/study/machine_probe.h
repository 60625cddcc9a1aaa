/* How fast this machine is right now, in a quarter of a second: asked before and after a
 * measurement, it says whether others used the machine meanwhile. */
#ifndef VSH_MACHINE_PROBE_H
#define VSH_MACHINE_PROBE_H

#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "core/units.h"

/* Of all threads together, and of the fastest tenth of many repetitions. */
typedef struct {
    vsh_flop_rate multiply; /* fp32, in registers */
    vsh_byte_rate move;     /* a triad beyond the inner caches */
} vsh_machine_probe;

/* VSH_EMACHINE when memory or threads run out. */
vsh_status vsh_machine_probe_take(int64_t threads, vsh_machine_probe *probe, vsh_error *err);

/* By how much the faster probe is ahead, in the rate that differs more: 0.1 is a tenth. */
double vsh_machine_probe_spread(const vsh_machine_probe *before, const vsh_machine_probe *after);

/* Seconds that the threads of this process have so far been ready to run and had no processor,
 * because others did; 0 where the system does not say. */
double vsh_machine_waited(void);

#endif
