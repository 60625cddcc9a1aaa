#include "trainer/data/token_data.h"

#include <assert.h>
#include <inttypes.h>

#include "core/file.h"
#include "trainer/base/hash64.h"

/* ---- opening ------------------------------------------------------------------------------- */

vsh_status vsh_token_data_over(vsh_arena *arena, vsh_shard *shard, int64_t shards,
                               vsh_token_data *data, vsh_error *err)
{
    *data = (vsh_token_data){.shard = shard, .shards = shards};
    data->first_document = vsh_alloc(arena, (size_t)shards + 1, sizeof(int64_t));
    data->first_token = vsh_alloc(arena, (size_t)shards + 1, sizeof(int64_t));
    if (!data->first_document || !data->first_token) {
        vsh_token_data_close(data);
        return vsh_fail(err, VSH_EMACHINE, "token ids: out of memory");
    }
    for (int64_t i = 0; i < shards; i++) {
        data->first_document[i + 1] = data->first_document[i] + shard[i].documents;
        data->first_token[i + 1] = data->first_token[i] + shard[i].count;
    }
    data->documents = data->first_document[shards];
    data->count = data->first_token[shards];
    return VSH_OK;
}

static vsh_status open_shard(vsh_arena *arena, const vsh_dataset *dataset,
                             const vsh_dataset_shard *said, vsh_shard *shard, vsh_error *err)
{
    const char *path = vsh_path_join(arena, dataset->folder, said->file);

    if (!path)
        return vsh_fail(err, VSH_EMACHINE, "token ids: out of memory");
    VSH_TRY(vsh_shard_open(arena, path, dataset->vocab, said->hash, shard, err));
    if (shard->documents != said->documents || shard->count != said->tokens)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: %" PRId64 " documents of %" PRId64
                        " tokens, but the manifest says %" PRId64 " of %" PRId64,
                        path, shard->documents, shard->count, said->documents, said->tokens);
    return VSH_OK;
}

static vsh_status open_shards(vsh_arena *arena, const vsh_dataset *dataset,
                              const vsh_dataset_split *split, vsh_shard *shard, uint64_t *hash,
                              vsh_error *err)
{
    for (int64_t i = 0; i < split->shards; i++) {
        hash[i] = split->shard[i].hash;
        VSH_TRY(open_shard(arena, dataset, &split->shard[i], &shard[i], err));
    }
    return VSH_OK;
}

vsh_status vsh_token_data_open(vsh_arena *arena, const vsh_dataset *dataset,
                               const vsh_dataset_split *split, vsh_token_data *data, vsh_error *err)
{
    uint64_t *hash = vsh_alloc(arena, (size_t)split->shards, sizeof *hash);
    vsh_shard *shard = vsh_alloc(arena, (size_t)split->shards, sizeof *shard);
    vsh_status status;

    *data = (vsh_token_data){.shard = shard, .shards = split->shards};
    if (!hash || !shard)
        return vsh_fail(err, VSH_EMACHINE, "token ids: out of memory");
    status = open_shards(arena, dataset, split, shard, hash, err);
    if (status != VSH_OK) {
        vsh_token_data_close(data);
        return status;
    }
    VSH_TRY(vsh_token_data_over(arena, shard, split->shards, data, err));
    data->hash = vsh_hash64(hash, (size_t)split->shards * sizeof *hash);
    data->bytes = split->bytes;
    return VSH_OK;
}

void vsh_token_data_close(vsh_token_data *data)
{
    for (int64_t i = 0; data->shard && i < data->shards; i++)
        vsh_shard_close(&data->shard[i]);
    *data = (vsh_token_data){0};
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The shard that has this document, or this token; first goes up. */
static int64_t shard_of(const int64_t *first, int64_t shards, int64_t wanted)
{
    int64_t low = 0, high = shards;

    assert(wanted >= 0 && wanted < first[shards]);
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (first[middle] <= wanted)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int64_t vsh_token_data_begin(const vsh_token_data *data, int64_t document)
{
    int64_t at;

    if (document == data->documents)
        return data->count;
    at = shard_of(data->first_document, data->shards, document);
    return data->first_token[at] + data->shard[at].start[document - data->first_document[at]];
}

void vsh_token_data_read(const vsh_token_data *data, int64_t first, int64_t count, int32_t *out)
{
    assert(first >= 0 && count >= 0 && first + count <= data->count);
    while (count > 0) {
        int64_t at = shard_of(data->first_token, data->shards, first);
        int64_t left = data->first_token[at + 1] - first, taken = left < count ? left : count;
        for (int64_t i = 0; i < taken; i++)
            out[i] = vsh_shard_id(&data->shard[at], first - data->first_token[at] + i);
        out += taken;
        first += taken;
        count -= taken;
    }
}
