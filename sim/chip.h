/* A profile's TPU as the machine of one of its cores: matrix units, scratchpad, and its share of
 * the memory. (GPUs: sim/gpu.h, CPUs: sim/cpu.h.) */
#ifndef VSH_CHIP_H
#define VSH_CHIP_H

#include "core/hardware.h"
#include "sim/machine.h"

/* Cycles are of the matrix units' clock. */
typedef struct {
    const vsh_hardware *hardware;
    vsh_precision precision; /* of operands in memory */
    vsh_precision computed;  /* of the products: the precision whose peak holds */
    sim_machine machine;     /* of one core */
    int64_t near_latency;    /* of the nearer half of its units */
    int64_t cores;           /* cores that share a product by its rows (or columns) */
    vsh_hertz clock;
    int64_t scratchpad_bytes; /* of one core */
    int64_t stream_rows;      /* rows past one stationary tile; 0: as many as there are */
    int64_t step_cycles;      /* before each grid step of a hand-blocked kernel */
} sim_chip;

/* Of the matrix units; the cycle of a profile without a clock is a nanosecond. */
vsh_hertz sim_clock_of(const vsh_hardware *hardware);

/* The precision asked for by index; -1: the 16-bit one the profile has, else fp32. */
vsh_precision sim_precision(int asked, const vsh_hardware *hardware);

/* VSH_EINPUT when the profile does not say what is needed, by name. Of GPUs and CPUs the machine is
 * left out. */
vsh_status sim_chip_from(const vsh_hardware *hardware, vsh_precision precision, sim_chip *chip,
                         vsh_error *err);

/* What the profile lacks for more than an upper bound on its rates, in a sentence; NULL: nothing.
 */
const char *sim_chip_caveat(const vsh_hardware *hardware);

/* Multiply-adds the whole chip can do in a cycle at its peak. */
double sim_chip_macs_a_cycle(const sim_chip *chip);

#endif
