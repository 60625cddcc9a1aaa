#include "planner/money/region.h"

#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "region";

static vsh_error err;

static double intensity(const char *code)
{
    const vsh_region *region = NULL;

    REQUIRE_OK(vsh_region_find(code, &region, &err), &err);
    CHECK_TEXT(region->code, code);
    CHECK(region->place && *region->place && region->source && *region->source);
    return region->g_per_kwh;
}

/* GoogleCloudPlatform/region-carbon-info, 2024. */
static void googles_own_figures_are_those_of_2024(void)
{
    CHECK_NEAR(intensity("us-central1"), 412.72, 0, 0);
    CHECK_NEAR(intensity("us-west1"), 79.23, 0, 0);
    CHECK_NEAR(intensity("us-west4"), 357.30, 0, 0);
    CHECK_NEAR(intensity("europe-west4"), 208.81, 0, 0);
    CHECK_NEAR(intensity("asia-southeast1"), 366.85, 0, 0);
}

static void the_three_large_clouds_are_covered(void)
{
    static const char *const codes[] = {"us-east-1",  "eu-west-1",    "ap-south-1",  "eastus",
                                        "westeurope", "centralindia", "europe-west1"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        CHECK(intensity(codes[i]) > 5 && intensity(codes[i]) < 1100);
}

static void an_unknown_region_is_refused_with_the_nearest(void)
{
    const vsh_region *region = NULL;

    CHECK_FAILS(vsh_region_find("us-centrall1", &region, &err), &err, VSH_EINPUT,
                "--region: no carbon intensity for \"us-centrall1\"; did you mean us-central1?");
    CHECK_FAILS(vsh_region_find("Frnace", &region, &err), &err, VSH_EINPUT, "did you mean france?");
    CHECK_FAILS(vsh_region_find("europe-nroth1", &region, &err), &err, VSH_EINPUT,
                "did you mean europe-north1?");
    CHECK_FAILS(vsh_region_find("atlantis", &region, &err), &err, VSH_EINPUT, "\"atlantis\"");
    CHECK_FAILS(vsh_region_find("", &region, &err), &err, VSH_EINPUT, "\"\"");
    CHECK(region == NULL);
}

const vsh_test vsh_tests[] = {
    {"googles_own_figures_are_those_of_2024", googles_own_figures_are_those_of_2024},
    {"the_three_large_clouds_are_covered", the_three_large_clouds_are_covered},
    {"an_unknown_region_is_refused_with_the_nearest",
     an_unknown_region_is_refused_with_the_nearest},
    {NULL, NULL}};
