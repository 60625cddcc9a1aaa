#include "core/clock.h"

#include <time.h>

#include "tests/harness.h"

const char vsh_suite[] = "clock";

static void time_never_goes_back(void)
{
    double before = vsh_clock_now().v;

    for (int i = 0; i < 100000; i++) {
        double now = vsh_clock_now().v;
        if (now < before)
            CHECK_NEAR(now, before, 0, 0);
        before = now;
    }
    CHECK(before > 0);
}

static void a_pause_is_as_long_as_it_was(void)
{
    struct timespec pause = {0, 20000000};
    double start = vsh_clock_now().v, taken;

    nanosleep(&pause, NULL);
    taken = vsh_clock_now().v - start;
    CHECK(taken >= 0.02);
    CHECK(taken < 10); /* a loaded machine may wait, and the unit is the second */
}

const vsh_test vsh_tests[] = {{"time_never_goes_back", time_never_goes_back},
                              {"a_pause_is_as_long_as_it_was", a_pause_is_as_long_as_it_was},
                              {NULL, NULL}};
