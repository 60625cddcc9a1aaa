/* What a chip draws while it trains, with its share of the server: measured where somebody
 * published it, else the profile's chip and host. */
#ifndef VSH_POWER_H
#define VSH_POWER_H

#include "core/hardware.h"

typedef struct {
    const char *chip; /* whole words of a profile's name */
    double watts;     /* a chip, with its share of host, memory, fans and network */
    double sd;        /* share of watts, over workloads; 0: one workload */
    const char *date;
    const char *source;
} vsh_measured_power;

/* NULL when nobody published any for a machine of this name. */
const vsh_measured_power *vsh_power_measured(const char *hardware_name);

typedef struct {
    vsh_figure watts; /* a chip with its host; known: a measurement or the profile says */
    const char *formula, *range; /* how it was made; what its low and high are */
} vsh_power;

/* Measured: the mean, and a range of two standard deviations that takes in the profile's sum (of
 * one workload: the profile's whole range). Else the sum of the profile's chip and host, tagged
 * with the weaker of the two tags. */
vsh_power vsh_power_of(const vsh_hardware *hardware);

#endif
