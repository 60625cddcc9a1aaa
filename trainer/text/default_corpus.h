/* The default corpus out of Debian's packages, as files that a build reads like a user's own. */
#ifndef VSH_DEFAULT_CORPUS_H
#define VSH_DEFAULT_CORPUS_H

#include "core/arena.h"
#include "core/status.h"

enum { VSH_DEFAULT_PARTS = 3 };

typedef struct {
    const char *path[VSH_DEFAULT_PARTS]; /* JSONL, a document a line */
    int paths;
    const char *missing;     /* "GCIDE 0.48"; NULL: all is there */
    const char *description; /* "GCIDE 0.48 (GPL-2+) 28.1 MB, WordNet 3.0 (WordNet licence) ..." */
} vsh_default_corpus;

/* Extracts what is on this machine into folder (gcide.jsonl, wordnet.jsonl, bible.jsonl), whole
 * files or none. packages: folder with the unpacked dictionary, or NULL. VSH_EINPUT naming
 * `make deps` when nothing is there. */
vsh_status vsh_default_corpus_write(vsh_arena *arena, const char *packages, const char *folder,
                                    vsh_default_corpus *corpus, vsh_error *err);

#endif
