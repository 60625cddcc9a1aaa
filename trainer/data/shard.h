/* Token ids of documents in a SafeTensors file: doc_offsets I64 (documents + 1), tokens U16 or,
 * for vocabularies above 65,536, U32. */
#ifndef VSH_SHARD_H
#define VSH_SHARD_H

#include "trainer/base/safetensors.h"
#include "trainer/data/tokenizer.h"

typedef struct {
    vsh_safetensors file;
    const void *id;       /* mapped */
    int width;            /* bytes of an id: 2 or 4 */
    const int64_t *start; /* (documents + 1), from 0 */
    int64_t documents, count;
} vsh_shard;

/* Whole or not at all; ids of document d are ids->id[start[d] .. start[d + 1]). *hash: of the file.
 */
vsh_status vsh_shard_write(const char *path, const vsh_ids *ids, const int64_t *start,
                           int64_t documents, int64_t vocab, uint64_t *hash, vsh_error *err);
/* Checks shapes, order of offsets, ids below vocab, and the file's hash. VSH_EINPUT. */
vsh_status vsh_shard_open(vsh_arena *arena, const char *path, int64_t vocab, uint64_t hash,
                          vsh_shard *shard, vsh_error *err);
void vsh_shard_close(vsh_shard *shard);

static inline int32_t vsh_shard_id(const vsh_shard *shard, int64_t i)
{
    return shard->width == 2 ? (int32_t)((const uint16_t *)shard->id)[i]
                             : (int32_t)((const uint32_t *)shard->id)[i];
}

#endif
