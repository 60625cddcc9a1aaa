#include "planner/laws/one_dimension.h"

#include <math.h>

#include "tests/harness.h"

const char vsh_suite[] = "one_dimension";

static double falls(const void *context, double x) { return *(const double *)context / x; }

static double valley(const void *context, double x)
{
    return pow(log(x / *(const double *)context), 2);
}

static void a_crossing_is_where_the_limit_is_reached(void)
{
    for (double scale = 1e-3; scale < 1e12; scale *= 7)
        CHECK_NEAR(vsh_crossing(1e-9, 1e18, 60, 2, falls, &scale), scale / 2, 1e-12, 0);
}

static void a_limit_that_holds_all_the_way_crosses_at_the_low_end_and_one_that_never_does_nowhere(
    void)
{
    double scale = 10;

    CHECK_NEAR(vsh_crossing(100, 1e6, 60, 2, falls, &scale), 100, 1e-12, 0);
    CHECK(isinf(vsh_crossing(1, 4, 60, 2, falls, &scale)));
    scale = NAN; /* of a form without a loss */
    CHECK(isinf(vsh_crossing(1, 4, 60, 2, falls, &scale)));
}

static void a_minimum_is_found_inside_and_at_both_ends(void)
{
    double bottom = 3e7;

    CHECK_NEAR(vsh_minimum(1e3, 1e15, 80, valley, &bottom), bottom, 1e-6, 0);
    CHECK_NEAR(vsh_minimum(1e3, 1e6, 80, valley, &bottom), 1e6, 1e-6, 0);
    CHECK_NEAR(vsh_minimum(1e9, 1e15, 80, valley, &bottom), 1e9, 1e-6, 0);
    CHECK_NEAR(vsh_minimum(5, 5, 80, valley, &bottom), 5, 1e-12, 0);
}

const vsh_test vsh_tests[] = {
    {"a_crossing_is_where_the_limit_is_reached", a_crossing_is_where_the_limit_is_reached},
    {"a_limit_that_holds_all_the_way_crosses_at_the_low_end_and_one_that_never_does_nowhere",
     a_limit_that_holds_all_the_way_crosses_at_the_low_end_and_one_that_never_does_nowhere},
    {"a_minimum_is_found_inside_and_at_both_ends", a_minimum_is_found_inside_and_at_both_ends},
    {NULL, NULL}};
