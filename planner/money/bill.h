/* What hours on chips cost: electricity, carbon, money; each with its range, whose ends take the
 * low or the high end of everything that goes into it at once. */
#ifndef VSH_BILL_H
#define VSH_BILL_H

#include <stdbool.h>

#include "core/hardware.h"
#include "planner/money/power.h"
#include "planner/money/region.h"

/* How long the chips are held: a run that ends when its tokens do takes longer at less throughput.
 */
typedef struct {
    double hours, low, high;
} vsh_duration;

static inline vsh_duration vsh_for_hours(double hours)
{
    return (vsh_duration){hours, hours, hours};
}

typedef struct {
    double kwh, kwh_low, kwh_high;
    double co2_kg, co2_low_kg, co2_high_kg; /* operational, location based */
    /* share of making the chips (assumed) */
    double embodied_kg, embodied_low_kg, embodied_high_kg;
    double usd, usd_low, usd_high;
    vsh_duration duration;
    bool power_known, price_known;
    vsh_power power;
    vsh_figure price;        /* USD for a chip and hour; the user's, or the profile's */
    const char *price_range; /* what the range of usd is, or why there is none */
    const vsh_figure *pue;   /* of the region */
    const vsh_region *region;
} vsh_bill;

/* kWh = chips W hours / 1000 PUE; kg = kWh g/kWh / 1000 (Patterson et al. 2021, arXiv:2104.10350,
 * section 2). price_usd: of one chip for one hour; below 0 the profile's. */
vsh_bill vsh_bill_of(const vsh_hardware *hardware, double chips, vsh_duration duration,
                     const vsh_region *region, double price_usd);

/* kg CO2e of making one chip and its share of a server, spread over its life: kg_chip hours /
 * (lifetime_hours utilisation), Gupta et al. 2022 (arXiv:2203.14098) form. */
double vsh_embodied_kg(double kg_chip, double lifetime_hours, double utilisation, double hours);

#endif
