#include <math.h>
#include <string.h>

#include "trainer/base/hash64.h"
#include "trainer/build/build_inside.h"

enum { EXCERPT_BYTES = 100 };

/* One line: runs of blanks and of what moves a cursor or turns the order of letters are a blank,
 * what is not UTF-8 a question mark. */
static void put_line(vsh_text *text, const char *bytes, int64_t length, int64_t room)
{
    bool blank = true;

    for (int64_t i = 0, step; i < length && i < room; i += step) {
        int wide = vsh_utf8_bytes(bytes + i, length - i);
        bool gap = (unsigned char)bytes[i] <= ' ' || (wide > 0 && vsh_is_control(bytes + i));
        step = wide ? wide : 1;
        if (gap && !blank)
            vsh_text_put(text, " ", 1);
        else if (!gap)
            vsh_text_put(text, wide ? bytes + i : "?", (size_t)step);
        blank = gap;
    }
}

void vsh_build_excerpt(vsh_text *text, const char *path, double figure,
                       const vsh_document *document)
{
    const char *name = strrchr(path, '/');
    bool cut = document->bytes > EXCERPT_BYTES;

    name = name ? name + 1 : path;
    put_line(text, name, (int64_t)strlen(name), EXCERPT_BYTES / 2);
    if (isfinite(figure))
        vsh_text_add(text, " (%s)", vsh_show_real(figure).text);
    vsh_text_put(text, ": ", 2);
    put_line(text, document->text, document->bytes, EXCERPT_BYTES);
    if (cut)
        vsh_text_put(text, "...", 3);
}

void vsh_build_note_sample(vsh_building *b, int drop, const char *text)
{
    int *count = &b->drop[drop].samples;

    if (*count < VSH_BUILD_SAMPLES)
        b->drop[drop].sample[(*count)++] = vsh_copy_text(b->arena, text, strlen(text));
}

uint64_t vsh_build_chain(uint64_t hash, const vsh_document *document)
{
    return vsh_hash64_pair(hash, vsh_hash64(document->text, (size_t)document->bytes));
}
