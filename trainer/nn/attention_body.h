/* Tiles of attention (attention_kernels.h). What works on floats alone is compiled once, what loads
 * and stores elements for each stored type. */
#ifndef ATTENTION_TILES
#define ATTENTION_TILES

#include <stdbool.h>

#include "trainer/nn/attention.h"

#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif

/* a > b ? a : b, so b where a is NaN. gcc 12 does not find the one instruction for it. */
static inline vf larger(vf a, vf b)
{
#if defined(__AVX512F__)
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
    return (vf)_mm_max_ps((__m128)a, (__m128)b);
#else
    return vf_max(a, b);
#endif
}

/* 2^x for x up to 127, exactly 0 at -127 and below, so that a masked score counts nothing. The
 * fraction in [-1/2, 1/2] goes through a minimax polynomial (relative error 3e-9 before rounding)
 * that is exactly 1 at 0; NaN stays NaN. */
static inline vf exp2_small(vf x)
{
    const vf magic = vf_all(12582912.0F); /* 1.5 x 2^23 */
    vf clamped = larger(vf_all(-127.0F), x);
    vf shifted = clamped + magic;
    vf r = clamped - (shifted - magic);
    vf p = vf_all(1.55946778e-4F);

    p = p * r + vf_all(1.34066434e-3F);
    p = p * r + vf_all(9.61769279e-3F);
    p = p * r + vf_all(5.55031039e-2F);
    p = p * r + vf_all(0.240226522F);
    p = p * r + vf_all(0.693147242F);
    p = p * r + vf_all(1.0F);
    return (vf)((vu)p + ((vu)shifted << 23));
}

/* Natural logarithm of x >= 2^-126: x = 2^e m with m in [sqrt(1/2), sqrt(2)), and
 * ln m = 2 artanh((m - 1) / (m + 1)) to the ninth power. */
static inline vf log_normal(vf x)
{
    vi offset = (vi)((vu)x - 0x3f3504f3U); /* bits of sqrt(1/2) */
    vi exponent = offset >> 23;
    vf m = (vf)((offset & vi_all(0x7fffff)) + vi_all(0x3f3504f3));
    vf s = (m - vf_all(1.0F)) / (m + vf_all(1.0F)), z = s * s;
    vf series = vf_all(0.222222222F);

    series = series * z + vf_all(0.285714286F);
    series = series * z + vf_all(0.4F);
    series = series * z + vf_all(0.666666667F);
    series = series * z + vf_all(2.0F);
    m = s * series + __builtin_convertvector(exponent, vf) * vf_all(0.693147181F);
    return vf_choose(x == x, m, x);
}

/* ---- products -------------------------------------------------------------------------------- */

/* Rows and vectors of a block whose sums stay in registers. */
#if LANES == 16
enum { BLOCK_ROWS = 6, BLOCK_VECTORS = 4 };
#else
enum { BLOCK_ROWS = 6, BLOCK_VECTORS = 2 };
#endif

#define INLINE static inline __attribute__((always_inline))

/* At most this many lines beside a block: what arrives in the time that it takes. */
enum { LINE = 64, FETCHED_LINES = 16 };

static inline void fetch_some(vsh_attention_ahead *ahead)
{
    for (int64_t lines = 0; lines < FETCHED_LINES && ahead->first < ahead->end;) {
        int64_t item = ahead->first % VSH_ATTENTION_AHEAD;
        const char *at = ahead->item[item].at, *end = at + ahead->item[item].bytes;
        for (at -= (uintptr_t)at % LINE; at < end; at += LINE, lines++)
            __builtin_prefetch(at, 0, 2);
        ahead->item[item].at += ahead->item[item].stride;
        if (--ahead->item[item].rows <= 0)
            ahead->first++;
    }
}

INLINE void product_block(const int rows, const int vectors, const vsh_attention_product *s,
                          int64_t row)
{
    const float *a = s->a + row * s->a_row, *b = s->b;
    const float *keep = s->keep ? s->keep + row : NULL;
    const int64_t a_row = s->a_row, a_k = s->a_k, ldb = s->ldb, ldc = s->ldc, k = s->k;
    float *c = s->c + row * ldc;
    vf sum[BLOCK_ROWS][BLOCK_VECTORS];

    fetch_some(s->ahead);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = keep ? vf_all(keep[i]) * vf_load(c + i * ldc + j * LANES) : vf_all(0);
    for (int64_t p = 0; p < k; p++) {
        vf right[BLOCK_VECTORS];
        for (int j = 0; j < vectors; j++)
            right[j] = vf_load(b + p * ldb + j * LANES);
        for (int i = 0; i < rows; i++) {
            vf left = vf_all(a[i * a_row + p * a_k]);
            for (int j = 0; j < vectors; j++)
                sum[i][j] += left * right[j];
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++)
            vf_store(c + i * ldc + j * LANES, sum[i][j]);
}

INLINE void product_strip(const int vectors, const vsh_attention_product *s)
{
    int64_t row = 0;

    for (; row + BLOCK_ROWS <= s->m; row += BLOCK_ROWS)
        product_block(BLOCK_ROWS, vectors, s, row);
    if (row + 4 <= s->m) {
        product_block(4, vectors, s, row);
        row += 4;
    }
    for (; row < s->m; row++)
        product_block(1, vectors, s, row);
}

static void product_strip_1(const vsh_attention_product *s) { product_strip(1, s); }
static void product_strip_2(const vsh_attention_product *s) { product_strip(2, s); }
#if LANES == 16
static void product_strip_3(const vsh_attention_product *s) { product_strip(3, s); }
static void product_strip_4(const vsh_attention_product *s) { product_strip(4, s); }
#endif

static void attention_product(const vsh_attention_product *product)
{
    static void (*const strips[])(const vsh_attention_product *) = {
        product_strip_1,
        product_strip_2,
#if LANES == 16
        product_strip_3,
        product_strip_4,
#endif
    };
    vsh_attention_product strip = *product;
    int64_t vectors;

    for (int64_t left = product->n / LANES; left > 0; left -= vectors) {
        vectors = left < BLOCK_VECTORS ? left : BLOCK_VECTORS;
        strips[vectors - 1](&strip);
        strip.b += vectors * LANES;
        strip.c += vectors * LANES;
    }
}

/* ---- softmax --------------------------------------------------------------------------------- */

static inline vi lanes_from(int64_t first)
{
    vi lanes;

    for (int i = 0; i < LANES; i++)
        lanes[i] = (int32_t)first + i;
    return lanes;
}

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most_of(int64_t a, int64_t b) { return a > b ? a : b; }

/* Row r is seen from lanes [first + r, first + r + window): a vector of lanes sees all of it in
 * rows [whole, part). */
static void attention_mask(int64_t keys, int64_t lanes, int64_t first, int64_t window,
                           float *scores)
{
    const vf nothing = vf_all(-__builtin_inff());

    for (int64_t lane = 0; lane < lanes; lane += LANES) {
        vi place = lanes_from(lane);
        int64_t whole = lane + LANES - first - window, part = lane - first + 1;
        for (int64_t key = 0; key < keys; key++) {
            float *at = scores + key * VSH_ATTENTION_TILE + lane;
            vi from = vi_all((int32_t)(first + key)), to = vi_all((int32_t)(first + key + window));
            if (key < whole || key >= part)
                vf_store(at, vf_choose((place >= from) & (place < to), vf_load(at), nothing));
        }
    }
}

/* Keys that some lane of the vector sees, of those that are first rows after the queries. */
static inline int64_t seen_keys(int64_t keys, int64_t lane, int64_t first)
{
    return most_of(0, least(keys, lane + LANES - first));
}

/* Four maxima at a time, for the latency of one. */
static inline vf column_max(int64_t keys, const float *scores, vf most)
{
    vf top[4] = {most, most, most, most};
    int64_t key = 0;

    for (; key + 4 <= keys; key += 4)
        for (int i = 0; i < 4; i++)
            top[i] = larger(vf_load(scores + (key + i) * VSH_ATTENTION_TILE), top[i]);
    for (; key < keys; key++)
        top[0] = larger(vf_load(scores + key * VSH_ATTENTION_TILE), top[0]);
    return larger(larger(top[0], top[1]), larger(top[2], top[3]));
}

static const float log2_e = 1.44269504F;

static void attention_softmax(int64_t keys, int64_t lanes, int64_t first, float scale,
                              float *scores, float *most, float *total, float *keep)
{
    const vf factor = vf_all(scale * log2_e);

    for (int64_t lane = 0; lane < lanes; lane += LANES) {
        int64_t seen = seen_keys(keys, lane, first);
        vf before = vf_load(most + lane), top = column_max(seen, scores + lane, before);
        vf shift = top * factor, kept = exp2_small(before * factor - shift), sum = vf_all(0);
        for (int64_t key = 0; key < seen; key++) {
            float *at = scores + key * VSH_ATTENTION_TILE + lane;
            vf p = exp2_small(vf_load(at) * factor - shift);
            sum += p;
            vf_store(at, p);
        }
        for (int64_t key = seen; key < keys; key++)
            vf_store(scores + key * VSH_ATTENTION_TILE + lane, vf_all(0));
        vf_store(most + lane, top);
        vf_store(keep + lane, kept);
        vf_store(total + lane, vf_load(total + lane) * kept + sum);
    }
}

static void attention_softmax_end(int64_t lanes, float scale, const float *most, const float *total,
                                  float *lse, float *inverse)
{
    for (int64_t lane = 0; lane < lanes; lane += LANES) {
        vf sum = vf_load(total + lane);
        vf_store(lse + lane, vf_load(most + lane) * vf_all(scale) + log_normal(sum));
        vf_store(inverse + lane, vf_all(1.0F) / sum);
    }
}

static void attention_softmax_slopes(int64_t keys, int64_t lanes, int64_t first, float scale,
                                     const float *lse, const float *delta, float *scores,
                                     float *slopes)
{
    const vf factor = vf_all(scale * log2_e), natural = vf_all(scale);

    for (int64_t lane = 0; lane < lanes; lane += LANES) {
        vf shift = vf_load(lse + lane) * vf_all(log2_e), mean = vf_load(delta + lane);
        int64_t seen = seen_keys(keys, lane, first);
        for (int64_t key = 0; key < seen; key++) {
            float *score = scores + key * VSH_ATTENTION_TILE + lane;
            float *slope = slopes + key * VSH_ATTENTION_TILE + lane;
            vf p = exp2_small(vf_load(score) * factor - shift);
            vf_store(score, p);
            vf_store(slope, p * (vf_load(slope) - mean) * natural);
        }
        for (int64_t key = seen; key < keys; key++) {
            vf_store(scores + key * VSH_ATTENTION_TILE + lane, vf_all(0));
            vf_store(slopes + key * VSH_ATTENTION_TILE + lane, vf_all(0));
        }
    }
}

/* ---- transposes ------------------------------------------------------------------------------ */

#if LANES == 16
#define LOWER                                                                                      \
    (vi) { 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23 }
#define UPPER_HALVES                                                                               \
    (vi) { 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31 }
#elif LANES == 8
#define LOWER                                                                                      \
    (vi) { 0, 8, 1, 9, 2, 10, 3, 11 }
#define UPPER_HALVES                                                                               \
    (vi) { 4, 12, 5, 13, 6, 14, 7, 15 }
#else
#define LOWER                                                                                      \
    (vi) { 0, 4, 1, 5 }
#define UPPER_HALVES                                                                               \
    (vi) { 2, 6, 3, 7 }
#endif

/* Rows i and i + LANES/2 shuffled into each other like two halves of a pack of cards; after
 * log2 LANES rounds rows have become columns. */
INLINE void transpose_block(vf x[LANES])
{
    vf y[LANES];

    for (int round = 1; round < LANES; round *= 2) {
        for (int i = 0; i < LANES / 2; i++) {
            y[2 * i] = __builtin_shuffle(x[i], x[i + LANES / 2], LOWER);
            y[2 * i + 1] = __builtin_shuffle(x[i], x[i + LANES / 2], UPPER_HALVES);
        }
        for (int i = 0; i < LANES; i++)
            x[i] = y[i];
    }
}

#endif

/* ---- elements -------------------------------------------------------------------------------- */

static inline vf OF(load_head)(const E *from, int64_t count)
{
    return count >= LANES ? LOAD(from) : LOAD_PART(from, count, 0);
}

static void OF(attention_load)(int64_t rows, int64_t columns, const void *from, int64_t stride,
                               float *to, int64_t ld)
{
    int64_t whole = columns / LANES * LANES, padded = (columns + 15) / 16 * 16;

    for (int64_t row = 0; row < rows; row++) {
        const E *at = (const E *)from + row * stride;
        float *put = to + row * ld;
        for (int64_t column = 0; column < whole; column += LANES)
            vf_store(put + column, LOAD(at + column));
        for (int64_t column = whole; column < padded; column += LANES)
            vf_store(put + column,
                     column < columns ? LOAD_PART(at + column, columns - column, 0) : vf_all(0));
    }
}

static void OF(attention_load_across)(int64_t rows, int64_t columns, const void *from,
                                      int64_t stride, float *to)
{
    int64_t padded = (rows + 15) / 16 * 16;

    for (int64_t row = 0; row < padded; row += LANES)
        for (int64_t column = 0; column < columns; column += LANES) {
            const E *at = (const E *)from + row * stride + column;
            int64_t there = least(columns - column, LANES);
            vf x[LANES];
            for (int i = 0; i < LANES; i++)
                x[i] = row + i < rows ? OF(load_head)(at + i * stride, there) : vf_all(0);
            transpose_block(x);
            for (int i = 0; i < there; i++)
                vf_store(to + (column + i) * VSH_ATTENTION_TILE + row, x[i]);
        }
}

static void OF(attention_store)(int64_t rows, int64_t columns, const float *from, int64_t ld,
                                const float *factor, bool add, void *to, int64_t stride)
{
    for (int64_t row = 0; row < rows; row++) {
        const float *at = from + row * ld;
        E *put = (E *)to + row * stride;
        vf times = vf_all(factor ? factor[row] : 1.0F);
        for (int64_t column = 0; column < columns; column += LANES) {
            int64_t there = least(columns - column, LANES);
            vf value = vf_load(at + column) * times;
            if (add)
                value += OF(load_head)(put + column, there);
            if (there == LANES)
                STORE(put + column, value);
            else
                STORE_PART(put + column, value, there);
        }
    }
}

/* A vector of partial sums a row; transposed, they are added for LANES rows at once. */
static void OF(attention_row_dots)(int64_t rows, int64_t columns, const void *a, const void *b,
                                   int64_t stride, float *dots)
{
    for (int64_t row = 0; row < rows; row += LANES) {
        int64_t count = least(rows - row, LANES);
        vf x[LANES] = {{0}}, sum = vf_all(0);
        for (int64_t i = 0; i < count; i++) {
            const E *left = (const E *)a + (row + i) * stride;
            const E *right = (const E *)b + (row + i) * stride;
            for (int64_t column = 0; column < columns; column += LANES)
                x[i] += OF(load_head)(left + column, columns - column) *
                        OF(load_head)(right + column, columns - column);
        }
        transpose_block(x);
        for (int i = 0; i < LANES; i++)
            sum += x[i];
        vf_store_part(dots + row, sum, count);
    }
}
