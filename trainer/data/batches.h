/* Token ids as sequences, in an order that is a pure function of (seed, epoch): nothing to store
 * but the number of tokens seen. */
#ifndef VSH_BATCHES_H
#define VSH_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "trainer/data/token_data.h"

/* The endless training stream: epoch after epoch, the documents of each in an order drawn from
 * (seed, epoch), packed. One thread uses it at a time; it keeps 16 bytes for each 64 documents. */
typedef struct vsh_stream vsh_stream;
vsh_status vsh_stream_open(vsh_arena *arena, const vsh_token_data *data, uint64_t seed,
                           vsh_stream **stream, vsh_error *err);
/* Before the first batch: an epoch is then of some documents only, drawn from (seed, count of all),
 * the fewest that have so many tokens; those of fewer tokens are among those of more. */
void vsh_stream_limit(vsh_stream *stream, uint64_t seed, int64_t tokens);
/* Tokens of an epoch. */
int64_t vsh_stream_epoch(const vsh_stream *stream);
/* inputs and targets (sequences, seq): window i begins at token first + i seq of the stream, and a
 * target is the next token. Any order of calls gives the same. */
void vsh_stream_batch(vsh_stream *stream, int64_t first, int64_t sequences, int64_t seq,
                      int32_t *inputs, int32_t *targets);

/* Fixed windows of held-out data in its own order for evaluation: window i of seq tokens; returns
 * false beyond the end. Past the end, targets are -1 and inputs 0. */
bool vsh_evaluation_window(const vsh_token_data *data, int64_t window, int64_t seq, int32_t *inputs,
                           int32_t *targets);

#endif
