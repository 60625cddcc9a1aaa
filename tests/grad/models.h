/* Small models with every option that can be trained: the twin of the network is checked on them
 * against finite differences, the fast network against its twin, both against PyTorch. The last
 * expert chosen leads the first one passed over by 4e-4 or more in every token of every model, so
 * fp32 chooses the same; bfloat16 need not. */
#ifndef VSH_TEST_MODELS_H
#define VSH_TEST_MODELS_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/nn/network_ref.h"
#include "trainer/nn/parameters.h"

typedef struct {
    const char *name;
    const char *yaml; /* to be completed by network_case_sizes */
    double balance, z, jitter, exit_scale;
    bool masked;            /* every third target does not count */
    bool drops;             /* some assignment goes beyond the capacity */
    const char *sizes;      /* NULL: network_case_sizes */
    int64_t sequences, seq; /* 0: CASE_SEQUENCES of CASE_SEQ */
} network_case;

#define network_case_sizes "hidden: 8\nvocab: 11\ncontext: 7\n"

/* clang-format off */
static const network_case network_cases[] = {
    {.name = "gpt",
     .yaml = "layers: 2\nheads: 2\nffn: 12\nmlp: gelu\nnorm: layer\nposition: learned\nbias: all\ntied: true\n"},
    {.name = "opt",
     .yaml = "layers: 2\nheads: 4\nffn: 12\nmlp: relu\nnorm: layer\nposition: learned\nbias: attention\n"},
    {.name = "nope",
     .yaml = "layers: 2\nheads: 2\nffn: 9\nmlp: relu\nnorm: layer_no_bias\nposition: none\n", .masked = true},
    {.name = "llama", .yaml = "layers: 2\nheads: 2\nffn: 12\n"},
    {.name = "llama-tied-grouped", .yaml = "layers: 2\nheads: 4\nkv_heads: 2\nffn: 12\ntied: true\n", .masked = true},
    {.name = "qwen", .yaml = "layers: 2\nheads: 4\nkv_heads: 1\nffn: 10\nmlp: geglu\nbias: qkv\n"},
    {.name = "biased-gates", .yaml = "layers: 2\nheads: 2\nkv_heads: 1\nffn: 6\nnorm: layer\nbias: all\n"},
    {.name = "wide-heads", .yaml = "layers: 2\nheads: 3\nkv_heads: 3\nhead_dim: 6\nffn: 5\nmlp: gelu\n"},
    {.name = "window", .yaml = "layers: 3\nheads: 2\nffn: 8\nwindow: 3\nfull_every: 2\n"},
    {.name = "window-everywhere", .yaml = "layers: 2\nheads: 2\nffn: 8\nwindow: 2\n"},
    {.name = "cross-layer", .yaml = "layers: 3\nheads: 4\nkv_heads: 2\nffn: 8\ncross_layer: 2\n"},
    {.name = "cross-layer-biased",
     .yaml = "layers: 4\nheads: 2\nffn: 6\nmlp: gelu\nnorm: layer\nbias: all\nposition: learned\ncross_layer: 3\n"},
    {.name = "cross-layer-window",
     .yaml = "layers: 3\nheads: 4\nkv_heads: 1\nffn: 6\nbias: attention\ncross_layer: 3\nwindow: 2\nfull_every: 3\n"},
    {.name = "exits", .yaml = "layers: 3\nheads: 2\nffn: 8\nexits: [1, 2]\ntied: true\n", .exit_scale = 0.3, .masked = true},
    {.name = "exits-of-shared-keys",
     .yaml = "layers: 4\nheads: 2\nffn: 6\ncross_layer: 2\nexits: [2]\nnorm: layer\n", .exit_scale = 1},
    {.name = "exits-that-do-not-count", .yaml = "layers: 2\nheads: 2\nffn: 8\nexits: [1]\n"},
    {.name = "mixtral", .yaml = "layers: 2\nheads: 4\nkv_heads: 2\nexperts: {count: 4, top_k: 2, hidden: 6}\n"},
    {.name = "mixtral-losses",
     .yaml = "layers: 2\nheads: 2\nexperts: {count: 4, top_k: 2, hidden: 6}\n",
     .balance = 0.5, .z = 0.25, .masked = true},
    {.name = "switch",
     .yaml = "layers: 2\nheads: 2\nmlp: relu\nnorm: layer\nposition: learned\n"
             "experts: {count: 3, top_k: 1, hidden: 6, capacity: 1}\n",
     .balance = 0.25, .jitter = 0.1, .drops = true},
    {.name = "capacity",
     .yaml = "layers: 2\nheads: 2\nexperts: {count: 4, top_k: 2, hidden: 5, capacity: 1.25}\n",
     .balance = 0.5, .z = 0.125, .drops = true},
    {.name = "sigmoid-gate",
     .yaml = "layers: 2\nheads: 2\nexperts: {count: 5, top_k: 2, hidden: 5, correction_bias: true}\n",
     .balance = 0.5, .z = 0.25, .jitter = 0.05},
    {.name = "deepseek",
     .yaml = "layers: 3\nheads: 2\nffn: 9\nexperts: {count: 4, top_k: 2, hidden: 4, first_dense: 1, "
             "shared: 2, shared_hidden: 3, correction_bias: true}\n",
     .balance = 0.25},
    {.name = "shared-plain",
     .yaml = "layers: 2\nheads: 2\nffn: 7\nmlp: gelu\nbias: attention\n"
             "experts: {count: 3, top_k: 2, hidden: 5, every: 2, shared: 1}\n",
     .z = 0.5},
    {.name = "fine-grained",
     .yaml = "layers: 2\nheads: 2\nmlp: geglu\nexperts: {count: 3, top_k: 1, hidden: 6, granularity: 2}\n",
     .balance = 0.5},
    {.name = "everything",
     .yaml = "layers: 4\nheads: 4\nkv_heads: 2\nffn: 7\nbias: attention\nnorm: layer\nwindow: 3\n"
             "full_every: 3\ncross_layer: 2\nexits: [1, 3]\ntied: true\n"
             "experts: {count: 4, top_k: 2, hidden: 5, every: 2, shared: 1, capacity: 1, correction_bias: true}\n",
     .balance = 0.5, .z = 0.25, .jitter = 0.1, .exit_scale = 0.2, .masked = true, .drops = true},
};

/* Larger ones: more than a block of rows, more than a tile of attention. */
#define large_sizes "hidden: 64\nheads: 4\nvocab: 97\ncontext: 80\n"
static const network_case large_cases[] = {
    {.name = "large", .sizes = large_sizes, .sequences = 3, .seq = 48,
     .yaml = "layers: 3\nkv_heads: 2\nffn: 160\n", .masked = true},
    {.name = "large-gpt", .sizes = large_sizes, .sequences = 3, .seq = 48,
     .yaml = "layers: 3\nffn: 200\nmlp: gelu\nnorm: layer\nposition: learned\nbias: all\ntied: true\n"},
    {.name = "large-mixture", .sizes = large_sizes, .sequences = 3, .seq = 48,
     .yaml = "layers: 3\nexperts: {count: 8, top_k: 2, hidden: 40}\n", .balance = 0.5, .z = 0.25},
    {.name = "large-everything", .sizes = large_sizes, .sequences = 2, .seq = 80,
     .yaml = "layers: 4\nkv_heads: 2\nffn: 70\nwindow: 21\nfull_every: 3\ncross_layer: 2\nexits: [1, 3]\n"
             "experts: {count: 6, top_k: 2, hidden: 40, every: 2, shared: 1, correction_bias: true}\n",
     .balance = 0.5, .jitter = 0.1, .exit_scale = 0.2, .masked = true},
};
/* clang-format on */

enum {
    NETWORK_CASES = sizeof network_cases / sizeof network_cases[0],
    LARGE_CASES = sizeof large_cases / sizeof large_cases[0],
    CASE_SEQUENCES = 2,
    CASE_SEQ = 6,
    CASE_TOKENS = CASE_SEQUENCES * CASE_SEQ
};

/* A case made ready; everything lives in the test's arena. */
typedef struct {
    const network_case *made_from;
    vsh_model *model;
    vsh_network_ref_options options;
    vsh_parameter_list list;
    vsh_offsets offsets;
    double *weights, *gradients; /* weights are floats exactly, so fp32 reads the same ones */
    int64_t sequences, seq, tokens;
    int32_t *inputs, *ids;
} ready_case;

static inline double case_number(uint64_t stream, int64_t i, double size)
{
    return (double)(float)(size * (2 * vsh_random_uniform(3, stream, (uint64_t)i) - 1));
}

/* Larger than initial weights are: every part of the model should matter. */
static inline void case_weights(ready_case *c)
{
    double spread = 0.6 * sqrt(8 / (double)c->model->hidden);

    for (int64_t p = 0; p < c->list.count; p++) {
        const vsh_parameter *item = &c->list.item[p];
        bool table = item->group == VSH_GROUP_EMBEDDING || item->group == VSH_GROUP_POSITION;
        double size = table ? 1 : item->trained ? spread : 0.1;
        bool around_one = item->group == VSH_GROUP_NORM && strstr(item->name, ".weight") != NULL;
        for (int64_t i = item->offset; i < item->offset + item->rows * item->cols; i++)
            c->weights[i] =
                around_one ? (double)(float)(1 + case_number(0, i, 0.4)) : case_number(0, i, size);
    }
}

static inline void case_data(ready_case *c)
{
    int64_t vocab = c->model->vocab;

    for (int64_t t = 0; t < c->tokens; t++) {
        c->inputs[t] = (int32_t)((double)vocab * vsh_random_uniform(3, 1, (uint64_t)t));
        c->ids[t] = (int32_t)((double)vocab * vsh_random_uniform(3, 2, (uint64_t)t));
        if (c->made_from->masked && t % 3 == 1)
            c->ids[t] = -1;
    }
}

static inline void case_room(ready_case *c)
{
    const network_case *from = c->made_from;

    c->sequences = from->sequences ? from->sequences : CASE_SEQUENCES;
    c->seq = from->seq ? from->seq : CASE_SEQ;
    c->tokens = c->sequences * c->seq;
    c->inputs = vsh_alloc(vsh_test_arena(), (size_t)c->tokens, sizeof *c->inputs);
    c->ids = vsh_alloc(vsh_test_arena(), (size_t)c->tokens, sizeof *c->ids);
    REQUIRE(c->inputs && c->ids);
}

static inline ready_case *case_ready(const network_case *made_from)
{
    ready_case *c = vsh_alloc(vsh_test_arena(), 1, sizeof *c);
    char text[1024];
    vsh_error err;

    REQUIRE(c != NULL);
    c->made_from = made_from;
    c->model = vsh_alloc(vsh_test_arena(), 1, sizeof *c->model);
    REQUIRE(c->model != NULL);
    snprintf(text, sizeof text, "name: %s\n%s%s", made_from->name,
             made_from->sizes ? made_from->sizes : network_case_sizes, made_from->yaml);
    *c->model = vsh_test_model(vsh_copy_text(vsh_test_arena(), text, strlen(text)));
    REQUIRE_OK(vsh_parameters_list(vsh_test_arena(), c->model, &c->list, &c->offsets, &err), &err);
    c->options = (vsh_network_ref_options){.balance = made_from->balance,
                                           .z = made_from->z,
                                           .jitter = made_from->jitter,
                                           .jitter_seed = 5,
                                           .jitter_stream = 100,
                                           .exit_scale = made_from->exit_scale};
    c->weights = vsh_alloc(vsh_test_arena(), (size_t)c->list.elements, sizeof *c->weights);
    c->gradients = vsh_alloc(vsh_test_arena(), (size_t)c->list.elements, sizeof *c->gradients);
    REQUIRE(c->weights && c->gradients);
    case_room(c);
    case_weights(c);
    case_data(c);
    return c;
}

static inline double case_loss(ready_case *c, double *gradients, vsh_network_ref_report *report)
{
    return vsh_network_ref(c->model, &c->options, &c->list, &c->offsets, c->weights, c->sequences,
                           c->seq, c->inputs, c->ids, gradients, report);
}

#endif
