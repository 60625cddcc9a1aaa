/* Sums, and copies between stored types. */

static void OF(vector_exp)(int64_t count, const void *x, void *out)
{
    const E *from = x;
    E *to = out;
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES)
        STORE(to + i, vf_exp(LOAD(from + i)));
    if (i < count)
        STORE_PART(to + i, vf_exp(LOAD_PART(from + i, count - i, 0.0F)), count - i);
}

static void OF(vector_add)(int64_t count, const void *a, const void *b, void *out)
{
    const E *left = a, *right = b;
    E *to = out;
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES)
        STORE(to + i, LOAD(left + i) + LOAD(right + i));
    if (i < count)
        STORE_PART(to + i,
                   LOAD_PART(left + i, count - i, 0.0F) + LOAD_PART(right + i, count - i, 0.0F),
                   count - i);
}

static void OF(add_sums)(int64_t count, const float *sums, void *to)
{
    E *out = to;
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES)
        STORE(out + i, LOAD(out + i) + vf_load(sums + i));
    if (i < count)
        STORE_PART(out + i,
                   LOAD_PART(out + i, count - i, 0.0F) + vf_load_part(sums + i, count - i, 0.0F),
                   count - i);
}

/* Columns are summed some vectors at a time, so that the sums stay in registers. */
ALWAYS void OF(sum_columns)(int64_t rows, const int32_t *list, int64_t lanes, int64_t stride,
                            const E *x, float *sums)
{
    int vectors = lanes > LANES ? SUMS : 1;
    vf sum[SUMS] = {{0}};

    for (int64_t r = 0; r < rows; r++) {
        const E *row = x + (list ? list[r] : r) * stride;
        for (int k = 0; k < vectors; k++)
            sum[k] += OF(load_some)(row + k * LANES, lanes > LANES ? LANES : lanes);
    }
    for (int k = 0; k < vectors; k++)
        store_floats(sums + k * LANES, sum[k], lanes > LANES ? LANES : lanes);
}

ALWAYS void OF(sum_some)(int64_t rows, const int32_t *list, int64_t columns, int64_t stride,
                         const E *x, float *sums)
{
    const int64_t wide = SUMS * LANES;
    int64_t c = 0;

    for (; c + wide <= columns; c += wide)
        OF(sum_columns)(rows, list, wide, stride, x + c, sums + c);
    for (; c + LANES <= columns; c += LANES)
        OF(sum_columns)(rows, list, LANES, stride, x + c, sums + c);
    if (c < columns)
        OF(sum_columns)(rows, list, columns - c, stride, x + c, sums + c);
}

static void OF(sum_rows)(int64_t rows, int64_t columns, int64_t stride, const void *x, float *sums)
{
    OF(sum_some)(rows, NULL, columns, stride, x, sums);
}

static void OF(sum_listed)(int64_t count, const int32_t *list, int64_t columns, int64_t stride,
                           const void *x, float *sums)
{
    OF(sum_some)(count, list, columns, stride, x, sums);
}

static void OF(vector_round)(int64_t count, const float *from, void *to)
{
    E *out = to;
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES)
        STORE(out + i, vf_load(from + i));
    if (i < count)
        STORE_PART(out + i, vf_load_part(from + i, count - i, 0.0F), count - i);
}

static void OF(vector_widen)(int64_t count, const void *from, float *to)
{
    const E *x = from;
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES)
        vf_store(to + i, LOAD(x + i));
    if (i < count)
        vf_store_part(to + i, LOAD_PART(x + i, count - i, 0.0F), count - i);
}

/* An exponent of all ones plus one carries into the sign. */
static inline vu OF(ones_carry)(vf value) { return ((vu)value & 0x7f800000U) + 0x00800000U; }

static bool OF(finite)(int64_t count, const void *x)
{
    const E *from = x;
    vu carry[SUMS] = {{0}};
    int64_t i = 0;

    for (; i + SUMS * LANES <= count; i += SUMS * LANES)
        for (int k = 0; k < SUMS; k++)
            carry[k] |= OF(ones_carry)(LOAD(from + i + k * LANES));
    for (; i + LANES <= count; i += LANES)
        carry[0] |= OF(ones_carry)(LOAD(from + i));
    if (i < count)
        carry[0] |= OF(ones_carry)(LOAD_PART(from + i, count - i, 0.0F));
    carry[0] |= carry[1] | carry[2] | carry[3];
    for (int k = 0; k < LANES; k++)
        if (carry[0][k] >> 31)
            return false;
    return true;
}
