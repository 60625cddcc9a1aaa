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

/* Ends of power, PUE and grid meet in the ends of carbon. */
static void carbon_takes_the_ends_of_its_grid(void)
{
    vsh_bill bill;

    read_v5e();
    bill = vsh_bill_of(&chip, 1, vsh_for_hours(100), &iowa, -1);
    CHECK_NEAR(bill.co2_low_kg, 16.35 * 0.394, 1e-12, 0);
    CHECK_NEAR(bill.co2_high_kg, 39.1 * 0.460, 1e-12, 0);
}

/* A run that ends with its tokens takes longer at less throughput. */
static void uncertain_hours_are_carried_into_energy_carbon_and_money(void)
{
    static const vsh_duration about = {100, 80, 130};
    vsh_bill sure, unsure;

    read_v5e();
    sure = vsh_bill_of(&chip, 1, vsh_for_hours(100), &iowa, -1);
    unsure = vsh_bill_of(&chip, 1, about, &iowa, -1);
    CHECK_NEAR(unsure.kwh, sure.kwh, 0, 0);
    CHECK_NEAR(unsure.kwh_low, 0.8 * sure.kwh_low, 1e-12, 0);
    CHECK_NEAR(unsure.kwh_high, 1.3 * sure.kwh_high, 1e-12, 0);
    CHECK_NEAR(unsure.co2_high_kg, 1.3 * sure.co2_high_kg, 1e-12, 0);
    CHECK_NEAR(unsure.embodied_low_kg, 0.8 * sure.embodied_low_kg, 1e-12, 0);
    CHECK_NEAR(unsure.usd_low, 96, 1e-12, 0);
    CHECK_NEAR(unsure.usd_high, 156, 1e-12, 0);
    CHECK_TEXT(unsure.price_range, "the hours only");
}

/* No range is made up: one price is one price, and a user's is the user's. */
static void money_has_a_range_only_where_prices_differ(void)
{
    vsh_hardware h100;
    vsh_bill bill;

    read_v5e();
    bill = vsh_bill_of(&chip, 1, vsh_for_hours(100), &iowa, -1);
    CHECK(bill.usd_low == bill.usd && bill.usd == bill.usd_high);
    CHECK_TEXT(bill.price_range, "none: one price is known");
    CHECK_TEXT(bill.price.date, "2025");
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/h100-sxm.yaml", &h100, &err), &err);
    bill = vsh_bill_of(&h100, 8, vsh_for_hours(10), &iowa, -1);
    CHECK(bill.usd_low < bill.usd && bill.usd < bill.usd_high);
    CHECK_TEXT(bill.price_range, "prices published for this chip");
    bill = vsh_bill_of(&h100, 8, vsh_for_hours(10), &iowa, 3);
    CHECK_NEAR(bill.usd_low, 240, 1e-12, 0);
    CHECK_NEAR(bill.usd_high, 240, 1e-12, 0);
    CHECK(!bill.price.date);
}

static void what_a_cloud_adds_is_its_own(void)
{
    static const vsh_region amazon = {.code = "us-east-1", .provider = VSH_AWS};
    vsh_bill google, other;

    read_v5e();
    google = vsh_bill_of(&chip, 1, vsh_for_hours(100), &iowa, -1);
    other = vsh_bill_of(&chip, 1, vsh_for_hours(100), &amazon, -1);
    CHECK_NEAR(other.kwh / google.kwh, 1.15 / 1.10, 1e-12, 0);
}

/* BLOOM (arXiv:2211.02001): 11.2 t for 1,082,990 GPU hours. */
static void blooms_embodied_carbon_is_in_the_range(void)
{
    vsh_bill bill;

    read_v5e();
    bill = vsh_bill_of(&chip, 1, vsh_for_hours(1082990), &iowa, -1);
    CHECK(bill.embodied_low_kg < 11200 && 11200 < bill.embodied_high_kg);
    CHECK(bill.embodied_low_kg < bill.embodied_kg && bill.embodied_kg < bill.embodied_high_kg);
    CHECK_NEAR(bill.embodied_kg, 11200, 0.25, 0);
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
    {"carbon_takes_the_ends_of_its_grid", carbon_takes_the_ends_of_its_grid},
    {"uncertain_hours_are_carried_into_energy_carbon_and_money",
     uncertain_hours_are_carried_into_energy_carbon_and_money},
    {"money_has_a_range_only_where_prices_differ", money_has_a_range_only_where_prices_differ},
    {"what_a_cloud_adds_is_its_own", what_a_cloud_adds_is_its_own},
    {"blooms_embodied_carbon_is_in_the_range", blooms_embodied_carbon_is_in_the_range},
    {NULL, NULL}};
