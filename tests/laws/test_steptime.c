/* Predicted step times against published ones, on rows that fitted nothing. The bounds guard what
 * was reached, rounded up: they are not what was wanted, which stands beside them and, in places,
 * is less. docs/steptime.md says where, by how much and why; missed_targets_are_known_by_name names
 * them here. */
#include "tests/laws/step_rows.h"

#include "planner/layout/extent.h"
#include "tests/harness.h"

const char vsh_suite[] = "steptime";

static vsh_error err;

static bool read_rows(step_table *t)
{
    vsh_status status;

    *t = (step_table){.arena = vsh_test_arena()};
    status = step_read(t, &err);
    if (status == VSH_EMACHINE) {
        vsh_skip("the published measurements are not here");
        return false;
    }
    REQUIRE_OK(status, &err);
    return true;
}

typedef struct {
    int set;
    double calibrated, pure, bias, pure_bias; /* shares */
    const char *missed;                       /* of the four, those that are above what is wanted */
} reached;

/* wanted: the means of step_sets, biases within 3 % */
static const reached bounds[] = {
    {STEP_MEGATRON, 0.026, 0.026, 0.03, 0.03, ""},
    {STEP_VTRAIN_MULTI, 0.062, 0.06, 0.036, 0.03, "bias"},
    {STEP_VTRAIN_SINGLE, 0.06, 0.092, 0.03, 0.056, "pure bias"},
    {STEP_FOUNDRY_A100, 0.039, 0.10, 0.03, 0.098, "pure bias"},
    {STEP_FOUNDRY_H100, 0.024, 0.112, 0.03, 0.112, "pure bias"},
    {STEP_FOUNDRY_FP8, 0.06, 0.04, 0.06, 0.03, "bias"},
    {STEP_V5E, 0.034, 0.135, 0.03, 0.135, "pure, pure bias"},
};
enum { BOUNDS = sizeof bounds / sizeof bounds[0] };

static step_errors judge(step_table *t, int set, bool calibrated)
{
    double error[STEP_ROWS];
    vsh_stack stacks[STEP_SETS];
    int count;

    for (int s = 0; s < STEP_SETS; s++)
        stacks[s] = calibrated ? step_calibrated(t, s) : vsh_stack_pure(&t->hardware[s]);
    count = step_errors_of(t, set, stacks, error, &err);
    return step_judge(error, count);
}

static void shipped_constants_predict_rows_that_fitted_nothing(void)
{
    step_table t;

    if (!read_rows(&t))
        return;
    for (int i = 0; i < BOUNDS; i++) {
        step_errors e = judge(&t, bounds[i].set, true);
        CHECK(e.count > 0);
        CHECK(e.mean <= bounds[i].calibrated);
        CHECK(fabs(e.bias) <= bounds[i].bias);
    }
}

static void so_do_specifications_and_kernels_alone(void)
{
    step_table t;

    if (!read_rows(&t))
        return;
    for (int i = 0; i < BOUNDS; i++) {
        step_errors e = judge(&t, bounds[i].set, false);
        CHECK(e.mean <= bounds[i].pure);
        CHECK(fabs(e.bias) <= bounds[i].pure_bias);
    }
}

/* Fails when another target is missed, and when one no longer is: then say so there. */
static void missed_targets_are_known_by_name(void)
{
    step_table t;

    if (!read_rows(&t))
        return;
    for (int i = 0; i < BOUNDS; i++) {
        const step_set *wanted = &step_sets[bounds[i].set];
        step_errors e = judge(&t, bounds[i].set, true), p = judge(&t, bounds[i].set, false);
        const struct {
            const char *what;
            bool missed;
        } all[] = {{"calibrated", wanted->calibrated > 0 && 100 * e.mean > wanted->calibrated},
                   {"pure", wanted->pure > 0 && 100 * p.mean > wanted->pure},
                   {"bias", fabs(e.bias) > 0.03},
                   {"pure bias", fabs(p.bias) > 0.03}};
        char missed[64] = "";
        for (int k = 0; k < 4; k++)
            if (all[k].missed)
                snprintf(missed + strlen(missed), sizeof missed - strlen(missed), "%s%s",
                         *missed ? ", " : "", all[k].what);
        CHECK_TEXT(missed, bounds[i].missed);
    }
}

/* TPU v5e's three rows are so alike that one constant says them; of fp8 there is one to judge. */
static void both_beat_one_constant_a_data_set(void)
{
    step_table t;
    double error[STEP_ROWS];

    if (!read_rows(&t))
        return;
    for (int i = 0; i < BOUNDS; i++) {
        int count = step_null(&t, bounds[i].set, error);
        double null = step_judge(error, count).mean;
        if (bounds[i].set == STEP_V5E || bounds[i].set == STEP_FOUNDRY_FP8)
            continue;
        CHECK(judge(&t, bounds[i].set, true).mean < null / 2);
        CHECK(judge(&t, bounds[i].set, false).mean < null);
    }
}

static void a_row_in_three_fits_and_no_more(void)
{
    step_table t;
    int fits[STEP_SETS] = {0}, all[STEP_SETS] = {0};

    if (!read_rows(&t))
        return;
    for (int i = 0; i < t.count; i++) {
        all[t.row[i].set]++;
        fits[t.row[i].set] += step_fits(t.row[i].index);
    }
    for (int s = 0; s < STEP_SETS; s++)
        CHECK(3 * fits[s] <= all[s] + 1);
}

/* Without the measurements too. */
static void shipped_constants_are_physical_and_stand_at_no_bound(void)
{
    static const char *const profiles[] = {"a100-80gb", "a100-40gb", "h100-sxm", "tpu-v5e"};

    for (int p = 0; p < 4; p++) {
        char path[96];
        vsh_hardware h;
        snprintf(path, sizeof path, "hwprofiles/%s.yaml", profiles[p]);
        REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &h, &err), &err);
        CHECK(h.stack_count > 0);
        for (int s = 0; s < h.stack_count; s++) {
            int fitted = 0;
            for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
                const vsh_figure *f = &h.stack[s].figure[i];
                if (!f->known)
                    continue;
                fitted++;
                CHECK(f->value > vsh_stack_constants[i].least);
                CHECK(f->value < vsh_stack_constants[i].most);
                CHECK_INT(f->tag, VSH_TAG_CALIBRATED);
                CHECK(f->source != NULL);
            }
            CHECK(fitted <= 8);
            CHECK(h.stack[s].spread.known);
        }
    }
}

static vsh_extent shipped_extent(const step_table *t, int set)
{
    for (int i = 0; i < t->hardware[set].stack_count; i++)
        if (strcmp(t->hardware[set].stack[i].name, step_sets[set].stack) == 0)
            return vsh_extent_read(t->hardware[set].stack[i].measured);
    return vsh_extent_read(vsh_extent_pure);
}

/* What a profile says of the steps behind a stack is what they had, no more and no less. */
static void a_stack_says_what_its_steps_had(void)
{
    vsh_extent had[STEP_SETS] = {0};
    step_table t;

    if (!read_rows(&t))
        return;
    for (int i = 0; i < t.count; i++)
        if (t.row[i].set != STEP_FOUNDRY_FP8)
            had[t.row[i].set] |= vsh_extent_of(&t.row[i].step.run);
    for (int s = 0; s < STEP_SETS; s++)
        if (had[s] && s != STEP_V5P)
            CHECK_INT(shipped_extent(&t, s), had[s]);
}

/* What calibration finds again: steps that the model itself gave. */
static void calibration_recovers_constants_from_the_models_own_steps(void)
{
    step_table t;
    vsh_stack truth, fitted;
    static vsh_measured_step steps[STEP_ROWS];
    int count = 0;

    if (!read_rows(&t))
        return;
    fitted = truth = vsh_stack_pure(&t.hardware[STEP_FOUNDRY_A100]);
    truth.matrix = 0.7;
    truth.memory = 0.6;
    for (int i = 0; i < t.count; i++) {
        vsh_step_time time;
        if (t.row[i].set != STEP_FOUNDRY_A100)
            continue;
        REQUIRE_OK(vsh_measured_predict(&t.row[i].step, &truth, &time, &err), &err);
        steps[count] = t.row[i].step;
        steps[count].seconds = time.step;
        steps[count++].weight = 1;
    }
    REQUIRE_OK(vsh_calibrate(steps, count, 3, &fitted, &err), &err);
    CHECK_NEAR(fitted.matrix, 0.7, 0.03, 0);
    CHECK_NEAR(fitted.memory, 0.6, 0.1, 0);
}

const vsh_test vsh_tests[] = {
    {"shipped_constants_predict_rows_that_fitted_nothing",
     shipped_constants_predict_rows_that_fitted_nothing},
    {"so_do_specifications_and_kernels_alone", so_do_specifications_and_kernels_alone},
    {"missed_targets_are_known_by_name", missed_targets_are_known_by_name},
    {"both_beat_one_constant_a_data_set", both_beat_one_constant_a_data_set},
    {"a_row_in_three_fits_and_no_more", a_row_in_three_fits_and_no_more},
    {"shipped_constants_are_physical_and_stand_at_no_bound",
     shipped_constants_are_physical_and_stand_at_no_bound},
    {"a_stack_says_what_its_steps_had", a_stack_says_what_its_steps_had},
    {"calibration_recovers_constants_from_the_models_own_steps",
     calibration_recovers_constants_from_the_models_own_steps},
    {NULL, NULL}};
