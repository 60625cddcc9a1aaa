#include "core/clock.h"

#include <time.h>

static vsh_seconds read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (vsh_seconds){(double)now.tv_sec + 1e-9 * (double)now.tv_nsec};
}

vsh_seconds vsh_clock_now(void) { return read_clock(CLOCK_MONOTONIC); }

vsh_seconds vsh_clock_cpu(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
