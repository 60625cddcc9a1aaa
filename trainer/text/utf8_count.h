/* Bytes of a text that a text should not have, counted fast where it is ASCII. */
#ifndef VSH_UTF8_COUNT_H
#define VSH_UTF8_COUNT_H

#include <stdint.h>

/* Bytes that are no part of a UTF-8 character, and NUL bytes. */
void vsh_utf8_count(const char *text, int64_t bytes, int64_t *malformed, int64_t *nul);

#endif
