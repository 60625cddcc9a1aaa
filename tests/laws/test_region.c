#include "planner/money/region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lines.h"
#include "planner/money/grid.h"
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

static const vsh_region *find(const char *name)
{
    const vsh_region *region = NULL;

    REQUIRE_OK(vsh_region_find(name, &region, &err), &err);
    return region;
}

static void a_country_answers_to_its_codes_and_its_name(void)
{
    static const char *const names[] = {"FRA", "FR", "fr", "France", "france", "FRANCE"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_TEXT(find(names[i])->code, "FRA");
    CHECK_TEXT(find("new-zealand")->code, "NZL");
    CHECK_TEXT(find("New Zealand")->code, "NZL");
    CHECK_TEXT(find("UK")->code, "GBR");
    CHECK_TEXT(find("US")->code, "USA");
    CHECK_TEXT(find("europe-west9")->place, "Paris, France");
    CHECK_TEXT(find("US-CENTRAL1")->code, "us-central1");
}

static void a_state_answers_to_its_code_and_its_name(void)
{
    CHECK_TEXT(find("US-CA")->code, "US-CA");
    CHECK_TEXT(find("California")->code, "US-CA");
    CHECK_TEXT(find("new_york")->code, "US-NY");
    CHECK_TEXT(find("CA")->code, "CAN"); /* two letters alone are a country */
}

static void a_name_of_two_places_is_refused_with_both(void)
{
    const vsh_region *region = NULL;

    CHECK_FAILS(vsh_region_find("georgia", &region, &err), &err, VSH_EINPUT, "(GEO)");
    CHECK_FAILS(vsh_region_find("Georgia", &region, &err), &err, VSH_EINPUT, "(US-GA)");
    CHECK_TEXT(find("GEO")->code, "GEO");
}

enum { PLACES_MAX = 512 };

static int list_places(const vsh_region *places[PLACES_MAX])
{
    int count = 0;

    for (int i = 0; i < vsh_grid_cloud_count; i++)
        places[count++] = &vsh_grid_clouds[i];
    for (int i = 0; i < vsh_grid_country_count; i++)
        places[count++] = &vsh_grid_countries[i];
    for (int i = 0; i < vsh_grid_state_count; i++)
        places[count++] = &vsh_grid_states[i];
    REQUIRE(count < PLACES_MAX);
    return count;
}

static void every_place_has_a_range_a_year_and_a_source(void)
{
    const vsh_region *places[PLACES_MAX];
    int count = list_places(places);

    CHECK(count > 350);
    for (int i = 0; i < count; i++) {
        const vsh_region *r = places[i];
        CHECK(0 <= r->low && r->low <= r->g_per_kwh && r->g_per_kwh <= r->high);
        CHECK(r->low < r->high && r->g_per_kwh > 0 && r->high < 2000);
        CHECK(r->year >= 2016 && r->year <= 2025);
        CHECK(*r->place && *r->source && *r->range);
        CHECK_TEXT(find(r->code)->code, r->code);
    }
}

static void no_two_places_share_a_code(void)
{
    const vsh_region *places[PLACES_MAX];
    int count = list_places(places);

    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) {
            CHECK(strcmp(places[i]->code, places[j]->code) != 0);
            if (places[i]->short_code && places[j]->short_code)
                CHECK(strcmp(places[i]->short_code, places[j]->short_code) != 0);
        }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Google's region and Our World in Data's country, where one grid serves all of it; Germany has two
 * regions and one figure. The second counts what building the power stations emitted, too, and is
 * the higher one throughout. */
static void two_publishers_differ_by_the_factor_that_ranges_use(void)
{
    static const char *const pairs[][2] = {
        {"africa-south1", "ZAF"},      {"asia-east1", "TWN"},        {"asia-east2", "HKG"},
        {"asia-northeast3", "KOR"},    {"asia-southeast1", "SGP"},   {"asia-southeast2", "IDN"},
        {"asia-southeast3", "THA"},    {"europe-central2", "POL"},   {"europe-north1", "FIN"},
        {"europe-north2", "SWE"},      {"europe-southwest1", "ESP"}, {"europe-west1", "BEL"},
        {"europe-west2", "GBR"},       {"europe-west3", "DEU"},      {"europe-west4", "NLD"},
        {"europe-west6", "CHE"},       {"europe-west9", "FRA"},      {"me-central1", "QAT"},
        {"me-central2", "SAU"},        {"me-west1", "ISR"},          {"northamerica-south1", "MEX"},
        {"southamerica-west1", "CHL"}, {"europe-west10", "DEU"}};
    enum { COUNT = sizeof pairs / sizeof pairs[0] };
    double factor[COUNT];

    for (int i = 0; i < COUNT; i++) {
        factor[i] = find(pairs[i][1])->g_per_kwh / find(pairs[i][0])->g_per_kwh;
        CHECK(factor[i] > 1);
    }
    qsort(factor, COUNT, sizeof factor[0], by_size);
    CHECK_NEAR(factor[COUNT / 2], VSH_GRID_FACTOR, 0.005, 0);
}

/* A row's fields, cut in place; quotes are not known. */
static int cut(char *line, char *field[], int most)
{
    int count = 0;

    for (char *at = line; at && count < most; count++) {
        field[count] = at;
        at = strchr(at, ',');
        if (at)
            *at++ = '\0';
    }
    return count;
}

static void check_row(char *field[], int *checked)
{
    double g = strtod(field[4], NULL);
    const vsh_region *r;

    if (strcmp(field[0], "country") != 0 && strcmp(field[0], "US state") != 0)
        return;
    if (g <= 0 || strcmp(field[1], "usa") == 0 || strcmp(field[3], "2009") == 0)
        return;
    r = find(strcmp(field[1], "georgia") == 0 ? "US-GA" : field[1]);
    CHECK_NEAR(r->g_per_kwh, g, 1e-4, 0);
    CHECK_INT(r->year, atoi(field[3]));
    ++*checked;
}

static void countries_and_states_are_those_of_the_published_table(void)
{
    vsh_lines lines;
    char *line, *field[6];
    int checked = 0;

    if (vsh_lines_read(vsh_test_arena(), "../shared/reference/carbon_grid.csv", 1 << 20, &lines,
                       &err) != VSH_OK) {
        vsh_skip("the published table of grids is not here");
        return;
    }
    while ((line = vsh_lines_next(&lines)))
        if (cut(line, field, 6) == 6)
            check_row(field, &checked);
    CHECK_INT(checked, vsh_grid_country_count + vsh_grid_state_count);
}

static void one_figure_alone_has_that_factor_as_its_range(void)
{
    const vsh_region *ireland = find("IRL"), *ohio = find("US-OH");

    CHECK_NEAR(ireland->high / ireland->g_per_kwh, VSH_GRID_FACTOR, 1e-3, 0);
    CHECK_NEAR(ireland->g_per_kwh / ireland->low, VSH_GRID_FACTOR, 1e-3, 0);
    CHECK_NEAR(ohio->high / ohio->low, VSH_GRID_FACTOR * VSH_GRID_FACTOR, 1e-3, 0);
    CHECK_HAS(ohio->range, "1.39");
}

static void a_countrys_range_holds_its_cloud_regions(void)
{
    static const char *const inside[][2] = {{"FRA", "europe-west9"},
                                            {"JPN", "asia-northeast2"},
                                            {"CAN", "northamerica-northeast1"},
                                            {"USA", "us-west1"},
                                            {"USA", "us-west3"}};

    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        const vsh_region *all = find(inside[i][0]), *one = find(inside[i][1]);
        CHECK(all->low <= one->low && one->high <= all->high);
    }
}

static void every_data_centre_draws_more_than_its_computers(void)
{
    static const char *const places[] = {"us-central1", "us-east-1", "eastus", "FRA"};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const vsh_figure *pue = vsh_region_pue(find(places[i]));
        CHECK(1 < pue->low && pue->low <= pue->value && pue->value <= pue->high);
        CHECK(*pue->source && pue->tag != VSH_TAG_UNKNOWN);
    }
    CHECK_NEAR(vsh_region_pue(find("us-central1"))->value, 1.10, 0, 0);
    CHECK_NEAR(vsh_region_pue(find("eu-west-1"))->value, 1.15, 0, 0);
    /* a country is nobody's data centre: it may be an ordinary one */
    CHECK(vsh_region_pue(find("FRA"))->high > vsh_region_pue(find("europe-west9"))->high);
}

const vsh_test vsh_tests[] = {
    {"googles_own_figures_are_those_of_2024", googles_own_figures_are_those_of_2024},
    {"the_three_large_clouds_are_covered", the_three_large_clouds_are_covered},
    {"an_unknown_region_is_refused_with_the_nearest",
     an_unknown_region_is_refused_with_the_nearest},
    {"a_country_answers_to_its_codes_and_its_name", a_country_answers_to_its_codes_and_its_name},
    {"a_state_answers_to_its_code_and_its_name", a_state_answers_to_its_code_and_its_name},
    {"a_name_of_two_places_is_refused_with_both", a_name_of_two_places_is_refused_with_both},
    {"every_place_has_a_range_a_year_and_a_source", every_place_has_a_range_a_year_and_a_source},
    {"no_two_places_share_a_code", no_two_places_share_a_code},
    {"two_publishers_differ_by_the_factor_that_ranges_use",
     two_publishers_differ_by_the_factor_that_ranges_use},
    {"countries_and_states_are_those_of_the_published_table",
     countries_and_states_are_those_of_the_published_table},
    {"one_figure_alone_has_that_factor_as_its_range",
     one_figure_alone_has_that_factor_as_its_range},
    {"a_countrys_range_holds_its_cloud_regions", a_countrys_range_holds_its_cloud_regions},
    {"every_data_centre_draws_more_than_its_computers",
     every_data_centre_draws_more_than_its_computers},
    {NULL, NULL}};
