#include "trainer/text/document_split.h"

#include <assert.h>
#include <string.h>

/* ---- breaks -------------------------------------------------------------------------------- */

typedef enum { NO_BREAK, A_BREAK, PERHAPS } break_kind;

/* At i, which may be the end of the part; PERHAPS: the text goes on, and what comes decides. */
static break_kind break_at(const vsh_text_part *part, int64_t i, int64_t *after)
{
    if (i >= part->bytes)
        return part->at_end ? NO_BREAK : PERHAPS;
    *after = i + 1;
    if (part->text[i] == '\n')
        return A_BREAK;
    if (part->text[i] != '\r')
        return NO_BREAK;
    *after = i + 2;
    if (i + 1 >= part->bytes)
        return part->at_end ? NO_BREAK : PERHAPS;
    return part->text[i + 1] == '\n' ? A_BREAK : NO_BREAK;
}

int64_t vsh_split_after_breaks(const vsh_text_part *part, int64_t *breaks, bool *open)
{
    int64_t i = 0, after;
    break_kind kind;

    for (*breaks = 0; (kind = break_at(part, i, &after)) == A_BREAK; ++*breaks)
        i = after;
    *open = kind == PERHAPS;
    return i;
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* The next break from i on; its begin, or -1. */
static int64_t find_break(const vsh_text_part *part, int64_t i, int64_t *after)
{
    const char *newline = memchr(part->text + i, '\n', (size_t)(part->bytes - i));

    if (!newline)
        return -1;
    *after = newline - part->text + 1;
    return *after - (*after >= 2 && newline[-1] == '\r' ? 2 : 1);
}

/* No break in all that is there. */
static int64_t no_end(const vsh_text_part *part, int64_t *looked)
{
    if (part->at_end)
        return part->bytes;
    /* the last byte may be half a break */
    if (part->bytes - 1 > *looked)
        *looked = part->bytes - 1;
    return -1;
}

int64_t vsh_split_paragraph(const vsh_text_part *part, int64_t *looked)
{
    for (int64_t i = *looked;;) {
        int64_t behind, unused, begin = find_break(part, i, &behind);
        if (begin < 0)
            return no_end(part, looked);
        switch (break_at(part, behind, &unused)) {
        case A_BREAK:
            return begin;
        case PERHAPS:
            *looked = begin;
            return -1;
        case NO_BREAK:
            if (behind == part->bytes) /* the break ends the text */
                return begin;
        }
        i = behind;
    }
}

int64_t vsh_split_line(const vsh_text_part *part, int64_t *looked)
{
    int64_t behind, begin = find_break(part, *looked, &behind);

    return begin < 0 ? no_end(part, looked) : begin;
}

/* ---- cuts ---------------------------------------------------------------------------------- */

/* Whether a blank line ends in front of i, behind a line break. */
static bool is_behind_blank_line(const char *text, int64_t i)
{
    return i >= 2 &&
           (text[i - 2] == '\n' || (i >= 3 && text[i - 2] == '\r' && text[i - 3] == '\n'));
}

static bool continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* In front of the character that the last bytes begin and do not end. */
static int64_t character_cut(const char *text, int64_t bytes)
{
    for (int64_t i = bytes; i > bytes - 4 && i > 0; i--) {
        unsigned char first = (unsigned char)text[i - 1];
        if (continues(text[i - 1]))
            continue;
        if (first >= 0xc2 && i - 1 > 0) {
            int64_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
            return i - 1 + length > bytes ? i - 1 : bytes;
        }
        break;
    }
    return bytes;
}

int64_t vsh_split_cut(const char *text, int64_t bytes)
{
    int64_t line = 0, blank = 0;

    assert(bytes >= 2);
    for (int64_t i = bytes; i > 0; i--) {
        if (text[i - 1] == '\n') {
            if (is_behind_blank_line(text, i))
                return i;
            line = line ? line : i;
        } else if (!blank && (text[i - 1] == ' ' || text[i - 1] == '\t')) {
            blank = i;
        }
    }
    return line ? line : blank ? blank : character_cut(text, bytes);
}
