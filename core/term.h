/* What a terminal can show, and the one place where bytes leave a program. */
#ifndef VSH_TERM_H
#define VSH_TERM_H

#include <stdbool.h>
#include <stdio.h>

#include "core/status.h"
#include "core/text.h"

typedef struct {
    bool colour;
} vsh_term;

/* choice indexes vsh_colour_words; no_color and term_name are the environment's NO_COLOR and TERM
 * (NULL when unset). auto means: a terminal, and neither variable says no. */
vsh_term vsh_term_choose(int descriptor, int choice, const char *no_color, const char *term_name);

/* Escape sequences, "" without colour. Colour never carries meaning alone. */
const char *vsh_term_bold(vsh_term term);
const char *vsh_term_warn(vsh_term term);
const char *vsh_term_plain(vsh_term term);

/* Writes all of text and flushes; VSH_EMACHINE when a byte was lost (full disk, closed pipe). */
vsh_status vsh_term_write(FILE *stream, const vsh_text *text, vsh_error *err);

#endif
