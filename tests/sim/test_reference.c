#include "sim/reference.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "sim/reference";

static vsh_error err;

static sim_counts run(const sim_machine *machine, sim_product product)
{
    sim_machine oriented = *machine;
    sim_counts counts;

    product = sim_product_oriented(&product, &oriented);
    REQUIRE_OK(sim_reference_run(vsh_test_arena(), &oriented, &product, &counts, &err), &err);
    return counts;
}

static sim_counts run_whole(sim_machine machine, int64_t m, int64_t n, int64_t k)
{
    return run(&machine, sim_whole_product(m, n, k));
}

/* ---- the register-transfer-level arrays -------------------------------------------------------
 */

static void weight_stationary_counts_are_those_of_the_register_level_array(void)
{
    FILE *file = fopen("tests/golden/sim/rtl_ws_counts.csv", "r");
    char line[256], mode[32];
    long long v[10];
    int rows = 0;

    REQUIRE(file != NULL);
    REQUIRE(fgets(line, sizeof line, file) != NULL);
    while (fscanf(file, "%31[a-z_],%lld,%lld,%lld,%lld,%lld,%lld,%lld,%lld,%lld,%lld\n", mode,
                  &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9]) == 11) {
        sim_policy policy = strcmp(mode, "serial") == 0 ? SIM_SERIAL : SIM_DOUBLE;
        sim_counts counts = run_whole(sim_mesh(v[0], v[1], SIM_WS, policy), v[2], v[3], v[4]);

        CHECK_INT(counts.folds, v[5]);
        CHECK_INT(counts.idle[SIM_IDLE_FILL] - (v[0] + v[1] - 1), v[6]); /* before: first MAC */
        CHECK_INT(counts.last_mac, v[8]);
        CHECK_INT(counts.cycles, v[9]);
        rows++;
    }
    fclose(file);
    CHECK_INT(rows, 233);
}

/* Each row counts its first tile. */
static void output_stationary_counts_are_those_of_the_register_level_array(void)
{
    FILE *file = fopen("tests/golden/sim/rtl_os_counts.csv", "r");
    char line[256];
    long long v[8];
    int rows = 0;

    REQUIRE(file != NULL);
    REQUIRE(fgets(line, sizeof line, file) != NULL);
    while (fscanf(file, "%lld,%lld,%lld,%lld,%lld,%lld,%lld,%lld\n", &v[0], &v[1], &v[2], &v[3],
                  &v[4], &v[5], &v[6], &v[7]) == 8) {
        for (int p = SIM_SERIAL; p <= SIM_DOUBLE; p++) {
            sim_machine machine = sim_mesh(v[0], v[1], SIM_OS, (sim_policy)p);
            sim_counts tile =
                run_whole(machine, v[0] < v[2] ? v[0] : v[2], v[1] < v[3] ? v[1] : v[3], v[4]);

            CHECK_INT(tile.last_mac, v[6]);
            CHECK_INT(tile.cycles, v[7]);
            CHECK_INT(run_whole(machine, v[2], v[3], v[4]).folds, v[5]);
        }
        rows++;
    }
    fclose(file);
    CHECK_INT(rows, 63);
}

const vsh_test vsh_tests[] = {{"weight_stationary_counts_are_those_of_the_register_level_array",
                               weight_stationary_counts_are_those_of_the_register_level_array},
                              {"output_stationary_counts_are_those_of_the_register_level_array",
                               output_stationary_counts_are_those_of_the_register_level_array},
                              {NULL, NULL}};
