#include "core/units.h"
vsh_bytes sum(vsh_bytes size, vsh_seconds time);
vsh_bytes sum(vsh_bytes size, vsh_seconds time)
{
    (void)time;
    size = vsh_bytes_add(size, time); /* MISTAKE: bytes and seconds do not add */
    return size;
}
