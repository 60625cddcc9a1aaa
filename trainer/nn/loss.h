/* Cross-entropy over a chunk of rows of logits: loss and gradient in one pass over them, so that
 * logits are never whole in memory. */
#ifndef VSH_LOSS_H
#define VSH_LOSS_H

#include "trainer/nn/nn.h"

/* ids (rows): what is right; -1: the row does not count. logits (rows, V) are fp32 or bf16 and
 * become their gradient times scale: scale (softmax - target), the row's loss (natural log) goes to
 * losses (rows). scale 0: logits are left alone. NaN among the logits makes the row's loss NaN. */
void vsh_loss_rows(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t vocab,
                   const int32_t *ids, float scale, void *logits, double *losses);

/* Naive twin: returns the sum of losses; dlogits (rows, V) may be NULL. */
double vsh_loss_rows_ref(int64_t rows, int64_t vocab, const int32_t *ids, double scale,
                         const double *logits, double *dlogits);

#endif
