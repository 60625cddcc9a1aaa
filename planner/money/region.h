/* Places a computer can stand: what their grid emits for a kWh (location based: whoever pays for
 * it), and how much more than the computers their data centres use. */
#ifndef VSH_REGION_H
#define VSH_REGION_H

#include "core/field.h"
#include "core/status.h"

/* Whose data centre a place is. */
typedef enum {
    VSH_NO_PROVIDER, /* a country or a state: anybody's */
    VSH_GOOGLE,
    VSH_AWS,
    VSH_AZURE,
    VSH_PROVIDER_COUNT
} vsh_provider;

typedef struct {
    const char *code;       /* a cloud's region, ISO 3166-1 alpha-3, or ISO 3166-2 of a US state */
    const char *short_code; /* alpha-2 of a country; else NULL */
    const char *place;
    double g_per_kwh, low, high; /* g CO2e a kWh */
    int year;                    /* of g_per_kwh */
    const char *source, *range;  /* where it is from; what low and high are */
    vsh_provider provider;
} vsh_region;

/* By code, or by the name of a country or state, in any case and with '-' for a blank. VSH_EINPUT
 * with the nearest when there is none of this name, or when a country and a state share it. */
vsh_status vsh_region_find(const char *name, const vsh_region **region, vsh_error *err);

/* Power usage effectiveness: what a data centre draws for each watt of its computers. */
const vsh_figure *vsh_region_pue(const vsh_region *region);

#endif
