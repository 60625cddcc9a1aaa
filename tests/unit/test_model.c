#include "core/model.h"

#include <stdio.h>
#include <string.h>

#include "core/library.h"
#include "core/tensor.h"
#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "model";

#define SIZES "layers: 4\nhidden: 64\nheads: 4\nvocab: 100\ncontext: 32\n"
#define DENSE SIZES "ffn: 256\n"

static vsh_error err;
static vsh_model model; /* large: one for all tests */

static vsh_status read_text(const char *text)
{
    vsh_doc doc = vsh_test_doc(text);

    err.text[0] = '\0';
    return vsh_model_from_doc(&doc, &model, &err);
}

static vsh_status read_dense_with(const char *lines)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, DENSE "%s\n", lines);
    return read_text(vsh_text_string(&text));
}

/* The dense model with lines added is refused, and the message names the key. */
static void check_refused(const char *lines, const char *message)
{
    CHECK_FAILS(read_dense_with(lines), &err, VSH_EINPUT, message);
    CHECK_HAS(err.text, "test.yaml:");
}

/* ---- defaults -------------------------------------------------------------------------------- */

static void what_is_left_out_is_the_documented_default(void)
{
    REQUIRE_OK(read_text(DENSE), &err);
    CHECK_TEXT(model.name, "model");
    CHECK_INT(model.kv_heads, 4);
    CHECK_INT(model.head_dim, 16);
    CHECK_INT(model.embedding_dim, 64);
    CHECK_INT(model.mlp, VSH_MLP_SWIGLU);
    CHECK_INT(model.norm, VSH_NORM_RMS);
    CHECK_INT(model.position, VSH_POSITION_ROTARY);
    CHECK_INT(model.bias, VSH_BIAS_NONE);
    CHECK_INT(model.qk_norm, VSH_QK_NORM_NONE);
    CHECK_INT(model.norms_per_layer, 2);
    CHECK(!model.tied && model.final_norm && !model.embedding_norm && !model.sinks);
    CHECK_INT(model.experts.count, 0);
    CHECK_INT(model.latent.kv_rank, 0);
    for (int64_t l = 0; l < model.layers; l++) {
        CHECK(model.layer[l].own_kv && !model.layer[l].experts && !model.layer[l].exit);
        CHECK_INT(model.layer[l].window, 0);
    }
}

static void a_null_value_is_a_value_left_out(void)
{
    REQUIRE_OK(read_dense_with("kv_heads: null\nwindow: ~\nexperts: null\nexits: null\nmlp:"), &err);
    CHECK_INT(model.kv_heads, 4);
    CHECK_INT(model.mlp, VSH_MLP_SWIGLU);
}

static void every_word_has_its_value(void)
{
    static const struct {
        const char *key;
        const char *const *words;
        int *place;
    } keys[] = {{"mlp", vsh_mlp_words, &model.mlp},
                {"norm", vsh_norm_words, &model.norm},
                {"position", vsh_position_words, &model.position},
                {"qk_norm", vsh_qk_norm_words, &model.qk_norm},
                {"bias", vsh_bias_words, &model.bias}};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        for (int word = 0; keys[i].words[word]; word++) {
            char line[64];
            snprintf(line, sizeof line, "%s: %s", keys[i].key, keys[i].words[word]);
            REQUIRE_OK(read_dense_with(line), &err);
            CHECK_INT(*keys[i].place, word);
        }
}

static void the_example_of_the_contract_is_read(void)
{
    REQUIRE_OK(read_text("name: tiny-moe\nlayers: 6\nhidden: 384\nheads: 6\nkv_heads: 6\n"
                         "ffn: 1536\nmlp: swiglu\nnorm: rms\nposition: rotary\nvocab: 8192\n"
                         "context: 256\ntied: true\n"
                         "experts: {count: 8, top_k: 2, every: 1, shared: 0, hidden: 1536, "
                         "capacity: dropless}\ncross_layer: 1\nwindow: 0\nexits: []\n"),
               &err);
    CHECK_INT(model.experts.count, 8);
    CHECK_INT(model.experts.top_k, 2);
    CHECK_INT(model.experts.hidden, 1536);
    CHECK_NEAR(model.experts.capacity, 0, 0, 0);
    CHECK(model.layer[0].experts && model.layer[5].experts);
}

static void every_model_that_ships_is_read(void)
{
    const char *names[VSH_LIBRARY_NAMES];
    vsh_library library = {{"."}};
    size_t count = 0;

    REQUIRE_OK(vsh_library_list(vsh_test_arena(), &library, "models", names, &count, &err), &err);
    CHECK(count >= 30);
    for (size_t i = 0; i < count; i++) {
        vsh_parameters parameters;
        char path[200];
        snprintf(path, sizeof path, "models/%s.yaml", names[i]);
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), path, &model, &err), &err);
        CHECK_TEXT(model.name, names[i]);
        CHECK(model.source && *model.source);
        REQUIRE_OK(vsh_count_parameters(&model, &parameters, &err), &err);
        if (model.published_parameters)
            CHECK_INT(parameters.total, model.published_parameters);
    }
}

/* ---- what holds of each layer ---------------------------------------------------------------- */

static void every_counts_layers_from_one_after_the_dense_ones(void)
{
    REQUIRE_OK(read_dense_with("experts: {count: 4, top_k: 1, hidden: 32, every: 2}"), &err);
    CHECK(!model.layer[0].experts && model.layer[1].experts);
    CHECK(!model.layer[2].experts && model.layer[3].experts);
    REQUIRE_OK(read_dense_with("experts: {count: 4, top_k: 1, hidden: 32, first_dense: 1}"), &err);
    CHECK(!model.layer[0].experts && model.layer[1].experts && model.layer[3].experts);
}

static void full_every_gives_every_nth_layer_full_attention(void)
{
    REQUIRE_OK(read_dense_with("window: 8\nfull_every: 2"), &err);
    CHECK_INT(model.layer[0].window, 8);
    CHECK_INT(model.layer[1].window, 0);
    CHECK_INT(model.layer[2].window, 8);
    CHECK_INT(model.layer[3].window, 0);
    REQUIRE_OK(read_dense_with("window: 8"), &err);
    for (int l = 0; l < 4; l++)
        CHECK_INT(model.layer[l].window, 8);
}

static void cross_layer_groups_share_the_keys_of_their_first_layer(void)
{
    REQUIRE_OK(read_dense_with("cross_layer: 2"), &err);
    CHECK(model.layer[0].own_kv && !model.layer[1].own_kv);
    CHECK(model.layer[2].own_kv && !model.layer[3].own_kv);
    REQUIRE_OK(read_dense_with("cross_layer: 3"), &err);
    CHECK(model.layer[0].own_kv && !model.layer[1].own_kv && !model.layer[2].own_kv);
    CHECK(model.layer[3].own_kv);
}

static void exits_stand_after_the_layers_that_are_named(void)
{
    REQUIRE_OK(read_dense_with("exits: [1, 3]"), &err);
    CHECK(model.layer[0].exit && !model.layer[1].exit && model.layer[2].exit && !model.layer[3].exit);
}

static void granularity_splits_experts_and_keeps_parameters_and_work(void)
{
    vsh_parameters whole, split;

    REQUIRE_OK(read_dense_with("experts: {count: 8, top_k: 2, hidden: 128}"), &err);
    REQUIRE_OK(vsh_count_parameters(&model, &whole, &err), &err);
    REQUIRE_OK(read_dense_with("experts: {count: 8, top_k: 2, hidden: 128, granularity: 4}"), &err);
    REQUIRE_OK(vsh_count_parameters(&model, &split, &err), &err);
    CHECK_INT(model.experts.count, 32);
    CHECK_INT(model.experts.top_k, 8);
    CHECK_INT(model.experts.hidden, 32);
    CHECK_INT(split.group[VSH_GROUP_EXPERT], whole.group[VSH_GROUP_EXPERT]);
    CHECK_INT(split.active - split.group[VSH_GROUP_ROUTER],
              whole.active - whole.group[VSH_GROUP_ROUTER]);
    CHECK_INT(split.group[VSH_GROUP_ROUTER], 4 * whole.group[VSH_GROUP_ROUTER]);
}

static void granularity_leaves_shared_experts_whole(void)
{
    REQUIRE_OK(read_dense_with(
                   "experts: {count: 8, top_k: 2, hidden: 128, shared: 1, granularity: 4}"),
               &err);
    CHECK_INT(model.experts.shared, 1);
    CHECK_INT(model.experts.shared_hidden, 128);
}

static void capacity_is_dropless_or_a_factor(void)
{
    REQUIRE_OK(read_dense_with("experts: {count: 4, top_k: 1, hidden: 32, capacity: 1.25}"), &err);
    CHECK_NEAR(model.experts.capacity, 1.25, 0, 0);
    REQUIRE_OK(read_dense_with("experts: {count: 4, top_k: 1, hidden: 32, capacity: dropless}"),
               &err);
    CHECK_NEAR(model.experts.capacity, 0, 0, 0);
}

static void latent_attention_has_its_own_head_widths(void)
{
    REQUIRE_OK(read_dense_with("latent: {kv_rank: 32, nope_dim: 12, rope_dim: 4, v_dim: 10}"), &err);
    CHECK_INT(vsh_model_qk_dim(&model), 16);
    CHECK_INT(vsh_model_v_dim(&model), 10);
    CHECK_INT(model.latent.q_rank, 0);
    REQUIRE_OK(read_text(DENSE), &err);
    CHECK_INT(vsh_model_qk_dim(&model), 16);
    CHECK_INT(vsh_model_v_dim(&model), 16);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void each_missing_size_is_named(void)
{
    static const char *const keys[] = {"layers", "hidden", "heads", "vocab", "context", "ffn"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        vsh_text text = {.arena = vsh_test_arena()};
        char message[64];
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            if (k != i)
                vsh_text_add(&text, "%s: 4\n", keys[k]);
        snprintf(message, sizeof message, "the key \"%s\" is missing", keys[i]);
        CHECK_FAILS(read_text(vsh_text_string(&text)), &err, VSH_EINPUT, message);
    }
}

static void sizes_that_are_no_sizes_are_refused_by_key(void)
{
    static const char *const keys[] = {"layers", "hidden", "heads",   "kv_heads", "head_dim",
                                       "ffn",    "vocab",  "context", "embedding_dim"};
    static const char *const values[] = {"0",  "-1",   "1.5", "nan",  "inf",  "1e3", "\"4\"", "[4]",
                                         "{}", "0x10", "010", "1_000", "true", "4 GB",
                                         "99999999999999999999999999"};

    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            vsh_text text = {.arena = vsh_test_arena()};
            char message[64];
            vsh_text_add(&text, "%s: %s\n", keys[k], values[v]);
            for (size_t other = 0; other < sizeof keys / sizeof keys[0]; other++)
                if (other != k)
                    vsh_text_add(&text, "%s: 4\n", keys[other]);
            snprintf(message, sizeof message, ": %s: expected a whole number from 1 to ", keys[k]);
            CHECK_FAILS(read_text(vsh_text_string(&text)), &err, VSH_EINPUT, message);
            CHECK_HAS(err.text, "test.yaml:1:");
        }
}

static void huge_sizes_are_refused_before_they_are_multiplied(void)
{
    CHECK_FAILS(read_text("layers: 1025\nhidden: 64\nheads: 4\nvocab: 9\ncontext: 9\nffn: 9\n"),
                &err, VSH_EINPUT, "layers: ");
    CHECK_FAILS(read_text("layers: 4\nhidden: 1048577\nheads: 1\nvocab: 9\ncontext: 9\nffn: 9\n"),
                &err, VSH_EINPUT, "hidden: ");
    CHECK_FAILS(read_text("layers: 4\nhidden: 64\nheads: 4\nvocab: 16777217\ncontext: 9\nffn: 9\n"),
                &err, VSH_EINPUT, "vocab: ");
    CHECK_FAILS(read_text("layers: 4\nhidden: 64\nheads: 65536\nhead_dim: 65536\nvocab: 9\n"
                          "context: 9\nffn: 9\n"),
                &err, VSH_EINPUT, "heads x head_dim: expected at most 16,777,216");
}

static void heads_divide_the_width_unless_their_size_is_given(void)
{
    CHECK_FAILS(read_text("layers: 4\nhidden: 64\nheads: 5\nvocab: 100\ncontext: 32\nffn: 9\n"),
                &err, VSH_EINPUT, "heads: expected a divisor of hidden 64, got 5");
    CHECK_OK(read_text("layers: 4\nhidden: 64\nheads: 5\nhead_dim: 16\nvocab: 100\ncontext: 32\n"
                       "ffn: 9\n"),
             &err);
    CHECK_INT(model.head_dim, 16);
}

static void kv_heads_divide_heads(void)
{
    check_refused("kv_heads: 3", "kv_heads: expected a divisor of heads 4, got 3");
    check_refused("kv_heads: 8", "kv_heads: expected a divisor of heads 4, got 8");
    CHECK_OK(read_dense_with("kv_heads: 2"), &err);
    CHECK_OK(read_dense_with("kv_heads: 1"), &err);
}

static void expert_rules_name_their_key(void)
{
    check_refused("experts: {count: 4, top_k: 5, hidden: 32}", "top_k: expected at most count 4, got 5");
    check_refused("experts: {count: 4, top_k: 0, hidden: 32}", "top_k: ");
    check_refused("experts: {count: 0, top_k: 1, hidden: 32}", "count: ");
    check_refused("experts: {count: 4, top_k: 1, hidden: 30, granularity: 4}",
                  "granularity: expected a divisor of hidden 30, got 4");
    check_refused("experts: {top_k: 1, hidden: 32}", "\"count\" is missing");
    check_refused("experts: {count: 4, hidden: 32}", "\"top_k\" is missing");
    check_refused("experts: {count: 4, top_k: 1}", "\"hidden\" is missing");
    check_refused("experts: {count: 4, top_k: 1, hidden: 32, every: 0}", "every: ");
    check_refused("experts: {count: 4, top_k: 1, hidden: 32, shared: -1}", "shared: ");
    check_refused("experts: {count: 4, top_k: 1, hidden: 32, granularity: 0}", "granularity: ");
    check_refused("experts: 8", "experts: expected a map of keys");
    check_refused("experts: {count: 4, topk: 1, hidden: 32}",
                  "unknown key \"topk\"; did you mean top_k?");
}

static void a_bad_capacity_says_what_it_may_be(void)
{
    static const char *const values[] = {"0",   "-1",   "0.99",     "nan", "inf", "1e400", "0x1",
                                         "full", "[1]", "1001", "dropfree", "{}"};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char line[100];
        snprintf(line, sizeof line, "experts: {count: 4, top_k: 1, hidden: 32, capacity: %s}",
                 values[i]);
        check_refused(line, "capacity: expected dropless or a capacity factor");
    }
}

static void a_dense_layer_needs_a_width(void)
{
    CHECK_OK(read_text(SIZES "experts: {count: 4, top_k: 1, hidden: 32}\n"), &err);
    CHECK_FAILS(read_text(SIZES "experts: {count: 4, top_k: 1, hidden: 32, every: 2}\n"), &err,
                VSH_EINPUT, "ffn: layer 1 is dense and has no width");
    CHECK_FAILS(read_text(SIZES "experts: {count: 4, top_k: 1, hidden: 32, first_dense: 1}\n"), &err,
                VSH_EINPUT, "ffn: layer 1 is dense");
}

static void exits_are_inner_layers(void)
{
    check_refused("exits: 3", "exits: expected a list of layers such as [4, 8], got \"3\"");
    check_refused("exits: [0]", "expected a whole number from 1 to 4, got \"0\"");
    check_refused("exits: [5]", "expected a whole number from 1 to 4, got \"5\"");
    check_refused("exits: [4]", "exits: the last layer has the output head already");
    check_refused("exits: [two]", "expected a whole number from 1 to 4, got \"two\"");
    check_refused("exits: [[1]]", "expected a whole number from 1 to 4, got a list");
    check_refused("exits: [1, -1]", "test.yaml:7:12: ");
}

static void latent_rules_name_their_key(void)
{
    check_refused("latent: {nope_dim: 12, rope_dim: 4, v_dim: 10}", "\"kv_rank\" is missing");
    check_refused("latent: {kv_rank: 0, nope_dim: 12, rope_dim: 4, v_dim: 10}", "kv_rank: ");
    check_refused("latent: {kv_rank: 32, rope_dim: 4, v_dim: 10}", "\"nope_dim\" is missing");
    check_refused("latent: {kv_rank: 32, nope_dim: 12, v_dim: 10}", "\"rope_dim\" is missing");
    check_refused("latent: {kv_rank: 32, nope_dim: 12, rope_dim: 4}", "\"v_dim\" is missing");
    check_refused("latent: {kv_rank: 32, nope_dim: 12, rope_dim: 4, v_dim: -1}", "v_dim: ");
    check_refused("latent: true", "latent: expected a map of keys");
}

/* A key that latent attention has no use for would otherwise change nothing, silently. */
static void no_key_beside_latent_attention_is_silently_ignored(void)
{
#define LATENT "latent: {kv_rank: 32, nope_dim: 12, rope_dim: 4, v_dim: 16}\n"
    static const char *const lines[] = {LATENT "cross_layer: 2", LATENT "qk_norm: head",
                                        LATENT "bias: qkv", LATENT "sinks: true"};
    vsh_parameters plain, with;

    REQUIRE_OK(read_dense_with(LATENT), &err);
    REQUIRE_OK(vsh_count_parameters(&model, &plain, &err), &err);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        bool counted = false, refused = read_dense_with(lines[i]) == VSH_EINPUT;
        if (!refused) {
            REQUIRE_OK(vsh_count_parameters(&model, &with, &err), &err);
            counted = with.total != plain.total;
        }
        if (!refused && !counted)
            fprintf(stderr, "ignored: %s\n", lines[i]);
        CHECK(refused || counted);
    }
#undef LATENT
}

static void layer_rules_name_their_key(void)
{
    check_refused("cross_layer: 0", "cross_layer: ");
    check_refused("cross_layer: -2", "cross_layer: ");
    check_refused("window: -1", "window: ");
    check_refused("full_every: -1", "full_every: ");
    check_refused("norms_per_layer: 9", "norms_per_layer: ");
    check_refused("position_offset: -1", "position_offset: ");
    check_refused("tied: maybe", "tied: expected true or false");
    check_refused("published_parameters: 0", "published_parameters: ");
}

static void wrong_words_and_keys_are_answered_with_the_nearest(void)
{
    check_refused("mlp: swigluu", "mlp: expected one of gelu, relu, swiglu, geglu, got \"swigluu\"; "
                                  "did you mean swiglu?");
    check_refused("norm: layernorm", "norm: expected one of rms, layer, layer_no_bias");
    check_refused("position: rope", "position: expected one of learned, rotary, alibi, none");
    check_refused("bias: true", "bias: expected one of none, qkv, attention, all");
    check_refused("hiden: 3", "test.yaml:7:1: unknown key \"hiden\"; did you mean hidden?");
}

static void what_is_not_a_map_is_no_model(void)
{
    CHECK_FAILS(read_text("[layers, hidden]"), &err, VSH_EINPUT, "test.yaml:1:1: expected a model");
    CHECK_FAILS(read_text("tiny-moe"), &err, VSH_EINPUT, "test.yaml:1:1: expected a model");
    CHECK_FAILS(read_text("null"), &err, VSH_EINPUT, "test.yaml:1:1: expected a model");
}

static void a_failed_read_says_so_once(void)
{
    CHECK_FAILS(vsh_model_read(vsh_test_arena(), "models/no-such.yaml", &model, &err), &err,
                VSH_EINPUT, "models/no-such.yaml: No such file or directory");
}

static void a_model_made_by_hand_is_checked_like_a_file(void)
{
    model = vsh_model_default();
    model.layers = 2;
    model.hidden = 64;
    model.heads = 4;
    model.vocab = 100;
    model.context = 32;
    model.ffn = 128;
    model.layer[0].own_kv = model.layer[1].own_kv = true;
    CHECK_OK(vsh_model_finish(&model, "recommended model: ", &err), &err);
    CHECK_INT(model.kv_heads, 4);
    CHECK_INT(model.head_dim, 16);
    model.layer[0].own_kv = false;
    CHECK_FAILS(vsh_model_finish(&model, "recommended model: ", &err), &err, VSH_EINPUT,
                "recommended model: cross_layer: the first layer has no earlier layer");
}

const vsh_test vsh_tests[] = {
    {"what_is_left_out_is_the_documented_default", what_is_left_out_is_the_documented_default},
    {"a_null_value_is_a_value_left_out", a_null_value_is_a_value_left_out},
    {"every_word_has_its_value", every_word_has_its_value},
    {"the_example_of_the_contract_is_read", the_example_of_the_contract_is_read},
    {"every_model_that_ships_is_read", every_model_that_ships_is_read},
    {"every_counts_layers_from_one_after_the_dense_ones",
     every_counts_layers_from_one_after_the_dense_ones},
    {"full_every_gives_every_nth_layer_full_attention",
     full_every_gives_every_nth_layer_full_attention},
    {"cross_layer_groups_share_the_keys_of_their_first_layer",
     cross_layer_groups_share_the_keys_of_their_first_layer},
    {"exits_stand_after_the_layers_that_are_named", exits_stand_after_the_layers_that_are_named},
    {"granularity_splits_experts_and_keeps_parameters_and_work",
     granularity_splits_experts_and_keeps_parameters_and_work},
    {"granularity_leaves_shared_experts_whole", granularity_leaves_shared_experts_whole},
    {"capacity_is_dropless_or_a_factor", capacity_is_dropless_or_a_factor},
    {"latent_attention_has_its_own_head_widths", latent_attention_has_its_own_head_widths},
    {"each_missing_size_is_named", each_missing_size_is_named},
    {"sizes_that_are_no_sizes_are_refused_by_key", sizes_that_are_no_sizes_are_refused_by_key},
    {"huge_sizes_are_refused_before_they_are_multiplied",
     huge_sizes_are_refused_before_they_are_multiplied},
    {"heads_divide_the_width_unless_their_size_is_given",
     heads_divide_the_width_unless_their_size_is_given},
    {"kv_heads_divide_heads", kv_heads_divide_heads},
    {"expert_rules_name_their_key", expert_rules_name_their_key},
    {"a_bad_capacity_says_what_it_may_be", a_bad_capacity_says_what_it_may_be},
    {"a_dense_layer_needs_a_width", a_dense_layer_needs_a_width},
    {"exits_are_inner_layers", exits_are_inner_layers},
    {"latent_rules_name_their_key", latent_rules_name_their_key},
    {"no_key_beside_latent_attention_is_silently_ignored",
     no_key_beside_latent_attention_is_silently_ignored},
    {"layer_rules_name_their_key", layer_rules_name_their_key},
    {"wrong_words_and_keys_are_answered_with_the_nearest",
     wrong_words_and_keys_are_answered_with_the_nearest},
    {"what_is_not_a_map_is_no_model", what_is_not_a_map_is_no_model},
    {"a_failed_read_says_so_once", a_failed_read_says_so_once},
    {"a_model_made_by_hand_is_checked_like_a_file", a_model_made_by_hand_is_checked_like_a_file},
    {NULL, NULL}};
