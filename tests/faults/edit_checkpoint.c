/* Writes a checkpoint again with one tensor spoilt and every checksum right: what no reader of
 * checksums finds, and a reader of tensors must.
 *
 *   edit_checkpoint STEP_FOLDER FOLDER EDIT TENSOR
 *
 * reads STEP_FOLDER and writes FOLDER/step-N. EDIT: nan, inf (element 3), rename, drop, twice
 * (again as TENSOR.extra), integers (F32 as I32), transpose, flatten. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/base/mapped_file.h"
#include "trainer/run/checkpoint.h"

enum { FILES = 2, ELEMENT = 3 };

static vsh_arena arena;

static void stop(const char *what)
{
    fprintf(stderr, "edit_checkpoint: %s\n", what);
    exit(2);
}

static void put_number(vsh_safetensor *tensor, float value)
{
    size_t bytes = (size_t)tensor->bytes;
    char *copy = vsh_alloc(&arena, bytes, 1);

    if (!copy || bytes < (ELEMENT + 1) * sizeof value)
        stop("no room");
    memcpy(copy, tensor->data, bytes);
    memcpy(copy + ELEMENT * sizeof value, &value, sizeof value);
    tensor->data = copy;
}

static const char *longer_name(const char *name)
{
    char room[256];

    snprintf(room, sizeof room, "%s.extra", name);
    return vsh_copy_text(&arena, room, strlen(room));
}

/* Of count tensors, with room for one more, the one at i. */
static void edit(vsh_safetensor *tensors, int64_t *count, int64_t i, const char *how)
{
    vsh_safetensor *t = &tensors[i];

    if (strcmp(how, "nan") == 0 || strcmp(how, "inf") == 0) {
        put_number(t, *how == 'n' ? NAN : -INFINITY);
    } else if (strcmp(how, "rename") == 0) {
        t->name = longer_name(t->name);
    } else if (strcmp(how, "drop") == 0) {
        *t = tensors[--*count];
    } else if (strcmp(how, "twice") == 0) {
        tensors[*count] = *t;
        tensors[(*count)++].name = longer_name(t->name);
    } else if (strcmp(how, "integers") == 0) {
        t->dtype = "I32";
    } else if (strcmp(how, "transpose") == 0) {
        int64_t rows = t->shape[0];
        t->shape[0] = t->shape[1];
        t->shape[1] = rows;
    } else if (strcmp(how, "flatten") == 0) {
        t->shape[0] *= t->shape[1];
        t->rank = 1;
    } else {
        stop("unknown edit");
    }
}

/* The tensors of a file, one of them edited if it is there. */
static int edit_file(const vsh_safetensors *file, const char *how, const char *name,
                     vsh_checkpoint_file *to)
{
    vsh_safetensor *tensors = vsh_alloc(&arena, (size_t)file->count + 1, sizeof *tensors);
    int64_t count = file->count;
    int edits = 0;

    if (!tensors)
        stop("out of memory");
    memcpy(tensors, file->item, (size_t)count * sizeof *tensors);
    for (int64_t i = 0; i < file->count && !edits; i++)
        if (strcmp(tensors[i].name, name) == 0) {
            edit(tensors, &count, i, how);
            edits++;
        }
    to->tensors = tensors;
    to->count = count;
    return edits;
}

static const char *text_of(const char *folder, const char *name)
{
    char path[4096];
    vsh_mapped_file map;
    const char *text;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (vsh_mapped_file_open(path, &map, NULL) != VSH_OK)
        stop(path);
    text = vsh_copy_text(&arena, map.data, (size_t)map.bytes);
    vsh_mapped_file_close(&map);
    return text;
}

int main(int argc, char **argv)
{
    vsh_checkpoint_file files[FILES] = {{.name = "model.safetensors"},
                                        {.name = "optimizer.safetensors"}};
    vsh_checkpoint checkpoint = {.files = files, .file_count = FILES};
    vsh_checkpoint_read_result read;
    vsh_error err = {""};
    int edits = 0;

    if (argc != 5)
        stop("usage: edit_checkpoint STEP_FOLDER FOLDER EDIT TENSOR");
    if (vsh_checkpoint_read(&arena, argv[1], false, &read, &err) != VSH_OK)
        stop(err.text);
    for (int i = 0; i < FILES; i++)
        edits += edit_file(&read.files[i], argv[3], argv[4], &files[i]);
    if (edits != 1)
        stop("no such tensor");
    checkpoint.state = read.state;
    checkpoint.config_json = text_of(argv[1], "config.json");
    checkpoint.run_yaml = text_of(argv[1], "config.yaml");
    if (vsh_checkpoint_write(&arena, argv[2], &checkpoint, 1, &err) != VSH_OK)
        stop(err.text);
    for (int i = 0; i < FILES; i++)
        vsh_safetensors_close(&read.files[i]);
    vsh_arena_free(&arena);
    return 0;
}
