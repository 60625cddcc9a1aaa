/* What attention computes on one tile. Scores, probabilities and their gradients lie with keys as
 * rows and queries along the vector, VSH_ATTENTION_TILE of them: maxima and sums over the keys of a
 * query need no step across a vector. Columns and lanes are counted in whole vectors of 16. */
#ifndef VSH_ATTENTION_KERNELS_H
#define VSH_ATTENTION_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    /* to (rows, ld): the rows of from as floats, zeros in columns up to a multiple of 16. */
    void (*load)(int64_t rows, int64_t columns, const void *from, int64_t stride, float *to,
                 int64_t ld);
    /* to (columns, TILE): the transpose, zeros in lanes from rows up to a multiple of 16. */
    void (*load_across)(int64_t rows, int64_t columns, const void *from, int64_t stride, float *to);
    /* to = or += factor[row] x from; factor NULL: 1. */
    void (*store)(int64_t rows, int64_t columns, const float *from, int64_t ld, const float *factor,
                  bool add, void *to, int64_t stride);
    /* dots[row] = a[row,:] . b[row,:] */
    void (*row_dots)(int64_t rows, int64_t columns, const void *a, const void *b, int64_t stride,
                     float *dots);
    /* c (m,n) = a (m,k) b (k,n), plus keep[row] x c unless keep is NULL. Element (i,p) of a is
     * a[i a_row + p a_k], so a may lie either way. */
    void (*product)(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_k,
                    const float *b, int64_t ldb, const float *keep, float *c, int64_t ldc);
    /* Scores of key row r become -infinity outside of lanes [first + r, first + r + window). */
    void (*mask)(int64_t keys, int64_t lanes, int64_t first, int64_t window, float *scores);
    /* One step of the online softmax. most (raw scores) and total are a query's so far; scores
     * become exponentials against the new most, keep what earlier sums are to be multiplied by. */
    void (*softmax)(int64_t keys, int64_t lanes, float scale, float *scores, float *most,
                    float *total, float *keep);
    /* lse = scale most + ln total; inverse = 1 / total. */
    void (*softmax_end)(int64_t lanes, float scale, const float *most, const float *total,
                        float *lse, float *inverse);
    /* scores become p = e^(scale scores - lse), slopes (of p) become those of the raw scores:
     * scale p (slopes - delta). */
    void (*softmax_slopes)(int64_t keys, int64_t lanes, float scale, const float *lse,
                           const float *delta, float *scores, float *slopes);
} vsh_attention_kernels;

#define VSH_ATTENTION_TABLE(suffix)                                                                \
    {                                                                                              \
        attention_load##suffix, attention_load_across##suffix, attention_store##suffix,            \
            attention_row_dots##suffix, attention_product, attention_mask, attention_softmax,      \
            attention_softmax_end, attention_softmax_slopes                                        \
    }

#endif
