#include "planner/layout/step_time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/footprint.h"
#include "tests/harness.h"

const char vsh_suite[] = "step time";

static vsh_error err;

static const char gpt[] =
    "{name: gpt, layers: 24, hidden: 2048, heads: 16, ffn: 8192, mlp: gelu, "
    "norm: layer, position: learned, vocab: 51200, context: 2048, tied: true}";
static const char moe[] =
    "{name: moe, layers: 24, hidden: 2048, heads: 16, ffn: 8192, vocab: 51200, "
    "context: 2048, experts: {count: 8, top_k: 2, every: 2, hidden: 4096}}";

typedef struct {
    vsh_model model;
    vsh_platform platform;
    vsh_step_run run;
    vsh_list_price price;
    vsh_step_time time;
} case_of;

static void ask(case_of *c, const char *model, const char *profile, int64_t chips,
                const char *layout)
{
    char path[96];
    vsh_hardware h;
    vsh_stack stack;

    snprintf(path, sizeof path, "hwprofiles/%s.yaml", profile);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &h, &err), &err);
    stack = vsh_stack_pure(&h);
    c->model = vsh_test_model(model);
    c->run = (vsh_step_run){.laid = {&c->model, 2048, chips > 256 ? 512 : 256, 1},
                            .precision = VSH_BF16,
                            .recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW),
                            .software = *vsh_software_of(NULL),
                            .flash = true};
    REQUIRE_OK(vsh_layout_parse(layout, chips, &c->run.layout, &err), &err);
    REQUIRE_OK(vsh_layout_check(&c->run.layout, &c->run.laid, &err), &err);
    REQUIRE_OK(vsh_platform_of(&h, &stack, VSH_BF16, true, chips, 0, &c->platform, &err), &err);
}

static double answer(case_of *c)
{
    REQUIRE_OK(vsh_step_time_whole(&c->run, &c->platform, &c->price, &c->time, &err), &err);
    return c->time.step;
}

static const struct {
    const char *model, *profile;
    int64_t chips;
    const char *layout;
} cases[] = {{gpt, "a100-80gb", 1, ""},
             {gpt, "a100-80gb", 64, "tp=2,pp=4,zero=1"},
             {gpt, "a100-80gb", 64, "tp=2,pp=4,interleave=3,sp=1"},
             {gpt, "h100-sxm", 64, "zero=3"},
             {gpt, "tpu-v5e", 256, "zero=3"},
             {gpt, "tpu-v5p", 128, "tp=4,sp=1,zero=3"},
             {gpt, "laptop", 1, ""},
             {moe, "h100-sxm", 64, "ep=8,zero=1"},
             {moe, "h100-sxm", 64, "tp=2,ep=8,cp=2,pp=2"}};
enum { CASES = sizeof cases / sizeof cases[0] };

static void ask_case(case_of *c, int i)
{
    ask(c, cases[i].model, cases[i].profile, cases[i].chips, cases[i].layout);
}

static void the_parts_of_a_step_add_up_to_it(void)
{
    for (int i = 0; i < CASES; i++) {
        case_of c;
        ask_case(&c, i);
        answer(&c);
        CHECK(c.time.compute > 0 && c.time.exposed >= 0 && c.time.bubble >= 0);
        CHECK(c.time.optimizer > 0 && c.time.other >= 0);
        CHECK_NEAR(c.time.compute + c.time.exposed + c.time.bubble + c.time.optimizer +
                       c.time.other,
                   c.time.step, 1e-12, 0);
    }
}

static void no_step_is_faster_than_the_peak(void)
{
    for (int i = 0; i < CASES; i++) {
        case_of c;
        double flops;
        ask_case(&c, i);
        answer(&c);
        flops = c.price.model_flops * (double)c.run.laid.batch;
        CHECK(flops / (c.platform.rate.peak * (double)cases[i].chips * c.time.step) < 1);
        CHECK(c.price.executed_flops >= c.price.model_flops * 0.999);
    }
}

/* Layers, embedding and head of the whole model against the list, operation by operation. */
static void parts_of_the_model_add_up_to_its_list(void)
{
    for (int i = 0; i < CASES; i++) {
        case_of c;
        vsh_op_list ops;
        vsh_work work;
        vsh_mesh mesh;
        double parts, list = 0;
        ask_case(&c, i);
        answer(&c);
        work = vsh_step_work(&c.run);
        mesh = vsh_step_mesh(&c.platform, &c.run.layout);
        REQUIRE_OK(vsh_lower(&c.model, &work, &ops, &err), &err);
        for (int o = 0; o < ops.count; o++) {
            const vsh_op *op = &ops.item[o];
            int64_t layers = op->roles & VSH_ROLE_LAYER ? c.model.layers : 1;
            if (op->phase == VSH_OPTIMIZER || op->kind == VSH_OP_COLLECTIVE)
                continue;
            if (strncmp(op->name, "embed", 5) != 0 && strncmp(op->name, "head.", 5) != 0)
                layers = strcmp(cases[i].model, moe) == 0 ? c.model.layers / 2 : c.model.layers;
            list += vsh_step_op_price(&c.run, &c.platform, &mesh, op, layers).chip.v;
        }
        parts = c.price.embedding.forward.chip + c.price.embedding.backward.chip +
                c.price.head.forward.chip + c.price.head.backward.chip;
        for (int64_t l = 0; l < c.model.layers; l++) {
            const vsh_part_price *p = &c.price.layer[c.price.kind[l]];
            parts += p->forward.chip + p->backward.chip;
        }
        CHECK_NEAR(parts, list, 1e-9, 0);
    }
}

/* What a search builds on. */
static void a_list_costs_the_same_in_every_pipeline_and_on_any_number_of_replicas(void)
{
    static const char *const layouts[] = {"tp=2,pp=4,dp=8", "tp=2,pp=2,dp=16",
                                          "tp=2,pp=8,dp=4,interleave=3"};
    case_of first, other;

    ask(&first, gpt, "a100-80gb", 64, "tp=2");
    answer(&first);
    for (int i = 0; i < 3; i++) {
        ask(&other, gpt, "a100-80gb", 64, layouts[i]);
        answer(&other);
        CHECK_NEAR(other.price.layer[0].forward.chip, first.price.layer[0].forward.chip, 1e-12, 0);
        CHECK_NEAR(other.price.layer[0].backward.waits, first.price.layer[0].backward.waits, 1e-12,
                   0);
        CHECK_NEAR(other.price.head.backward.chip, first.price.head.backward.chip, 1e-12, 0);
    }
}

static void twice_the_micro_batches_leave_the_bubble_as_it_is(void)
{
    case_of c;
    double once, bubble;

    ask(&c, gpt, "a100-80gb", 64, "tp=2,pp=4");
    once = answer(&c);
    bubble = c.time.bubble;
    c.run.laid.batch *= 2;
    CHECK(answer(&c) < 2 * once);
    CHECK_NEAR(c.time.bubble, bubble, 1e-12, 0);
}

static void interleaving_divides_the_bubble(void)
{
    case_of c;
    double bubble;

    ask(&c, gpt, "a100-80gb", 64, "tp=2,pp=4");
    answer(&c);
    bubble = c.time.bubble;
    ask(&c, gpt, "a100-80gb", 64, "tp=2,pp=4,interleave=2");
    answer(&c);
    CHECK_NEAR(c.time.bubble, bubble / 2, 0.06, 0); /* but for more borders */
}

/* Of S stages that take the same: (S - 1) micro-batches. */
static void the_bubble_is_that_of_one_forward_one_backward(void)
{
    case_of c;
    double micro;

    ask(&c, gpt, "a100-80gb", 4, "pp=4");
    c.model.vocab = 128;
    answer(&c);
    micro = (c.time.compute + c.time.exposed + c.time.other) / 256;
    CHECK_NEAR(c.time.bubble / micro, 3, 0.03, 0);
}

/* Micro-batches through 4 stages of `v` chunks, with borders that cost nothing. */
static double through(case_of *c, int64_t micro_batches, int64_t v)
{
    vsh_mesh mesh;

    ask(c, gpt, "a100-80gb", 4, "pp=4");
    c->run.laid.batch = micro_batches;
    c->run.layout.interleave = v;
    answer(c);
    c->price.border_bytes = 0;
    mesh = vsh_step_mesh(&c->platform, &c->run.layout);
    c->time = vsh_step_time_of(&c->run, &c->platform, &mesh, &c->price);
    return c->time.step;
}

static void one_micro_batch_takes_the_same_whatever_the_interleave(void)
{
    case_of c;
    double serial = through(&c, 1, 1);

    for (int64_t v = 2; v <= 6; v++)
        if (24 % (4 * v) == 0)
            CHECK_NEAR(through(&c, 1, v), serial, 1e-9, 0);
}

/* m micro-batches pass p stages of v chunks, and none passes faster than one alone. */
static void interleaving_is_never_shorter_than_one_micro_batch_or_all_on_a_stage(void)
{
    case_of c;

    for (int64_t m = 1; m <= 9; m++)
        for (int64_t v = 1; v <= 6; v++) {
            double one = through(&c, 1, 1), busy;
            if (24 % (4 * v))
                continue;
            CHECK(through(&c, m, v) >= one * (1 - 1e-9));
            busy = c.time.compute + c.time.exposed + c.time.other;
            CHECK(c.time.step >= busy);
            CHECK(c.time.bubble <= through(&c, m, 1) - busy + 1e-12);
        }
}

static void what_overlaps_is_not_waited_for(void)
{
    case_of c;
    double hidden;

    ask(&c, gpt, "a100-80gb", 64, "zero=3");
    c.platform.stack.overlap = 1;
    hidden = answer(&c);
    c.platform.stack.overlap = 0;
    CHECK(answer(&c) > hidden);
}

static void recomputation_costs_time(void)
{
    case_of c;
    double none, selective;

    ask(&c, gpt, "a100-80gb", 8, "");
    none = answer(&c);
    c.run.flash = false;
    c.platform.rate.flash = false;
    none = answer(&c);
    c.run.recompute = VSH_RECOMPUTE_SELECTIVE;
    selective = answer(&c);
    c.run.recompute = VSH_RECOMPUTE_FULL;
    CHECK(none < selective && selective < answer(&c));
    CHECK(c.time.step < 1.5 * none);
}

static void a_slow_host_is_waited_for_and_a_fast_one_is_not(void)
{
    case_of c;

    ask(&c, gpt, "a100-80gb", 8, "");
    c.platform.rate.dispatch = 0;
    answer(&c);
    CHECK(c.time.other == 0);
    c.platform.rate.dispatch = 1e-3;
    answer(&c);
    CHECK(c.time.other > c.time.compute);
}

static void the_fullest_experts_set_the_pace(void)
{
    case_of c;
    double even;

    ask(&c, moe, "h100-sxm", 64, "ep=8,zero=1");
    c.platform.rate.dispatch = 0;
    even = answer(&c);
    c.run.imbalance = 1.5;
    CHECK(answer(&c) > even);
}

/* However much overlaps: nothing is computed before the first weights are there. */
static void the_first_gather_and_the_last_sum_are_waited_for(void)
{
    case_of c;
    double one;

    ask(&c, gpt, "tpu-v5e", 64, "zero=3");
    c.platform.stack.overlap = 1;
    answer(&c);
    one = c.time.exposed;
    CHECK(one > 0);
    CHECK(one < 0.2 * c.time.step);
    c.run.laid.batch *= 2; /* once a step */
    answer(&c);
    CHECK_NEAR(c.time.exposed, one, 1e-9, 0);
    c.run.layout.split.zero = 0;
    answer(&c);
    CHECK(c.time.exposed < one);
}

static double held(const case_of *c)
{
    vsh_work work = vsh_step_work(&c->run);
    vsh_placement place = {.micro_batches = vsh_micro_batches(&c->run.layout, &c->run.laid),
                           .framework = vsh_framework_at(0)};
    vsh_footprint memory;

    REQUIRE_OK(vsh_footprint_layout(&c->model, &work, &place, &memory, &err), &err);
    return memory.activations.v;
}

static double exchanged(const case_of *c)
{
    const vsh_span *s = &c->price.layer[c->price.kind[c->model.layers - 1]].forward;

    return s->waits + s->hides;
}

static void the_fullest_experts_hold_send_and_compute_more(void)
{
    static const char all_experts[] =
        "{name: m, layers: 8, hidden: 1024, heads: 16, ffn: 4096, vocab: 32000, context: 2048, "
        "experts: {count: 8, top_k: 2, every: 1, hidden: 4096, capacity: dropless}}";
    case_of c;
    double even[4];

    ask(&c, all_experts, "h100-sxm", 64, "ep=8,zero=1");
    answer(&c);
    even[0] = held(&c), even[1] = exchanged(&c);
    even[2] = c.price.executed_flops, even[3] = c.price.model_flops;
    c.run.imbalance = 2;
    answer(&c);
    CHECK(held(&c) > 1.2 * even[0]);
    CHECK(exchanged(&c) > 1.2 * even[1]); /* latency stays */
    CHECK(c.price.executed_flops > 1.2 * even[2]);
    CHECK_NEAR(c.price.model_flops, even[3], 1e-12, 0);
}

/* A chip gets no more than all rows; alone it always has them. */
static void no_chip_gets_more_rows_than_there_are(void)
{
    case_of c;
    double all;

    ask(&c, moe, "h100-sxm", 64, "ep=8,zero=1");
    c.run.imbalance = 8;
    all = answer(&c);
    c.run.imbalance = 100;
    CHECK_NEAR(answer(&c), all, 1e-12, 0);
    ask(&c, moe, "h100-sxm", 64, "zero=1");
    all = answer(&c);
    c.run.imbalance = 2;
    CHECK_NEAR(answer(&c), all, 1e-12, 0);
}

static void slices_pay_for_the_network_between_them(void)
{
    case_of one, two;

    ask(&one, gpt, "tpu-v5e", 256, "zero=3");
    ask(&two, gpt, "tpu-v5e", 512, "zero=3");
    answer(&one);
    answer(&two);
    CHECK(two.time.exposed > one.time.exposed);
}

const vsh_test vsh_tests[] = {
    {"the_parts_of_a_step_add_up_to_it", the_parts_of_a_step_add_up_to_it},
    {"no_step_is_faster_than_the_peak", no_step_is_faster_than_the_peak},
    {"parts_of_the_model_add_up_to_its_list", parts_of_the_model_add_up_to_its_list},
    {"a_list_costs_the_same_in_every_pipeline_and_on_any_number_of_replicas",
     a_list_costs_the_same_in_every_pipeline_and_on_any_number_of_replicas},
    {"twice_the_micro_batches_leave_the_bubble_as_it_is",
     twice_the_micro_batches_leave_the_bubble_as_it_is},
    {"interleaving_divides_the_bubble", interleaving_divides_the_bubble},
    {"the_bubble_is_that_of_one_forward_one_backward",
     the_bubble_is_that_of_one_forward_one_backward},
    {"one_micro_batch_takes_the_same_whatever_the_interleave",
     one_micro_batch_takes_the_same_whatever_the_interleave},
    {"interleaving_is_never_shorter_than_one_micro_batch_or_all_on_a_stage",
     interleaving_is_never_shorter_than_one_micro_batch_or_all_on_a_stage},
    {"what_overlaps_is_not_waited_for", what_overlaps_is_not_waited_for},
    {"recomputation_costs_time", recomputation_costs_time},
    {"a_slow_host_is_waited_for_and_a_fast_one_is_not",
     a_slow_host_is_waited_for_and_a_fast_one_is_not},
    {"the_fullest_experts_set_the_pace", the_fullest_experts_set_the_pace},
    {"the_first_gather_and_the_last_sum_are_waited_for",
     the_first_gather_and_the_last_sum_are_waited_for},
    {"the_fullest_experts_hold_send_and_compute_more",
     the_fullest_experts_hold_send_and_compute_more},
    {"no_chip_gets_more_rows_than_there_are", no_chip_gets_more_rows_than_there_are},
    {"slices_pay_for_the_network_between_them", slices_pay_for_the_network_between_them},
    {NULL, NULL}};
