#include "trainer/data/spm_model.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "trainer/base/hash64.h"

/* ---- the wire format of protocol buffers -------------------------------------------------- */

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Bytes not yet read; positions in messages count from the begin of the file. */
typedef struct {
    const char *path;
    const unsigned char *file, *at, *end;
    vsh_error *err;
} reader;

typedef struct {
    uint32_t number;
    int wire;
    uint64_t value;             /* varints and fixed numbers */
    const unsigned char *bytes; /* WIRE_BYTES */
    int64_t length;
} field;

static vsh_status refuse(const reader *in, const char *what)
{
    return vsh_fail(in->err, VSH_EINPUT, "%s: byte %lld: %s", in->path,
                    (long long)(in->at - in->file), what);
}

static vsh_status read_varint(reader *in, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < 10 && in->at < in->end; i++) {
        unsigned char byte = *in->at++;
        if (i == 9 && byte > 1)
            return refuse(in, "a number of more than 64 bits");
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return VSH_OK;
    }
    return refuse(in, "a number that does not end");
}

static vsh_status read_fixed(reader *in, int bytes, uint64_t *value)
{
    if (in->end - in->at < bytes)
        return refuse(in, "cut off inside a number");
    *value = 0;
    for (int i = 0; i < bytes; i++)
        *value |= (uint64_t)*in->at++ << (8 * i);
    return VSH_OK;
}

static vsh_status read_field(reader *in, field *got)
{
    uint64_t key;

    VSH_TRY(read_varint(in, &key));
    *got = (field){.number = (uint32_t)(key >> 3), .wire = (int)(key & 7)};
    if (key >> 3 == 0 || key >> 3 > 0x1fffffff)
        return refuse(in, "a field number that the format has not");
    if (got->wire == WIRE_VARINT)
        return read_varint(in, &got->value);
    if (got->wire == WIRE_FIXED64 || got->wire == WIRE_FIXED32)
        return read_fixed(in, got->wire == WIRE_FIXED64 ? 8 : 4, &got->value);
    if (got->wire != WIRE_BYTES)
        return refuse(in, "a field of unknown type");
    VSH_TRY(read_varint(in, &got->value));
    if (got->value > (uint64_t)(in->end - in->at))
        return refuse(in, "a field longer than what is left");
    got->bytes = in->at;
    got->length = (int64_t)got->value;
    in->at += got->length;
    return VSH_OK;
}

static vsh_status expect_wire(const reader *in, const field *got, int wire)
{
    return got->wire == wire ? VSH_OK : refuse(in, "a known field of another type");
}

/* ---- pieces ------------------------------------------------------------------------------- */

static bool is_utf8(const char *text, int64_t length)
{
    while (length > 0) {
        const int bytes = vsh_utf8_bytes(text, length);
        if (bytes == 0 || *text == '\0') /* the library ends its keys at a NUL */
            return false;
        text += bytes;
        length -= bytes;
    }
    return true;
}

static vsh_status refuse_piece(const reader *in, int32_t index, const char *what)
{
    return vsh_fail(in->err, VSH_EINPUT, "%s: piece %d: %s", in->path, index, what);
}

static vsh_status read_piece(reader in, int32_t index, vsh_spm_piece *piece)
{
    field got;

    *piece = (vsh_spm_piece){.kind = VSH_SPM_NORMAL};
    while (in.at < in.end) {
        VSH_TRY(read_field(&in, &got));
        if (got.number == 1) {
            VSH_TRY(expect_wire(&in, &got, WIRE_BYTES));
            if (got.length > VSH_SPM_PIECE_BYTES)
                return refuse_piece(&in, index, "longer than 512 bytes");
            piece->text = (const char *)got.bytes;
            piece->length = (int32_t)got.length;
        } else if (got.number == 2) {
            uint32_t bits = (uint32_t)got.value;
            VSH_TRY(expect_wire(&in, &got, WIRE_FIXED32));
            memcpy(&piece->score, &bits, sizeof bits);
        } else if (got.number == 3) {
            VSH_TRY(expect_wire(&in, &got, WIRE_VARINT));
            piece->kind = got.value <= VSH_SPM_BYTE ? (int32_t)got.value : 0;
        }
    }
    if (piece->length == 0)
        return refuse_piece(&in, index, "empty");
    if (!is_utf8(piece->text, piece->length))
        return refuse_piece(&in, index, "expected UTF-8 without NUL");
    /* sums of scores over a text must stay finite, too */
    if (!(fabsf(piece->score) <= 1e9f))
        return refuse_piece(&in, index, "expected a finite score of at most 1e9");
    if (piece->kind < VSH_SPM_NORMAL)
        return refuse_piece(&in, index, "of unknown type");
    return VSH_OK;
}

/* ---- training and normalization ----------------------------------------------------------- */

/* What the two specifications say; absent fields have the format's defaults. */
typedef struct {
    uint64_t algorithm;
    bool byte_fallback;
    const char *end;
    int64_t end_length;
    bool add_prefix, remove_blanks, escape_blanks;
} specification;

static vsh_status read_training(reader in, specification *spec)
{
    field got;

    while (in.at < in.end) {
        VSH_TRY(read_field(&in, &got));
        if (got.number == 3 || got.number == 35) {
            VSH_TRY(expect_wire(&in, &got, WIRE_VARINT));
            if (got.number == 3)
                spec->algorithm = got.value;
            else
                spec->byte_fallback = got.value != 0;
        } else if (got.number == 47) {
            VSH_TRY(expect_wire(&in, &got, WIRE_BYTES));
            spec->end = (const char *)got.bytes;
            spec->end_length = got.length;
        }
    }
    return VSH_OK;
}

static vsh_status read_normalization(reader in, bool backwards, specification *spec)
{
    bool *const flags[] = {&spec->add_prefix, &spec->remove_blanks, &spec->escape_blanks};
    field got;

    while (in.at < in.end) {
        VSH_TRY(read_field(&in, &got));
        if (got.number == 2) {
            VSH_TRY(expect_wire(&in, &got, WIRE_BYTES));
            if (got.length > 0)
                return refuse(&in,
                              "expected no character map: only identity normalization is read");
        } else if (got.number >= 3 && got.number <= 5) {
            VSH_TRY(expect_wire(&in, &got, WIRE_VARINT));
            if (!backwards)
                *flags[got.number - 3] = got.value != 0;
        }
    }
    return VSH_OK;
}

static vsh_status check_specification(const char *path, const specification *spec, vsh_error *err)
{
    const struct {
        bool holds;
        const char *expected;
    } laws[] = {
        {spec->algorithm == VSH_SPM_UNIGRAM || spec->algorithm == VSH_SPM_BPE,
         "model_type unigram or bpe"},
        {spec->byte_fallback, "byte_fallback, so that no text is lost"},
        {!spec->add_prefix, "add_dummy_prefix false, so that text comes back as it was"},
        {!spec->remove_blanks, "remove_extra_whitespaces false, so that text comes back as it was"},
        {spec->escape_blanks, "escape_whitespaces true"},
    };

    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
        if (!laws[i].holds)
            return vsh_fail(err, VSH_EINPUT, "%s: expected %s", path, laws[i].expected);
    return VSH_OK;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static reader inside(const reader *in, const field *got)
{
    reader part = *in;

    part.at = got->bytes;
    part.end = got->bytes + got->length;
    return part;
}

/* Pieces are counted first, so that they are allocated once. */
static vsh_status count_pieces(reader in, int64_t *count)
{
    field got;

    *count = 0;
    while (in.at < in.end) {
        VSH_TRY(read_field(&in, &got));
        *count += got.number == 1;
    }
    if (*count == 0 || *count > VSH_SPM_PIECES)
        return vsh_fail(in.err, VSH_EINPUT, "%s: expected 1 to %d pieces, got %lld", in.path,
                        VSH_SPM_PIECES, (long long)*count);
    return VSH_OK;
}

static vsh_status read_model(reader in, vsh_spm_piece *pieces, int32_t *count, specification *spec)
{
    bool seen[6] = {false};
    field got;

    while (in.at < in.end) {
        VSH_TRY(read_field(&in, &got));
        if (got.number > 5)
            continue; /* later versions add fields */
        VSH_TRY(expect_wire(&in, &got, WIRE_BYTES));
        if (got.number > 1 && seen[got.number])
            return refuse(&in, "a part twice");
        seen[got.number] = true;
        if (got.number == 1) {
            VSH_TRY(read_piece(inside(&in, &got), *count, &pieces[*count]));
            ++*count;
        } else if (got.number == 2) {
            VSH_TRY(read_training(inside(&in, &got), spec));
        } else if (got.number != 4) { /* 4: the trainer's own samples, which nothing needs */
            VSH_TRY(read_normalization(inside(&in, &got), got.number == 5, spec));
        }
    }
    return VSH_OK;
}

/* A table of twice as many places, filled by hash: equal pieces meet. */
static vsh_status check_unique(vsh_arena *arena, const reader *in, const vsh_spm_model *model)
{
    uint64_t places = 2;
    int32_t *table;

    while (places < 2 * (uint64_t)model->count)
        places *= 2;
    table = vsh_alloc(arena, places, sizeof *table); /* index + 1; 0: free */
    if (!table)
        return vsh_fail(in->err, VSH_EMACHINE, "%s: out of memory", in->path);
    for (int32_t i = 0; i < model->count; i++) {
        const vsh_spm_piece *piece = &model->piece[i];
        uint64_t at = vsh_hash64(piece->text, (size_t)piece->length) & (places - 1);
        for (; table[at]; at = (at + 1) & (places - 1)) {
            const vsh_spm_piece *other = &model->piece[table[at] - 1];
            if (other->length == piece->length &&
                memcmp(other->text, piece->text, (size_t)piece->length) == 0)
                return refuse_piece(in, i, "twice in the model");
        }
        table[at] = i + 1;
    }
    return VSH_OK;
}

/* "<0x00>" to "<0xFF>"; -1 for anything else. */
static int byte_of_piece(const vsh_spm_piece *piece)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *high, *low;

    if (piece->length != 6 || memcmp(piece->text, "<0x", 3) != 0 || piece->text[5] != '>')
        return -1;
    high = memchr(digits, piece->text[3], 16);
    low = memchr(digits, piece->text[4], 16);
    return high && low ? (int)(16 * (high - digits) + (low - digits)) : -1;
}

static bool piece_is(const vsh_spm_piece *piece, const char *text, int64_t length)
{
    return piece->length == length && memcmp(piece->text, text, (size_t)length) == 0;
}

static bool is_one_character(const vsh_spm_piece *piece)
{
    int bytes = 1;

    while (bytes < piece->length && ((unsigned char)piece->text[bytes] & 0xc0) == 0x80)
        bytes++;
    return bytes == piece->length;
}

/* The pieces with a task of their own. */
static vsh_status find_special(const reader *in, const specification *spec, vsh_spm_model *model)
{
    int bytes_found = 0;

    for (int i = 0; i < 256; i++)
        model->byte_id[i] = -1;
    for (int32_t i = 0; i < model->count; i++) {
        const vsh_spm_piece *piece = &model->piece[i];
        int byte = piece->kind == VSH_SPM_BYTE ? byte_of_piece(piece) : -1;
        if (piece->kind == VSH_SPM_UNKNOWN && model->unknown >= 0)
            return refuse_piece(in, i, "a second unknown piece");
        if (piece->kind == VSH_SPM_UNKNOWN)
            model->unknown = i;
        /* the library would take the character for the piece, and then find text left over */
        if (piece->kind == VSH_SPM_CONTROL && spec->algorithm == VSH_SPM_BPE &&
            is_one_character(piece))
            return refuse_piece(in, i, "a control piece of one character");
        if (piece->kind == VSH_SPM_BYTE && byte < 0)
            return refuse_piece(in, i, "expected a byte such as <0x0A>");
        if (byte >= 0) {
            model->byte_id[byte] = i;
            bytes_found++;
        }
        if (piece->kind == VSH_SPM_CONTROL && piece_is(piece, spec->end, spec->end_length))
            model->end = i;
        if (piece->kind == VSH_SPM_NORMAL && piece_is(piece, "\u2581", 3))
            model->blank = i;
        model->breaks |= memchr(piece->text, '\n', (size_t)piece->length) != NULL;
    }
    if (bytes_found != 256) /* no piece stands twice */
        return vsh_fail(in->err, VSH_EINPUT, "%s: expected 256 byte pieces, got %d", in->path,
                        bytes_found);
    if (model->unknown < 0)
        return vsh_fail(in->err, VSH_EINPUT, "%s: no piece for unknown text", in->path);
    if (model->end < 0)
        return vsh_fail(in->err, VSH_EINPUT, "%s: no control piece that ends a document", in->path);
    return VSH_OK;
}

vsh_status vsh_spm_model_parse(vsh_arena *arena, const char *path, const void *bytes,
                               int64_t length, vsh_spm_model *model, vsh_error *err)
{
    const unsigned char *file = bytes;
    reader in = {path, file, file, file + length, err};
    specification spec = {.algorithm = VSH_SPM_UNIGRAM,
                          .end = "</s>",
                          .end_length = 4,
                          .add_prefix = true,
                          .remove_blanks = true,
                          .escape_blanks = true};
    vsh_spm_piece *pieces;
    int64_t count;

    if (length > VSH_SPM_FILE_BYTES)
        return vsh_fail(err, VSH_EINPUT, "%s: longer than 64 MiB", path);
    VSH_TRY(count_pieces(in, &count));
    pieces = vsh_alloc(arena, (size_t)count, sizeof *pieces);
    if (!pieces)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    *model = (vsh_spm_model){.piece = pieces, .unknown = -1, .end = -1, .blank = -1};
    VSH_TRY(read_model(in, pieces, &model->count, &spec));
    VSH_TRY(check_specification(path, &spec, err));
    model->algorithm = (int32_t)spec.algorithm;
    VSH_TRY(check_unique(arena, &in, model));
    return find_special(&in, &spec, model);
}

/* ---- writing ------------------------------------------------------------------------------ */

static void put_varint(vsh_text *text, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        vsh_text_put(text, &(char){(char)(value | 0x80)}, 1);
    vsh_text_put(text, &(char){(char)value}, 1);
}

static void put_number(vsh_text *text, uint32_t number, uint64_t value)
{
    put_varint(text, number << 3 | WIRE_VARINT);
    put_varint(text, value);
}

static void put_bytes(vsh_text *text, uint32_t number, const char *bytes, size_t length)
{
    put_varint(text, number << 3 | WIRE_BYTES);
    put_varint(text, length);
    vsh_text_put(text, bytes, length);
}

static void put_piece(vsh_text *text, vsh_text *room, const vsh_spm_piece *piece)
{
    uint32_t bits;

    room->length = 0;
    memcpy(&bits, &piece->score, sizeof bits);
    put_bytes(room, 1, piece->text, (size_t)piece->length);
    put_varint(room, 2 << 3 | WIRE_FIXED32);
    for (int i = 0; i < 4; i++)
        vsh_text_put(room, &(char){(char)(bits >> (8 * i))}, 1);
    put_number(room, 3, (uint64_t)piece->kind);
    put_bytes(text, 1, room->data, room->length);
}

void vsh_spm_model_write(const vsh_spm_model *model, vsh_text *text)
{
    const vsh_spm_piece *unknown = &model->piece[model->unknown], *end = &model->piece[model->end];
    vsh_text room = {.arena = text->arena};

    for (int32_t i = 0; i < model->count && !room.failed; i++)
        put_piece(text, &room, &model->piece[i]);
    room.length = 0;
    put_number(&room, 3, (uint64_t)model->algorithm);
    put_number(&room, 4, (uint64_t)model->count);
    put_number(&room, 35, 1);
    put_number(&room, 40, (uint64_t)model->unknown);
    put_number(&room, 42, (uint64_t)model->end);
    put_bytes(&room, 45, unknown->text, (size_t)unknown->length);
    put_bytes(&room, 47, end->text, (size_t)end->length);
    put_bytes(text, 2, vsh_text_string(&room), room.length);
    room.length = 0;
    put_bytes(&room, 1, "identity", strlen("identity"));
    put_number(&room, 3, 0);
    put_number(&room, 4, 0);
    put_number(&room, 5, 1);
    put_bytes(text, 3, vsh_text_string(&room), room.length);
    text->failed |= room.failed;
}
