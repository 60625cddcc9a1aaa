#include "trainer/text/utf8_count.h"

#include <string.h>

#include "core/text.h"

/* Whether one of 8 bytes is above 127 or a NUL (a byte that borrows and had no high bit). */
static uint64_t is_odd(uint64_t word)
{
    return (word | (word - 0x0101010101010101)) & 0x8080808080808080;
}

static uint64_t word_at(const char *text)
{
    uint64_t word;

    memcpy(&word, text, sizeof word);
    return word;
}

/* Behind the bytes from i on that are ASCII and no NUL, by whole words. */
static int64_t after_plain(const char *text, int64_t i, int64_t bytes)
{
    for (; bytes - i >= 32; i += 32)
        if (is_odd(word_at(text + i)) | is_odd(word_at(text + i + 8)) |
            is_odd(word_at(text + i + 16)) | is_odd(word_at(text + i + 24)))
            break;
    while (bytes - i >= 8 && !is_odd(word_at(text + i)))
        i += 8;
    return i;
}

void vsh_utf8_count(const char *text, int64_t bytes, int64_t *malformed, int64_t *nul)
{
    int64_t i = 0;

    *malformed = *nul = 0;
    while (i < bytes) {
        int64_t word_end;
        i = after_plain(text, i, bytes);
        /* what stopped it lies in the next 8 bytes */
        word_end = bytes - i < 8 ? bytes : i + 8;
        while (i < word_end) {
            int length = vsh_utf8_bytes(text + i, bytes - i);
            *nul += text[i] == '\0';
            *malformed += length == 0;
            i += length ? length : 1;
        }
    }
}
