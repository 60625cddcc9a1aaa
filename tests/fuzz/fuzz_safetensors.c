/* Any bytes as a SafeTensors file: refused with one line, or tensors that tile the data, are found
 * by their names, and come back the same from the file that the writer makes of them. */
#include <assert.h>
#include <string.h>

#include "tests/fuzz/target.h"
#include "trainer/base/safetensors.h"

static void check_tensor(const vsh_safetensors *file, const vsh_safetensor *tensor)
{
    int64_t bytes = vsh_dtype_bytes(tensor->dtype);

    assert(bytes > 0 && (uintptr_t)tensor->data % (uintptr_t)bytes == 0);
    assert(tensor->rank >= 0 && tensor->rank <= VSH_SAFETENSORS_RANK);
    for (int i = 0; i < tensor->rank; i++)
        bytes *= tensor->shape[i];
    assert(bytes == tensor->bytes && bytes >= 0 && bytes <= file->map_bytes);
    assert(vsh_safetensors_find(file, tensor->name) == tensor);
}

static void check_same(const vsh_safetensor *a, const vsh_safetensor *b)
{
    assert(b && strcmp(a->dtype, b->dtype) == 0);
    assert(a->rank == b->rank && a->bytes == b->bytes);
    assert(memcmp(a->shape, b->shape, (size_t)a->rank * sizeof a->shape[0]) == 0);
    assert(a->bytes == 0 || memcmp(a->data, b->data, (size_t)a->bytes) == 0);
}

/* The bytes that vsh_safetensors_put would write. */
static char *written(vsh_arena *arena, const vsh_safetensors_layout *layout)
{
    char *bytes = vsh_alloc(arena, (size_t)(layout->head_bytes + layout->data_bytes), 1),
         *at = bytes;

    assert(bytes);
    at = (char *)memcpy(at, layout->head, (size_t)layout->head_bytes) + layout->head_bytes;
    for (int64_t i = 0; i < layout->count; i++) {
        const vsh_safetensor *tensor = layout->order[i];
        if (tensor->bytes > 0)
            memcpy(at, tensor->data, (size_t)tensor->bytes);
        at += tensor->bytes;
    }
    assert(at == bytes + layout->head_bytes + layout->data_bytes);
    return bytes;
}

static void check_round_trip(vsh_arena *arena, const vsh_safetensors *file, vsh_error *err)
{
    vsh_safetensors_layout layout;
    vsh_safetensors again;
    vsh_status status =
        vsh_safetensors_arrange(arena, "copy", file->item, file->count, &layout, err);

    assert(status == VSH_OK);
    status = vsh_safetensors_parse(arena, "copy", written(arena, &layout),
                                   layout.head_bytes + layout.data_bytes, &again, err);
    assert(status == VSH_OK && again.count == file->count);
    for (int64_t i = 0; i < file->count; i++)
        check_same(&file->item[i], vsh_safetensors_find(&again, file->item[i].name));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    vsh_arena arena = {0};
    vsh_error err = {""};
    vsh_safetensors file;
    int64_t total = 0;

    if (vsh_safetensors_parse(&arena, "input", length ? (const void *)bytes : "", (int64_t)length,
                              &file, &err) == VSH_OK) {
        for (int64_t i = 0; i < file.count; i++) {
            check_tensor(&file, &file.item[i]);
            total += file.item[i].bytes;
        }
        assert(file.head_bytes + total == (int64_t)length);
        check_round_trip(&arena, &file, &err);
    } else {
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    }
    vsh_arena_free(&arena);
    return 0;
}
