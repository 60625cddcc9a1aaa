#define _DEFAULT_SOURCE /* madvise */
#include "trainer/data/shard.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "core/file.h"
#include "core/text.h"
#include "trainer/base/hash64.h"

/* Ids below this are told apart by two bytes. */
static const int64_t narrow_vocab = 1 << 16;

static const char *dtype_of(int64_t vocab) { return vocab <= narrow_vocab ? "U16" : "U32"; }

/* ---- writing ------------------------------------------------------------------------------- */

/* Ids as they lie in the file; to is aligned to the width. */
static void put_ids(const vsh_ids *ids, int64_t vocab, void *to)
{
    uint16_t *narrow = to;

    for (int64_t i = 0; i < ids->count; i++)
        assert(ids->id[i] >= 0 && ids->id[i] < vocab);
    if (vocab > narrow_vocab)
        memcpy(to, ids->id, (size_t)ids->count * sizeof *ids->id);
    else
        for (int64_t i = 0; i < ids->count; i++)
            narrow[i] = (uint16_t)ids->id[i];
}

/* The file in memory: beside the ids, which may be many, the only copy of them. */
static vsh_status write_shard(vsh_arena *room, const char *path, const vsh_ids *ids,
                              const int64_t *start, int64_t documents, int64_t vocab,
                              uint64_t *hash, vsh_error *err)
{
    const char *dtype = dtype_of(vocab);
    const int64_t start_bytes = (documents + 1) * (int64_t)sizeof *start;
    const vsh_safetensor tensors[] = {{.name = "doc_offsets",
                                       .dtype = "I64",
                                       .rank = 1,
                                       .shape = {documents + 1},
                                       .bytes = start_bytes,
                                       .data = start},
                                      {.name = "tokens",
                                       .dtype = dtype,
                                       .rank = 1,
                                       .shape = {ids->count},
                                       .bytes = ids->count * vsh_dtype_bytes(dtype),
                                       .data = ids->id}};
    vsh_safetensors_layout layout;
    vsh_text whole = {.arena = room};

    VSH_TRY(vsh_safetensors_arrange(room, path, tensors, 2, &layout, err));
    assert(layout.order[0] == &tensors[0]); /* the wider ones come first */
    whole.length = whole.capacity = (size_t)(layout.head_bytes + layout.data_bytes);
    if (!(whole.data = vsh_alloc(room, whole.length, 1)))
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    memcpy(whole.data, layout.head, (size_t)layout.head_bytes);
    memcpy(whole.data + layout.head_bytes, start, (size_t)start_bytes);
    put_ids(ids, vocab, whole.data + layout.head_bytes + start_bytes);
    *hash = vsh_hash64(whole.data, whole.length);
    return vsh_file_write(path, &whole, err);
}

vsh_status vsh_shard_write(const char *path, const vsh_ids *ids, const int64_t *start,
                           int64_t documents, int64_t vocab, uint64_t *hash, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_status status;

    assert(documents > 0 && start[0] == 0 && start[documents] == ids->count);
    for (int64_t i = 0; i < documents; i++)
        assert(start[i] < start[i + 1]);
    status = write_shard(&room, path, ids, start, documents, vocab, hash, err);
    vsh_arena_free(&room);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

static vsh_status check_tensors(const char *path, const vsh_safetensors *file, int64_t vocab,
                                vsh_shard *shard, vsh_error *err)
{
    const vsh_safetensor *start = vsh_safetensors_find(file, "doc_offsets");
    const vsh_safetensor *tokens = vsh_safetensors_find(file, "tokens");
    const char *dtype = dtype_of(vocab);

    if (!start || !tokens || file->count != 2)
        return vsh_fail(err, VSH_EINPUT, "%s: expected the tensors doc_offsets and tokens", path);
    if (strcmp(start->dtype, "I64") != 0 || start->rank != 1 || start->shape[0] < 2)
        return vsh_fail(err, VSH_EINPUT, "%s: doc_offsets: expected a row of two I64 or more",
                        path);
    if (strcmp(tokens->dtype, dtype) != 0 || tokens->rank != 1)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: tokens: expected a row of %s for a vocabulary of %" PRId64, path,
                        dtype, vocab);
    shard->start = start->data;
    shard->documents = start->shape[0] - 1;
    shard->id = tokens->data;
    shard->count = tokens->shape[0];
    shard->width = (int)vsh_dtype_bytes(dtype);
    return VSH_OK;
}

static vsh_status check_offsets(const char *path, const vsh_shard *shard, vsh_error *err)
{
    const int64_t *start = shard->start;

    if (start[0] != 0 || start[shard->documents] != shard->count)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: doc_offsets: expected 0 to %" PRId64 ", got %" PRId64 " to %" PRId64,
                        path, shard->count, start[0], start[shard->documents]);
    for (int64_t i = 0; i < shard->documents; i++)
        if (start[i] >= start[i + 1])
            return vsh_fail(err, VSH_EINPUT,
                            "%s: doc_offsets: document %" PRId64 " ends at or before its begin",
                            path, i);
    return VSH_OK;
}

static vsh_status check_ids(const char *path, const vsh_shard *shard, int64_t vocab, vsh_error *err)
{
    for (int64_t i = 0; i < shard->count; i++) {
        int64_t id = shard->width == 2 ? ((const uint16_t *)shard->id)[i]
                                       : (int64_t)((const uint32_t *)shard->id)[i];
        if (id >= vocab)
            return vsh_fail(err, VSH_EINPUT,
                            "%s: token %" PRId64 " is %" PRId64
                            ", beyond the vocabulary of %" PRId64,
                            path, i, id, vocab);
    }
    return VSH_OK;
}

static vsh_status check(const char *path, int64_t vocab, uint64_t hash, vsh_shard *shard,
                        vsh_error *err)
{
    const vsh_safetensors *file = &shard->file;

    if (vsh_hash64(file->map, (size_t)file->map_bytes) != hash)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: damaged, or of another dataset: its hash is not the manifest's", path);
    VSH_TRY(check_tensors(path, file, vocab, shard, err));
    VSH_TRY(check_offsets(path, shard, err));
    return check_ids(path, shard, vocab, err);
}

vsh_status vsh_shard_open(vsh_arena *arena, const char *path, int64_t vocab, uint64_t hash,
                          vsh_shard *shard, vsh_error *err)
{
    vsh_status status;

    assert(vocab > 0 && vocab <= INT32_MAX);
    *shard = (vsh_shard){0};
    VSH_TRY(vsh_safetensors_open(arena, path, &shard->file, err));
    status = check(path, vocab, hash, shard, err);
    if (status != VSH_OK)
        vsh_shard_close(shard);
    else /* all of it was read once; what is wanted again comes back from the page cache */
        madvise((void *)shard->file.map, (size_t)shard->file.map_bytes, MADV_DONTNEED);
    return status;
}

void vsh_shard_close(vsh_shard *shard)
{
    vsh_safetensors_close(&shard->file);
    *shard = (vsh_shard){0};
}
