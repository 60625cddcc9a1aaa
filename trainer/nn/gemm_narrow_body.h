/* Operands of 16 and 8 bits (gemm_kernels.h): put in order for the instructions that multiply
 * units, and results put back. gemm_body.h includes it. */

/* gcc 12 takes forty instructions to narrow a vector to bytes where AVX-512 has one. */
GEMM_INLINE void store_bytes(int8_t *to, vi whole)
{
#if LANES == 16
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8((__m512i)whole));
#else
    for (int i = 0; i < LANES; i++)
        to[i] = (int8_t)whole[i];
#endif
}

static void gemm_widen(const vsh_bf16 *from, int64_t ld, int64_t rows, int64_t cols, float *to,
                       int64_t ldto)
{
    for (int64_t i = 0; i < rows; i++) {
        const vsh_bf16 *row = from + i * ld;
        int64_t k = 0;
        for (; k + LANES <= cols; k += LANES)
            vf_store(to + i * ldto + k, vf_load_bf16(row + k));
        for (; k < cols; k++)
            to[i * ldto + k] = vsh_float_of_bf16(row[k]);
    }
}

/* ---- results --------------------------------------------------------------------------------- */

GEMM_INLINE void store_vector(const vsh_element element, const bool add, void *out, int64_t at,
                              vf value)
{
    if (element == VSH_F32) {
        float *to = (float *)out + at;
        vf_store(to, add ? vf_load(to) + value : value);
    } else {
        vsh_bf16 *to = (vsh_bf16 *)out + at;
        vf_store_bf16(to, add ? vf_load_bf16(to) + value : value);
    }
}

GEMM_INLINE void store_part(const vsh_element element, const bool add, void *out, int64_t at,
                            vf value, int64_t count)
{
    if (element == VSH_F32) {
        float *to = (float *)out + at;
        vf_store_part(to, add ? vf_load_part(to, count, 0) + value : value, count);
    } else {
        vsh_bf16 *to = (vsh_bf16 *)out + at;
        vf_store_bf16_part(to, add ? vf_load_bf16_part(to, count, 0) + value : value, count);
    }
}

GEMM_INLINE void store_rows(const vsh_element element, const bool add, const vsh_gemm_store *s)
{
    void *out = s->out;

    for (int64_t i = 0; i < s->rows; i++) {
        const float *c = s->c + i * s->ldc;
        int64_t cols = s->cols, at = i * s->ldout, j = 0;
        for (; j + LANES <= cols; j += LANES)
            store_vector(element, add, out, at + j, vf_load(c + j));
        if (j < cols)
            store_part(element, add, out, at + j, vf_load(c + j), cols - j);
    }
}

GEMM_INLINE void store_columns(const vsh_element element, const bool add, const vsh_gemm_store *s)
{
    void *out = s->out;

    for (int64_t j = 0; j < s->cols; j += LANES)
        for (int64_t i = 0; i < s->rows; i += LANES) {
            int64_t rows = s->rows - i < LANES ? s->rows - i : LANES;
            int64_t cols = s->cols - j < LANES ? s->cols - j : LANES, ldout = s->ldout;
            vf row[LANES];
            UNROLL for (int q = 0; q < LANES; q++) row[q] =
                vf_load(s->c + (i + (q < rows ? q : 0)) * s->ldc + j);
            turn(row);
            if (rows == LANES)
                for (int64_t q = 0; q < cols; q++)
                    store_vector(element, add, out, (j + q) * ldout + i, row[q]);
            else
                for (int64_t q = 0; q < cols; q++)
                    store_part(element, add, out, (j + q) * ldout + i, row[q], rows);
        }
}

GEMM_INLINE void store_as(const vsh_element element, const bool add, const vsh_gemm_store *s)
{
    if (s->turned)
        store_columns(element, add, s);
    else
        store_rows(element, add, s);
}

static void gemm_store(const vsh_gemm_store *s)
{
    if (s->element == VSH_F32)
        s->add ? store_as(VSH_F32, true, s) : store_as(VSH_F32, false, s);
    else
        s->add ? store_as(VSH_B16, true, s) : store_as(VSH_B16, false, s);
}

static void dequantize_strip(void *c, int64_t ldc, int64_t rows, int64_t cols,
                             const float *row_scale, const float *col_scale)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j += LANES) {
            float *at = (float *)c + i * ldc + j;
            vf scale = vf_all(row_scale[i]) * vf_load(col_scale + j);
            vf_store(at, __builtin_convertvector((vi)vf_load(at), vf) * scale);
        }
}

/* ---- operands -------------------------------------------------------------------------------- */

/* The first bytes of LANES units, the rest zero. */
GEMM_INLINE vf load_units(const char *from, int64_t bytes)
{
    float room[LANES] = {0};

    if (bytes >= LANES * 4)
        return vf_load((const float *)(const void *)from);
    if (bytes > 0)
        memcpy(room, from, (size_t)bytes);
    return vf_load(room);
}

static void panel_of_rows(const void *rows, int64_t row_bytes, int64_t count, int64_t bytes,
                          void *panel)
{
    int64_t units = (bytes + VSH_STEP_BYTES - 1) / VSH_STEP_BYTES * VSH_UNITS;

    for (int64_t n = 0; n < VSH_PANEL_COLS; n += LANES)
        for (int64_t u = 0; u < units; u += LANES) {
            vf row[LANES];
            if (n + LANES <= count && (u + LANES) * 4 <= bytes)
                UNROLL for (int i = 0; i < LANES; i++)
                {
                    const char *at = (const char *)rows + (n + i) * row_bytes + u * 4;
                    memcpy(&row[i], at, sizeof row[i]);
                }
            else
                for (int i = 0; i < LANES; i++)
                    row[i] = load_units((const char *)rows + (n + i) * row_bytes + u * 4,
                                        n + i < count ? bytes - u * 4 : 0);
            turn(row);
            UNROLL for (int i = 0; i < LANES; i++)
                vf_store((float *)panel + (u + i) * VSH_PANEL_COLS + n, row[i]);
        }
}

typedef uint16_t vw __attribute__((vector_size(4 * LANES)));

/* Units of 2 LANES columns from row k and the row after it: the lower k in the lower half. */
typedef struct {
    vf low, high; /* of the first LANES columns, and of the others */
} unit_pair;
#define ZIP_LOW(i, s) (i), 2 * LANES + (i)
#define ZIP_HIGH(i, s) LANES + (i), 3 * LANES + (i)

GEMM_INLINE unit_pair zip(vw even, vw odd)
{
    return (unit_pair){(vf)__builtin_shuffle(even, odd, (vw){EACH_LANE(ZIP_LOW, 0)}),
                       (vf)__builtin_shuffle(even, odd, (vw){EACH_LANE(ZIP_HIGH, 0)})};
}

GEMM_INLINE unit_pair whole_units(const vsh_bf16 *row, int64_t ld)
{
    vw even, odd;

    memcpy(&even, row, sizeof even);
    memcpy(&odd, row + ld, sizeof odd);
    return zip(even, odd);
}

/* The same where the matrix ends: cols columns, and one row or none at all. */
static unit_pair part_units(const vsh_bf16 *row, int64_t ld, int64_t cols, int64_t rows)
{
    vsh_bf16 room[2][2 * LANES] = {{0}};
    vw even, odd;

    if (cols > 2 * LANES)
        cols = 2 * LANES;
    for (int64_t i = 0; i < 2 && i < rows && cols > 0; i++)
        memcpy(room[i], row + i * ld, (size_t)cols * sizeof *row);
    memcpy(&even, room[0], sizeof even);
    memcpy(&odd, room[1], sizeof odd);
    return zip(even, odd);
}

static int64_t units_of(int64_t k) { return (k + 2 * VSH_UNITS - 1) / (2 * VSH_UNITS) * VSH_UNITS; }

/* Where the units of column n are in panels of some units each. */
GEMM_INLINE float *unit_at(void *panels, int64_t units, int64_t unit, int64_t n)
{
    return (float *)panels + (n / VSH_PANEL_COLS * units + unit) * VSH_PANEL_COLS +
           n % VSH_PANEL_COLS;
}

static void panels_of_columns(const vsh_bf16 *from, int64_t ld, int64_t count, int64_t k,
                              void *panels)
{
    /* rows lie far apart: the processor does not see by itself which are next */
    enum { AHEAD = 16 };
    int64_t units = units_of(k),
            end = (count + VSH_PANEL_COLS - 1) / VSH_PANEL_COLS * VSH_PANEL_COLS;

    for (int64_t u = 0; u < units; u++) {
        const vsh_bf16 *row = from + 2 * u * ld;
        for (int64_t n = 0; n < end; n += 2 * LANES) {
            unit_pair pair;
            if (n + 2 * LANES <= count && 2 * u + 1 < k) {
                __builtin_prefetch(row + AHEAD * ld + n);
                __builtin_prefetch(row + (AHEAD + 1) * ld + n);
                pair = whole_units(row + n, ld);
            } else {
                pair = part_units(row + n, ld, count - n, k - 2 * u);
            }
            vf_store(unit_at(panels, units, u, n), pair.low);
            if (n + LANES < end)
                vf_store(unit_at(panels, units, u, n + LANES), pair.high);
        }
    }
}

static void rows_of_columns(const vsh_bf16 *from, int64_t ld, int64_t count, int64_t k, void *rows,
                            int64_t row_bytes)
{
    enum { AHEAD = 32 };
    int64_t units = units_of(k);

    for (int64_t m = 0; m < VSH_STRIP_ROWS; m += 2 * LANES)
        for (int64_t u = 0; u < units; u += LANES) {
            vf low[LANES], high[LANES];
            const vsh_bf16 *at = from + 2 * u * ld + m;
            if (m + 2 * LANES <= count && 2 * (u + LANES) <= k)
                UNROLL for (int i = 0; i < LANES; i++)
                {
                    unit_pair pair = whole_units(at + 2 * i * ld, ld);
                    __builtin_prefetch(at + (2 * i + AHEAD) * ld);
                    __builtin_prefetch(at + (2 * i + 1 + AHEAD) * ld);
                    low[i] = pair.low;
                    high[i] = pair.high;
                }
            else
                for (int i = 0; i < LANES; i++) {
                    unit_pair pair = part_units(at + 2 * i * ld, ld, count - m, k - 2 * (u + i));
                    low[i] = pair.low;
                    high[i] = pair.high;
                }
            turn(low);
            turn(high);
            UNROLL for (int i = 0; i < LANES; i++)
            {
                char *to = (char *)rows + (m + i) * row_bytes + u * 4;
                memcpy(to, &low[i], sizeof low[i]);
                memcpy(to + LANES * row_bytes, &high[i], sizeof high[i]);
            }
        }
}

/* ---- eight bits ------------------------------------------------------------------------------ */

GEMM_INLINE vf load_any(vsh_element element, const void *row, int64_t k)
{
    return element == VSH_F32 ? vf_load((const float *)row + k)
                              : vf_load_bf16((const vsh_bf16 *)row + k);
}

GEMM_INLINE vf load_any_part(vsh_element element, const void *row, int64_t k, int64_t count)
{
    return element == VSH_F32 ? vf_load_part((const float *)row + k, count, 0)
                              : vf_load_bf16_part((const vsh_bf16 *)row + k, count, 0);
}

/* Magnitudes are compared as integers, whose order is theirs, with NaN above all. */
GEMM_INLINE vi larger_of(vi most, vf x)
{
    vi size = (vi)x & vi_all(0x7fffffff);
    vi more = (vi)(size > most);

    return (size & more) | (most & ~more);
}

GEMM_INLINE float largest_in(const vsh_element element, const void *row, int64_t count)
{
    vi most = vi_all(0);
    int32_t room[LANES], largest = 0;
    int64_t k = 0;
    float value;

    for (; k + LANES <= count; k += LANES)
        most = larger_of(most, load_any(element, row, k));
    if (k < count)
        most = larger_of(most, load_any_part(element, row, k, count - k));
    memcpy(room, &most, sizeof most);
    for (int i = 0; i < LANES; i++)
        largest = room[i] > largest ? room[i] : largest;
    memcpy(&value, &largest, sizeof value);
    return value;
}

static float largest_of(vsh_element element, const void *row, int64_t count)
{
    return element == VSH_F32 ? largest_in(VSH_F32, row, count) : largest_in(VSH_B16, row, count);
}

/* The nearest integer, ties to even, by way of 1.5 x 2^23. The bounds stand between the product and
 * the sum so that no compiler fuses them: every instruction set rounds the same. */
GEMM_INLINE vi quantized(vf x, float factor)
{
    const vf magic = vf_all(12582912.0F);
    vf bounded = vf_max(vf_min(x * vf_all(factor), vf_all(127)), vf_all(-127));

    return (vi)(bounded + magic) - (vi)magic;
}

GEMM_INLINE void quantize_in(const vsh_element element, const void *row, int64_t count,
                             float factor, int8_t *to)
{
    int64_t k = 0;

    for (; k + LANES <= count; k += LANES)
        store_bytes(to + k, quantized(load_any(element, row, k), factor));
    if (k < count) {
        int8_t room[LANES];
        store_bytes(room, quantized(load_any_part(element, row, k, count - k), factor));
        memcpy(to + k, room, (size_t)(count - k));
    }
}

static void quantize_row(vsh_element element, const void *row, int64_t count, float factor,
                         int8_t *to, int64_t capacity)
{
    if (element == VSH_F32)
        quantize_in(VSH_F32, row, count, factor, to);
    else
        quantize_in(VSH_B16, row, count, factor, to);
    memset(to + count, 0, (size_t)(capacity - count));
}

/* For processors without instructions for it; exact: pairs are summed in 32 bits. */
static void dot_int8_strip(const vsh_strip *s)
{
    for (int64_t i = 0; i < s->row_count; i++)
        for (int64_t panel = 0; panel < s->panel_count; panel++) {
            const int8_t *a = (const int8_t *)s->rows + i * s->row_bytes;
            const int8_t *b =
                (const int8_t *)s->panels + panel * s->steps * VSH_UNITS * VSH_STEP_BYTES;
            int32_t *c = (int32_t *)s->c + i * s->ldc + panel * VSH_PANEL_COLS;
            int32_t sum[VSH_PANEL_COLS] = {0};
            for (int64_t u = 0; u < s->steps * VSH_UNITS; u++, a += 4, b += VSH_STEP_BYTES)
                UNROLL for (int j = 0; j < VSH_PANEL_COLS; j++) sum[j] +=
                    a[0] * b[4 * j] + a[1] * b[4 * j + 1] + a[2] * b[4 * j + 2] +
                    a[3] * b[4 * j + 3];
            for (int j = 0; j < VSH_PANEL_COLS; j++)
                c[j] = (s->add ? c[j] : 0) + sum[j];
        }
}
