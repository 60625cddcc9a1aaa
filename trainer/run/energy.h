/* Energy of the processor packages, where the machine counts it. */
#ifndef VSH_ENERGY_H
#define VSH_ENERGY_H

#include <stdbool.h>

#include "core/units.h"

typedef struct {
    int count;
    char path[8][96];
    double last[8], range[8]; /* uJ */
    double joules;
} vsh_energy_meter;

/* false: no RAPL counter can be read here (/sys/class/powercap/intel-rapl:N/energy_uj); energy is
 * then modelled, and called so. */
bool vsh_energy_open(vsh_energy_meter *meter);
/* Joules since open; call at least once a minute, the counters wrap. */
vsh_joules vsh_energy_read(vsh_energy_meter *meter);

#endif
