/* Grid carbon intensity by cloud region: location based, what the grid emits whoever pays for it.
 */
#ifndef VSH_REGION_H
#define VSH_REGION_H

#include "core/status.h"

typedef struct {
    const char *code;
    double g_per_kwh; /* g CO2e a kWh */
    const char *place;
    const char *source;
} vsh_region;

/* VSH_EINPUT with the nearest codes when there is none of this name. */
vsh_status vsh_region_find(const char *code, const vsh_region **region, vsh_error *err);

#endif
