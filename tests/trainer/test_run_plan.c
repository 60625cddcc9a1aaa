#include "trainer/run/run_plan.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "run_plan";

static vsh_error err;
static vsh_run_config config;
static vsh_run_plan plan;

#define PLENTY ((int64_t)1 << 40)

static vsh_run_config *run_of(const char *model, int64_t tokens, int64_t sequence)
{
    config = (vsh_run_config){.path = "run.yaml",
                              .model = vsh_test_model(model),
                              .batch = {.tokens = tokens, .sequence = sequence},
                              .optimizer = {.kind = VSH_ADAMW},
                              .precision = VSH_FP32,
                              .steps = 10};
    return &config;
}

#define DENSE "layers: 2\nhidden: 64\nheads: 4\nffn: 192\nvocab: 512\ncontext: 512\n"
#define MIXTURE                                                                                    \
    "layers: 3\nhidden: 48\nheads: 4\nkv_heads: 2\nvocab: 300\ncontext: 512\nbias: qkv\n"          \
    "experts: {count: 4, top_k: 2, hidden: 32}\n"
/* Nearly all state: gradients weigh more than what a token leaves. */
#define HEAVY "layers: 1\nhidden: 256\nheads: 1\nffn: 2048\nvocab: 8192\ncontext: 512\n"

static void make(int64_t available)
{
    REQUIRE_OK(vsh_run_plan_make(&config, 2, available, &plan, &err), &err);
}

/* Bytes of a plan of so many sequences a micro-batch, whatever the machine has. */
static double bytes_of(const char *model, int64_t tokens, int64_t sequence, int64_t micro,
                       int64_t shards)
{
    run_of(model, tokens, sequence)->batch.micro = micro;
    config.batch.shards = shards;
    make(PLENTY);
    return plan.footprint.total.v;
}

/* ---- the micro-batch ----------------------------------------------------------------------- */

static void what_was_given_is_kept(void)
{
    run_of(DENSE, 96 * 32, 32)->batch = (vsh_batch_config){
        .tokens = 96 * 32, .sequence = 32, .micro = 12, .accumulate = 8, .shards = 2};
    make(PLENTY);
    CHECK_INT(config.batch.micro, 12);
    CHECK_INT(config.batch.accumulate, 8);
    CHECK_INT(config.batch.shards, 2);
    CHECK_INT(plan.work.sequences, 12);
    CHECK_INT(plan.work.seq, 32);
    CHECK_INT(plan.sequences, 96);
    CHECK_INT(plan.threads, 2);
    run_of(DENSE, 96 * 32, 32)->batch.accumulate = 8;
    make(PLENTY);
    CHECK_INT(config.batch.micro, 12);
    run_of(DENSE, 96 * 32, 32)->batch.micro = 24;
    make(PLENTY);
    CHECK_INT(config.batch.accumulate, 4);
}

static void a_plan_of_a_finished_batch_changes_nothing(void)
{
    vsh_batch_config before;
    vsh_run_plan once;

    run_of(MIXTURE, 192 * 64, 64);
    make(PLENTY);
    before = config.batch;
    once = plan;
    make(PLENTY);
    CHECK(memcmp(&before, &config.batch, sizeof before) == 0);
    CHECK_NEAR(plan.footprint.total.v, once.footprint.total.v, 0, 0);
}

/* 4096 tokens at most; one sequence always. */
static void a_chosen_micro_batch_is_the_largest_good_divisor(void)
{
    static const struct {
        int64_t sequences, sequence, micro;
    } expected[] = {{32, 128, 32},   {64, 128, 32},   {33, 128, 11}, {96, 128, 32}, {100, 128, 25},
                    {31, 128, 31},   {37, 128, 1},    {1, 128, 1},   {12, 512, 6},  {7, 500, 7},
                    {1000, 1, 1000}, {8192, 1, 4096}, {30, 300, 10}};

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        int64_t sequences = expected[i].sequences, seq = expected[i].sequence;
        run_of(DENSE, sequences * seq, seq);
        make(PLENTY);
        CHECK_INT(config.batch.micro, expected[i].micro);
        CHECK_INT(config.batch.accumulate * config.batch.micro, sequences);
        CHECK_INT(config.batch.accumulate % config.batch.shards, 0);
    }
}

static void a_sequence_longer_than_is_good_runs_alone(void)
{
    run_of("layers: 1\nhidden: 16\nheads: 1\nffn: 16\nvocab: 50\ncontext: 8192\n", 6 * 8192, 8192);
    make(PLENTY);
    CHECK_INT(config.batch.micro, 1);
    CHECK_INT(config.batch.accumulate, 6);
}

/* At every size of the machine: what is chosen fits, divides, and the next larger does not fit. */
static void a_chosen_micro_batch_fits_and_no_larger_one_would(void)
{
    static const int64_t divisors[] = {1, 2, 3, 4, 6, 8, 12, 16, 24};
    double bytes[9];

    for (int i = 0; i < 9; i++)
        bytes[i] = bytes_of(DENSE, 48 * 128, 128, divisors[i], 1);
    for (int i = 0; i < 9; i++) {
        run_of(DENSE, 48 * 128, 128)->batch.shards = 1;
        make((int64_t)bytes[i]);
        CHECK_INT(config.batch.micro, divisors[i]);
        CHECK_NEAR(plan.footprint.total.v, bytes[i], 0, 0);
        if (i > 0) {
            run_of(DENSE, 48 * 128, 128)->batch.shards = 1;
            make((int64_t)bytes[i] - 1);
            CHECK_INT(config.batch.micro, divisors[i - 1]);
        }
    }
}

/* A step of 10^12 sequences has a few thousand divisors, not 10^12. */
static void a_step_of_very_many_sequences_is_planned_at_once(void)
{
    run_of(DENSE, 1000000000000, 1);
    make(PLENTY);
    CHECK_INT(config.batch.micro, 4096);
    CHECK_INT(config.batch.accumulate, 244140625);
    config.batch = (vsh_batch_config){.tokens = 1000000000000, .sequence = 1, .micro = 1000000000};
    CHECK_FAILS(vsh_run_plan_make(&config, 2, 1 << 25, &plan, &err), &err, VSH_ENO,
                "sequences would fit");
}

/* ---- what does not fit --------------------------------------------------------------------- */

/* The message names the largest micro-batch; with that one the run is planned, with the next larger
 * it is not. */
static void a_refusal_names_the_largest_micro_batch_that_fits(void)
{
    static const int64_t divisors[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 48};

    for (int i = 0; i < 9; i++) {
        int64_t available = (int64_t)bytes_of(DENSE, 48 * 128, 128, divisors[i], 1);
        char part[120];
        snprintf(part, sizeof part, "; %d sequences would fit (batch: micro)", (int)divisors[i]);
        run_of(DENSE, 48 * 128, 128)->batch.micro = 48;
        CHECK_FAILS(vsh_run_plan_make(&config, 2, available, &plan, &err), &err, VSH_ENO, part);
        CHECK_HAS(err.text, "run.yaml: a micro-batch of 48 sequences of 128 tokens needs ");
        run_of(DENSE, 48 * 128, 128)->batch.micro = divisors[i];
        CHECK_OK(vsh_run_plan_make(&config, 2, available, &plan, &err), &err);
        run_of(DENSE, 48 * 128, 128)->batch.micro = divisors[i + 1];
        CHECK_FAILS(vsh_run_plan_make(&config, 2, available, &plan, &err), &err, VSH_ENO, part);
    }
}

/* Buffers of shards that were given count; those that would only be nice to have do not. */
static void a_refusal_judges_each_micro_batch_by_its_own_shards(void)
{
    for (int64_t shards = 0; shards <= 4; shards += shards ? shards : 2) {
        int64_t available = (int64_t)bytes_of(HEAVY, 64 * 512, 512, 4, shards ? shards : 1);
        run_of(HEAVY, 64 * 512, 512)->batch.micro = 16;
        config.batch.shards = shards;
        CHECK_FAILS(vsh_run_plan_make(&config, 2, available, &plan, &err), &err, VSH_ENO,
                    "; 4 sequences would fit");
        CHECK_FAILS(vsh_run_plan_make(&config, 2, available - 1, &plan, &err), &err, VSH_ENO,
                    "; 2 sequences would fit");
    }
}

static void a_refusal_leaves_the_configuration_as_it_was(void)
{
    vsh_batch_config before;

    run_of(DENSE, 48 * 128, 128);
    before = config.batch;
    CHECK_FAILS(vsh_run_plan_make(&config, 2, 1 << 20, &plan, &err), &err, VSH_ENO,
                "run.yaml: one sequence of 128 tokens needs ");
    CHECK_HAS(err.text, "state alone is");
    CHECK_HAS(err.text, "1.05 MB free");
    CHECK(memcmp(&before, &config.batch, sizeof before) == 0);
    make(PLENTY);
    CHECK_INT(config.batch.micro, 24);
}

static void a_machine_without_memory_is_refused(void)
{
    run_of(DENSE, 48 * 128, 128);
    CHECK_FAILS(vsh_run_plan_make(&config, 1, 0, &plan, &err), &err, VSH_ENO, "has 0 B free");
}

/* ---- shards -------------------------------------------------------------------------------- */

static void shards_are_the_power_of_two_that_divides_up_to_eight(void)
{
    static const struct {
        int64_t accumulate, shards;
    } expected[] = {{1, 1}, {2, 2}, {3, 1},  {4, 4},  {5, 1},  {6, 2}, {7, 1},
                    {8, 8}, {9, 1}, {12, 4}, {16, 8}, {24, 8}, {64, 8}};

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        run_of(DENSE, expected[i].accumulate * 64, 64)->batch.accumulate = expected[i].accumulate;
        make(PLENTY);
        CHECK_INT(config.batch.shards, expected[i].shards);
    }
}

static void shards_that_do_not_divide_are_refused(void)
{
    static const struct {
        int64_t accumulate, shards;
    } refused[] = {{12, 3}, {12, 8}, {1, 2}, {8, 16}, {6, 6}};

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        run_of(DENSE, refused[i].accumulate * 64, 64)->batch.accumulate = refused[i].accumulate;
        config.batch.shards = refused[i].shards;
        CHECK_FAILS(vsh_run_plan_make(&config, 1, PLENTY, &plan, &err), &err, VSH_EINPUT,
                    "run.yaml: batch: shards: expected a power of two that divides the");
    }
    run_of(DENSE, 10 * 64, 64)->batch.shards = 4;
    CHECK_FAILS(vsh_run_plan_make(&config, 1, PLENTY, &plan, &err), &err, VSH_EINPUT,
                "divides the 10 micro-batches of a step, got 4");
}

/* All 32 sequences would be one good micro-batch, which cannot be parted in four. */
static void a_chosen_micro_batch_leaves_as_many_as_the_shards_ask_for(void)
{
    run_of(DENSE, 32 * 64, 64)->batch.shards = 4;
    make(PLENTY);
    CHECK_INT(config.batch.micro, 8);
    CHECK_INT(config.batch.accumulate, 4);
    CHECK_INT(config.batch.shards, 4);
    run_of(DENSE, 24 * 64, 64)->batch.shards = 8;
    make(PLENTY);
    CHECK_INT(config.batch.micro, 3);
}

static void a_tree_of_shards_needs_a_buffer_a_level(void)
{
    static const int64_t buffers[] = {1, 2, 3, 4, 5, 6};
    double one = 0;

    for (int i = 0; i < 6; i++) {
        run_of(DENSE, 32 * 64, 64)->batch.micro = 1;
        config.batch.shards = 1 << i;
        make(PLENTY);
        CHECK_INT(plan.gradient_buffers, buffers[i]);
        one = i ? one : plan.footprint.gradients.v;
        CHECK_NEAR(plan.footprint.gradients.v, (double)buffers[i] * one, 0, 0);
    }
}

/* Eight shards are the default, and four buffers of gradients; a machine with less memory has
 * fewer, down to one. */
static void shards_are_fewer_where_their_buffers_do_not_fit(void)
{
    for (int64_t shards = 8; shards >= 1; shards /= 2) {
        double bytes = bytes_of(HEAVY, 64 * 512, 512, 8, shards);
        run_of(HEAVY, 64 * 512, 512)->batch.micro = 8;
        make((int64_t)bytes);
        CHECK_INT(config.batch.shards, shards);
        CHECK_NEAR(plan.footprint.total.v, bytes, 0, 0);
        run_of(HEAVY, 64 * 512, 512)->batch.micro = 8;
        config.batch.shards = 8;
        if (shards < 8)
            CHECK_FAILS(vsh_run_plan_make(&config, 2, (int64_t)bytes, &plan, &err), &err, VSH_ENO,
                        "needs");
    }
}

/* ---- what a plan says ---------------------------------------------------------------------- */

static vsh_lean_runtime runtime_of(void)
{
    return (vsh_lean_runtime){.optimizer = (vsh_optimizer)config.optimizer.kind,
                              .gradient_buffers = plan.gradient_buffers,
                              .accumulates = config.batch.accumulate > 1,
                              .threads = plan.threads,
                              .jitter = config.network.jitter > 0};
}

static void memory_is_that_of_the_lean_runtime(void)
{
    static const vsh_optimizer optimizers[] = {VSH_ADAMW, VSH_ADAMW8BIT, VSH_ADAFACTOR, VSH_SGD};

    for (int o = 0; o < 4; o++)
        for (int jitter = 0; jitter < 2; jitter++) {
            vsh_lean_runtime runtime;
            vsh_footprint f;
            run_of(MIXTURE, 48 * 64, 64)->optimizer.kind = (int)optimizers[o];
            config.network.jitter = 0.01 * jitter;
            config.precision = VSH_BF16;
            config.recompute = VSH_RECOMPUTE_SELECTIVE;
            config.batch.micro = 8;
            make(PLENTY);
            runtime = runtime_of();
            CHECK_INT(plan.work.precision, VSH_BF16);
            CHECK_INT(plan.work.recompute, VSH_RECOMPUTE_SELECTIVE);
            REQUIRE_OK(vsh_footprint_lean(&config.model, &plan.work, &runtime, &f, &err), &err);
            CHECK_NEAR(plan.footprint.total.v, f.total.v, 0, 0);
            CHECK_NEAR(plan.footprint.optimizer.v, f.optimizer.v, 0, 0);
        }
}

static void work_is_the_lowered_list_times_the_micro_batches(void)
{
    static const char *const models[] = {DENSE, MIXTURE};
    vsh_op_list ops;

    for (int m = 0; m < 2; m++)
        for (int recompute = 0; recompute < 3; recompute++) {
            double times;
            run_of(models[m], 48 * 64, 64)->batch.micro = 4;
            config.recompute = recompute;
            make(PLENTY);
            times = 12;
            REQUIRE_OK(vsh_lower(&config.model, &plan.work, &ops, &err), &err);
            CHECK_NEAR(plan.model_flops.v, times * vsh_ops_step_model_flops(&ops).v, 0, 0);
            CHECK_NEAR(plan.executed_flops.v, times * vsh_ops_step_executed_flops(&ops).v, 0, 0);
            CHECK(plan.executed_flops.v >= plan.model_flops.v);
            CHECK(recompute == 0 || plan.executed_flops.v > plan.model_flops.v);
        }
}

/* How a step is cut does not change what it computes. */
static void work_of_a_step_does_not_depend_on_the_micro_batch(void)
{
    double model_flops = 0, executed = 0;

    for (int64_t micro = 1; micro <= 48; micro *= 2) {
        run_of(MIXTURE, 48 * 64, 64)->batch.micro = micro == 32 ? 48 : micro;
        make(PLENTY);
        model_flops = model_flops ? model_flops : plan.model_flops.v;
        executed = executed ? executed : plan.executed_flops.v;
        CHECK_NEAR(plan.model_flops.v, model_flops, 0, 0);
        CHECK_NEAR(plan.executed_flops.v, executed, 0, 0);
    }
}

static void parameters_are_counted(void)
{
    vsh_parameters counted;

    run_of(MIXTURE, 64, 64);
    make(PLENTY);
    REQUIRE_OK(vsh_count_parameters(&config.model, &counted, &err), &err);
    CHECK_INT(plan.parameters.total, counted.total);
    CHECK_INT(plan.parameters.active, counted.active);
}

static void time_grows_with_the_work_and_with_slower_products(void)
{
    vsh_hardware machine;
    double one, slow, twice;

    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/xeon-8480.yaml", &machine, &err),
               &err);
    run_of(HEAVY, 16 * 512, 512)->batch.micro = 8;
    make(PLENTY);
    one = vsh_run_plan_time(&config, &plan, &machine).v;
    machine.products[VSH_FP32] = machine.peak[VSH_FP32];
    machine.products[VSH_FP32].value /= 2;
    slow = vsh_run_plan_time(&config, &plan, &machine).v;
    machine.products[VSH_FP32].known = false;
    run_of(HEAVY, 32 * 512, 512)->batch.micro = 8;
    make(PLENTY);
    twice = vsh_run_plan_time(&config, &plan, &machine).v;
    CHECK(one > plan.executed_flops.v / 2 / machine.peak[VSH_FP32].value);
    CHECK(slow > one && slow <= 2 * one);
    CHECK(twice > 1.5 * one && twice < 2 * one); /* the optimizer runs once */
}

/* ---- the length of sequences --------------------------------------------------------------- */

static void sequences_are_whole_without_a_warmup(void)
{
    vsh_batch_config b = {.sequence = 96, .sequence_start = 8};

    for (int64_t step = 1; step < 5; step++)
        CHECK_INT(vsh_run_plan_sequence(&b, step), 96);
}

/* 32 + 224 (step - 1) / 100 passes 64 after step 15, 128 after step 43. */
static void sequences_double_on_the_way_from_start_to_sequence(void)
{
    vsh_batch_config b = {.sequence = 256, .sequence_start = 32, .sequence_warmup = 100};

    CHECK_INT(vsh_run_plan_sequence(&b, 1), 32);
    CHECK_INT(vsh_run_plan_sequence(&b, 15), 32);
    CHECK_INT(vsh_run_plan_sequence(&b, 16), 64);
    CHECK_INT(vsh_run_plan_sequence(&b, 43), 64);
    CHECK_INT(vsh_run_plan_sequence(&b, 44), 128);
    CHECK_INT(vsh_run_plan_sequence(&b, 100), 128);
    CHECK_INT(vsh_run_plan_sequence(&b, 101), 256);
    CHECK_INT(vsh_run_plan_sequence(&b, 1000000), 256);
}

/* 32 + step - 1: a length that is reached is taken. */
static void a_length_that_is_just_reached_is_taken(void)
{
    vsh_batch_config b = {.sequence = 128, .sequence_start = 32, .sequence_warmup = 96};

    CHECK_INT(vsh_run_plan_sequence(&b, 32), 32);
    CHECK_INT(vsh_run_plan_sequence(&b, 33), 64);
    CHECK_INT(vsh_run_plan_sequence(&b, 96), 64);
    CHECK_INT(vsh_run_plan_sequence(&b, 97), 128);
}

/* Whatever is asked for: lengths grow, divide the full one by powers of two, are never below the
 * start, begin as near to it as that allows, and end at the full one. */
static void sequences_of_any_warmup_divide_and_grow(void)
{
    for (int64_t sequence = 1; sequence <= 130; sequence++)
        for (int64_t start = 1; start <= sequence; start += 1 + start / 3)
            for (int64_t warmup = 1; warmup < 40; warmup = 2 * warmup + 1) {
                vsh_batch_config b = {
                    .sequence = sequence, .sequence_start = start, .sequence_warmup = warmup};
                int64_t before = vsh_run_plan_sequence(&b, 1);
                CHECK(before % 2 || before / 2 < start);
                for (int64_t step = 1; step <= warmup + 2; step++) {
                    int64_t seq = vsh_run_plan_sequence(&b, step), times = sequence / seq;
                    CHECK(seq >= before && seq >= start && sequence % seq == 0);
                    CHECK((times & (times - 1)) == 0);
                    before = seq;
                }
                CHECK_INT(before, sequence);
            }
}

/* Shorter sequences are more of them: tokens of a micro-batch stay. */
static void a_warmup_keeps_the_tokens_of_a_micro_batch(void)
{
    run_of(DENSE, 12 * 96, 96)->batch.sequence_start = 12;
    config.batch.sequence_warmup = 30;
    make(PLENTY);
    for (int64_t step = 1; step < 35; step++)
        CHECK_INT(plan.work.sequences * plan.work.seq % vsh_run_plan_sequence(&config.batch, step),
                  0);
}

const vsh_test vsh_tests[] = {
    {"what_was_given_is_kept", what_was_given_is_kept},
    {"a_plan_of_a_finished_batch_changes_nothing", a_plan_of_a_finished_batch_changes_nothing},
    {"a_chosen_micro_batch_is_the_largest_good_divisor",
     a_chosen_micro_batch_is_the_largest_good_divisor},
    {"a_sequence_longer_than_is_good_runs_alone", a_sequence_longer_than_is_good_runs_alone},
    {"a_chosen_micro_batch_fits_and_no_larger_one_would",
     a_chosen_micro_batch_fits_and_no_larger_one_would},
    {"a_step_of_very_many_sequences_is_planned_at_once",
     a_step_of_very_many_sequences_is_planned_at_once},
    {"a_refusal_names_the_largest_micro_batch_that_fits",
     a_refusal_names_the_largest_micro_batch_that_fits},
    {"a_refusal_judges_each_micro_batch_by_its_own_shards",
     a_refusal_judges_each_micro_batch_by_its_own_shards},
    {"a_refusal_leaves_the_configuration_as_it_was", a_refusal_leaves_the_configuration_as_it_was},
    {"a_machine_without_memory_is_refused", a_machine_without_memory_is_refused},
    {"shards_are_the_power_of_two_that_divides_up_to_eight",
     shards_are_the_power_of_two_that_divides_up_to_eight},
    {"shards_that_do_not_divide_are_refused", shards_that_do_not_divide_are_refused},
    {"a_chosen_micro_batch_leaves_as_many_as_the_shards_ask_for",
     a_chosen_micro_batch_leaves_as_many_as_the_shards_ask_for},
    {"a_tree_of_shards_needs_a_buffer_a_level", a_tree_of_shards_needs_a_buffer_a_level},
    {"shards_are_fewer_where_their_buffers_do_not_fit",
     shards_are_fewer_where_their_buffers_do_not_fit},
    {"memory_is_that_of_the_lean_runtime", memory_is_that_of_the_lean_runtime},
    {"work_is_the_lowered_list_times_the_micro_batches",
     work_is_the_lowered_list_times_the_micro_batches},
    {"work_of_a_step_does_not_depend_on_the_micro_batch",
     work_of_a_step_does_not_depend_on_the_micro_batch},
    {"parameters_are_counted", parameters_are_counted},
    {"time_grows_with_the_work_and_with_slower_products",
     time_grows_with_the_work_and_with_slower_products},
    {"sequences_are_whole_without_a_warmup", sequences_are_whole_without_a_warmup},
    {"sequences_double_on_the_way_from_start_to_sequence",
     sequences_double_on_the_way_from_start_to_sequence},
    {"a_length_that_is_just_reached_is_taken", a_length_that_is_just_reached_is_taken},
    {"sequences_of_any_warmup_divide_and_grow", sequences_of_any_warmup_divide_and_grow},
    {"a_warmup_keeps_the_tokens_of_a_micro_batch", a_warmup_keeps_the_tokens_of_a_micro_batch},
    {NULL, NULL}};
