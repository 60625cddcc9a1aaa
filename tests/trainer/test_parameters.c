#include "trainer/nn/parameters.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/nn/normal.h"

const char vsh_suite[] = "parameters";

static vsh_error err;

#define SIZES "layers: 4\nhidden: 64\nheads: 4\nkv_heads: 2\nvocab: 100\ncontext: 32\nffn: 192\n"
#define EXPERTS "experts: {count: 4, top_k: 2, hidden: 32"

/* Everything below changes the tensors of a model that can be trained. */
static const char *const trainable[] = {
    SIZES,
    SIZES "tied: true\n",
    SIZES "mlp: gelu\n",
    SIZES "mlp: geglu\nbias: qkv\n",
    SIZES "mlp: relu\nbias: attention\n",
    SIZES "mlp: gelu\nbias: all\nnorm: layer\nposition: learned\ntied: true\n",
    SIZES "mlp: swiglu\nbias: all\n",
    SIZES "norm: layer_no_bias\nposition: none\n",
    SIZES "cross_layer: 2\n",
    SIZES "cross_layer: 2\nbias: qkv\nwindow: 8\nfull_every: 2\n",
    SIZES "exits: [1, 2]\n",
    SIZES EXPERTS "}\n",
    SIZES EXPERTS ", shared: 2, correction_bias: true}\n",
    SIZES EXPERTS ", every: 2, shared: 1}\nmlp: gelu\nbias: qkv\n",
    SIZES EXPERTS ", first_dense: 1, granularity: 2}\nbias: attention\n",
};
enum { TRAINABLE = sizeof trainable / sizeof trainable[0] };

typedef struct {
    vsh_parameter_list list;
    vsh_offsets at;
} listed;

static listed list_of(const vsh_model *model)
{
    listed l;

    REQUIRE_OK(vsh_parameters_list(vsh_test_arena(), model, &l.list, &l.at, &err), &err);
    return l;
}

static const vsh_parameter *named(const vsh_parameter_list *list, const char *name)
{
    for (int64_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i].name, name) == 0)
            return &list->item[i];
    return NULL;
}

/* ---- counts ---------------------------------------------------------------------------------- */

/* Total and groups are the planner's; tensors follow each other and have names of their own. */
static void check_list(const vsh_model *model)
{
    listed l = list_of(model);
    vsh_parameters counted;
    int64_t group[VSH_GROUP_COUNT] = {0}, at = 0;

    REQUIRE_OK(vsh_count_parameters(model, &counted, &err), &err);
    for (int64_t i = 0; i < l.list.count; i++) {
        const vsh_parameter *p = &l.list.item[i];
        CHECK_INT(p->offset, at);
        CHECK(p->rows > 0 && p->cols > 0);
        CHECK(named(&l.list, p->name) == p); /* no earlier one is called so */
        at += p->rows * p->cols;
        group[p->group] += p->rows * p->cols;
    }
    CHECK_INT(l.list.elements, counted.total);
    CHECK_INT(at, counted.total);
    for (int g = 0; g < VSH_GROUP_COUNT; g++)
        CHECK_INT(group[g], counted.group[g]);
}

/* Every preset of models/ either has a list of the planner's size or is refused by name. */
static void presets_have_the_parameters_of_the_planner(void)
{
    DIR *folder = opendir("models");
    const struct dirent *entry;
    int listed_count = 0, refused_count = 0;

    REQUIRE(folder != NULL);
    while ((entry = readdir(folder))) {
        static vsh_model model;
        char path[512];
        if (!strstr(entry->d_name, ".yaml"))
            continue;
        snprintf(path, sizeof path, "models/%s", entry->d_name);
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), path, &model, &err), &err);
        if (vsh_trainable(&model, &err) == VSH_OK) {
            check_list(&model);
            listed_count++;
        } else {
            CHECK_HAS(err.text, "vishwa-train does not build");
            CHECK_HAS(err.text, model.name);
            refused_count++;
        }
    }
    closedir(folder);
    CHECK(listed_count >= 20);
    CHECK(refused_count >= 5);
}

static void options_have_the_parameters_of_the_planner(void)
{
    for (int i = 0; i < TRAINABLE; i++) {
        vsh_model model = vsh_test_model(trainable[i]);
        check_list(&model);
    }
}

/* ---- where tensors lie ----------------------------------------------------------------------- */

static int64_t size_of(const vsh_parameter *p) { return p ? p->rows * p->cols : 0; }

/* The named tensors of a layer follow each other from offset on. */
static void check_neighbours(const listed *l, int64_t layer, int64_t offset,
                             const char *const *names)
{
    for (; *names; names++) {
        char name[VSH_PARAMETER_NAME];
        const vsh_parameter *p;
        snprintf(name, sizeof name, "model.layers.%d.%s", (int)layer, *names);
        p = named(&l->list, name);
        if (!p)
            fprintf(stderr, "%s is missing\n", name);
        REQUIRE(p != NULL);
        CHECK_INT(p->offset, offset);
        offset += size_of(p);
    }
}

static void what_one_product_reads_lies_together(void)
{
    static const char *const qkv[] = {"self_attn.q_proj.weight", "self_attn.k_proj.weight",
                                      "self_attn.v_proj.weight", NULL};
    static const char *const biases[] = {"self_attn.q_proj.bias", "self_attn.k_proj.bias",
                                         "self_attn.v_proj.bias", NULL};
    static const char *const mlp[] = {"mlp.gate_proj.weight", "mlp.up_proj.weight", NULL};
    static const char *const mlp_biases[] = {"mlp.gate_proj.bias", "mlp.up_proj.bias", NULL};
    vsh_model model = vsh_test_model(SIZES "bias: all\n");
    listed l = list_of(&model);

    for (int64_t i = 0; i < model.layers; i++) {
        check_neighbours(&l, i, l.at.layer[i].qkv, qkv);
        check_neighbours(&l, i, l.at.layer[i].qkv_bias, biases);
        check_neighbours(&l, i, l.at.layer[i].up, mlp);
        check_neighbours(&l, i, l.at.layer[i].up_bias, mlp_biases);
    }
}

static void experts_are_a_stride_apart(void)
{
    vsh_model model = vsh_test_model(SIZES EXPERTS ", shared: 1, correction_bias: true}\n");
    listed l = list_of(&model);

    for (int64_t i = 0; i < model.layers; i++) {
        const vsh_layer_offsets *at = &l.at.layer[i];
        for (int64_t e = 0; e < 4; e++) {
            static const char *const patterns[] = {"block_sparse_moe.experts.%d.w1.weight",
                                                   "block_sparse_moe.experts.%d.w3.weight",
                                                   "block_sparse_moe.experts.%d.w2.weight"};
            char names[3][64];
            for (int n = 0; n < 3; n++)
                snprintf(names[n], sizeof names[n], patterns[n], (int)e);
            check_neighbours(&l, i, at->expert_up + e * at->expert_stride,
                             (const char *const[]){names[0], names[1], names[2], NULL});
            check_neighbours(&l, i, at->expert_down + e * at->expert_stride,
                             (const char *const[]){names[2], NULL});
        }
        CHECK(at->router >= 0 && at->correction >= 0 && at->shared_up >= 0 && at->up == -1);
    }
}

static void a_layer_without_own_keys_has_queries_alone(void)
{
    vsh_model model = vsh_test_model(SIZES "cross_layer: 2\n");
    listed l = list_of(&model);

    CHECK(named(&l.list, "model.layers.0.self_attn.k_proj.weight") != NULL);
    CHECK(named(&l.list, "model.layers.1.self_attn.q_proj.weight") != NULL);
    CHECK(named(&l.list, "model.layers.1.self_attn.k_proj.weight") == NULL);
    CHECK(named(&l.list, "model.layers.1.self_attn.v_proj.weight") == NULL);
}

static void a_tied_head_is_the_embedding(void)
{
    vsh_model apart = vsh_test_model(SIZES), tied = vsh_test_model(SIZES "tied: true\n");
    listed a = list_of(&apart), t = list_of(&tied);

    CHECK(a.at.head > a.at.embed);
    CHECK_INT(t.at.head, t.at.embed);
    CHECK(named(&a.list, "lm_head.weight") != NULL);
    CHECK(named(&t.list, "lm_head.weight") == NULL);
}

/* Matrices decay and nothing else; the balancing bias alone is not trained; two matrices of a layer
 * write into the residual stream. */
static void flags_follow_what_a_tensor_does(void)
{
    for (int i = 0; i < TRAINABLE; i++) {
        vsh_model model = vsh_test_model(trainable[i]);
        listed l = list_of(&model);
        int64_t residual = 0, down = 0;
        for (int64_t p = 0; p < l.list.count; p++) {
            const vsh_parameter *t = &l.list.item[p];
            CHECK(t->decay == (t->cols > 1));
            CHECK(t->trained == (strstr(t->name, "e_score_correction_bias") == NULL));
            residual += t->residual;
            down += t->cols > 1 && (strstr(t->name, "o_proj") || strstr(t->name, "down_proj") ||
                                    strstr(t->name, ".w2."));
        }
        CHECK(residual >= 2 * model.layers);
        CHECK_INT(residual, down);
    }
}

static void walks_meet_every_element_once_and_in_order(void)
{
    vsh_model model = vsh_test_model(SIZES);
    listed l = list_of(&model);

    for (int64_t part = 1; part <= l.list.elements; part = 7 * part + 1) {
        int64_t met = 0;
        for (int64_t begin = 0; begin < l.list.elements; begin += part) {
            int64_t end = begin + part < l.list.elements ? begin + part : l.list.elements;
            vsh_parameter_walk walk = vsh_parameters_walk(&l.list, begin, end);
            const vsh_parameter *p;
            int64_t first, count, wrong = 0;
            while ((p = vsh_parameters_next(&walk, &first, &count))) {
                wrong += first != met || count < 1 || first < p->offset ||
                         first + count > p->offset + size_of(p);
                met = first + count;
            }
            wrong += met != end;
            if (wrong > 0)
                CHECK_INT(wrong, 0);
        }
        CHECK_INT(met, l.list.elements);
    }
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void what_is_not_built_is_refused_by_name(void)
{
    static const struct {
        const char *lines, *message;
    } refused[] = {
        {SIZES "position: alibi\n", "ALiBi"},
        {SIZES "qk_norm: head\n", "norms of queries and keys"},
        {SIZES "sinks: true\n", "attention sinks"},
        {SIZES "embedding_dim: 16\n", "projected embeddings"},
        {SIZES "embedding_norm: true\n", "norm after the embedding"},
        {SIZES "norms_per_layer: 4\n", "other than two norms"},
        {SIZES "final_norm: false\n", "without a final norm"},
        {SIZES "position: learned\nposition_offset: 2\n", "offset of the position table"},
        {SIZES EXPERTS ", shared: 1, shared_gate: true}\n", "gated shared expert"},
        {SIZES EXPERTS ", router_bias: true}\n", "bias on the router"},
        {SIZES EXPERTS ", expert_bias: true}\n", "biases inside experts"},
        {SIZES EXPERTS "}\nbias: all\n", "experts with biases everywhere"},
        {SIZES "head_dim: 7\n", "odd width"},
        {SIZES "head_dim: 320\n", "wider than 256"},
        {SIZES "experts: {count: 1025, top_k: 1, hidden: 4}\n",
         "at most 1024 experts a layer, got 1025"},
        {SIZES "experts: {count: 513, top_k: 1, hidden: 4, granularity: 2}\n",
         "at most 1024 experts a layer, got 1026"},
    };

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        vsh_model model = vsh_test_model(refused[i].lines);
        vsh_parameter_list list;
        vsh_offsets offsets;
        CHECK_FAILS(vsh_trainable(&model, &err), &err, VSH_EINPUT, refused[i].message);
        CHECK_FAILS(vsh_parameters_list(vsh_test_arena(), &model, &list, &offsets, &err), &err,
                    VSH_EINPUT, refused[i].message);
    }
}

static void families_are_recognized(void)
{
    static const struct {
        const char *lines, *family;
    } known[] = {
        {SIZES, "LlamaForCausalLM"},
        {SIZES "tied: true\n", "LlamaForCausalLM"},
        {SIZES EXPERTS "}\n", "MixtralForCausalLM"},
        {SIZES EXPERTS ", shared: 1}\n", NULL},
        {SIZES EXPERTS ", every: 2}\n", NULL},
        {SIZES EXPERTS ", correction_bias: true}\n", NULL},
        {SIZES "mlp: geglu\n", NULL},
        {SIZES "norm: layer\n", NULL},
        {SIZES "position: learned\n", NULL},
        {SIZES "bias: qkv\n", NULL},
        {SIZES "window: 8\n", NULL},
        {SIZES "exits: [1]\n", NULL},
        {SIZES "cross_layer: 2\n", NULL},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        vsh_model model = vsh_test_model(known[i].lines);
        const char *family = vsh_parameters_family(&model);
        if (known[i].family)
            CHECK_TEXT(family, known[i].family);
        else
            CHECK(family == NULL);
    }
}

/* ---- initial weights ------------------------------------------------------------------------- */

static float *start(const listed *l, const vsh_model *model, uint64_t seed, int threads)
{
    float *values = vsh_alloc(vsh_test_arena(), (size_t)l->list.elements, sizeof *values);
    vsh_pool *pool;

    REQUIRE(values != NULL);
    REQUIRE_OK(vsh_pool_start(vsh_test_arena(), threads, NULL, 0, &pool, &err), &err);
    vsh_parameters_start(pool, &l->list, model, seed, values);
    vsh_pool_stop(pool);
    return values;
}

static void initial_weights_are_the_same_again_and_for_any_threads(void)
{
    vsh_model model = vsh_test_model(SIZES EXPERTS ", shared: 1}\n");
    listed l = list_of(&model);
    size_t bytes = (size_t)l.list.elements * sizeof(float);
    const float *first = start(&l, &model, 5, 1);

    CHECK(l.list.elements > 2 * 65536); /* several parts */
    CHECK(memcmp(first, start(&l, &model, 5, 1), bytes) == 0);
    CHECK(memcmp(first, start(&l, &model, 5, 2), bytes) == 0);
    CHECK(memcmp(first, start(&l, &model, 6, 1), bytes) != 0);
}

/* Mean and deviation of each tensor, within five standard errors. */
static void initial_weights_have_the_deviation_of_their_tensor(void)
{
    vsh_model model = vsh_test_model(SIZES "norm: layer\nbias: all\n");
    listed l = list_of(&model);
    const float *values = start(&l, &model, 7, 1);

    for (int64_t i = 0; i < l.list.count; i++) {
        const vsh_parameter *p = &l.list.item[i];
        double sum = 0, squares = 0, n = (double)size_of(p);
        double deviation = p->residual ? 0.02 / sqrt(8) : 0.02;
        bool ones = p->group == VSH_GROUP_NORM && strstr(p->name, "weight");
        for (int64_t j = 0; j < size_of(p); j++) {
            double value = (double)values[p->offset + j];
            sum += value;
            squares += value * value;
        }
        if (p->cols > 1) {
            CHECK_NEAR(sum / n, 0, 0, 5 * deviation / sqrt(n));
            CHECK_NEAR(squares / n, deviation * deviation, 5 * sqrt(2 / n), 0);
        } else {
            CHECK_NEAR(sum / n, ones ? 1 : 0, 0, 0);
            CHECK_NEAR(squares / n, ones ? 1 : 0, 0, 0);
        }
    }
}

/* ---- normal numbers -------------------------------------------------------------------------- */

enum { DRAWN = 1 << 20 };

static float *drawn(void)
{
    float *values = vsh_alloc(vsh_test_arena(), DRAWN, sizeof *values);

    REQUIRE(values != NULL);
    vsh_normal_fill(3, 9, 0, DRAWN, 1, values);
    return values;
}

/* Box and Muller's formula in double, from the words of a block: four indices of a group of 256, 64
 * apart. The bits are those of any machine. */
static void normal_numbers_agree_with_the_formula(void)
{
    static const float bits[] = {0x1.0b7e62p-1F, 0x1.964042p+0F, 0x1.badd4ep-2F, -0x1.30ff14p+0F};
    const float *values = drawn();

    for (uint32_t block = 0; block < 64; block++) {
        vsh_random_block w = vsh_philox((vsh_random_block){{block, 0, 9, 0}}, 3, 0);
        for (int pair = 0; pair < 2; pair++) {
            double u = (w.word[2 * pair] + 0.5) * 0x1p-32, circle = 6.283185307179586;
            double angle = circle * (w.word[2 * pair + 1] * 0x1p-32), r = sqrt(-2 * log(u));
            const float *at = values + 128 * pair + block;
            CHECK_NEAR((double)at[0], r * cos(angle), 0, 2e-6);
            CHECK_NEAR((double)at[64], r * sin(angle), 0, 2e-6);
        }
    }
    for (int i = 0; i < 4; i++)
        CHECK_NEAR((double)values[64 * i], (double)bits[i], 0, 0);
}

/* The largest distance between the share of values below x and the normal distribution, at many x:
 * Kolmogorov's bound of 1 in 1000 is 1.95 / sqrt(n). */
static void normal_numbers_are_distributed_normally(void)
{
    const float *values = drawn();
    double most = 0;

    for (double x = -4; x <= 4; x += 0.25) {
        int64_t below = 0;
        for (int64_t i = 0; i < DRAWN; i++)
            below += (double)values[i] < x;
        most = fmax(most, fabs((double)below / DRAWN - 0.5 * erfc(-x / sqrt(2))));
    }
    CHECK(most > 0);
    CHECK_NEAR(most, 0, 0, 1.95 / sqrt(DRAWN));
}

static void normal_numbers_have_the_moments_of_the_normal(void)
{
    const float *values = drawn();
    double power[5] = {0}, most = 0;

    for (int64_t i = 0; i < DRAWN; i++) {
        double x = (double)values[i];
        most = fmax(most, fabs(x));
        for (int k = 1; k <= 4; k++)
            power[k] += pow(x, k) / DRAWN;
    }
    /* five standard errors: the variances of x^k are 1, 2, 15 and 96 */
    CHECK_NEAR(power[1], 0, 0, 5 * sqrt(1.0 / DRAWN));
    CHECK_NEAR(power[2], 1, 0, 5 * sqrt(2.0 / DRAWN));
    CHECK_NEAR(power[3], 0, 0, 5 * sqrt(15.0 / DRAWN));
    CHECK_NEAR(power[4], 3, 0, 5 * sqrt(96.0 / DRAWN));
    CHECK(most > 4.3 && most < 6.7);
}

/* Also of their squares, which the two numbers of one distance share, and of the words of a block.
 */
static void normal_numbers_are_not_related_to_their_neighbours(void)
{
    static const int64_t lags[] = {1, 2, 3, 4, 64, 128, 192, 256, 1024};
    const float *values = drawn();

    for (size_t l = 0; l < sizeof lags / sizeof lags[0]; l++) {
        double plain = 0, squared = 0, n = (double)(DRAWN - lags[l]);
        for (int64_t i = 0; i + lags[l] < DRAWN; i++) {
            double a = (double)values[i], b = (double)values[i + lags[l]];
            plain += a * b;
            squared += (a * a - 1) * (b * b - 1) / 2;
        }
        CHECK_NEAR(plain / n, 0, 0, 5 / sqrt(n));
        CHECK_NEAR(squared / n, 0, 0, 5 * 2 / sqrt(n));
    }
}

static void a_normal_number_depends_on_seed_stream_and_index_alone(void)
{
    const float *values = drawn();
    float piece[300], other[300];
    static const int64_t firsts[] = {0, 1, 255, 256, 257, 1000, 65535};

    for (size_t f = 0; f < sizeof firsts / sizeof firsts[0]; f++)
        for (int64_t count = 1; count <= 300; count += 23) {
            vsh_normal_fill(3, 9, firsts[f], count, 1, piece);
            CHECK(memcmp(piece, values + firsts[f], (size_t)count * sizeof *piece) == 0);
        }
    vsh_normal_fill(3, 9, 0, 300, 1, piece);
    vsh_normal_fill(4, 9, 0, 300, 1, other);
    CHECK(memcmp(piece, other, sizeof piece) != 0);
    vsh_normal_fill(3, 10, 0, 300, 1, other);
    CHECK(memcmp(piece, other, sizeof piece) != 0);
    vsh_normal_fill(3, 9, 0, 300, 2, other);
    CHECK_NEAR((double)other[7], 2 * (double)piece[7], 0, 0);
}

const vsh_test vsh_tests[] = {
    {"presets_have_the_parameters_of_the_planner", presets_have_the_parameters_of_the_planner},
    {"options_have_the_parameters_of_the_planner", options_have_the_parameters_of_the_planner},
    {"what_one_product_reads_lies_together", what_one_product_reads_lies_together},
    {"experts_are_a_stride_apart", experts_are_a_stride_apart},
    {"a_layer_without_own_keys_has_queries_alone", a_layer_without_own_keys_has_queries_alone},
    {"a_tied_head_is_the_embedding", a_tied_head_is_the_embedding},
    {"flags_follow_what_a_tensor_does", flags_follow_what_a_tensor_does},
    {"walks_meet_every_element_once_and_in_order", walks_meet_every_element_once_and_in_order},
    {"what_is_not_built_is_refused_by_name", what_is_not_built_is_refused_by_name},
    {"families_are_recognized", families_are_recognized},
    {"initial_weights_are_the_same_again_and_for_any_threads",
     initial_weights_are_the_same_again_and_for_any_threads},
    {"initial_weights_have_the_deviation_of_their_tensor",
     initial_weights_have_the_deviation_of_their_tensor},
    {"normal_numbers_agree_with_the_formula", normal_numbers_agree_with_the_formula},
    {"normal_numbers_are_distributed_normally", normal_numbers_are_distributed_normally},
    {"normal_numbers_have_the_moments_of_the_normal",
     normal_numbers_have_the_moments_of_the_normal},
    {"normal_numbers_are_not_related_to_their_neighbours",
     normal_numbers_are_not_related_to_their_neighbours},
    {"a_normal_number_depends_on_seed_stream_and_index_alone",
     a_normal_number_depends_on_seed_stream_and_index_alone},
    {NULL, NULL}};
