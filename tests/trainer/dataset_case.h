/* A small dataset of bytes in a folder of its own, for tests of what reads one. */
#ifndef DATASET_CASE_H
#define DATASET_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/dataset.h"
#include "core/file.h"
#include "tests/harness.h"
#include "trainer/data/shard.h"
#include "trainer/data/tokenizer.h"

/* Documents of a shard: texts, closed by NULL. */
static inline vsh_dataset_shard case_shard(const char *folder, const char *name,
                                           const char *const *texts, vsh_error *err)
{
    enum { MOST = 64 };
    vsh_tokenizer *tokenizer;
    vsh_ids ids = {.arena = vsh_test_arena()};
    vsh_dataset_shard shard = {.file = name};
    const char *path = vsh_path_join(vsh_test_arena(), folder, name);
    int64_t start[MOST + 1] = {0};
    const int32_t end = 256;

    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &tokenizer, err), err);
    for (; texts[shard.documents]; start[++shard.documents] = ids.count) {
        const char *text = texts[shard.documents];
        REQUIRE(shard.documents < MOST);
        REQUIRE_OK(vsh_tokenizer_encode(tokenizer, text, strlen(text), &ids, err), err);
        REQUIRE_OK(vsh_ids_add(&ids, &end, 1, err), err);
        shard.bytes += (int64_t)strlen(text);
    }
    shard.tokens = ids.count;
    REQUIRE_OK(vsh_shard_write(path, &ids, start, shard.documents, 257, &shard.hash, err), err);
    vsh_tokenizer_close(tokenizer);
    return shard;
}

static inline vsh_dataset_split case_split(const vsh_dataset_shard *shard, int64_t shards)
{
    vsh_dataset_split split = {.shard = shard, .shards = shards};

    for (int64_t i = 0; i < shards; i++) {
        split.documents += shard[i].documents;
        split.tokens += shard[i].tokens;
        split.bytes += shard[i].bytes;
    }
    return split;
}

static inline void case_manifest(const char *folder, const vsh_dataset *dataset, vsh_error *err)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_json json = {.out = &text, .plain = true};

    vsh_json_object(&json, NULL);
    vsh_dataset_write(&json, dataset);
    vsh_json_end(&json);
    REQUIRE_OK(vsh_file_write(vsh_path_join(vsh_test_arena(), folder, "manifest.json"), &text, err),
               err);
}

/* Two shards to train on (two documents and one) and one held out. */
static inline vsh_dataset case_dataset(const char *folder, vsh_error *err)
{
    vsh_dataset_shard *shard = vsh_alloc(vsh_test_arena(), 3, sizeof *shard);
    vsh_dataset dataset = {.folder = folder,
                           .description = "three short texts",
                           .tokenizer = "bytes",
                           .vocab = 257,
                           .end = 256,
                           .build = 7};
    vsh_tokenizer *bytes;

    REQUIRE(shard != NULL);
    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &bytes, err), err);
    dataset.tokenizer_hash = vsh_tokenizer_hash(bytes);
    vsh_tokenizer_close(bytes);
    shard[0] = case_shard(folder, "train-00000-00000.safetensors",
                          (const char *const[]){"one text", "another", NULL}, err);
    shard[1] = case_shard(folder, "train-00001-00000.safetensors",
                          (const char *const[]){"a third one", NULL}, err);
    shard[2] = case_shard(folder, "validation-00000-00000.safetensors",
                          (const char *const[]){"held out", NULL}, err);
    dataset.train = case_split(shard, 2);
    dataset.validation = case_split(shard + 2, 1);
    dataset.unique_tokens = dataset.train.tokens;
    case_manifest(folder, &dataset, err);
    return dataset;
}

#endif
