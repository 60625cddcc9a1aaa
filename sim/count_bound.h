/* A bound on what an engine will count, so that nothing it counts passes 63 bits. */
#ifndef VSH_COUNT_BOUND_H
#define VSH_COUNT_BOUND_H

#include "sim/machine.h"

/* Half of 63 bits: the bound is made in doubles. */
#define SIM_COUNT_LIMIT 4.6e18

/* At least what any counter of one execution reaches, and any product on the way to one. */
double sim_largest_count(const sim_machine *machine, const sim_product *product);

#endif
