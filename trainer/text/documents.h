/* A growing list of documents: what a source of text fills. */
#ifndef VSH_DOCUMENTS_H
#define VSH_DOCUMENTS_H

#include <stdint.h>

#include "core/arena.h"
#include "core/text.h"

/* Text is added to the open document, which end closes. */
typedef struct {
    vsh_text text;
    int64_t *start; /* of the closed ones */
    int64_t count, capacity;
    int64_t open; /* where the open document begins */
} vsh_documents;

static inline vsh_documents vsh_documents_in(vsh_arena *arena)
{
    return (vsh_documents){.text = {.arena = arena}};
}

/* Drops blanks and newlines at the end, and a document that has nothing else. text.failed when
 * memory ends. */
void vsh_documents_end(vsh_documents *documents);

#endif
