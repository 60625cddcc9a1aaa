/* Any bytes as a SafeTensors file: refused with one line, or tensors that tile the data, lie
 * aligned and are found by their names. */
#include <assert.h>
#include <string.h>

#include "tests/fuzz/target.h"
#include "trainer/run/safetensors.h"

static void check(const vsh_safetensors *file, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + file->head_bytes;

    for (int64_t i = 0; i < file->count; i++) {
        const vsh_safetensor *tensor = &file->item[i];
        int64_t product = vsh_dtype_bytes(tensor->dtype);
        assert(product > 0 && (uintptr_t)tensor->data % (uintptr_t)product == 0);
        for (int j = 0; j < tensor->rank; j++)
            product *= tensor->shape[j];
        assert(product == tensor->bytes);
        assert(memcmp(tensor->data, end, (size_t)tensor->bytes) == 0);
        assert(vsh_safetensors_find(file, tensor->name) == tensor);
        end += tensor->bytes;
    }
    assert(end == bytes + length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    vsh_arena arena = {0};
    vsh_safetensors file;
    vsh_error err = {""};

    if (vsh_safetensors_parse(&arena, "input", bytes, (int64_t)length, &file, &err) == VSH_OK)
        check(&file, bytes, length);
    else
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    vsh_arena_free(&arena);
    return 0;
}
