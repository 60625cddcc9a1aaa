#include "trainer/run/energy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

const char vsh_suite[] = "energy";

/* ---- a powercap folder of our own ------------------------------------------------------------ */

static void make_root(char root[64])
{
    snprintf(root, 64, "/tmp/vsh-energy-XXXXXX");
    REQUIRE(mkdtemp(root) != NULL);
}

static void put(const char *root, const char *zone, const char *file, const char *text)
{
    char path[256];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", root, zone);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%s", root, zone, file);
    out = fopen(path, "w");
    REQUIRE(out != NULL);
    fputs(text, out);
    fclose(out);
}

static void zone(const char *root, const char *name, const char *domain, const char *energy)
{
    put(root, name, "name", domain);
    put(root, name, "energy_uj", energy);
    put(root, name, "max_energy_range_uj", "1000000000\n");
}

static void drop(const char *root)
{
    static const char *const files[] = {"name", "energy_uj", "max_energy_range_uj"};
    char path[256];

    for (int i = 0; i < 20; i++) {
        for (int f = 0; f < 3; f++) {
            snprintf(path, sizeof path, "%s/intel-rapl:%d/%s", root, i, files[f]);
            unlink(path);
        }
        snprintf(path, sizeof path, "%s/intel-rapl:%d", root, i);
        rmdir(path);
    }
    CHECK_INT(rmdir(root), 0);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void packages_are_added_and_psys_is_not(void)
{
    vsh_energy_meter meter;
    char root[64];

    make_root(root);
    zone(root, "intel-rapl:0", "package-0\n", "5000000\n");
    zone(root, "intel-rapl:1", "psys\n", "70000000\n");
    zone(root, "intel-rapl:2", "package-1\n", "1000000\n");
    CHECK(vsh_energy_open(&meter, root));
    CHECK_INT(meter.count, 2);
    CHECK_NEAR(vsh_energy_read(&meter).v, 0, 0, 0);
    put(root, "intel-rapl:0", "energy_uj", "7500000\n");
    put(root, "intel-rapl:1", "energy_uj", "90000000\n");
    CHECK_NEAR(vsh_energy_read(&meter).v, 2.5, 1e-12, 0);
    put(root, "intel-rapl:2", "energy_uj", "5000000\n");
    CHECK_NEAR(vsh_energy_read(&meter).v, 6.5, 1e-12, 0);
    drop(root);
}

static void a_counter_that_wraps_goes_on(void)
{
    vsh_energy_meter meter;
    char root[64];

    make_root(root);
    zone(root, "intel-rapl:0", "package-0\n", "999000000\n");
    CHECK(vsh_energy_open(&meter, root));
    put(root, "intel-rapl:0", "energy_uj", "2000000\n");
    CHECK_NEAR(vsh_energy_read(&meter).v, 3, 1e-12, 0);
    drop(root);
}

static void a_counter_that_goes_away_adds_nothing_until_it_is_back(void)
{
    vsh_energy_meter meter;
    char root[64];

    make_root(root);
    zone(root, "intel-rapl:0", "package-0\n", "1000000\n");
    CHECK(vsh_energy_open(&meter, root));
    put(root, "intel-rapl:0", "energy_uj", "broken\n");
    CHECK_NEAR(vsh_energy_read(&meter).v, 0, 0, 0);
    put(root, "intel-rapl:0", "energy_uj", "4000000\n");
    CHECK_NEAR(vsh_energy_read(&meter).v, 3, 1e-12, 0);
    drop(root);
}

static void a_wrap_of_unknown_range_adds_nothing(void)
{
    vsh_energy_meter meter;
    char root[64];

    make_root(root);
    put(root, "intel-rapl:0", "name", "package-0\n");
    put(root, "intel-rapl:0", "energy_uj", "9000000\n");
    CHECK(vsh_energy_open(&meter, root));
    put(root, "intel-rapl:0", "energy_uj", "1000000\n");
    CHECK_NEAR(vsh_energy_read(&meter).v, 0, 0, 0);
    put(root, "intel-rapl:0", "energy_uj", "2000000\n");
    CHECK_NEAR(vsh_energy_read(&meter).v, 1, 1e-12, 0);
    drop(root);
}

static void machines_without_counters_say_so(void)
{
    vsh_energy_meter meter;
    char root[64], deep[200];

    make_root(root);
    CHECK(!vsh_energy_open(&meter, root));
    CHECK_NEAR(vsh_energy_read(&meter).v, 0, 0, 0);
    put(root, "intel-rapl:0", "name", "package-0\n"); /* its counter may not be read */
    CHECK(!vsh_energy_open(&meter, root));
    memset(deep, 'x', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    CHECK(!vsh_energy_open(&meter, deep));
    drop(root);
}

static void this_machine_is_read_or_said_to_have_none(void)
{
    vsh_energy_meter meter;

    if (!vsh_energy_open(&meter, NULL))
        vsh_skip("no RAPL counter can be read here");
    else
        CHECK(vsh_energy_read(&meter).v >= 0);
}

const vsh_test vsh_tests[] = {
    {"packages_are_added_and_psys_is_not", packages_are_added_and_psys_is_not},
    {"a_counter_that_wraps_goes_on", a_counter_that_wraps_goes_on},
    {"a_counter_that_goes_away_adds_nothing_until_it_is_back",
     a_counter_that_goes_away_adds_nothing_until_it_is_back},
    {"a_wrap_of_unknown_range_adds_nothing", a_wrap_of_unknown_range_adds_nothing},
    {"machines_without_counters_say_so", machines_without_counters_say_so},
    {"this_machine_is_read_or_said_to_have_none", this_machine_is_read_or_said_to_have_none},
    {NULL, NULL}};
