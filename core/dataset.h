/* A folder of token shards and its manifest.json: what `vishwa-train data build` leaves, the
 * trainer reads, and the planner counts unique tokens by. docs/formats.md has the format. */
#ifndef VSH_DATASET_H
#define VSH_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/doc.h"
#include "core/json.h"
#include "core/status.h"

/* Of both splits together: what a document of core/doc.h holds, with room for the rest. */
enum { VSH_DATASET_SHARDS_MAX = 6000 };

typedef struct {
    const char *file;                 /* below the folder; a plain name */
    int64_t documents, tokens, bytes; /* bytes of text */
    uint64_t hash;                    /* XXH64 of the file */
} vsh_dataset_shard;

typedef struct {
    const vsh_dataset_shard *shard;
    int64_t shards;
    int64_t documents, tokens, bytes; /* sums */
} vsh_dataset_split;

typedef struct {
    const char *folder;
    const char *description; /* of the text, one line, licences included */
    const char *tokenizer;   /* "unigram", "bpe", "bytes" or "file" */
    const char *model;       /* the tokenizer's file below the folder; NULL: bytes */
    uint64_t tokenizer_hash;
    int64_t vocab;
    int64_t end;           /* token behind each document */
    int64_t unique_tokens; /* of the training split without what augmentation has added */
    vsh_dataset_split train, validation;
    uint64_t build; /* hash of inputs and options: equal builds have equal bytes */
} vsh_dataset;

/* Members of the manifest, without the enclosing object; json is plain. */
void vsh_dataset_write(vsh_json *json, const vsh_dataset *dataset);
/* folder/manifest.json. VSH_EINPUT naming what is missing or wrong; sums are checked, names of
 * files lead nowhere outside the folder, and no file is named twice. Members that are not known
 * here are passed over. */
vsh_status vsh_dataset_read(vsh_arena *arena, const char *folder, vsh_dataset *dataset,
                            vsh_error *err);
/* The same of a manifest that was read; folder is left as it is. */
vsh_status vsh_dataset_from_doc(vsh_arena *arena, const vsh_doc *doc, vsh_dataset *dataset,
                                vsh_error *err);

#endif
