/* Token ids as sequences, in an order that is a pure function of (seed, epoch): nothing to store
 * but the number of tokens seen. */
#ifndef VSH_BATCHES_H
#define VSH_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "trainer/data/corpus.h"
#include "trainer/data/tokenizer.h"

/* A split of a corpus as ids: documents of mixed length packed one after the other, an end token
 * after each. */
typedef struct {
    const int32_t *id;    /* all documents, in order of the corpus */
    const int64_t *start; /* (documents + 1) */
    int64_t documents, count;
    uint64_t hash; /* of ids and boundaries */
    int64_t bytes; /* of text, for bits per byte */
} vsh_token_data;

/* Tokenizes all documents that are (not) held out. The ids are cached in cache_path.train.ids or
 * cache_path.held-out.ids when cache_path is not NULL: written atomically, checked when read, and
 * made anew when text or tokenizer are others or the file is damaged. VSH_EINPUT when there is no
 * such document. */
vsh_status vsh_token_data_make(vsh_arena *arena, const vsh_corpus *corpus,
                               const vsh_tokenizer *tokenizer, bool held_out, int64_t one_in,
                               const char *cache_path, vsh_token_data *data, vsh_error *err);

/* The endless training stream: epoch after epoch, the documents of each in an order drawn from
 * (seed, epoch), packed. One thread uses it at a time; it keeps 48 bytes for each document. */
typedef struct vsh_stream vsh_stream;
vsh_status vsh_stream_open(vsh_arena *arena, const vsh_token_data *data, uint64_t seed,
                           vsh_stream **stream, vsh_error *err);
/* inputs and targets (sequences, seq): window i begins at token first + i seq of the stream, and a
 * target is the next token. Any order of calls gives the same. */
void vsh_stream_batch(vsh_stream *stream, int64_t first, int64_t sequences, int64_t seq,
                      int32_t *inputs, int32_t *targets);

/* Fixed windows of held-out data in corpus order for evaluation: window i of seq tokens; returns
 * false beyond the end. Past the end, targets are -1 and inputs 0. */
bool vsh_evaluation_window(const vsh_token_data *data, int64_t window, int64_t seq, int32_t *inputs,
                           int32_t *targets);

#endif
