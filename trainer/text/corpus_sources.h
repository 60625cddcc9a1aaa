/* The parts of the default corpus, one file each. A part that is not on the machine adds nothing:
 * that is no failure. One that is there and cannot be read is. */
#ifndef VSH_CORPUS_SOURCES_H
#define VSH_CORPUS_SOURCES_H

#include "core/status.h"
#include "trainer/text/default_corpus.h"
#include "trainer/text/documents.h"

/* The Collaborative International Dictionary of English as dictd has it: path is gcide.dict.dz. An
 * entry is a document. */
vsh_status vsh_gcide_read(const char *path, vsh_documents *documents, vsh_error *err);
/* The text of that file, decompressed. */
void vsh_gcide_clean(const char *text, size_t length, vsh_documents *documents);

/* WordNet's data.noun, data.verb, data.adj and data.adv in a folder. A synset is a document:
 * 'lemma, lemma: definition; "example"'. */
vsh_status vsh_wordnet_read(const char *folder, vsh_documents *documents, vsh_error *err);
void vsh_wordnet_clean(const char *text, size_t length, vsh_documents *documents);

/* The King James Bible, as the program bible(1) prints it. A chapter is a document: its name, then
 * a verse a line. */
vsh_status vsh_bible_read(const char *program, vsh_documents *documents, vsh_error *err);
void vsh_bible_clean(const char *text, size_t length, vsh_documents *documents);

/* Where the parts are; the first of the dictionary's places that is there counts. */
typedef struct {
    const char *gcide[2];
    const char *wordnet;
    const char *bible;
} vsh_corpus_places;

/* vsh_default_corpus_write of what stands at these places. */
vsh_status vsh_default_corpus_extract(vsh_arena *arena, const vsh_corpus_places *places,
                                      const char *folder, vsh_default_corpus *corpus,
                                      vsh_error *err);

#endif
