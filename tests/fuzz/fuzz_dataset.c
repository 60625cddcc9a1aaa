/* Any bytes as the manifest of a dataset: refused with one line, or names that stay in the folder,
 * counts that agree, and a manifest that reads back from what is written of it. */
#include <assert.h>
#include <string.h>

#include "core/dataset.h"
#include "tests/fuzz/target.h"

static void check_split(const vsh_dataset_split *split)
{
    int64_t documents = 0, tokens = 0, bytes = 0;

    for (int64_t i = 0; i < split->shards; i++) {
        const vsh_dataset_shard *s = &split->shard[i];
        assert(*s->file && *s->file != '.' && !strchr(s->file, '/'));
        assert(s->documents > 0 && s->tokens >= s->documents && s->bytes >= 0);
        documents += s->documents;
        tokens += s->tokens;
        bytes += s->bytes;
    }
    assert(documents == split->documents && tokens == split->tokens && bytes == split->bytes);
}

static void check_same_split(const vsh_dataset_split *a, const vsh_dataset_split *b)
{
    assert(a->shards == b->shards && a->documents == b->documents && a->tokens == b->tokens);
    for (int64_t i = 0; i < a->shards; i++)
        assert(strcmp(a->shard[i].file, b->shard[i].file) == 0 &&
               a->shard[i].hash == b->shard[i].hash && a->shard[i].bytes == b->shard[i].bytes);
}

static void check_round_trip(vsh_arena *arena, const vsh_dataset *dataset)
{
    vsh_text text = {.arena = arena};
    vsh_json json = {.out = &text, .plain = true};
    vsh_error err = {""};
    vsh_dataset back;
    vsh_doc doc;

    vsh_json_object(&json, NULL);
    vsh_dataset_write(&json, dataset);
    vsh_json_end(&json);
    assert(vsh_doc_parse(arena, "input", text.data, text.length, &doc, &err) == VSH_OK);
    assert(vsh_dataset_from_doc(arena, &doc, &back, &err) == VSH_OK);
    assert(strcmp(back.tokenizer, dataset->tokenizer) == 0 && !back.model == !dataset->model);
    assert(back.vocab == dataset->vocab && back.end == dataset->end && back.end < back.vocab);
    assert(back.unique_tokens == dataset->unique_tokens && back.build == dataset->build);
    check_same_split(&back.train, &dataset->train);
    check_same_split(&back.validation, &dataset->validation);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    vsh_arena arena = {0};
    vsh_error err = {""};
    vsh_dataset dataset = {0};
    vsh_doc doc;

    if (vsh_doc_parse(&arena, "input", (const char *)bytes, length, &doc, &err) == VSH_OK &&
        vsh_dataset_from_doc(&arena, &doc, &dataset, &err) == VSH_OK) {
        assert(dataset.unique_tokens > 0 && dataset.unique_tokens <= dataset.train.tokens);
        check_split(&dataset.train);
        check_split(&dataset.validation);
        check_round_trip(&arena, &dataset);
    } else {
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    }
    vsh_arena_free(&arena);
    return 0;
}
