/* SafeTensors files: 8 bytes of header length, a JSON header, the data. As strict as the official
 * reader (huggingface/safetensors, tensor.rs), and beyond: no duplicate names, at most
 * VSH_SAFETENSORS_TENSORS tensors of rank at most 8, the header begins with "{". */
#ifndef VSH_SAFETENSORS_H
#define VSH_SAFETENSORS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

enum { VSH_SAFETENSORS_TENSORS = 1 << 20, VSH_SAFETENSORS_RANK = 8 };

typedef struct {
    const char *name;
    const char *dtype; /* "F32", "BF16", "U8", "I8", "U16", "U32", "I32", "I64", "F64", ... */
    int rank;
    int64_t shape[VSH_SAFETENSORS_RANK];
    int64_t bytes;
    const void *data; /* to write: the bytes; read: inside the mapped file */
} vsh_safetensor;

/* 0 for a dtype that the format has not. */
int64_t vsh_dtype_bytes(const char *dtype);

typedef struct {
    const vsh_safetensor *item; /* in the order of the file */
    int64_t count;
    const void *map; /* the whole file */
    int64_t map_bytes;
} vsh_safetensors;

/* Maps and checks a file. Names live in the arena; data stays mapped until closed. VSH_EINPUT with
 * "path: what" for what the file says, VSH_EMACHINE for reading errors. */
vsh_status vsh_safetensors_open(vsh_arena *arena, const char *path, vsh_safetensors *file,
                                vsh_error *err);
/* The same over bytes in memory, for fuzzing; path is for messages. */
vsh_status vsh_safetensors_parse(vsh_arena *arena, const char *path, const void *bytes,
                                 int64_t length, vsh_safetensors *file, vsh_error *err);
void vsh_safetensors_close(vsh_safetensors *file);
const vsh_safetensor *vsh_safetensors_find(const vsh_safetensors *file, const char *name);

/* Writes path (not atomically: the folder around it is renamed), syncs it and closes it. Tensors
 * are laid out by descending dtype size, then name, as the official writer does. Short writes and
 * EINTR are gone on with; any other failure, and a failing fsync, is VSH_EMACHINE with the path and
 * the reason, and the file is removed. */
vsh_status vsh_safetensors_write(vsh_arena *arena, const char *path, const vsh_safetensor *tensors,
                                 int64_t count, vsh_error *err);

#endif
