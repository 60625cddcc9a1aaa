/* The words of a document, found once for all that asks for them. */
#ifndef VSH_WORDS_H
#define VSH_WORDS_H

#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "trainer/text/document.h"

/* A run of bytes that are no white space, of ASCII or Unicode. */
typedef struct {
    int32_t begin, length;
} vsh_word;

/* hash: of the words that have a letter or a digit, each of these alone (and of bytes that are not
 * UTF-8), in lower case (ASCII); place: which word of the document it was. */
typedef struct {
    vsh_word *word;
    int64_t words;
    uint64_t *hash;
    int32_t *place;
    int64_t hashes;
    int64_t alphabetic; /* words that have a letter */
} vsh_words;

/* Room for the longest document. */
vsh_status vsh_words_open(vsh_arena *arena, vsh_words *words, vsh_error *err);
void vsh_words_find(const vsh_document *document, vsh_words *words);

/* Of all hashes in their order: equal for texts that differ in case, white space and punctuation
 * alone. A document without words: of its bytes. */
uint64_t vsh_words_hash(const vsh_words *words, const vsh_document *document);

#endif
