/* The language of a text by the statistics of its characters: sixteen languages in Latin letters,
 * ten that their script tells. Close relatives that are not among them are taken for one that is
 * (Norwegian for Danish) or left undecided. */
#ifndef VSH_LANGUAGE_H
#define VSH_LANGUAGE_H

#include "trainer/text/document.h"

extern const char *const vsh_language_codes[]; /* "en", "de", ..., closed by NULL */
extern const int vsh_language_count;

/* Index into the codes; -1: too short or too unlike all of them to say. */
int vsh_language_of(const vsh_document *document);

#endif
