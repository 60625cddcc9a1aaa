/* What a text says, said otherwise. */
#ifndef VSH_BACK_TRANSLATION_H
#define VSH_BACK_TRANSLATION_H

#include <signal.h>

#include "trainer/text/document.h"

/* Texts to Spanish and back through Apertium (Forcada et al. 2011), some MiB of them at a time;
 * out[i].text, in the arena, is NULL where nothing came back for sure, or the same, or something
 * much longer or shorter. Of a batch that the translator fails on nothing comes back, and its
 * documents are counted: one text must not end hours of work. VSH_EINPUT when the translator is
 * not there any more, VSH_EMACHINE for a disk or memory, VSH_ESTOPPED once *stop is set (stop NULL:
 * nobody asks). */
vsh_status vsh_back_translate(vsh_arena *arena, const char *work_folder,
                              const vsh_document *documents, int64_t count,
                              const volatile sig_atomic_t *stop, vsh_document *out, int64_t *failed,
                              vsh_error *err);
/* Before anything else is done: VSH_EINPUT with what to install when it is missing. */
vsh_status vsh_back_translation_check(vsh_error *err);

#endif
