/* Vectors as wide as the instruction set this file is compiled for (Makefile: isa_*.c). Only the
 * kernel bodies include it. Sums run in one fixed order, so a kernel gives the same bits wherever
 * its rows lie. */
#ifndef VSH_SIMD_H
#define VSH_SIMD_H

#include <stdint.h>
#include <string.h>

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
static inline vf vf_choose(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }
static inline vf vf_max(vf a, vf b) { return vf_choose(a > b, a, b); }
static inline vf vf_min(vf a, vf b) { return vf_choose(a < b, a, b); }

static inline vf vf_load(const float *from)
{
    vf value;

    memcpy(&value, from, sizeof value);
    return value;
}
static inline void vf_store(float *to, vf value) { memcpy(to, &value, sizeof value); }

/* The first count (1 to LANES) elements; the rest are filled with fill. */
static inline vf vf_load_part(const float *from, int64_t count, float fill)
{
    float room[LANES];

    for (int i = 0; i < LANES; i++)
        room[i] = i < count ? from[i] : fill;
    return vf_load(room);
}
static inline void vf_store_part(float *to, vf value, int64_t count)
{
    float room[LANES];

    vf_store(room, value);
    memcpy(to, room, (size_t)count * sizeof *to);
}

/* Halves of the vector are added to each other until one element is left. */
static inline float vf_sum(vf value)
{
    float room[LANES];

    vf_store(room, value);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            room[i] += room[i + half];
    return room[0];
}
static inline float vf_max_of(vf value)
{
    float room[LANES], most;

    vf_store(room, value);
    most = room[0];
    for (int i = 1; i < LANES; i++)
        most = room[i] > most ? room[i] : most;
    return most;
}

/* ---- bfloat16 ------------------------------------------------------------------------------ */

static inline vf vf_load_bf16(const vsh_bf16 *from)
{
    vh stored;

    memcpy(&stored, from, sizeof stored);
    return (vf)(__builtin_convertvector(stored, vu) << 16);
}
static inline void vf_store_bf16(vsh_bf16 *to, vf value)
{
    vu bits = (vu)value;
    vu rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
    vi nan = (vi)((bits & 0x7fffffffU) > 0x7f800000U);
    vu chosen = (rounded & (vu)~nan) | (((bits >> 16) | 0x40U) & (vu)nan);
    vh stored = __builtin_convertvector(chosen, vh);

    memcpy(to, &stored, sizeof stored);
}
static inline vf vf_load_bf16_part(const vsh_bf16 *from, int64_t count, float fill)
{
    float room[LANES];

    for (int i = 0; i < LANES; i++)
        room[i] = i < count ? vsh_float_of_bf16(from[i]) : fill;
    return vf_load(room);
}
static inline void vf_store_bf16_part(vsh_bf16 *to, vf value, int64_t count)
{
    vsh_bf16 room[LANES];

    vf_store_bf16(room, value);
    memcpy(to, room, (size_t)count * sizeof *to);
}

/* ---- functions ----------------------------------------------------------------------------- */

/* e^x. Range reduction to |r| <= ln2/2 in two parts (Cody and Waite), a polynomial of degree 6 and
 * the power of two put into the exponent bits. Relative error below 1.5e-7 over the range of a
 * float; 0 below -87.3, infinity above 88.7, NaN stays NaN. */
static inline vf vf_exp(vf x)
{
    const vf log2e = vf_all(1.44269504F), high = vf_all(0.693359375F),
             low = vf_all(-2.12194440e-4F), magic = vf_all(12582912.0F); /* 1.5 x 2^23 */
    vf clamped = vf_max(vf_min(x, vf_all(88.3762626F)), vf_all(-87.3365479F));
    vf shifted = clamped * log2e + magic;
    vf whole = shifted - magic;
    vf r = (clamped - whole * high) - whole * low;
    vf p = vf_all(1.3888889e-3F);
    vi exponent = ((vi)shifted - (vi)magic) << 23;

    p = p * r + vf_all(8.3333333e-3F);
    p = p * r + vf_all(4.1666667e-2F);
    p = p * r + vf_all(1.6666667e-1F);
    p = p * r + vf_all(0.5F);
    p = p * r + vf_all(1.0F);
    p = p * r + vf_all(1.0F);
    p = (vf)((vi)p + exponent);
    p = vf_choose(x < vf_all(-87.3365479F), vf_all(0.0F), p);
    p = vf_choose(x > vf_all(88.7228394F), vf_all(__builtin_inff()), p);
    return vf_choose(x != x, x, p);
}

#endif
