#include "sim/step_schedule.h"

#include <math.h>

#include "tests/sim/step_case.h"

const char vsh_suite[] = "sim/step_schedule";

static vsh_error err;

static double macs_a_cycle(const step_case *c) { return sim_chip_macs_a_cycle(&c->chip); }

static double sum_of_slots(const sim_waterfall *w)
{
    double sum = 0;

    for (int i = 0; i < SIM_CAUSES; i++)
        sum += w->slots[i];
    return sum;
}

/* ---- presets of every kind on every chip (test_waterfall.c runs them all) ------------------ */

static void each_kind(void (*check)(const step_case *c))
{
    static const char *const kinds[] = {
        "models/tiny-dense.yaml",  "models/gpt2-124m.yaml",         "models/gemma2-2b.yaml",
        "models/olmoe-1b-7b.yaml", "models/qwen1.5-moe-a2.7b.yaml", "models/deepseek-v2-lite.yaml",
        "models/gpt-oss-20b.yaml", "models/vishwa-500m-cla.yaml",   "models/mixtral-8x7b.yaml"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        step_each_chip(kinds[i], 192, check);
}

/* Rows that do not divide over experts or cores are rounded up: at least what the list says, and
 * exactly what was planned. */
static void check_macs(const step_case *c)
{
    for (int i = 0; i < c->result->ops.count; i++) {
        const sim_op_time *t = &c->result->op[i];
        double run = (double)(c->chip.cores * t->counts.macs);
        if (t->op->kind != VSH_OP_MATRIX && t->op->kind != VSH_OP_ATTENTION) {
            CHECK_INT(t->counts.macs, 0);
            continue;
        }
        CHECK(run == t->macs.run_macs);
        CHECK(run >= (double)t->op->executed_macs);
        CHECK(t->op->executed_macs >= t->op->model_macs);
    }
}

static void the_products_run_do_at_least_the_lists_multiply_adds(void) { each_kind(check_macs); }

static void check_limits(const step_case *c)
{
    const sim_machine *m = &c->chip.machine;

    for (int i = 0; i < c->result->ops.count; i++) {
        const sim_op_time *t = &c->result->op[i];
        CHECK(t->cycles >= 0);
        CHECK(t->cycles * macs_a_cycle(c) >= (double)t->op->executed_macs);
        CHECK(t->cycles >= t->matrix);
        CHECK(t->utilization >= 0 && t->utilization <= 1);
        CHECK((double)m->units * t->cycles >= (double)t->counts.streaming);
    }
    CHECK(c->result->utilization > 0 && c->result->utilization <= 1);
    CHECK(c->result->mfu > 0 && c->result->mfu <= c->result->utilization * 1.01);
}

static void nothing_is_faster_than_its_multiply_adds(void) { each_kind(check_limits); }

static void check_sum(const step_case *c)
{
    double sum = c->result->tail;

    for (int i = 0; i < c->result->ops.count; i++)
        sum += c->result->op[i].cycles;
    CHECK(sum == c->result->cycles);
    CHECK(c->result->tail >= 0);
    CHECK_NEAR(c->result->time.v, sum / c->hardware.matrix_clock.value, 1e-15, 0);
    CHECK_NEAR(c->result->tokens_per_s, 192 / c->result->time.v, 1e-15, 0);
}

static void a_step_is_its_operations_and_the_last_write_back(void) { each_kind(check_sum); }

/* Every slot of every operation has a cause, and no cause took less than nothing. */
static void check_slots(const step_case *c)
{
    for (int i = 0; i < c->result->ops.count; i++) {
        const sim_op_time *t = &c->result->op[i];
        double slots = t->cycles * macs_a_cycle(c);
        CHECK_NEAR(sum_of_slots(&t->waterfall), slots, 1e-12, 0);
        for (int cause = 0; cause < SIM_CAUSES; cause++)
            CHECK(t->waterfall.slots[cause] >= -1e-9 * slots);
    }
    CHECK_NEAR(sum_of_slots(&c->result->waterfall), c->result->cycles * macs_a_cycle(c), 1e-12, 0);
}

static void every_slot_of_every_operation_has_a_cause(void) { each_kind(check_slots); }

/* ---- what divides -------------------------------------------------------------------------- */

static const char dense_model[] = "layers: 2\nhidden: 256\nheads: 4\nffn: 512\nmlp: gelu\n"
                                  "norm: rms\nposition: rotary\nvocab: 1024\ncontext: 512\n"
                                  "tied: true\n";
static const char one_expert_model[] =
    "layers: 2\nhidden: 256\nheads: 4\nffn: 512\nmlp: gelu\nnorm: rms\nposition: rotary\n"
    "vocab: 1024\ncontext: 512\ntied: true\n"
    "experts: {count: 1, top_k: 1, every: 1, shared: 0, hidden: 512, capacity: dropless}\n";
static const char four_experts_model[] =
    "layers: 2\nhidden: 256\nheads: 4\nffn: 512\nmlp: gelu\nnorm: rms\nposition: rotary\n"
    "vocab: 1024\ncontext: 512\ntied: true\n"
    "experts: {count: 4, top_k: 2, every: 1, shared: 0, hidden: 512, capacity: dropless}\n";

static void prepare_text(step_case *c, const char *chip, const char *text, int64_t seq)
{
    *c = (step_case){0};
    c->model = vsh_test_model(text);
    step_prepare(c, chip, NULL, seq);
}

static void where_all_divides_the_multiply_adds_are_the_lists(void)
{
    static step_case c;

    for (int chip = 0; chip < STEP_CHIPS; chip++) {
        prepare_text(&c, step_chips[chip], four_experts_model, 512);
        step_run(&c);
        for (int i = 0; i < c.result->ops.count; i++)
            CHECK_INT(c.chip.cores * c.result->op[i].counts.macs,
                      c.result->op[i].op->executed_macs);
        vsh_arena_free(&c.arena);
    }
}

static const vsh_phase matrix_phases[] = {VSH_FORWARD, VSH_DGRAD, VSH_WGRAD};

/* Alone, so that what came before does not matter. */
static void one_expert_is_the_dense_product(void)
{
    static step_case dense, expert;
    static const char *const names[][2] = {{"layer.mlp.up", "layer.expert.up"},
                                           {"layer.mlp.down", "layer.expert.down"}};

    for (int chip = 0; chip < STEP_CHIPS; chip++) {
        prepare_text(&dense, step_chips[chip], dense_model, 512);
        prepare_text(&expert, step_chips[chip], one_expert_model, 512);
        step_run_alone(&dense);
        step_run_alone(&expert);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            for (size_t p = 0; p < sizeof matrix_phases / sizeof matrix_phases[0]; p++) {
                const sim_op_time *d = step_op(&dense, names[i][0], matrix_phases[p]);
                const sim_op_time *e = step_op(&expert, names[i][1], matrix_phases[p]);
                CHECK_INT(e->op->m, d->op->m);
                CHECK_INT(e->op->executed_macs, d->op->executed_macs);
                CHECK(e->cycles == d->cycles);
                CHECK(e->memory == d->memory && e->matrix == d->matrix);
            }
        vsh_arena_free(&dense.arena);
        vsh_arena_free(&expert.arena);
    }
}

/* ---- loads of experts ---------------------------------------------------------------------- */

static void equal_shares_are_the_even_load(void)
{
    static const double shares[] = {0.25, 0.25, 0.25, 0.25};
    static step_case even, equal;

    for (int chip = 0; chip < STEP_CHIPS; chip++) {
        prepare_text(&even, step_chips[chip], four_experts_model, 512);
        prepare_text(&equal, step_chips[chip], four_experts_model, 512);
        equal.load = (sim_expert_load){"equal", shares, 4};
        step_run(&even);
        step_run(&equal);
        CHECK(equal.result->cycles == even.result->cycles);
        for (int i = 0; i < even.result->ops.count; i++)
            CHECK(equal.result->op[i].cycles == even.result->op[i].cycles);
        vsh_arena_free(&even.arena);
        vsh_arena_free(&equal.arena);
    }
}

static const char *const moe_presets[] = {"models/tiny-moe.yaml", "models/quick-moe.yaml",
                                          "models/vishwa-500m-moe.yaml",
                                          "models/qwen1.5-moe-a2.7b.yaml"};

static double cycles_under_load(const char *chip, const char *model, int64_t seq, const char *load)
{
    static step_case c;
    double cycles;

    c = (step_case){0};
    step_prepare(&c, chip, model, seq);
    REQUIRE_OK(sim_expert_load_read(&c.arena, load, &c.model, &c.load, &err), &err);
    step_run(&c);
    cycles = c.result->cycles;
    vsh_arena_free(&c.arena);
    return cycles;
}

/* As long as every expert has rows: one without any saves the reading of its weights. */
static void a_zipf_load_is_never_faster_than_an_even_one(void)
{
    for (size_t i = 0; i < sizeof moe_presets / sizeof moe_presets[0]; i++)
        for (int chip = 0; chip < STEP_CHIPS; chip++)
            for (int64_t seq = 256; seq <= 1024; seq *= 4)
                CHECK(cycles_under_load(step_chips[chip], moe_presets[i], seq, "zipf") >=
                      cycles_under_load(step_chips[chip], moe_presets[i], seq, "even"));
}

/* ---- what is asked of a step --------------------------------------------------------------- */

static double cycles_of(const char *chip, const char *model, int64_t micro_batches,
                        vsh_recompute_mode recompute, double *tokens_per_s)
{
    static step_case c;
    double cycles;

    c = (step_case){0};
    step_prepare(&c, chip, model, 256);
    c.step.work.sequences = 4 / micro_batches;
    c.step.micro_batches = micro_batches;
    c.step.work.recompute = recompute;
    step_run(&c);
    cycles = c.result->cycles;
    if (tokens_per_s)
        *tokens_per_s = c.result->tokens_per_s * c.result->time.v;
    vsh_arena_free(&c.arena);
    return cycles;
}

static const char *const some_presets[] = {"models/tiny-dense.yaml", "models/tiny-moe.yaml",
                                           "models/gpt2-124m.yaml", "models/gemma2-2b.yaml"};
enum { SOME_PRESETS = sizeof some_presets / sizeof some_presets[0] };

static void micro_batches_do_the_same_tokens_and_read_the_weights_again(void)
{
    for (int i = 0; i < SOME_PRESETS; i++)
        for (int chip = 0; chip < STEP_CHIPS; chip++) {
            double tokens, last = 0;
            for (int64_t micro = 1; micro <= 4; micro *= 2) {
                double cycles = cycles_of(step_chips[chip], some_presets[i], micro,
                                          VSH_RECOMPUTE_NONE, &tokens);
                CHECK_NEAR(tokens, 4 * 256, 1e-12, 0);
                CHECK(cycles > last);
                last = cycles;
            }
        }
}

/* All but the optimizer runs once a micro-batch. */
static void micro_batches_repeat_all_but_the_optimizer(void)
{
    static step_case one, three;

    step_prepare((one = (step_case){0}, &one), "tpu-v5e", some_presets[0], 256);
    step_prepare((three = (step_case){0}, &three), "tpu-v5e", some_presets[0], 256);
    three.step.micro_batches = 3;
    step_run(&one);
    step_run(&three);
    for (int i = 0; i < one.result->ops.count; i++) {
        const sim_op_time *a = &one.result->op[i], *b = &three.result->op[i];
        double times = a->op->phase == VSH_OPTIMIZER ? 1 : 3;
        CHECK(b->cycles == times * a->cycles);
        CHECK(b->utilization == a->utilization);
        for (int cause = 0; cause < SIM_CAUSES; cause++)
            CHECK(b->waterfall.slots[cause] == times * a->waterfall.slots[cause]);
    }
    CHECK_NEAR(three.result->executed.v, 3 * one.result->executed.v, 1e-15, 0);
    vsh_arena_free(&one.arena);
    vsh_arena_free(&three.arena);
}

static void what_is_computed_again_takes_longer(void)
{
    for (int i = 0; i < SOME_PRESETS; i++)
        for (int chip = 0; chip < STEP_CHIPS; chip++) {
            double last = 0;
            for (int mode = VSH_RECOMPUTE_NONE; mode <= VSH_RECOMPUTE_FULL; mode++) {
                double cycles =
                    cycles_of(step_chips[chip], some_presets[i], 1, (vsh_recompute_mode)mode, NULL);
                CHECK(cycles > last);
                last = cycles;
            }
        }
}

/* Less of a resource; blocks are searched anew, each product's for itself, so that on the timeline
 * another choice may come out ahead by a trifle. */
static void a_chip_with_less_of_anything_is_not_faster(void)
{
    for (int i = 0; i < SOME_PRESETS; i++)
        for (int chip = 0; chip < STEP_CHIPS; chip++) {
            double last[4] = {0};
            for (int cut = 1; cut <= 4; cut *= 2)
                for (int which = 0; which < 4; which++) {
                    static step_case c;
                    step_prepare((c = (step_case){0}, &c), step_chips[chip], some_presets[i], 128);
                    *(which == 0   ? &c.chip.machine.bytes_num
                      : which == 1 ? &c.chip.machine.vector_rate
                      : which == 2 ? &c.chip.machine.units
                                   : &c.chip.scratchpad_bytes) /= cut;
                    step_run(&c);
                    CHECK(c.result->cycles >= 0.995 * last[which]);
                    last[which] = c.result->cycles;
                    vsh_arena_free(&c.arena);
                }
            CHECK(last[0] > 1.5 * last[1]); /* a quarter of the bandwidth is felt most */
        }
}

/* On a timeline weights are fetched while the operation before still runs. */
static void operations_that_overlap_are_not_slower_than_one_by_one(void)
{
    static step_case together, alone;

    for (int i = 0; i < SOME_PRESETS; i++)
        for (int chip = 0; chip < STEP_CHIPS; chip++) {
            step_prepare((together = (step_case){0}, &together), step_chips[chip], some_presets[i],
                         256);
            step_prepare((alone = (step_case){0}, &alone), step_chips[chip], some_presets[i], 256);
            step_run(&together);
            step_run_alone(&alone);
            CHECK(together.result->cycles < alone.result->cycles);
            CHECK(2 * together.result->cycles > alone.result->cycles);
            vsh_arena_free(&together.arena);
            vsh_arena_free(&alone.arena);
        }
}

/* dW = dY^T X: of the gradient's rows, which lie across. dX = dY W turns the weights instead, which
 * the weight port does for nothing. */
static void only_gradients_of_weights_pass_the_transpose_unit(void)
{
    static step_case c;

    step_prepare((c = (step_case){0}, &c), "tpu-v5e", some_presets[1], 256);
    step_run(&c);
    for (int i = 0; i < c.result->ops.count; i++) {
        const sim_op_time *t = &c.result->op[i];
        bool turned = t->op->kind == VSH_OP_MATRIX && t->op->phase == VSH_WGRAD;
        CHECK(turned == (t->counts.transposing > 0));
    }
    vsh_arena_free(&c.arena);
}

/* Tiled attention's softmax works on scores as they leave the array. */
static void fused_work_has_no_time_of_its_own_and_makes_its_product_longer(void)
{
    static step_case c;
    int fused = 0;

    step_prepare((c = (step_case){0}, &c), "tpu-v5e", some_presets[0], 256);
    step_run(&c);
    for (int i = 0; i < c.result->ops.count; i++) {
        const sim_op_time *t = &c.result->op[i];
        fused += t->fused;
        if (t->fused)
            CHECK(t->cycles == 0 && t->counts.vector == 0 && t->op->vector_flops.v > 0);
    }
    CHECK(fused >= 1);
    CHECK(step_op(&c, "layer.attn.scores", VSH_FORWARD)->tilings.best.product.result_work > 1);
    vsh_arena_free(&c.arena);
}

/* Scores of a long sequence are larger than the scratchpad; tiled attention never has them all. */
static void a_long_sequence_needs_no_room_for_all_its_scores(void)
{
    static step_case c;
    static const char *const long_ones[] = {"models/mistral-7b.yaml", "models/llama3-405b.yaml"};

    for (size_t i = 0; i < sizeof long_ones / sizeof long_ones[0]; i++) {
        const sim_product *p;
        step_prepare((c = (step_case){0}, &c), "tpu-v5e", long_ones[i], 0);
        c.step.work = vsh_work_default(c.model.context);
        step_run(&c);
        p = &step_op(&c, "layer.attn.scores", VSH_FORWARD)->tilings.best.product;
        CHECK(p->resident[SIM_OUT]);
        CHECK(p->m * p->n * p->element_bytes[SIM_OUT] > c.chip.scratchpad_bytes);
        CHECK(p->block_m * p->block_n < c.chip.scratchpad_bytes);
        vsh_arena_free(&c.arena);
    }
}

/* ---- somebody who watches ------------------------------------------------------------------ */

typedef struct {
    int64_t last_end, op_cycles, ops, spans;
} watched;

static void see_span(void *context, int lane, int64_t begin, int64_t end, int64_t repeats)
{
    watched *w = context;

    CHECK(lane >= 0 && end > begin && repeats >= 1);
    w->spans++;
}

static void see_op(void *context, const vsh_op *op, int64_t begin, int64_t end)
{
    watched *w = context;

    CHECK(op != NULL && begin >= w->last_end && end >= begin);
    w->last_end = end;
    w->op_cycles += end - begin;
    w->ops++;
}

static void a_watcher_sees_the_operations_in_order_and_changes_nothing(void)
{
    static step_case c;
    watched seen = {0};
    sim_watcher watcher = {see_span, see_op, &seen};
    double cycles;

    step_prepare((c = (step_case){0}, &c), "tpu-v6e", some_presets[1], 256);
    step_run(&c);
    cycles = c.result->cycles;
    REQUIRE_OK(sim_schedule(&c.arena, &c.chip, &c.step, &sim_engines[SIM_EVENT], &watcher,
                            &c.result, &err),
               &err);
    CHECK(c.result->cycles == cycles);
    CHECK(seen.ops >= c.result->ops.count && seen.spans > seen.ops);
    CHECK((double)seen.op_cycles <= cycles);
    vsh_arena_free(&c.arena);
}

/* ---- engines ------------------------------------------------------------------------------- */

/* One by one, by formulas and by events: the same products, about the same time. */
static void the_closed_engine_estimates_a_step(void)
{
    static step_case c;

    for (int i = 0; i < SOME_PRESETS; i++)
        for (int chip = 0; chip < STEP_CHIPS; chip++) {
            double alone;
            step_prepare((c = (step_case){0}, &c), step_chips[chip], some_presets[i], 256);
            step_run_alone(&c);
            alone = c.result->cycles;
            REQUIRE_OK(sim_schedule(&c.arena, &c.chip, &c.step, &sim_engines[SIM_CLOSED], NULL,
                                    &c.result, &err),
                       &err);
            CHECK_NEAR(c.result->cycles, alone, 0.10, 0);
            vsh_arena_free(&c.arena);
        }
}

static void the_same_question_has_the_same_answer(void)
{
    static step_case c;
    sim_step_time *first;

    step_prepare((c = (step_case){0}, &c), "tpu-v4", some_presets[1], 256);
    step_run(&c);
    first = c.result;
    step_run(&c);
    for (int i = 0; i < first->ops.count; i++)
        CHECK(memcmp(&first->op[i].counts, &c.result->op[i].counts, sizeof(sim_counts)) == 0);
    CHECK(first->cycles == c.result->cycles);
    vsh_arena_free(&c.arena);
}

const vsh_test vsh_tests[] = {
    {"the_products_run_do_at_least_the_lists_multiply_adds",
     the_products_run_do_at_least_the_lists_multiply_adds},
    {"nothing_is_faster_than_its_multiply_adds", nothing_is_faster_than_its_multiply_adds},
    {"a_step_is_its_operations_and_the_last_write_back",
     a_step_is_its_operations_and_the_last_write_back},
    {"every_slot_of_every_operation_has_a_cause", every_slot_of_every_operation_has_a_cause},
    {"where_all_divides_the_multiply_adds_are_the_lists",
     where_all_divides_the_multiply_adds_are_the_lists},
    {"one_expert_is_the_dense_product", one_expert_is_the_dense_product},
    {"equal_shares_are_the_even_load", equal_shares_are_the_even_load},
    {"a_zipf_load_is_never_faster_than_an_even_one", a_zipf_load_is_never_faster_than_an_even_one},
    {"micro_batches_do_the_same_tokens_and_read_the_weights_again",
     micro_batches_do_the_same_tokens_and_read_the_weights_again},
    {"micro_batches_repeat_all_but_the_optimizer", micro_batches_repeat_all_but_the_optimizer},
    {"what_is_computed_again_takes_longer", what_is_computed_again_takes_longer},
    {"a_chip_with_less_of_anything_is_not_faster", a_chip_with_less_of_anything_is_not_faster},
    {"operations_that_overlap_are_not_slower_than_one_by_one",
     operations_that_overlap_are_not_slower_than_one_by_one},
    {"only_gradients_of_weights_pass_the_transpose_unit",
     only_gradients_of_weights_pass_the_transpose_unit},
    {"fused_work_has_no_time_of_its_own_and_makes_its_product_longer",
     fused_work_has_no_time_of_its_own_and_makes_its_product_longer},
    {"a_long_sequence_needs_no_room_for_all_its_scores",
     a_long_sequence_needs_no_room_for_all_its_scores},
    {"a_watcher_sees_the_operations_in_order_and_changes_nothing",
     a_watcher_sees_the_operations_in_order_and_changes_nothing},
    {"the_closed_engine_estimates_a_step", the_closed_engine_estimates_a_step},
    {"the_same_question_has_the_same_answer", the_same_question_has_the_same_answer},
    {NULL, NULL}};
