#include "sim/gemm_answer.h"

#include <math.h>

#include "tests/harness.h"

const char vsh_suite[] = "gemm_answer";

static vsh_error err;
static vsh_arena arena;

static sim_gemm_answer ask(sim_machine machine, int64_t m, int64_t n, int64_t k)
{
    return (sim_gemm_answer){.machine = machine,
                             .m = m,
                             .n = n,
                             .k = k,
                             .cores = 1,
                             .dispatch = NAN,
                             .product = sim_whole_product(m, n, k),
                             .engine = &sim_engines[SIM_EVENT],
                             .count = 1,
                             .hertz = NAN};
}

static void check_bound(sim_gemm_answer a, vsh_bound bound)
{
    CHECK_OK(sim_gemm_solve(&arena, &a, &err), &err);
    CHECK_TEXT(vsh_bound_names[a.bound], vsh_bound_names[bound]);
}

static void the_bound_is_the_resource_that_is_busy_longest(void)
{
    sim_machine machine = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_gemm_answer transposed;

    check_bound(ask(machine, 64, 48, 32), VSH_BOUND_MATRIX);
    check_bound(ask(machine, 1, 1, 1), VSH_BOUND_FILL);
    machine.vector_rate = 1;
    check_bound(ask(machine, 64, 48, 32), VSH_BOUND_VECTOR);
    machine.bytes_num = 1;
    machine.bytes_den = 10;
    check_bound(ask(machine, 64, 48, 32), VSH_BOUND_MEMORY);
    machine.bytes_num = 10000;
    machine.bytes_den = 1;
    machine.vector_rate = 0;
    machine.transpose = 1000;
    transposed = ask(machine, 64, 48, 32);
    check_bound(transposed, VSH_BOUND_MATRIX);
    transposed.product.transposed = true;
    check_bound(transposed, VSH_BOUND_VECTOR);
}

/* The closed engine is the judge of what memory costs; the event engine without memory is its. */
static void stalls_are_the_cycles_that_ideal_memory_saves(void)
{
    for (int d = SIM_WS; d <= SIM_IS; d++)
        for (int policy = SIM_SERIAL; policy <= SIM_DOUBLE; policy++)
            for (int64_t block = 8; block <= 40; block += 16) {
                sim_machine machine = sim_mesh(4, 6, (sim_dataflow)d, (sim_policy)policy);
                sim_gemm_answer real, ideal = ask(machine, 40, 30, 20);
                ideal.product.block_m = block;
                ideal.product.block_k = 7;
                real = ideal;
                real.machine.bytes_num = 3;
                real.machine.bytes_den = 2;
                CHECK_OK(sim_gemm_solve(&arena, &ideal, &err), &err);
                CHECK_OK(sim_gemm_solve(&arena, &real, &err), &err);
                CHECK_INT(ideal.stall_cycles, 0);
                CHECK_INT(real.stall_cycles, real.counts.cycles - ideal.counts.cycles);
                CHECK(real.stall_cycles > 0);
            }
}

static void utilization_is_the_share_of_multiply_adds_that_could_be_done(void)
{
    sim_machine machine = sim_mesh(4, 6, SIM_WS, SIM_SERIAL);
    sim_gemm_answer a = ask(machine, 10, 6, 4);

    CHECK_OK(sim_gemm_solve(&arena, &a, &err), &err);
    CHECK_INT(a.counts.macs, 10 * 6 * 4);
    CHECK_NEAR(a.utilization, 240 / ((double)a.counts.cycles * 4 * 6), 1e-15, 0);
    a.machine.units = 3;
    a.macs_a_cycle = 0; /* of the machine again */
    CHECK_OK(sim_gemm_solve(&arena, &a, &err), &err);
    CHECK_NEAR(a.utilization, 240 / ((double)a.counts.cycles * 3 * 4 * 6), 1e-15, 0);
}

static void executions_stand_one_after_another(void)
{
    sim_machine machine = sim_mesh(4, 6, SIM_WS, SIM_SHIFT);
    sim_gemm_answer one, nine;

    machine.bytes_num = machine.bytes_den = 1;
    machine.units = 2;
    one = nine = ask(machine, 20, 30, 11);
    nine.count = 9;
    nine.hertz = 1e9;
    CHECK_OK(sim_gemm_solve(&arena, &one, &err), &err);
    CHECK_OK(sim_gemm_solve(&arena, &nine, &err), &err);
    CHECK(one.counts.last_mac <= one.counts.cycles);
    CHECK_INT(nine.counts.cycles, 9 * one.counts.cycles);
    CHECK_INT(nine.counts.last_mac, 8 * one.counts.cycles + one.counts.last_mac);
    CHECK_INT(nine.counts.macs, 9 * one.counts.macs);
    CHECK_INT(nine.counts.bytes_written, 9 * one.counts.bytes_written);
    CHECK_INT(nine.stall_cycles, 9 * one.stall_cycles);
    for (int i = 0; i < SIM_IDLE_CAUSES; i++)
        CHECK_INT(nine.counts.idle[i], 9 * one.counts.idle[i]);
    CHECK_NEAR(nine.utilization, one.utilization, 1e-15, 0);
    CHECK(nine.bound == one.bound);
    CHECK_NEAR(sim_gemm_seconds(&nine), 9e-9 * (double)one.counts.cycles, 1e-15, 0);
    CHECK(isnan(sim_gemm_seconds(&one)));
}

static void counts_beyond_63_bits_are_refused_by_every_engine(void)
{
    sim_machine thin = sim_mesh(1, 65536, SIM_WS, SIM_SERIAL), slow = sim_mesh(8, 8, SIM_OS, 0);

    slow.bytes_num = 1;
    slow.bytes_den = 1000000;
    for (int i = 0; i < SIM_ENGINES; i++) {
        sim_gemm_answer folds = ask(thin, 1, 1, (int64_t)1e15);
        sim_gemm_answer bytes = ask(slow, 1, 1, (int64_t)1e13),
                        macs = ask(thin, 1 << 30, 1 << 30, 8);
        folds.engine = bytes.engine = macs.engine = &sim_engines[i];
        CHECK_FAILS(sim_gemm_solve(&arena, &folds, &err), &err, VSH_EINPUT, "cycles and bytes");
        CHECK_FAILS(sim_gemm_solve(&arena, &bytes, &err), &err, VSH_EINPUT, "cycles and bytes");
        CHECK_FAILS(sim_gemm_solve(&arena, &macs, &err), &err, VSH_EINPUT, "multiply-adds");
    }
}

static void every_counter_of_a_large_product_is_in_range(void)
{
    sim_gemm_answer a = ask(sim_mesh(256, 256, SIM_WS, SIM_DOUBLE), 1000000, 1000000, 1000000);

    a.machine.bytes_num = 1234567;
    a.machine.bytes_den = 1000;
    CHECK_OK(sim_gemm_solve(&arena, &a, &err), &err);
    CHECK(a.counts.cycles > 0 && a.counts.bytes_read > 0 && a.stall_cycles >= 0);
    CHECK(a.utilization > 0 && a.utilization <= 1);
    vsh_arena_free(&arena);
}

const vsh_test vsh_tests[] = {
    {"the_bound_is_the_resource_that_is_busy_longest",
     the_bound_is_the_resource_that_is_busy_longest},
    {"stalls_are_the_cycles_that_ideal_memory_saves",
     stalls_are_the_cycles_that_ideal_memory_saves},
    {"utilization_is_the_share_of_multiply_adds_that_could_be_done",
     utilization_is_the_share_of_multiply_adds_that_could_be_done},
    {"executions_stand_one_after_another", executions_stand_one_after_another},
    {"counts_beyond_63_bits_are_refused_by_every_engine",
     counts_beyond_63_bits_are_refused_by_every_engine},
    {"every_counter_of_a_large_product_is_in_range", every_counter_of_a_large_product_is_in_range},
    {NULL, NULL}};
