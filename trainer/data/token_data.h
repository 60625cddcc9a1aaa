/* A split of a dataset as ids: documents of mixed length one after the other, an end token after
 * each. A view over shards that stay mapped: nothing is copied or widened before it is read. */
#ifndef VSH_TOKEN_DATA_H
#define VSH_TOKEN_DATA_H

#include "core/dataset.h"
#include "trainer/data/shard.h"

typedef struct {
    vsh_shard *shard;
    int64_t shards;
    int64_t *first_document, *first_token; /* [shards + 1] of each shard */
    int64_t documents, count;
    uint64_t hash; /* of the hashes of the shards' files */
    int64_t bytes; /* of text, for bits per byte */
} vsh_token_data;

/* Opens and checks the shards of a split, which must have what the manifest says. A split without
 * shards has count 0. VSH_EINPUT naming the shard. */
vsh_status vsh_token_data_open(vsh_arena *arena, const vsh_dataset *dataset,
                               const vsh_dataset_split *split, vsh_token_data *data,
                               vsh_error *err);
/* Over shards that are open already, which are then the view's to close. VSH_EMACHINE for memory;
 * they are then closed. */
vsh_status vsh_token_data_over(vsh_arena *arena, vsh_shard *shard, int64_t shards,
                               vsh_token_data *data, vsh_error *err);
/* Also of a zeroed one, and again. */
void vsh_token_data_close(vsh_token_data *data);

/* Where a document begins among all tokens; of the one after the last: where they end. */
int64_t vsh_token_data_begin(const vsh_token_data *data, int64_t document);
/* Tokens [first, first + count). */
void vsh_token_data_read(const vsh_token_data *data, int64_t first, int64_t count, int32_t *out);

#endif
