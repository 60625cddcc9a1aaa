/* What one chip does a second under a stack, as plain numbers: read once from a profile, then asked
 * millions of times. */
#ifndef VSH_CHIP_RATE_H
#define VSH_CHIP_RATE_H

#include <stdbool.h>

#include "core/hardware.h"
#include "planner/layout/stack_constants.h"

typedef struct {
    int kind;            /* of vsh_hardware_kind */
    double peak;         /* FLOP/s of the matrix units in this precision */
    double matrix;       /* FLOP/s that a long product holds */
    double attention;    /* FLOP/s of tiled attention, heads 128 wide, long sequences */
    double vector;       /* FLOP/s of the vector units; infinite where not known */
    double memory;       /* B/s that streaming kernels reach */
    double host;         /* B/s one way to the host's memory; 0 where not known */
    double clock;        /* Hz; what follows is in its cycles */
    double overhead;     /* before each wave of a kernel */
    double operands;     /* B a cycle from the cache into one unit; infinite where not known */
    double cache;        /* B */
    double load, bubble; /* to load a stationary tile; lost at a change of tile */
    double latency;      /* from the last operand to the last result */
    double stream;       /* rows past a stationary tile at most */
    double dispatch;     /* s of the host an operation */
    double blend;        /* of the stack */
    int64_t units;       /* matrix units, SMs */
    int64_t rows, cols;  /* of a systolic array */
    int64_t operand_bytes, result_bytes;
    bool flash; /* attention runs tiled in one kernel; else as products and a softmax */
} vsh_chip_rate;

/* VSH_EINPUT for a GPU or TPU whose profile has no matrix units. */
vsh_status vsh_chip_rate_of(const vsh_hardware *hardware, const vsh_stack *stack,
                            vsh_precision precision, bool flash, vsh_chip_rate *rate,
                            vsh_error *err);

#endif
