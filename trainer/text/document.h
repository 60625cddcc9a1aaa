/* A document as it was found: its bytes are kept as they are. */
#ifndef VSH_DOCUMENT_H
#define VSH_DOCUMENT_H

#include <stdint.h>

/* Longer ones are cut into several where a paragraph, a line or a word ends. */
enum { VSH_DOCUMENT_BYTES_MAX = 1 << 20 };

typedef struct {
    const char *text; /* not closed by a NUL */
    int64_t bytes;
    int64_t malformed, nul; /* bytes that are not UTF-8; NUL bytes */
    uint64_t beginning;     /* trainer/text/beginning.h; of all pieces of a cut one the same */
} vsh_document;

#endif
