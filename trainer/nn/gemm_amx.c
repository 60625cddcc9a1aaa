/* Strips by AMX (Intel SDM volume 1, chapter 18): a tile is 16 rows of 64 bytes, a product of two
 * tiles 16 x 16 sums over 16 units. Two tiles of rows against two panels: four sums, four operands,
 * all eight tiles. */
#include "trainer/nn/gemm_units.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

enum { TILE_BYTES = 16 * VSH_STEP_BYTES };

/* A constant in memory: gcc 12 does not see that _tile_loadconfig reads more than eight bytes, and
 * drops what is written to a local one. */
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} shapes = {.palette = 1,
            .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
            .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

void vsh_amx_begin(void) { _tile_loadconfig(&shapes); }

void vsh_amx_end(void) { _tile_release(); }

/* Eight lines of the next strip at each step of the first four pairs of panels: rows lie far apart,
 * and the processor does not see by itself which are next. */
static inline __attribute__((always_inline)) void ask_for_next(const vsh_strip *s, int64_t panel,
                                                               int64_t step)
{
    const char *next = (const char *)s->next + panel * 4 * s->row_bytes + step * VSH_STEP_BYTES;

    if (s->next && panel < 8)
        for (int i = 0; i < 8; i++)
            __builtin_prefetch(next + i * s->row_bytes, 0, 2);
}

/* Sums 0 1 / 2 3 in tiles 0 to 3, rows in 4 and 5, panels in 6 and 7. The intrinsics want literal
 * numbers; high and wide say whether the second row and column of sums are there. */
#define STRIP(name, multiply)                                                                      \
    static inline __attribute__((always_inline)) void name(const vsh_strip *s, int64_t panel,      \
                                                           const int high, const int wide)         \
    {                                                                                              \
        const char *a = s->rows;                                                                   \
        const char *b = (const char *)s->panels + panel * s->steps * TILE_BYTES;                   \
        const char *b2 = b + s->steps * TILE_BYTES;                                                \
        int64_t row_bytes = s->row_bytes, c_bytes = s->ldc * 4;                                    \
        char *c = (char *)s->c + panel * VSH_PANEL_COLS * 4;                                       \
                                                                                                   \
        if (s->add) {                                                                              \
            _tile_loadd(0, c, c_bytes);                                                            \
            if (wide)                                                                              \
                _tile_loadd(1, c + 64, c_bytes);                                                   \
            if (high)                                                                              \
                _tile_loadd(2, c + 16 * c_bytes, c_bytes);                                         \
            if (high && wide)                                                                      \
                _tile_loadd(3, c + 16 * c_bytes + 64, c_bytes);                                    \
        } else {                                                                                   \
            _tile_zero(0);                                                                         \
            _tile_zero(1);                                                                         \
            _tile_zero(2);                                                                         \
            _tile_zero(3);                                                                         \
        }                                                                                          \
        for (int64_t step = 0; step < s->steps; step++) {                                          \
            ask_for_next(s, panel, step);                                                          \
            _tile_loadd(6, b + step * TILE_BYTES, 64);                                             \
            _tile_loadd(4, a + step * VSH_STEP_BYTES, row_bytes);                                  \
            multiply(0, 4, 6);                                                                     \
            if (high) {                                                                            \
                _tile_loadd(5, a + 16 * row_bytes + step * VSH_STEP_BYTES, row_bytes);             \
                multiply(2, 5, 6);                                                                 \
            }                                                                                      \
            if (wide) {                                                                            \
                _tile_loadd(7, b2 + step * TILE_BYTES, 64);                                        \
                multiply(1, 4, 7);                                                                 \
                if (high)                                                                          \
                    multiply(3, 5, 7);                                                             \
            }                                                                                      \
        }                                                                                          \
        _tile_stored(0, c, c_bytes);                                                               \
        if (wide)                                                                                  \
            _tile_stored(1, c + 64, c_bytes);                                                      \
        if (high)                                                                                  \
            _tile_stored(2, c + 16 * c_bytes, c_bytes);                                            \
        if (high && wide)                                                                          \
            _tile_stored(3, c + 16 * c_bytes + 64, c_bytes);                                       \
    }                                                                                              \
                                                                                                   \
    void vsh_amx_##name(const vsh_strip *s)                                                        \
    {                                                                                              \
        int64_t panel = 0;                                                                         \
        if (s->row_count > 16) {                                                                   \
            for (; panel + 1 < s->panel_count; panel += 2)                                         \
                name(s, panel, 1, 1);                                                              \
            if (panel < s->panel_count)                                                            \
                name(s, panel, 1, 0);                                                              \
        } else {                                                                                   \
            for (; panel + 1 < s->panel_count; panel += 2)                                         \
                name(s, panel, 0, 1);                                                              \
            if (panel < s->panel_count)                                                            \
                name(s, panel, 0, 0);                                                              \
        }                                                                                          \
    }

STRIP(dot_bf16, _tile_dpbf16ps)
STRIP(dot_int8, _tile_dpbssd)

#endif
