/* Memory with one lifetime: allocate freely, release everything at once. */
#ifndef VSH_ARENA_H
#define VSH_ARENA_H

#include <stddef.h>

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

/* A NUL-terminated copy of length bytes; NULL when memory is exhausted. */
char *vsh_copy_text(vsh_arena *arena, const char *text, size_t length);

/* Releases everything; the arena is then empty and may be used again. */
void vsh_arena_free(vsh_arena *arena);

#endif
