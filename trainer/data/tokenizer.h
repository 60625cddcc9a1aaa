/* Text to token ids and back: bytes (ids 0-255, 256 ends a document), or a SentencePiece model.
 * decode(encode(x)) = x for any bytes: what a model cannot say (NUL, malformed UTF-8, U+2581
 * itself) goes by its byte pieces. Threads may share a tokenizer. */
#ifndef VSH_TOKENIZER_H
#define VSH_TOKENIZER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "core/text.h"

typedef struct vsh_tokenizer vsh_tokenizer;

/* path NULL: bytes. A model file is checked field by field before the library sees it (sizes,
 * UTF-8 and length of pieces, finite scores, known kinds, no normalization map other than
 * identity): VSH_EINPUT. */
vsh_status vsh_tokenizer_open(vsh_arena *arena, const char *path, vsh_tokenizer **tokenizer,
                              vsh_error *err);
void vsh_tokenizer_close(vsh_tokenizer *tokenizer);

/* What is said in place of a model's file: "unigram" and "bpe" are trained, "bytes" needs none. */
bool vsh_tokenizer_is_word(const char *word);

int32_t vsh_tokenizer_vocab(const vsh_tokenizer *tokenizer);
/* The id that stands between documents. */
int32_t vsh_tokenizer_end(const vsh_tokenizer *tokenizer);
/* The control piece of this name; -1: none. No text is encoded as it. */
int32_t vsh_tokenizer_piece(const vsh_tokenizer *tokenizer, const char *name);
/* Of the model: texts have the same ids under equal hashes. */
uint64_t vsh_tokenizer_hash(const vsh_tokenizer *tokenizer);
/* The model's file, for a checkpoint; NULL for bytes. */
const char *vsh_tokenizer_path(const vsh_tokenizer *tokenizer);

/* Appends ids to the growing array (*ids, *count, *capacity, from the arena). */
typedef struct {
    vsh_arena *arena;
    int32_t *id;
    int64_t count, capacity;
    bool failed; /* out of memory */
} vsh_ids;
vsh_status vsh_ids_add(vsh_ids *ids, const int32_t *id, int64_t count, vsh_error *err);
vsh_status vsh_tokenizer_encode(const vsh_tokenizer *tokenizer, const char *text, size_t length,
                                vsh_ids *ids, vsh_error *err);
/* The text of ids, nothing for control pieces; VSH_EINPUT for an id outside the vocabulary. */
vsh_status vsh_tokenizer_decode(const vsh_tokenizer *tokenizer, const int32_t *ids, int64_t count,
                                vsh_text *text, vsh_error *err);

typedef struct {
    const char *algorithm;             /* "unigram" or "bpe" */
    int32_t vocab;                     /* pieces, those of bytes and control included */
    bool at_most;                      /* fewer where the text has no room for so many */
    const char *const *control;        /* pieces that no text becomes, closed by NULL; NULL: none */
    const volatile sig_atomic_t *stop; /* once set: VSH_ESTOPPED; NULL: nobody asks */
} vsh_tokenizer_options;

/* Trains a model on a text file with Debian's spm_train (a separate process, no shell): identity
 * normalization, extra whitespace kept, byte fallback, documents' end. The same text gives the same
 * bytes of the model, which appears whole or not at all. VSH_EINPUT with the vocabularies that the
 * text has room for, or the program's own complaint; VSH_EMACHINE when it is missing. */
vsh_status vsh_tokenizer_train(vsh_arena *arena, const char *text_path, const char *model_path,
                               const vsh_tokenizer_options *options, vsh_error *err);

#endif
