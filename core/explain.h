/* What --explain shows: each number of an answer, how it was made, from what, and how sure that is.
 */
#ifndef VSH_EXPLAIN_H
#define VSH_EXPLAIN_H

#include "core/json.h"
#include "core/text.h"

typedef struct {
    const char *name;
    double value;
    const char *unit, *formula;
    const char *source; /* NULL: none was given */
    const char *tag; /* measured, calibrated, specification, assumed, or derived from the others */
} vsh_explained;

void vsh_explain_print(const vsh_explained *lines, int count, vsh_text *out);
/* An array under the key "explain". */
void vsh_explain_write(const vsh_explained *lines, int count, vsh_json *json);

#endif
