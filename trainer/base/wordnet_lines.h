/* Lines of WordNet's data files, wndb(5WN):
 *   offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] p_cnt [ptr...] | gloss */
#ifndef VSH_WORDNET_LINES_H
#define VSH_WORDNET_LINES_H

#include <stdbool.h>
#include <stdint.h>

enum { VSH_WORDNET_BYTES_MAX = 256 << 20 };

/* A part of a text that somebody else has. */
typedef struct {
    const char *text;
    int32_t length;
} vsh_span_text;

typedef struct {
    const char *next, *end; /* of the file: what is not read yet */
    int64_t line;           /* that is read, from 1 */
    const char *at, *bar;   /* fields that are left; NULL: the line has no bar */
    const char *line_end;
} vsh_wordnet_lines;

static inline vsh_wordnet_lines vsh_wordnet_lines_of(const char *text, int64_t length)
{
    return (vsh_wordnet_lines){.next = text, .end = text + length};
}

/* The next line that is not empty, nor of the licence, which stands behind blanks. */
bool vsh_wordnet_next(vsh_wordnet_lines *lines);
/* The next field before the bar; empty at the end. */
vsh_span_text vsh_wordnet_field(vsh_wordnet_lines *lines);
/* Behind the bar, without blanks in front. */
vsh_span_text vsh_wordnet_gloss(const vsh_wordnet_lines *lines);
/* Up to nine digits of a base up to 16; -1 for anything else. */
int64_t vsh_wordnet_number(vsh_span_text field, int base);

#endif
