#include "core/units.h"
vsh_seconds move(vsh_flops work, vsh_byte_rate rate);
vsh_seconds move(vsh_flops work, vsh_byte_rate rate)
{
    vsh_seconds time = {0};
    (void)work, (void)rate;
    time = vsh_time_move(work, rate); /* MISTAKE: FLOPs are not moved */
    return time;
}
