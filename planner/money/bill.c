#include "planner/money/bill.h"

/* ---- making the chips --------------------------------------------------------------------- */

/* kg CO2e of a chip with its share of a server, its life in hours, the share of it in use. */
typedef struct {
    double kg, life_hours, use;
} embodied;

enum { YEAR_HOURS = 8760 };

/* Assumed: 300 kg, near the 318 kg that Chien et al. 2023 (doi 10.1145/3604930.3605705, secondary)
 * reckon for an eighth of an A100 server; six years as in arXiv:2502.01671; 70 % in use. Low: the
 * GPU alone, 150 kg, over six years at 85 % (Luccioni et al. 2022, arXiv:2211.02001, from memory).
 * High: an eighth of a 3,700 kg H100 server over four years (Morrison et al. 2025,
 * arXiv:2503.05804, from memory). BLOOM's own 11.2 t over 1,082,990 GPU hours lies between. */
static const embodied usual = {300, 6 * YEAR_HOURS, 0.70}, least = {150, 6 * YEAR_HOURS, 0.85},
                      most = {462.5, 4 * YEAR_HOURS, 1.0};

double vsh_embodied_kg(double kg, double life, double use, double hours)
{
    return kg * hours / (life * use);
}

static double share_of_making(const embodied *e, double chips, double hours)
{
    return chips * vsh_embodied_kg(e->kg, e->life_hours, e->use, hours);
}

/* ---- price -------------------------------------------------------------------------------- */

static vsh_figure choose_price(const vsh_hardware *h, double price_usd)
{
    if (price_usd >= 0)
        return (vsh_figure){
            true, price_usd, price_usd, price_usd, "--price", NULL, VSH_TAG_SPECIFICATION};
    return h->price;
}

static const char *say_range(const vsh_bill *bill, double price_usd, const vsh_duration *d)
{
    if (bill->price.low < bill->price.high)
        return "prices published for this chip";
    if (d->low < d->high)
        return "the hours only";
    return price_usd >= 0 ? "none: a price of yours" : "none: one price is known";
}

/* ---- the bill ----------------------------------------------------------------------------- */

static double kwh(double chips, double watts, double hours, double pue)
{
    return vsh_in_kwh(vsh_energy((vsh_watts){chips * watts * pue}, vsh_hours(hours)));
}

vsh_bill vsh_bill_of(const vsh_hardware *h, double chips, vsh_duration d, const vsh_region *region,
                     double price_usd)
{
    vsh_bill b = {.power = vsh_power_of(h),
                  .price = choose_price(h, price_usd),
                  .pue = vsh_region_pue(region),
                  .region = region,
                  .duration = d};

    b.power_known = b.power.watts.known;
    b.price_known = b.price.known;
    b.kwh = kwh(chips, b.power.watts.value, d.hours, b.pue->value);
    b.kwh_low = kwh(chips, b.power.watts.low, d.low, b.pue->low);
    b.kwh_high = kwh(chips, b.power.watts.high, d.high, b.pue->high);
    b.co2_kg = b.kwh * region->g_per_kwh / 1000;
    b.co2_low_kg = b.kwh_low * region->low / 1000;
    b.co2_high_kg = b.kwh_high * region->high / 1000;
    b.embodied_kg = share_of_making(&usual, chips, d.hours);
    b.embodied_low_kg = share_of_making(&least, chips, d.low);
    b.embodied_high_kg = share_of_making(&most, chips, d.high);
    b.usd = chips * d.hours * b.price.value;
    b.usd_low = chips * d.low * b.price.low;
    b.usd_high = chips * d.high * b.price.high;
    b.price_range = say_range(&b, price_usd, &d);
    return b;
}
