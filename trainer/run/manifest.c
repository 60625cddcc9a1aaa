#include "trainer/run/manifest.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "trainer/base/hash64.h"
#include "trainer/base/json_read.h"
#include "trainer/base/mapped_file.h"

static const char format_name[] = "vishwa-checkpoint";
enum { FORMAT_VERSION = 1, HEX = 16 };

typedef enum { FIELD_COUNT, FIELD_REAL, FIELD_HEX, FIELD_TEXT } field_kind;

static const struct {
    const char *key;
    field_kind kind;
    size_t at;
} fields[] = {
    {"step", FIELD_COUNT, offsetof(vsh_checkpoint_state, step)},
    {"tokens", FIELD_COUNT, offsetof(vsh_checkpoint_state, tokens)},
    {"skipped", FIELD_COUNT, offsetof(vsh_checkpoint_state, skipped)},
    {"rollbacks", FIELD_COUNT, offsetof(vsh_checkpoint_state, rollbacks)},
    {"spike_mean", FIELD_REAL, offsetof(vsh_checkpoint_state, spike_mean)},
    {"spike_variance", FIELD_REAL, offsetof(vsh_checkpoint_state, spike_variance)},
    {"spike_count", FIELD_COUNT, offsetof(vsh_checkpoint_state, spike_count)},
    {"seed", FIELD_HEX, offsetof(vsh_checkpoint_state, seed)},
    {"config_hash", FIELD_HEX, offsetof(vsh_checkpoint_state, config_hash)},
    {"data_hash", FIELD_HEX, offsetof(vsh_checkpoint_state, data_hash)},
    {"kernels", FIELD_TEXT, offsetof(vsh_checkpoint_state, kernels)},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

/* ---- writing ------------------------------------------------------------------------------- */

/* 64 bits as 16 digits: a JSON number would lose some of them in other readers. */
static void put_hex(vsh_json *json, const char *key, uint64_t value)
{
    char digits[HEX + 1];

    snprintf(digits, sizeof digits, "%016" PRIx64, value);
    vsh_json_string(json, key, digits);
}

static void put_text(vsh_json *json, const char *key, const char *text)
{
    vsh_json_string(json, key, text ? text : "");
}

static void put_state(vsh_json *json, const vsh_checkpoint_state *state)
{
    vsh_json_object(json, "state");
    for (int i = 0; i < FIELDS; i++) {
        const char *at = (const char *)state + fields[i].at;
        if (fields[i].kind == FIELD_COUNT)
            vsh_json_integer(json, fields[i].key, *(const int64_t *)at);
        else if (fields[i].kind == FIELD_REAL) /* + 0.0: JSON has no negative zero */
            vsh_json_real(json, fields[i].key, *(const double *)at + 0.0);
        else if (fields[i].kind == FIELD_HEX)
            put_hex(json, fields[i].key, *(const uint64_t *)at);
        else
            put_text(json, fields[i].key, *(const char *const *)at);
    }
    vsh_json_end(json);
}

static void put_file(vsh_json *json, const vsh_manifest_file *file)
{
    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", file->name);
    vsh_json_integer(json, "bytes", file->bytes);
    put_hex(json, file->tensors ? "head_xxh64" : "xxh64", file->hash);
    if (file->tensors) {
        vsh_json_array(json, "tensors");
        for (int64_t i = 0; i < file->count; i++) {
            vsh_json_object(json, NULL);
            vsh_json_string(json, "name", file->tensors[i].name);
            put_hex(json, "xxh64", file->tensors[i].hash);
            vsh_json_end(json);
        }
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

/* How the text ends, whatever the checksum. */
static void show_end(char *room, size_t room_bytes, uint64_t checksum)
{
    snprintf(room, room_bytes, ",\n  \"xxh64\": \"%016" PRIx64 "\"\n}\n", checksum);
}

vsh_status vsh_manifest_text(const char *path, const vsh_manifest *manifest, vsh_text *text,
                             vsh_error *err)
{
    vsh_json json = {.out = text};
    char end[64];
    size_t length;

    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "format", format_name);
    vsh_json_integer(&json, "version", FORMAT_VERSION);
    put_state(&json, &manifest->state);
    vsh_json_array(&json, "files");
    for (int64_t i = 0; i < manifest->file_count; i++)
        put_file(&json, &manifest->files[i]);
    vsh_json_end(&json);
    put_hex(&json, "xxh64", 0);
    vsh_json_end(&json);
    if (text->failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    if (json.refused)
        return vsh_fail(err, VSH_EINPUT, "%s: statistics of the loss are not finite", path);
    show_end(end, sizeof end, 0);
    length = strlen(end);
    assert(text->length > length && strcmp(text->data + text->length - length, end) == 0);
    show_end(end, sizeof end, vsh_hash64(text->data, text->length));
    memcpy(text->data + text->length - length, end, length);
    return VSH_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct {
    vsh_arena *arena;
    const char *path;
    vsh_error *err;
} reader;

static vsh_status wrong(const reader *r, const char *where, const char *what)
{
    return vsh_fail(r->err, VSH_EINPUT, "%s: %.200s: %s", r->path, where, what);
}

/* Compares the end of the text as text: a digit in another case is damage too. */
static vsh_status check_sum(const reader *r, char *text, size_t length)
{
    char end[64], found[64];
    size_t end_length;

    show_end(end, sizeof end, 0);
    end_length = strlen(end);
    if (length < end_length || memcmp(text, "{\n", 2) != 0)
        return vsh_fail(r->err, VSH_EINPUT, "%s: damaged: no manifest, or cut off", r->path);
    memcpy(found, text + length - end_length, end_length);
    memcpy(text + length - end_length, end, end_length);
    show_end(end, sizeof end, vsh_hash64(text, length));
    memcpy(text + length - end_length, found, end_length);
    if (memcmp(found, end, end_length) != 0)
        return vsh_fail(r->err, VSH_EINPUT, "%s: damaged: its checksum does not hold", r->path);
    return VSH_OK;
}

static bool parse_hex(const vsh_value *value, uint64_t *result)
{
    uint64_t bits = 0;

    if (!value || value->kind != VSH_VALUE_TEXT || strlen(value->text) != HEX)
        return false;
    for (const char *c = value->text; *c; c++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, *c);
        if (!digit)
            return false;
        bits = bits << 4 | (uint64_t)(digit - digits);
    }
    *result = bits;
    return true;
}

static bool parse_count(const vsh_value *value, int64_t *result)
{
    if (!value || value->kind != VSH_VALUE_INTEGER || value->integer < 0)
        return false;
    *result = value->integer;
    return true;
}

static bool parse_real(const vsh_value *value, double *result)
{
    if (!value || (value->kind != VSH_VALUE_REAL && value->kind != VSH_VALUE_INTEGER))
        return false;
    *result = value->kind == VSH_VALUE_REAL ? value->real : (double)value->integer;
    return true;
}

static bool parse_text(const vsh_value *value, const char **result)
{
    if (!value || value->kind != VSH_VALUE_TEXT)
        return false;
    *result = value->text;
    return true;
}

static vsh_status read_state(const reader *r, const vsh_value *root, vsh_checkpoint_state *state)
{
    const vsh_value *from = vsh_value_get_kind(root, "state", VSH_VALUE_OBJECT);

    if (!from)
        return wrong(r, "state", "expected an object");
    for (int i = 0; i < FIELDS; i++) {
        const vsh_value *value = vsh_value_get(from, fields[i].key);
        void *at = (char *)state + fields[i].at;
        bool read = fields[i].kind == FIELD_COUNT  ? parse_count(value, at)
                    : fields[i].kind == FIELD_REAL ? parse_real(value, at)
                    : fields[i].kind == FIELD_HEX  ? parse_hex(value, at)
                                                   : parse_text(value, at);
        if (!read)
            return wrong(r, fields[i].key, "missing, or not as this program writes it");
    }
    return VSH_OK;
}

/* A name leads to the folder of the manifest and nowhere else. */
static bool is_plain(const char *name)
{
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static vsh_status read_tensors(const reader *r, const vsh_value *list, vsh_manifest_file *file)
{
    vsh_manifest_tensor *tensor = vsh_alloc(r->arena, (size_t)list->count, sizeof *tensor);

    if (!tensor)
        return vsh_fail(r->err, VSH_EMACHINE, "%s: out of memory", r->path);
    for (int64_t i = 0; i < list->count; i++) {
        const vsh_value *name = vsh_value_get_kind(&list->item[i], "name", VSH_VALUE_TEXT);
        if (!name || !parse_hex(vsh_value_get(&list->item[i], "xxh64"), &tensor[i].hash))
            return wrong(r, file->name, "tensors: expected name and xxh64");
        tensor[i].name = name->text;
    }
    file->tensors = tensor;
    file->count = list->count;
    return VSH_OK;
}

static vsh_status read_file(const reader *r, const vsh_value *value, vsh_manifest_file *file)
{
    const vsh_value *name = vsh_value_get_kind(value, "name", VSH_VALUE_TEXT);
    const vsh_value *tensors = vsh_value_get_kind(value, "tensors", VSH_VALUE_LIST);

    if (!name || !is_plain(name->text))
        return wrong(r, "files", "expected names of files of this folder");
    file->name = name->text;
    if (!parse_count(vsh_value_get(value, "bytes"), &file->bytes) ||
        !parse_hex(vsh_value_get(value, tensors ? "head_xxh64" : "xxh64"), &file->hash))
        return wrong(r, file->name, "expected bytes and xxh64");
    return tensors ? read_tensors(r, tensors, file) : VSH_OK;
}

static vsh_status read_root(const reader *r, const vsh_value *root, vsh_manifest *manifest)
{
    const vsh_value *format = vsh_value_get_kind(root, "format", VSH_VALUE_TEXT);
    const vsh_value *version = vsh_value_get_kind(root, "version", VSH_VALUE_INTEGER);
    const vsh_value *files = vsh_value_get_kind(root, "files", VSH_VALUE_LIST);
    vsh_manifest_file *file;

    if (!format || strcmp(format->text, format_name) != 0 || !version || !files)
        return wrong(r, "format", "expected a manifest of vishwa-train");
    if (version->integer != FORMAT_VERSION)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s: version: expected %d, got %" PRId64 ": written by another program",
                        r->path, (int)FORMAT_VERSION, version->integer);
    VSH_TRY(read_state(r, root, &manifest->state));
    file = vsh_alloc(r->arena, (size_t)files->count, sizeof *file);
    if (!file)
        return vsh_fail(r->err, VSH_EMACHINE, "%s: out of memory", r->path);
    for (int64_t i = 0; i < files->count; i++)
        VSH_TRY(read_file(r, &files->item[i], &file[i]));
    manifest->files = file;
    manifest->file_count = files->count;
    return VSH_OK;
}

vsh_status vsh_manifest_read(vsh_arena *arena, const char *path, vsh_manifest *manifest,
                             vsh_error *err)
{
    reader r = {arena, path, err};
    vsh_mapped_file map;
    vsh_value root;
    size_t length;
    char *text;

    *manifest = (vsh_manifest){.files = NULL};
    VSH_TRY(vsh_mapped_file_open(path, &map, err));
    length = (size_t)map.bytes;
    text = vsh_copy_text(arena, map.data, length);
    vsh_mapped_file_close(&map);
    if (!text)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    VSH_TRY(check_sum(&r, text, length));
    VSH_TRY(vsh_json_read(arena, path, text, length, &root, err));
    return read_root(&r, &root, manifest);
}

const vsh_manifest_file *vsh_manifest_find(const vsh_manifest *manifest, const char *name)
{
    for (int64_t i = 0; i < manifest->file_count; i++)
        if (strcmp(manifest->files[i].name, name) == 0)
            return &manifest->files[i];
    return NULL;
}
