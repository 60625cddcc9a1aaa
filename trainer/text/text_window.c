#include "trainer/text/text_window.h"

#include <assert.h>
#include <string.h>

/* Read at once: small enough to stay in a core's own cache until it was looked at. */
enum { BLOCK_BYTES = 128 * 1024 };

vsh_status vsh_text_window_open(vsh_arena *arena, int64_t capacity, vsh_text_window *window,
                                vsh_error *err)
{
    *window = (vsh_text_window){.usual_capacity = capacity + BLOCK_BYTES};
    window->usual = vsh_alloc(arena, (size_t)window->usual_capacity, 1);
    if (!window->usual)
        return vsh_fail(err, VSH_EMACHINE, "out of memory for reading text");
    window->data = window->usual;
    window->capacity = window->usual_capacity;
    return VSH_OK;
}

/* Unread bytes to the begin of other room. */
static void move_to(vsh_text_window *window, char *data, int64_t capacity)
{
    const int64_t unread = window->to - window->from;

    memmove(data, window->data + window->from, (size_t)unread);
    window->data = data;
    window->capacity = capacity;
    window->from = 0;
    window->to = unread;
}

static void narrow(vsh_text_window *window)
{
    move_to(window, window->usual, window->usual_capacity);
    vsh_block_release(&window->wide);
}

static vsh_status widen(vsh_text_window *window, vsh_error *err)
{
    const int64_t capacity = VSH_WINDOW_BYTES_MAX + BLOCK_BYTES;

    assert(!window->wide.data);
    VSH_TRY(vsh_block_reserve("a long line", capacity, VSH_PLACE_LOCAL, &window->wide, err));
    move_to(window, window->wide.data, capacity);
    return VSH_OK;
}

void vsh_text_window_begin(vsh_text_window *window, vsh_byte_stream *stream, int64_t offset)
{
    window->stream = stream;
    window->from = window->to = 0;
    window->offset = offset;
    window->at_end = false;
    narrow(window);
}

/* Room for a block behind the unread part. It moves when it is the smaller part, or must. */
static vsh_status make_room(vsh_text_window *window, vsh_error *err)
{
    const int64_t unread = window->to - window->from;

    if (window->wide.data && unread <= window->usual_capacity - BLOCK_BYTES)
        narrow(window);
    else if (window->from >= unread)
        move_to(window, window->data, window->capacity);
    if (window->to <= window->capacity - BLOCK_BYTES)
        return VSH_OK;
    if (unread > window->capacity - BLOCK_BYTES)
        return widen(window, err);
    move_to(window, window->data, window->capacity);
    return VSH_OK;
}

vsh_status vsh_text_window_more(vsh_text_window *window, vsh_error *err)
{
    int64_t got;

    assert(!window->at_end);
    VSH_TRY(make_room(window, err));
    VSH_TRY(
        vsh_byte_stream_read(window->stream, window->data + window->to, BLOCK_BYTES, &got, err));
    window->to += got;
    window->at_end = got < BLOCK_BYTES;
    return VSH_OK;
}

void vsh_text_window_take(vsh_text_window *window, int64_t bytes)
{
    assert(bytes <= window->to - window->from);
    window->from += bytes;
    window->offset += bytes;
}

void vsh_text_window_close(vsh_text_window *window) { vsh_block_release(&window->wide); }
