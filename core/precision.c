#include "core/precision.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

const char *const vsh_precision_words[] = {"fp32", "bf16", "fp16", "fp8", "int8", NULL};
const char *const vsh_optimizer_words[] = {"adamw", "adamw8bit", "adafactor", "lion",
                                           "muon",  "sgd",       NULL};

int64_t vsh_operand_bytes(vsh_precision precision)
{
    static const int64_t bytes[] = {4, 2, 2, 1, 1};
    return bytes[precision];
}

int64_t vsh_activation_bytes(vsh_precision precision)
{
    static const int64_t bytes[] = {4, 2, 2, 2, 2}; /* 8-bit products keep 16-bit activations */
    return bytes[precision];
}

#define ZERO "Rajbhandari et al. 2020, arXiv:1910.02054, section 3.1"
#define EIGHT_BIT "Dettmers et al. 2022, arXiv:2110.02861"
#define SHAZEER "Shazeer and Stern 2018, arXiv:1804.04235"

#define LION "Chen et al. 2023, arXiv:2302.06675"
#define MUON "Jordan et al. 2024, Muon: one fp32 momentum a matrix element"
#define MOMENTUM "arithmetic: one fp32 momentum"

/* name, then bytes of weights, gradients, fp32 master copy, moments. Muon keeps AdamW for
 * embeddings and the head; its figure is that of the matrices. */
#define RECIPE_LIST(RECIPE)                                                                        \
    RECIPE("fp32-adamw", 4, 4, 0, 8, ZERO)                                                         \
    RECIPE("mixed-adamw", 2, 2, 4, 8, ZERO)                                                        \
    RECIPE("mixed-adamw-fp32-grads", 2, 4, 4, 8,                                                   \
           "Megatron-LM, distributed optimizer documentation")                                     \
    RECIPE("mixed-adamw-both-grads", 2, 6, 4, 8, "ZeRO's count plus a kept fp32 gradient")         \
    RECIPE("bf16-weights-fp32-adamw", 2, 0, 0, 8, "jax-ml/scaling-book, training.md: HBM/10")      \
    RECIPE("pure-bf16-adamw", 2, 2, 0, 4, "arithmetic; needs stochastic rounding")                 \
    RECIPE("mixed-adamw8bit", 2, 2, 4, 2, EIGHT_BIT)                                               \
    RECIPE("adamw8bit-no-master", 2, 2, 0, 2, EIGHT_BIT)                                           \
    RECIPE("fp32-adamw8bit", 4, 4, 0, 2, EIGHT_BIT)                                                \
    RECIPE("mixed-lion", 2, 2, 4, 4, LION)                                                         \
    RECIPE("fp32-lion", 4, 4, 0, 4, LION)                                                          \
    RECIPE("mixed-muon", 2, 2, 4, 4, MUON)                                                         \
    RECIPE("fp32-muon", 4, 4, 0, 4, MUON)                                                          \
    RECIPE("mixed-adafactor", 2, 2, 4, 0, SHAZEER)                                                 \
    RECIPE("fp32-adafactor", 4, 4, 0, 0, SHAZEER)                                                  \
    RECIPE("mixed-sgd", 2, 2, 4, 4, MOMENTUM)                                                      \
    RECIPE("fp32-sgd", 4, 4, 0, 4, MOMENTUM)

#define RECIPE_ROW(name, weights, gradients, master, moments, source)                              \
    {name, weights, gradients, master, moments, source},
#define RECIPE_WORD(name, weights, gradients, master, moments, source) name,

static const vsh_recipe recipes[] = {RECIPE_LIST(RECIPE_ROW)};
const char *const vsh_recipe_words[] = {RECIPE_LIST(RECIPE_WORD) NULL};

enum { RECIPE_COUNT = sizeof recipes / sizeof recipes[0] };

const vsh_recipe *vsh_recipe_at(int index)
{
    assert(index >= 0 && index < RECIPE_COUNT);
    return &recipes[index];
}

static const vsh_recipe *find(const char *name)
{
    for (size_t i = 0; i < RECIPE_COUNT; i++)
        if (strcmp(recipes[i].name, name) == 0)
            return &recipes[i];
    assert(!"a recipe the table lacks");
    return NULL;
}

const vsh_recipe *vsh_recipe_for(vsh_precision precision, vsh_optimizer optimizer)
{
    static const char *const fp32[] = {"fp32-adamw", "fp32-adamw8bit", "fp32-adafactor",
                                       "fp32-lion",  "fp32-muon",      "fp32-sgd"};
    static const char *const mixed[] = {"mixed-adamw", "mixed-adamw8bit", "mixed-adafactor",
                                        "mixed-lion",  "mixed-muon",      "mixed-sgd"};
    return find(precision == VSH_FP32 ? fp32[optimizer] : mixed[optimizer]);
}
