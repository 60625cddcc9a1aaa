/* The ceilings of this machine, measured: what its threads multiply, and what they move. */
#ifndef VSH_CEILING_H
#define VSH_CEILING_H

#include <stdint.h>

#include "core/arena.h"
#include "core/precision.h"
#include "core/status.h"
#include "core/units.h"

/* How often a rate was measured. It is that of the fastest repetition: what slows others is not
 * the machine. The median of all reached this share of it. */
typedef struct {
    int count;
    double median;
} vsh_repetitions;

typedef struct {
    const char *name;         /* of the instruction; NULL: the processor has none */
    vsh_flop_rate one, all;   /* of one thread alone, of all together */
    vsh_repetitions repeated; /* by all together */
} vsh_ceiling_peak;

typedef struct {
    int64_t threads;
    vsh_ceiling_peak peak[VSH_PRECISION_COUNT];
    vsh_byte_rate triad;   /* a = b + s c on fp32, 3 x 4 bytes an element as STREAM counts */
    vsh_bytes triad_bytes; /* of the arrays of all threads */
    vsh_repetitions triad_repeated;
} vsh_ceiling;

/* Takes about two seconds and, while it lasts, a little over triad_bytes of memory. VSH_EMACHINE
 * when memory or threads run out. */
vsh_status vsh_ceiling_measure(vsh_arena *arena, int64_t threads, vsh_bytes triad_bytes,
                               vsh_ceiling *ceiling, vsh_error *err);

#endif
