/* Kinds of characters: ASCII by C's own classes, the rest by ranges of code points. */
#include "trainer/text/characters.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/text.h"

/* The Unicode Standard 15, code charts: what is no letter, in ascending order. Marks and digits of
 * other scripts count as letters: they belong to words. */
typedef struct {
    uint32_t first, last;
    vsh_character_kind kind;
} range;

static const range ranges[] = {
    {0x80, 0x84, VSH_CONTROL},         {0x85, 0x85, VSH_SPACE},
    {0x86, 0x9f, VSH_CONTROL},         {0xa0, 0xa0, VSH_SPACE},
    {0xa1, 0xa1, VSH_PUNCTUATION},     {0xa2, 0xa6, VSH_SYMBOL},
    {0xa7, 0xa7, VSH_PUNCTUATION},     {0xa8, 0xa9, VSH_SYMBOL},
    {0xab, 0xab, VSH_PUNCTUATION},     {0xac, 0xac, VSH_SYMBOL},
    {0xad, 0xad, VSH_PUNCTUATION},     {0xae, 0xb4, VSH_SYMBOL},
    {0xb6, 0xb7, VSH_PUNCTUATION},     {0xb8, 0xb9, VSH_SYMBOL},
    {0xbb, 0xbb, VSH_PUNCTUATION},     {0xbc, 0xbe, VSH_SYMBOL},
    {0xbf, 0xbf, VSH_PUNCTUATION},     {0xd7, 0xd7, VSH_SYMBOL},
    {0xf7, 0xf7, VSH_SYMBOL},          {0x2000, 0x200a, VSH_SPACE},
    {0x200b, 0x200f, VSH_CONTROL},     {0x2010, 0x2027, VSH_PUNCTUATION},
    {0x2028, 0x2029, VSH_SPACE},       {0x202a, 0x202e, VSH_CONTROL},
    {0x202f, 0x202f, VSH_SPACE},       {0x2030, 0x205e, VSH_PUNCTUATION},
    {0x205f, 0x205f, VSH_SPACE},       {0x2060, 0x206f, VSH_CONTROL},
    {0x2070, 0x20cf, VSH_SYMBOL},      {0x2100, 0x2bff, VSH_SYMBOL},
    {0x2e00, 0x2e7f, VSH_PUNCTUATION}, {0x3000, 0x3000, VSH_SPACE},
    {0x3001, 0x3003, VSH_PUNCTUATION}, {0x3008, 0x3011, VSH_PUNCTUATION},
    {0x3012, 0x3020, VSH_SYMBOL},      {0xe000, 0xf8ff, VSH_SYMBOL},
    {0xfe00, 0xfe0f, VSH_SYMBOL},      {0xfe30, 0xfe6f, VSH_PUNCTUATION},
    {0xfeff, 0xfeff, VSH_CONTROL},     {0xff01, 0xff0f, VSH_PUNCTUATION},
    {0xff1a, 0xff20, VSH_PUNCTUATION}, {0xff3b, 0xff40, VSH_PUNCTUATION},
    {0xff5b, 0xff65, VSH_PUNCTUATION}, {0xfff0, 0xffff, VSH_SYMBOL},
    {0x1f000, 0x1faff, VSH_SYMBOL},    {0xe0000, 0x10ffff, VSH_SYMBOL},
};

static vsh_character_kind kind_beyond_ascii(uint32_t code)
{
    size_t low = 0, high = sizeof ranges / sizeof ranges[0];

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].last < code)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sizeof ranges / sizeof ranges[0] && code >= ranges[low].first)
        return ranges[low].kind;
    return VSH_LETTER;
}

static vsh_character_kind kind_of_ascii(unsigned char c)
{
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        return VSH_LETTER;
    if (c >= '0' && c <= '9')
        return VSH_DIGIT;
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return VSH_SPACE;
    if (c < ' ' || c == 0x7f)
        return VSH_CONTROL;
    return strchr(".,;:!?'\"()-[]/", c) ? VSH_PUNCTUATION : VSH_SYMBOL;
}

/* The code point of a well-formed sequence of 2 to 4 bytes, or 0. */
static uint32_t decode(const char *at, int64_t bytes, int *length)
{
    const int found = vsh_utf8_bytes(at, bytes);
    uint32_t code;

    if (found == 0)
        return 0;
    code = (unsigned char)at[0] & (0x7fu >> found);
    for (int i = 1; i < found; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3fu);
    *length = found;
    return code;
}

vsh_character_kind vsh_character_at(const char *text, int64_t bytes, int *length)
{
    unsigned char first = (unsigned char)text[0];
    uint32_t code;

    assert(bytes > 0);
    *length = 1;
    if (first < 0x80)
        return kind_of_ascii(first);
    code = decode(text, bytes, length);
    return code == 0 ? VSH_MALFORMED : kind_beyond_ascii(code);
}

uint32_t vsh_code_point_at(const char *text, int64_t bytes, int *length)
{
    assert(bytes > 0);
    *length = 1;
    if (!(text[0] & 0x80))
        return (uint32_t)text[0];
    return decode(text, bytes, length);
}
