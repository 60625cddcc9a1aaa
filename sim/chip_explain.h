/* The figures of a profile that a simulation takes, each with its source and tag. */
#ifndef VSH_CHIP_EXPLAIN_H
#define VSH_CHIP_EXPLAIN_H

#include "core/explain.h"
#include "core/hardware.h"

/* Fills at most VSH_HARDWARE_ROWS lines and returns how many. */
int sim_chip_explain(const vsh_hardware *hardware, vsh_explained *lines);

#endif
