#include "core/precision.h"

#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "precision";

static void words_stand_in_the_order_of_their_enums(void)
{
    CHECK_TEXT(vsh_precision_words[VSH_FP32], "fp32");
    CHECK_TEXT(vsh_precision_words[VSH_BF16], "bf16");
    CHECK_TEXT(vsh_precision_words[VSH_FP16], "fp16");
    CHECK_TEXT(vsh_precision_words[VSH_FP8], "fp8");
    CHECK_TEXT(vsh_precision_words[VSH_INT8], "int8");
    CHECK(vsh_precision_words[VSH_PRECISION_COUNT] == NULL);
    CHECK_TEXT(vsh_optimizer_words[VSH_ADAMW], "adamw");
    CHECK_TEXT(vsh_optimizer_words[VSH_ADAMW8BIT], "adamw8bit");
    CHECK_TEXT(vsh_optimizer_words[VSH_ADAFACTOR], "adafactor");
    CHECK_TEXT(vsh_optimizer_words[VSH_LION], "lion");
    CHECK_TEXT(vsh_optimizer_words[VSH_MUON], "muon");
    CHECK_TEXT(vsh_optimizer_words[VSH_SGD], "sgd");
    CHECK(vsh_optimizer_words[VSH_OPTIMIZER_COUNT] == NULL);
}

static void recipe_words_are_the_names_of_the_table(void)
{
    int count = 0;

    for (; vsh_recipe_words[count]; count++) {
        const vsh_recipe *recipe = vsh_recipe_at(count);
        CHECK_TEXT(recipe->name, vsh_recipe_words[count]);
        CHECK(recipe->source && *recipe->source);
        CHECK(recipe->weights > 0 && recipe->gradients >= 0);
        CHECK(recipe->master >= 0 && recipe->moments >= 0);
        for (int other = 0; other < count; other++)
            CHECK(strcmp(vsh_recipe_words[other], vsh_recipe_words[count]) != 0);
    }
    CHECK(count > 10);
}

static void a_recipe_costs_the_bytes_a_parameter_of_the_contract(void)
{
    static const struct {
        vsh_precision precision;
        vsh_optimizer optimizer;
        double bytes;
    } contract[] = {{VSH_FP32, VSH_ADAMW, 16},      {VSH_BF16, VSH_ADAMW, 16},
                    {VSH_BF16, VSH_ADAMW8BIT, 10},  {VSH_BF16, VSH_LION, 12},
                    {VSH_BF16, VSH_MUON, 12},       {VSH_BF16, VSH_ADAFACTOR, 8},
                    {VSH_FP32, VSH_SGD, 12}};

    for (size_t i = 0; i < sizeof contract / sizeof contract[0]; i++)
        CHECK_NEAR(
            vsh_recipe_bytes(vsh_recipe_for(contract[i].precision, contract[i].optimizer)),
            contract[i].bytes, 0, 0);
}

static void every_precision_with_every_optimizer_has_a_recipe(void)
{
    for (int p = 0; p < VSH_PRECISION_COUNT; p++)
        for (int o = 0; o < VSH_OPTIMIZER_COUNT; o++) {
            const vsh_recipe *recipe = vsh_recipe_for((vsh_precision)p, (vsh_optimizer)o);
            REQUIRE(recipe != NULL);
            CHECK_HAS(recipe->name, vsh_optimizer_words[o]);
            CHECK_NEAR(recipe->weights, p == VSH_FP32 ? 4 : 2, 0, 0);
            CHECK_NEAR(recipe->master, p == VSH_FP32 ? 0 : 4, 0, 0);
        }
}

static void halving_the_weights_does_not_halve_the_optimizer(void)
{
    const vsh_recipe *full = vsh_recipe_for(VSH_FP32, VSH_ADAMW);
    const vsh_recipe *mixed = vsh_recipe_for(VSH_BF16, VSH_ADAMW);

    CHECK_NEAR(mixed->moments, full->moments, 0, 0);
    CHECK_NEAR(vsh_recipe_bytes(mixed), vsh_recipe_bytes(full), 0, 0);
}

static void eight_bit_products_keep_sixteen_bit_activations(void)
{
    static const int64_t operand[] = {4, 2, 2, 1, 1}, activation[] = {4, 2, 2, 2, 2};

    for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
        CHECK_INT(vsh_operand_bytes((vsh_precision)p), operand[p]);
        CHECK_INT(vsh_activation_bytes((vsh_precision)p), activation[p]);
    }
}

const vsh_test vsh_tests[] = {
    {"words_stand_in_the_order_of_their_enums", words_stand_in_the_order_of_their_enums},
    {"recipe_words_are_the_names_of_the_table", recipe_words_are_the_names_of_the_table},
    {"a_recipe_costs_the_bytes_a_parameter_of_the_contract",
     a_recipe_costs_the_bytes_a_parameter_of_the_contract},
    {"every_precision_with_every_optimizer_has_a_recipe",
     every_precision_with_every_optimizer_has_a_recipe},
    {"halving_the_weights_does_not_halve_the_optimizer",
     halving_the_weights_does_not_halve_the_optimizer},
    {"eight_bit_products_keep_sixteen_bit_activations",
     eight_bit_products_keep_sixteen_bit_activations},
    {NULL, NULL}};
