/* What attention computes on one tile. Scores, probabilities and their gradients lie with keys as
 * rows and queries along the vector, VSH_ATTENTION_TILE of them: maxima and sums over the keys of a
 * query need no step across a vector. Columns and lanes are counted in whole vectors of 16. */
#ifndef VSH_ATTENTION_KERNELS_H
#define VSH_ATTENTION_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

/* Rows of tensors that will be needed soon: products fetch them into the cache, a few at a time,
 * while they compute. Fetching changes no result. */
enum { VSH_ATTENTION_AHEAD = 16 };
typedef struct {
    struct {
        const char *at;
        int64_t rows, stride, bytes;
    } item[VSH_ATTENTION_AHEAD];
    int64_t first, end; /* items [first, end) wait, at their number modulo VSH_ATTENTION_AHEAD */
} vsh_attention_ahead;

/* c (m,n) = a (m,k) b (k,n), plus keep[row] x c unless keep is NULL. Element (i,p) of a is
 * a[i a_row + p a_k], so a may lie either way. */
typedef struct {
    int64_t m, n, k;
    const float *a, *b, *keep;
    float *c;
    int64_t a_row, a_k, ldb, ldc;
    vsh_attention_ahead *ahead;
} vsh_attention_product;

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
    void (*product)(const vsh_attention_product *product);
    /* Scores of key row r become -infinity outside of lanes [first + r, first + r + window). */
    void (*mask)(int64_t keys, int64_t lanes, int64_t first, int64_t window, float *scores);
    /* One step of the online softmax, for keys that are first rows after the queries: a query sees
     * none below row lane - first, and those are passed over. most (raw scores) and total are a
     * query's so far; scores become exponentials against the new most, keep what earlier sums are
     * to be multiplied by. */
    void (*softmax)(int64_t keys, int64_t lanes, int64_t first, float scale, float *scores,
                    float *most, float *total, float *keep);
    /* lse = scale most + ln total; inverse = 1 / total. */
    void (*softmax_end)(int64_t lanes, float scale, const float *most, const float *total,
                        float *lse, float *inverse);
    /* scores become p = e^(scale scores - lse), slopes (of p) become those of the raw scores:
     * scale p (slopes - delta). */
    void (*softmax_slopes)(int64_t keys, int64_t lanes, int64_t first, float scale,
                           const float *lse, const float *delta, float *scores, float *slopes);
} vsh_attention_kernels;

#define VSH_ATTENTION_TABLE(suffix)                                                                \
    {                                                                                              \
        attention_load##suffix, attention_load_across##suffix, attention_store##suffix,            \
            attention_row_dots##suffix, attention_product, attention_mask, attention_softmax,      \
            attention_softmax_end, attention_softmax_slopes                                        \
    }

#endif
