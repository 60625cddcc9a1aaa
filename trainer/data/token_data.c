#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "trainer/data/batches.h"
#include "trainer/data/whole_file.h"
#include "trainer/run/hash64.h"

/* What a cache file holds, and the only memory that a split has:
 *
 *   [header | start (documents + 1) | id (count)]
 *
 * in the machine's own byte order, which the mark tells. */
typedef struct {
    char mark[8];
    uint64_t order;
    uint64_t key; /* of everything that decides the ids */
    int64_t documents, count, bytes;
    uint64_t hash;        /* of what follows the header */
    uint64_t header_hash; /* of the fields above */
} header;

static const char mark[8] = "vshids1";
static const uint64_t byte_order = 0x0102030405060708u;
static const int64_t cache_bytes_max = (int64_t)1 << 40;

/* ---- layout ------------------------------------------------------------------------------- */

static size_t body_bytes(const header *head)
{
    return ((size_t)head->documents + 1) * sizeof(int64_t) + (size_t)head->count * sizeof(int32_t);
}

static uint64_t header_hash(const header *head)
{
    return vsh_hash64(head, offsetof(header, header_hash));
}

static int64_t *starts_in(void *blob) { return (int64_t *)((char *)blob + sizeof(header)); }

static int32_t *ids_in(void *blob)
{
    return (int32_t *)(starts_in(blob) + ((header *)blob)->documents + 1);
}

static void point_into(void *blob, vsh_token_data *data)
{
    const header *head = blob;

    *data = (vsh_token_data){.id = ids_in(blob),
                             .start = starts_in(blob),
                             .documents = head->documents,
                             .count = head->count,
                             .hash = head->hash,
                             .bytes = head->bytes};
}

/* ---- the cache ---------------------------------------------------------------------------- */

static uint64_t cache_key(const vsh_corpus *corpus, const vsh_tokenizer *tokenizer, bool held_out,
                          int64_t one_in)
{
    const uint64_t parts[] = {
        vsh_hash64(corpus->text, (size_t)corpus->bytes),
        vsh_hash64(corpus->start, ((size_t)corpus->documents + 1) * sizeof *corpus->start),
        vsh_tokenizer_hash(tokenizer),
        (uint64_t)vsh_tokenizer_vocab(tokenizer),
        held_out,
        (uint64_t)one_in,
    };

    return vsh_hash64(parts, sizeof parts);
}

static bool header_holds(const header *head, int64_t length, uint64_t key)
{
    return length >= (int64_t)sizeof *head && memcmp(head->mark, mark, sizeof mark) == 0 &&
           head->order == byte_order && head->header_hash == header_hash(head) &&
           head->key == key && head->documents > 0 && head->documents < length && head->count > 0 &&
           head->count < length && (size_t)length == sizeof *head + body_bytes(head);
}

static bool body_holds(void *blob, int32_t vocab)
{
    const header *head = blob;
    const int64_t *start = starts_in(blob);
    const int32_t *id = ids_in(blob);

    if (vsh_hash64(start, body_bytes(head)) != head->hash || start[0] != 0 ||
        start[head->documents] != head->count)
        return false;
    for (int64_t i = 0; i < head->documents; i++)
        if (start[i + 1] <= start[i])
            return false;
    for (int64_t i = 0; i < head->count; i++)
        if (id[i] < 0 || id[i] >= vocab)
            return false;
    return true;
}

/* false: there is none, or another's, or it is damaged; it is then made anew. */
static bool read_cache(vsh_arena *arena, const char *path, uint64_t key, int32_t vocab,
                       vsh_token_data *data)
{
    int64_t length;
    char *blob;

    if (access(path, R_OK) != 0 ||
        vsh_whole_file_read(arena, path, cache_bytes_max, &blob, &length, NULL) != VSH_OK ||
        !header_holds((const header *)(void *)blob, length, key) || !body_holds(blob, vocab))
        return false;
    point_into(blob, data);
    return true;
}

/* ---- making ------------------------------------------------------------------------------- */

/* Ids of the split, growing; starts are known only when all are there. */
typedef struct {
    vsh_ids ids;
    int64_t *start;
    int64_t documents, bytes;
} split;

static vsh_status encode_split(const vsh_corpus *corpus, const vsh_tokenizer *tokenizer,
                               bool held_out, int64_t one_in, split *made, vsh_error *err)
{
    const int32_t end = vsh_tokenizer_end(tokenizer);

    for (int64_t i = 0; i < corpus->documents; i++) {
        int64_t length = corpus->start[i + 1] - corpus->start[i];
        if (vsh_corpus_held_out(corpus, i, one_in) != held_out)
            continue;
        made->start[made->documents++] = made->ids.count;
        made->bytes += length;
        VSH_TRY(vsh_tokenizer_encode(tokenizer, corpus->text + corpus->start[i], (size_t)length,
                                     &made->ids, err));
        VSH_TRY(vsh_ids_add(&made->ids, &end, 1, err));
    }
    if (made->documents == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: expected documents to %s, found none among %lld when one in %lld is "
                        "held out (blank lines part documents)",
                        corpus->description, held_out ? "hold out" : "train on",
                        (long long)corpus->documents, (long long)one_in);
    return VSH_OK;
}

static vsh_status pack(vsh_arena *arena, const split *made, uint64_t key, void **blob,
                       vsh_error *err)
{
    header head = {.order = byte_order,
                   .key = key,
                   .documents = made->documents,
                   .count = made->ids.count,
                   .bytes = made->bytes};
    int64_t *start;

    memcpy(head.mark, mark, sizeof mark);
    *blob = vsh_alloc(arena, 1, sizeof head + body_bytes(&head));
    if (!*blob)
        return vsh_fail(err, VSH_EMACHINE, "token ids: out of memory");
    memcpy(*blob, &head, sizeof head); /* the places depend on it */
    start = starts_in(*blob);
    memcpy(start, made->start, (size_t)made->documents * sizeof *start);
    start[made->documents] = made->ids.count;
    memcpy(ids_in(*blob), made->ids.id, (size_t)made->ids.count * sizeof *made->ids.id);
    head.hash = vsh_hash64(start, body_bytes(&head));
    head.header_hash = header_hash(&head);
    memcpy(*blob, &head, sizeof head);
    return VSH_OK;
}

static vsh_status make(vsh_arena *arena, vsh_arena *room, const vsh_corpus *corpus,
                       const vsh_tokenizer *tokenizer, bool held_out, int64_t one_in, uint64_t key,
                       void **blob, vsh_error *err)
{
    split made = {.ids = {.arena = room},
                  .start = vsh_alloc(room, (size_t)corpus->documents, sizeof(int64_t))};

    if (!made.start)
        return vsh_fail(err, VSH_EMACHINE, "token ids: out of memory");
    VSH_TRY(encode_split(corpus, tokenizer, held_out, one_in, &made, err));
    return pack(arena, &made, key, blob, err);
}

static vsh_status write_cache(const char *path, void *blob, vsh_error *err)
{
    const vsh_text whole = {.data = blob, .length = sizeof(header) + body_bytes(blob)};

    return vsh_file_write(path, &whole, err);
}

vsh_status vsh_token_data_make(vsh_arena *arena, const vsh_corpus *corpus,
                               const vsh_tokenizer *tokenizer, bool held_out, int64_t one_in,
                               const char *cache_path, vsh_token_data *data, vsh_error *err)
{
    const uint64_t key = cache_key(corpus, tokenizer, held_out, one_in);
    vsh_text path = {.arena = arena};
    vsh_arena room = {0};
    vsh_status status;
    void *blob;

    if (cache_path) {
        vsh_text_add(&path, "%s.%s.ids", cache_path, held_out ? "held-out" : "train");
        if (!path.failed && read_cache(arena, path.data, key, vsh_tokenizer_vocab(tokenizer), data))
            return VSH_OK;
    }
    status = make(arena, &room, corpus, tokenizer, held_out, one_in, key, &blob, err);
    vsh_arena_free(&room);
    if (status != VSH_OK)
        return status;
    point_into(blob, data);
    return cache_path ? write_cache(vsh_text_string(&path), blob, err) : VSH_OK;
}
