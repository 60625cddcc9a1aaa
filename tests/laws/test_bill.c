#include "planner/money/bill.h"

#include <math.h>

#include "tests/harness.h"

const char vsh_suite[] = "bill";

static vsh_error err;
static vsh_hardware chip;
static const vsh_region iowa = {
    .code = "us-central1", .g_per_kwh = 412.72, .low = 394, .high = 460, .provider = VSH_GOOGLE};

static void read_v5e(void)
{
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/tpu-v5e.yaml", &chip, &err), &err);
}

/* (200 + 60) W for 100 h at a PUE of 1.10; 120 + 30 W at 1.09 and 250 + 90 W at 1.15. */
static void the_mission_takes_28_6_kwh_and_120_dollars(void)
{
    vsh_bill bill;

    read_v5e();
    bill = vsh_bill_of(&chip, 1, vsh_for_hours(100), &iowa, -1);
    CHECK_NEAR(bill.kwh, 28.6, 1e-12, 0);
    CHECK_NEAR(bill.kwh_low, 16.35, 1e-12, 0);
    CHECK_NEAR(bill.kwh_high, 39.1, 1e-12, 0);
    CHECK_NEAR(bill.co2_kg, 28.6 * 0.41272, 1e-12, 0);
    CHECK_NEAR(bill.usd, 120, 1e-12, 0);
    CHECK_NEAR(bill.embodied_kg, 0.815, 0.001, 0);
    CHECK(bill.power_known && bill.price_known);
}

static void ranges_hold_the_centre(void)
{
    vsh_bill bill;

    read_v5e();
    bill = vsh_bill_of(&chip, 64, vsh_for_hours(1000), &iowa, -1);
    CHECK(bill.kwh_low <= bill.kwh && bill.kwh <= bill.kwh_high);
    CHECK(bill.co2_low_kg <= bill.co2_kg && bill.co2_kg <= bill.co2_high_kg);
}

static void the_bill_is_linear_in_chips_and_hours(void)
{
    vsh_bill one, many;

    read_v5e();
    one = vsh_bill_of(&chip, 1, vsh_for_hours(10), &iowa, -1);
    many = vsh_bill_of(&chip, 8, vsh_for_hours(50), &iowa, -1);
    CHECK_NEAR(many.kwh, 40 * one.kwh, 1e-12, 0);
    CHECK_NEAR(many.co2_kg, 40 * one.co2_kg, 1e-12, 0);
    CHECK_NEAR(many.embodied_kg, 40 * one.embodied_kg, 1e-12, 0);
    CHECK_NEAR(many.usd, 40 * one.usd, 1e-12, 0);
}

static void a_price_of_the_user_replaces_the_profiles(void)
{
    read_v5e();
    CHECK_NEAR(vsh_bill_of(&chip, 2, vsh_for_hours(10), &iowa, 3).usd, 60, 1e-12, 0);
    CHECK_NEAR(vsh_bill_of(&chip, 2, vsh_for_hours(10), &iowa, 0).usd, 0, 0,
               0); /* free is a price */
    CHECK(vsh_bill_of(&chip, 2, vsh_for_hours(10), &iowa, 0).price_known);
}

static void what_the_profile_does_not_say_is_not_known(void)
{
    vsh_hardware bare = {.name = "bare"};
    vsh_bill bill = vsh_bill_of(&bare, 4, vsh_for_hours(10), &iowa, -1);

    CHECK(!bill.power_known && !bill.price_known);
    CHECK(vsh_bill_of(&bare, 4, vsh_for_hours(10), &iowa, 2).price_known);
    CHECK(isfinite(bill.kwh) && isfinite(bill.usd));
}

static void a_cleaner_grid_emits_less_for_the_same_energy(void)
{
    static const vsh_region oregon = {
        .code = "us-west1", .g_per_kwh = 79.23, .provider = VSH_GOOGLE};
    vsh_bill dirty, clean;

    read_v5e();
    dirty = vsh_bill_of(&chip, 1, vsh_for_hours(100), &iowa, -1);
    clean = vsh_bill_of(&chip, 1, vsh_for_hours(100), &oregon, -1);
    CHECK_NEAR(clean.kwh, dirty.kwh, 0, 0);
    CHECK_NEAR(clean.co2_kg, 2.266, 0.001, 0);
    CHECK(clean.co2_kg < dirty.co2_kg);
    CHECK_NEAR(clean.embodied_kg, dirty.embodied_kg, 0, 0);
}

/* LLMCarbon's data: 1e4 chips of 330 W for 14.8 days make 1287 MWh and, at 429 g, 552 t. */
static void gpt3_costs_what_llmcarbon_reports(void)
{
    static const vsh_region grid = {.code = "x", .g_per_kwh = 429, .provider = VSH_GOOGLE};
    vsh_hardware v100 = {.power_chip = {.known = true, .value = 330, .low = 330, .high = 330}};
    vsh_bill bill = vsh_bill_of(&v100, 1e4, vsh_for_hours(14.7734 * 24), &grid, 0);

    CHECK_NEAR(bill.kwh / 1000, 1287, 0.005, 0);
    CHECK_NEAR(bill.co2_kg / 1000, 552, 0.005, 0);
}

static void embodied_carbon_is_spread_over_the_used_life(void)
{
    CHECK_NEAR(vsh_embodied_kg(300, 52560, 0.7, 52560 * 0.7), 300, 1e-12, 0);
    CHECK_NEAR(vsh_embodied_kg(300, 52560, 0.7, 100), 0.8153946510110893, 1e-12, 0);
}

const vsh_test vsh_tests[] = {
    {"the_mission_takes_28_6_kwh_and_120_dollars", the_mission_takes_28_6_kwh_and_120_dollars},
    {"ranges_hold_the_centre", ranges_hold_the_centre},
    {"the_bill_is_linear_in_chips_and_hours", the_bill_is_linear_in_chips_and_hours},
    {"a_price_of_the_user_replaces_the_profiles", a_price_of_the_user_replaces_the_profiles},
    {"what_the_profile_does_not_say_is_not_known", what_the_profile_does_not_say_is_not_known},
    {"a_cleaner_grid_emits_less_for_the_same_energy",
     a_cleaner_grid_emits_less_for_the_same_energy},
    {"gpt3_costs_what_llmcarbon_reports", gpt3_costs_what_llmcarbon_reports},
    {"embodied_carbon_is_spread_over_the_used_life", embodied_carbon_is_spread_over_the_used_life},
    {NULL, NULL}};
