/* Token ids drawn evenly, a function of their place: what a step costs does not depend on what is
 * said. */
#ifndef VSH_RANDOM_SOURCE_H
#define VSH_RANDOM_SOURCE_H

#include <stdint.h>

/* Fills a vsh_batch_source whose context is the vocabulary, an int64_t. */
void vsh_random_fill(void *vocab, int64_t first, int64_t sequences, int64_t seq, int32_t *inputs,
                     int32_t *targets);

#endif
