#include "core/units.h"

#include "tests/harness.h"

const char vsh_suite[] = "units";

#define CHECK_UNIT(unit)                                                                           \
    do {                                                                                           \
        vsh_##unit a = {3}, b = {0.5};                                                             \
        CHECK_NEAR(vsh_##unit##_add(a, b).v, 3.5, 0, 0);                                           \
        CHECK_NEAR(vsh_##unit##_times(a, 4).v, 12, 0, 0);                                          \
        CHECK_NEAR(vsh_##unit##_ratio(a, b), 6, 0, 0);                                             \
        CHECK_INT((int64_t)sizeof(vsh_##unit), (int64_t)sizeof(double));                           \
    } while (0);

static void every_unit_adds_scales_and_divides_exactly(void) { VSH_UNIT_LIST(CHECK_UNIT) }

static void time_is_work_over_rate(void)
{
    CHECK_NEAR(vsh_time_compute((vsh_flops){197e12}, (vsh_flop_rate){197e12}).v, 1, 0, 0);
    CHECK_NEAR(vsh_time_move((vsh_bytes){3.35e12}, (vsh_byte_rate){3.35e12 / 4}).v, 4, 0, 0);
}

static void work_is_rate_times_time_and_back(void)
{
    vsh_flop_rate rate = {50e12};
    vsh_flops work = vsh_work_done(rate, vsh_hours(100));

    CHECK_NEAR(work.v, 1.8e19, 0, 0);
    CHECK_NEAR(vsh_in_hours(vsh_time_compute(work, rate)), 100, 1e-15, 0);
}

static void hours_and_kilowatt_hours_convert_both_ways(void)
{
    CHECK_NEAR(vsh_hours(2.5).v, 9000, 0, 0);
    CHECK_NEAR(vsh_in_hours(vsh_hours(96)), 96, 0, 0);
    CHECK_NEAR(vsh_in_kwh(vsh_energy((vsh_watts){1000}, vsh_hours(1))), 1, 0, 0);
    CHECK_NEAR(vsh_in_kwh(vsh_energy((vsh_watts){260}, vsh_hours(100))), 26, 1e-15, 0);
}

const vsh_test vsh_tests[] = {
    {"every_unit_adds_scales_and_divides_exactly", every_unit_adds_scales_and_divides_exactly},
    {"time_is_work_over_rate", time_is_work_over_rate},
    {"work_is_rate_times_time_and_back", work_is_rate_times_time_and_back},
    {"hours_and_kilowatt_hours_convert_both_ways", hours_and_kilowatt_hours_convert_both_ways},
    {NULL, NULL}};
