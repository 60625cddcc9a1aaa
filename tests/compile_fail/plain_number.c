#include "core/units.h"
vsh_joules energy(vsh_watts power);
vsh_joules energy(vsh_watts power)
{
    vsh_joules used = vsh_energy(power, vsh_hours(1));
    used = vsh_energy(power, 3600.0); /* MISTAKE: a plain number has no unit */
    return used;
}
