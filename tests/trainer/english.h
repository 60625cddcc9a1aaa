/* The default corpus in memory, where all its parts are on the machine: real text to judge. */
#ifndef VSH_ENGLISH_H
#define VSH_ENGLISH_H

#include <stdbool.h>
#include <unistd.h>

#include "trainer/text/corpus_sources.h"
#include "trainer/text/document.h"

/* false: a part is not installed. */
static inline bool read_english(vsh_arena *arena, vsh_documents *documents)
{
    const char *gcide = access("data/gcide.dict.dz", R_OK) == 0 ? "data/gcide.dict.dz"
                                                                : "/usr/share/dictd/gcide.dict.dz";
    vsh_error err;
    int64_t before;

    *documents = vsh_documents_in(arena);
    if (access(gcide, R_OK) != 0 || vsh_gcide_read(gcide, documents, &err) != VSH_OK)
        return false;
    before = documents->count;
    if (vsh_wordnet_read("/usr/share/wordnet", documents, &err) != VSH_OK ||
        documents->count == before)
        return false;
    before = documents->count;
    return vsh_bible_read("/usr/bin/bible", documents, &err) == VSH_OK &&
           documents->count > before && !documents->text.failed;
}

/* Documents [first, first + count) as one. */
static inline vsh_document english_document(const vsh_documents *documents, int64_t first,
                                            int64_t count)
{
    int64_t last = first + count;
    int64_t end = last < documents->count ? documents->start[last] : documents->open;

    return (vsh_document){.text = documents->text.data + documents->start[first],
                          .bytes = end - documents->start[first]};
}

#endif
