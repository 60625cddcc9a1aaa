#include "trainer/run/schedule.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

const char *const vsh_schedule_words[] = {"constant", "cosine", "wsd", NULL};

static const double pi = 3.14159265358979323846;

/* Shares of the peak, after done of left steps since the warmup. */
static double constant_share(const vsh_schedule *schedule, int64_t done, int64_t left)
{
    (void)schedule;
    (void)done;
    (void)left;
    return 1;
}

static double cosine_share(const vsh_schedule *schedule, int64_t done, int64_t left)
{
    double t = left > 0 ? (double)done / (double)left : 1;

    return schedule->final + (1 - schedule->final) * 0.5 * (1 + cos(pi * t));
}

/* The cooldown is a share of all steps, never longer than what the warmup leaves. */
static double wsd_share(const vsh_schedule *schedule, int64_t done, int64_t left)
{
    double cooldown = fmin(round(schedule->cooldown * (double)schedule->steps), (double)left);
    double to_go = (double)(left - done);

    if (to_go >= cooldown)
        return 1;
    return schedule->final + (1 - schedule->final) * to_go / cooldown;
}

double vsh_schedule_rate(const vsh_schedule *schedule, int64_t step)
{
    static double (*const share[])(const vsh_schedule *, int64_t,
                                   int64_t) = {constant_share, cosine_share, wsd_share};
    int64_t last = step < schedule->steps ? step : schedule->steps;

    assert(step >= 1 && schedule->kind >= VSH_SCHEDULE_CONSTANT &&
           schedule->kind <= VSH_SCHEDULE_WSD);
    assert(schedule->steps >= 1 && schedule->warmup >= 0 && schedule->peak >= 0);
    if (last < schedule->warmup)
        return schedule->peak * (double)last / (double)schedule->warmup;
    return schedule->peak * share[schedule->kind](schedule, last - schedule->warmup,
                                                  schedule->steps - schedule->warmup);
}
