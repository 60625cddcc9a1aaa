#include "sim/waterfall.h"

#include <glob.h>
#include <math.h>

#include "core/rng.h"
#include "tests/sim/step_case.h"

const char vsh_suite[] = "sim/waterfall";

static double at_random(uint32_t number, uint32_t i)
{
    return (double)vsh_philox((vsh_random_block){{i, 0, 0, 0}}, number, 0).word[0] / 4294967296.0;
}

/* ---- shares -------------------------------------------------------------------------------- */

/* Their sum is 1 in the order of the table, backwards, and in orders drawn at random. */
static void check_sum_is_one(const double shares[SIM_CAUSES], uint32_t number)
{
    enum { ORDERS = 20 };
    double forward = 0, backward = 0;
    int order[SIM_CAUSES];

    for (int i = 0; i < SIM_CAUSES; i++) {
        forward += shares[i];
        backward += shares[SIM_CAUSES - 1 - i];
        order[i] = i;
    }
    CHECK(forward == 1);
    CHECK(backward == 1);
    for (uint32_t o = 0; o < ORDERS; o++) {
        double sum = 0;
        for (int i = SIM_CAUSES - 1; i > 0; i--) {
            int j = (int)(at_random(number, o * SIM_CAUSES + (uint32_t)i) * (i + 1));
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        for (int i = 0; i < SIM_CAUSES; i++)
            sum += shares[order[i]];
        CHECK(sum == 1);
    }
}

static void check_waterfall(const sim_waterfall *w, uint32_t number)
{
    double shares[SIM_CAUSES], total = 0;

    for (int i = 0; i < SIM_CAUSES; i++)
        total += w->slots[i];
    sim_waterfall_shares(w, shares);
    check_sum_is_one(shares, number);
    for (int i = 0; i < SIM_CAUSES; i++)
        CHECK_NEAR(shares[i], w->slots[i] / total, 0, SIM_CAUSES / 1e12);
}

static void check_preset(const step_case *c)
{
    const sim_waterfall *w = &c->result->waterfall;
    double total = 0, slots = c->result->cycles * sim_chip_macs_a_cycle(&c->chip);

    check_waterfall(w, 1);
    for (int i = 0; i < SIM_CAUSES; i++) {
        CHECK(w->slots[i] >= 0);
        total += w->slots[i];
    }
    CHECK_NEAR(total, slots, 1e-12, 0);
    CHECK_NEAR(w->slots[SIM_USEFUL], c->result->model.v / 2, 1e-12, 0);
    CHECK(w->slots[SIM_SUSTAINED] == 0);
}

static void shares_of_every_preset_on_every_chip_sum_to_one_in_any_order(void)
{
    glob_t presets;

    REQUIRE(glob("models/*.yaml", 0, NULL, &presets) == 0);
    CHECK(presets.gl_pathc >= 39);
    for (size_t i = 0; i < presets.gl_pathc; i++)
        step_each_chip(presets.gl_pathv[i], 128, check_preset);
    globfree(&presets);
}

/* Slots of any size beside each other, down to shares far below the smallest step. */
static void shares_of_any_slots_sum_to_one_in_any_order(void)
{
    for (uint32_t number = 0; number < 2000; number++) {
        sim_waterfall w = {{0}};
        for (uint32_t i = 0; i < SIM_CAUSES; i++)
            if (at_random(number, 3 * i) < 0.7)
                w.slots[i] = pow(10, 30 * at_random(number, 3 * i + 1)) * at_random(number, 3 * i);
        w.slots[number % SIM_CAUSES] += 1;
        check_waterfall(&w, number);
    }
}

static void recomputed_multiply_adds_have_a_cause_of_their_own(void)
{
    static step_case c;

    step_prepare((c = (step_case){0}, &c), "tpu-v5e", "models/tiny-dense.yaml", 256);
    c.step.work.recompute = VSH_RECOMPUTE_FULL;
    step_run(&c);
    CHECK_NEAR(c.result->waterfall.slots[SIM_USEFUL], c.result->model.v / 2, 1e-12, 0);
    CHECK_NEAR(c.result->waterfall.slots[SIM_RECOMPUTE] + c.result->waterfall.slots[SIM_MASKED],
               (c.result->executed.v - c.result->model.v) / 2, 1e-12, 0);
    CHECK(c.result->waterfall.slots[SIM_RECOMPUTE] > 0);
    vsh_arena_free(&c.arena);
}

/* ---- one product, by hand ------------------------------------------------------------------ */

/* One product on a bare array; macs as its operation would count them, executed if not 0. */
static sim_waterfall of_product(sim_machine m, sim_product p, sim_op_macs macs, sim_counts *counts)
{
    sim_waterfall w = {{0}};
    double rate = sim_macs_a_cycle(&m) / (double)m.units, all = (double)(p.m * p.n * p.k);
    vsh_error err;

    REQUIRE_OK(sim_event_run(vsh_test_arena(), &m, &p, counts, &err), &err);
    sim_op_macs_add(&macs, &p, m.rows, m.cols, 1);
    macs.executed_macs = macs.executed_macs > 0 ? macs.executed_macs : all;
    macs.model_macs = macs.model_macs > 0 ? macs.model_macs : macs.executed_macs;
    sim_waterfall_add(&w, &m, (sim_unit_rate){rate, rate}, 1, counts, 1, &macs);
    return w;
}

static void check_only(const sim_waterfall *w, const sim_counts *c, double a_cycle,
                       const double want[SIM_CAUSES])
{
    double total = 0;

    for (int i = 0; i < SIM_CAUSES; i++) {
        CHECK_NEAR(w->slots[i], want[i], 1e-12, 1e-9);
        total += w->slots[i];
    }
    CHECK_NEAR(total, (double)c->cycles * a_cycle, 1e-12, 0);
}

/* 8 x 8 elements, one tile: R cycles of loading and R + C - 1 of draining. */
static void one_tile_is_useful_and_filling(void)
{
    sim_counts c;
    sim_waterfall w = of_product(sim_mesh(8, 8, SIM_WS, SIM_DOUBLE), sim_whole_product(100, 8, 8),
                                 (sim_op_macs){0}, &c);

    check_only(&w, &c, 64, (double[SIM_CAUSES]){[SIM_USEFUL] = 6400, [SIM_FILL] = (8 + 15) * 64});
}

/* 9 of n and 10 of k take two tiles each way: 100 rows x 16 x 16 for 100 x 9 x 10. */
static void partial_tiles_are_padding_of_their_own_side(void)
{
    sim_counts c;
    sim_waterfall w = of_product(sim_mesh(8, 8, SIM_WS, SIM_DOUBLE), sim_whole_product(100, 9, 10),
                                 (sim_op_macs){0}, &c);

    check_only(&w, &c, 64,
               (double[SIM_CAUSES]){[SIM_USEFUL] = 9000,
                                    [SIM_PADDING_N] = 100 * 7 * 10,
                                    [SIM_PADDING_K] = 100 * 16 * 6,
                                    [SIM_FILL] = (8 + 15) * 64});
}

/* Rows enter in groups of 16: 100 as 112. */
static void rows_that_enter_together_are_padding_of_m(void)
{
    sim_machine m = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_counts c;
    sim_waterfall w;

    m.row_group = 16;
    w = of_product(m, sim_whole_product(100, 8, 8), (sim_op_macs){0}, &c);
    check_only(&w, &c, 64,
               (double[SIM_CAUSES]){
                   [SIM_USEFUL] = 6400, [SIM_PADDING_M] = 12 * 64, [SIM_FILL] = (8 + 15) * 64});
}

/* 4 tiles of 3 rows wait for 8 cycles of loading each; a bubble of 2 is theirs too. */
static void changes_of_tile_are_the_weights(void)
{
    sim_machine m = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_counts c;
    sim_waterfall w = of_product(m, sim_whole_product(3, 32, 8), (sim_op_macs){0}, &c);

    check_only(&w, &c, 64,
               (double[SIM_CAUSES]){[SIM_USEFUL] = 3 * 32 * 8,
                                    [SIM_WEIGHTS] = 3 * (8 - 3) * 64,
                                    [SIM_FILL] = (8 + 15) * 64});
    m.bubble = 2;
    w = of_product(m, sim_whole_product(100, 32, 8), (sim_op_macs){0}, &c);
    check_only(
        &w, &c, 64,
        (double[SIM_CAUSES]){
            [SIM_USEFUL] = 100 * 32 * 8, [SIM_WEIGHTS] = 3 * 2 * 64, [SIM_FILL] = (8 + 15) * 64});
}

/* Three tiles on two units: one idles for the third. */
static void a_unit_without_a_tile_is_idle(void)
{
    sim_machine m = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_counts c;
    sim_waterfall w;

    m.units = 2;
    w = of_product(m, sim_whole_product(100, 24, 8), (sim_op_macs){0}, &c);
    check_only(
        &w, &c, 128,
        (double[SIM_CAUSES]){
            [SIM_USEFUL] = 100 * 24 * 8, [SIM_UNITS] = 100 * 64, [SIM_FILL] = 2 * (8 + 15) * 64});
}

/* 4 bytes an element over 4 bytes a cycle: an element a cycle; one block, so nothing overlaps. */
static void memory_alone_is_head_and_tail(void)
{
    sim_machine m = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_counts c;
    sim_waterfall w;

    m.bytes_num = 4;
    m.bytes_den = 1;
    w = of_product(m, sim_whole_product(100, 8, 8), (sim_op_macs){0}, &c);
    check_only(&w, &c, 64,
               (double[SIM_CAUSES]){[SIM_USEFUL] = 6400,
                                    [SIM_DMA_HEAD] = (64 + 800) * 64,
                                    [SIM_FILL] = (8 + 15) * 64,
                                    [SIM_DMA_TAIL] = 800 * 64});
}

static void what_slows_the_array_is_named(void)
{
    sim_machine m = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_product p = sim_whole_product(64, 32, 64);
    sim_counts c;
    sim_waterfall w;

    p.block_n = p.block_k = 8;
    m.bytes_num = 4;
    m.bytes_den = 1;
    w = of_product(m, p, (sim_op_macs){0}, &c);
    CHECK(w.slots[SIM_MEMORY] > 0.5 * (double)c.cycles * 64);
    m.bytes_num = 0;
    m.vector_rate = 1;
    w = of_product(m, p, (sim_op_macs){0}, &c);
    CHECK(w.slots[SIM_VECTOR] > 0.5 * (double)c.cycles * 64);
    m.vector_rate = 0;
    m.step_overhead = 500;
    w = of_product(m, p, (sim_op_macs){0}, &c);
    CHECK(w.slots[SIM_OVERHEAD] > 0.5 * (double)c.cycles * 64);
}

/* The list's own words for what is done beside the model: the mask, the experts' rows. */
static void what_the_list_executes_beside_the_model_keeps_its_name(void)
{
    sim_machine m = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_product p = sim_whole_product(100, 8, 8);
    sim_counts c;
    sim_waterfall w;

    w = of_product(m, p, (sim_op_macs){.model_macs = 4000, .attention = true}, &c);
    CHECK(w.slots[SIM_USEFUL] == 4000 && w.slots[SIM_MASKED] == 2400);
    w = of_product(m, p, (sim_op_macs){.model_macs = 4000, .executed_macs = 5000, .experts = true},
                   &c);
    CHECK(w.slots[SIM_USEFUL] == 4000 && w.slots[SIM_EXPERTS] == 2400);
    w = of_product(m, p, (sim_op_macs){.model_macs = 4000, .recompute = true}, &c);
    CHECK(w.slots[SIM_USEFUL] == 0 && w.slots[SIM_RECOMPUTE] == 6400);
}

/* What large products do not hold of the peak is no other cause's. */
static void a_rate_below_the_peak_is_named(void)
{
    sim_machine m = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_product p = sim_whole_product(100, 8, 8);
    sim_op_macs macs = {.model_macs = 6400, .executed_macs = 6400};
    sim_waterfall w = {{0}};
    sim_counts c;
    vsh_error err;

    REQUIRE_OK(sim_event_run(vsh_test_arena(), &m, &p, &c, &err), &err);
    sim_op_macs_add(&macs, &p, 8, 8, 1);
    sim_waterfall_add(&w, &m, (sim_unit_rate){100, 80}, 1, &c, 1, &macs);
    check_only(&w, &c, 100,
               (double[SIM_CAUSES]){[SIM_USEFUL] = 6400,
                                    [SIM_SUSTAINED] = 100 * (100 - 80),
                                    [SIM_MEMORY] = 100 * (80 - 64),
                                    [SIM_FILL] = (8 + 15) * 100});
}

const vsh_test vsh_tests[] = {
    {"shares_of_every_preset_on_every_chip_sum_to_one_in_any_order",
     shares_of_every_preset_on_every_chip_sum_to_one_in_any_order},
    {"shares_of_any_slots_sum_to_one_in_any_order", shares_of_any_slots_sum_to_one_in_any_order},
    {"recomputed_multiply_adds_have_a_cause_of_their_own",
     recomputed_multiply_adds_have_a_cause_of_their_own},
    {"one_tile_is_useful_and_filling", one_tile_is_useful_and_filling},
    {"partial_tiles_are_padding_of_their_own_side", partial_tiles_are_padding_of_their_own_side},
    {"rows_that_enter_together_are_padding_of_m", rows_that_enter_together_are_padding_of_m},
    {"changes_of_tile_are_the_weights", changes_of_tile_are_the_weights},
    {"a_unit_without_a_tile_is_idle", a_unit_without_a_tile_is_idle},
    {"memory_alone_is_head_and_tail", memory_alone_is_head_and_tail},
    {"what_slows_the_array_is_named", what_slows_the_array_is_named},
    {"what_the_list_executes_beside_the_model_keeps_its_name",
     what_the_list_executes_beside_the_model_keeps_its_name},
    {"a_rate_below_the_peak_is_named", a_rate_below_the_peak_is_named},
    {NULL, NULL}};
