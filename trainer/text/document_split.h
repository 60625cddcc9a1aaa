/* Where documents begin, end and are cut in a text that lies in memory. A line break is "\n" or
 * "\r\n"; two of them are a blank line. */
#ifndef VSH_DOCUMENT_SPLIT_H
#define VSH_DOCUMENT_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

/* The text that is there; at_end: nothing comes behind it. */
typedef struct {
    const char *text;
    int64_t bytes;
    bool at_end;
} vsh_text_part;

/* The end of the breaks at its begin; *breaks is how many they are. *open: one may go on behind. */
int64_t vsh_split_after_breaks(const vsh_text_part *part, int64_t *breaks, bool *open);

/* The end of a document that begins with the part: what a blank line (or a line break) or the end
 * of the text ends. -1 when it lies behind the part; bytes before *looked need no second look. */
int64_t vsh_split_paragraph(const vsh_text_part *part, int64_t *looked);
int64_t vsh_split_line(const vsh_text_part *part, int64_t *looked);

/* How many of the first bytes (2 or more, all of them of one document that is longer) are a
 * document of their own: behind the last blank line, else line break, else blank, else character.
 */
int64_t vsh_split_cut(const char *text, int64_t bytes);

#endif
