#include "core/model_hf.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/field.h"

/* The keys that decide an architecture, under whatever name a family gives them. */
typedef struct {
    const char *model_type;
    int64_t vocab, context, hidden, layers, heads, kv_heads, head_dim, ffn;
    int64_t window, first_full_layers; /* Qwen2: sliding windows begin above max_window_layers */
    bool use_window;
    int64_t embedding_dim;
    double expansion;
    bool tied, bias, mlp_bias, no_bias, norm_before, remove_final_norm;
    int64_t experts, top_k, expert_hidden, shared, shared_hidden, every, first_dense;
    vsh_latent latent;
    const vsh_node *layer_types, *dense_layers, *attention;
} hf_config;

#define AT(field) offsetof(hf_config, field)
#define SIZE(key, field, least, most) {key, VSH_FIELD_INTEGER, AT(field), false, least, most}

static const vsh_field hf_fields[] = {
    {"model_type", VSH_FIELD_TEXT, AT(model_type), true},
    SIZE("vocab_size", vocab, 1, 16777216),
    SIZE("max_position_embeddings", context, 1, 1073741824),
    SIZE("n_positions", context, 1, 1073741824),
    SIZE("max_seq_len", context, 1, 1073741824),
    SIZE("seq_length", context, 1, 1073741824),
    SIZE("hidden_size", hidden, 1, 1048576),
    SIZE("n_embd", hidden, 1, 1048576),
    SIZE("n_embed", hidden, 1, 1048576),
    SIZE("d_model", hidden, 1, 1048576),
    SIZE("num_hidden_layers", layers, 1, VSH_LAYERS_MAX),
    SIZE("n_layer", layers, 1, VSH_LAYERS_MAX),
    SIZE("n_layers", layers, 1, VSH_LAYERS_MAX),
    SIZE("num_attention_heads", heads, 1, 65536),
    SIZE("n_head", heads, 1, 65536),
    SIZE("n_heads", heads, 1, 65536),
    SIZE("num_key_value_heads", kv_heads, 1, 65536),
    SIZE("head_dim", head_dim, 1, 65536),
    SIZE("intermediate_size", ffn, 1, 1048576),
    SIZE("ffn_dim", ffn, 1, 1048576),
    SIZE("n_inner", ffn, 1, 1048576),
    SIZE("sliding_window", window, 0, 1073741824),
    SIZE("max_window_layers", first_full_layers, 0, VSH_LAYERS_MAX),
    {"use_sliding_window", VSH_FIELD_BOOL, AT(use_window)},
    SIZE("word_embed_proj_dim", embedding_dim, 1, 1048576),
    {"expansion_ratio", VSH_FIELD_REAL, AT(expansion), false, 0.125, 64},
    {"tie_word_embeddings", VSH_FIELD_BOOL, AT(tied)},
    {"attention_bias", VSH_FIELD_BOOL, AT(bias)},
    {"qkv_bias", VSH_FIELD_BOOL, AT(bias)},
    {"enable_bias", VSH_FIELD_BOOL, AT(bias)},
    {"mlp_bias", VSH_FIELD_BOOL, AT(mlp_bias)},
    {"no_bias", VSH_FIELD_BOOL, AT(no_bias)},
    {"do_layer_norm_before", VSH_FIELD_BOOL, AT(norm_before)},
    {"_remove_final_layer_norm", VSH_FIELD_BOOL, AT(remove_final_norm)},
    SIZE("num_local_experts", experts, 1, 65536),
    SIZE("num_experts", experts, 1, 65536),
    SIZE("n_routed_experts", experts, 1, 65536),
    SIZE("num_experts_per_tok", top_k, 1, 65536),
    SIZE("experts_per_token", top_k, 1, 65536),
    SIZE("moe_intermediate_size", expert_hidden, 1, 1048576),
    SIZE("n_shared_experts", shared, 0, 65536),
    SIZE("shared_expert_intermediate_size", shared_hidden, 0, 1048576),
    SIZE("decoder_sparse_step", every, 1, VSH_LAYERS_MAX),
    SIZE("first_k_dense_replace", first_dense, 0, VSH_LAYERS_MAX),
    SIZE("moe_layer_freq", every, 1, VSH_LAYERS_MAX),
    SIZE("q_lora_rank", latent.q_rank, 0, 1048576),
    SIZE("kv_lora_rank", latent.kv_rank, 1, 1048576),
    SIZE("qk_nope_head_dim", latent.nope_dim, 1, 65536),
    SIZE("qk_rope_head_dim", latent.rope_dim, 1, 65536),
    SIZE("v_head_dim", latent.v_dim, 1, 65536),
    {"layer_types", VSH_FIELD_NODE, AT(layer_types)},
    {"mlp_only_layers", VSH_FIELD_NODE, AT(dense_layers)},
    {"attn_config", VSH_FIELD_NODE, AT(attention)},
    {NULL}};

/* What a family's modules have, beyond sizes. */
static void shape_gpt2(const hf_config *hf, vsh_model *m)
{
    m->ffn = hf->ffn ? hf->ffn : 4 * hf->hidden;
    m->mlp = VSH_MLP_GELU;
    m->norm = VSH_NORM_LAYER;
    m->position = VSH_POSITION_LEARNED;
    m->bias = VSH_BIAS_ALL;
}

static void shape_neox(const hf_config *hf, vsh_model *m)
{
    shape_gpt2(hf, m);
    m->position = VSH_POSITION_ROTARY;
    if (!hf->bias)
        m->bias = VSH_BIAS_NONE;
}

static void shape_opt(const hf_config *hf, vsh_model *m)
{
    shape_gpt2(hf, m);
    m->mlp = VSH_MLP_RELU;
    m->position_offset = 2; /* OPTLearnedPositionalEmbedding.offset */
    m->embedding_dim = hf->embedding_dim;
    m->final_norm = hf->norm_before && !hf->remove_final_norm;
    if (!hf->bias)
        m->bias = VSH_BIAS_NONE;
}

static void shape_bloom(const hf_config *hf, vsh_model *m)
{
    shape_gpt2(hf, m);
    m->ffn = 4 * hf->hidden;
    m->position = VSH_POSITION_ALIBI;
    m->embedding_norm = true;
}

static void shape_mpt(const hf_config *hf, vsh_model *m)
{
    const vsh_node *alibi = hf->attention && hf->attention->kind == VSH_NODE_MAP
                                ? vsh_node_get(hf->attention, "alibi")
                                : NULL;
    bool learned = alibi && alibi->text && strcmp(alibi->text, "false") == 0;

    m->ffn = (int64_t)(hf->expansion * (double)hf->hidden);
    m->mlp = VSH_MLP_GELU;
    m->norm = hf->no_bias ? VSH_NORM_LAYER_NO_BIAS : VSH_NORM_LAYER;
    m->bias = hf->no_bias ? VSH_BIAS_NONE : VSH_BIAS_ALL;
    m->position = learned ? VSH_POSITION_LEARNED : VSH_POSITION_ALIBI;
}

static void shape_llama(const hf_config *hf, vsh_model *m)
{
    m->bias = hf->mlp_bias ? VSH_BIAS_ALL : hf->bias ? VSH_BIAS_ATTENTION : VSH_BIAS_NONE;
}

static void shape_mixtral(const hf_config *hf, vsh_model *m)
{
    m->experts.hidden = hf->ffn;
    m->ffn = 0;
}

static void shape_qwen2(const hf_config *hf, vsh_model *m)
{
    m->bias = hf->bias ? VSH_BIAS_QKV : VSH_BIAS_NONE;
}

static void shape_qwen2_moe(const hf_config *hf, vsh_model *m)
{
    shape_qwen2(hf, m);
    m->experts.shared = hf->shared_hidden > 0;
    m->experts.shared_hidden = hf->shared_hidden;
    m->experts.shared_gate = hf->shared_hidden > 0;
}

static void shape_qwen3(const hf_config *hf, vsh_model *m)
{
    shape_llama(hf, m);
    m->qk_norm = VSH_QK_NORM_HEAD;
}

static void shape_olmo2(const hf_config *hf, vsh_model *m)
{
    shape_llama(hf, m);
    m->qk_norm = VSH_QK_NORM_FULL;
}

static void shape_olmoe(const hf_config *hf, vsh_model *m)
{
    shape_olmo2(hf, m);
    shape_mixtral(hf, m);
}

static void shape_gemma(const hf_config *hf, vsh_model *m)
{
    shape_llama(hf, m);
    m->mlp = VSH_MLP_GEGLU;
}

static void shape_gemma2(const hf_config *hf, vsh_model *m)
{
    shape_gemma(hf, m);
    m->norms_per_layer = 4;
    m->full_every = 2;
}

static void shape_deepseek(const hf_config *hf, vsh_model *m)
{
    shape_llama(hf, m);
    m->kv_heads = hf->heads; /* every head has its own keys, made from the shared latent */
    m->latent = hf->latent;
    m->experts.shared_hidden = hf->expert_hidden;
}

static void shape_deepseek_v3(const hf_config *hf, vsh_model *m)
{
    shape_deepseek(hf, m);
    m->experts.correction_bias = true; /* noaux_tc, the only method of the family */
}

static void shape_gpt_oss(const hf_config *hf, vsh_model *m)
{
    shape_llama(hf, m);
    shape_mixtral(hf, m);
    m->full_every = 2;
    m->sinks = true;
    m->experts.router_bias = m->experts.expert_bias = true;
}

typedef struct {
    const char *model_type;
    void (*shape)(const hf_config *hf, vsh_model *model);
    hf_config defaults; /* of the family's configuration class in Transformers 4.5x */
} hf_family;

/* vocab, context, hidden, layers, heads, kv_heads, head_dim, ffn */
#define SIZES(v, c, d, l, h, k, hd, f)                                                             \
    .vocab = v, .context = c, .hidden = d, .layers = l, .heads = h, .kv_heads = k, .head_dim = hd, \
    .ffn = f

static const hf_family families[] = {
    {"gpt2", shape_gpt2, {SIZES(50257, 1024, 768, 12, 12, 0, 0, 0), .tied = true}},
    {"gpt_neox", shape_neox, {SIZES(50432, 2048, 6144, 44, 64, 0, 0, 24576), .bias = true}},
    {"opt",
     shape_opt,
     {SIZES(50272, 2048, 768, 12, 12, 0, 0, 3072), .tied = true, .bias = true, .norm_before = true}},
    {"bloom", shape_bloom, {SIZES(250880, 2048, 64, 2, 8, 0, 0, 0), .tied = true}},
    {"mpt",
     shape_mpt,
     {SIZES(50368, 2048, 2048, 24, 16, 0, 0, 0), .tied = true, .no_bias = true, .expansion = 4}},
    {"llama", shape_llama, {SIZES(32000, 2048, 4096, 32, 32, 0, 0, 11008)}},
    {"mistral",
     shape_llama,
     {SIZES(32000, 131072, 4096, 32, 32, 8, 0, 14336), .use_window = true, .window = 4096}},
    {"mixtral",
     shape_mixtral,
     {SIZES(32000, 131072, 4096, 32, 32, 8, 0, 14336), .use_window = true, .experts = 8, .top_k = 2}},
    {"qwen2",
     shape_qwen2,
     {SIZES(151936, 32768, 4096, 32, 32, 32, 0, 22016), .bias = true, .window = 4096,
      .first_full_layers = 28}},
    {"qwen3",
     shape_qwen3,
     {SIZES(151936, 32768, 4096, 32, 32, 32, 128, 22016), .window = 4096, .first_full_layers = 28}},
    {"qwen2_moe",
     shape_qwen2_moe,
     {SIZES(151936, 32768, 2048, 24, 16, 16, 0, 5632), .bias = true, .window = 4096,
      .first_full_layers = 28, .experts = 60, .top_k = 4, .expert_hidden = 1408,
      .shared_hidden = 5632}},
    {"qwen3_moe",
     shape_qwen3,
     {SIZES(151936, 32768, 2048, 24, 32, 4, 0, 6144), .window = 4096, .first_full_layers = 28,
      .experts = 128, .top_k = 8, .expert_hidden = 768}},
    {"olmo2", shape_olmo2, {SIZES(50304, 2048, 4096, 32, 32, 0, 0, 11008)}},
    {"olmoe",
     shape_olmoe,
     {SIZES(50304, 4096, 2048, 16, 16, 0, 0, 2048), .experts = 64, .top_k = 8}},
    {"gemma", shape_gemma, {SIZES(256000, 8192, 3072, 28, 16, 16, 256, 24576), .tied = true}},
    {"gemma2",
     shape_gemma2,
     {SIZES(256000, 8192, 2304, 26, 8, 4, 256, 9216), .tied = true, .use_window = true,
      .window = 4096}},
    {"phi3", shape_llama, {SIZES(32064, 4096, 3072, 32, 32, 0, 0, 8192), .use_window = true}},
    {"deepseek_v2",
     shape_deepseek,
     {SIZES(32000, 2048, 4096, 32, 32, 0, 0, 11008), .experts = 64, .top_k = 6,
      .expert_hidden = 1407, .shared = 2, .latent = {1536, 512, 128, 64, 128}}},
    {"deepseek_v3",
     shape_deepseek_v3,
     {SIZES(129280, 4096, 7168, 61, 128, 0, 0, 18432), .experts = 256, .top_k = 8,
      .expert_hidden = 2048, .shared = 1, .first_dense = 3, .latent = {1536, 512, 128, 64, 128}}},
    {"gpt_oss",
     shape_gpt_oss,
     {SIZES(201088, 131072, 2880, 36, 64, 8, 64, 2880), .bias = true, .use_window = true,
      .window = 128, .experts = 128, .top_k = 4}},
};

enum { FAMILY_COUNT = sizeof families / sizeof families[0] };

static vsh_status find_family(const vsh_doc *doc, const hf_family **family, vsh_error *err)
{
    const vsh_node *type = vsh_node_get(doc->root, "model_type");
    const char *names[FAMILY_COUNT];
    char suggestion[160];

    if (!type || type->kind != VSH_NODE_SCALAR)
        return vsh_doc_wrong(doc, type ? type : doc->root, err,
                             "expected the key \"model_type\" with the name of an architecture");
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        names[i] = families[i].model_type;
        if (strcmp(type->text, names[i]) == 0) {
            *family = &families[i];
            return VSH_OK;
        }
    }
    vsh_suggest(suggestion, sizeof suggestion, type->text, names, FAMILY_COUNT);
    return vsh_doc_wrong(doc, type, err, "unknown architecture \"%.60s\"%s", type->text, suggestion);
}

/* Where null says "none", and a missing key would mean the family's default. */
static const char *const nullable[] = {
    "num_key_value_heads", "head_dim",        "n_inner",
    "sliding_window",      "q_lora_rank",     "n_routed_experts",
    "n_shared_experts",    "max_window_layers", "word_embed_proj_dim",
    "shared_expert_intermediate_size"};

static bool is_nullable(const char *key)
{
    for (size_t i = 0; i < sizeof nullable / sizeof nullable[0]; i++)
        if (strcmp(nullable[i], key) == 0)
            return true;
    return false;
}

/* Whether another key of the same size was given a value: families have their own names. */
static bool given_by_twin(const vsh_doc *doc, const vsh_field *field)
{
    for (const vsh_field *twin = hf_fields; twin->key; twin++) {
        const vsh_node *node = vsh_node_get(doc->root, twin->key);
        if (twin->offset == field->offset && node && !vsh_node_is_null(node))
            return true;
    }
    return false;
}

static vsh_status apply_nulls(const vsh_doc *doc, const hf_family *family, hf_config *hf,
                              vsh_error *err)
{
    for (const vsh_field *field = hf_fields; field->key; field++) {
        const vsh_node *node = vsh_node_get(doc->root, field->key);
        int64_t *size = (int64_t *)((char *)hf + field->offset);
        int64_t usual;
        if (!node || field->type != VSH_FIELD_INTEGER || !vsh_node_is_null(node) ||
            given_by_twin(doc, field))
            continue;
        memcpy(&usual, (const char *)&family->defaults + field->offset, sizeof usual);
        if (is_nullable(field->key))
            *size = 0;
        else if (usual != 0) /* a size that this family needs */
            return vsh_doc_expected(doc, node, err, "a whole number");
    }
    return VSH_OK;
}

static vsh_status read_layer_types(const vsh_doc *doc, const hf_config *hf, vsh_model *m,
                                   vsh_error *err)
{
    int64_t l = 0;

    if (hf->layer_types->kind != VSH_NODE_LIST || hf->layer_types->child_count != m->layers)
        return vsh_doc_expected(doc, hf->layer_types, err, "a list of %ld layer types",
                                (long)m->layers);
    for (const vsh_node *item = hf->layer_types->first; item; item = item->next, l++) {
        bool sliding = item->text && strcmp(item->text, "sliding_attention") == 0;
        if (!sliding && !(item->text && strcmp(item->text, "full_attention") == 0))
            return vsh_doc_expected(doc, item, err,
                                    "layer_types: full_attention or sliding_attention");
        m->layer[l].window = sliding ? hf->window : 0;
    }
    return VSH_OK;
}

static vsh_status read_dense_layers(const vsh_doc *doc, const hf_config *hf, vsh_model *m,
                                    vsh_error *err)
{
    vsh_field index = {"mlp_only_layers", VSH_FIELD_INTEGER, 0, false, 0, (double)m->layers - 1};

    if (hf->dense_layers->kind != VSH_NODE_LIST)
        return vsh_doc_expected(doc, hf->dense_layers, err, "a list of layer numbers");
    for (const vsh_node *item = hf->dense_layers->first; item; item = item->next) {
        int64_t layer = 0;
        VSH_TRY(vsh_field_read_value(doc, item, &index, &layer, err));
        m->layer[layer].experts = false;
    }
    return VSH_OK;
}

/* DeepSeek counts from layer 0, the Qwen families from layer 1. */
static bool has_experts(const hf_config *hf, const vsh_model *m, int64_t layer)
{
    int64_t phase = m->latent.kv_rank ? layer : layer + 1;

    return hf->experts && layer >= hf->first_dense && phase % m->experts.every == 0;
}

static vsh_status resolve_layers(const vsh_doc *doc, const hf_config *hf, vsh_model *m,
                                 vsh_error *err)
{
    for (int64_t l = 0; l < m->layers; l++) {
        bool full = (m->full_every && (l + 1) % m->full_every == 0) || l < hf->first_full_layers;
        m->layer[l].own_kv = true;
        m->layer[l].window = full ? 0 : m->window;
        m->layer[l].experts = has_experts(hf, m, l);
    }
    if (hf->layer_types)
        VSH_TRY(read_layer_types(doc, hf, m, err));
    if (hf->dense_layers)
        VSH_TRY(read_dense_layers(doc, hf, m, err));
    return VSH_OK;
}

static bool is_known(const char *key)
{
    for (const vsh_field *field = hf_fields; field->key; field++)
        if (strcmp(field->key, key) == 0)
            return true;
    return false;
}

/* A download has many keys that decide nothing here; one letter away from a key that does, and
 * that is not there, is a misspelling. */
static vsh_status refuse_misspelt(const vsh_doc *doc, vsh_error *err)
{
    for (const vsh_node *child = doc->root->first; child; child = child->next)
        for (const vsh_field *field = hf_fields; field->key; field++)
            if (vsh_edit_distance(child->key, field->key) == 1 && strlen(field->key) > 7 &&
                !vsh_node_get(doc->root, field->key) && !is_known(child->key))
                return vsh_fail(err, VSH_EINPUT,
                                "%s:%d:%d: unknown key \"%.60s\"; did you mean %s?", doc->path,
                                child->key_line, child->key_column, child->key, field->key);
    return VSH_OK;
}

vsh_status vsh_model_from_hf(const vsh_doc *doc, vsh_model *model, vsh_error *err)
{
    const hf_family *family = NULL;
    hf_config hf;

    VSH_TRY(find_family(doc, &family, err));
    VSH_TRY(refuse_misspelt(doc, err));
    hf = family->defaults;
    VSH_TRY(vsh_fields_read(doc, doc->root, hf_fields, false, &hf, err));
    VSH_TRY(apply_nulls(doc, family, &hf, err));
    *model = vsh_model_default();
    model->name = family->model_type;
    model->vocab = hf.vocab;
    model->context = hf.context;
    model->hidden = hf.hidden;
    model->layers = hf.layers;
    model->heads = hf.heads;
    model->kv_heads = hf.kv_heads;
    model->head_dim = hf.head_dim;
    model->ffn = hf.ffn;
    model->tied = hf.tied;
    model->window = hf.use_window ? hf.window : 0;
    model->experts.count = hf.experts;
    model->experts.top_k = hf.top_k;
    model->experts.hidden = hf.expert_hidden;
    model->experts.shared = hf.shared;
    model->experts.first_dense = hf.first_dense;
    model->experts.every = hf.every ? hf.every : 1;
    family->shape(&hf, model);
    if (!hf.use_window)
        hf.window = 0;
    return resolve_layers(doc, &hf, model, err);
}
