/* How much of a document stands in it more than once: lines, paragraphs and word n-grams, as the
 * rules of quality weigh them. */
#ifndef VSH_REPEATS_H
#define VSH_REPEATS_H

#include "trainer/text/words.h"

/* Of lines and paragraphs (which blank lines part); bytes are those of the text without the white
 * space around lines. Again: it stood before, so the first time does not count. */
typedef struct {
    int64_t lines, lines_again, lines_again_bytes;
    int64_t paragraphs, paragraphs_again, paragraphs_again_bytes;
    int64_t bullets, ellipses; /* lines that begin with a sign of lists, that end with ... */
    int64_t bytes;             /* of the text that was looked at: its first 65,536 lines */
} vsh_line_counts;

/* Of n-grams over the words of vsh_words: by n - 2. Bytes are those from the first word's first to
 * the last word's last; each is counted once. */
enum { VSH_GRAMS = 9 };

typedef struct vsh_repetition vsh_repetition; /* scratch of one thread */
vsh_status vsh_repetition_open(vsh_arena *arena, vsh_repetition **repetition, vsh_error *err);

/* lines: an upper bound of their number. */
void vsh_repetition_lines(vsh_repetition *repetition, const vsh_document *document, int64_t lines,
                          vsh_line_counts *counts);

/* share[0..2]: of the document's bytes in the 2-, 3-, 4-gram that stands most often (of those that
 * stand equally often, the one with the most bytes), when it stands twice or more. share[3..8]: of
 * its bytes in 5- to 10-grams that stood before. A share that is certain to lie within its limit
 * may be given as 0; limits may be NaN. Of a document of more than 131,072 words: of its first so
 * many. */
void vsh_repetition_grams(vsh_repetition *repetition, const vsh_document *document,
                          const vsh_words *words, const double limit[VSH_GRAMS],
                          double share[VSH_GRAMS]);

#endif
