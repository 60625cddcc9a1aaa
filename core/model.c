#include "core/model.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/field.h"
#include "core/model_hf.h"

const char *const vsh_mlp_words[] = {"gelu", "relu", "swiglu", "geglu", NULL};
const char *const vsh_norm_words[] = {"rms", "layer", "layer_no_bias", NULL};
const char *const vsh_position_words[] = {"learned", "rotary", "alibi", "none", NULL};
const char *const vsh_qk_norm_words[] = {"none", "head", "full", NULL};
const char *const vsh_bias_words[] = {"none", "qkv", "attention", "all", NULL};

/* Bounds that keep every product of three sizes inside 63 bits and every table in memory. */
#define WIDTH_MAX 1048576.0
#define VOCAB_MAX 16777216.0
#define CONTEXT_MAX 1073741824.0

/* What YAML holds beside the plain fields of vsh_model. */
typedef struct {
    vsh_model model;
    const vsh_node *latent, *experts, *exits;
} yaml_model;

#define MODEL(field) offsetof(yaml_model, model.field)

static const vsh_field model_fields[] = {
    {"name", VSH_FIELD_TEXT, MODEL(name)},
    {"source", VSH_FIELD_TEXT, MODEL(source)},
    {"published_parameters", VSH_FIELD_INTEGER, MODEL(published_parameters), false, 1, 1e18},
    {"layers", VSH_FIELD_INTEGER, MODEL(layers), true, 1, VSH_LAYERS_MAX},
    {"hidden", VSH_FIELD_INTEGER, MODEL(hidden), true, 1, WIDTH_MAX},
    {"heads", VSH_FIELD_INTEGER, MODEL(heads), true, 1, 65536},
    {"kv_heads", VSH_FIELD_INTEGER, MODEL(kv_heads), false, 1, 65536},
    {"head_dim", VSH_FIELD_INTEGER, MODEL(head_dim), false, 1, 65536},
    {"ffn", VSH_FIELD_INTEGER, MODEL(ffn), false, 1, WIDTH_MAX},
    {"mlp", VSH_FIELD_WORD, MODEL(mlp), .words = vsh_mlp_words},
    {"norm", VSH_FIELD_WORD, MODEL(norm), .words = vsh_norm_words},
    {"norms_per_layer", VSH_FIELD_INTEGER, MODEL(norms_per_layer), false, 0, 8},
    {"qk_norm", VSH_FIELD_WORD, MODEL(qk_norm), .words = vsh_qk_norm_words},
    {"bias", VSH_FIELD_WORD, MODEL(bias), .words = vsh_bias_words},
    {"position", VSH_FIELD_WORD, MODEL(position), .words = vsh_position_words},
    {"position_offset", VSH_FIELD_INTEGER, MODEL(position_offset), false, 0, 65536},
    {"embedding_norm", VSH_FIELD_BOOL, MODEL(embedding_norm)},
    {"embedding_dim", VSH_FIELD_INTEGER, MODEL(embedding_dim), false, 1, WIDTH_MAX},
    {"final_norm", VSH_FIELD_BOOL, MODEL(final_norm)},
    {"sinks", VSH_FIELD_BOOL, MODEL(sinks)},
    {"vocab", VSH_FIELD_INTEGER, MODEL(vocab), true, 1, VOCAB_MAX},
    {"context", VSH_FIELD_INTEGER, MODEL(context), true, 1, CONTEXT_MAX},
    {"tied", VSH_FIELD_BOOL, MODEL(tied)},
    {"window", VSH_FIELD_INTEGER, MODEL(window), false, 0, CONTEXT_MAX},
    {"full_every", VSH_FIELD_INTEGER, MODEL(full_every), false, 0, VSH_LAYERS_MAX},
    {"cross_layer", VSH_FIELD_INTEGER, MODEL(cross_layer), false, 1, VSH_LAYERS_MAX},
    {"latent", VSH_FIELD_NODE, offsetof(yaml_model, latent)},
    {"experts", VSH_FIELD_NODE, offsetof(yaml_model, experts)},
    {"exits", VSH_FIELD_NODE, offsetof(yaml_model, exits)},
    {NULL}};

static const vsh_field latent_fields[] = {
    {"q_rank", VSH_FIELD_INTEGER, offsetof(vsh_latent, q_rank), false, 0, WIDTH_MAX},
    {"kv_rank", VSH_FIELD_INTEGER, offsetof(vsh_latent, kv_rank), true, 1, WIDTH_MAX},
    {"nope_dim", VSH_FIELD_INTEGER, offsetof(vsh_latent, nope_dim), true, 1, 65536},
    {"rope_dim", VSH_FIELD_INTEGER, offsetof(vsh_latent, rope_dim), true, 1, 65536},
    {"v_dim", VSH_FIELD_INTEGER, offsetof(vsh_latent, v_dim), true, 1, 65536},
    {NULL}};

typedef struct {
    vsh_experts experts;
    const vsh_node *capacity;
} yaml_experts;

#define EXPERTS(field) offsetof(yaml_experts, experts.field)

static const vsh_field experts_fields[] = {
    {"count", VSH_FIELD_INTEGER, EXPERTS(count), true, 1, 65536},
    {"top_k", VSH_FIELD_INTEGER, EXPERTS(top_k), true, 1, 65536},
    {"every", VSH_FIELD_INTEGER, EXPERTS(every), false, 1, VSH_LAYERS_MAX},
    {"first_dense", VSH_FIELD_INTEGER, EXPERTS(first_dense), false, 0, VSH_LAYERS_MAX},
    {"shared", VSH_FIELD_INTEGER, EXPERTS(shared), false, 0, 65536},
    {"hidden", VSH_FIELD_INTEGER, EXPERTS(hidden), true, 1, WIDTH_MAX},
    {"shared_hidden", VSH_FIELD_INTEGER, EXPERTS(shared_hidden), false, 0, WIDTH_MAX},
    {"shared_gate", VSH_FIELD_BOOL, EXPERTS(shared_gate)},
    {"router_bias", VSH_FIELD_BOOL, EXPERTS(router_bias)},
    {"correction_bias", VSH_FIELD_BOOL, EXPERTS(correction_bias)},
    {"expert_bias", VSH_FIELD_BOOL, EXPERTS(expert_bias)},
    {"granularity", VSH_FIELD_INTEGER, EXPERTS(granularity), false, 1, 65536},
    {"capacity", VSH_FIELD_NODE, offsetof(yaml_experts, capacity)},
    {NULL}};

vsh_model vsh_model_default(void)
{
    return (vsh_model){.name = "model",
                       .position = VSH_POSITION_ROTARY,
                       .mlp = VSH_MLP_SWIGLU,
                       .norms_per_layer = 2,
                       .cross_layer = 1,
                       .final_norm = true,
                       .experts = {.every = 1, .granularity = 1}};
}

static vsh_status read_experts(const vsh_doc *doc, const vsh_node *node, vsh_experts *experts,
                               vsh_error *err)
{
    static const vsh_field factor = {"capacity", VSH_FIELD_REAL, 0, false, 1, 1000};
    yaml_experts read = {.experts = *experts};

    VSH_TRY(vsh_fields_read(doc, node, experts_fields, true, &read, err));
    if (read.capacity &&
        !(read.capacity->kind == VSH_NODE_SCALAR && strcmp(read.capacity->text, "dropless") == 0)) {
        if (read.capacity->kind != VSH_NODE_SCALAR ||
            vsh_field_read_value(doc, read.capacity, &factor, &read.experts.capacity, NULL) !=
                VSH_OK)
            return vsh_doc_expected(doc, read.capacity, err,
                                    "dropless or a capacity factor of at least 1, such as 1.25");
    }
    *experts = read.experts;
    return VSH_OK;
}

static vsh_status read_exits(const vsh_doc *doc, const vsh_node *list, vsh_model *model,
                             vsh_error *err)
{
    vsh_field depth = {"exits", VSH_FIELD_INTEGER, 0, false, 1, (double)model->layers};

    if (list->kind != VSH_NODE_LIST)
        return vsh_doc_expected(doc, list, err, "a list of layers such as [4, 8]");
    for (const vsh_node *item = list->first; item; item = item->next) {
        int64_t layer = 0;
        VSH_TRY(vsh_field_read_value(doc, item, &depth, &layer, err));
        if (layer == model->layers)
            return vsh_doc_wrong(doc, item, err,
                                 "exits: the last layer has the output head already");
        if (model->layer[layer - 1].exit)
            return vsh_doc_wrong(doc, item, err, "exits: layer %" PRId64 " given twice", layer);
        model->layer[layer - 1].exit = true;
    }
    return VSH_OK;
}

static vsh_status read_yaml(const vsh_doc *doc, vsh_model *model, vsh_error *err)
{
    yaml_model read = {.model = vsh_model_default()};

    VSH_TRY(vsh_fields_read(doc, doc->root, model_fields, true, &read, err));
    if (read.latent)
        VSH_TRY(vsh_fields_read(doc, read.latent, latent_fields, true, &read.model.latent, err));
    if (read.experts)
        VSH_TRY(read_experts(doc, read.experts, &read.model.experts, err));
    if (read.exits)
        VSH_TRY(read_exits(doc, read.exits, &read.model, err));
    if (!read.model.ffn && !read.experts)
        return vsh_doc_wrong(doc, doc->root, err, "the key \"ffn\" is missing");
    *model = read.model;
    for (int64_t l = 0; l < model->layers; l++) {
        vsh_layer *layer = &model->layer[l];
        bool full = model->full_every && (l + 1) % model->full_every == 0;
        layer->own_kv = l % model->cross_layer == 0;
        layer->window = full ? 0 : model->window;
        layer->experts = model->experts.count && l >= model->experts.first_dense &&
                         (l + 1) % model->experts.every == 0;
    }
    return VSH_OK;
}

static bool is_hf(const vsh_node *root)
{
    return vsh_node_get(root, "model_type") || vsh_node_get(root, "architectures");
}

vsh_status vsh_model_from_doc(const vsh_doc *doc, vsh_model *model, vsh_error *err)
{
    char place[420];

    assert(doc && model);
    if (doc->root->kind != VSH_NODE_MAP)
        return vsh_doc_expected(doc, doc->root, err,
                                "a model: a map of keys such as layers and hidden");
    if (is_hf(doc->root))
        VSH_TRY(vsh_model_from_hf(doc, model, err));
    else
        VSH_TRY(read_yaml(doc, model, err));
    snprintf(place, sizeof place, "%.300s:%d:%d: ", doc->path, doc->root->line, doc->root->column);
    return vsh_model_finish(model, place, err);
}

/* A training run's configuration has its model inside, or the name of one, which whoever has the
 * library must be told. */
static vsh_status enter_training(vsh_doc *doc, vsh_error *err)
{
    const vsh_node *root = doc->root;
    const vsh_node *inside =
        root->kind == VSH_NODE_MAP && !is_hf(root) ? vsh_node_get(root, "model") : NULL;

    if (inside && inside->kind == VSH_NODE_SCALAR)
        return vsh_doc_wrong(
            doc, inside, err,
            "this is a training configuration, expected a model: give its own, \"%.100s\"",
            inside->text);
    if (inside)
        doc->root = inside;
    return VSH_OK;
}

vsh_status vsh_model_read(vsh_arena *arena, const char *path, vsh_model *model, vsh_error *err)
{
    vsh_doc doc;

    VSH_TRY(vsh_doc_read(arena, path, &doc, err));
    VSH_TRY(enter_training(&doc, err));
    return vsh_model_from_doc(&doc, model, err);
}

static vsh_status check_experts(const vsh_model *m, const char *place, vsh_error *err)
{
    const vsh_experts *e = &m->experts;

    if (e->top_k > e->count)
        return vsh_fail(err, VSH_EINPUT,
                        "%sexperts: top_k: expected at most count %" PRId64 ", got %" PRId64, place,
                        e->count, e->top_k);
    if (e->granularity > 1 && e->hidden % e->granularity != 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%sexperts: granularity: expected a divisor of hidden %" PRId64
                        ", got %" PRId64,
                        place, e->hidden, e->granularity);
    return VSH_OK;
}

static vsh_status check_sizes(const vsh_model *m, const char *place, vsh_error *err)
{
    if (m->heads % m->kv_heads != 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%skv_heads: expected a divisor of heads %" PRId64 ", got %" PRId64, place,
                        m->heads, m->kv_heads);
    if (m->layers > VSH_LAYERS_MAX)
        return vsh_fail(err, VSH_EINPUT, "%slayers: expected at most %d, got %" PRId64, place,
                        VSH_LAYERS_MAX, m->layers);
    if (m->heads * m->head_dim > 1 << 24)
        return vsh_fail(err, VSH_EINPUT,
                        "%sheads x head_dim: expected at most 16,777,216, got %" PRId64, place,
                        m->heads * m->head_dim);
    for (int64_t l = 0; l < m->layers; l++)
        if (!m->layer[l].experts && !m->ffn)
            return vsh_fail(err, VSH_EINPUT, "%sffn: layer %" PRId64 " is dense and has no width",
                            place, l + 1);
    for (int64_t l = 0; m->latent.kv_rank && l < m->layers; l++)
        if (!m->layer[l].own_kv)
            return vsh_fail(err, VSH_EINPUT, "%scross_layer: not with latent attention", place);
    if (m->latent.kv_rank &&
        (m->qk_norm != VSH_QK_NORM_NONE || m->sinks || m->bias != VSH_BIAS_NONE))
        return vsh_fail(err, VSH_EINPUT, "%s%s: not with latent attention", place,
                        m->sinks                         ? "sinks"
                        : m->qk_norm != VSH_QK_NORM_NONE ? "qk_norm"
                                                         : "bias");
    if (!m->layer[0].own_kv)
        return vsh_fail(err, VSH_EINPUT, "%scross_layer: the first layer has no earlier layer",
                        place);
    return m->experts.count ? check_experts(m, place, err) : VSH_OK;
}

vsh_status vsh_model_finish(vsh_model *m, const char *place, vsh_error *err)
{
    assert(m && place && m->layers > 0 && m->hidden > 0 && m->heads > 0);
    if (!m->kv_heads)
        m->kv_heads = m->heads;
    if (!m->head_dim && m->hidden % m->heads != 0 && !m->latent.kv_rank)
        return vsh_fail(err, VSH_EINPUT,
                        "%sheads: expected a divisor of hidden %" PRId64 ", got %" PRId64, place,
                        m->hidden, m->heads);
    if (!m->head_dim)
        m->head_dim = m->hidden / m->heads;
    if (!m->embedding_dim)
        m->embedding_dim = m->hidden;
    if (m->experts.count && !m->experts.shared_hidden)
        m->experts.shared_hidden = m->experts.hidden;
    VSH_TRY(check_sizes(m, place, err));
    if (m->experts.granularity > 1) {
        m->experts.count *= m->experts.granularity;
        m->experts.top_k *= m->experts.granularity;
        m->experts.hidden /= m->experts.granularity;
    }
    return VSH_OK;
}
