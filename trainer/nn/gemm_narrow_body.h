/* Operands of 16 and 8 bits (gemm_kernels.h): put in order for the instructions that multiply
 * units, and results put back. gemm_body.h includes it. */

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

GEMM_INLINE void store_vector(vsh_element element, void *out, int64_t at, vf value, bool add,
                              int64_t count)
{
    if (element == VSH_F32) {
        float *to = (float *)out + at;
        if (count == LANES)
            vf_store(to, add ? vf_load(to) + value : value);
        else
            vf_store_part(to, add ? vf_load_part(to, count, 0) + value : value, count);
    } else {
        vsh_bf16 *to = (vsh_bf16 *)out + at;
        if (count == LANES)
            vf_store_bf16(to, add ? vf_load_bf16(to) + value : value);
        else
            vf_store_bf16_part(to, add ? vf_load_bf16_part(to, count, 0) + value : value, count);
    }
}

static void store_straight(const vsh_gemm_store *s)
{
    for (int64_t i = 0; i < s->rows; i++)
        for (int64_t j = 0; j < s->cols; j += LANES)
            store_vector(s->element, s->out, i * s->ldout + j, vf_load(s->c + i * s->ldc + j),
                         s->add, s->cols - j < LANES ? s->cols - j : LANES);
}

static void store_turned(const vsh_gemm_store *s)
{
    for (int64_t j = 0; j < s->cols; j += LANES)
        for (int64_t i = 0; i < s->rows; i += LANES) {
            int64_t rows = s->rows - i < LANES ? s->rows - i : LANES;
            int64_t cols = s->cols - j < LANES ? s->cols - j : LANES;
            vf row[LANES];
            UNROLL for (int q = 0; q < LANES; q++) row[q] =
                vf_load(s->c + (i + (q < rows ? q : 0)) * s->ldc + j);
            turn(row);
            for (int64_t q = 0; q < cols; q++)
                store_vector(s->element, s->out, (j + q) * s->ldout + i, row[q], s->add, rows);
        }
}

static void gemm_store(const vsh_gemm_store *s) { (s->turned ? store_turned : store_straight)(s); }

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

/* LANES units of rows k and k + 1 from column n on: the row of the lower k in the lower half. */
GEMM_INLINE vu paired(const vsh_bf16 *from, int64_t ld, int64_t n, int64_t count, int64_t k,
                      int64_t k_end)
{
    vsh_bf16 low[LANES] = {0}, high[LANES] = {0};
    int64_t cols = count - n < LANES ? count - n : LANES;
    vh lower, upper;

    if (cols == LANES && k + 1 < k_end) {
        memcpy(&lower, from + k * ld + n, sizeof lower);
        memcpy(&upper, from + (k + 1) * ld + n, sizeof upper);
    } else {
        if (cols > 0 && k < k_end)
            memcpy(low, from + k * ld + n, (size_t)cols * sizeof *low);
        if (cols > 0 && k + 1 < k_end)
            memcpy(high, from + (k + 1) * ld + n, (size_t)cols * sizeof *high);
        memcpy(&lower, low, sizeof lower);
        memcpy(&upper, high, sizeof upper);
    }
    return __builtin_convertvector(lower, vu) | __builtin_convertvector(upper, vu) << 16;
}

static void panels_of_columns(const vsh_bf16 *from, int64_t ld, int64_t count, int64_t k,
                              void *panels)
{
    int64_t units = (k + 2 * VSH_UNITS - 1) / (2 * VSH_UNITS) * VSH_UNITS;

    for (int64_t u = 0; u < units; u++)
        for (int64_t n = 0; n < count || n % VSH_PANEL_COLS != 0; n += LANES) {
            float *to = (float *)panels + n / VSH_PANEL_COLS * units * VSH_PANEL_COLS +
                        u * VSH_PANEL_COLS + n % VSH_PANEL_COLS;
            vf_store(to, (vf)paired(from, ld, n, count, 2 * u, k));
        }
}

static void rows_of_columns(const vsh_bf16 *from, int64_t ld, int64_t count, int64_t k, void *rows,
                            int64_t row_bytes)
{
    int64_t units = (k + 2 * VSH_UNITS - 1) / (2 * VSH_UNITS) * VSH_UNITS;

    for (int64_t m = 0; m < VSH_STRIP_ROWS; m += LANES)
        for (int64_t u = 0; u < units; u += LANES) {
            vf row[LANES];
            for (int i = 0; i < LANES; i++)
                row[i] = (vf)paired(from, ld, m, count, 2 * (u + i), k);
            turn(row);
            UNROLL for (int i = 0; i < LANES; i++)
                memcpy((char *)rows + (m + i) * row_bytes + u * 4, &row[i], sizeof row[i]);
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
GEMM_INLINE float largest_in(const vsh_element element, const void *row, int64_t count)
{
    vi most = vi_all(0);
    int32_t room[LANES], largest = 0;
    float value;

    for (int64_t k = 0; k < count; k += LANES) {
        vf x = k + LANES <= count ? load_any(element, row, k)
                                  : load_any_part(element, row, k, count - k);
        vi size = (vi)x & vi_all(0x7fffffff);
        vi more = (vi)(size > most);
        most = (size & more) | (most & ~more);
    }
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

typedef int8_t vb __attribute__((vector_size(LANES)));

/* The nearest integer, ties to even, by way of 1.5 x 2^23. The bounds stand between the product and
 * the sum so that no compiler fuses them: every instruction set rounds the same. */
GEMM_INLINE void quantize_in(const vsh_element element, const void *row, int64_t count,
                             float factor, int8_t *to)
{
    const vf magic = vf_all(12582912.0F);

    for (int64_t k = 0; k < count; k += LANES) {
        int64_t part = count - k < LANES ? count - k : LANES;
        vf x = part == LANES ? load_any(element, row, k) : load_any_part(element, row, k, part);
        vf bounded = vf_max(vf_min(x * vf_all(factor), vf_all(127)), vf_all(-127));
        vi whole = (vi)(bounded + magic) - (vi)magic;
        vb narrow = __builtin_convertvector(whole, vb);
        memcpy(to + k, &narrow, (size_t)part);
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
