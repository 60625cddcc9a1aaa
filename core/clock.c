#include "core/clock.h"

#include <time.h>

vsh_seconds vsh_clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (vsh_seconds){(double)now.tv_sec + 1e-9 * (double)now.tv_nsec};
}
