#include "trainer/base/wordnet_lines.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

bool vsh_wordnet_next(vsh_wordnet_lines *l)
{
    while (l->next < l->end) {
        const char *newline = memchr(l->next, '\n', (size_t)(l->end - l->next));
        l->at = l->next;
        l->line_end = newline ? newline : l->end;
        l->next = newline ? newline + 1 : l->end;
        l->line++;
        if (l->line_end == l->at || *l->at == ' ')
            continue;
        l->bar = memchr(l->at, '|', (size_t)(l->line_end - l->at));
        return true;
    }
    return false;
}

vsh_span_text vsh_wordnet_field(vsh_wordnet_lines *l)
{
    const char *begin = l->at, *end = begin;

    assert(l->bar);
    while (end < l->bar && *end != ' ')
        end++;
    l->at = end < l->bar ? end + 1 : end;
    return (vsh_span_text){begin, (int32_t)(end - begin)};
}

vsh_span_text vsh_wordnet_gloss(const vsh_wordnet_lines *l)
{
    const char *begin = l->bar + 1;

    assert(l->bar);
    while (begin < l->line_end && *begin == ' ')
        begin++;
    return (vsh_span_text){begin, (int32_t)(l->line_end - begin)};
}

int64_t vsh_wordnet_number(vsh_span_text f, int base)
{
    int64_t value = 0;

    if (f.length < 1 || f.length > 9)
        return -1;
    for (int32_t i = 0; i < f.length; i++) {
        int c = tolower((unsigned char)f.text[i]);
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
        if (digit >= base)
            return -1;
        value = value * base + digit;
    }
    return value;
}
