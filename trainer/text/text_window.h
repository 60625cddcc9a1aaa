/* The unread part of a text that lies in memory: it slides over the bytes of a stream, and widens
 * for what must be seen as a whole. */
#ifndef VSH_TEXT_WINDOW_H
#define VSH_TEXT_WINDOW_H

#include <stdbool.h>

#include "core/arena.h"
#include "trainer/base/block.h"
#include "trainer/text/byte_stream.h"

/* What can be seen as a whole. */
enum { VSH_WINDOW_BYTES_MAX = 64 << 20 };

/*   data -> [read ... | from: unread ... to | room ...] capacity */
typedef struct {
    vsh_byte_stream *stream;
    char *data;
    int64_t from, to, capacity;
    char *usual; /* what data is but while a long part is looked at */
    int64_t usual_capacity;
    vsh_block wide; /* pages of it are taken as they are written */
    bool at_end;    /* nothing comes behind to */
    int64_t offset; /* of data[from] in the text */
} vsh_text_window;

vsh_status vsh_text_window_open(vsh_arena *arena, int64_t capacity, vsh_text_window *window,
                                vsh_error *err);
/* At the begin of a text, whose bytes from offset on the stream gives. */
void vsh_text_window_begin(vsh_text_window *window, vsh_byte_stream *stream, int64_t offset);
/* Reads on behind the unread part, which moves and is at most VSH_WINDOW_BYTES_MAX long: the window
 * widens when it fills it. */
vsh_status vsh_text_window_more(vsh_text_window *window, vsh_error *err);
/* Bytes of the unread part are read. */
void vsh_text_window_take(vsh_text_window *window, int64_t bytes);
void vsh_text_window_close(vsh_text_window *window);

static inline const char *vsh_text_window_at(const vsh_text_window *window)
{
    return window->data + window->from;
}
static inline int64_t vsh_text_window_bytes(const vsh_text_window *window)
{
    return window->to - window->from;
}

#endif
