/* What a file is, told by its first bytes. */
#ifndef VSH_TEXT_KIND_H
#define VSH_TEXT_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "trainer/text/sources.h"

/* Bytes that are enough to tell. */
enum { VSH_KIND_BYTES = 64 * 1024 };

vsh_packing vsh_packing_of(const char *first, int64_t bytes);

/* Why the (unpacked) bytes are no text in UTF-8: "PNG image", "binary", ...; NULL when they may be.
 * A text may have a few bytes that no text has. */
const char *vsh_not_text(const char *first, int64_t bytes);

/* A UTF-8 byte order mark. */
bool vsh_has_mark(const char *first, int64_t bytes);

#endif
