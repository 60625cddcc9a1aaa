/* Documents with a part of them moved to the end, so that a model learns to fill in. */
#ifndef VSH_INFILL_H
#define VSH_INFILL_H

#include "trainer/data/tokenizer.h"

/* Pieces that infilling needs in a tokenizer, as spm_train is asked for them. */
extern const char *const vsh_infill_pieces[]; /* closed by NULL */

/* The ids of a document, its middle moved behind the rest and each part led by a control piece, so
 * that a model which reads from left to right learns to fill in. Where it is cut is drawn from
 * (seed, document's hash) alone. Appends nothing when the document is too short, else count + 3
 * ids. VSH_EINPUT when the tokenizer has not the pieces. */
vsh_status vsh_infill(const vsh_tokenizer *tokenizer, const int32_t *id, int64_t count,
                      uint64_t seed, uint64_t document_hash, vsh_ids *out, vsh_error *err);

#endif
