#include "core/model_hf.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"
#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "model_hf";

static vsh_error err;
static vsh_model model;

static vsh_status read_text(const char *text)
{
    vsh_doc doc = vsh_test_doc(text);

    err.text[0] = '\0';
    return vsh_model_from_doc(&doc, &model, &err);
}

static int64_t parameters_of(const char *text)
{
    vsh_parameters parameters = {0};

    CHECK_OK(read_text(text), &err);
    CHECK_OK(vsh_count_parameters(&model, &parameters, &err), &err);
    return parameters.total;
}

/* The golden config of a family, with one key's value replaced by new_value (a JSON text). */
static const char *config_with(const char *name, const char *key, const char *new_value)
{
    static char whole[1 << 16];
    vsh_text text = {.arena = vsh_test_arena()};
    char path[100], quoted[64], *at;
    FILE *file;
    size_t length;

    snprintf(path, sizeof path, "tests/golden/hf/%s.json", name);
    file = fopen(path, "r");
    REQUIRE(file != NULL);
    length = fread(whole, 1, sizeof whole - 1, file);
    fclose(file);
    whole[length] = '\0';
    if (!key)
        return whole;
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    at = strstr(whole, quoted);
    if (!at) { /* a new key, in front */
        vsh_text_add(&text, "{%s %s,%s", quoted, new_value, strchr(whole, '{') + 1);
        return vsh_text_string(&text);
    }
    at += strlen(quoted);
    vsh_text_put(&text, whole, (size_t)(at - whole));
    vsh_text_add(&text, " %s%s", new_value, at + strcspn(at, ",\n}"));
    return vsh_text_string(&text);
}

/* ---- the shape of each family ---------------------------------------------------------------- */

static void gpt2_has_learned_positions_biases_and_a_tied_head(void)
{
    REQUIRE_OK(read_text(config_with("gpt2", NULL, NULL)), &err);
    CHECK_TEXT(model.name, "gpt2");
    CHECK_INT(model.layers, 12);
    CHECK_INT(model.hidden, 768);
    CHECK_INT(model.ffn, 3072);
    CHECK_INT(model.context, 1024);
    CHECK_INT(model.mlp, VSH_MLP_GELU);
    CHECK_INT(model.norm, VSH_NORM_LAYER);
    CHECK_INT(model.position, VSH_POSITION_LEARNED);
    CHECK_INT(model.bias, VSH_BIAS_ALL);
    CHECK(model.tied);
}

static void llama_has_grouped_keys_and_a_separate_head(void)
{
    REQUIRE_OK(read_text(config_with("llama-3-8b", NULL, NULL)), &err);
    CHECK_INT(model.heads, 32);
    CHECK_INT(model.kv_heads, 8);
    CHECK_INT(model.head_dim, 128);
    CHECK_INT(model.mlp, VSH_MLP_SWIGLU);
    CHECK_INT(model.norm, VSH_NORM_RMS);
    CHECK_INT(model.bias, VSH_BIAS_NONE);
    CHECK(!model.tied);
}

static void mixtral_has_experts_in_every_layer(void)
{
    REQUIRE_OK(read_text(config_with("mixtral-8x7b", NULL, NULL)), &err);
    CHECK_INT(model.experts.count, 8);
    CHECK_INT(model.experts.top_k, 2);
    CHECK_INT(model.experts.hidden, 14336);
    for (int64_t l = 0; l < model.layers; l++)
        CHECK(model.layer[l].experts);
}

static void deepseek_v3_has_latent_attention_and_three_dense_layers(void)
{
    REQUIRE_OK(read_text(config_with("deepseek-v3", NULL, NULL)), &err);
    CHECK_INT(model.latent.q_rank, 1536);
    CHECK_INT(model.latent.kv_rank, 512);
    CHECK_INT(vsh_model_qk_dim(&model), 192);
    CHECK_INT(vsh_model_v_dim(&model), 128);
    CHECK(!model.layer[0].experts && !model.layer[2].experts && model.layer[3].experts);
    CHECK_INT(model.experts.shared, 1);
    CHECK(model.experts.correction_bias);
}

static void gemma2_and_gpt_oss_alternate_their_windows(void)
{
    REQUIRE_OK(read_text(config_with("gemma2-2b", NULL, NULL)), &err);
    CHECK_INT(model.norms_per_layer, 4);
    CHECK_INT(model.layer[0].window, 4096);
    CHECK_INT(model.layer[1].window, 0);
    REQUIRE_OK(read_text(config_with("gpt-oss-20b", NULL, NULL)), &err);
    CHECK_INT(model.layer[0].window, 128);
    CHECK_INT(model.layer[1].window, 0);
    CHECK(model.sinks && model.experts.router_bias && model.experts.expert_bias);
}

static void qwen_families_differ_in_biases_norms_and_the_shared_expert(void)
{
    REQUIRE_OK(read_text(config_with("qwen2.5-0.5b", NULL, NULL)), &err);
    CHECK_INT(model.bias, VSH_BIAS_QKV);
    CHECK(model.tied);
    CHECK_INT(model.layer[0].window, 0); /* use_sliding_window is false */
    REQUIRE_OK(read_text(config_with("qwen3-4b", NULL, NULL)), &err);
    CHECK_INT(model.qk_norm, VSH_QK_NORM_HEAD);
    CHECK_INT(model.bias, VSH_BIAS_NONE);
    CHECK_INT(model.head_dim, 128);
    REQUIRE_OK(read_text(config_with("qwen1.5-moe-a2.7b", NULL, NULL)), &err);
    CHECK_INT(model.experts.shared, 1);
    CHECK(model.experts.shared_gate);
    CHECK_INT(model.experts.shared_hidden, 5632);
}

static void a_config_of_a_family_alone_takes_the_familys_defaults(void)
{
    CHECK_INT(parameters_of("{\"model_type\": \"gpt2\"}"), 124439808);
    CHECK_INT(parameters_of("{\"model_type\": \"llama\"}"), 6738415616);
    CHECK_INT(parameters_of("{\"model_type\": \"mixtral\"}"), 46702792704);
}

/* ---- how it is written ----------------------------------------------------------------------- */

static void the_way_json_is_spaced_changes_no_count(void)
{
    int64_t want = 134515008; /* SmolLM2-135M */

    CHECK_INT(parameters_of("{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\","
                            "\"hidden_size\":576,\"intermediate_size\":1536,"
                            "\"num_hidden_layers\":30,\"num_attention_heads\":9,"
                            "\"num_key_value_heads\":3,\"vocab_size\":49152,"
                            "\"max_position_embeddings\":8192,\"tie_word_embeddings\":true,"
                            "\"rope_theta\":100000,\"rms_norm_eps\":1e-05,\"rope_scaling\":null}"),
              want);
    CHECK_INT(parameters_of("{\n\t\"model_type\"\t:\t\"llama\",\n\t\"hidden_size\":\t576,\n"
                            "\t\"intermediate_size\": 1536,\n\t\"num_hidden_layers\": 30,\n"
                            "\t\"num_attention_heads\": 9,\n\t\"num_key_value_heads\": 3,\n"
                            "\t\"vocab_size\": 49152,\n\t\"tie_word_embeddings\": true,\n"
                            "\t\"rope_scaling\": {\n\t\t\"type\": \"linear\"\n\t}\n}\n"),
              want);
    CHECK_INT(parameters_of("{\r\n  \"model_type\": \"llama\",\r\n  \"hidden_size\": 576,\r\n"
                            "  \"intermediate_size\": 1536,\r\n  \"num_hidden_layers\": 30,\r\n"
                            "  \"num_attention_heads\": 9,\r\n  \"num_key_value_heads\": 3,\r\n"
                            "  \"vocab_size\": 49152,\r\n  \"tie_word_embeddings\": true\r\n}\r\n"),
              want);
}

/* JSON without a blank outside its strings, or with every blank a tab. */
static const char *respaced(const char *json, bool tabs)
{
    vsh_text text = {.arena = vsh_test_arena()};
    bool inside = false;

    for (const char *c = json; *c; c++) {
        bool blank = !inside && (*c == ' ' || *c == '\n' || *c == '\t' || *c == '\r');
        inside ^= *c == '"' && (c == json || c[-1] != '\\');
        if (!blank || (tabs && *c == '\n'))
            vsh_text_put(&text, c, 1);
        else if (tabs)
            vsh_text_put(&text, "\t", 1);
    }
    return vsh_text_string(&text);
}

static void every_golden_config_counts_the_same_without_blanks_and_with_tabs(void)
{
    DIR *folder = opendir("tests/golden/hf");
    const struct dirent *entry;
    int count = 0;

    REQUIRE(folder != NULL);
    while ((entry = readdir(folder))) {
        char name[64];
        const char *json;
        int64_t want;
        if (!strstr(entry->d_name, ".json"))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(strlen(entry->d_name) - 5), entry->d_name);
        json = config_with(name, NULL, NULL);
        want = parameters_of(json);
        CHECK_INT(parameters_of(respaced(json, false)), want);
        CHECK_INT(parameters_of(respaced(json, true)), want);
        count++;
    }
    closedir(folder);
    CHECK(count >= 50);
}

static void keys_that_decide_nothing_are_passed_over(void)
{
    CHECK_INT(parameters_of("{\"model_type\": \"gpt2\", \"activation_function\": \"gelu_new\","
                            "\"task_specific_params\": {\"text-generation\": {\"max_length\": 50}},"
                            "\"auto_map\": {}, \"n_ctx\": 1024, \"anything\": [[[1]]]}"),
              124439808);
}

/* ---- nulls ----------------------------------------------------------------------------------- */

static void null_means_what_it_means_in_transformers(void)
{
    CHECK_INT(parameters_of("{\"model_type\": \"gpt2\", \"n_inner\": null}"), 124439808);
    /* no such rank, not the default one */
    REQUIRE_OK(read_text(config_with("deepseek-v2-lite", NULL, NULL)), &err);
    CHECK_INT(model.latent.q_rank, 0);
    REQUIRE_OK(read_text("{\"model_type\": \"deepseek_v2\", \"first_k_dense_replace\": 1}"), &err);
    CHECK_INT(model.latent.q_rank, 1536);
    /* no window */
    REQUIRE_OK(read_text("{\"model_type\": \"mistral\", \"sliding_window\": null}"), &err);
    CHECK_INT(model.layer[0].window, 0);
    REQUIRE_OK(read_text("{\"model_type\": \"mistral\"}"), &err);
    CHECK_INT(model.layer[0].window, 4096);
    /* as many key heads as heads, the width over the heads */
    REQUIRE_OK(read_text("{\"model_type\": \"mistral\", \"num_key_value_heads\": null, "
                         "\"head_dim\": null}"),
               &err);
    CHECK_INT(model.kv_heads, 32);
    CHECK_INT(model.head_dim, 128);
}

static void a_size_that_is_null_is_no_size(void)
{
    static const struct {
        const char *name, *key;
    } cases[] = {
        {"llama-3-8b", "hidden_size"},
        {"llama-3-8b", "num_hidden_layers"},
        {"llama-3-8b", "num_attention_heads"},
        {"llama-3-8b", "vocab_size"},
        {"llama-3-8b", "max_position_embeddings"},
        {"llama-3-8b", "intermediate_size"},
        {"mixtral-8x7b", "num_experts_per_tok"},
        {"mixtral-8x7b", "intermediate_size"},
        {"qwen3-30b-a3b", "num_experts_per_tok"},
        {"qwen3-30b-a3b", "moe_intermediate_size"},
        {"deepseek-v3", "v_head_dim"},
        {"deepseek-v3", "qk_nope_head_dim"},
        {"deepseek-v3", "kv_lora_rank"},
        {"deepseek-v3", "moe_intermediate_size"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vsh_status status = read_text(config_with(cases[i].name, cases[i].key, "null"));
        if (status != VSH_EINPUT)
            fprintf(stderr, "%s with %s: null was read\n", cases[i].name, cases[i].key);
        CHECK_INT(status, VSH_EINPUT);
        if (status == VSH_EINPUT)
            CHECK_HAS(err.text, cases[i].key);
    }
}

/* Families name one size in several ways; a null under the name that is not used takes nothing
 * away from the value under the other. */
static void a_null_twin_does_not_erase_a_given_size(void)
{
    CHECK_INT(parameters_of("{\"model_type\": \"gpt2\", \"n_embd\": 768, \"hidden_size\": null}"),
              124439808);
    REQUIRE_OK(read_text("{\"model_type\": \"gpt_oss\", \"num_experts_per_tok\": 4, "
                         "\"experts_per_token\": null}"),
               &err);
    CHECK_INT(model.experts.top_k, 4);
}

/* ---- layer lists ----------------------------------------------------------------------------- */

static void layer_types_decide_the_windows(void)
{
    REQUIRE_OK(read_text("{\"model_type\": \"gemma2\", \"num_hidden_layers\": 3, \"layer_types\": "
                         "[\"full_attention\", \"full_attention\", \"sliding_attention\"]}"),
               &err);
    CHECK_INT(model.layer[0].window, 0);
    CHECK_INT(model.layer[1].window, 0);
    CHECK_INT(model.layer[2].window, 4096);
}

static void bad_layer_types_are_refused_with_what_was_expected(void)
{
    CHECK_FAILS(read_text("{\"model_type\": \"gemma2\", \"num_hidden_layers\": 3, \"layer_types\": "
                          "[\"full_attention\"]}"),
                &err, VSH_EINPUT, "layer_types: expected a list of 3 layer types, got a list");
    CHECK_FAILS(read_text("{\"model_type\": \"gemma2\", \"num_hidden_layers\": 1, \"layer_types\": "
                          "[\"linear_attention\"]}"),
                &err, VSH_EINPUT, "full_attention or sliding_attention, got \"linear_attention\"");
    CHECK_FAILS(read_text("{\"model_type\": \"gemma2\", \"num_hidden_layers\": 1, \"layer_types\": "
                          "[[]]}"),
                &err, VSH_EINPUT, "full_attention or sliding_attention, got a list");
    CHECK_FAILS(read_text("{\"model_type\": \"gemma2\", \"layer_types\": \"full_attention\"}"),
                &err, VSH_EINPUT, "layer_types: expected a list");
}

static void mlp_only_layers_are_dense(void)
{
    REQUIRE_OK(read_text(config_with("qwen3-30b-a3b", "mlp_only_layers", "[0, 47]")), &err);
    CHECK(!model.layer[0].experts && model.layer[1].experts && !model.layer[47].experts);
    CHECK_FAILS(read_text(config_with("qwen3-30b-a3b", "mlp_only_layers", "[48]")), &err,
                VSH_EINPUT, "from 0 to 47, got \"48\"");
    CHECK_FAILS(read_text(config_with("qwen3-30b-a3b", "mlp_only_layers", "3")), &err, VSH_EINPUT,
                "mlp_only_layers: expected a list");
}

static void a_sparse_step_spares_layers_as_transformers_counts_them(void)
{
    REQUIRE_OK(read_text(config_with("qwen3-30b-a3b", "decoder_sparse_step", "2")), &err);
    CHECK(!model.layer[0].experts && model.layer[1].experts && !model.layer[2].experts);
    REQUIRE_OK(read_text(config_with("deepseek-v2-lite", "moe_layer_freq", "2")), &err);
    CHECK(!model.layer[0].experts && !model.layer[1].experts && model.layer[2].experts);
}

static void layers_below_max_window_layers_see_everything(void)
{
    REQUIRE_OK(read_text("{\"model_type\": \"qwen2\", \"use_sliding_window\": true, "
                         "\"sliding_window\": 1024, \"max_window_layers\": 2, "
                         "\"num_hidden_layers\": 4}"),
               &err);
    CHECK_INT(model.layer[0].window, 0);
    CHECK_INT(model.layer[1].window, 0);
    CHECK_INT(model.layer[2].window, 1024);
    CHECK_INT(model.layer[3].window, 1024);
}

/* ---- what is refused ------------------------------------------------------------------------- */

/* A download has many keys that decide nothing; one letter from a key that does is a misspelling. */
static void a_misspelt_size_is_refused_with_the_key_that_was_meant(void)
{
    CHECK_FAILS(read_text("{\"model_type\": \"llama\",\n \"hidden_sise\": 64}"), &err, VSH_EINPUT,
                "test.yaml:2:2: unknown key \"hidden_sise\"; did you mean hidden_size?");
    CHECK_FAILS(read_text("{\"model_type\": \"llama\", \"num_hiden_layers\": 2}"), &err, VSH_EINPUT,
                "did you mean num_hidden_layers?");
    /* names of two families one letter apart are both names */
    CHECK_OK(read_text("{\"model_type\": \"gpt2\", \"n_layer\": 2, \"n_head\": 12}"), &err);
    CHECK_OK(read_text("{\"model_type\": \"mpt\", \"n_layers\": 2, \"n_heads\": 16}"), &err);
}

static void an_unknown_architecture_is_refused_by_name(void)
{
    CHECK_FAILS(read_text("{\n  \"architectures\": [\"MambaForCausalLM\"],\n"
                          "  \"model_type\": \"mamba\"\n}"),
                &err, VSH_EINPUT, "test.yaml:3:17: model_type: unknown architecture \"mamba\"");
    CHECK_FAILS(read_text("{\"model_type\": \"lama\"}"), &err, VSH_EINPUT,
                "unknown architecture \"lama\"; did you mean llama?");
    CHECK_FAILS(read_text("{\"model_type\": \"qwen4\"}"), &err, VSH_EINPUT,
                "unknown architecture \"qwen4\"; did you mean qwen2 or qwen3?");
    CHECK_FAILS(read_text("{\"model_type\": \"Llama\"}"), &err, VSH_EINPUT, "did you mean llama?");
}

static void a_config_without_its_architecture_says_what_is_missing(void)
{
    CHECK_FAILS(read_text("{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 64}"), &err,
                VSH_EINPUT, "\"model_type\"");
    CHECK_FAILS(read_text("{\"model_type\": [\"llama\"]}"), &err, VSH_EINPUT, "\"model_type\"");
    CHECK_FAILS(read_text("{\"model_type\": null}"), &err, VSH_EINPUT, "model_type");
}

static void sizes_of_the_wrong_kind_are_refused_by_key(void)
{
    static const char *const values[] = {
        "\"4096\"", "4096.5", "-1", "[4096]", "{}", "true", "1e4", "NaN", "99999999999999999999",
        "0"};
    char text[100];

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(text, sizeof text, "{\"model_type\": \"llama\", \"hidden_size\": %s}", values[i]);
        CHECK_FAILS(read_text(text), &err, VSH_EINPUT,
                    "test.yaml:1:40: hidden_size: expected a whole number from 1 to 1048576");
    }
}

static void sizes_that_do_not_fit_together_are_refused(void)
{
    CHECK_FAILS(read_text("{\"model_type\": \"llama\", \"num_attention_heads\": 7}"), &err,
                VSH_EINPUT, "heads");
    CHECK_FAILS(read_text("{\"model_type\": \"llama\", \"num_key_value_heads\": 5}"), &err,
                VSH_EINPUT, "kv_heads: expected a divisor of heads 32, got 5");
    CHECK_FAILS(read_text("{\"model_type\": \"mixtral\", \"num_experts_per_tok\": 9}"), &err,
                VSH_EINPUT, "top_k: expected at most count 8, got 9");
    CHECK_FAILS(read_text("{\"model_type\": \"llama\", \"num_hidden_layers\": 5000}"), &err,
                VSH_EINPUT, "num_hidden_layers: ");
}

static void every_golden_config_cut_at_any_byte_is_read_or_refused(void)
{
    static const char *const names[] = {"gpt2", "deepseek-v2-lite", "gpt-oss-20b"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *whole = config_with(names[i], NULL, NULL);
        for (size_t cut = 0; cut < strlen(whole) - 1; cut++) {
            vsh_arena arena = {0};
            vsh_doc doc;
            vsh_status status = vsh_doc_parse(&arena, "f.json", whole, cut, &doc, &err);
            if (status == VSH_OK)
                status = vsh_model_from_doc(&doc, &model, &err);
            if (status != VSH_EINPUT) /* an open brace is never a whole config */
                CHECK_INT(status, VSH_EINPUT);
            vsh_arena_free(&arena);
        }
    }
    CHECK(true);
}

const vsh_test vsh_tests[] = {
    {"gpt2_has_learned_positions_biases_and_a_tied_head",
     gpt2_has_learned_positions_biases_and_a_tied_head},
    {"llama_has_grouped_keys_and_a_separate_head", llama_has_grouped_keys_and_a_separate_head},
    {"mixtral_has_experts_in_every_layer", mixtral_has_experts_in_every_layer},
    {"deepseek_v3_has_latent_attention_and_three_dense_layers",
     deepseek_v3_has_latent_attention_and_three_dense_layers},
    {"gemma2_and_gpt_oss_alternate_their_windows", gemma2_and_gpt_oss_alternate_their_windows},
    {"qwen_families_differ_in_biases_norms_and_the_shared_expert",
     qwen_families_differ_in_biases_norms_and_the_shared_expert},
    {"a_config_of_a_family_alone_takes_the_familys_defaults",
     a_config_of_a_family_alone_takes_the_familys_defaults},
    {"the_way_json_is_spaced_changes_no_count", the_way_json_is_spaced_changes_no_count},
    {"every_golden_config_counts_the_same_without_blanks_and_with_tabs",
     every_golden_config_counts_the_same_without_blanks_and_with_tabs},
    {"keys_that_decide_nothing_are_passed_over", keys_that_decide_nothing_are_passed_over},
    {"null_means_what_it_means_in_transformers", null_means_what_it_means_in_transformers},
    {"a_size_that_is_null_is_no_size", a_size_that_is_null_is_no_size},
    {"a_null_twin_does_not_erase_a_given_size", a_null_twin_does_not_erase_a_given_size},
    {"layer_types_decide_the_windows", layer_types_decide_the_windows},
    {"bad_layer_types_are_refused_with_what_was_expected",
     bad_layer_types_are_refused_with_what_was_expected},
    {"mlp_only_layers_are_dense", mlp_only_layers_are_dense},
    {"a_sparse_step_spares_layers_as_transformers_counts_them",
     a_sparse_step_spares_layers_as_transformers_counts_them},
    {"layers_below_max_window_layers_see_everything",
     layers_below_max_window_layers_see_everything},
    {"a_misspelt_size_is_refused_with_the_key_that_was_meant",
     a_misspelt_size_is_refused_with_the_key_that_was_meant},
    {"an_unknown_architecture_is_refused_by_name", an_unknown_architecture_is_refused_by_name},
    {"a_config_without_its_architecture_says_what_is_missing",
     a_config_without_its_architecture_says_what_is_missing},
    {"sizes_of_the_wrong_kind_are_refused_by_key", sizes_of_the_wrong_kind_are_refused_by_key},
    {"sizes_that_do_not_fit_together_are_refused", sizes_that_do_not_fit_together_are_refused},
    {"every_golden_config_cut_at_any_byte_is_read_or_refused",
     every_golden_config_cut_at_any_byte_is_read_or_refused},
    {NULL, NULL}};
