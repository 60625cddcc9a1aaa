/* Vectors as wide as the instruction set this file is compiled for (Makefile: isa_*.c). Only the
 * kernel bodies include it. Sums run in one fixed order, so a kernel gives the same bits wherever
 * its rows lie. */
#ifndef VSH_SIMD_H
#define VSH_SIMD_H

#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "trainer/nn/element.h"

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
typedef uint16_t vh __attribute__((vector_size(2 * LANES)));

static inline vf vf_all(float value) { return value - (vf){0}; }
static inline vi vi_all(int32_t value) { return value - (vi){0}; }

static inline vf vf_bits(vi bits) { return (vf)bits; }

/* Where the mask (all ones or zeros) holds, a, else b. */
static inline vf vf_choose(vi mask, vf a, vf b)
{
#if defined(__AVX2__) && !defined(__AVX512F__)
    return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
    return (vf)(((vi)a & mask) | ((vi)b & ~mask));
#endif
}

/* The greater and the less of a and b, and b where one of them is NaN: a bound that stands first
 * lets NaN pass. */
static inline vf vf_max(vf a, vf b)
{
#if defined(__AVX512F__)
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return vf_choose(a > b, a, b);
#endif
}
static inline vf vf_min(vf a, vf b)
{
#if defined(__AVX512F__)
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return vf_choose(a < b, a, b);
#endif
}

/* ---- memory -------------------------------------------------------------------------------- */

static inline vf vf_load(const float *from)
{
    vf value;

    memcpy(&value, from, sizeof value);
    return value;
}
static inline void vf_store(float *to, vf value) { memcpy(to, &value, sizeof value); }

#if defined(__AVX512F__)
/* Ones for the first count (0 to LANES) lanes. */
static inline __mmask16 first_lanes(int64_t count) { return (__mmask16)((1U << count) - 1U); }
#elif defined(__AVX2__)
static inline vi first_lanes(int64_t count)
{
    return (vi){0, 1, 2, 3, 4, 5, 6, 7} < vi_all((int32_t)count);
}
#endif

/* The first count (1 to LANES) elements; the rest are filled with fill. */
static inline vf vf_load_part(const float *from, int64_t count, float fill)
{
#if defined(__AVX512F__)
    return (vf)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), first_lanes(count), from);
#elif defined(__AVX2__)
    vi lanes = first_lanes(count);
    return vf_choose(lanes, (vf)_mm256_maskload_ps(from, (__m256i)lanes), vf_all(fill));
#else
    vf value = vf_all(fill);
    for (int i = 0; i < LANES - 1; i++)
        if (i < count)
            value[i] = from[i];
    return count == LANES ? vf_load(from) : value;
#endif
}
static inline void vf_store_part(float *to, vf value, int64_t count)
{
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(to, first_lanes(count), (__m512)value);
#elif defined(__AVX2__)
    _mm256_maskstore_ps(to, (__m256i)first_lanes(count), (__m256)value);
#else
    for (int i = 0; i < LANES; i++)
        if (i < count)
            to[i] = value[i];
#endif
}

/* ---- over the lanes ------------------------------------------------------------------------ */

/* The upper half of the first 2 n lanes, moved down. */
#if LANES == 16
#define UPPER(value, n)                                                                            \
    __builtin_shuffle(value, (vi){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + n)
#elif LANES == 8
#define UPPER(value, n) __builtin_shuffle(value, (vi){0, 1, 2, 3, 4, 5, 6, 7} + n)
#else
#define UPPER(value, n) __builtin_shuffle(value, (vi){0, 1, 2, 3} + n)
#endif

/* Halves of the vector are added to each other until one element is left. */
static inline float vf_sum(vf value)
{
#if LANES >= 16
    value += UPPER(value, 8);
#endif
#if LANES >= 8
    value += UPPER(value, 4);
#endif
    value += UPPER(value, 2);
    value += UPPER(value, 1);
    return value[0];
}
static inline float vf_max_of(vf value)
{
#if LANES >= 16
    value = vf_max(value, UPPER(value, 8));
#endif
#if LANES >= 8
    value = vf_max(value, UPPER(value, 4));
#endif
    value = vf_max(value, UPPER(value, 2));
    value = vf_max(value, UPPER(value, 1));
    return value[0];
}

/* ---- bfloat16 ------------------------------------------------------------------------------ */

static inline vf vf_of_halves(vh stored)
{
#if defined(__AVX512F__)
    return (vf)_mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)stored), 16);
#elif defined(__AVX2__)
    return (vf)_mm256_slli_epi32(_mm256_cvtepu16_epi32((__m128i)stored), 16);
#else
    return (vf)(__builtin_convertvector(stored, vu) << 16);
#endif
}

/* To the nearest, ties to even; a NaN stays one. */
static inline vh vf_halves(vf value)
{
    vu bits = (vu)value, up = bits + 0x7fffU + ((bits >> 16) & 1U);
#if defined(__AVX512F__)
    const __m512i odd_words =
        _mm512_set_epi16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 31, 29, 27, 25, 23, 21, 19,
                         17, 15, 13, 11, 9, 7, 5, 3, 1);
    __mmask16 nan = _mm512_cmp_ps_mask((__m512)value, (__m512)value, _CMP_UNORD_Q);
    __m512i chosen =
        _mm512_mask_or_epi32((__m512i)up, nan, (__m512i)bits, _mm512_set1_epi32(0x400000));

    return (vh)_mm512_castsi512_si256(_mm512_permutexvar_epi16(odd_words, chosen));
#else
    vu chosen = (vu)vf_choose(value != value, (vf)(bits | 0x400000U), (vf)up) >> 16;

#if defined(__AVX2__)
    return (vh)_mm_packus_epi32(_mm256_castsi256_si128((__m256i)chosen),
                                _mm256_extracti128_si256((__m256i)chosen, 1));
#else
    return __builtin_convertvector(chosen, vh);
#endif
#endif
}

static inline vf vf_load_bf16(const vsh_bf16 *from)
{
    vh stored;

    memcpy(&stored, from, sizeof stored);
    return vf_of_halves(stored);
}
static inline void vf_store_bf16(vsh_bf16 *to, vf value)
{
    vh stored = vf_halves(value);

    memcpy(to, &stored, sizeof stored);
}
static inline vf vf_load_bf16_part(const vsh_bf16 *from, int64_t count, float fill)
{
#if defined(__AVX512F__)
    __m256i stored = _mm256_maskz_loadu_epi16(first_lanes(count), from);
    return (vf)_mm512_mask_mov_ps(_mm512_set1_ps(fill), first_lanes(count),
                                  (__m512)vf_of_halves((vh)stored));
#else
    float room[LANES];

    for (int i = 0; i < LANES; i++)
        room[i] = i < count ? vsh_float_of_bf16(from[i]) : fill;
    return vf_load(room);
#endif
}
static inline void vf_store_bf16_part(vsh_bf16 *to, vf value, int64_t count)
{
#if defined(__AVX512F__)
    _mm256_mask_storeu_epi16(to, first_lanes(count), (__m256i)vf_halves(value));
#else
    vsh_bf16 room[LANES];

    vf_store_bf16(room, value);
    for (int i = 0; i < LANES; i++)
        if (i < count)
            to[i] = room[i];
#endif
}

/* ---- functions ----------------------------------------------------------------------------- */

/* e^x, x at most limit (to 88.8). x = n ln2 + r with |r| <= ln2/2 (Cody and Waite's two parts of
 * ln2); a polynomial of degree 6 for 2 e^r, its last five coefficients fitted for the least
 * relative error (4e-9 on that interval, Remez's exchange), times 2^(n-1). The magic number brings
 * n + 126, the exponent's bits, to the end of the word: at n = -126 they are zero, and so is e^x.
 */
static inline vf vf_exp_to(vf x, float limit)
{
    const vf magic = vf_all(12582912.0F + 126); /* 1.5 x 2^23 + 126 */
    vf bounded = vf_max(vf_all(-87.5F), vf_min(vf_all(limit), x));
    vf shifted = bounded * 1.44269504F + magic, n = shifted - magic;
    vf r = (bounded - n * 0.693359375F) - n * -2.12194440e-4F;
    vf p = vf_all(2.76289345e-3F);

    p = p * r + 1.67375617e-2F;
    p = p * r + 8.33367854e-2F;
    p = p * r + 0.333330393F;
    p = p * r + 0.999999881F;
    p = p * r + 2.0F;
    p = p * r + 2.0F;
    return p * (vf)((vi)shifted << 23);
}

/* e^x, relative error below 2e-7; 0 below -87, infinity above 88.73, NaN stays NaN. */
static inline vf vf_exp(vf x) { return vf_exp_to(x, 88.8F); }

/* s = 1 / (1 + e^y), the sigmoid of -y, and 1 - s, both with a relative error below 4e-7. The
 * denominator is at most 7e37, whose reciprocal is no denormal. */
static inline vf vf_sigmoid_of_minus(vf y, vf *rest)
{
    vf e = vf_exp_to(y, 87.0F), denominator = e + 1.0F, s;

#if defined(__AVX512F__)
    /* a division takes as long as everything before it: one step of Newton's from 14 bits */
    s = (vf)_mm512_rcp14_ps((__m512)denominator);
    s += s * (1.0F - denominator * s);
#else
    s = 1.0F / denominator;
#endif
    *rest = e * s;
    return s;
}

#endif
