/* One line of JSON (RFC 8259, all of it UTF-8) that is an object with a text in its member "text".
 */
#ifndef VSH_JSONL_H
#define VSH_JSONL_H

#include <stdbool.h>
#include <stdint.h>

/* How deep arrays and objects may lie in each other. */
enum { VSH_JSONL_DEPTH = 256 };

typedef struct {
    const char *text; /* in the line; "\u0000" is a NUL byte of it */
    int64_t bytes, nul;
    const char *why; /* of a line that is refused: "expected an object with a \"text\"" */
    int64_t at;      /* byte of the line where that was */
} vsh_jsonl;

/* The whole line is checked, and its strings are decoded where they stand. false: refused, among
 * others for a second "text" and for half a surrogate pair. */
bool vsh_jsonl_read(char *line, int64_t bytes, vsh_jsonl *found);

#endif
