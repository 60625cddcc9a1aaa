#include "trainer/base/safetensors.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "trainer/base/json_read.h"
#include "trainer/base/mapped_file.h"
#include "trainer/base/new_file.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian");

/* In the order of tensor.rs: files are laid out from the last to the first. */
static const struct {
    const char *name;
    int64_t bytes;
} dtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"F8_E8M0", 1},
              {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},     {"U32", 4},
              {"F32", 4},  {"C64", 8}, {"F64", 8}, {"I64", 8},     {"U64", 8}};

enum { DTYPES = sizeof dtypes / sizeof dtypes[0], LENGTH_BYTES = 8 };

/* -1: none. */
static int find_dtype(const char *name)
{
    for (int i = 0; i < DTYPES; i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return i;
    return -1;
}

int64_t vsh_dtype_bytes(const char *dtype)
{
    int found = find_dtype(dtype);

    return found < 0 ? 0 : dtypes[found].bytes;
}

static int compare_names(const void *a, const void *b)
{
    const vsh_safetensor *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct {
    vsh_arena *arena;
    const char *path;
    const char *data; /* what offsets count from */
    int64_t data_bytes;
    vsh_error *err;
} reader;

static vsh_status wrong(const reader *r, const vsh_value *entry, const char *what)
{
    return vsh_fail(r->err, VSH_EINPUT, "%s: header: tensor \"%.200s\": %s", r->path, entry->key,
                    what);
}

static vsh_status no_memory(const reader *r)
{
    return vsh_fail(r->err, VSH_EMACHINE, "%s: out of memory", r->path);
}

/* Bytes of the shape; refuses what 63 bits do not hold. */
static vsh_status read_shape(const reader *r, const vsh_value *entry, const vsh_value *shape,
                             vsh_safetensor *tensor)
{
    int64_t bytes = vsh_dtype_bytes(tensor->dtype);

    if (shape->count > VSH_SAFETENSORS_RANK)
        return wrong(r, entry, "more than 8 dimensions");
    tensor->rank = (int)shape->count;
    for (int i = 0; i < tensor->rank; i++) {
        const vsh_value *side = &shape->item[i];
        if (side->kind != VSH_VALUE_INTEGER || side->integer < 0)
            return wrong(r, entry, "shape: expected whole numbers from 0");
        tensor->shape[i] = side->integer;
        if (__builtin_mul_overflow(bytes, side->integer, &bytes))
            return wrong(r, entry, "the shape is larger than 63 bits count");
    }
    tensor->bytes = bytes;
    return VSH_OK;
}

static vsh_status read_offsets(const reader *r, const vsh_value *entry, const vsh_value *offsets,
                               vsh_safetensor *tensor)
{
    int64_t begin, end;

    if (offsets->count != 2 || offsets->item[0].kind != VSH_VALUE_INTEGER ||
        offsets->item[1].kind != VSH_VALUE_INTEGER)
        return wrong(r, entry, "data_offsets: expected two whole numbers");
    begin = offsets->item[0].integer;
    end = offsets->item[1].integer;
    if (begin < 0 || begin > end)
        return wrong(r, entry, "data_offsets: expected 0 <= begin <= end");
    if (end > r->data_bytes)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s: tensor \"%.200s\" ends at byte %" PRId64
                        " of the data, which has %" PRId64 ": cut off, or the offsets are wrong",
                        r->path, entry->key, end, r->data_bytes);
    if (end - begin != tensor->bytes)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s: header: tensor \"%.200s\": shape and dtype make %" PRId64
                        " bytes, data_offsets %" PRId64,
                        r->path, entry->key, tensor->bytes, end - begin);
    tensor->data = r->data + begin;
    return VSH_OK;
}

static vsh_status read_tensor(const reader *r, const vsh_value *entry, vsh_safetensor *tensor)
{
    const vsh_value *dtype = vsh_value_get_kind(entry, "dtype", VSH_VALUE_TEXT);
    const vsh_value *shape = vsh_value_get_kind(entry, "shape", VSH_VALUE_LIST);
    const vsh_value *offsets = vsh_value_get_kind(entry, "data_offsets", VSH_VALUE_LIST);

    if (!dtype || !shape || !offsets || entry->count != 3)
        return wrong(r, entry, "expected dtype, shape and data_offsets, and no more");
    if (vsh_dtype_bytes(dtype->text) == 0)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s: header: tensor \"%.200s\": unknown dtype \"%.40s\"", r->path,
                        entry->key, dtype->text);
    tensor->name = entry->key;
    tensor->dtype = dtype->text;
    VSH_TRY(read_shape(r, entry, shape, tensor));
    return read_offsets(r, entry, offsets, tensor);
}

static vsh_status check_metadata(const reader *r, const vsh_value *metadata)
{
    bool texts = metadata->kind == VSH_VALUE_OBJECT;

    for (int64_t i = 0; texts && i < metadata->count; i++)
        texts = metadata->item[i].kind == VSH_VALUE_TEXT;
    return texts ? VSH_OK
                 : vsh_fail(r->err, VSH_EINPUT,
                            "%s: header: __metadata__: expected an object of texts", r->path);
}

/* By place, the empty ones first; names decide among those that have none. */
static int compare_places(const void *a, const void *b)
{
    const vsh_safetensor *left = a, *right = b;
    const char *from = left->data, *to = right->data;

    if (from != to)
        return from < to ? -1 : 1;
    if (left->bytes != right->bytes)
        return left->bytes < right->bytes ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* Every byte of the data belongs to exactly one tensor. */
static vsh_status check_tiling(const reader *r, const vsh_safetensor *item, int64_t count)
{
    const char *end = r->data;

    for (int64_t i = 0; i < count; i++) {
        if ((const char *)item[i].data != end)
            return vsh_fail(r->err, VSH_EINPUT,
                            "%s: header: tensor \"%.200s\" begins at byte %" PRId64
                            " of the data, expected %" PRId64 ": offsets overlap or leave a gap",
                            r->path, item[i].name, (int64_t)((const char *)item[i].data - r->data),
                            (int64_t)(end - r->data));
        end += item[i].bytes;
    }
    if (end != r->data + r->data_bytes)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s: %" PRId64
                        " bytes of data, but the tensors of the header have %" PRId64,
                        r->path, r->data_bytes, (int64_t)(end - r->data));
    return VSH_OK;
}

/* Not every writer sees to alignment; kernels read whole elements. */
static vsh_status align(const reader *r, vsh_safetensor *tensor)
{
    void *copy;

    if ((uintptr_t)tensor->data % (uintptr_t)vsh_dtype_bytes(tensor->dtype) == 0)
        return VSH_OK;
    copy = vsh_alloc(r->arena, (size_t)tensor->bytes, 1);
    if (!copy)
        return no_memory(r);
    tensor->data = memcpy(copy, tensor->data, (size_t)tensor->bytes);
    return VSH_OK;
}

static vsh_status index_names(const reader *r, const vsh_safetensor *item, int64_t count,
                              const vsh_safetensor *const **by_name)
{
    const vsh_safetensor **pointer = vsh_alloc(r->arena, (size_t)count, sizeof(void *));

    if (!pointer)
        return no_memory(r);
    for (int64_t i = 0; i < count; i++)
        pointer[i] = &item[i];
    qsort(pointer, (size_t)count, sizeof *pointer, compare_names);
    *by_name = pointer;
    return VSH_OK;
}

static vsh_status read_header(const reader *r, const vsh_value *header, vsh_safetensors *file)
{
    bool metadata = vsh_value_get(header, "__metadata__") != NULL;
    int64_t count = header->count - metadata, filled = 0;
    vsh_safetensor *item;

    if (count > VSH_SAFETENSORS_TENSORS)
        return vsh_fail(r->err, VSH_EINPUT, "%s: header: %" PRId64 " tensors; expected at most %d",
                        r->path, count, (int)VSH_SAFETENSORS_TENSORS);
    item = vsh_alloc(r->arena, (size_t)count, sizeof *item);
    if (!item)
        return no_memory(r);
    for (int64_t i = 0; i < header->count; i++) {
        const vsh_value *entry = &header->item[i];
        if (strcmp(entry->key, "__metadata__") == 0)
            VSH_TRY(check_metadata(r, entry));
        else
            VSH_TRY(read_tensor(r, entry, &item[filled++]));
    }
    qsort(item, (size_t)count, sizeof *item, compare_places);
    VSH_TRY(check_tiling(r, item, count));
    for (int64_t i = 0; i < count; i++)
        VSH_TRY(align(r, &item[i]));
    VSH_TRY(index_names(r, item, count, &file->by_name));
    file->item = item;
    file->count = count;
    return VSH_OK;
}

vsh_status vsh_safetensors_parse(vsh_arena *arena, const char *path, const void *bytes,
                                 int64_t length, vsh_safetensors *file, vsh_error *err)
{
    const char *text = bytes;
    vsh_text place = {.arena = arena};
    reader r = {.arena = arena, .path = path, .err = err};
    vsh_value header;
    uint64_t header_bytes;

    assert(arena && path && bytes && length >= 0 && file);
    *file = (vsh_safetensors){.map = bytes, .map_bytes = length};
    if (length < LENGTH_BYTES)
        return vsh_fail(err, VSH_EINPUT, "%s: %" PRId64 " bytes; expected 8 of header length first",
                        path, length);
    memcpy(&header_bytes, text, sizeof header_bytes);
    if (header_bytes > VSH_SAFETENSORS_HEADER)
        return vsh_fail(err, VSH_EINPUT, "%s: header of %" PRIu64 " bytes; expected at most %d",
                        path, header_bytes, (int)VSH_SAFETENSORS_HEADER);
    if (header_bytes > (uint64_t)(length - LENGTH_BYTES))
        return vsh_fail(err, VSH_EINPUT,
                        "%s: header of %" PRIu64 " bytes, but the file ends after %" PRId64, path,
                        header_bytes, length - LENGTH_BYTES);
    if (header_bytes == 0 || text[LENGTH_BYTES] != '{')
        return vsh_fail(err, VSH_EINPUT, "%s: the header does not begin with \"{\"", path);
    vsh_text_add(&place, "%s: header", path);
    VSH_TRY(vsh_json_read(arena, vsh_text_string(&place), text + LENGTH_BYTES, (size_t)header_bytes,
                          &header, err));
    file->head_bytes = LENGTH_BYTES + (int64_t)header_bytes;
    r.data = text + file->head_bytes;
    r.data_bytes = length - file->head_bytes;
    return read_header(&r, &header, file);
}

vsh_status vsh_safetensors_open(vsh_arena *arena, const char *path, vsh_safetensors *file,
                                vsh_error *err)
{
    vsh_mapped_file map;
    vsh_status status;

    VSH_TRY(vsh_mapped_file_open(path, &map, err));
    status = vsh_safetensors_parse(arena, path, map.data, map.bytes, file, err);
    if (status != VSH_OK) {
        vsh_mapped_file_close(&map);
        *file = (vsh_safetensors){0};
    }
    return status;
}

void vsh_safetensors_close(vsh_safetensors *file)
{
    vsh_mapped_file map = {file->map, file->map_bytes};

    vsh_mapped_file_close(&map);
    *file = (vsh_safetensors){0};
}

const vsh_safetensor *vsh_safetensors_find(const vsh_safetensors *file, const char *name)
{
    const vsh_safetensor key = {.name = name}, *pointer = &key;
    const vsh_safetensor *const *found;

    if (file->count == 0)
        return NULL;
    found = bsearch(&pointer, file->by_name, (size_t)file->count, sizeof pointer, compare_names);
    return found ? *found : NULL;
}

/* ---- writing ------------------------------------------------------------------------------- */

static int compare_layout(const void *a, const void *b)
{
    const vsh_safetensor *const *left = a, *const *right = b;
    int order = find_dtype((*right)->dtype) - find_dtype((*left)->dtype);

    return order ? order : strcmp((*left)->name, (*right)->name);
}

/* What a caller hands over is of one piece: a mistake here is ours. */
static void assert_sound(const vsh_safetensor *tensor)
{
    int64_t bytes = vsh_dtype_bytes(tensor->dtype);

    assert(tensor->name && strcmp(tensor->name, "__metadata__") != 0);
    assert(bytes > 0);
    assert(tensor->rank >= 0 && tensor->rank <= VSH_SAFETENSORS_RANK);
    for (int i = 0; i < tensor->rank; i++) {
        assert(tensor->shape[i] >= 0);
        bytes *= tensor->shape[i];
    }
    assert(bytes == tensor->bytes && (bytes == 0 || tensor->data));
    (void)bytes;
}

static void add_entry(vsh_text *text, const vsh_safetensor *tensor, int64_t begin)
{
    vsh_text_put(text, ",", 1);
    vsh_json_string(&(vsh_json){.out = text}, NULL, tensor->name);
    vsh_text_add(text, ":{\"dtype\":\"%s\",\"shape\":[", tensor->dtype);
    for (int i = 0; i < tensor->rank; i++)
        vsh_text_add(text, "%s%" PRId64, i ? "," : "", tensor->shape[i]);
    vsh_text_add(text, "],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}", begin,
                 begin + tensor->bytes);
}

/* The length, then the header, filled with blanks so that the data begins at a multiple of 8. */
static void add_head(vsh_text *text, vsh_safetensors_layout *layout)
{
    uint64_t length = 0;

    vsh_text_put(text, (const char *)&length, sizeof length);
    vsh_text_add(text, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (int64_t i = 0; i < layout->count; i++) {
        assert(i == 0 || strcmp(layout->order[i - 1]->name, layout->order[i]->name) != 0);
        add_entry(text, layout->order[i], layout->data_bytes);
        layout->data_bytes += layout->order[i]->bytes;
    }
    vsh_text_put(text, "}", 1);
    while (!text->failed && text->length % 8 != 0)
        vsh_text_put(text, " ", 1);
    if (text->failed)
        return;
    length = text->length - LENGTH_BYTES;
    memcpy(text->data, &length, sizeof length);
    layout->head = text->data;
    layout->head_bytes = (int64_t)text->length;
}

vsh_status vsh_safetensors_arrange(vsh_arena *arena, const char *path,
                                   const vsh_safetensor *tensors, int64_t count,
                                   vsh_safetensors_layout *layout, vsh_error *err)
{
    const vsh_safetensor **order = vsh_alloc(arena, (size_t)count, sizeof(void *));
    vsh_text text = {.arena = arena};

    assert(count >= 0 && count <= VSH_SAFETENSORS_TENSORS);
    if (!order)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    for (int64_t i = 0; i < count; i++) {
        assert_sound(&tensors[i]);
        order[i] = &tensors[i];
    }
    qsort(order, (size_t)count, sizeof *order, compare_layout);
    *layout = (vsh_safetensors_layout){.order = order, .count = count};
    add_head(&text, layout);
    if (text.failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    if (layout->head_bytes - LENGTH_BYTES > VSH_SAFETENSORS_HEADER)
        return vsh_fail(err, VSH_EINPUT, "%s: header of %" PRId64 " bytes; expected at most %d",
                        path, layout->head_bytes, (int)VSH_SAFETENSORS_HEADER);
    return VSH_OK;
}

vsh_status vsh_safetensors_put(const char *path, const vsh_safetensors_layout *layout,
                               vsh_error *err)
{
    vsh_new_file file;
    vsh_status status;

    VSH_TRY(vsh_new_file_open(path, layout->head_bytes + layout->data_bytes, &file, err));
    status = vsh_new_file_put(&file, layout->head, layout->head_bytes, err);
    for (int64_t i = 0; i < layout->count && status == VSH_OK; i++)
        status = vsh_new_file_put(&file, layout->order[i]->data, layout->order[i]->bytes, err);
    return vsh_new_file_close(&file, status, err);
}

vsh_status vsh_safetensors_write(vsh_arena *arena, const char *path, const vsh_safetensor *tensors,
                                 int64_t count, vsh_error *err)
{
    vsh_safetensors_layout layout;

    VSH_TRY(vsh_safetensors_arrange(arena, path, tensors, count, &layout, err));
    return vsh_safetensors_put(path, &layout, err);
}
