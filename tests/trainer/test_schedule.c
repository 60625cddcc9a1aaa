#include "trainer/run/schedule.h"

#include <math.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "schedule";

static const vsh_schedule cosine = {VSH_SCHEDULE_COSINE, 3e-4, 1100, 100, 0, 0.1};
static const vsh_schedule wsd = {VSH_SCHEDULE_WSD, 1e-3, 1000, 50, 0.2, 0};
static const vsh_schedule constant = {VSH_SCHEDULE_CONSTANT, 1e-3, 1000, 10, 0.2, 0.1};
static const vsh_schedule *const all[] = {&cosine, &wsd, &constant};

static void the_words_are_in_the_order_of_the_kinds(void)
{
    CHECK_TEXT(vsh_schedule_words[VSH_SCHEDULE_CONSTANT], "constant");
    CHECK_TEXT(vsh_schedule_words[VSH_SCHEDULE_COSINE], "cosine");
    CHECK_TEXT(vsh_schedule_words[VSH_SCHEDULE_WSD], "wsd");
    CHECK(vsh_schedule_words[3] == NULL);
}

static void warmup_rises_from_nothing_by_equal_steps_to_the_peak(void)
{
    for (int i = 0; i < 3; i++)
        for (int64_t step = 1; step <= all[i]->warmup; step++)
            CHECK_NEAR(vsh_schedule_rate(all[i], step),
                       all[i]->peak * (double)step / (double)all[i]->warmup, 1e-14, 0);
}

/* The curve at its quarters, by hand: cos 45, 90 and 135 degrees. */
static void cosine_goes_through_its_quarters_to_its_end(void)
{
    double low = 0.1 * 3e-4, height = 0.9 * 3e-4;

    CHECK_NEAR(vsh_schedule_rate(&cosine, 350), low + height * (1 + sqrt(0.5)) / 2, 1e-14, 0);
    CHECK_NEAR(vsh_schedule_rate(&cosine, 600), low + height / 2, 1e-14, 0);
    CHECK_NEAR(vsh_schedule_rate(&cosine, 850), low + height * (1 - sqrt(0.5)) / 2, 1e-14, 0);
    CHECK_NEAR(vsh_schedule_rate(&cosine, 1100), low, 1e-14, 0);
}

static void wsd_is_stable_and_then_falls_in_a_line_to_its_end(void)
{
    CHECK_NEAR(vsh_schedule_rate(&wsd, 51), 1e-3, 0, 0);
    CHECK_NEAR(vsh_schedule_rate(&wsd, 800), 1e-3, 0, 0);
    CHECK_NEAR(vsh_schedule_rate(&wsd, 801), 1e-3 * 199 / 200, 1e-14, 0);
    CHECK_NEAR(vsh_schedule_rate(&wsd, 900), 0.5e-3, 1e-14, 0);
    CHECK_NEAR(vsh_schedule_rate(&wsd, 1000), 0, 0, 0);
}

static void constant_stays_at_the_peak(void)
{
    CHECK_NEAR(vsh_schedule_rate(&constant, 11), 1e-3, 0, 0);
    CHECK_NEAR(vsh_schedule_rate(&constant, 1000), 1e-3, 0, 0);
}

static void no_schedule_rises_after_its_warmup_or_leaves_its_range(void)
{
    for (int i = 0; i < 3; i++)
        for (int64_t step = all[i]->warmup + 1; step <= all[i]->steps; step++) {
            double rate = vsh_schedule_rate(all[i], step);
            CHECK(rate <= vsh_schedule_rate(all[i], step - 1));
            CHECK(rate >= 0 && rate <= all[i]->peak);
        }
}

static void steps_beyond_the_last_have_its_rate(void)
{
    for (int i = 0; i < 3; i++)
        CHECK_NEAR(vsh_schedule_rate(all[i], all[i]->steps + 500),
                   vsh_schedule_rate(all[i], all[i]->steps), 0, 0);
}

static void runs_shorter_than_their_parts_stay_in_range(void)
{
    for (int kind = VSH_SCHEDULE_CONSTANT; kind <= VSH_SCHEDULE_WSD; kind++)
        for (int64_t steps = 1; steps <= 4; steps++)
            for (int64_t warmup = 0; warmup <= 6; warmup++) {
                vsh_schedule s = {kind, 1, steps, warmup, 1, 0.1};
                for (int64_t step = 1; step <= steps; step++) {
                    double rate = vsh_schedule_rate(&s, step);
                    CHECK(rate > 0 && rate <= 1);
                }
            }
}

/* Warmup and cooldown together longer than the run: the cooldown gives way. */
static void a_cooldown_begins_after_the_warmup(void)
{
    vsh_schedule s = {VSH_SCHEDULE_WSD, 1, 100, 40, 0.9, 0};

    CHECK_NEAR(vsh_schedule_rate(&s, 40), 1, 0, 0);
    CHECK_NEAR(vsh_schedule_rate(&s, 70), 0.5, 1e-14, 0);
    CHECK_NEAR(vsh_schedule_rate(&s, 100), 0, 0, 0);
}

const vsh_test vsh_tests[] = {
    {"the_words_are_in_the_order_of_the_kinds", the_words_are_in_the_order_of_the_kinds},
    {"warmup_rises_from_nothing_by_equal_steps_to_the_peak",
     warmup_rises_from_nothing_by_equal_steps_to_the_peak},
    {"cosine_goes_through_its_quarters_to_its_end", cosine_goes_through_its_quarters_to_its_end},
    {"wsd_is_stable_and_then_falls_in_a_line_to_its_end",
     wsd_is_stable_and_then_falls_in_a_line_to_its_end},
    {"constant_stays_at_the_peak", constant_stays_at_the_peak},
    {"no_schedule_rises_after_its_warmup_or_leaves_its_range",
     no_schedule_rises_after_its_warmup_or_leaves_its_range},
    {"steps_beyond_the_last_have_its_rate", steps_beyond_the_last_have_its_rate},
    {"runs_shorter_than_their_parts_stay_in_range", runs_shorter_than_their_parts_stay_in_range},
    {"a_cooldown_begins_after_the_warmup", a_cooldown_begins_after_the_warmup},
    {NULL, NULL}};
