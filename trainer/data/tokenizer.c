#include "trainer/data/tokenizer.h"

#include <assert.h>
#include <string.h>

#include "trainer/base/hash64.h"
#include "trainer/base/whole_file.h"
#include "trainer/data/spm_model.h"
#include "trainer/data/spm_shim.h"

enum {
    BYTE_END = 256,
    BYTE_VOCAB = 257,
    /* The library keeps some 50 bytes for each byte of a text: long ones are encoded in parts, each
     * ended at a blank or a newline of its last SEAM bytes when there is one. */
    PART_BYTES = 64 << 10,
    SEAM_BYTES = 4 << 10
};

struct vsh_tokenizer {
    const char *path; /* NULL: bytes */
    vsh_spm_model model;
    void *processor;
    uint64_t hash;
};

/* ---- opening ------------------------------------------------------------------------------ */

static vsh_status open_model(vsh_arena *arena, vsh_tokenizer *tokenizer, vsh_error *err)
{
    vsh_text canonical = {.arena = arena};
    char why[256] = "", *bytes;
    int64_t length;

    VSH_TRY(vsh_whole_file_read(arena, tokenizer->path, VSH_SPM_FILE_BYTES, &bytes, &length, err));
    VSH_TRY(vsh_spm_model_parse(arena, tokenizer->path, bytes, length, &tokenizer->model, err));
    vsh_spm_model_write(&tokenizer->model, &canonical);
    if (canonical.failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", tokenizer->path);
    tokenizer->hash = vsh_hash64(canonical.data, canonical.length);
    tokenizer->processor = vsh_spm_open(canonical.data, canonical.length, why, sizeof why);
    if (!tokenizer->processor)
        return vsh_fail(err, VSH_EINPUT, "%s: SentencePiece refuses it: %s", tokenizer->path, why);
    return VSH_OK;
}

vsh_status vsh_tokenizer_open(vsh_arena *arena, const char *path, vsh_tokenizer **tokenizer,
                              vsh_error *err)
{
    *tokenizer = vsh_alloc(arena, 1, sizeof **tokenizer);
    if (!*tokenizer)
        return vsh_fail(err, VSH_EMACHINE, "tokenizer: out of memory");
    if (!path)
        return VSH_OK;
    (*tokenizer)->path = vsh_copy_text(arena, path, strlen(path));
    if (!(*tokenizer)->path)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    return open_model(arena, *tokenizer, err);
}

void vsh_tokenizer_close(vsh_tokenizer *tokenizer)
{
    if (tokenizer && tokenizer->processor) {
        vsh_spm_close(tokenizer->processor);
        tokenizer->processor = NULL;
    }
}

bool vsh_tokenizer_is_word(const char *word)
{
    static const char *const words[] = {"unigram", "bpe", "bytes", NULL};

    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

int32_t vsh_tokenizer_vocab(const vsh_tokenizer *tokenizer)
{
    return tokenizer->path ? tokenizer->model.count : BYTE_VOCAB;
}

int32_t vsh_tokenizer_end(const vsh_tokenizer *tokenizer)
{
    return tokenizer->path ? tokenizer->model.end : BYTE_END;
}

int32_t vsh_tokenizer_piece(const vsh_tokenizer *tokenizer, const char *name)
{
    const size_t length = strlen(name);

    for (int32_t i = 0; tokenizer->path && i < tokenizer->model.count; i++) {
        const vsh_spm_piece *piece = &tokenizer->model.piece[i];
        if (piece->kind == VSH_SPM_CONTROL && (size_t)piece->length == length &&
            memcmp(piece->text, name, length) == 0)
            return i;
    }
    return -1;
}

uint64_t vsh_tokenizer_hash(const vsh_tokenizer *tokenizer) { return tokenizer->hash; }

const char *vsh_tokenizer_path(const vsh_tokenizer *tokenizer) { return tokenizer->path; }

/* ---- encoding ----------------------------------------------------------------------------- */

/* Room for count more; false and sticky when memory ends. */
static bool ids_reserve(vsh_ids *ids, int64_t count)
{
    int64_t capacity = ids->capacity ? ids->capacity : 1024;
    int32_t *id;

    if (ids->failed || count <= ids->capacity - ids->count)
        return !ids->failed;
    while (capacity - ids->count < count)
        capacity *= 2;
    id = vsh_alloc(ids->arena, (size_t)capacity, sizeof *id);
    if (!id) {
        ids->failed = true;
        return false;
    }
    if (ids->count)
        memcpy(id, ids->id, (size_t)ids->count * sizeof *id);
    ids->id = id;
    ids->capacity = capacity;
    return true;
}

static bool add_ids(void *context, const int *ids, size_t count)
{
    vsh_ids *to = context;

    _Static_assert(sizeof(int) == sizeof(int32_t), "the library's ids are ours");
    if (!ids_reserve(to, (int64_t)count))
        return false;
    if (count)
        memcpy(to->id + to->count, ids, count * sizeof *ids);
    to->count += (int64_t)count;
    return true;
}

vsh_status vsh_ids_add(vsh_ids *ids, const int32_t *id, int64_t count, vsh_error *err)
{
    return add_ids(ids, id, (size_t)count) ? VSH_OK
                                           : vsh_fail(err, VSH_EMACHINE, "tokens: out of memory");
}

/* By their pieces, or as they are when there is no model. */
static void add_bytes(const vsh_tokenizer *tokenizer, const char *bytes, size_t length,
                      vsh_ids *ids)
{
    if (!ids_reserve(ids, (int64_t)length))
        return;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        ids->id[ids->count++] = tokenizer->path ? tokenizer->model.byte_id[byte] : byte;
    }
}

/* Bytes of the character at text; 0 when the library cannot be given what stands there: NUL,
 * malformed UTF-8, the character that it writes for a blank, and a blank that has no piece; and for
 * a line break that no piece has, so that lines have the ids that spm_encode gives them. */
static size_t plain_character(const vsh_tokenizer *tokenizer, const char *text, size_t left)
{
    if (*text == '\n')
        return tokenizer->model.breaks;
    if ((unsigned char)*text < 0x80)
        return *text != '\0' && (*text != ' ' || tokenizer->model.blank >= 0);
    if (left >= 3 && memcmp(text, "\u2581", 3) == 0)
        return 0;
    return (size_t)vsh_utf8_bytes(text, (int64_t)left);
}

/* Where to end a part of a run of plain characters that is full: before a blank, after a newline,
 * or where it is. */
static size_t seam(const char *run, size_t length)
{
    for (size_t end = length; end > length - SEAM_BYTES; end--)
        if (run[end - 1] == '\n' || (run[end] == ' ' && run[end - 1] != ' '))
            return end;
    return length;
}

static vsh_status encode_run(const vsh_tokenizer *tokenizer, const char *run, size_t length,
                             vsh_ids *ids, vsh_error *err)
{
    char why[256] = "";

    if (length == 0 ||
        vsh_spm_encode(tokenizer->processor, run, length, add_ids, ids, why, sizeof why))
        return VSH_OK;
    return vsh_fail(err, VSH_EMACHINE, "%s: SentencePiece cannot encode: %s", tokenizer->path, why);
}

static vsh_status encode_by_model(const vsh_tokenizer *tokenizer, const char *text, size_t length,
                                  vsh_ids *ids, vsh_error *err)
{
    size_t begin = 0, at = 0; /* the run of plain characters not yet encoded */

    while (at < length) {
        size_t plain = plain_character(tokenizer, text + at, length - at);
        if (plain == 0) {
            VSH_TRY(encode_run(tokenizer, text + begin, at - begin, ids, err));
            add_bytes(tokenizer, text + at, 1, ids);
            begin = ++at;
        } else if (at + plain - begin > PART_BYTES) {
            size_t part = seam(text + begin, at - begin);
            VSH_TRY(encode_run(tokenizer, text + begin, part, ids, err));
            begin += part;
        } else {
            at += plain;
        }
    }
    return encode_run(tokenizer, text + begin, at - begin, ids, err);
}

vsh_status vsh_tokenizer_encode(const vsh_tokenizer *tokenizer, const char *text, size_t length,
                                vsh_ids *ids, vsh_error *err)
{
    assert(ids && ids->arena);
    if (tokenizer->path)
        VSH_TRY(encode_by_model(tokenizer, text, length, ids, err));
    else
        add_bytes(tokenizer, text, length, ids);
    return ids->failed ? vsh_fail(err, VSH_EMACHINE, "tokens: out of memory") : VSH_OK;
}

/* ---- decoding ----------------------------------------------------------------------------- */

static void put_piece(const vsh_spm_piece *piece, vsh_text *text)
{
    const char *at = piece->text, *end = at + piece->length;

    while (at < end) {
        const char *blank = at;
        while (blank < end && (end - blank < 3 || memcmp(blank, "\u2581", 3) != 0))
            blank++;
        vsh_text_put(text, at, (size_t)(blank - at));
        if (blank < end) {
            vsh_text_put(text, " ", 1);
            blank += 3;
        }
        at = blank;
    }
}

static void decode_piece(const vsh_tokenizer *tokenizer, int32_t id, vsh_text *text)
{
    const vsh_spm_piece *piece = &tokenizer->model.piece[id];

    if (piece->kind == VSH_SPM_BYTE) {
        for (int byte = 0; byte < 256; byte++)
            if (tokenizer->model.byte_id[byte] == id)
                vsh_text_put(text, &(char){(char)byte}, 1);
    } else if (piece->kind == VSH_SPM_UNKNOWN) {
        vsh_text_put(text, "\ufffd", strlen("\ufffd"));
    } else if (piece->kind != VSH_SPM_CONTROL) {
        put_piece(piece, text);
    }
}

vsh_status vsh_tokenizer_decode(const vsh_tokenizer *tokenizer, const int32_t *ids, int64_t count,
                                vsh_text *text, vsh_error *err)
{
    const int32_t vocab = vsh_tokenizer_vocab(tokenizer);

    for (int64_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= vocab)
            return vsh_fail(err, VSH_EINPUT, "token %lld: expected an id of 0 to %d, got %d",
                            (long long)i, vocab - 1, ids[i]);
        if (tokenizer->path)
            decode_piece(tokenizer, ids[i], text);
        else if (ids[i] != BYTE_END)
            vsh_text_put(text, &(char){(char)ids[i]}, 1);
    }
    return text->failed ? vsh_fail(err, VSH_EMACHINE, "text: out of memory") : VSH_OK;
}
