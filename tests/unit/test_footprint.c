#include "core/footprint.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tests/harness.h"
#include "tests/unit/gpt_layers.h"

const char vsh_suite[] = "footprint";

static vsh_error err;
static vsh_model model;
static vsh_op_list ops;

static void make_gpt(int64_t layers, int64_t h, int64_t a) { model = gpt_of(layers, h, a, 1000); }

/* By the layers of the model, lowered so. */
static double saved_by(const vsh_work *work)
{
    REQUIRE_OK(vsh_lower(&model, work, &ops, &err), &err);
    return saved_by_layers(&ops);
}

/* s, b, h, a: the sizes of the papers' models and some that share no factor. */
static const int64_t sizes[][4] = {{2048, 1, 1024, 16}, {4096, 1, 4096, 32}, {2048, 4, 12288, 96},
                                   {100, 3, 60, 5},     {1, 1, 8, 1},        {77, 2, 21, 7}};
enum { SIZE_COUNT = sizeof sizes / sizeof sizes[0] };

static vsh_work work_of(const int64_t size[4], bool store_scores, bool dropout)
{
    vsh_work work = vsh_work_default(size[0]);

    work.sequences = size[1];
    work.store_scores = store_scores;
    work.dropout = dropout;
    return work;
}

/* arXiv:2205.05198 equation 2: s b h (34 + 5 a s / h), to the byte. */
static void a_gpt_layer_keeps_the_bytes_of_korthikanti(void)
{
    for (int i = 0; i < SIZE_COUNT; i++) {
        vsh_work work = work_of(sizes[i], true, true);
        double s = (double)sizes[i][0], b = (double)sizes[i][1], h = (double)sizes[i][2],
               a = (double)sizes[i][3];
        make_gpt(3, sizes[i][2], sizes[i][3]);
        CHECK_NEAR(saved_by(&work), 3 * (34 * s * b * h + 5 * a * s * s * b), 0, 0);
        CHECK_NEAR(vsh_korthikanti_layer(s, b, h, a, true).v, 34 * s * b * h + 5 * a * s * s * b,
                   1e-15, 0);
    }
}

/* Tiled attention keeps no scores but the fp32 log-sum-exp of each row of each head. */
static void a_tiled_layer_keeps_34_sbh_and_4_bytes_a_row_and_head(void)
{
    for (int i = 0; i < SIZE_COUNT; i++) {
        vsh_work work = work_of(sizes[i], false, true);
        double s = (double)sizes[i][0], b = (double)sizes[i][1], h = (double)sizes[i][2],
               a = (double)sizes[i][3];
        make_gpt(3, sizes[i][2], sizes[i][3]);
        CHECK_NEAR(saved_by(&work), 3 * (34 * s * b * h + 4 * s * b * a), 0, 0);
        CHECK_NEAR(vsh_korthikanti_layer(s, b, h, a, false).v, 34 * s * b * h, 0, 0);
    }
}

/* Two masks of s b h bytes go; of 5 a s^2 b the softmax alone stays, 2 a s^2 b. */
static void without_dropout_the_masks_are_not_kept(void)
{
    vsh_work work = work_of(sizes[0], true, false);
    double s = 2048, h = 1024, a = 16;

    make_gpt(1, 1024, 16);
    CHECK_NEAR(saved_by(&work), 32 * s * h + 2 * a * s * s, 0, 0);
}

static void selective_recomputation_drops_exactly_the_scores(void)
{
    vsh_work work = work_of(sizes[0], true, true);

    make_gpt(1, 1024, 16);
    work.recompute = VSH_RECOMPUTE_SELECTIVE;
    CHECK_NEAR(saved_by(&work), 34.0 * 2048 * 1024, 0, 0);
}

static void full_recomputation_keeps_the_input_of_each_layer(void)
{
    vsh_work work = work_of(sizes[0], true, true);
    vsh_bytes live;

    make_gpt(5, 1024, 16);
    work.recompute = VSH_RECOMPUTE_FULL;
    CHECK_NEAR(saved_by(&work), 5 * 2.0 * 2048 * 1024, 0, 0);
    REQUIRE_OK(vsh_lower_live_layer(&model, &work, &live, &err), &err);
    CHECK_NEAR(live.v, vsh_korthikanti_layer(2048, 1, 1024, 16, true).v, 0, 0);
}

static void fp32_activations_take_twice_the_bytes_but_for_the_masks(void)
{
    vsh_work work = work_of(sizes[0], false, true);

    make_gpt(1, 1024, 16);
    work.precision = VSH_FP32;
    CHECK_NEAR(saved_by(&work), (2 * 32 + 2) * 2048.0 * 1024 + 4 * 2048 * 16, 0, 0);
}

/* ---- the whole chip -------------------------------------------------------------------------- */

static vsh_footprint footprint_of(const vsh_work *work, int64_t chunk)
{
    vsh_footprint f = {0};

    REQUIRE_OK(vsh_footprint_of(&model, work, chunk, &f, &err), &err);
    return f;
}

static void the_parts_make_the_total(void)
{
    vsh_work work = vsh_work_default(512);
    vsh_footprint f;

    work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    make_gpt(4, 256, 4);
    f = footprint_of(&work, 0);
    CHECK_NEAR(f.total.v,
               f.weights.v + f.gradients.v + f.optimizer.v + f.activations.v + f.logits.v +
                   f.workspace.v,
               1e-15, 0);
    CHECK(f.workspace.v > 0.04 * f.total.v && f.workspace.v < 0.11 * f.total.v);
}

static void state_is_parameters_times_the_recipe(void)
{
    vsh_parameters parameters;

    make_gpt(4, 256, 4);
    REQUIRE_OK(vsh_count_parameters(&model, &parameters, &err), &err);
    for (int i = 0; vsh_recipe_words[i]; i++) {
        vsh_work work = vsh_work_default(512);
        vsh_footprint f;
        double count = (double)parameters.total;
        work.recipe = vsh_recipe_at(i);
        f = footprint_of(&work, 0);
        CHECK_NEAR(f.weights.v, count * work.recipe->weights, 0, 0);
        CHECK_NEAR(f.gradients.v, count * work.recipe->gradients, 0, 0);
        CHECK_NEAR(f.optimizer.v, count * (work.recipe->master + work.recipe->moments), 0, 0);
        CHECK_NEAR(f.weights.v + f.gradients.v + f.optimizer.v,
                   count * vsh_recipe_bytes(work.recipe), 1e-15, 0);
    }
}

static void a_mixture_keeps_all_its_experts_in_memory(void)
{
    vsh_work work = vsh_work_default(256);
    vsh_parameters parameters;

    work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    REQUIRE_OK(vsh_model_read(vsh_test_arena(), "models/tiny-moe.yaml", &model, &err), &err);
    REQUIRE_OK(vsh_count_parameters(&model, &parameters, &err), &err);
    CHECK(parameters.total > 3 * parameters.active);
    CHECK_NEAR(footprint_of(&work, 0).weights.v, 2 * (double)parameters.total, 0, 0);
}

static void logits_are_fp32_with_their_gradient_a_chunk_at_a_time(void)
{
    vsh_work work = vsh_work_default(2048);

    work.sequences = 8;
    work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    model =
        vsh_test_model("layers: 1\nhidden: 64\nheads: 1\nffn: 64\nvocab: 32000\ncontext: 2048\n");
    CHECK_NEAR(footprint_of(&work, 0).logits.v, 4194304000, 0, 0);
    CHECK_NEAR(footprint_of(&work, 1024).logits.v, 1024.0 * 32000 * 8, 0, 0);
    CHECK_NEAR(footprint_of(&work, 1 << 30).logits.v, 4194304000, 0, 0);
}

static void activations_are_the_saved_bytes_and_the_live_layer(void)
{
    vsh_work work = vsh_work_default(512);
    double saved = 0;
    vsh_bytes live;

    work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    make_gpt(4, 256, 4);
    REQUIRE_OK(vsh_lower(&model, &work, &ops, &err), &err);
    for (int i = 0; i < ops.count; i++)
        saved += ops.item[i].saved.v;
    CHECK_NEAR(footprint_of(&work, 0).activations.v, saved, 1e-15, 0);
    work.recompute = VSH_RECOMPUTE_FULL;
    REQUIRE_OK(vsh_lower(&model, &work, &ops, &err), &err);
    REQUIRE_OK(vsh_lower_live_layer(&model, &work, &live, &err), &err);
    saved = live.v;
    for (int i = 0; i < ops.count; i++)
        saved += ops.item[i].saved.v;
    CHECK_NEAR(footprint_of(&work, 0).activations.v, saved, 1e-15, 0);
}

static void recomputing_more_keeps_less(void)
{
    vsh_work work = vsh_work_default(1024);
    double kept[3];

    work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    work.store_scores = true;
    REQUIRE_OK(vsh_model_read(vsh_test_arena(), "models/gpt2-124m.yaml", &model, &err), &err);
    for (int mode = 0; mode < 3; mode++) {
        work.recompute = (vsh_recompute_mode)mode;
        kept[mode] = footprint_of(&work, 0).activations.v;
    }
    CHECK(kept[0] > kept[1]);
    CHECK(kept[1] > kept[2]);
}

static void more_sequences_keep_more_and_state_stays(void)
{
    vsh_work one = vsh_work_default(512), four = vsh_work_default(512);
    vsh_footprint a, b;

    one.recipe = four.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    four.sequences = 4;
    make_gpt(4, 256, 4);
    a = footprint_of(&one, 0);
    b = footprint_of(&four, 0);
    CHECK_NEAR(b.activations.v, 4 * a.activations.v, 1e-15, 0);
    CHECK_NEAR(b.weights.v, a.weights.v, 0, 0);
    CHECK_NEAR(b.optimizer.v, a.optimizer.v, 0, 0);
}

static void shards_divide_the_state_and_nothing_else(void)
{
    vsh_work alone = vsh_work_default(512), shared = vsh_work_default(512), one;
    vsh_footprint a, b;

    alone.recipe = shared.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    shared.shards = 8;
    make_gpt(4, 256, 4);
    a = footprint_of(&alone, 0);
    b = footprint_of(&shared, 0);
    CHECK_NEAR(b.weights.v, a.weights.v / 8, 1e-15, 0);
    CHECK_NEAR(b.gradients.v, a.gradients.v / 8, 1e-15, 0);
    CHECK_NEAR(b.optimizer.v, a.optimizer.v / 8, 1e-15, 0);
    CHECK_NEAR(b.activations.v, a.activations.v, 0, 0);
    CHECK_NEAR(b.logits.v, a.logits.v, 0, 0);
    CHECK_NEAR(b.total.v,
               b.weights.v + b.gradients.v + b.optimizer.v + b.activations.v + b.logits.v +
                   b.workspace.v,
               1e-15, 0);
    one = alone;
    one.shards = 1;
    CHECK_NEAR(footprint_of(&one, 0).total.v, a.total.v, 0, 0);
}

/* Rajbhandari et al. 2020 figure 1: 7.5 B parameters over 64 ranks. */
static void zero_stages_hold_what_the_paper_draws(void)
{
    static const double gigabytes[] = {120, 31.4, 16.6, 1.9};

    for (int stage = 0; stage < 4; stage++)
        CHECK_NEAR(vsh_zero_state(7.5e9, stage, 64).v / 1e9, gigabytes[stage], 0, 0.05);
    for (int stage = 0; stage < 4; stage++)
        CHECK_NEAR(vsh_zero_state(7.5e9, stage, 1).v, 120e9, 1e-15, 0);
}

static void a_work_too_large_to_count_is_refused(void)
{
    vsh_work work = vsh_work_default(8192);
    vsh_footprint f;

    work.sequences = (int64_t)1 << 50;
    work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    make_gpt(4, 256, 4);
    CHECK_FAILS(vsh_footprint_of(&model, &work, 0, &f, &err), &err, VSH_EINPUT, "63 bits");
}

const vsh_test vsh_tests[] = {
    {"a_gpt_layer_keeps_the_bytes_of_korthikanti", a_gpt_layer_keeps_the_bytes_of_korthikanti},
    {"a_tiled_layer_keeps_34_sbh_and_4_bytes_a_row_and_head",
     a_tiled_layer_keeps_34_sbh_and_4_bytes_a_row_and_head},
    {"without_dropout_the_masks_are_not_kept", without_dropout_the_masks_are_not_kept},
    {"selective_recomputation_drops_exactly_the_scores",
     selective_recomputation_drops_exactly_the_scores},
    {"full_recomputation_keeps_the_input_of_each_layer",
     full_recomputation_keeps_the_input_of_each_layer},
    {"fp32_activations_take_twice_the_bytes_but_for_the_masks",
     fp32_activations_take_twice_the_bytes_but_for_the_masks},
    {"the_parts_make_the_total", the_parts_make_the_total},
    {"state_is_parameters_times_the_recipe", state_is_parameters_times_the_recipe},
    {"a_mixture_keeps_all_its_experts_in_memory", a_mixture_keeps_all_its_experts_in_memory},
    {"logits_are_fp32_with_their_gradient_a_chunk_at_a_time",
     logits_are_fp32_with_their_gradient_a_chunk_at_a_time},
    {"activations_are_the_saved_bytes_and_the_live_layer",
     activations_are_the_saved_bytes_and_the_live_layer},
    {"recomputing_more_keeps_less", recomputing_more_keeps_less},
    {"more_sequences_keep_more_and_state_stays", more_sequences_keep_more_and_state_stays},
    {"shards_divide_the_state_and_nothing_else", shards_divide_the_state_and_nothing_else},
    {"zero_stages_hold_what_the_paper_draws", zero_stages_hold_what_the_paper_draws},
    {"a_work_too_large_to_count_is_refused", a_work_too_large_to_count_is_refused},
    {NULL, NULL}};
