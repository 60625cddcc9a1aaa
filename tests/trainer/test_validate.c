#include "trainer/study/validate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"
#include "trainer/base/folder.h"

const char vsh_suite[] = "validate";

static vsh_error err;

#define DENSE "layers: 2, hidden: 32, heads: 4, kv_heads: 2, ffn: 48, vocab: 40, context: 96"
#define EVERYTHING                                                                                 \
    "layers: 4, hidden: 32, heads: 4, kv_heads: 2, ffn: 40, vocab: 40, context: 96, window: 9, "   \
    "full_every: 3, cross_layer: 2, exits: [1, 3], tied: true, "                                   \
    "experts: {count: 4, top_k: 2, hidden: 24, every: 2, capacity: 1.25, shared: 2}"

/* Two cores with units for 16 bits. */
static const char profile[] = "name: test\nkind: cpu\npeak: {fp32: 300 GFLOP/s, bf16: 2 TFLOP/s}\n"
                              "memory: {capacity: 8 GB, bandwidth: 20 GB/s}\n"
                              "power: {chip: 20 W}\n";

static vsh_hardware hardware(void)
{
    vsh_doc doc = vsh_test_doc(profile);
    vsh_hardware h;

    REQUIRE_OK(vsh_hardware_from_doc(&doc, &h, &err), &err);
    return h;
}

static vsh_validate_case dense(void)
{
    return (vsh_validate_case){.name = "dense",
                               .model = DENSE,
                               .precision = VSH_FP32,
                               .optimizer = VSH_ADAMW,
                               .sequence = 48,
                               .micro = 2,
                               .accumulate = 2};
}

static vsh_validated *configured(const vsh_validate_case *which)
{
    vsh_validated *run = vsh_alloc(vsh_test_arena(), 1, sizeof *run);

    REQUIRE(run != NULL);
    run->which = which;
    run->planner = run->simulated = vsh_validate_unknown;
    REQUIRE_OK(vsh_validate_configure(vsh_test_arena(), which, 7, &run->config, &err), &err);
    REQUIRE_OK(vsh_run_plan_make(&run->config, 1, (int64_t)1 << 40, &run->plan, &err), &err);
    return run;
}

/* The list that is priced, without the operation at drop (-1: whole). */
static void predict(vsh_validated *run, const vsh_hardware *h, int drop)
{
    vsh_op_list *ops = vsh_alloc(vsh_test_arena(), 1, sizeof *ops);

    REQUIRE(ops != NULL);
    REQUIRE_OK(vsh_validate_lower(&run->config, &run->plan, ops, &err), &err);
    if (drop >= 0) {
        REQUIRE(drop < ops->count);
        ops->count--;
        memmove(&ops->item[drop], &ops->item[drop + 1],
                (size_t)(ops->count - drop) * sizeof ops->item[0]);
    }
    REQUIRE_OK(vsh_validate_predict(&run->config, &run->plan, ops, h, NULL, &run->predicted,
                                    &run->priced, &err),
               &err);
}

static void measure(vsh_validated *run)
{
    char folder[] = "/tmp/vishwa-test-XXXXXX";
    vsh_gemm_options gemm = {0};
    vsh_validate_settings settings = {.steps = 2, .gemm = &gemm, .folder = folder};

    REQUIRE(mkdtemp(folder) != NULL);
    CHECK_OK(vsh_validate_measure(&run->config, &run->plan, &settings, &run->measured, &err), &err);
    CHECK_OK(vsh_folder_remove(folder, &err), &err);
}

/* A run that went exactly as this profile says, on a machine of its own. */
static vsh_validated *as_foreseen(const vsh_validate_case *which, const vsh_hardware *h)
{
    vsh_validated *run = configured(which);

    predict(run, h, -1);
    run->measured.figures = run->predicted;
    return run;
}

static const vsh_validate_check *find(const vsh_validate_check *checks, const char *quantity)
{
    for (int i = 0; i < VSH_VALIDATE_QUANTITIES; i++)
        if (strcmp(checks[i].quantity, quantity) == 0)
            return &checks[i];
    REQUIRE(!"no such quantity");
    return NULL;
}

static vsh_verdict verdict(const vsh_validated *run, const char *quantity)
{
    vsh_validate_check checks[VSH_VALIDATE_QUANTITIES];

    vsh_validate_checks(run, checks);
    return find(checks, quantity)->verdict;
}

static const char *const counts[] = {"parameters", "tensors",     "checkpoint_bytes",
                                     "products",   "model_flops", "executed_flops",
                                     "arena_bytes"};
enum { COUNTS = sizeof counts / sizeof counts[0] };

/* ---- the table ------------------------------------------------------------------------------- */

static void every_configuration_can_be_made(void)
{
    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++) {
        const vsh_validated *run = configured(c);
        CHECK(run->plan.parameters.total > 0);
        for (const vsh_validate_case *other = vsh_validate_cases; other < c; other++)
            CHECK(strcmp(other->name, c->name) != 0);
    }
}

static void twelve_quick_ones_judge_the_time_and_none_of_them_calibrates(void)
{
    int quick = 0, judges = 0;

    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++) {
        quick += !c->slow;
        judges += !c->slow && !c->calibration;
    }
    CHECK(quick >= 16);
    CHECK(judges >= 12);
}

/* ---- counts ---------------------------------------------------------------------------------- */

static void check_counts(const vsh_validated *run)
{
    vsh_validate_check checks[VSH_VALIDATE_QUANTITIES];

    vsh_validate_checks(run, checks);
    for (int i = 0; i < COUNTS; i++) {
        const vsh_validate_check *c = find(checks, counts[i]);
        char what[160];
        snprintf(what, sizeof what, "%s, %s %s: %s predicted %.17g, measured %.17g",
                 run->which->name, vsh_precision_words[run->which->precision],
                 vsh_optimizer_words[run->which->optimizer], counts[i], c->predicted, c->measured);
        vsh_check(c->verdict == VSH_CHECK_PASSED && c->predicted == c->measured, __FILE__, __LINE__,
                  what, false);
    }
}

static void what_is_counted_is_foreseen_exactly(void)
{
    static const int precisions[] = {VSH_FP32, VSH_BF16, VSH_INT8};
    static const int optimizers[] = {VSH_ADAMW, VSH_ADAMW8BIT, VSH_ADAFACTOR, VSH_SGD};
    vsh_hardware h = hardware();

    for (int p = 0; p < 3; p++)
        for (int o = 0; o < 4; o++) {
            vsh_validate_case which = dense();
            vsh_validated *run;
            which.model = (p + o) % 2 ? DENSE : EVERYTHING;
            which.precision = precisions[p];
            which.optimizer = optimizers[o];
            which.recompute = o % 3;
            run = configured(&which);
            predict(run, &h, -1);
            measure(run);
            check_counts(run);
        }
}

/* ---- counts by hand ---------------------------------------------------------------------------
 */

/* A configuration of the table, its sizes written down again here. layers is of all; of them so
 * many have keys of their own, a window, experts. Dense layers multiply ups + 1 times. */
typedef struct {
    const char *name;
    int layers, own_kv, windowed, mixed, exits;
    int hidden, kv_width, ups, ffn, vocab; /* queries are as wide as hidden */
    int window, seq, sequences;            /* of a step */
    int experts, top_k, shared, expert_hidden;
} dimensions;

static const dimensions by_hand[] = {
    {"dense", 3, 3, 0, 0, 0, 256, 256, 2, 1024, 2048, 0, 256, 4, 0, 0, 0, 0},
    {"dense-bf16", 3, 3, 0, 0, 0, 256, 256, 2, 1024, 2048, 0, 256, 4, 0, 0, 0, 0},
    {"classic", 3, 3, 0, 0, 0, 256, 256, 1, 1024, 2048, 0, 256, 4, 0, 0, 0, 0},
    {"grouped-queries", 3, 3, 0, 0, 0, 256, 64, 2, 1024, 2048, 0, 256, 4, 0, 0, 0, 0},
    {"cross-layer", 6, 3, 0, 0, 0, 192, 192, 2, 512, 2048, 0, 256, 4, 0, 0, 0, 0},
    {"window", 6, 6, 4, 0, 0, 192, 192, 2, 512, 2048, 48, 256, 4, 0, 0, 0, 0},
    {"exits", 3, 3, 0, 0, 2, 256, 256, 2, 1024, 2048, 0, 256, 4, 0, 0, 0, 0},
    {"recompute-full", 3, 3, 0, 0, 0, 256, 256, 2, 1024, 2048, 0, 256, 4, 0, 0, 0, 0},
    {"accumulate", 3, 3, 0, 0, 0, 256, 256, 2, 1024, 2048, 0, 128, 8, 0, 0, 0, 0},
    {"experts", 3, 3, 0, 3, 0, 256, 256, 2, 0, 2048, 0, 256, 4, 8, 2, 0, 256},
    {"experts-shared", 3, 3, 0, 3, 0, 256, 256, 2, 512, 2048, 0, 256, 4, 8, 2, 1, 256},
    {"experts-capacity", 3, 3, 0, 3, 0, 256, 256, 2, 512, 2048, 0, 256, 4, 8, 2, 0, 256},
    {"experts-some", 3, 3, 0, 1, 0, 256, 256, 2, 512, 2048, 0, 256, 4, 8, 2, 0, 256},
    {"experts-all", 3, 1, 0, 1, 1, 256, 64, 2, 512, 2048, 0, 128, 8, 8, 2, 1, 256},
};
enum { BY_HAND = sizeof by_hand / sizeof by_hand[0] };

/* Keys that the queries of one sequence see, one query after the other. */
static double pairs_of(const dimensions *d, int window)
{
    double pairs = 0;

    for (int query = 0; query < d->seq; query++)
        pairs += window && query + 1 > window ? window : query + 1;
    return pairs;
}

/* 2 m n k of each product of weights forward, 2 x width for each query and key in scores and in
 * values, and both twice again backward: by the inputs and by the weights, or by either side. */
static double flops_by_hand(const dimensions *d)
{
    double C = d->hidden, tokens = (double)d->seq * d->sequences;
    double attention = d->layers * 2 * C * C + d->own_kv * 2 * C * d->kv_width;
    double dense = (double)(d->layers - d->mixed) * (d->ups + 1) * C * d->ffn;
    double experts = (double)(d->top_k + d->shared) * (d->ups + 1) * C * d->expert_hidden;
    double weights = attention + dense + d->mixed * (C * d->experts + experts) +
                     (double)(1 + d->exits) * C * d->vocab;
    double pairs =
        (d->layers - d->windowed) * pairs_of(d, 0) + d->windowed * pairs_of(d, d->window);

    return 3 * (2 * tokens * weights + 2 * (2 * C * pairs * d->sequences));
}

static const vsh_validate_case *case_named(const char *name)
{
    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    REQUIRE(!"no such configuration");
    return NULL;
}

/* What is counted is shared out by the list's own macs, so an error in them would be on both sides
 * of the check of model_flops: here is a third count, which knows no list. */
static void flops_of_the_list_are_those_by_hand(void)
{
    vsh_hardware h = hardware();

    CHECK_NEAR(pairs_of(&by_hand[0], 0), 256.0 * 257 / 2, 0, 0);
    for (int i = 0; i < BY_HAND; i++) {
        vsh_validated *run = configured(case_named(by_hand[i].name));
        double hand = flops_by_hand(&by_hand[i]);
        char what[160];
        predict(run, &h, -1);
        snprintf(what, sizeof what, "%s: %.17g FLOPs by the list, %.17g by hand", by_hand[i].name,
                 run->predicted.model_flops, hand);
        vsh_check(run->predicted.model_flops == hand, __FILE__, __LINE__, what, false);
    }
}

static void time_of_operations_is_part_of_the_step(void)
{
    vsh_validate_case which = dense();
    vsh_validated *run = configured(&which);
    const vsh_validate_clocks *c = &run->measured.clocks;
    double sum = 0;

    measure(run);
    for (int kind = 0; kind < VSH_STEP_KINDS; kind++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
            sum += c->parts.s[kind][phase];
    CHECK(c->parts.s[VSH_STEP_MATRIX][VSH_WGRAD] > 0);
    CHECK(c->parts.s[VSH_STEP_ATTENTION][VSH_FORWARD] > 0);
    CHECK(c->parts.s[VSH_STEP_VECTOR][VSH_DGRAD] > 0);
    CHECK(c->parts.s[VSH_STEP_MOVE][VSH_FORWARD] > 0);
    CHECK(c->parts.s[VSH_STEP_BETWEEN][VSH_WGRAD] > 0);
    CHECK_NEAR(sum, run->measured.figures.step_time_s, 1e-9, 0);
    CHECK(run->measured.figures.step_time_s <= c->median_s);
}

/* ---- a wrong prediction -----------------------------------------------------------------------
 */

static void an_operation_dropped_from_the_list_fails(void)
{
    vsh_validate_case which = dense();
    vsh_hardware h = hardware();
    vsh_validated *run = configured(&which);
    vsh_op_list *ops = vsh_alloc(vsh_test_arena(), 1, sizeof *ops);
    int dropped = 0;

    REQUIRE(ops != NULL);
    REQUIRE_OK(vsh_validate_lower(&run->config, &run->plan, ops, &err), &err);
    measure(run);
    for (int i = 0; i < ops->count; i++) {
        if (ops->item[i].executed_macs == 0)
            continue;
        predict(run, &h, i);
        CHECK_INT(verdict(run, "products"), VSH_CHECK_FAILED);
        CHECK_INT(verdict(run, "executed_flops"), VSH_CHECK_FAILED);
        if (ops->item[i].model_macs > 0)
            CHECK_INT(verdict(run, "model_flops"), VSH_CHECK_FAILED);
        CHECK_INT(verdict(run, "parameters"), VSH_CHECK_PASSED);
        dropped++;
    }
    CHECK(dropped > 15);
}

/* How many of the table's quick runs fail in time when they went as truth says and claimed was
 * believed. */
static int count_failing(const vsh_hardware *truth, const vsh_hardware *claimed)
{
    int failing = 0;

    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++) {
        vsh_validated *run;
        if (c->slow || c->calibration)
            continue;
        run = as_foreseen(c, truth);
        predict(run, claimed, -1);
        failing += verdict(run, "step_time_s") == VSH_CHECK_FAILED;
        CHECK_INT(verdict(run, "executed_flops"), VSH_CHECK_PASSED);
    }
    return failing;
}

static void a_profile_that_promises_twice_as_much_fails(void)
{
    vsh_hardware truth = hardware(), fast = truth, wide = truth;

    for (int p = 0; p < VSH_PRECISION_COUNT; p++)
        fast.peak[p].value *= 2;
    wide.memory_rate.value *= 2;
    CHECK_INT(count_failing(&truth, &truth), 0);
    CHECK(count_failing(&truth, &fast) >= 12);
    CHECK(count_failing(&truth, &wide) >= 4);
}

static void a_planner_of_another_mind_fails(void)
{
    vsh_validate_case which = dense();
    vsh_hardware h = hardware();
    vsh_validated *run = as_foreseen(&which, &h);

    CHECK_INT(verdict(run, "parameters_planner"), VSH_CHECK_UNDECIDED);
    run->planner = run->predicted;
    CHECK_INT(verdict(run, "parameters_planner"), VSH_CHECK_PASSED);
    run->planner.parameters += 1;
    CHECK_INT(verdict(run, "parameters_planner"), VSH_CHECK_FAILED);
    CHECK_INT(verdict(run, "parameters"), VSH_CHECK_PASSED);
}

/* ---- what cannot be judged --------------------------------------------------------------------
 */

static void a_busy_machine_leaves_times_undecided_and_counts_judged(void)
{
    vsh_validate_case which = dense();
    vsh_hardware h = hardware();
    vsh_validated *run = as_foreseen(&which, &h);

    run->measured.spread = 0.11;
    run->measured.figures.step_time_s *= 3;
    run->measured.figures.executed_flops += 2;
    CHECK_INT(verdict(run, "step_time_s"), VSH_CHECK_UNDECIDED);
    CHECK_INT(verdict(run, "executed_flops"), VSH_CHECK_FAILED);
    run->measured.spread = 0.09;
    CHECK_INT(verdict(run, "step_time_s"), VSH_CHECK_FAILED);
    run->measured.clocks.waited_s = 0.06 * run->measured.figures.step_time_s;
    CHECK_INT(verdict(run, "step_time_s"), VSH_CHECK_UNDECIDED);
    CHECK_INT(verdict(run, "executed_flops"), VSH_CHECK_FAILED);
}

static void trying_again_ends(void)
{
    vsh_validate_measured quiet = {0}, busy = {.spread = 1};

    CHECK(!vsh_validate_again(&quiet, 1, 0, true));
    CHECK(vsh_validate_again(&busy, 1, 0, true));
    CHECK(vsh_validate_again(&busy, 2, 59, true));
    CHECK(!vsh_validate_again(&busy, 3, 0, true));
    CHECK(!vsh_validate_again(&busy, 1, 60, true));
    CHECK(vsh_validate_again(&busy, 1, 60, false));
    CHECK(!vsh_validate_again(&busy, 1, 600, false));
}

static void a_time_that_nothing_was_learnt_for_is_undecided(void)
{
    vsh_validate_case which = dense();
    vsh_hardware h = hardware();
    vsh_validated *run = as_foreseen(&which, &h);

    run->measured.figures.step_time_s *= 3;
    CHECK_INT(verdict(run, "step_time_s"), VSH_CHECK_FAILED);
    run->uncalibrated = true;
    CHECK_INT(verdict(run, "step_time_s"), VSH_CHECK_UNDECIDED);
    CHECK_INT(verdict(run, "executed_flops"), VSH_CHECK_PASSED);
}

/* Twice the rates, or half of them, are beyond the tolerance; the better of two looks counts, and
 * two that differ say nothing. */
static void a_profile_that_the_machine_does_not_keep_fails(void)
{
    vsh_hardware h = hardware(), seen[2] = {h, h}, wrong;
    vsh_validate_check checks[VSH_VALIDATE_RATES];

    vsh_validate_rates(&h, seen, checks);
    CHECK_INT(checks[0].verdict, VSH_CHECK_PASSED);
    CHECK_INT(checks[1].verdict, VSH_CHECK_PASSED);
    wrong = h;
    wrong.memory_rate.value *= 2;
    vsh_validate_rates(&wrong, seen, checks);
    CHECK_INT(checks[0].verdict, VSH_CHECK_PASSED);
    CHECK_INT(checks[1].verdict, VSH_CHECK_FAILED);
    CHECK_NEAR(checks[1].rel_error, 1, 1e-12, 0);
    wrong = h;
    wrong.peak[VSH_FP32].value /= 2;
    vsh_validate_rates(&wrong, seen, checks);
    CHECK_INT(checks[0].verdict, VSH_CHECK_FAILED);
    CHECK_INT(checks[1].verdict, VSH_CHECK_PASSED);
    seen[1].peak[VSH_FP32].value *= 0.95;
    vsh_validate_rates(&h, seen, checks);
    CHECK_INT(checks[0].verdict, VSH_CHECK_PASSED);
    CHECK_NEAR(checks[0].rel_error, 0, 0, 1e-15);
    seen[1].peak[VSH_FP32].value *= 0.9;
    vsh_validate_rates(&h, seen, checks);
    CHECK_INT(checks[0].verdict, VSH_CHECK_UNDECIDED);
}

static void a_run_for_calibration_judges_no_time(void)
{
    vsh_validate_case which = dense();
    vsh_hardware h = hardware();
    vsh_validated *run;

    which.calibration = true;
    run = as_foreseen(&which, &h);
    CHECK_INT(verdict(run, "step_time_s"), VSH_CHECK_UNDECIDED);
    CHECK_INT(verdict(run, "executed_flops"), VSH_CHECK_PASSED);
}

static void energy_is_judged_where_it_and_the_watts_were_measured(void)
{
    vsh_validate_case which = dense();
    vsh_hardware h = hardware();
    vsh_validated *run = as_foreseen(&which, &h);

    CHECK_INT(verdict(run, "energy_j"), VSH_CHECK_UNDECIDED);
    run->watts_measured = true;
    CHECK_INT(verdict(run, "energy_j"), VSH_CHECK_PASSED);
    run->measured.figures.energy_j = NAN;
    CHECK_INT(verdict(run, "energy_j"), VSH_CHECK_UNDECIDED);
}

static void the_median_is_over_those_that_were_decided(void)
{
    vsh_validate_case which = dense();
    vsh_hardware h = hardware();
    vsh_validate_check checks[5 * VSH_VALIDATE_QUANTITIES], median;
    static const double slower[] = {1.0, 1.02, 1.05, 1.5, 9};

    for (int i = 0; i < 5; i++) {
        vsh_validated *run = as_foreseen(&which, &h);
        run->measured.figures.step_time_s *= slower[i];
        run->measured.spread = i == 4 ? 1 : 0;
        vsh_validate_checks(run, checks + i * VSH_VALIDATE_QUANTITIES);
    }
    REQUIRE_OK(vsh_validate_over_all(vsh_test_arena(), checks, 5 * VSH_VALIDATE_QUANTITIES, 4,
                                     &median, &err),
               &err);
    CHECK_NEAR(median.rel_error, 1 - 1 / 1.05, 1e-12, 0); /* the larger of the middle two */
    CHECK_INT(median.verdict, VSH_CHECK_PASSED);
    REQUIRE_OK(vsh_validate_over_all(vsh_test_arena(), checks + 3 * VSH_VALIDATE_QUANTITIES,
                                     VSH_VALIDATE_QUANTITIES, 1, &median, &err),
               &err);
    CHECK_INT(median.verdict, VSH_CHECK_FAILED);
    REQUIRE_OK(vsh_validate_over_all(vsh_test_arena(), checks + 4 * VSH_VALIDATE_QUANTITIES,
                                     VSH_VALIDATE_QUANTITIES, 1, &median, &err),
               &err);
    CHECK_INT(median.verdict, VSH_CHECK_UNDECIDED);
    CHECK(isnan(median.rel_error));
}

/* Of three runs one is for calibration and one was disturbed: one of two is decided. */
static void a_median_of_too_few_is_undecided(void)
{
    vsh_validate_case which = dense(), calibration = dense();
    const vsh_validate_case *cases[] = {&which, &calibration, &which};
    vsh_hardware h = hardware();
    vsh_validate_check checks[3 * VSH_VALIDATE_QUANTITIES], median;
    vsh_validate_times times;

    calibration.calibration = true;
    for (int i = 0; i < 3; i++) {
        vsh_validated *run = as_foreseen(cases[i], &h);
        run->measured.spread = i == 2 ? 1 : 0;
        run->measured.figures.step_time_s *= 9;
        vsh_validate_checks(run, checks + i * VSH_VALIDATE_QUANTITIES);
    }
    times = vsh_validate_count_times(checks, 3 * VSH_VALIDATE_QUANTITIES);
    CHECK_INT(times.decided, 1);
    CHECK_INT(times.judging, 2);
    for (int least = 1; least <= 2; least++) {
        REQUIRE_OK(vsh_validate_over_all(vsh_test_arena(), checks, 3 * VSH_VALIDATE_QUANTITIES,
                                         least, &median, &err),
                   &err);
        CHECK_INT(median.verdict, least == 1 ? VSH_CHECK_FAILED : VSH_CHECK_UNDECIDED);
        CHECK((median.why == NULL) == (least == 1));
        CHECK_NEAR(median.rel_error, 1 - 1.0 / 9, 1e-12, 0);
    }
}

/* ---- probes and the model of a step -----------------------------------------------------------
 */

static void probes_are_as_far_apart_as_the_worst_of_their_rates(void)
{
    vsh_machine_probe a = {{100}, {10}}, b = a;

    CHECK_NEAR(vsh_machine_probe_spread(&a, &b), 0, 0, 1e-15);
    b.move.v = 8;
    CHECK_NEAR(vsh_machine_probe_spread(&a, &b), 0.25, 1e-12, 0);
    a.multiply.v = 150;
    CHECK_NEAR(vsh_machine_probe_spread(&a, &b), 0.5, 1e-12, 0);
    CHECK_NEAR(vsh_machine_probe_spread(&b, &a), 0.5, 1e-12, 0);
    CHECK_OK(vsh_machine_probe_take(1, &a, &err), &err);
    CHECK(a.multiply.v > 0 && a.move.v > 0);
}

static void parts_of_a_step_sum_to_its_time(void)
{
    vsh_validate_case which = dense();
    vsh_hardware h = hardware();
    vsh_validated *run = configured(&which);
    double sum = 0;

    predict(run, &h, -1);
    for (int kind = 0; kind < VSH_STEP_KINDS; kind++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
            sum += run->priced.s[kind][phase];
    CHECK_NEAR(run->predicted.step_time_s, sum, 1e-12, 0);
    CHECK(sum >= vsh_run_plan_time(&run->config, &run->plan, &h).v);
}

/* What was learnt of a run that took twice its roofline says so of the same run, and leaves other
 * precisions and optimizers alone. */
static void constants_say_again_what_they_were_learnt_from(void)
{
    vsh_validate_case which = dense(), other = dense();
    vsh_hardware h = hardware();
    vsh_validated *run = configured(&which), *second;
    vsh_op_list *ops = vsh_alloc(vsh_test_arena(), 1, sizeof *ops);
    vsh_step_constants constants = {0};
    vsh_step_parts roofline, twice, again;
    vsh_step_work work;

    REQUIRE(ops != NULL);
    REQUIRE_OK(vsh_validate_lower(&run->config, &run->plan, ops, &err), &err);
    work = vsh_validate_step_work(&run->config, &run->plan, ops);
    vsh_step_model(&work, &h, NULL, &roofline);
    vsh_step_model(&work, &h, &constants, &again);
    CHECK_NEAR(vsh_step_parts_sum(&again), vsh_step_parts_sum(&roofline), 1e-12, 0);
    CHECK(!vsh_step_learnt(&constants, &work, &h));
    twice = roofline;
    for (int kind = 0; kind < VSH_STEP_KINDS; kind++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
            twice.s[kind][phase] *= 2;
    vsh_step_learn(&constants, &work, &twice, &h);
    CHECK(vsh_step_learnt(&constants, &work, &h));
    vsh_step_model(&work, &h, &constants, &again);
    CHECK_NEAR(vsh_step_parts_sum(&again), vsh_step_parts_sum(&twice), 1e-12, 0);
    work.optimizer = VSH_ADAMW8BIT;
    CHECK(!vsh_step_learnt(&constants, &work, &h));
    other.precision = VSH_BF16;
    other.optimizer = VSH_ADAFACTOR;
    second = configured(&other);
    REQUIRE_OK(vsh_validate_lower(&second->config, &second->plan, ops, &err), &err);
    work = vsh_validate_step_work(&second->config, &second->plan, ops);
    vsh_step_model(&work, &h, NULL, &roofline);
    vsh_step_model(&work, &h, &constants, &again);
    CHECK_NEAR(vsh_step_parts_sum(&again), vsh_step_parts_sum(&roofline), 1e-12, 0);
}

/* The work of a configuration, priced by the list that ops has room for. */
static vsh_step_work work_of(const vsh_validate_case *which, vsh_op_list *ops)
{
    const vsh_validated *run = configured(which);

    REQUIRE_OK(vsh_validate_lower(&run->config, &run->plan, ops, &err), &err);
    return vsh_validate_step_work(&run->config, &run->plan, ops);
}

/* The table's small runs for calibration as if they had taken their rooflines, with experts or
 * without. */
static void learn_table(const vsh_hardware *h, bool experts, vsh_op_list *ops,
                        vsh_step_constants *constants)
{
    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++) {
        vsh_step_work work;
        vsh_step_parts roofline;
        if (!c->calibration || c->slow || (!experts && strstr(c->model, "experts")))
            continue;
        work = work_of(c, ops);
        vsh_step_model(&work, h, NULL, &roofline);
        vsh_step_learn(constants, &work, &roofline, h);
    }
}

/* The embedding moves rows too, but too few to say what experts' moves cost. */
static void experts_are_undecided_where_no_experts_were_learnt_from(void)
{
    vsh_hardware h = hardware();
    vsh_op_list *ops = vsh_alloc(vsh_test_arena(), 1, sizeof *ops);
    vsh_step_constants dense_only = {0}, all = {0};
    int with_experts = 0;

    REQUIRE(ops != NULL);
    learn_table(&h, false, ops, &dense_only);
    learn_table(&h, true, ops, &all);
    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++) {
        vsh_step_work work = work_of(c, ops);
        if (c->slow)
            continue;
        vsh_check(vsh_step_learnt(&all, &work, &h), __FILE__, __LINE__, c->name, false);
        if (!strstr(c->model, "experts")) {
            if (c->optimizer != VSH_ADAMW8BIT) /* only a run with experts teaches that one */
                vsh_check(vsh_step_learnt(&dense_only, &work, &h), __FILE__, __LINE__, c->name,
                          false);
        } else if (!strstr(c->model, "every: 2")) { /* one layer's moves do not matter */
            vsh_check(!vsh_step_learnt(&dense_only, &work, &h), __FILE__, __LINE__, c->name, false);
            with_experts++;
        }
    }
    CHECK(with_experts >= 6);
}

static void runs_for_calibration_come_first(void)
{
    bool judges = false;

    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++) {
        CHECK(!(judges && c->calibration));
        CHECK(!c->calibration || c->accumulate == 1); /* sums of gradients teach nothing */
        judges |= !c->calibration;
    }
}

/* Every time that is judged rests on runs of its precision and of its optimizer, also where it
 * alone is asked for, and no small one on a large one. */
static void each_that_judges_has_runs_that_teach_it(void)
{
    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++) {
        int precision = 0, optimizer = 0, large = 0;
        for (const vsh_validate_case *other = vsh_validate_cases; other->name; other++)
            if (vsh_validate_teaches(other, c)) {
                CHECK(other->calibration);
                precision += other->precision == c->precision;
                optimizer += other->optimizer == c->optimizer;
                large += other->slow;
            }
        CHECK(c->calibration == (precision == 0));
        CHECK(c->calibration == (optimizer == 0));
        CHECK(c->slow || large == 0);
    }
}

const vsh_test vsh_tests[] = {
    {"every_configuration_can_be_made", every_configuration_can_be_made},
    {"twelve_quick_ones_judge_the_time_and_none_of_them_calibrates",
     twelve_quick_ones_judge_the_time_and_none_of_them_calibrates},
    {"what_is_counted_is_foreseen_exactly", what_is_counted_is_foreseen_exactly},
    {"flops_of_the_list_are_those_by_hand", flops_of_the_list_are_those_by_hand},
    {"time_of_operations_is_part_of_the_step", time_of_operations_is_part_of_the_step},
    {"an_operation_dropped_from_the_list_fails", an_operation_dropped_from_the_list_fails},
    {"a_profile_that_promises_twice_as_much_fails", a_profile_that_promises_twice_as_much_fails},
    {"a_planner_of_another_mind_fails", a_planner_of_another_mind_fails},
    {"a_busy_machine_leaves_times_undecided_and_counts_judged",
     a_busy_machine_leaves_times_undecided_and_counts_judged},
    {"trying_again_ends", trying_again_ends},
    {"a_time_that_nothing_was_learnt_for_is_undecided",
     a_time_that_nothing_was_learnt_for_is_undecided},
    {"a_profile_that_the_machine_does_not_keep_fails",
     a_profile_that_the_machine_does_not_keep_fails},
    {"a_run_for_calibration_judges_no_time", a_run_for_calibration_judges_no_time},
    {"energy_is_judged_where_it_and_the_watts_were_measured",
     energy_is_judged_where_it_and_the_watts_were_measured},
    {"the_median_is_over_those_that_were_decided", the_median_is_over_those_that_were_decided},
    {"a_median_of_too_few_is_undecided", a_median_of_too_few_is_undecided},
    {"probes_are_as_far_apart_as_the_worst_of_their_rates",
     probes_are_as_far_apart_as_the_worst_of_their_rates},
    {"parts_of_a_step_sum_to_its_time", parts_of_a_step_sum_to_its_time},
    {"constants_say_again_what_they_were_learnt_from",
     constants_say_again_what_they_were_learnt_from},
    {"experts_are_undecided_where_no_experts_were_learnt_from",
     experts_are_undecided_where_no_experts_were_learnt_from},
    {"runs_for_calibration_come_first", runs_for_calibration_come_first},
    {"each_that_judges_has_runs_that_teach_it", each_that_judges_has_runs_that_teach_it},
    {NULL, NULL}};
