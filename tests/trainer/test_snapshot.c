#include "trainer/run/snapshot.h"

#include <math.h>
#include <stdlib.h>

#include "core/text.h"
#include "tests/same_model.h"
#include "tests/trainer/started.h"
#include "trainer/base/folder.h"
#include "trainer/nn/linear.h"

const char vsh_suite[] = "snapshot";

static vsh_error err;
static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/vsh-snapshot-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
}

static void remove_folder(void) { CHECK_OK(vsh_folder_remove(folder, &err), &err); }

static const char *in_folder(const char *name)
{
    vsh_text path = {.arena = vsh_test_arena()};

    vsh_text_add(&path, "%s/%s", folder, name);
    return vsh_text_string(&path);
}

#define DENSE "name: dense\nlayers: 2\nhidden: 16\nheads: 2\nffn: 24\nvocab: 40\ncontext: 48\n"
#define BALANCED                                                                                   \
    "name: balanced\nlayers: 2\nhidden: 16\nheads: 2\nffn: 24\nvocab: 40\ncontext: 48\n"           \
    "bias: attention\nnorm: layer\ntied: true\n"                                                   \
    "experts: {count: 4, top_k: 2, hidden: 8, first_dense: 1, correction_bias: true}\n"

static const int precisions[] = {VSH_FP32, VSH_BF16, VSH_INT8};
static const int optimizers[] = {VSH_ADAMW, VSH_ADAMW8BIT, VSH_ADAFACTOR, VSH_SGD};
enum { PRECISIONS = 3, OPTIMIZERS = 4 };

/* ---- there and back ------------------------------------------------------------------------ */

static void write_checkpoint(started *r, int64_t step)
{
    vsh_checkpoint_file files[VSH_SNAPSHOT_FILES];
    vsh_checkpoint checkpoint = {.state = {.step = step},
                                 .config_json = "{}\n",
                                 .run_yaml = "steps: 1\n",
                                 .files = files,
                                 .file_count = VSH_SNAPSHOT_FILES};

    REQUIRE_OK(vsh_snapshot_files(vsh_test_arena(), &r->t, files, &err), &err);
    REQUIRE_OK(vsh_checkpoint_write(vsh_test_arena(), folder, &checkpoint, 2, &err), &err);
}

static vsh_status restore(started *r, const char *path)
{
    vsh_checkpoint_read_result read;
    vsh_status status;

    REQUIRE_OK(vsh_checkpoint_read(vsh_test_arena(), path, false, &read, &err), &err);
    status = vsh_snapshot_restore(&read, path, &r->t, &err);
    vsh_safetensors_close(&read.files[0]);
    vsh_safetensors_close(&read.files[1]);
    return status;
}

/* Restored into a trainer that began elsewhere, with another number of threads, it has the same
 * bits, and goes on with the same bits. */
static void check_there_and_back(const setting *s)
{
    setting other = *s;
    started *r = start_of(s), *again;

    other.seed = 99;
    other.threads = 2;
    again = start_of(&other);
    make_folder();
    train(r, 2, 1e-2);
    write_checkpoint(r, 2);
    train(again, 1, 1e-2);
    REQUIRE_OK(restore(again, in_folder("step-2")), &err);
    CHECK(same_weights(r, again));
    CHECK(same_state(r, again));
    train(r, 2, 1e-2);
    CHECK(!same_weights(r, again));
    train(again, 2, 1e-2);
    CHECK(same_weights(r, again));
    CHECK(same_state(r, again));
    remove_folder();
    stop(r);
    stop(again);
}

static void a_restored_trainer_goes_on_with_the_same_bits(void)
{
    for (int p = 0; p < PRECISIONS; p++)
        for (int o = 0; o < OPTIMIZERS; o++)
            check_there_and_back(&(setting){.model = (p + o) % 2 ? DENSE : BALANCED,
                                            .precision = precisions[p],
                                            .optimizer = optimizers[o],
                                            .bias_rate = 0.01,
                                            .clip = 1});
}

/* A balancing bias that rounds away in 16 bits is in the master copy. */
static void balancing_biases_are_kept(void)
{
    started *r = start_of(
        &(setting){.model = BALANCED, .precision = VSH_BF16, .bias_rate = 1.0 / 3, .micro = 4});
    started *again = start_of(&(setting){.model = BALANCED, .precision = VSH_BF16, .micro = 4});
    int64_t at = r->t.offsets.layer[1].correction, moved = 0;

    make_folder();
    train(r, 3, 1e-2);
    write_checkpoint(r, 1);
    REQUIRE_OK(restore(again, in_folder("step-1")), &err);
    for (int64_t e = 0; e < 4; e++) {
        moved += r->t.arrays.master[at + e] != 0;
        CHECK(again->t.arrays.master[at + e] == r->t.arrays.master[at + e]);
    }
    CHECK(moved > 0);
    remove_folder();
    stop(r);
    stop(again);
}

static void a_snapshot_names_every_tensor_of_the_model(void)
{
    started *r = start_of(&(setting){.model = BALANCED, .precision = VSH_BF16});
    vsh_checkpoint_file files[VSH_SNAPSHOT_FILES];
    int64_t bytes = 0;

    REQUIRE_OK(vsh_snapshot_files(vsh_test_arena(), &r->t, files, &err), &err);
    CHECK_TEXT(files[0].name, "model.safetensors");
    CHECK_TEXT(files[1].name, "optimizer.safetensors");
    REQUIRE(files[0].count == r->t.list.count);
    for (int64_t i = 0; i < files[0].count; i++) {
        const vsh_safetensor *t = &files[0].tensors[i];
        const vsh_parameter *p = &r->t.list.item[i];
        CHECK_TEXT(t->name, p->name);
        CHECK_TEXT(t->dtype, "BF16");
        CHECK_INT(t->rank, p->cols > 1 ? 2 : 1);
        CHECK_INT(t->shape[0], p->rows);
        CHECK(t->data == (const vsh_bf16 *)r->t.arrays.weights + p->offset);
        bytes += t->bytes;
    }
    CHECK_INT(bytes, 2 * r->t.list.elements);
    CHECK_TEXT(files[1].tensors[0].name, "master");
    CHECK_INT(files[1].tensors[0].bytes, 4 * r->t.list.elements);
    stop(r);
}

/* ---- files that are not this model's ------------------------------------------------------- */

enum { TENSORS_MAX = 64 };

/* The weights of a trainer as tensors that a test changes before they are written. */
typedef struct {
    started *from;
    vsh_safetensor item[TENSORS_MAX];
    int64_t count;
} tensors;

static tensors tensors_of(const char *model, int precision)
{
    vsh_checkpoint_file files[VSH_SNAPSHOT_FILES];
    tensors t = {.from = start_of(&(setting){.model = model, .precision = precision})};

    REQUIRE_OK(vsh_snapshot_files(vsh_test_arena(), &t.from->t, files, &err), &err);
    REQUIRE(files[0].count < TENSORS_MAX);
    memcpy(t.item, files[0].tensors, (size_t)files[0].count * sizeof t.item[0]);
    t.count = files[0].count;
    return t;
}

static vsh_safetensor *named(tensors *t, const char *name)
{
    int64_t i = 0;

    while (i < t->count && strcmp(t->item[i].name, name) != 0)
        i++;
    REQUIRE(i < t->count);
    return &t->item[i];
}

static void drop(tensors *t, const char *name)
{
    *named(t, name) = t->item[t->count - 1];
    t->count--;
}

/* Writes the tensors, opens the file and reads the weights into values. */
static vsh_status read_weights(const tensors *t, void *values)
{
    const char *path = in_folder("model.safetensors");
    vsh_safetensors file = {0};
    vsh_status status;

    REQUIRE_OK(vsh_safetensors_write(vsh_test_arena(), path, t->item, t->count, &err), &err);
    REQUIRE_OK(vsh_safetensors_open(vsh_test_arena(), path, &file, &err), &err);
    status = vsh_snapshot_weights(&file, "run/step-7", &t->from->t.list, t->from->t.arrays.element,
                                  values, NULL, &err);
    vsh_safetensors_close(&file);
    CHECK(remove(path) == 0);
    return status;
}

static void *room_for(const started *r)
{
    void *room = vsh_alloc(vsh_test_arena(), 1, stored_bytes(r));

    REQUIRE(room != NULL);
    return room;
}

static void weights_alone_are_read_to_the_bit(void)
{
    for (int p = 0; p < 2; p++) {
        tensors t = tensors_of(BALANCED, precisions[p]);
        void *values = room_for(t.from);
        make_folder();
        REQUIRE_OK(read_weights(&t, values), &err);
        CHECK(memcmp(values, t.from->t.arrays.weights, stored_bytes(t.from)) == 0);
        remove_folder();
        stop(t.from);
    }
}

static void a_tensor_that_differs_is_named(void)
{
    tensors t = tensors_of(DENSE, VSH_FP32);
    void *values = room_for(t.from);

    make_folder();
    named(&t, "model.layers.0.self_attn.q_proj.weight")->shape[0] = 8;
    named(&t, "model.layers.0.self_attn.q_proj.weight")->bytes = 8 * 16 * 4;
    CHECK_FAILS(read_weights(&t, values), &err, VSH_EINPUT,
                "run/step-7/model.safetensors: 1 tensor is not this model's: "
                "model.layers.0.self_attn.q_proj.weight: expected F32 16 x 16, got F32 8 x 16");
    named(&t, "model.layers.0.self_attn.q_proj.weight")->shape[0] = 16;
    named(&t, "model.layers.0.self_attn.q_proj.weight")->bytes = 16 * 16 * 4;

    named(&t, "model.norm.weight")->dtype = "I32";
    CHECK_FAILS(read_weights(&t, values), &err, VSH_EINPUT,
                "model.norm.weight: expected F32 16, got I32 16");
    named(&t, "model.norm.weight")->dtype = "F32";

    named(&t, "model.norm.weight")->rank = 2; /* the same bytes in another shape */
    named(&t, "model.norm.weight")->shape[0] = 4;
    named(&t, "model.norm.weight")->shape[1] = 4;
    CHECK_FAILS(read_weights(&t, values), &err, VSH_EINPUT,
                "model.norm.weight: expected F32 16, got F32 4 x 4");
    remove_folder();
    stop(t.from);
}

/* A matrix that was stored the other way round has as many bytes. */
static void a_transposed_matrix_is_refused(void)
{
    tensors t = tensors_of(DENSE, VSH_FP32);
    vsh_safetensor *up = named(&t, "model.layers.1.mlp.up_proj.weight");

    make_folder();
    up->shape[0] = 16;
    up->shape[1] = 24;
    CHECK_FAILS(read_weights(&t, room_for(t.from)), &err, VSH_EINPUT,
                "model.layers.1.mlp.up_proj.weight: expected F32 24 x 16, got F32 16 x 24");
    remove_folder();
    stop(t.from);
}

static void missing_and_unknown_tensors_are_named(void)
{
    tensors t = tensors_of(DENSE, VSH_FP32);
    void *values = room_for(t.from);

    make_folder();
    t.item[t.count] = *named(&t, "model.norm.weight");
    t.item[t.count++].name = "model.extra.weight";
    CHECK_FAILS(read_weights(&t, values), &err, VSH_EINPUT,
                "1 tensor is not this model's: model.extra.weight: unknown");
    t.count--;
    drop(&t, "lm_head.weight");
    CHECK_FAILS(read_weights(&t, values), &err, VSH_EINPUT,
                "1 tensor is not this model's: lm_head.weight: missing");
    remove_folder();
    stop(t.from);
}

static int occurrences(const char *text, const char *part)
{
    int count = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

/* A checkpoint of one model offered to another, whose layers have other widths. */
static void the_first_five_of_many_differences_are_shown(void)
{
    tensors t = tensors_of(DENSE, VSH_FP32);
    started *wide = start_of(
        &(setting){.model = "layers: 2\nhidden: 32\nheads: 2\nffn: 24\nvocab: 40\ncontext: 48\n"});
    int64_t count = t.count;

    make_folder();
    t.from->t.list = wide->t.list;
    CHECK_FAILS(read_weights(&t, room_for(wide)), &err, VSH_EINPUT,
                "model.embed_tokens.weight: expected F32 40 x 32, got F32 40 x 16; "
                "model.layers.0.input_layernorm.weight: expected F32 32, got F32 16; ");
    CHECK_INT(occurrences(err.text, "expected F32"), 5);
    CHECK_HAS(err.text, "; ...");
    CHECK_INT(strtoll(strstr(err.text, "safetensors: ") + 13, NULL, 10), count);
    remove_folder();
    stop(t.from);
    stop(wide);
}

static void weights_of_another_precision_are_refused(void)
{
    tensors t = tensors_of(DENSE, VSH_FP32);

    make_folder();
    t.from->t.arrays.element = VSH_B16;
    CHECK_FAILS(read_weights(&t, room_for(t.from)), &err, VSH_EINPUT,
                "expected BF16 40 x 16, got F32 40 x 16");
    remove_folder();
    t.from->t.arrays.element = VSH_F32;
    stop(t.from);
}

static void a_weight_that_is_not_finite_is_refused(void)
{
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};

    make_folder();
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < 4; i++) {
            tensors t = tensors_of(DENSE, precisions[p]);
            int64_t at = t.from->t.offsets.layer[1].out + 37;
            if (p == 0)
                ((float *)t.from->t.arrays.weights)[at] = bad[i];
            else
                ((vsh_bf16 *)t.from->t.arrays.weights)[at] = vsh_bf16_of_float(bad[i]);
            CHECK_FAILS(read_weights(&t, room_for(t.from)), &err, VSH_EINPUT,
                        "run/step-7/model.safetensors: model.layers.1.self_attn.o_proj.weight: "
                        "element 37 is not a finite number");
            stop(t.from);
        }
    remove_folder();
}

/* Subnormal, largest and negative zero are numbers. */
static void the_ends_of_the_numbers_are_accepted(void)
{
    static const float good[] = {-0.0F, 1e-45F, 3.4028235e38F, -3.4028235e38F};
    tensors t = tensors_of(DENSE, VSH_FP32);
    float *values = room_for(t.from);

    make_folder();
    memcpy(t.from->t.arrays.weights, good, sizeof good);
    REQUIRE_OK(read_weights(&t, values), &err);
    CHECK(memcmp(values, good, sizeof good) == 0);
    remove_folder();
    stop(t.from);
}

/* ---- the state of the optimizer ------------------------------------------------------------ */

static void another_optimizer_or_precision_is_refused(void)
{
    static const struct {
        setting offered;
        const char *message;
    } refused[] = {
        {{.model = DENSE, .optimizer = VSH_SGD}, "optimizer.safetensors: "},
        {{.model = DENSE, .optimizer = VSH_ADAFACTOR}, "optimizer.safetensors: "},
        {{.model = DENSE, .optimizer = VSH_ADAMW8BIT}, "optimizer.safetensors: "},
        {{.model = DENSE, .precision = VSH_BF16}, "model.safetensors: "},
        {{.model = BALANCED}, "model.safetensors: "},
    };
    started *r = start_of(&(setting){.model = DENSE});

    make_folder();
    write_checkpoint(r, 3);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        started *other = start_of(&refused[i].offered);
        CHECK_FAILS(restore(other, in_folder("step-3")), &err, VSH_EINPUT, refused[i].message);
        CHECK_HAS(err.text, " not this model's: ");
        stop(other);
    }
    CHECK_OK(restore(r, in_folder("step-3")), &err);
    remove_folder();
    stop(r);
}

/* ---- config.json --------------------------------------------------------------------------- */

static vsh_doc json_of(const char *model, vsh_precision precision)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_model m = vsh_test_model(model);
    vsh_doc doc;

    vsh_snapshot_config_json(&m, precision, &text);
    REQUIRE(!text.failed);
    REQUIRE_OK(vsh_doc_parse(vsh_test_arena(), "config.json", text.data, text.length, &doc, &err),
               &err);
    return doc;
}

static const char *value_of(const vsh_doc *doc, const char *key)
{
    const vsh_node *node = vsh_node_get(doc->root, key);

    return node && node->kind == VSH_NODE_SCALAR ? node->text : "(none)";
}

static const char *architecture(const vsh_doc *doc)
{
    const vsh_node *list = vsh_node_get(doc->root, "architectures");

    return list && list->kind == VSH_NODE_LIST && list->child_count == 1 ? list->first->text
                                                                         : "(none)";
}

#define LLAMA                                                                                      \
    "name: llama\nlayers: 3\nhidden: 48\nheads: 4\nkv_heads: 2\nhead_dim: 10\nffn: 77\n"           \
    "vocab: 101\ncontext: 333\n"
#define MIXTRAL                                                                                    \
    "name: mixtral\nlayers: 3\nhidden: 48\nheads: 4\nkv_heads: 2\nffn: 77\nvocab: 101\n"           \
    "context: 333\ntied: true\nexperts: {count: 6, top_k: 3, hidden: 20}\n"

static void a_llama_is_called_one_with_its_sizes(void)
{
    static const char *const expected[][2] = {{"model_type", "llama"},
                                              {"vocab_size", "101"},
                                              {"hidden_size", "48"},
                                              {"intermediate_size", "77"},
                                              {"num_hidden_layers", "3"},
                                              {"num_attention_heads", "4"},
                                              {"num_key_value_heads", "2"},
                                              {"head_dim", "10"},
                                              {"hidden_act", "silu"},
                                              {"max_position_embeddings", "333"},
                                              {"tie_word_embeddings", "false"},
                                              {"attention_bias", "false"},
                                              {"torch_dtype", "float32"},
                                              {"num_local_experts", "(none)"},
                                              {"num_experts_per_tok", "(none)"}};
    vsh_doc doc = json_of(LLAMA, VSH_FP32);

    CHECK_TEXT(architecture(&doc), "LlamaForCausalLM");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        CHECK_TEXT(value_of(&doc, expected[i][0]), expected[i][1]);
    CHECK_NEAR(strtod(value_of(&doc, "rms_norm_eps"), NULL), 1e-5, 0, 0);
    CHECK_NEAR(strtod(value_of(&doc, "rope_theta"), NULL), 10000, 0, 0);
}

static void a_mixtral_is_called_one_with_its_experts(void)
{
    vsh_doc doc = json_of(MIXTRAL, VSH_BF16);

    CHECK_TEXT(architecture(&doc), "MixtralForCausalLM");
    CHECK_TEXT(value_of(&doc, "model_type"), "mixtral");
    CHECK_TEXT(value_of(&doc, "intermediate_size"), "20");
    CHECK_TEXT(value_of(&doc, "num_local_experts"), "6");
    CHECK_TEXT(value_of(&doc, "num_experts_per_tok"), "3");
    CHECK_TEXT(value_of(&doc, "tie_word_embeddings"), "true");
    CHECK_TEXT(value_of(&doc, "torch_dtype"), "bfloat16");
    /* a capacity is of training; the weights are the same */
    doc = json_of(LLAMA "experts: {count: 6, top_k: 3, hidden: 20, capacity: 1.25}\n", VSH_INT8);
    CHECK_TEXT(architecture(&doc), "MixtralForCausalLM");
    CHECK_TEXT(value_of(&doc, "torch_dtype"), "bfloat16");
}

/* Our own reader of Hugging Face's descriptions finds the same model in it. */
static void a_llama_and_a_mixtral_read_back_as_the_same_model(void)
{
    static const char *const models[] = {LLAMA, MIXTRAL};

    for (int i = 0; i < 2; i++) {
        static vsh_model want, got;
        vsh_doc doc = json_of(models[i], VSH_FP32);
        want = vsh_test_model(models[i]);
        REQUIRE_OK(vsh_model_from_doc(&doc, &got, &err), &err);
        got.name = want.name;
        got.source = want.source;
        want.ffn = want.experts.count ? got.ffn : want.ffn; /* of no layer */
        check_same_model(&want, &got);
    }
}

static void what_is_neither_is_called_vishwa(void)
{
    static const char *const others[] = {
        LLAMA "norm: layer\n",
        LLAMA "mlp: gelu\n",
        LLAMA "position: learned\n",
        LLAMA "bias: qkv\n",
        LLAMA "window: 7\n",
        LLAMA "cross_layer: 2\n",
        LLAMA "exits: [1]\n",
        LLAMA "experts: {count: 6, top_k: 3, hidden: 20, first_dense: 1}\n",
        LLAMA "experts: {count: 6, top_k: 3, hidden: 20, shared: 1}\n",
        LLAMA "experts: {count: 6, top_k: 1, hidden: 20}\n",
        LLAMA "experts: {count: 6, top_k: 3, hidden: 20, correction_bias: true}\n",
    };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        vsh_doc doc = json_of(others[i], VSH_FP32);
        CHECK_TEXT(architecture(&doc), "VishwaForCausalLM");
        CHECK_TEXT(value_of(&doc, "model_type"), "vishwa");
        CHECK_TEXT(value_of(&doc, "hidden_size"), "48");
    }
}

const vsh_test vsh_tests[] = {
    {"a_restored_trainer_goes_on_with_the_same_bits",
     a_restored_trainer_goes_on_with_the_same_bits},
    {"balancing_biases_are_kept", balancing_biases_are_kept},
    {"a_snapshot_names_every_tensor_of_the_model", a_snapshot_names_every_tensor_of_the_model},
    {"weights_alone_are_read_to_the_bit", weights_alone_are_read_to_the_bit},
    {"a_tensor_that_differs_is_named", a_tensor_that_differs_is_named},
    {"a_transposed_matrix_is_refused", a_transposed_matrix_is_refused},
    {"missing_and_unknown_tensors_are_named", missing_and_unknown_tensors_are_named},
    {"the_first_five_of_many_differences_are_shown", the_first_five_of_many_differences_are_shown},
    {"weights_of_another_precision_are_refused", weights_of_another_precision_are_refused},
    {"a_weight_that_is_not_finite_is_refused", a_weight_that_is_not_finite_is_refused},
    {"the_ends_of_the_numbers_are_accepted", the_ends_of_the_numbers_are_accepted},
    {"another_optimizer_or_precision_is_refused", another_optimizer_or_precision_is_refused},
    {"a_llama_is_called_one_with_its_sizes", a_llama_is_called_one_with_its_sizes},
    {"a_mixtral_is_called_one_with_its_experts", a_mixtral_is_called_one_with_its_experts},
    {"a_llama_and_a_mixtral_read_back_as_the_same_model",
     a_llama_and_a_mixtral_read_back_as_the_same_model},
    {"what_is_neither_is_called_vishwa", what_is_neither_is_called_vishwa},
    {NULL, NULL}};
