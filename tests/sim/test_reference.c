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

/* ---- the register-transfer-level arrays ---------------------------------------------------- */

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

/* ---- worked by hand ------------------------------------------------------------------------ */

static int64_t idle_sum(const sim_counts *counts)
{
    int64_t sum = 0;

    for (int i = 0; i < SIM_IDLE_CAUSES; i++)
        sum += counts->idle[i];
    return sum;
}

static void one_element_loads_multiplies_and_shows(void)
{
    sim_counts counts = run_whole(sim_mesh(1, 1, SIM_WS, SIM_SERIAL), 1, 1, 1);

    CHECK_INT(counts.loading, 1);   /* cycle 0 */
    CHECK_INT(counts.streaming, 1); /* cycle 1 */
    CHECK_INT(counts.last_mac, 2);
    CHECK_INT(counts.cycles, 3); /* visible in cycle 2 */
    CHECK_INT(counts.idle[SIM_IDLE_FILL], 2);
    CHECK_INT(counts.macs, 1);
}

/* A byte a cycle: rhs 0-16, there at 21; lhs 16-32, there at 37; load 37-39, rows 39-41, results
 * out at 44; write-back 44-60, there at 65. */
static void operands_come_over_the_channel_and_results_leave_over_it(void)
{
    sim_machine machine = sim_mesh(2, 2, SIM_WS, SIM_DOUBLE);
    sim_counts counts;

    machine.bytes_num = machine.bytes_den = 1;
    machine.memory_latency = 5;
    counts = run_whole(machine, 2, 2, 2);
    CHECK_INT(counts.read, 32);
    CHECK_INT(counts.write, 16);
    CHECK_INT(counts.bytes_read, 32);
    CHECK_INT(counts.bytes_written, 16);
    CHECK_INT(counts.idle[SIM_IDLE_HEAD], 37);
    CHECK_INT(counts.idle[SIM_IDLE_FILL], 2 + 3);
    CHECK_INT(counts.idle[SIM_IDLE_TAIL], 21);
    CHECK_INT(counts.last_mac, 43);
    CHECK_INT(counts.cycles, 65);
}

/* lhs lies k by m and is turned over after it arrived, at 37: 9 cycles for its one tile. */
static void a_transposed_block_is_turned_over_before_it_is_there(void)
{
    sim_machine machine = sim_mesh(2, 2, SIM_WS, SIM_DOUBLE);
    sim_product product = sim_whole_product(2, 2, 2);
    sim_counts counts;

    machine.bytes_num = machine.bytes_den = 1;
    machine.memory_latency = 5;
    machine.transpose = 9;
    product.transposed = true;
    counts = run(&machine, product);
    CHECK_INT(counts.transposing, 9);
    CHECK_INT(counts.cycles, 65 + 9);
}

/* Two tiles of 2 x 2 with k 1: the first ends its stream at 1; D is 1 + 2R - 2 + C = 5 for its
 * results, 1 + 2R - 1 - 1 = 3, 1 + R - 1 = 2. */
static void results_of_an_output_stationary_tile_must_have_room_to_leave(void)
{
    static const int64_t begins[] = {5, 3, 2};

    for (int p = SIM_SERIAL; p <= SIM_DOUBLE; p++) {
        sim_counts counts = run_whole(sim_mesh(2, 2, SIM_OS, (sim_policy)p), 4, 2, 1);

        CHECK_INT(counts.idle[SIM_IDLE_WEIGHTS], begins[p] - 1);
        CHECK_INT(counts.idle[SIM_IDLE_FILL], 4);
        CHECK_INT(counts.cycles, begins[p] + 1 + 4);
    }
}

/* Tiles of 3 x 1, one row each: serial loads 0-3, 6-9 after the last MAC at 6; shift 0-3, 5-8 (2
 * after the stream's begin at 3); double 0-3, 3-6. */
static void weights_load_when_their_registers_are_free(void)
{
    static const int64_t second[] = {9, 8, 6};

    for (int p = SIM_SERIAL; p <= SIM_DOUBLE; p++) {
        sim_counts counts = run_whole(sim_mesh(3, 1, SIM_WS, (sim_policy)p), 1, 1, 6);

        CHECK_INT(counts.idle[SIM_IDLE_WEIGHTS], second[p] - 4);
        CHECK_INT(counts.cycles, second[p] + 1 + 3);
    }
}

/* Two folds over k: rows 2-4, the first results at 5, work 5-9; with one result buffer rows again
 * 9-11, work 12-16. With accumulators rows 4-6, work 7-11. */
static void the_vector_unit_takes_results_as_they_come_out(void)
{
    sim_machine machine = sim_mesh(2, 2, SIM_WS, SIM_DOUBLE);
    sim_counts counts;

    machine.vector_rate = 1;
    counts = run_whole(machine, 2, 2, 4);
    CHECK_INT(counts.vector, 8);
    CHECK_INT(counts.idle[SIM_IDLE_VECTOR], 5);
    CHECK_INT(counts.idle[SIM_IDLE_FILL], 2 + 5);
    CHECK_INT(counts.cycles, 16);
    machine.accumulators = true;
    counts = run_whole(machine, 2, 2, 4);
    CHECK_INT(counts.vector, 4);
    CHECK_INT(counts.idle[SIM_IDLE_VECTOR], 0);
    CHECK_INT(counts.cycles, 11);
}

/* Three tiles on two units: rows 2-4 on both, 4-6 on the first; results out at 9. */
static void a_unit_without_another_tile_waits_for_the_others(void)
{
    sim_machine machine = sim_mesh(2, 2, SIM_WS, SIM_DOUBLE);
    sim_counts counts;

    machine.units = 2;
    counts = run_whole(machine, 2, 6, 2);
    CHECK_INT(counts.folds, 3);
    CHECK_INT(counts.streaming, 6);
    CHECK_INT(counts.idle[SIM_IDLE_UNITS], 2);
    CHECK_INT(counts.idle[SIM_IDLE_FILL], 2 + 2 + 3 + 3);
    CHECK_INT(counts.cycles, 9);
    CHECK_INT(idle_sum(&counts) + counts.streaming, 18);
}

/* With two blocks of n of 8 bytes, resident lhs and out, one buffer and a byte a cycle: rhs 0-8,
 * overhead until 3 long over, load 8-10, rows 10-12; rhs 12-20, overhead 12-15, load 20-22, rows
 * 22-24, out at 27. */
static void a_buffer_is_filled_again_when_its_block_has_been_used(void)
{
    sim_machine machine = sim_mesh(2, 1, SIM_WS, SIM_DOUBLE);
    sim_product product = sim_whole_product(2, 2, 2);
    sim_counts counts;

    machine.bytes_num = machine.bytes_den = machine.buffers = 1;
    machine.step_overhead = 3;
    product.block_n = 1;
    product.resident[SIM_LHS] = product.resident[SIM_OUT] = true;
    counts = run(&machine, product);
    CHECK_INT(counts.steps, 2);
    CHECK_INT(counts.idle[SIM_IDLE_HEAD], 8);
    CHECK_INT(counts.idle[SIM_IDLE_MEMORY], 8);
    CHECK_INT(counts.idle[SIM_IDLE_OVERHEAD], 0);
    CHECK_INT(counts.idle[SIM_IDLE_WEIGHTS], 2);
    CHECK_INT(counts.cycles, 24 + 2);
    machine.step_overhead = 9;
    counts = run(&machine, product);
    CHECK_INT(counts.idle[SIM_IDLE_HEAD], 8);
    CHECK_INT(counts.idle[SIM_IDLE_MEMORY], 8);
    CHECK_INT(counts.idle[SIM_IDLE_OVERHEAD], 1 + 1);
    CHECK_INT(counts.cycles, 28);
}

/* 64 cycles of load, 16 rows two a cycle, 83 to the results. */
static void a_chip_has_the_latencies_that_were_measured(void)
{
    sim_machine machine = sim_mesh(128, 128, SIM_WS, SIM_DOUBLE);
    sim_counts counts;

    machine.load = 64;
    machine.latency = 83;
    machine.mac_latency = 82;
    machine.pace_den = 2;
    counts = run_whole(machine, 16, 128, 128);
    CHECK_INT(counts.streaming, 8);
    CHECK_INT(counts.last_mac, 64 + 8 + 82);
    CHECK_INT(counts.cycles, 64 + 8 + 83);
}

/* ---- values -------------------------------------------------------------------------------- */

static void the_result_is_the_product(void)
{
    static const int32_t lhs[] = {1, 2, 3, 4}, turned[] = {1, 3, 2, 4}, rhs[] = {5, 6, 7, 8};
    static const int64_t want[] = {19, 22, 43, 50};

    for (int i = 0; i < 8; i++) {
        sim_machine machine = sim_mesh(1 + i % 2, 2, i & 2 ? SIM_OS : SIM_WS, SIM_DOUBLE);
        sim_product product = sim_whole_product(2, 2, 2);
        int64_t out[4] = {-1, -1, -1, -1};
        sim_counts counts;

        machine.bytes_num = machine.bytes_den = 1;
        product.transposed = i & 4;
        REQUIRE_OK(sim_reference_product(vsh_test_arena(), &machine, &product,
                                         product.transposed ? turned : lhs, rhs, out, &counts,
                                         &err),
                   &err);
        for (int at = 0; at < 4; at++)
            CHECK_INT(out[at], want[at]);
    }
}

/* 2^20 squared, 128 times: more than 32 bits hold. */
static void sums_have_63_bits(void)
{
    static int32_t lhs[128], rhs[128];

    for (int i = 0; i < 128; i++)
        lhs[i] = rhs[i] = 1 << 20;
    for (int df = SIM_WS; df <= SIM_OS; df++) {
        sim_machine machine = sim_mesh(4, 4, (sim_dataflow)df, SIM_DOUBLE);
        sim_product product = sim_whole_product(1, 1, 128);
        sim_counts counts;
        int64_t out;

        REQUIRE_OK(sim_reference_product(vsh_test_arena(), &machine, &product, lhs, rhs, &out,
                                         &counts, &err),
                   &err);
        CHECK_INT(out, (int64_t)1 << 47);
    }
}

static void what_it_cannot_hold_is_refused(void)
{
    sim_machine machine = sim_mesh(65536, 65536, SIM_WS, SIM_DOUBLE);
    sim_product product = sim_whole_product(1, 1, 1);
    sim_counts counts;

    CHECK_FAILS(sim_reference_run(vsh_test_arena(), &machine, &product, &counts, &err), &err,
                VSH_EINPUT, "4 GiB");
    machine = sim_mesh(1, 1, SIM_OS, SIM_DOUBLE);
    product = sim_whole_product(1000000, 1000000, 1);
    CHECK_FAILS(sim_reference_run(vsh_test_arena(), &machine, &product, &counts, &err), &err,
                VSH_EINPUT, "4 GiB");
}

const vsh_test vsh_tests[] = {
    {"weight_stationary_counts_are_those_of_the_register_level_array",
     weight_stationary_counts_are_those_of_the_register_level_array},
    {"output_stationary_counts_are_those_of_the_register_level_array",
     output_stationary_counts_are_those_of_the_register_level_array},
    {"one_element_loads_multiplies_and_shows", one_element_loads_multiplies_and_shows},
    {"operands_come_over_the_channel_and_results_leave_over_it",
     operands_come_over_the_channel_and_results_leave_over_it},
    {"a_transposed_block_is_turned_over_before_it_is_there",
     a_transposed_block_is_turned_over_before_it_is_there},
    {"results_of_an_output_stationary_tile_must_have_room_to_leave",
     results_of_an_output_stationary_tile_must_have_room_to_leave},
    {"weights_load_when_their_registers_are_free", weights_load_when_their_registers_are_free},
    {"the_vector_unit_takes_results_as_they_come_out",
     the_vector_unit_takes_results_as_they_come_out},
    {"a_unit_without_another_tile_waits_for_the_others",
     a_unit_without_another_tile_waits_for_the_others},
    {"a_buffer_is_filled_again_when_its_block_has_been_used",
     a_buffer_is_filled_again_when_its_block_has_been_used},
    {"a_chip_has_the_latencies_that_were_measured", a_chip_has_the_latencies_that_were_measured},
    {"the_result_is_the_product", the_result_is_the_product},
    {"sums_have_63_bits", sums_have_63_bits},
    {"what_it_cannot_hold_is_refused", what_it_cannot_hold_is_refused},
    {NULL, NULL}};
