#include "core/cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/library.h"
#include "core/lower.h"
#include "tests/harness.h"

const char vsh_suite[] = "cost";

static vsh_error err;

/* 100 FLOP/s on the matrix units, 10 on the vector units, 5 B/s. */
static vsh_hardware toy(void)
{
    return (vsh_hardware){.name = "toy",
                          .peak[VSH_BF16] = {.known = true, .value = 100},
                          .vector = {.known = true, .value = 10},
                          .memory_rate = {.known = true, .value = 5}};
}

static void check_cost(vsh_op op, const vsh_hardware *hardware, double time, const char *bound)
{
    vsh_op_cost cost = vsh_cost_op(&op, hardware, VSH_BF16);

    CHECK_NEAR(cost.time.v, time, 1e-15, 0);
    CHECK_TEXT(vsh_bound_names[cost.bound], bound);
}

static void the_highest_of_the_three_roofs_is_the_time(void)
{
    vsh_hardware hardware = toy();

    check_cost((vsh_op){.executed_macs = 500, .vector_flops = {50}, .bytes = {20}}, &hardware, 10,
               "matrix");
    check_cost((vsh_op){.executed_macs = 100, .vector_flops = {50}, .bytes = {20}}, &hardware, 5,
               "vector");
    check_cost((vsh_op){.executed_macs = 100, .vector_flops = {50}, .bytes = {200}}, &hardware, 40,
               "memory");
}

static void what_is_executed_is_priced_and_not_the_model(void)
{
    vsh_hardware hardware = toy();

    check_cost((vsh_op){.model_macs = 50, .executed_macs = 500}, &hardware, 10, "matrix");
}

static void a_profile_without_a_vector_figure_has_no_vector_roof(void)
{
    vsh_hardware hardware = toy();

    hardware.vector = (vsh_figure){0};
    check_cost((vsh_op){.executed_macs = 50, .vector_flops = {1e9}, .bytes = {1}}, &hardware, 1,
               "matrix");
}

static void a_precision_uses_its_own_peak_or_the_nearest(void)
{
    vsh_hardware hardware = toy();
    vsh_op op = {.executed_macs = 500};

    hardware.peak[VSH_INT8] = (vsh_figure){.known = true, .value = 200};
    CHECK_NEAR(vsh_cost_op(&op, &hardware, VSH_INT8).time.v, 5, 0, 0);
    CHECK_NEAR(vsh_cost_op(&op, &hardware, VSH_BF16).time.v, 10, 0, 0);
    CHECK_NEAR(vsh_cost_op(&op, &hardware, VSH_FP8).time.v, 10, 0, 0);
    CHECK_NEAR(vsh_cost_op(&op, &hardware, VSH_FP32).time.v, 10, 0, 0);
}

static void bounds_have_the_names_of_the_contract(void)
{
    CHECK_TEXT(vsh_bound_names[VSH_BOUND_MATRIX], "matrix");
    CHECK_TEXT(vsh_bound_names[VSH_BOUND_VECTOR], "vector");
    CHECK_TEXT(vsh_bound_names[VSH_BOUND_MEMORY], "memory");
    CHECK_TEXT(vsh_bound_names[VSH_BOUND_NETWORK], "network");
    CHECK_TEXT(vsh_bound_names[VSH_BOUND_LATENCY], "latency");
    CHECK_TEXT(vsh_bound_names[VSH_BOUND_FILL], "fill");
    CHECK_INT(VSH_BOUND_COUNT, 6);
}

static void a_list_costs_the_sum_and_is_bound_where_most_time_goes(void)
{
    static vsh_op_list ops;
    vsh_hardware hardware = toy();
    vsh_op_cost cost;

    ops.count = 3;
    ops.item[0] = (vsh_op){.executed_macs = 500}; /* 10 s matrix */
    ops.item[1] = (vsh_op){.bytes = {35}};        /* 7 s memory */
    ops.item[2] = (vsh_op){.bytes = {40}};        /* 8 s memory */
    cost = vsh_cost_ops(&ops, &hardware, VSH_BF16);
    CHECK_NEAR(cost.time.v, 25, 1e-15, 0);
    CHECK_TEXT(vsh_bound_names[cost.bound], "memory");
    ops.count = 0;
    CHECK_NEAR(vsh_cost_ops(&ops, &hardware, VSH_BF16).time.v, 0, 0, 0);
}

/* Every operation of three models on every profile that ships: no faster than any ceiling, and
 * exactly as slow as the one it names. */
static void no_operation_is_faster_than_a_ceiling_of_its_chip(void)
{
    static const char *const files[] = {"models/gpt2-124m.yaml", "models/tiny-moe.yaml",
                                        "models/deepseek-v3.yaml"};
    const char *names[VSH_LIBRARY_NAMES];
    vsh_library library = {{"."}};
    size_t count = 0;

    REQUIRE_OK(vsh_library_list(vsh_test_arena(), &library, "hwprofiles", names, &count, &err),
               &err);
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        static vsh_model model;
        static vsh_op_list ops;
        vsh_work work = vsh_work_default(1024);
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), files[f], &model, &err), &err);
        REQUIRE_OK(vsh_lower(&model, &work, &ops, &err), &err);
        for (size_t h = 0; h < count; h++) {
            static vsh_hardware hardware;
            char path[200];
            double total = 0, peak;
            vsh_precision used;
            snprintf(path, sizeof path, "hwprofiles/%s.yaml", names[h]);
            REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &hardware, &err), &err);
            peak = vsh_hardware_peak(&hardware, VSH_BF16, &used)->value;
            for (int i = 0; i < ops.count; i++) {
                const vsh_op *op = &ops.item[i];
                vsh_op_cost cost = vsh_cost_op(op, &hardware, VSH_BF16);
                double roof[3] = {2 * (double)op->executed_macs / peak,
                                  hardware.vector.known ? op->vector_flops.v / hardware.vector.value
                                                        : 0,
                                  op->bytes.v / hardware.memory_rate.value};
                CHECK(cost.time.v >= roof[0] && cost.time.v >= roof[1] && cost.time.v >= roof[2]);
                REQUIRE(cost.bound <= VSH_BOUND_MEMORY);
                CHECK_NEAR(cost.time.v, roof[cost.bound], 1e-15, 0);
                total += cost.time.v;
            }
            CHECK_NEAR(vsh_cost_ops(&ops, &hardware, VSH_BF16).time.v, total, 1e-12, 0);
            CHECK(total >= vsh_ops_step_executed_flops(&ops).v / peak * (1 - 1e-12));
        }
    }
}

/* Adding work or bytes never makes an operation faster. */
static void cost_grows_with_work_and_bytes(void)
{
    vsh_hardware hardware = toy();
    double before = 0;

    for (int64_t macs = 0; macs < 10000; macs += 97) {
        vsh_op op = {.executed_macs = macs, .vector_flops = {40}, .bytes = {30}};
        double time = vsh_cost_op(&op, &hardware, VSH_BF16).time.v;
        CHECK(time >= before);
        before = time;
    }
}

static void a_large_product_is_bound_by_the_matrix_units_and_a_small_one_by_memory(void)
{
    static vsh_hardware hardware;
    vsh_op op = {.executed_macs = 4096LL * 4096 * 4096, .bytes = {3.0 * 2 * 4096 * 4096}};

    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/tpu-v5e.yaml", &hardware, &err), &err);
    CHECK_INT(vsh_cost_op(&op, &hardware, VSH_BF16).bound, VSH_BOUND_MATRIX);
    op = (vsh_op){.executed_macs = 1LL * 4096 * 4096, .bytes = {2.0 * 4096 * 4096}};
    CHECK_INT(vsh_cost_op(&op, &hardware, VSH_BF16).bound, VSH_BOUND_MEMORY);
}

const vsh_test vsh_tests[] = {
    {"the_highest_of_the_three_roofs_is_the_time", the_highest_of_the_three_roofs_is_the_time},
    {"what_is_executed_is_priced_and_not_the_model", what_is_executed_is_priced_and_not_the_model},
    {"a_profile_without_a_vector_figure_has_no_vector_roof",
     a_profile_without_a_vector_figure_has_no_vector_roof},
    {"a_precision_uses_its_own_peak_or_the_nearest", a_precision_uses_its_own_peak_or_the_nearest},
    {"bounds_have_the_names_of_the_contract", bounds_have_the_names_of_the_contract},
    {"a_list_costs_the_sum_and_is_bound_where_most_time_goes",
     a_list_costs_the_sum_and_is_bound_where_most_time_goes},
    {"no_operation_is_faster_than_a_ceiling_of_its_chip",
     no_operation_is_faster_than_a_ceiling_of_its_chip},
    {"cost_grows_with_work_and_bytes", cost_grows_with_work_and_bytes},
    {"a_large_product_is_bound_by_the_matrix_units_and_a_small_one_by_memory",
     a_large_product_is_bound_by_the_matrix_units_and_a_small_one_by_memory},
    {NULL, NULL}};
