/* Energy of the processor packages, where the machine counts it. */
#ifndef VSH_ENERGY_H
#define VSH_ENERGY_H

#include <stdbool.h>

#include "core/hardware.h"
#include "core/units.h"

enum { VSH_ENERGY_PACKAGES = 8 };

typedef struct {
    int count;
    char path[VSH_ENERGY_PACKAGES][96];
    double last[VSH_ENERGY_PACKAGES], range[VSH_ENERGY_PACKAGES]; /* uJ */
    double joules;
} vsh_energy_meter;

/* Opens the RAPL counters of the packages, folder/intel-rapl:N/energy_uj; folder NULL:
 * /sys/class/powercap. false: none can be read here (since 2020 only root may, CVE-2020-8694);
 * energy is then modelled, and called so. */
bool vsh_energy_open(vsh_energy_meter *meter, const char *folder);
/* Joules since open; call at least once a minute, the counters wrap. A counter that cannot be read
 * adds nothing until it can be again. */
vsh_joules vsh_energy_read(vsh_energy_meter *meter);

/* Watts that energy is modelled with where it is not counted: the profile's chip and its host; NaN:
 * unknown. */
double vsh_energy_watts(const vsh_hardware *profile);

#endif
