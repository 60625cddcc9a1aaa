/* Rotary positions (Su et al. 2021, arXiv:2104.09864), the halves of a head rotated against each
 * other as Hugging Face stores them: pairs (i, i + D/2), frequency base^(-2i/D). */
#ifndef VSH_ROTARY_H
#define VSH_ROTARY_H

#include <stdbool.h>

#include "trainer/nn/nn.h"

#define VSH_ROTARY_BASE 10000.0

/* cos and sin of every position: table (positions, D): D/2 cosines, then D/2 sines. In double,
 * rounded once. */
void vsh_rotary_table(int64_t positions, int64_t head_dim, float *table);

/* Rotates in place the first heads x D elements of each row of x (rows, stride); row r stands at
 * position start + r % seq. back: the inverse rotation, which is the backward pass. */
void vsh_rotary(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t seq, int64_t start,
                int64_t heads, int64_t head_dim, int64_t stride, const float *table, bool back,
                void *x);

void vsh_rotary_ref(int64_t rows, int64_t seq, int64_t start, int64_t heads, int64_t head_dim,
                    int64_t stride, bool back, double *x);

#endif
