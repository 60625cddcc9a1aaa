#include "planner/money/power.h"

#include "planner/money/bill.h"
#include "tests/harness.h"

const char vsh_suite[] = "power";

static vsh_error err;
static const vsh_region somewhere = {.code = "x", .provider = VSH_GOOGLE};

static vsh_hardware profile(const char *path)
{
    vsh_hardware h;

    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &h, &err), &err);
    return h;
}

/* Patterson et al. 2021 (arXiv:2104.10350) table 4: a run, the chip and W it was measured at,
 * PUE, chips, days and MWh. */
static const struct {
    const char *run, *chip;
    double watts, pue, chips, days, mwh;
} patterson[] = {
    {"Evolved Transformer NAS", "TPU v2", 208, 1.10, 200, 6.8, 7.5},
    {"T5", "TPU v3", 310, 1.12, 512, 20, 85.7},
    {"Meena", "TPU v3", 289, 1.09, 1024, 30, 232},
    {"GShard-600B", "TPU v3", 288, 1.09, 1024, 3.1, 24.1},
    {"Switch Transformer", "TPU v3", 245, 1.10, 1024, 27, 179},
    {"GPT-3", "V100", 330, 1.10, 10000, 14.8, 1287},
};

enum { PATTERSON_ROWS = sizeof patterson / sizeof patterson[0] };

/* MWh of row i by the bill for a machine of this name, at the row's own PUE. */
static double megawatt_hours(int i, const vsh_hardware *h, double *low, double *high)
{
    vsh_bill bill =
        vsh_bill_of(h, patterson[i].chips, vsh_for_hours(patterson[i].days * 24), &somewhere, 0);
    double pue = patterson[i].pue / 1000;

    *low = bill.kwh_low / bill.pue->low * pue;
    *high = bill.kwh_high / bill.pue->high * pue;
    return bill.kwh / bill.pue->value * pue;
}

static void each_runs_own_power_gives_its_energy_within_1_percent(void)
{
    double low, high;

    for (int i = 0; i < PATTERSON_ROWS; i++) {
        vsh_figure watts = {.known = true, .value = patterson[i].watts};
        vsh_hardware h = {.name = "a machine", .power_chip = watts};
        CHECK_NEAR(megawatt_hours(i, &h, &low, &high), patterson[i].mwh, 0.01, 0);
    }
}

/* Table 3 is the mean over models: Switch drew 13 % less than it, T5 10 % more. */
static void the_mean_power_of_a_chip_gives_each_energy_within_16_percent_and_in_the_range(void)
{
    double low, high;

    for (int i = 0; i < PATTERSON_ROWS; i++) {
        vsh_hardware h = {.name = patterson[i].chip};
        CHECK_NEAR(megawatt_hours(i, &h, &low, &high), patterson[i].mwh, 0.16, 0);
        CHECK(low < patterson[i].mwh && patterson[i].mwh < high);
    }
}

/* Gopher: 3,768,320 hours of TPU v3 chips made 1,066 MWh before PUE (arXiv:2112.11446 p. 103). */
static void gopher_took_the_power_of_tpu_v3(void)
{
    vsh_hardware h = {.name = "TPU v3"};
    vsh_bill bill = vsh_bill_of(&h, 4096, vsh_for_hours(920), &somewhere, 0);

    CHECK_NEAR(bill.kwh / bill.pue->value / 1000, 1066, 0.001, 0);
}

static void a_measurement_stands_where_there_is_one_and_says_so(void)
{
    vsh_hardware v100 = profile("hwprofiles/v100-32gb.yaml");
    vsh_hardware v4 = profile("hwprofiles/tpu-v4.yaml"), h100 = profile("hwprofiles/h100-sxm.yaml");
    vsh_power p = vsh_power_of(&v100);

    CHECK_NEAR(p.watts.value, 325, 0, 0);
    CHECK_NEAR(p.watts.low, 312, 1e-12, 0); /* 4 % either way */
    CHECK_NEAR(p.watts.high, 338, 1e-12, 0);
    CHECK_INT(p.watts.tag, VSH_TAG_MEASURED);
    CHECK_HAS(p.watts.source, "2104.10350");
    CHECK_NEAR(vsh_power_of(&v4).watts.value, 378.5, 0, 0);
    CHECK_NEAR(vsh_power_of(&h100).watts.value, 0.76 * 10200 / 8, 1e-12, 0);
}

/* One workload has no spread of its own. */
static void a_single_measurement_keeps_the_profiles_range(void)
{
    vsh_hardware v4 = profile("hwprofiles/tpu-v4.yaml");
    vsh_power p = vsh_power_of(&v4);

    CHECK_NEAR(p.watts.low, v4.power_chip.low + v4.power_host.low, 0, 0);
    CHECK_NEAR(p.watts.high, v4.power_chip.high + v4.power_host.high, 0, 0);
}

static void a_profile_that_disagrees_widens_the_range(void)
{
    vsh_figure watts = {.known = true, .value = 450, .low = 450, .high = 450};
    vsh_hardware h = {.name = "TPU v3", .power_chip = watts}; /* its TDP */

    CHECK_NEAR(vsh_power_of(&h).watts.value, 283, 0, 0);
    CHECK_NEAR(vsh_power_of(&h).watts.high, 450, 0, 0);
    CHECK_NEAR(vsh_power_of(&h).watts.low, 226.4, 1e-12, 0);
}

static void without_a_measurement_chip_and_host_add_up(void)
{
    vsh_hardware a100 = profile("hwprofiles/a100-80gb.yaml");
    vsh_power p = vsh_power_of(&a100);

    CHECK_NEAR(p.watts.value, 550, 0, 0);
    CHECK_NEAR(p.watts.low, 330, 0, 0);
    CHECK_NEAR(p.watts.high, 810, 0, 0);
    CHECK_INT(p.watts.tag, VSH_TAG_ASSUMED); /* the weaker of specification and assumed */
    CHECK(!vsh_power_of(&(vsh_hardware){.name = "bare"}).watts.known);
}

/* Of an A100 only hours x TDP and energies without their hours are published; TPU v4i is another
 * chip, and so is the H100 PCIe. */
static void names_that_only_resemble_a_measured_chip_are_not_it(void)
{
    static const char *const others[] = {"NVIDIA A100 SXM 40GB",
                                         "NVIDIA A100 SXM 80GB",
                                         "TPU v4i",
                                         "TPU v5e",
                                         "NVIDIA H100 PCIe",
                                         "xP100",
                                         "",
                                         "TPU"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK(vsh_power_measured(others[i]) == NULL);
    CHECK(vsh_power_measured(NULL) == NULL);
    CHECK(vsh_power_measured("NVIDIA V100 SXM2 32GB") != NULL);
    CHECK(vsh_power_measured("eight TPU v2") != NULL);
}

/* MWh of the accelerators, PUE, g/kWh and t CO2e: OLMo (arXiv:2402.00838 table 6) and OLMo 2
 * (arXiv:2501.00656 table 19). Energy was sampled on the nodes, not reckoned from a TDP. */
static void the_runs_of_olmo_emit_what_their_papers_say(void)
{
    static const double runs[][4] = {{104, 1.1, 610, 70}, {131, 1.2, 332, 52}};

    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        vsh_figure kilowatts = {.known = true, .value = runs[i][0] * 1000}; /* over 1,000 hours */
        vsh_hardware node = {.name = "node", .power_chip = kilowatts};
        vsh_region grid = {.g_per_kwh = runs[i][2], .provider = VSH_GOOGLE};
        vsh_bill bill = vsh_bill_of(&node, 1, vsh_for_hours(1000), &grid, 0);
        CHECK_NEAR(bill.co2_kg / bill.pue->value * runs[i][1] / 1000, runs[i][3], 0.01, 0);
    }
}

const vsh_test vsh_tests[] = {
    {"each_runs_own_power_gives_its_energy_within_1_percent",
     each_runs_own_power_gives_its_energy_within_1_percent},
    {"the_mean_power_of_a_chip_gives_each_energy_within_16_percent_and_in_the_range",
     the_mean_power_of_a_chip_gives_each_energy_within_16_percent_and_in_the_range},
    {"gopher_took_the_power_of_tpu_v3", gopher_took_the_power_of_tpu_v3},
    {"a_measurement_stands_where_there_is_one_and_says_so",
     a_measurement_stands_where_there_is_one_and_says_so},
    {"a_single_measurement_keeps_the_profiles_range",
     a_single_measurement_keeps_the_profiles_range},
    {"a_profile_that_disagrees_widens_the_range", a_profile_that_disagrees_widens_the_range},
    {"without_a_measurement_chip_and_host_add_up", without_a_measurement_chip_and_host_add_up},
    {"names_that_only_resemble_a_measured_chip_are_not_it",
     names_that_only_resemble_a_measured_chip_are_not_it},
    {"the_runs_of_olmo_emit_what_their_papers_say", the_runs_of_olmo_emit_what_their_papers_say},
    {NULL, NULL}};
