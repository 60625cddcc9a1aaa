/* A law in a file: what `fit` writes and `--law FILE` reads (docs/formats.md). */
#ifndef VSH_LAW_FILE_H
#define VSH_LAW_FILE_H

#include "core/arena.h"
#include "core/doc.h"
#include "core/status.h"
#include "core/text.h"
#include "planner/laws/law.h"

/* Of the corpus and the source. */
enum { VSH_LAW_WORDS_BYTES_MAX = 400 };

/* VSH_EINPUT with file and line when it is not a law: unknown form, a coefficient missing or out of
 * range, a covariance that is not square, symmetric and positive semidefinite, draws that
 * leave the loss open inside the fitted range. The law lives as
 * long as the arena. */
vsh_status vsh_law_read(vsh_arena *arena, const char *path, vsh_law *law, vsh_error *err);
vsh_status vsh_law_from_doc(vsh_arena *arena, const vsh_doc *doc, vsh_law *law, vsh_error *err);

/* The same as YAML, every number so that it reads back the same. */
void vsh_law_write(const vsh_law *law, vsh_text *out);

#endif
