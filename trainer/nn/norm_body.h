/* Norms (trainer/nn/norm.h). An RMS norm is a layer norm whose mean is taken as zero. */

/* Sums over a row of x - mean squared; in the backward pass (grad not NULL) also of
 * grad weight (x - mean). */
typedef struct {
    float square, product;
} OF(moments);

ALWAYS void OF(moments_step)(const E *x, const E *grad, const E *weight, float mean, int64_t lanes,
                             vf *square, vf *product)
{
    vf d = (lanes == LANES ? LOAD(x) : LOAD_PART(x, lanes, mean)) - vf_all(mean);

    *square += d * d;
    if (grad)
        *product += OF(load_some)(grad, lanes) * OF(load_some)(weight, lanes) * d;
}

ALWAYS OF(moments)
    OF(row_moments)(int64_t width, const E *x, const E *grad, const E *weight, float mean)
{
    vf square[SUMS] = {{0}}, product[SUMS] = {{0}};
    const int64_t wide = SUMS * LANES;
    int64_t c = 0;

    for (; c + wide <= width; c += wide)
        for (int k = 0; k < SUMS; k++) {
            int64_t at = c + k * LANES;
            const E *g = grad ? grad + at : NULL, *w = grad ? weight + at : NULL;
            OF(moments_step)(x + at, g, w, mean, LANES, &square[k], &product[k]);
        }
    for (; c < width; c += LANES) {
        int64_t lanes = width - c < LANES ? width - c : LANES;
        const E *g = grad ? grad + c : NULL, *w = grad ? weight + c : NULL;
        OF(moments_step)(x + c, g, w, mean, lanes, &square[0], &product[0]);
    }
    return (OF(moments)){vf_sum(fold_sums(square)), grad ? vf_sum(fold_sums(product)) : 0.0F};
}

/* The sum of a row of x, or of x weight. */
ALWAYS float OF(row_sum)(int64_t width, const E *x, const E *weight)
{
    vf sum[SUMS] = {{0}};
    const int64_t wide = SUMS * LANES;
    int64_t c = 0;

    for (; c + wide <= width; c += wide)
        for (int k = 0; k < SUMS; k++) {
            vf value = LOAD(x + c + k * LANES);
            sum[k] += weight ? value * LOAD(weight + c + k * LANES) : value;
        }
    for (; c < width; c += LANES) {
        int64_t lanes = width - c < LANES ? width - c : LANES;
        vf value = OF(load_some)(x + c, lanes);
        sum[0] += weight ? value * OF(load_some)(weight + c, lanes) : value;
    }
    return vf_sum(fold_sums(sum));
}

static void OF(norm)(bool layer, int64_t rows, int64_t width, const void *weight, const void *bias,
                     const void *x, void *out)
{
    const E *w = weight, *b = bias;
    float n = (float)width;

    for (int64_t r = 0; r < rows; r++) {
        const E *from = (const E *)x + r * width;
        E *to = (E *)out + r * width;
        float mean = layer ? OF(row_sum)(width, from, NULL) / n : 0.0F;
        float square = OF(row_moments)(width, from, NULL, NULL, mean).square;
        float inverse = 1.0F / sqrtf(square / n + VSH_NORM_EPSILON);
        int64_t c = 0;
        for (; c + LANES <= width; c += LANES) {
            vf scaled = (LOAD(from + c) - mean) * inverse * LOAD(w + c);
            STORE(to + c, b ? scaled + LOAD(b + c) : scaled);
        }
        if (c < width) {
            int64_t left = width - c;
            vf scaled =
                (LOAD_PART(from + c, left, 0.0F) - mean) * inverse * LOAD_PART(w + c, left, 0.0F);
            STORE_PART(to + c, b ? scaled + LOAD_PART(b + c, left, 0.0F) : scaled, left);
        }
    }
}

/* What the gradient of one row needs. With n = (x - mean) inverse and g = dout weight:
 * dx += inverse (g - mean(g) - n mean(g n)), the second term only in a layer norm. */
typedef struct {
    float mean, inverse, mean_g, mean_gn;
} OF(norm_row);

static inline OF(norm_row)
    OF(norm_row_of)(bool layer, int64_t width, const E *weight, const E *x, const E *grad)
{
    OF(norm_row) row = {0};
    OF(moments) moments;
    float n = (float)width;

    if (layer) {
        row.mean = OF(row_sum)(width, x, NULL) / n;
        row.mean_g = OF(row_sum)(width, grad, weight) / n;
    }
    moments = OF(row_moments)(width, x, grad, weight, row.mean);
    row.inverse = 1.0F / sqrtf(moments.square / n + VSH_NORM_EPSILON);
    row.mean_gn = moments.product * row.inverse / n;
    return row;
}

/* The rows of one part; dbias may be NULL. */
typedef struct {
    int64_t width;
    const E *weight, *x, *dout;
    E *dx;
    float *dweight, *dbias;
} OF(norm_part);

/* Columns [c, c + lanes) of some rows from first on: the sums over rows go to memory once. */
ALWAYS void OF(norm_columns)(const OF(norm_part) * part, int64_t first, int rows,
                             const OF(norm_row) * row, int64_t c, int64_t lanes)
{
    vf w = OF(load_some)(part->weight + c, lanes), dw = load_floats(part->dweight + c, lanes);
    vf db = part->dbias ? load_floats(part->dbias + c, lanes) : vf_all(0.0F);

    for (int r = 0; r < rows; r++) {
        int64_t at = (first + r) * part->width + c;
        vf grad = OF(load_some)(part->dout + at, lanes);
        vf n = (OF(load_some)(part->x + at, lanes) - row[r].mean) * row[r].inverse;
        vf step = (grad * w - row[r].mean_g - n * row[r].mean_gn) * row[r].inverse;
        OF(store_some)(part->dx + at, OF(load_some)(part->dx + at, lanes) + step, lanes);
        dw += grad * n;
        db += grad;
    }
    store_floats(part->dweight + c, dw, lanes);
    if (part->dbias)
        store_floats(part->dbias + c, db, lanes);
}

ALWAYS void OF(norm_rows)(const OF(norm_part) * part, bool layer, int64_t first, int rows)
{
    OF(norm_row) row[NORM_ROWS];
    int64_t width = part->width, c = 0;

    for (int r = 0; r < rows; r++) {
        int64_t at = (first + r) * width;
        row[r] = OF(norm_row_of)(layer, width, part->weight, part->x + at, part->dout + at);
    }
    for (; c + LANES <= width; c += LANES)
        OF(norm_columns)(part, first, rows, row, c, LANES);
    if (c < width)
        OF(norm_columns)(part, first, rows, row, c, width - c);
}

static void OF(norm_back)(bool layer, int64_t rows, int64_t width, const void *weight,
                          const void *x, const void *dout, void *dx, float *dweight, float *dbias)
{
    const OF(norm_part) part = {width, weight, x, dout, dx, dweight, dbias};
    int64_t r = 0;

    memset(dweight, 0, (size_t)width * sizeof *dweight);
    if (dbias)
        memset(dbias, 0, (size_t)width * sizeof *dbias);
    for (; r + NORM_ROWS <= rows; r += NORM_ROWS)
        OF(norm_rows)(&part, layer, r, NORM_ROWS);
    for (; r < rows; r++)
        OF(norm_rows)(&part, layer, r, 1);
}
