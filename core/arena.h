/* Memory with one lifetime: allocate freely, release everything at once. */
#ifndef VSH_ARENA_H
#define VSH_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct vsh_chunk vsh_chunk;

/* Zero-initialize. Chunks are 64-byte aligned and grow with use:
 *
 *   last -> [header | used ........ | free ..] -> [header | used .. ] -> NULL
 */
typedef struct {
    vsh_chunk *last;
} vsh_arena;

/* count x size zeroed bytes, aligned to 64; NULL when memory is exhausted or the product overflows.
 */
void *vsh_alloc(vsh_arena *arena, size_t count, size_t size);

/* An array of count elements with room for one more: itself while count < *room, else a copy with
 * twice the room (the arena keeps the array that it outgrew). NULL when memory is exhausted. */
void *vsh_grow(vsh_arena *arena, void *array, int64_t count, int64_t *room, size_t size);

/* A NUL-terminated copy of length bytes; NULL when memory is exhausted. */
char *vsh_copy_text(vsh_arena *arena, const char *text, size_t length);

/* Releases everything; the arena is then empty and may be used again. */
void vsh_arena_free(vsh_arena *arena);

#endif
