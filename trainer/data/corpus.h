/* Text as documents: a file of the user's, or the default corpus from Debian packages. */
#ifndef VSH_CORPUS_H
#define VSH_CORPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "core/text.h"
#include "trainer/text/corpus_sources.h"

/* Documents one after the other; document d is text[start[d] .. start[d+1]). */
typedef struct {
    char *text;
    int64_t bytes;
    int64_t *start; /* (documents + 1) */
    int64_t documents;
    const char *description; /* "GCIDE 0.48, WordNet 3.0, King James Bible: 45.2 MB, ..." */
} vsh_corpus;

/* A plain text file of at most 8 GiB; blank lines (two newlines, with or without carriage returns)
 * end a document and belong to none. No text: VSH_EINPUT. NUL bytes and malformed UTF-8 are kept
 * and counted in the description. */
vsh_status vsh_corpus_read(vsh_arena *arena, const char *path, vsh_corpus *corpus, vsh_error *err);

/* The default corpus: GCIDE (gcide.dict.dz from data_folder or /usr/share/dictd), WordNet glosses
 * and examples (/usr/share/wordnet), the King James Bible (the bible program): what is there. An
 * entry or verse-chapter is a document. VSH_EINPUT naming `make deps` when nothing is there. */
vsh_status vsh_corpus_default(vsh_arena *arena, const char *data_folder, vsh_corpus *corpus,
                              vsh_error *err);
vsh_status vsh_corpus_collect(vsh_arena *arena, const vsh_corpus_places *places, vsh_corpus *corpus,
                              vsh_error *err);

/* Documents whose hash says so are held out: one in `one_in` by hash of the document's first line,
 * never by position. */
bool vsh_corpus_held_out(const vsh_corpus *corpus, int64_t document, int64_t one_in);

/* About so many bytes of the training documents, chosen by hash, a blank line after each: what a
 * tokenizer learns from. false when memory ends. */
bool vsh_corpus_sample(const vsh_corpus *corpus, int64_t one_in, int64_t bytes, vsh_text *text);

#endif
