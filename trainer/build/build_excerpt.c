#include <math.h>
#include <string.h>

#include "trainer/base/hash64.h"
#include "trainer/build/build_inside.h"

enum { EXCERPT_BYTES = 100 };

uint64_t vsh_build_first_line_hash(const vsh_document *document)
{
    const char *end = memchr(document->text, '\n', (size_t)document->bytes);

    return vsh_hash64(document->text,
                      end ? (size_t)(end - document->text) : (size_t)document->bytes);
}

/* One line: runs of blanks and control characters are a blank, what is not UTF-8 a question mark.
 */
static void put_line(vsh_text *text, const char *bytes, int64_t length, int64_t room)
{
    char copy[5] = "";
    bool blank = true;

    for (int64_t i = 0; i < length && room > 0;) {
        unsigned char c = (unsigned char)bytes[i];
        int64_t left = length - i;
        int wide = 1;
        if (c >= 0x80) {
            memset(copy, 0, sizeof copy);
            memcpy(copy, bytes + i, left < 4 ? (size_t)left : 4);
            wide = vsh_utf8_length(copy);
        }
        /* U+0080 to U+009F are control characters too */
        if (c <= ' ' || c == 0x7f || (c == 0xc2 && wide == 2 && (unsigned char)copy[1] < 0xa0)) {
            if (!blank)
                vsh_text_put(text, " ", 1);
            blank = true;
        } else {
            if (wide)
                vsh_text_put(text, bytes + i, (size_t)wide);
            else
                vsh_text_put(text, "?", 1);
            blank = false;
        }
        i += wide ? wide : 1;
        room -= wide ? wide : 1;
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
    const uint64_t both[] = {hash, vsh_hash64(document->text, (size_t)document->bytes)};

    return vsh_hash64(both, sizeof both);
}
