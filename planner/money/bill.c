#include "planner/money/bill.h"

/* No maker publishes these for accelerators: 300 kg for a chip with its share of a server, six
 * years of life (arXiv:2502.01671 uses six), 70 % of it in use. All assumed. */
static const double kg_chip = 300, lifetime_hours = 6 * 8760, utilisation = 0.7;

static double kwh(double chips, double watts, double hours, double pue)
{
    return vsh_in_kwh(vsh_energy((vsh_watts){chips * watts * pue}, vsh_hours(hours)));
}

double vsh_embodied_kg(double kg, double life, double use, double hours)
{
    return kg * hours / (life * use);
}

vsh_bill vsh_bill_of(const vsh_hardware *h, double chips, double hours, const vsh_region *region,
                     double price_usd)
{
    const vsh_figure *chip = &h->power_chip, *host = &h->power_host;
    vsh_bill bill = {.power_known = chip->known, .price_known = price_usd >= 0 || h->price.known};
    double kg_per_kwh = region->g_per_kwh / 1000;

    bill.kwh = kwh(chips, chip->value + host->value, hours, VSH_PUE);
    bill.kwh_low = kwh(chips, chip->low + host->low, hours, VSH_PUE_LOW);
    bill.kwh_high = kwh(chips, chip->high + host->high, hours, VSH_PUE_HIGH);
    bill.co2_kg = bill.kwh * kg_per_kwh;
    bill.co2_low_kg = bill.kwh_low * kg_per_kwh;
    bill.co2_high_kg = bill.kwh_high * kg_per_kwh;
    bill.embodied_kg = chips * vsh_embodied_kg(kg_chip, lifetime_hours, utilisation, hours);
    bill.usd = chips * hours * (price_usd >= 0 ? price_usd : h->price.value);
    return bill;
}
