#include "core/units.h"
vsh_seconds duration(vsh_flops work, vsh_flop_rate peak);
vsh_seconds duration(vsh_flops work, vsh_flop_rate peak)
{
    vsh_seconds time = vsh_time_compute(work, peak);
    time = vsh_time_compute(peak, work); /* MISTAKE: the two are swapped */
    return time;
}
