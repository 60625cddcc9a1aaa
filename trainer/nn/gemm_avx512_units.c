/* Strips by the dot products of AVX-512: BF16 adds two products a unit, VNNI four. */
#include "trainer/nn/gemm_units.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

/* Rows and panels whose sums fit in the registers beside their operands. */
enum { HIGH = 8, WIDE = 2, PANEL_STEP = VSH_UNITS * VSH_STEP_BYTES };

#define UNROLL _Pragma("GCC unroll 8")
#define INLINE static inline __attribute__((always_inline))

INLINE __m512i unit_of(const vsh_strip *s, int64_t row, int64_t unit)
{
    int32_t value;

    memcpy(&value, (const char *)s->rows + row * s->row_bytes + unit * 4, sizeof value);
    return _mm512_set1_epi32(value);
}

INLINE const char *panel_at(const vsh_strip *s, int64_t panel)
{
    return (const char *)s->panels + panel * s->steps * PANEL_STEP;
}

INLINE void bf16_tile(const int panels, const vsh_strip *s, int64_t row, int64_t panel)
{
    __m512 sum[HIGH][WIDE];
    float *c = (float *)s->c + row * s->ldc + panel * VSH_PANEL_COLS;

    UNROLL for (int i = 0; i < HIGH; i++) UNROLL for (int j = 0; j < panels; j++) sum[i][j] =
        s->add ? _mm512_loadu_ps(c + i * s->ldc + j * VSH_PANEL_COLS) : _mm512_setzero_ps();
    for (int64_t u = 0; u < s->steps * VSH_UNITS; u++) {
        __m512i b[WIDE];
        UNROLL for (int j = 0; j < panels; j++) b[j] =
            _mm512_loadu_si512(panel_at(s, panel + j) + u * VSH_STEP_BYTES);
        UNROLL for (int i = 0; i < HIGH; i++)
        {
            __m512i a = unit_of(s, row + i, u);
            UNROLL for (int j = 0; j < panels; j++) sum[i][j] =
                _mm512_dpbf16_ps(sum[i][j], (__m512bh)a, (__m512bh)b[j]);
        }
    }
    UNROLL for (int i = 0; i < HIGH; i++) UNROLL for (int j = 0; j < panels; j++)
        _mm512_storeu_ps(c + i * s->ldc + j * VSH_PANEL_COLS, sum[i][j]);
}

/* VNNI multiplies unsigned by signed: 128 is added to a, and 128 times the sum of b, which a row of
 * ones gives, taken away again. */
INLINE void int8_tile(const int panels, const vsh_strip *s, int64_t row, int64_t panel)
{
    const __m512i ones = _mm512_set1_epi8(1), shift = _mm512_set1_epi8(-128);
    __m512i sum[HIGH][WIDE], sum_b[WIDE];
    int32_t *c = (int32_t *)s->c + row * s->ldc + panel * VSH_PANEL_COLS;

    UNROLL for (int j = 0; j < panels; j++) sum_b[j] = _mm512_setzero_si512();
    UNROLL for (int i = 0; i < HIGH; i++) UNROLL for (int j = 0; j < panels; j++) sum[i][j] =
        s->add ? _mm512_loadu_si512(c + i * s->ldc + j * VSH_PANEL_COLS) : _mm512_setzero_si512();
    for (int64_t u = 0; u < s->steps * VSH_UNITS; u++) {
        __m512i b[WIDE];
        UNROLL for (int j = 0; j < panels; j++)
        {
            b[j] = _mm512_loadu_si512(panel_at(s, panel + j) + u * VSH_STEP_BYTES);
            sum_b[j] = _mm512_dpbusd_epi32(sum_b[j], ones, b[j]);
        }
        UNROLL for (int i = 0; i < HIGH; i++)
        {
            __m512i a = _mm512_xor_si512(unit_of(s, row + i, u), shift);
            UNROLL for (int j = 0; j < panels; j++) sum[i][j] =
                _mm512_dpbusd_epi32(sum[i][j], a, b[j]);
        }
    }
    UNROLL for (int i = 0; i < HIGH; i++) UNROLL for (int j = 0; j < panels; j++)
        _mm512_storeu_si512(c + i * s->ldc + j * VSH_PANEL_COLS,
                            _mm512_sub_epi32(sum[i][j], _mm512_slli_epi32(sum_b[j], 7)));
}

#define STRIP(name, tile)                                                                          \
    void vsh_avx512_##name(const vsh_strip *s)                                                     \
    {                                                                                              \
        for (int64_t panel = 0; panel < s->panel_count; panel += WIDE)                             \
            for (int64_t row = 0; row < s->row_count; row += HIGH)                                 \
                if (panel + WIDE <= s->panel_count)                                                \
                    tile(WIDE, s, row, panel);                                                     \
                else                                                                               \
                    tile(1, s, row, panel);                                                        \
    }

STRIP(dot_bf16, bf16_tile)
STRIP(dot_int8, int8_tile)

#endif
