#include "core/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, CHUNK_BYTES = 64 * 1024, FIRST_ROOM = 64 };

struct vsh_chunk {
    vsh_chunk *before;
    size_t used, capacity; /* bytes after the header */
};

static size_t round_up(size_t bytes) { return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1); }

static char *chunk_data(vsh_chunk *chunk) { return (char *)chunk + round_up(sizeof *chunk); }

static vsh_chunk *chunk_new(vsh_chunk *before, size_t bytes)
{
    size_t capacity = bytes > CHUNK_BYTES ? round_up(bytes) : (size_t)CHUNK_BYTES;
    vsh_chunk *chunk = aligned_alloc(ALIGNMENT, round_up(sizeof *chunk) + capacity);

    if (chunk)
        *chunk = (vsh_chunk){before, 0, capacity};
    return chunk;
}

void *vsh_alloc(vsh_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    char *data;

    assert(arena);
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4)
        return NULL;
    bytes = round_up(bytes ? bytes : 1);
    if (!arena->last || arena->last->capacity - arena->last->used < bytes) {
        vsh_chunk *chunk = chunk_new(arena->last, bytes);
        if (!chunk)
            return NULL;
        arena->last = chunk;
    }
    data = chunk_data(arena->last) + arena->last->used;
    arena->last->used += bytes;
    return memset(data, 0, bytes);
}

void *vsh_grow(vsh_arena *arena, void *array, int64_t count, int64_t *room, size_t size)
{
    const int64_t wanted = *room ? 2 * *room : FIRST_ROOM;
    void *larger;

    assert(count >= 0 && count <= *room);
    if (count < *room)
        return array;
    larger = vsh_alloc(arena, (size_t)wanted, size);
    if (!larger)
        return NULL;
    if (count > 0)
        memcpy(larger, array, (size_t)count * size);
    *room = wanted;
    return larger;
}

char *vsh_copy_text(vsh_arena *arena, const char *text, size_t length)
{
    char *copy = vsh_alloc(arena, length + 1, 1);

    if (copy)
        memcpy(copy, text, length);
    return copy;
}

void vsh_arena_free(vsh_arena *arena)
{
    assert(arena);
    while (arena->last) {
        vsh_chunk *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
}
