#include "trainer/text/beginning.h"

#include <stdbool.h>
#include <string.h>

#include "trainer/base/hash64.h"
#include "trainer/text/characters.h"

static bool says_something(const char *line, int64_t bytes)
{
    int letters = 0, length;

    for (int64_t i = 0; i < bytes && letters < VSH_BEGINNING_LETTERS; i += length) {
        vsh_character_kind kind = vsh_character_at(line + i, bytes - i, &length);
        letters += kind == VSH_LETTER || kind == VSH_DIGIT;
    }
    return letters == VSH_BEGINNING_LETTERS;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static uint64_t hash_line(const char *line, int64_t bytes)
{
    for (; bytes > 0 && is_blank(line[bytes - 1]); bytes--)
        ;
    for (; bytes > 0 && is_blank(*line); bytes--)
        line++;
    return vsh_hash64(line, (size_t)bytes);
}

uint64_t vsh_beginning_hash(const char *text, int64_t bytes)
{
    if (bytes > VSH_BEGINNING_BYTES)
        bytes = VSH_BEGINNING_BYTES;
    for (int64_t at = 0, length; at < bytes; at += length + 1) {
        const char *end = memchr(text + at, '\n', (size_t)(bytes - at));
        length = end ? end - (text + at) : bytes - at;
        if (says_something(text + at, length))
            return hash_line(text + at, length);
    }
    return hash_line(text, bytes);
}
