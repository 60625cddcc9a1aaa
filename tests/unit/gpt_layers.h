/* The GPT of Korthikanti et al. 2022, and what its layers keep. */
#ifndef VSH_TEST_GPT_LAYERS_H
#define VSH_TEST_GPT_LAYERS_H

#include <string.h>

#include "core/lower.h"
#include "core/text.h"
#include "tests/harness.h"

/* GELU of width 4h, LayerNorm, biases, learned positions. */
static inline vsh_model gpt_of(int64_t layers, int64_t h, int64_t a, int64_t vocab)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text,
                 "layers: %ld\nhidden: %ld\nheads: %ld\nffn: %ld\nvocab: %ld\ncontext: 8192\n"
                 "mlp: gelu\nnorm: layer\nbias: all\nposition: learned\ntied: true\n",
                 (long)layers, (long)h, (long)a, (long)(4 * h), (long)vocab);
    return vsh_test_model(vsh_text_string(&text));
}

/* Bytes the operations of the layers keep for the backward pass. */
static inline double saved_by_layers(const vsh_op_list *ops)
{
    double sum = 0;

    for (int i = 0; i < ops->count; i++)
        if (strncmp(ops->item[i].name, "layer.", 6) == 0)
            sum += ops->item[i].saved.v;
    return sum;
}

#endif
