/* SafeTensors files: 8 bytes of header length, a JSON header, the data. As strict as the official
 * reader (huggingface/safetensors, tensor.rs), and beyond: no duplicate names, at most
 * VSH_SAFETENSORS_TENSORS tensors of rank at most 8, no unknown keys, the header begins with "{".
 */
#ifndef VSH_SAFETENSORS_H
#define VSH_SAFETENSORS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

enum {
    VSH_SAFETENSORS_TENSORS = 1 << 17,
    VSH_SAFETENSORS_RANK = 8,
    VSH_SAFETENSORS_HEADER = 100000000 /* bytes, the official limit */
};

typedef struct {
    const char *name;
    const char *dtype; /* "F32", "BF16", "U8", "I8", "U16", "U32", "I32", "I64", "F64", ... */
    int rank;
    int64_t shape[VSH_SAFETENSORS_RANK];
    int64_t bytes;
    const void *data; /* to write: the bytes; read: inside the mapped file */
} vsh_safetensor;

/* 0 for a dtype that the format has not, and for those narrower than a byte. */
int64_t vsh_dtype_bytes(const char *dtype);

typedef struct {
    const vsh_safetensor *item; /* in the order of the file */
    int64_t count;
    const vsh_safetensor *const *by_name; /* the same, sorted */
    const void *map;                      /* the whole file */
    int64_t map_bytes;
    int64_t head_bytes; /* before the data: the length and the header */
} vsh_safetensors;

/* Maps and checks a file. Names live in the arena; data stays mapped until closed, except that of
 * tensors that do not lie aligned to their elements: they are copied into the arena. VSH_EINPUT
 * with "path: what" for what the file says, VSH_EMACHINE for reading errors. */
vsh_status vsh_safetensors_open(vsh_arena *arena, const char *path, vsh_safetensors *file,
                                vsh_error *err);
/* The same over bytes in memory, for fuzzing; path is for messages. Not to be closed. */
vsh_status vsh_safetensors_parse(vsh_arena *arena, const char *path, const void *bytes,
                                 int64_t length, vsh_safetensors *file, vsh_error *err);
/* Also of a zeroed one, and again. */
void vsh_safetensors_close(vsh_safetensors *file);
/* NULL when there is none. */
const vsh_safetensor *vsh_safetensors_find(const vsh_safetensors *file, const char *name);

/* What a file of these tensors holds: head (length and header), then the data in this order: by
 * descending dtype, then name, as the official writer has it. The header carries its
 * {"format": "pt"}, without which some versions of Transformers refuse a file. */
typedef struct {
    const char *head;
    int64_t head_bytes, data_bytes;
    const vsh_safetensor *const *order;
    int64_t count;
} vsh_safetensors_layout;

/* VSH_EINPUT when the header passes the limit, VSH_EMACHINE for memory. Names are unique. */
vsh_status vsh_safetensors_arrange(vsh_arena *arena, const char *path,
                                   const vsh_safetensor *tensors, int64_t count,
                                   vsh_safetensors_layout *layout, vsh_error *err);

/* Writes path, which must not exist (not atomically: the folder around it is renamed), syncs it and
 * closes it; nothing is copied on the way. Short writes and EINTR are gone on with; any other
 * failure, and a failing fsync, is VSH_EMACHINE with the path and the reason, and the file is
 * removed. */
vsh_status vsh_safetensors_write(vsh_arena *arena, const char *path, const vsh_safetensor *tensors,
                                 int64_t count, vsh_error *err);
/* The second half of it, when the layout is there already. */
vsh_status vsh_safetensors_put(const char *path, const vsh_safetensors_layout *layout,
                               vsh_error *err);

#endif
