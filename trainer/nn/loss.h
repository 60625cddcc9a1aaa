/* Cross-entropy over a chunk of rows of logits: loss and gradient in one pass over them, so that
 * logits are never whole in memory. */
#ifndef VSH_LOSS_H
#define VSH_LOSS_H

#include "trainer/nn/lesson.h"

/* What to predict: token ids (-1: the row does not count), or, when soft is not NULL, a
 * distribution over the vocabulary a row, soft (rows, V) floats summing to 1 (to 0: the row does
 * not count). lesson: while training, the last head learns from a teacher beside ids, or NULL. */
typedef struct {
    const int32_t *ids;
    const float *soft;
    const vsh_lesson *lesson;
} vsh_targets;

/* logits (rows, V) are fp32 or bf16 and become their gradient times scale: scale (softmax -
 * target), the row's loss (natural log) goes to losses (rows). scale 0: logits are left alone. NaN
 * among the logits makes the row's loss NaN. */
void vsh_loss_rows(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t vocab,
                   const vsh_targets *targets, float scale, void *logits, double *losses);

/* Naive twin: returns the sum of losses; dlogits (rows, V) may be NULL. */
double vsh_loss_rows_ref(int64_t rows, int64_t vocab, const int32_t *ids, const double *soft,
                         double scale, const double *logits, double *dlogits);

#endif
