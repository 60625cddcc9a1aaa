#include "core/dataset.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/field.h"
#include "core/file.h"

static const char format_name[] = "vishwa-dataset";
enum { FORMAT_VERSION = 1, HEX = 16, NAME_MAX_BYTES = 255 };

/* Whole numbers that doubles hold too: other readers of JSON have nothing else. */
#define COUNT_MAX 9007199254740992.0

/* ---- writing ------------------------------------------------------------------------------- */

/* 64 bits as 16 digits: a JSON number would lose some of them in other readers. */
static void put_hex(vsh_json *json, const char *key, uint64_t value)
{
    char digits[HEX + 1];

    snprintf(digits, sizeof digits, "%016" PRIx64, value);
    vsh_json_string(json, key, digits);
}

static void put_counts(vsh_json *json, int64_t documents, int64_t tokens, int64_t bytes)
{
    vsh_json_integer(json, "documents", documents);
    vsh_json_integer(json, "tokens", tokens);
    vsh_json_integer(json, "bytes", bytes);
}

/* A shard is a line: a manifest of thousands stays short, and people can read it. */
static void put_shard(vsh_json *json, const vsh_dataset_shard *shard)
{
    const bool one_line = json->one_line;

    vsh_json_object(json, NULL);
    json->one_line = true;
    vsh_json_string(json, "file", shard->file);
    put_counts(json, shard->documents, shard->tokens, shard->bytes);
    put_hex(json, "hash", shard->hash);
    vsh_json_end(json);
    json->one_line = one_line;
}

static void put_split(vsh_json *json, const char *key, const vsh_dataset_split *split)
{
    vsh_json_object(json, key);
    put_counts(json, split->documents, split->tokens, split->bytes);
    vsh_json_array(json, "shards");
    for (int64_t i = 0; i < split->shards; i++)
        put_shard(json, &split->shard[i]);
    vsh_json_end(json);
    vsh_json_end(json);
}

void vsh_dataset_write(vsh_json *json, const vsh_dataset *dataset)
{
    assert(json->plain);
    assert(dataset->train.shards + dataset->validation.shards <= VSH_DATASET_SHARDS_MAX);
    vsh_json_string(json, "format", format_name);
    vsh_json_integer(json, "version", FORMAT_VERSION);
    vsh_json_string(json, "description", dataset->description);
    put_hex(json, "build", dataset->build);
    vsh_json_object(json, "tokenizer");
    vsh_json_string(json, "kind", dataset->tokenizer);
    vsh_json_string(json, "model", dataset->model);
    put_hex(json, "hash", dataset->tokenizer_hash);
    vsh_json_integer(json, "vocab", dataset->vocab);
    vsh_json_integer(json, "end", dataset->end);
    vsh_json_end(json);
    vsh_json_integer(json, "unique_tokens", dataset->unique_tokens);
    put_split(json, "train", &dataset->train);
    put_split(json, "validation", &dataset->validation);
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct {
    vsh_arena *arena;
    const vsh_doc *doc;
    vsh_error *err;
} reader;

static vsh_status no_memory(const reader *r)
{
    return vsh_fail(r->err, VSH_EMACHINE, "%s: out of memory", r->doc->path);
}

static vsh_status read_hex(const reader *r, const vsh_node *node, uint64_t *value)
{
    uint64_t read = 0;
    int digits = 0;

    for (; node->kind == VSH_NODE_SCALAR && digits <= HEX && node->text[digits]; digits++) {
        char c = node->text[digits];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            break;
        read = read << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (digits != HEX || node->text[HEX])
        return vsh_doc_expected(r->doc, node, r->err, "16 digits of 0-9 and a-f");
    *value = read;
    return VSH_OK;
}

/* A file of the folder itself: "../x", "/x", "a/b", ".hidden" and "" are none. */
static vsh_status check_name(const reader *r, const vsh_node *node, const char *name)
{
    if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > NAME_MAX_BYTES)
        return vsh_doc_expected(r->doc, node, r->err,
                                "a plain file name, without \"/\" or a dot in front");
    return VSH_OK;
}

#define COUNT_FIELD(type, member, least)                                                           \
    {                                                                                              \
#member, VSH_FIELD_INTEGER, offsetof(type, member), .required = true, .min = (least),      \
                                                            .max = COUNT_MAX                       \
    }

typedef struct {
    const char *file;
    int64_t documents, tokens, bytes;
    const vsh_node *hash;
} shard_nodes;

static vsh_status read_shard(const reader *r, const vsh_node *node, vsh_dataset_shard *shard)
{
    static const vsh_field fields[] = {
        {"file", VSH_FIELD_TEXT, offsetof(shard_nodes, file), .required = true},
        COUNT_FIELD(shard_nodes, documents, 1),
        COUNT_FIELD(shard_nodes, tokens, 1),
        COUNT_FIELD(shard_nodes, bytes, 0),
        {"hash", VSH_FIELD_NODE, offsetof(shard_nodes, hash), .required = true},
        {NULL}};
    shard_nodes nodes = {0};

    VSH_TRY(vsh_fields_read(r->doc, node, fields, false, &nodes, r->err));
    VSH_TRY(check_name(r, vsh_node_get(node, "file"), nodes.file));
    VSH_TRY(read_hex(r, nodes.hash, &shard->hash));
    if (nodes.tokens < nodes.documents)
        return vsh_doc_wrong(r->doc, node, r->err,
                             "expected at least a token a document, got %" PRId64 " in %" PRId64,
                             nodes.tokens, nodes.documents);
    shard->file = nodes.file;
    shard->documents = nodes.documents;
    shard->tokens = nodes.tokens;
    shard->bytes = nodes.bytes;
    return VSH_OK;
}

/* What the shards have together is what the split says. */
static vsh_status check_sum(const reader *r, const vsh_node *node, const vsh_dataset_split *split,
                            size_t in_shard, int64_t said, const char *what)
{
    int64_t sum = 0;

    for (int64_t i = 0; i < split->shards; i++) {
        int64_t part = *(const int64_t *)(const void *)((const char *)&split->shard[i] + in_shard);
        if (__builtin_add_overflow(sum, part, &sum))
            return vsh_doc_wrong(r->doc, node, r->err, "more %s than 63 bits count", what);
    }
    if (sum != said)
        return vsh_doc_wrong(r->doc, node, r->err,
                             "%s: %" PRId64 ", but the shards have %" PRId64 " together", what,
                             said, sum);
    return VSH_OK;
}

typedef struct {
    int64_t documents, tokens, bytes;
    const vsh_node *shards;
} split_nodes;

static vsh_status read_split(const reader *r, const vsh_node *node, vsh_dataset_split *split)
{
    static const vsh_field fields[] = {
        COUNT_FIELD(split_nodes, documents, 0),
        COUNT_FIELD(split_nodes, tokens, 0),
        COUNT_FIELD(split_nodes, bytes, 0),
        {"shards", VSH_FIELD_NODE, offsetof(split_nodes, shards), .required = true},
        {NULL}};
    split_nodes nodes = {0};
    vsh_dataset_shard *shard;

    VSH_TRY(vsh_fields_read(r->doc, node, fields, false, &nodes, r->err));
    if (nodes.shards->kind != VSH_NODE_LIST)
        return vsh_doc_expected(r->doc, nodes.shards, r->err, "a list of shards");
    shard = vsh_alloc(r->arena, (size_t)nodes.shards->child_count, sizeof *shard);
    if (!shard)
        return no_memory(r);
    *split = (vsh_dataset_split){
        .shard = shard, .documents = nodes.documents, .tokens = nodes.tokens, .bytes = nodes.bytes};
    for (const vsh_node *child = nodes.shards->first; child; child = child->next)
        VSH_TRY(read_shard(r, child, &shard[split->shards++]));
    VSH_TRY(check_sum(r, node, split, offsetof(vsh_dataset_shard, documents), split->documents,
                      "documents"));
    VSH_TRY(
        check_sum(r, node, split, offsetof(vsh_dataset_shard, tokens), split->tokens, "tokens"));
    return check_sum(r, node, split, offsetof(vsh_dataset_shard, bytes), split->bytes, "bytes");
}

typedef struct {
    const char *kind, *model;
    const vsh_node *hash;
    int64_t vocab, end;
} tokenizer_nodes;

static vsh_status read_tokenizer(const reader *r, const vsh_node *node, vsh_dataset *dataset)
{
    static const vsh_field fields[] = {
        {"kind", VSH_FIELD_TEXT, offsetof(tokenizer_nodes, kind), .required = true},
        {"model", VSH_FIELD_TEXT, offsetof(tokenizer_nodes, model)},
        {"hash", VSH_FIELD_NODE, offsetof(tokenizer_nodes, hash), .required = true},
        {"vocab", VSH_FIELD_INTEGER, offsetof(tokenizer_nodes, vocab), .required = true, .min = 1,
         .max = INT32_MAX},
        {"end", VSH_FIELD_INTEGER, offsetof(tokenizer_nodes, end), .required = true, .min = 0,
         .max = INT32_MAX},
        {NULL}};
    tokenizer_nodes nodes = {0};

    VSH_TRY(vsh_fields_read(r->doc, node, fields, false, &nodes, r->err));
    VSH_TRY(read_hex(r, nodes.hash, &dataset->tokenizer_hash));
    if (nodes.model)
        VSH_TRY(check_name(r, vsh_node_get(node, "model"), nodes.model));
    if ((strcmp(nodes.kind, "bytes") == 0) != !nodes.model)
        return vsh_doc_wrong(r->doc, node, r->err,
                             "expected a model file, or null and the kind \"bytes\"");
    if (nodes.end >= nodes.vocab)
        return vsh_doc_wrong(r->doc, node, r->err,
                             "end: expected an id below the vocabulary of %" PRId64
                             ", got %" PRId64,
                             nodes.vocab, nodes.end);
    dataset->tokenizer = nodes.kind;
    dataset->model = nodes.model;
    dataset->vocab = nodes.vocab;
    dataset->end = nodes.end;
    return VSH_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A shard named twice would be trained on twice, or judged by what it was trained on. */
static vsh_status check_unique(const reader *r, const vsh_dataset *dataset)
{
    const vsh_dataset_split *const splits[] = {&dataset->train, &dataset->validation};
    int64_t count = dataset->train.shards + dataset->validation.shards, filled = 0;
    const char **name = vsh_alloc(r->arena, (size_t)count, sizeof *name);

    if (!name)
        return no_memory(r);
    for (int s = 0; s < 2; s++)
        for (int64_t i = 0; i < splits[s]->shards; i++)
            name[filled++] = splits[s]->shard[i].file;
    qsort(name, (size_t)count, sizeof *name, compare_names);
    for (int64_t i = 1; i < count; i++)
        if (strcmp(name[i - 1], name[i]) == 0)
            return vsh_fail(r->err, VSH_EINPUT, "%s: the shard \"%.200s\" is named twice",
                            r->doc->path, name[i]);
    return VSH_OK;
}

static vsh_status check_whole(const reader *r, const vsh_dataset *dataset)
{
    if (dataset->train.shards + dataset->validation.shards > VSH_DATASET_SHARDS_MAX)
        return vsh_fail(r->err, VSH_EINPUT, "%s: expected at most %d shards, got %" PRId64,
                        r->doc->path, (int)VSH_DATASET_SHARDS_MAX,
                        dataset->train.shards + dataset->validation.shards);
    if (dataset->train.tokens == 0)
        return vsh_fail(r->err, VSH_EINPUT, "%s: train: expected tokens, found none", r->doc->path);
    if (dataset->unique_tokens > dataset->train.tokens)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s: unique_tokens: %" PRId64 ", but the training split has %" PRId64,
                        r->doc->path, dataset->unique_tokens, dataset->train.tokens);
    return check_unique(r, dataset);
}

typedef struct {
    const char *description;
    const vsh_node *build, *tokenizer, *train, *validation;
    int64_t unique_tokens;
} root_nodes;

static vsh_status check_format(const reader *r)
{
    const vsh_node *root = r->doc->root;
    const vsh_node *format = root->kind == VSH_NODE_MAP ? vsh_node_get(root, "format") : NULL;
    const vsh_node *version = format ? vsh_node_get(root, "version") : NULL;

    if (!format || format->kind != VSH_NODE_SCALAR || strcmp(format->text, format_name) != 0)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s: expected the manifest of a dataset (\"format\": \"%s\")", r->doc->path,
                        format_name);
    if (!version || version->kind != VSH_NODE_SCALAR || strcmp(version->text, "1") != 0)
        return vsh_doc_expected(r->doc, version ? version : root, r->err, "version 1");
    return VSH_OK;
}

vsh_status vsh_dataset_from_doc(vsh_arena *arena, const vsh_doc *doc, vsh_dataset *dataset,
                                vsh_error *err)
{
    const reader reading = {arena, doc, err}, *r = &reading;
    static const vsh_field fields[] = {
        {"description", VSH_FIELD_TEXT, offsetof(root_nodes, description), .required = true},
        {"build", VSH_FIELD_NODE, offsetof(root_nodes, build), .required = true},
        {"tokenizer", VSH_FIELD_NODE, offsetof(root_nodes, tokenizer), .required = true},
        COUNT_FIELD(root_nodes, unique_tokens, 1),
        {"train", VSH_FIELD_NODE, offsetof(root_nodes, train), .required = true},
        {"validation", VSH_FIELD_NODE, offsetof(root_nodes, validation), .required = true},
        {NULL}};
    root_nodes nodes = {0};

    VSH_TRY(check_format(r));
    VSH_TRY(vsh_fields_read(r->doc, r->doc->root, fields, false, &nodes, r->err));
    dataset->description = nodes.description;
    dataset->unique_tokens = nodes.unique_tokens;
    VSH_TRY(read_hex(r, nodes.build, &dataset->build));
    VSH_TRY(read_tokenizer(r, nodes.tokenizer, dataset));
    VSH_TRY(read_split(r, nodes.train, &dataset->train));
    VSH_TRY(read_split(r, nodes.validation, &dataset->validation));
    return check_whole(r, dataset);
}

vsh_status vsh_dataset_read(vsh_arena *arena, const char *folder, vsh_dataset *dataset,
                            vsh_error *err)
{
    const char *path = vsh_path_join(arena, folder, "manifest.json");
    vsh_doc doc;

    *dataset = (vsh_dataset){.folder = vsh_copy_text(arena, folder, strlen(folder))};
    if (!path || !dataset->folder)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", folder);
    VSH_TRY(vsh_doc_read(arena, path, &doc, err));
    return vsh_dataset_from_doc(arena, &doc, dataset, err);
}
