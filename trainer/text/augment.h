/* More training text out of the text at hand: what stands in it already, said or asked otherwise.
 * None of it counts as unique, and nothing of it is held out. */
#ifndef VSH_AUGMENT_H
#define VSH_AUGMENT_H

#include <signal.h>

#include "trainer/data/tokenizer.h"
#include "trainer/text/document.h"

typedef enum { VSH_AUGMENT_NONE, VSH_AUGMENT_INFILL, VSH_AUGMENT_BACKTRANSLATE } vsh_augmentation;

extern const char *const vsh_augment_words[]; /* "none", "infill", "backtranslate" */

/* Pieces that infilling needs in a tokenizer, as spm_train is asked for them. */
extern const char *const vsh_infill_pieces[]; /* closed by NULL */

/* The ids of a document, its middle moved behind the rest and each part led by a control piece, so
 * that a model which reads from left to right learns to fill in. Where it is cut is drawn from
 * (seed, document's hash) alone. Appends nothing when the document is too short, else count + 3
 * ids. VSH_EINPUT when the tokenizer has not the pieces. */
vsh_status vsh_infill(const vsh_tokenizer *tokenizer, const int32_t *id, int64_t count,
                      uint64_t seed, uint64_t document_hash, vsh_ids *out, vsh_error *err);

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
