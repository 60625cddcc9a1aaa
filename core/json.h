/* JSON out: one object, stable key order, shortest doubles that read back the same, no NaN. */
#ifndef VSH_JSON_H
#define VSH_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

enum { VSH_JSON_DEPTH = 16 };

/* Start from {.out = text}. Keys are NULL inside an array. */
typedef struct {
    vsh_text *out;
    int depth;
    bool filled[VSH_JSON_DEPTH]; /* something was written at this depth */
    bool array[VSH_JSON_DEPTH];
    bool one_line; /* an object of a .jsonl file */
    bool plain;    /* control characters become U+FFFD: core/doc.h reads it back */
    bool refused;  /* a figure was not finite; null stands in its place */
} vsh_json;

void vsh_json_object(vsh_json *json, const char *key);
void vsh_json_array(vsh_json *json, const char *key);
/* Closes the innermost object or array; the outermost also ends the line. */
void vsh_json_end(vsh_json *json);

void vsh_json_real(vsh_json *json, const char *key, double value);
/* The same where no number may be known: null for one that is not finite, and nothing is refused.
 */
void vsh_json_known(vsh_json *json, const char *key, double value);
void vsh_json_integer(vsh_json *json, const char *key, int64_t value);
void vsh_json_bool(vsh_json *json, const char *key, bool value);
void vsh_json_null(vsh_json *json, const char *key);
/* NULL is written as null; bytes that are not UTF-8 become U+FFFD. */
void vsh_json_string(vsh_json *json, const char *key, const char *value);

#endif
