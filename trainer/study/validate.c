#include "trainer/study/validate.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/sort.h"

/* ---- the lines ------------------------------------------------------------------------------- */

/* What decides a line: counts always; times when nobody else used the machine; energy when it was
 * measured and the profile's watts are more than a guess. */
typedef enum { BY_COUNT, BY_TIME, BY_ENERGY } decided;

typedef struct {
    const char *name, *unit;
    size_t offset; /* in vsh_validate_figures */
    double tolerance;
    decided by;
    bool planner; /* predicted by vishwa-plan, the process */
} quantity;

#define AT(field) offsetof(vsh_validate_figures, field)

/* What takes 1.2 times as long makes 1 / 1.2 of the tokens: their tolerance covers a time that is
 * 0.8 of the measured one. */
static const quantity quantities[VSH_VALIDATE_QUANTITIES] = {
    {"parameters", "1", AT(parameters), 0, BY_COUNT},
    {"parameters_planner", "1", AT(parameters), 0, BY_COUNT, true},
    {"tensors", "1", AT(tensors), 0, BY_COUNT},
    {"checkpoint_bytes", "B", AT(checkpoint_bytes), 0, BY_COUNT},
    {"products", "1", AT(products), 0, BY_COUNT},
    {"model_flops", "FLOP", AT(model_flops), 0, BY_COUNT},
    {"model_flops_planner", "FLOP", AT(model_flops), 0, BY_COUNT, true},
    {"executed_flops", "FLOP", AT(executed_flops), 0, BY_COUNT},
    {"arena_bytes", "B", AT(arena_bytes), 0, BY_COUNT},
    {"resident_bytes", "B", AT(resident_bytes), VSH_RESIDENT_TOLERANCE, BY_COUNT},
    {"step_time_s", "s", AT(step_time_s), VSH_STEP_TIME_WORST, BY_TIME},
    {"tokens_per_s", "1/s", AT(tokens_per_s), 1 / (1 - VSH_STEP_TIME_WORST) - 1, BY_TIME},
    {"energy_j", "J", AT(energy_j), VSH_STEP_TIME_WORST, BY_ENERGY},
};

static double figure(const vsh_validate_figures *f, const quantity *q)
{
    return *(const double *)(const void *)((const char *)f + q->offset);
}

static double error_of(double said, double measured)
{
    return said == measured ? 0 : said / measured - 1;
}

/* Why a line cannot be judged; NULL: it can. */
static const char *undecided(const vsh_validated *run, const quantity *q,
                             const vsh_validate_check *c)
{
    if (isnan(c->predicted))
        return "not predicted";
    if (isnan(c->measured))
        return "not measured";
    if (q->by == BY_COUNT)
        return NULL;
    if (run->which->calibration)
        return "for calibration";
    if (vsh_validate_disturbed(&run->measured))
        return "the machine was busy";
    if (run->uncalibrated)
        return "no run for calibration of its kind was undisturbed";
    if (q->by == BY_ENERGY && !run->watts_measured)
        return "the profile's watts are assumed";
    return NULL;
}

static vsh_validate_check check(const vsh_validated *run, const quantity *q)
{
    vsh_validate_check c = {.which = run->which,
                            .quantity = q->name,
                            .unit = q->unit,
                            .predicted = figure(q->planner ? &run->planner : &run->predicted, q),
                            .simulated = figure(&run->simulated, q),
                            .measured = figure(&run->measured.figures, q),
                            .modelled = q->by == BY_ENERGY ? run->modelled_j : (double)NAN,
                            .tolerance = q->tolerance};

    c.rel_error = error_of(c.predicted, c.measured);
    c.simulated_error = error_of(c.simulated, c.measured);
    c.why = undecided(run, q, &c);
    c.verdict = c.why                               ? VSH_CHECK_UNDECIDED
                : fabs(c.rel_error) <= q->tolerance ? VSH_CHECK_PASSED
                                                    : VSH_CHECK_FAILED;
    return c;
}

void vsh_validate_checks(const vsh_validated *run,
                         vsh_validate_check checks[VSH_VALIDATE_QUANTITIES])
{
    for (int i = 0; i < VSH_VALIDATE_QUANTITIES; i++)
        checks[i] = check(run, &quantities[i]);
}

/* ---- over all -------------------------------------------------------------------------------- */

static vsh_validate_check over_all(const char *what, const char *unit, double tolerance)
{
    return (vsh_validate_check){.quantity = what,
                                .unit = unit,
                                .predicted = NAN,
                                .simulated = NAN,
                                .measured = NAN,
                                .modelled = NAN,
                                .rel_error = NAN,
                                .simulated_error = NAN,
                                .tolerance = tolerance,
                                .verdict = VSH_CHECK_UNDECIDED};
}

static void judge_rate(double profile, double before, double after, vsh_validate_check *c)
{
    double best = fmax(before, after);

    c->predicted = profile;
    c->measured = best;
    c->rel_error = error_of(profile, best);
    if (best / fmin(before, after) - 1 > VSH_PROBE_SPREAD_MAX)
        c->why = "the machine was busy";
    else
        c->verdict = fabs(c->rel_error) <= c->tolerance ? VSH_CHECK_PASSED : VSH_CHECK_FAILED;
}

void vsh_validate_rates(const vsh_hardware *profile, const vsh_hardware seen[2],
                        vsh_validate_check checks[VSH_VALIDATE_RATES])
{
    checks[0] = over_all("profile_fp32_flops_per_s", "FLOP/s", VSH_RATE_TOLERANCE);
    judge_rate(profile->peak[VSH_FP32].value, seen[0].peak[VSH_FP32].value,
               seen[1].peak[VSH_FP32].value, &checks[0]);
    checks[1] = over_all("profile_memory_bytes_per_s", "B/s", VSH_RATE_TOLERANCE);
    judge_rate(profile->memory_rate.value, seen[0].memory_rate.value, seen[1].memory_rate.value,
               &checks[1]);
}

static bool decided_time(const vsh_validate_check *c)
{
    return c->verdict != VSH_CHECK_UNDECIDED && strcmp(c->quantity, "step_time_s") == 0;
}

vsh_validate_times vsh_validate_count_times(const vsh_validate_check *checks, int count)
{
    vsh_validate_times times = {0};

    for (int i = 0; i < count; i++) {
        times.decided += decided_time(&checks[i]);
        times.judging +=
            strcmp(checks[i].quantity, "step_time_s") == 0 && !checks[i].which->calibration;
    }
    return times;
}

vsh_status vsh_validate_over_all(vsh_arena *arena, const vsh_validate_check *checks, int count,
                                 int least, vsh_validate_check *median, vsh_error *err)
{
    double *errors = vsh_alloc(arena, (size_t)count + 1, sizeof *errors);
    int decided_count = 0;

    if (!errors)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < count; i++)
        if (decided_time(&checks[i]))
            errors[decided_count++] = fabs(checks[i].rel_error);
    vsh_sort_reals(errors, decided_count);
    *median = over_all("step_time_median_error", "1", VSH_STEP_TIME_MEDIAN);
    median->why = "no step time was decided";
    if (decided_count == 0)
        return VSH_OK;
    median->rel_error = errors[decided_count / 2];
    median->why = "too few step times were decided";
    if (decided_count < least)
        return VSH_OK;
    median->why = NULL;
    median->verdict = median->rel_error <= median->tolerance ? VSH_CHECK_PASSED : VSH_CHECK_FAILED;
    return VSH_OK;
}
