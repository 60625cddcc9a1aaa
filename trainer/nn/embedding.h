/* Token and position tables. */
#ifndef VSH_EMBEDDING_H
#define VSH_EMBEDDING_H

#include "trainer/nn/nn.h"

/* out (rows, C) = table[token] + position[start + row % seq].   table (V, C), position (P, C) or
 * NULL. */
void vsh_embedding_forward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t seq,
                           int64_t start, int64_t width, const int32_t *tokens, const void *table,
                           const void *position, void *out);

/* dtable[token] += the sum of its rows of dout, dposition (or NULL; rows start at position 0) +=
 * the sum over sequences; in fp32, rows in order, cut by columns. Uses the caller's scratch. */
void vsh_embedding_backward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t seq,
                            int64_t width, const int32_t *tokens, const void *dout, void *dtable,
                            void *dposition);

#endif
