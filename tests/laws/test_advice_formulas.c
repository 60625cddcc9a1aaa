/* The arithmetic of single techniques against science-worked.json and published figures. */
#include <math.h>

#include "planner/advice/cross_layer.h"
#include "planner/advice/distillation.h"
#include "planner/advice/early_exit.h"
#include "planner/advice/fine_tuning.h"
#include "planner/advice/memory_layers.h"
#include "planner/advice/over_training.h"
#include "planner/advice/pruning.h"
#include "planner/advice/serving.h"
#include "planner/advice/synthetic_data.h"
#include "tests/harness.h"

const char vsh_suite[] = "advice_formulas";

/* ---- early exit: 12 layers of GPT-2 small's size, forward FLOPs of body and head ------------- */

static const double body = 188762112, head = 77194752;

static void exits_with_a_large_vocabulary_cost_more_than_they_save(void)
{
    vsh_exits three = vsh_exits_even(3);

    CHECK_NEAR(vsh_exits_forward(&three, body, head, false), 322265548.8, 1e-9, 0);
    CHECK_NEAR(vsh_exits_forward(&three, body, head, true), 221912371.2, 1e-9, 0);
    CHECK(vsh_exits_forward(&three, body, head, false) > body + head);
}

static void training_with_exits_never_saves(void)
{
    CHECK_NEAR(vsh_exits_training(3, body, head), 1.5805058071372056, 1e-12, 0);
    for (double heads = 0; heads < 20; heads++)
        for (double size = 1; size < 1e12; size *= 10)
            CHECK(vsh_exits_training(heads, size, 1e6) >= 1);
}

static void the_break_even_is_where_the_forward_pass_costs_the_same(void)
{
    for (int count = 2; count < 10; count++) {
        vsh_exits exits = vsh_exits_even(count);
        double even = vsh_exits_break_even(&exits) * body;
        CHECK_NEAR(vsh_exits_forward(&exits, body, even, false), body + even, 1e-9, 0);
        CHECK(vsh_exits_forward(&exits, body, 0.9 * even, false) < body + 0.9 * even);
    }
}

static void every_token_leaves_somewhere(void)
{
    for (int count = 1; count <= VSH_EXITS_MAX; count++) {
        vsh_exits exits = vsh_exits_even(count);
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += exits.share[i];
        CHECK_NEAR(sum, 1, 1e-12, 0);
        CHECK_NEAR(exits.depth[count - 1], 1, 1e-12, 0);
    }
}

/* ---- pruning -------------------------------------------------------------------------------- */

static void a_weight_left_is_worth_1_59_dense_ones_at_half(void)
{
    CHECK_NEAR(vsh_frantar_multiplier(0.5), 1.587376408517678, 1e-6, 0);
    CHECK_NEAR(vsh_frantar_multiplier(0.75), 2.159822662070417, 1e-6, 0);
    CHECK_NEAR(vsh_frantar_multiplier(0.875), 2.634516558358741, 1e-6, 0);
    CHECK_NEAR(vsh_frantar_multiplier(0), 1, 1e-12, 0);
}

static void sparse_and_dense_of_that_worth_have_one_loss(void)
{
    CHECK_NEAR(vsh_frantar_loss(0.5, 1e8, 1e10), 1.837240161908089, 1e-6, 0);
    CHECK_NEAR(vsh_frantar_loss(0.5, 1e8, 1e10),
               vsh_frantar_loss(0, 1e8 * vsh_frantar_multiplier(0.5), 1e10), 1e-12, 0);
}

/* What is pruned was trained at 1 / (1 - S) of what is left: dearer than the dense model it equals.
 */
static void pruning_never_saves_training(void)
{
    for (double sparsity = 0.05; sparsity < 0.95; sparsity += 0.05)
        CHECK(1 / (1 - sparsity) / vsh_frantar_multiplier(sparsity) > 1);
}

/* ---- distillation --------------------------------------------------------------------------- */

static void the_teacher_is_paid_for_in_flops(void)
{
    CHECK_NEAR(vsh_distillation_flops(2e8, 1e9, 0, 0), 6e17, 1e-12, 0);
    CHECK_NEAR(vsh_distillation_flops(2e8, 1e9, 6e8, 0), 6e17 + 6e17, 1e-12, 0);
    CHECK_NEAR(vsh_distillation_flops(2e8, 1e9, 6e8, 5e9), 6e17 + 6e17 + 9e18, 1e-12, 0);
}

/* An independent evaluation of the published table: a student of 120 M, teacher of 1.0 B trained on
 * 100 B tokens. */
static void busbridges_law_gives_the_published_differences(void)
{
    static const double tokens[] = {30e9, 100e9, 300e9, 1000e9},
                        difference[] = {-0.073, -0.041, -0.026, -0.017};
    double teacher = vsh_busbridge_supervised(1.0e9, 100e9);

    CHECK_NEAR(teacher, 2.240, 0, 1e-3);
    for (int i = 0; i < 4; i++)
        CHECK_NEAR(vsh_busbridge_distilled(120e6, tokens[i], teacher) -
                       vsh_busbridge_supervised(120e6, tokens[i]),
                   difference[i], 0, 1e-3);
}

/* ---- data, memory, fine-tuning -------------------------------------------------------------- */

static void nine_billion_sample_three_times_as_often_as_27(void)
{
    CHECK_NEAR(vsh_compute_matched_samples(27e9, 9e9, 1), 3, 1e-12, 0);
    CHECK_NEAR(vsh_compute_matched_samples(27e9, 9e9, 10) * vsh_generation_flops(9e9, 500),
               10 * vsh_generation_flops(27e9, 500), 1e-12, 0);
    CHECK_NEAR(vsh_price_matched_samples(1.0, 0.2, 4), 20, 1e-12, 0);
}

static void a_memory_costs_as_much_as_attention_at_its_break_even(void)
{
    double memory = 2 * 1024.0 * 1024 * 24, even = vsh_memory_break_even(memory, 24, 16, 64);

    CHECK_NEAR(vsh_attention_flops(24, 16, 64, even), vsh_memory_flops(memory), 1e-12, 0);
    CHECK_NEAR(even, 3 * 1024, 1e-12, 0); /* of two matrices a layer: three widths of keys */
}

static void adapters_save_the_gradients_of_weights(void)
{
    CHECK_NEAR(vsh_adapter_flops(1e9, 1e8) / vsh_fine_tuning_flops(1e9, 1e8), 2.0 / 3, 1e-12, 0);
}

/* 6 x 32.5e9 x 18e12: what Sky-T1's $450 stood on. */
static void the_base_of_sky_t1_took_3_5e24(void)
{
    const vsh_base_model *base = vsh_base_model_for(72e9);

    REQUIRE(base);
    CHECK_TEXT(base->name, "Qwen2.5-32B");
    CHECK_NEAR(vsh_fine_tuning_flops(base->params, base->tokens), 3.5e24, 0.01, 0);
    CHECK(vsh_base_model_for(2.5e9) == NULL);
    CHECK_NEAR(450.0 / 152, 2.960526315789474, 1e-12, 0);
}

/* 24 layers, 4 key-value heads of 64, 16 bits, 2,048 tokens. */
static void the_cache_of_a_350_m_model_takes_50_mb(void)
{
    vsh_model model = vsh_test_model("{name: m, layers: 24, hidden: 1024, heads: 16, kv_heads: 4, "
                                     "ffn: 2816, vocab: 32000, context: 2048}");

    CHECK_NEAR(vsh_cache_bytes(&model, 2048), 50331648, 1e-12, 0);
    vsh_share_keys(&model, 2);
    CHECK_NEAR(vsh_cache_bytes(&model, 2048), 50331648 / 2.0, 1e-12, 0);
}

/* ---- over-training --------------------------------------------------------------------------- */

/* Equation 4 of arXiv:2403.08540. */
static double gadre(double E, double a, double b, double eta, double flops, double ratio)
{
    return E + (a * pow(ratio, eta) + b * pow(ratio, -eta)) * pow(flops, -eta);
}

static void gadres_form_is_chinchillas_with_one_exponent(void)
{
    CHECK_NEAR(
        gadre(1.8691436784054858, 714.3368207540548, 2040.4751754509211, 0.1763298, 1.92e19, 20),
        2.829935062909968, 1e-9, 0);
    CHECK_NEAR(
        gadre(1.8691436784054858, 714.3368207540548, 2040.4751754509211, 0.1763298, 1.92e19, 20),
        vsh_law_loss(&vsh_muennighoff2023, &(vsh_point){4e8, 8e9, 0, 1}), 1e-6, 0);
}

static void a_smaller_model_costs_more_the_smaller_it_is(void)
{
    vsh_optimum best = vsh_law_optimum(vsh_law_default(), 1.8e19, NULL);

    CHECK_NEAR(vsh_over_training_cost(vsh_law_default(), best, 1), 1, 1e-6, 0);
    for (double share = 0.9; share > 0.35; share -= 0.1)
        CHECK(vsh_over_training_cost(vsh_law_default(), best, share) >
              vsh_over_training_cost(vsh_law_default(), best, share + 0.1));
}

static void too_small_a_model_never_reaches_the_loss(void)
{
    CHECK(isinf(vsh_tokens_for_loss(vsh_law_default(), 1e7, 1, 2.8)));
}

const vsh_test vsh_tests[] = {
    {"exits_with_a_large_vocabulary_cost_more_than_they_save",
     exits_with_a_large_vocabulary_cost_more_than_they_save},
    {"training_with_exits_never_saves", training_with_exits_never_saves},
    {"the_break_even_is_where_the_forward_pass_costs_the_same",
     the_break_even_is_where_the_forward_pass_costs_the_same},
    {"every_token_leaves_somewhere", every_token_leaves_somewhere},
    {"a_weight_left_is_worth_1_59_dense_ones_at_half",
     a_weight_left_is_worth_1_59_dense_ones_at_half},
    {"sparse_and_dense_of_that_worth_have_one_loss", sparse_and_dense_of_that_worth_have_one_loss},
    {"pruning_never_saves_training", pruning_never_saves_training},
    {"the_teacher_is_paid_for_in_flops", the_teacher_is_paid_for_in_flops},
    {"busbridges_law_gives_the_published_differences",
     busbridges_law_gives_the_published_differences},
    {"nine_billion_sample_three_times_as_often_as_27",
     nine_billion_sample_three_times_as_often_as_27},
    {"a_memory_costs_as_much_as_attention_at_its_break_even",
     a_memory_costs_as_much_as_attention_at_its_break_even},
    {"adapters_save_the_gradients_of_weights", adapters_save_the_gradients_of_weights},
    {"the_base_of_sky_t1_took_3_5e24", the_base_of_sky_t1_took_3_5e24},
    {"the_cache_of_a_350_m_model_takes_50_mb", the_cache_of_a_350_m_model_takes_50_mb},
    {"gadres_form_is_chinchillas_with_one_exponent", gadres_form_is_chinchillas_with_one_exponent},
    {"a_smaller_model_costs_more_the_smaller_it_is", a_smaller_model_costs_more_the_smaller_it_is},
    {"too_small_a_model_never_reaches_the_loss", too_small_a_model_never_reaches_the_loss},
    {NULL, NULL}};
