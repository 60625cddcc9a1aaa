/* Texts that must not be trained on (evaluation sets): their word n-grams, and whether a document
 * has one of them. A text shorter than n words counts as one whole gram when it has at least
 * VSH_OVERLAP_WORDS. */
#ifndef VSH_OVERLAP_H
#define VSH_OVERLAP_H

#include "trainer/text/words.h"

enum { VSH_OVERLAP_WORDS = 5, VSH_OVERLAP_WORDS_MAX = 64 };

typedef struct vsh_overlap vsh_overlap;

/* n words a gram, 1 to VSH_OVERLAP_WORDS_MAX; VSH_EMACHINE. */
vsh_status vsh_overlap_open(vsh_arena *arena, int n, vsh_overlap **overlap, vsh_error *err);
vsh_status vsh_overlap_add(vsh_overlap *overlap, const char *text, int64_t bytes, vsh_error *err);
int64_t vsh_overlap_grams(const vsh_overlap *overlap);

/* The first word (an index into words->word) of the first gram that document and texts share; -1
 * when there is none. Threads may ask together. */
int64_t vsh_overlap_meets(const vsh_overlap *overlap, const vsh_words *words);

#endif
