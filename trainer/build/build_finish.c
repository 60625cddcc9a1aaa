#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "trainer/base/folder.h"
#include "trainer/base/hash64.h"
#include "trainer/build/build_inside.h"

/* ---- the dataset -------------------------------------------------------------------------- */

static void add_shards(vsh_dataset_split *split, vsh_dataset_shard *list, const vsh_building *b,
                       int kind)
{
    for (int64_t i = 0; i < b->shards[kind]; i++) {
        const vsh_dataset_shard *s = &b->shard[kind][i];
        list[split->shards++] = *s;
        split->documents += s->documents;
        split->tokens += s->tokens;
        split->bytes += s->bytes;
    }
    split->shard = list;
}

/* "a.txt and 3 files more: 45.2 MB, 1,234 documents" */
static const char *describe(vsh_building *b)
{
    const vsh_build_count *read = &b->report->read;
    vsh_text text = {.arena = b->arena};

    if (b->description)
        vsh_text_add(&text, "%s", b->description);
    else
        vsh_text_add(&text, "%s", b->o->in[0]);
    if (b->o->in_count > 1)
        vsh_text_add(&text, " and %d more", b->o->in_count - 1);
    vsh_text_add(&text, ": %s, %s documents", vsh_show_bytes((double)read->bytes).text,
                 vsh_show_integer(read->documents).text);
    return text.failed ? NULL : vsh_text_string(&text);
}

/* Equal for equal texts under equal options, wherever and whenever. */
static uint64_t hash_build(const vsh_building *b)
{
    vsh_arena room = {0};
    vsh_text options = {.arena = &room};
    vsh_json json = {.out = &options};
    uint64_t hash;

    vsh_json_object(&json, NULL);
    vsh_build_options_write(&json, b->o);
    vsh_build_forbidden_write(&json, &b->report->forbidden);
    vsh_json_end(&json);
    hash = vsh_hash64(options.data, options.length);
    for (int kind = 0; kind < VSH_BUILD_KINDS; kind++)
        for (int64_t i = 0; i < b->shards[kind]; i++)
            hash = vsh_hash64_pair(hash, b->shard[kind][i].hash);
    vsh_arena_free(&room);
    return hash;
}

static vsh_status make_dataset(vsh_building *b, vsh_error *err)
{
    vsh_dataset *d = &b->report->dataset;
    int64_t trained = b->shards[VSH_BUILD_TRAIN] + b->shards[VSH_BUILD_AUGMENTED];
    int64_t all = trained + b->shards[VSH_BUILD_VALIDATION];
    vsh_dataset_shard *list = vsh_alloc(b->arena, (size_t)all, sizeof *list);

    assert(all <= VSH_DATASET_SHARDS_MAX); /* settled before they were encoded */
    *d = (vsh_dataset){.folder = b->o->out,
                       .description = describe(b),
                       .tokenizer = vsh_build_tokenizer_is_file(b->o) ? "file" : b->o->tokenizer,
                       .model = vsh_tokenizer_path(b->tokenizer) ? "tokenizer.model" : NULL,
                       .tokenizer_hash = vsh_tokenizer_hash(b->tokenizer),
                       .vocab = vsh_tokenizer_vocab(b->tokenizer),
                       .end = vsh_tokenizer_end(b->tokenizer),
                       .build = hash_build(b)};
    if (!list || !d->description)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    add_shards(&d->train, list, b, VSH_BUILD_TRAIN);
    d->unique_tokens = d->train.tokens;
    add_shards(&d->train, list, b, VSH_BUILD_AUGMENTED);
    add_shards(&d->validation, list + trained, b, VSH_BUILD_VALIDATION);
    b->report->augmented_tokens = d->train.tokens - d->unique_tokens;
    for (int64_t i = 0; i < b->shards[VSH_BUILD_AUGMENTED]; i++)
        b->report->augmented_documents += b->shard[VSH_BUILD_AUGMENTED][i].documents;
    return VSH_OK;
}

/* ---- files beside it ---------------------------------------------------------------------- */

static vsh_status put_file(const vsh_building *b, const char *name, const vsh_text *text,
                           vsh_error *err)
{
    if (text->failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_file_write(vsh_build_part(b, name).text, text, err));
    return vsh_build_move(b, name, err);
}

/* As it was given; of our own making below OUT/work only the name. */
static const char *input_path(const vsh_building *b, const char *path)
{
    const char *slash = strrchr(path, '/');

    return b->o->in_count == 0 && slash ? slash + 1 : path;
}

static vsh_status put_inputs(vsh_building *b, vsh_arena *room, vsh_error *err)
{
    static const char *const packings[] = {NULL, "gzip", "zstd"};
    vsh_text text = {.arena = room};
    vsh_json json = {.out = &text, .one_line = true};

    for (int64_t i = 0; i < b->sources.sources; i++) {
        const vsh_source *s = &b->sources.source[i];
        vsh_json_object(&json, NULL);
        vsh_json_string(&json, "path", input_path(b, s->path));
        vsh_json_integer(&json, "bytes", s->bytes);
        if (s->packing)
            vsh_json_string(&json, "packing", packings[s->packing]);
        vsh_json_string(&json, "documents", s->jsonl ? "jsonl" : vsh_documents_words[s->by]);
        vsh_json_end(&json);
    }
    for (int64_t i = 0; i < b->sources.passed_over_count; i++) {
        vsh_json_object(&json, NULL);
        vsh_json_string(&json, "path", b->sources.passed_over[i].path);
        vsh_json_string(&json, "passed_over", b->sources.passed_over[i].why);
        vsh_json_end(&json);
    }
    return put_file(b, "inputs.jsonl", &text, err);
}

static vsh_status put_report(vsh_building *b, vsh_arena *room, vsh_error *err)
{
    vsh_text text = {.arena = room};
    vsh_json json = {.out = &text};

    vsh_json_object(&json, NULL);
    vsh_build_report_write(&json, b->o, b->report);
    vsh_json_end(&json);
    return put_file(b, "report.json", &text, err);
}

static vsh_status put_manifest(vsh_building *b, vsh_arena *room, vsh_error *err)
{
    const vsh_build_report *r = b->report;
    vsh_text text = {.arena = room};
    vsh_json json = {.out = &text, .plain = true};

    vsh_json_object(&json, NULL);
    vsh_dataset_write(&json, &r->dataset);
    vsh_json_object(&json, "counts");
    vsh_json_integer(&json, "read_documents", r->read.documents);
    vsh_json_integer(&json, "read_bytes", r->read.bytes);
    vsh_json_integer(&json, "kept_documents", r->kept.documents);
    vsh_json_integer(&json, "kept_bytes", r->kept.bytes);
    vsh_json_integer(&json, "augmented_documents", r->augmented_documents);
    vsh_json_integer(&json, "augmented_tokens", r->augmented_tokens);
    vsh_json_integer(&json, "untranslated_documents", r->untranslated);
    vsh_json_end(&json);
    vsh_build_forbidden_write(&json, &r->forbidden);
    vsh_json_object(&json, "options");
    vsh_build_options_write(&json, b->o);
    vsh_json_end(&json);
    vsh_json_end(&json);
    if (text.length > VSH_DOC_BYTES_MAX)
        return vsh_fail(err, VSH_EINPUT,
                        "manifest.json: expected at most %s, got %s: --shard-bytes makes fewer "
                        "shards",
                        vsh_show_bytes(VSH_DOC_BYTES_MAX).text,
                        vsh_show_bytes((double)text.length).text);
    return put_file(b, "manifest.json", &text, err);
}

static vsh_status put_files(vsh_building *b, vsh_arena *room, vsh_error *err)
{
    for (int kind = 0; kind < VSH_BUILD_KINDS; kind++)
        for (int64_t i = 0; i < b->shards[kind]; i++)
            VSH_TRY(vsh_build_move(b, b->shard[kind][i].file, err));
    VSH_TRY(vsh_build_move(b, "tokenizer.model", err));
    VSH_TRY(vsh_build_move(b, "qa.jsonl", err));
    VSH_TRY(vsh_build_move(b, "nli.jsonl", err));
    VSH_TRY(put_inputs(b, room, err));
    VSH_TRY(put_report(b, room, err));
    VSH_TRY(vsh_folder_sync(b->o->out, err));
    VSH_TRY(put_manifest(b, room, err));
    return vsh_folder_sync(b->o->out, err);
}

vsh_status vsh_build_finish(vsh_building *b, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_status status;

    VSH_TRY(make_dataset(b, err));
    status = put_files(b, &room, err);
    vsh_arena_free(&room);
    return status == VSH_OK ? vsh_build_folder_clean(b, err) : status;
}
