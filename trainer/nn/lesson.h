/* Distillation: what a student's logits learn from a teacher's on the same text. The loss of a row
 * is (1 - w) of the cross-entropy of the right token and w T^2 KL(teacher || student), both
 * distributions softened by dividing logits by the temperature T; T^2 keeps the second gradient's
 * size (Hinton et al. 2015, arXiv:1503.02531, section 2). */
#ifndef VSH_LESSON_H
#define VSH_LESSON_H

#include "trainer/nn/nn.h"

typedef struct {
    double weight;      /* w, from 0 to 1 */
    double temperature; /* T > 0 */
    /* The teacher's logits (rows, V) of tokens [row, row + rows) of the micro-batch that runs; the
     * caller writes over them. */
    float *(*logits)(void *context, int64_t row, int64_t rows);
    void *context;
    /* (rows) receives of each row the cross-entropy of the right token, whatever w is: what a log
     * shows beside logs of runs without a teacher. 0: the row does not count. */
    double *text_losses;
} vsh_lesson;

/* As vsh_loss_rows: logits (rows, V) become their gradient times scale, which is not 0; ids -1: the
 * row does not count. teacher (rows, V) is written over. */
void vsh_lesson_rows(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t vocab,
                     const int32_t *ids, const vsh_lesson *lesson, float scale, float *teacher,
                     void *logits, double *losses);

/* Naive twin: returns the sum of losses; dlogits (rows, V) may be NULL. */
double vsh_lesson_rows_ref(int64_t rows, int64_t vocab, const int32_t *ids, double weight,
                           double temperature, double scale, const double *teacher,
                           const double *logits, double *dlogits);

#endif
