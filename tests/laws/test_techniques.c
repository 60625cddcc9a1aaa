/* The table of techniques on the founding question, and techniques together. */
#include "planner/advice/technique.h"

#include <math.h>
#include <string.h>

#include "planner/advice/combination.h"
#include "planner/advice/early_exit.h"
#include "planner/laws/ludziejewski2025.h"
#include "tests/harness.h"

const char vsh_suite[] = "techniques";

static vsh_error err;
static vsh_hardware chip;
static plan made;

/* 100 hours of a TPU v5e at 50 TFLOP/s on so many unique tokens (0: unlimited). */
static const plan *mission(double unique)
{
    plan_request request = {.hardware = &chip,
                            .law = vsh_law_default(),
                            .recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW),
                            .chips = 1,
                            .hours = 100,
                            .unique_tokens = unique,
                            .epochs = 3,
                            .price_usd = -1,
                            .precision = VSH_BF16,
                            .peak_of = VSH_BF16,
                            .effective = {50e12},
                            .scenario = "paper",
                            .throughput_log_sd = 0.12,
                            .seed = 1};

    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/tpu-v5e.yaml", &chip, &err), &err);
    request.peak.v = chip.peak[VSH_BF16].value;
    REQUIRE_OK(vsh_region_find("us-central1", &request.region, &err), &err);
    REQUIRE_OK(plan_budget(&request, &made, &err), &err);
    REQUIRE_OK(plan_recommend(&made, &err), &err);
    REQUIRE_OK(plan_alternatives(&made, &err), &err);
    REQUIRE_OK(plan_advise(&made, &err), &err);
    return &made;
}

static const plan_advice *row(const plan *p, const char *name)
{
    for (int i = 0; i < p->advice_count; i++)
        if (strcmp(p->advice[i].technique->name, name) == 0)
            return &p->advice[i];
    REQUIRE(!"a row of that name");
    return NULL;
}

static plan_changed apply(const plan *p, const vsh_law *law, const char *words)
{
    vsh_change_list list;
    vsh_change all;
    plan_changed changed;

    REQUIRE_OK(vsh_changes_read(vsh_test_arena(), words, VSH_BF16, &list, &err), &err);
    all = vsh_changes_join(&list);
    REQUIRE_OK(vsh_change_apply(p, law, &all, &changed, NULL, &err), &err);
    return changed;
}

/* ---- the table ------------------------------------------------------------------------------ */

static void every_technique_of_the_seeds_has_a_row_with_label_and_source(void)
{
    static const char *const seeds[] = {
        "experts-4",    "experts-8",    "bf16",           "int8",          "early-exit",
        "pruning",      "distillation", "synthetic-data", "memory-layers", "cross-layer",
        "accumulation", "more-chips",   "adamw8bit",      "int8-serving",  "fine-tuning"};
    const plan *p = mission(0);

    CHECK_INT(p->advice_count, VSH_TECHNIQUE_COUNT);
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        CHECK(row(p, seeds[i])->technique->claim != NULL);
    for (int i = 0; i < VSH_TECHNIQUE_COUNT; i++) {
        const vsh_technique *t = &vsh_techniques[i];
        CHECK(t->title && t->source && t->condition && t->fill);
        CHECK(t->evidence < VSH_EVIDENCE_COUNT && vsh_evidence_names[t->evidence]);
        CHECK(strlen(p->advice[i].why) > 10);
        CHECK(strlen(p->advice[i].why) + 1 < sizeof p->advice[i].why); /* nothing was cut off */
        CHECK(isnan(p->advice[i].memory_bytes) || p->advice[i].memory_of);
        CHECK(strlen(t->name) <= 15);
    }
}

static void early_exit_and_pruning_never_save_training(void)
{
    static const double unique[] = {0, 1e8, 2e9};

    for (int i = 0; i < 3; i++) {
        const plan *p = mission(unique[i]);
        CHECK(row(p, "early-exit")->compute < 0 && row(p, "early-exit")->time < 0);
        CHECK(row(p, "pruning")->compute < 0 && row(p, "pruning")->time < 0);
        CHECK(!row(p, "pruning")->applies);
    }
}

/* Both unknown, or equal. */
static void same(double a, double b)
{
    CHECK(isnan(a) == isnan(b));
    if (!isnan(a))
        CHECK_NEAR(a, b, 1e-12, 0);
}

/* The law's own geometry says 36 %; real architectures that fit, 34 %. */
static void experts_save_a_third_and_an_eighth_to_a_fifth_of_the_time(void)
{
    const plan_advice *a = row(mission(0), "experts-8");

    CHECK(a->applies);
    CHECK_NEAR(a->compute, 0.34, 0, 0.01);
    CHECK_NEAR(a->time, 0.18, 0, 0.01);
    CHECK_NEAR(1 - a->time_low, (1 - a->time) * 0.80 / 0.75, 1e-3, 0);
    CHECK_NEAR(a->usd_low, a->time_low * 120, 1e-3, 0);
    CHECK(a->compute_low < a->compute && a->compute < a->compute_high);
    CHECK(a->loss < 0);
    CHECK_NEAR(a->usd, a->time * 120, 1e-3, 0);
}

static void experts_are_promised_nothing_on_the_founding_papers_data(void)
{
    const plan_advice *a = row(mission(1e8), "experts-8");

    CHECK(!a->applies);
    CHECK(isnan(a->compute) && isnan(a->time) && isnan(a->usd));
    CHECK(isnan(a->loss)); /* nobody has measured experts on so many repeats */
}

/* One question, one answer: the main job's alternative, the row of advice and --with. */
static void experts_are_compared_once_for_every_command(void)
{
    static const char *const names[] = {"experts-4", "experts-8"};

    for (int j = 0; j < 3; j++) {
        const plan *p = mission(j == 0 ? 0 : j == 1 ? 2e9 : 1e8);
        for (int i = 0; i < 2; i++) {
            const plan_advice *a = row(p, names[i]);
            plan_changed with = apply(p, &vsh_ludziejewski2025, names[i]);
            const plan_run *run = NULL;
            for (int k = 0; k < p->alternative_count; k++)
                if (strcmp(p->alternative[k].name, names[i]) == 0)
                    run = &p->alternative[k];
            REQUIRE(run);
            same(a->compute, with.compute);
            same(run->saving_flops, with.compute);
            same(a->time, with.time);
            same(a->time_low, with.time_low);
            same(run->saving_time, with.time);
            same(a->memory_bytes, with.memory_bytes);
            same(a->usd, with.usd);
            same(run->changed.loss, with.loss);
            same(run->changed.loss_high, with.loss_high);
            same(a->loss, with.loss_flops);
            same(run->loss, p->recommended.loss + with.loss);
            CHECK(isnan(with.loss) || with.loss < with.loss_high);
        }
    }
}

/* Kumar's share carried into the law: 0.035 nats, a fifth more compute, nothing won in time. */
static void int8_training_does_not_pay_on_this_chip(void)
{
    const plan_advice *a = row(mission(0), "int8");

    CHECK(!a->applies);
    CHECK_NEAR(a->loss, 0.035, 0, 0.001);
    CHECK_NEAR(a->compute, -0.21, 0, 0.02);
    CHECK(a->compute_low <= a->compute && a->compute <= a->compute_high);
    CHECK(fabs(a->time) < 0.05);
}

static void a_smaller_optimizer_frees_memory_and_nothing_else_where_memory_is_enough(void)
{
    const plan *p = mission(0);
    const plan_advice *a = row(p, "adamw8bit");
    double state = 6 * (double)p->recommended.parameters.total;

    CHECK_NEAR(a->compute, 0, 0, 1e-9);
    CHECK(a->memory_bytes >= 0.99 * state && a->memory_bytes < 1.2 * state);
}

static void recomputation_costs_less_than_a_third_and_frees_activations(void)
{
    const plan_advice *a = row(mission(0), "recompute");

    CHECK_NEAR(a->compute, 0, 0, 1e-9);
    CHECK(a->time < -0.2 && a->time > -1.0 / 3);
    CHECK(a->memory_bytes > 1e9);
}

static void no_figure_is_infinite(void)
{
    static const double unique[] = {0, 1e6, 1e8, 1e10};

    for (int u = 0; u < 4; u++) {
        const plan *p = mission(unique[u]);
        for (int i = 0; i < p->advice_count; i++) {
            const plan_advice *a = &p->advice[i];
            const double figures[] = {a->compute, a->compute_low,  a->compute_high, a->loss,
                                      a->time,    a->memory_bytes, a->usd,          a->inference};
            for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++)
                CHECK(!isinf(figures[f]));
        }
    }
}

/* ---- together ------------------------------------------------------------------------------- */

static void savings_do_not_add(void)
{
    const plan *p = mission(0);
    const vsh_law *law = &vsh_ludziejewski2025;
    static const char *const words[] = {"experts-8", "int8", "early-exit-3", "recompute"};
    plan_changed all = apply(p, law, "experts-8,int8,early-exit-3,recompute");
    double sum_compute = 0, sum_time = 0, product_time = 1;

    for (int i = 0; i < 4; i++) {
        plan_changed one = apply(p, law, words[i]);
        CHECK(one.reaches);
        sum_compute += one.compute;
        sum_time += one.time;
        product_time *= 1 - one.time;
    }
    CHECK(all.reaches);
    CHECK(fabs(all.compute - sum_compute) > 0.02);
    CHECK(fabs(all.time - sum_time) > 0.02);
    CHECK(fabs(all.time - (1 - product_time)) > 0.02);
}

/* Experts reach 0.80 of the dense model's share of peak. */
static void fewer_flops_with_experts_are_fewer_hours_only_after_their_lower_rate(void)
{
    const plan *p = mission(0);
    plan_changed experts = apply(p, &vsh_ludziejewski2025, "experts-8");

    CHECK_NEAR(experts.compute, row(p, "experts-8")->compute, 0, 0.03);
    CHECK_NEAR(1 - experts.time, (1 - experts.compute) / 0.8, 0.01, 0);
    CHECK(experts.params_total > 2 * experts.params_active);
}

/* The operations of a model with three heads are those of (body + 3 head) / (body + head). */
static void exits_in_the_op_list_cost_what_the_formula_says(void)
{
    const plan *p = mission(0);
    const vsh_model *m = &p->recommended.model;
    vsh_work work = vsh_work_default(p->recommended.seq);
    double head = 2 * (double)m->vocab * (double)m->hidden;
    double body = p->recommended.flops_per_token / 3 - head;
    vsh_model exits = *m;
    vsh_op_list ops;

    plan_place_exits(&exits, 3);
    REQUIRE_OK(vsh_lower(&exits, &work, &ops, &err), &err);
    CHECK_NEAR(vsh_ops_step_model_flops(&ops).v / (double)p->recommended.seq,
               vsh_exits_training(3, body, head) * p->recommended.flops_per_token, 1e-9, 0);
    CHECK_NEAR(row(p, "early-exit")->compute, 1 - vsh_exits_training(3, body, head), 1e-9, 0);
}

/* The forward pass that is run again runs in int8 too: together they cost less than one by one. */
static void int8_and_recomputation_meet_in_the_forward_pass(void)
{
    const plan *p = mission(0);
    const vsh_law *law = vsh_law_default();
    plan_changed int8 = apply(p, law, "int8"), again = apply(p, law, "recompute"),
                 both = apply(p, law, "int8,recompute");

    CHECK(1 - both.time < 0.97 * (1 - int8.time) * (1 - again.time));
}

static void one_alone_is_its_own_combination(void)
{
    const plan *p = mission(0);
    plan_changed exits = apply(p, p->recommended.loss_law, "early-exit-3");

    CHECK_NEAR(exits.compute, row(p, "early-exit")->compute, 1e-9, 0);
    CHECK_NEAR(exits.time, row(p, "early-exit")->time, 1e-9, 0);
    CHECK(exits.loss > 0);
}

/* A change of nothing that a law sees leaves the run as it is. */
static void the_same_optimizer_changes_nothing(void)
{
    const plan *p = mission(0);
    const vsh_change same = {.recipe = p->request.recipe};
    plan_changed changed;

    REQUIRE_OK(vsh_change_apply(p, p->recommended.loss_law, &same, &changed, NULL, &err), &err);
    CHECK(changed.reaches);
    CHECK_NEAR(changed.compute, 0, 0, 1e-9);
    CHECK_NEAR(changed.time, 0, 0, 1e-3);
    CHECK_NEAR(changed.loss, 0, 0, 1e-9);
    CHECK_NEAR(changed.memory_bytes, 0, 0, 1);
}

static void no_law_knows_experts_on_repeated_tokens(void)
{
    const plan *p = mission(1e8);

    CHECK(!apply(p, &vsh_ludziejewski2025, "experts-8").reaches);
    CHECK(apply(p, p->recommended.loss_law, "recompute").reaches);
}

static void words_that_are_none_are_refused(void)
{
    static const char *const wrong[] = {"",           "experts",
                                        "experts-1",  "experts-33",
                                        "experts-8x", "early-exit-1",
                                        "int4",       "int8,",
                                        "adamw",      "experts-99999999999999999999"};
    vsh_change_list list;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_FAILS(vsh_changes_read(vsh_test_arena(), wrong[i], VSH_BF16, &list, &err), &err,
                    VSH_EINPUT, "expected words such as");
    CHECK_FAILS(vsh_changes_read(vsh_test_arena(), "experts-8,experts-4", VSH_BF16, &list, &err),
                &err, VSH_EINPUT, "of one kind");
    CHECK_FAILS(vsh_changes_read(vsh_test_arena(), "lion,adamw8bit", VSH_BF16, &list, &err), &err,
                VSH_EINPUT, "of one kind");
}

const vsh_test vsh_tests[] = {
    {"every_technique_of_the_seeds_has_a_row_with_label_and_source",
     every_technique_of_the_seeds_has_a_row_with_label_and_source},
    {"early_exit_and_pruning_never_save_training", early_exit_and_pruning_never_save_training},
    {"experts_save_a_third_and_an_eighth_to_a_fifth_of_the_time",
     experts_save_a_third_and_an_eighth_to_a_fifth_of_the_time},
    {"experts_are_promised_nothing_on_the_founding_papers_data",
     experts_are_promised_nothing_on_the_founding_papers_data},
    {"experts_are_compared_once_for_every_command", experts_are_compared_once_for_every_command},
    {"int8_training_does_not_pay_on_this_chip", int8_training_does_not_pay_on_this_chip},
    {"a_smaller_optimizer_frees_memory_and_nothing_else_where_memory_is_enough",
     a_smaller_optimizer_frees_memory_and_nothing_else_where_memory_is_enough},
    {"recomputation_costs_less_than_a_third_and_frees_activations",
     recomputation_costs_less_than_a_third_and_frees_activations},
    {"no_figure_is_infinite", no_figure_is_infinite},
    {"savings_do_not_add", savings_do_not_add},
    {"fewer_flops_with_experts_are_fewer_hours_only_after_their_lower_rate",
     fewer_flops_with_experts_are_fewer_hours_only_after_their_lower_rate},
    {"exits_in_the_op_list_cost_what_the_formula_says",
     exits_in_the_op_list_cost_what_the_formula_says},
    {"int8_and_recomputation_meet_in_the_forward_pass",
     int8_and_recomputation_meet_in_the_forward_pass},
    {"one_alone_is_its_own_combination", one_alone_is_its_own_combination},
    {"the_same_optimizer_changes_nothing", the_same_optimizer_changes_nothing},
    {"no_law_knows_experts_on_repeated_tokens", no_law_knows_experts_on_repeated_tokens},
    {"words_that_are_none_are_refused", words_that_are_none_are_refused},
    {NULL, NULL}};
