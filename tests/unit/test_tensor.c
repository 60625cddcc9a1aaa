#include "core/tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "tensor";

static vsh_error err;

/* Every row: file, total, active, source. Counts of Hugging Face checkpoints are exact. */
static void published_counts_are_met_to_the_last_parameter(void)
{
    FILE *table = fopen("tests/golden/published_models.tsv", "r");
    char line[1000], file[200];
    int rows = 0;

    REQUIRE(table != NULL);
    REQUIRE(fgets(line, sizeof line, table) != NULL);
    while (fgets(line, sizeof line, table)) {
        static vsh_model model;
        vsh_parameters got;
        int64_t total, active;
        REQUIRE(sscanf(line, "%199s %" SCNd64 " %" SCNd64, file, &total, &active) == 3);
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), file, &model, &err), &err);
        REQUIRE_OK(vsh_count_parameters(&model, &got, &err), &err);
        if (got.total != total || got.active != active)
            fprintf(stderr, "%s:\n", file);
        CHECK_INT(got.total, total);
        CHECK_INT(got.active, active);
        rows++;
    }
    fclose(table);
    CHECK(rows >= 90);
}

static int64_t size_of(const vsh_tensor *tensor)
{
    return tensor->rows * tensor->cols * tensor->copies;
}

/* For every row of the table again: what the list says adds up to what is counted. */
static void counts_are_the_sum_of_the_tensors(void)
{
    FILE *table = fopen("tests/golden/published_models.tsv", "r");
    char line[1000], file[200];

    REQUIRE(table && fgets(line, sizeof line, table));
    while (fgets(line, sizeof line, table)) {
        static vsh_model model;
        static vsh_tensor_list list;
        vsh_parameters counted;
        int64_t total = 0, active = 0, group[VSH_GROUP_COUNT] = {0};
        REQUIRE(sscanf(line, "%199s", file) == 1);
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), file, &model, &err), &err);
        REQUIRE_OK(vsh_count_parameters(&model, &counted, &err), &err);
        vsh_model_tensors(&model, &list);
        for (int i = 0; i < list.count; i++) {
            const vsh_tensor *t = &list.item[i];
            CHECK(t->rows > 0 && t->cols > 0 && t->active > 0 && t->active <= t->copies);
            total += size_of(t);
            active += t->rows * t->cols * t->active;
            group[t->group] += size_of(t);
            for (int other = 0; other < i; other++)
                CHECK(strcmp(list.item[other].name, t->name) != 0);
        }
        CHECK_INT(total, counted.total);
        CHECK_INT(active, counted.active);
        for (int g = 0; g < VSH_GROUP_COUNT; g++)
            CHECK_INT(group[g], counted.group[g]);
        CHECK_INT(counted.embedding + counted.non_embedding, counted.total);
        CHECK_INT(counted.embedding,
                  group[VSH_GROUP_EMBEDDING] + group[VSH_GROUP_POSITION] + group[VSH_GROUP_HEAD]);
    }
    fclose(table);
}

static void the_layers_and_the_ends_make_the_whole(void)
{
    static const char *const files[] = {"models/tiny-dense.yaml", "models/tiny-moe.yaml",
                                        "models/vishwa-500m-cla.yaml",
                                        "models/deepseek-v2-lite.yaml", "models/gpt2-124m.yaml"};

    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        static vsh_model model;
        static vsh_tensor_list list, layer;
        vsh_parameters counted;
        int64_t total = 0;
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), files[f], &model, &err), &err);
        REQUIRE_OK(vsh_count_parameters(&model, &counted, &err), &err);
        for (int64_t l = 0; l < model.layers; l++) {
            layer.count = 0;
            vsh_layer_tensors(&model, l, &layer);
            for (int i = 0; i < layer.count; i++)
                total += size_of(&layer.item[i]);
        }
        vsh_model_tensors(&model, &list);
        for (int i = 0; i < list.count; i++)
            if (list.item[i].group == VSH_GROUP_EMBEDDING ||
                list.item[i].group == VSH_GROUP_POSITION || list.item[i].group == VSH_GROUP_HEAD ||
                strncmp(list.item[i].name, "final_norm", 10) == 0)
                total += size_of(&list.item[i]);
        CHECK_INT(total, counted.total);
    }
}

static const vsh_tensor *find(const vsh_tensor_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->item[i].name, name) == 0)
            return &list->item[i];
    return NULL;
}

#define SIZES "layers: 4\nhidden: 64\nheads: 4\nvocab: 100\ncontext: 32\nffn: 256\n"

static int64_t total_of(const char *text)
{
    vsh_model model = vsh_test_model(text);
    vsh_parameters counted = {0};

    CHECK_OK(vsh_count_parameters(&model, &counted, &err), &err);
    return counted.total;
}

static void a_small_model_counts_as_on_paper(void)
{
    /* per layer: 4 x 64 x 64 attention, 3 x 64 x 256 MLP, 2 norms; two tables; final norm */
    int64_t layer = 4 * 64 * 64 + 3 * 64 * 256 + 2 * 64;

    CHECK_INT(total_of(SIZES), 4 * layer + 2 * 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\n"), 4 * layer + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nkv_heads: 1\n"),
              4 * (layer - 2 * 64 * 48) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nmlp: gelu\n"), 4 * (layer - 64 * 256) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nposition: learned\n"), 4 * layer + (100 + 32) * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nposition: learned\nposition_offset: 2\n"),
              4 * layer + (100 + 34) * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nnorm: layer\n"), 4 * (layer + 128) + 100 * 64 + 128);
    CHECK_INT(total_of(SIZES "tied: true\nfinal_norm: false\n"), 4 * layer + 100 * 64);
    CHECK_INT(total_of(SIZES "tied: true\nnorms_per_layer: 4\n"),
              4 * (layer + 128) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nqk_norm: head\n"), 4 * (layer + 32) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nqk_norm: full\nkv_heads: 2\n"),
              4 * (layer - 2 * 64 * 32 + 96) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nbias: qkv\n"), 4 * (layer + 192) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nbias: attention\n"), 4 * (layer + 256) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nbias: all\n"),
              4 * (layer + 256 + 2 * 256 + 64) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nsinks: true\n"), 4 * (layer + 4) + 100 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nembedding_dim: 16\n"),
              4 * layer + 100 * 16 + 2 * 16 * 64 + 64);
    CHECK_INT(total_of(SIZES "tied: true\nembedding_norm: true\n"), 4 * layer + 101 * 64 + 64);
}

static void sharing_layers_have_no_keys_of_their_own(void)
{
    int64_t alone = total_of(SIZES), shared = total_of(SIZES "cross_layer: 2\n");
    vsh_model model = vsh_test_model(SIZES "cross_layer: 2\n");
    static vsh_tensor_list list;

    CHECK_INT(alone - shared, 2 * (2 * 64 * 64));
    list.count = 0;
    vsh_layer_tensors(&model, 1, &list);
    CHECK(find(&list, "attn.kv") == NULL);
    CHECK(find(&list, "attn.q") != NULL);
}

static void a_window_or_an_exit_changes_no_parameter(void)
{
    CHECK_INT(total_of(SIZES "window: 8\nfull_every: 2\nexits: [1, 2]\n"), total_of(SIZES));
}

static void one_token_uses_its_top_k_experts_and_all_the_rest(void)
{
    vsh_model model = vsh_test_model(
        SIZES "tied: true\nexperts: {count: 8, top_k: 2, hidden: 128, shared: 1, every: 2, "
              "shared_gate: true, router_bias: true, correction_bias: true}\n");
    vsh_parameters counted;

    REQUIRE_OK(vsh_count_parameters(&model, &counted, &err), &err);
    CHECK_INT(counted.total - counted.active, 2 * (8 - 2) * 3 * 64 * 128);
    CHECK_INT(counted.group[VSH_GROUP_EXPERT], 2 * 8 * 3 * 64 * 128);
    CHECK_INT(counted.group[VSH_GROUP_SHARED], 2 * (3 * 64 * 128 + 64));
    CHECK_INT(counted.group[VSH_GROUP_ROUTER], 2 * (8 * 64 + 8 + 8));
    CHECK_INT(counted.group[VSH_GROUP_MLP], 2 * 3 * 64 * 256);
}

static void all_experts_active_means_all_parameters_active(void)
{
    vsh_model model = vsh_test_model(SIZES "experts: {count: 8, top_k: 8, hidden: 32}\n");
    vsh_parameters counted;

    REQUIRE_OK(vsh_count_parameters(&model, &counted, &err), &err);
    CHECK_INT(counted.active, counted.total);
    CHECK_INT(counted.total - counted.group[VSH_GROUP_ROUTER], total_of(SIZES));
}

static void a_count_beyond_63_bits_is_refused_and_not_wrapped(void)
{
    vsh_model model =
        vsh_test_model("layers: 1024\nhidden: 1048576\nheads: 1\nhead_dim: 1\nvocab: 9\n"
                       "context: 9\nexperts: {count: 65536, top_k: 1, hidden: 1048576}\n");
    vsh_parameters counted;

    CHECK_FAILS(vsh_count_parameters(&model, &counted, &err), &err, VSH_EINPUT,
                "more parameters than 63 bits can count");
    model = vsh_test_model("layers: 16\nhidden: 1048576\nheads: 1\nhead_dim: 1\nvocab: 9\n"
                           "context: 9\nexperts: {count: 65536, top_k: 1, hidden: 1048576}\n");
    REQUIRE_OK(vsh_count_parameters(&model, &counted, &err), &err);
    CHECK(counted.total > 3LL * 16 * 65536 * 1048576 * 1048576 && counted.active > 0);
}

static void groups_have_names(void)
{
    for (int g = 0; g < VSH_GROUP_COUNT; g++)
        CHECK(vsh_group_names[g] && *vsh_group_names[g]);
}

const vsh_test vsh_tests[] = {
    {"published_counts_are_met_to_the_last_parameter",
     published_counts_are_met_to_the_last_parameter},
    {"counts_are_the_sum_of_the_tensors", counts_are_the_sum_of_the_tensors},
    {"the_layers_and_the_ends_make_the_whole", the_layers_and_the_ends_make_the_whole},
    {"a_small_model_counts_as_on_paper", a_small_model_counts_as_on_paper},
    {"sharing_layers_have_no_keys_of_their_own", sharing_layers_have_no_keys_of_their_own},
    {"a_window_or_an_exit_changes_no_parameter", a_window_or_an_exit_changes_no_parameter},
    {"one_token_uses_its_top_k_experts_and_all_the_rest",
     one_token_uses_its_top_k_experts_and_all_the_rest},
    {"all_experts_active_means_all_parameters_active",
     all_experts_active_means_all_parameters_active},
    {"a_count_beyond_63_bits_is_refused_and_not_wrapped",
     a_count_beyond_63_bits_is_refused_and_not_wrapped},
    {"groups_have_names", groups_have_names},
    {NULL, NULL}};
