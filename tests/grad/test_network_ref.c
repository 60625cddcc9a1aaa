#include "trainer/nn/network_ref.h"

#include <math.h>
#include <stdio.h>

#include "tests/grad/differences.h"
#include "tests/grad/models.h"

const char vsh_suite[] = "network_ref";

enum { SAMPLES = 60 };

static double objective(void *context) { return case_loss(context, NULL, NULL); }

/* One derivative; a failure names the model and the tensor. */
static void check_parameter(ready_case *c, const vsh_parameter *p, int64_t i)
{
    double got = c->gradients[p->offset + i],
           want = slope_at(objective, c, c->weights + p->offset + i);

    if (!(fabs(got - want) <= fmax(1e-6 * fabs(want), 1e-9)))
        fprintf(stderr, "%s: %s[%lld]:\n", c->made_from->name, p->name, (long long)i);
    CHECK_NEAR(got, want, 1e-6, 1e-9);
}

/* Every tensor has at least one of its derivatives checked, a large one more. */
static void check_model(const network_case *made_from)
{
    ready_case *c = case_ready(made_from);

    case_loss(c, c->gradients, NULL);
    for (int64_t p = 0; p < c->list.count; p++) {
        const vsh_parameter *item = &c->list.item[p];
        int64_t count = item->rows * item->cols;
        int64_t samples = 1 + SAMPLES * count / c->list.elements;
        for (int64_t s = 0; s < samples; s++) {
            uint64_t at = (uint64_t)(p * SAMPLES + s);
            int64_t i = (int64_t)((double)count * vsh_random_uniform(4, 0, at));
            if (item->trained)
                check_parameter(c, item, i);
            else
                CHECK_NEAR(c->gradients[item->offset + i], 0, 0, 0);
        }
    }
}

static void gradients_of_every_kind_of_model_are_slopes(void)
{
    for (int i = 0; i < NETWORK_CASES; i++)
        check_model(&network_cases[i]);
}

static void every_trained_tensor_has_a_gradient_but_idle_experts(void)
{
    for (int n = 0; n < NETWORK_CASES; n++) {
        ready_case *c = case_ready(&network_cases[n]);
        case_loss(c, c->gradients, NULL);
        for (int64_t p = 0; p < c->list.count; p++) {
            const vsh_parameter *item = &c->list.item[p];
            double square = weighted_sum(item->rows * item->cols, c->gradients + item->offset,
                                         c->gradients + item->offset);
            if (item->group == VSH_GROUP_EXPERT && !(square > 0))
                continue;
            if ((square > 0) != item->trained)
                fprintf(stderr, "%s: %s\n", c->made_from->name, item->name);
            CHECK((square > 0) == item->trained);
        }
    }
}

static void the_loss_alone_is_the_loss_with_gradients(void)
{
    for (int n = 0; n < NETWORK_CASES; n++) {
        ready_case *c = case_ready(&network_cases[n]);
        vsh_network_ref_report report = {0};
        double loss = case_loss(c, c->gradients, &report);
        CHECK_NEAR(case_loss(c, NULL, NULL), loss, 0, 0);
        CHECK_NEAR(report.joint + report.balance + report.z, loss, 0, 0);
        CHECK((report.balance > 0) == (c->made_from->balance > 0));
        CHECK((report.z > 0) == (c->made_from->z > 0));
        CHECK((report.dropped > 0) == c->made_from->drops);
        if (c->made_from->exit_scale <= 0)
            CHECK_NEAR(report.joint, report.last, 0, 0);
    }
}

static const network_case *find_case(const char *name)
{
    for (int i = 0; i < NETWORK_CASES; i++)
        if (strcmp(network_cases[i].name, name) == 0)
            return &network_cases[i];
    REQUIRE(false);
    return NULL;
}

/* A model cut after layer l reads the same tensors: its loss is that of the exit there. */
static void the_joint_loss_weighs_exits_by_their_depth(void)
{
    ready_case *c = case_ready(find_case("exits"));
    vsh_network_ref_report whole = {0};
    double at[3], scale = c->options.exit_scale;

    case_loss(c, NULL, &whole);
    for (int layers = 1; layers <= 3; layers++) {
        vsh_network_ref_report cut = {0};
        c->model->layers = layers;
        case_loss(c, NULL, &cut);
        at[layers - 1] = cut.last;
    }
    CHECK_NEAR(whole.last, at[2], 0, 0);
    CHECK_NEAR(whole.joint, (scale * at[0] + scale * 2 * at[1] + 3 * at[2]) / (scale * 3 + 3),
               1e-14, 0);
}

/* 12 tokens, 5 experts: C = ceil(12 / 5) = 3 rows; all 12 want expert 0, so 9 are dropped. */
static void the_capacity_is_rounded_up(void)
{
    const network_case one = {
        .name = "one-favourite",
        .yaml = "layers: 1\nheads: 2\nexperts: {count: 5, top_k: 1, hidden: 4, capacity: 1, "
                "correction_bias: true}\n"};
    ready_case *c = case_ready(&one);
    vsh_network_ref_report report = {0};

    c->weights[c->offsets.layer[0].correction] = 10;
    case_loss(c, NULL, &report);
    CHECK_INT(report.dropped, 9);
}

static void tokens_see_no_later_tokens_and_no_other_sequence(void)
{
    for (int n = 0; n < NETWORK_CASES; n++) {
        ready_case *c = case_ready(&network_cases[n]);
        int64_t vocab = c->model->vocab;
        double *before = new_doubles(CASE_TOKENS * vocab),
               *after = new_doubles(CASE_TOKENS * vocab);
        vsh_network_ref_report first = {.logits = before}, second = {.logits = after};
        if (c->made_from->drops)
            continue; /* places in an expert are shared by all */
        case_loss(c, NULL, &first);
        c->inputs[3] = (c->inputs[3] + 1) % (int32_t)vocab;
        case_loss(c, NULL, &second);
        for (int64_t i = 0; i < CASE_TOKENS * vocab; i++)
            if (i / vocab < 3 || i / vocab >= CASE_SEQ)
                CHECK_NEAR(after[i], before[i], 0, 0);
        CHECK(after[3 * vocab] != before[3 * vocab]);
    }
}

const vsh_test vsh_tests[] = {
    {"gradients_of_every_kind_of_model_are_slopes", gradients_of_every_kind_of_model_are_slopes},
    {"every_trained_tensor_has_a_gradient_but_idle_experts",
     every_trained_tensor_has_a_gradient_but_idle_experts},
    {"the_loss_alone_is_the_loss_with_gradients", the_loss_alone_is_the_loss_with_gradients},
    {"the_joint_loss_weighs_exits_by_their_depth", the_joint_loss_weighs_exits_by_their_depth},
    {"the_capacity_is_rounded_up", the_capacity_is_rounded_up},
    {"tokens_see_no_later_tokens_and_no_other_sequence",
     tokens_see_no_later_tokens_and_no_other_sequence},
    {NULL, NULL}};
