/* What hours on chips cost: electricity, carbon, money. */
#ifndef VSH_BILL_H
#define VSH_BILL_H

#include <stdbool.h>

#include "core/hardware.h"
#include "planner/money/region.h"

typedef struct {
    double kwh, kwh_low, kwh_high;
    double co2_kg, co2_low_kg, co2_high_kg; /* operational, location based */
    double embodied_kg;                     /* share of making the chip (assumed constants) */
    double usd;
    bool power_known, price_known;
} vsh_bill;

/* Power usage effectiveness of the data centre and its range (docs/model.md). */
#define VSH_PUE 1.10
#define VSH_PUE_LOW 1.09
#define VSH_PUE_HIGH 1.15

/* kWh = chips (W_chip + W_host) hours / 1000 PUE; kg = kWh g/kWh / 1000 (Patterson et al. 2021,
 * arXiv:2104.10350, section 2). price_usd: of one chip for one hour; below 0 the profile's. */
vsh_bill vsh_bill_of(const vsh_hardware *hardware, double chips, double hours,
                     const vsh_region *region, double price_usd);

/* kg CO2e of making one chip and its share of a server, spread over its life: kg_chip hours /
 * (lifetime_hours utilisation), Gupta et al. 2022 (arXiv:2203.14098) form. */
double vsh_embodied_kg(double kg_chip, double lifetime_hours, double utilisation, double hours);

#endif
