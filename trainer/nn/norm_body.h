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
            OF(moments_step)
            (x + at, grad ? grad + at : NULL, grad ? weight + at : NULL, mean, LANES, &square[k],
             &product[k]);
        }
    for (; c + LANES <= width; c += LANES)
        OF(moments_step)
    (x + c, grad ? grad + c : NULL, grad ? weight + c : NULL, mean, LANES, &square[0], &product[0]);
    if (c < width)
        OF(moments_step)
    (x + c, grad ? grad + c : NULL, grad ? weight + c : NULL, mean, width - c, &square[0],
     &product[0]);
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

/* Some columns of some rows: the sums over rows go to memory once. */
ALWAYS void OF(norm_back_step)(int rows, const OF(norm_row) * row, int64_t width, int64_t lanes,
                               const E *weight, const E *x, const E *dout, E *dx, float *dweight,
                               float *dbias)
{
    vf w = OF(load_some)(weight, lanes);
    vf dw = load_floats(dweight, lanes);
    vf db = dbias ? load_floats(dbias, lanes) : vf_all(0.0F);

    for (int r = 0; r < rows; r++) {
        vf grad = OF(load_some)(dout + r * width, lanes);
        vf n = (OF(load_some)(x + r * width, lanes) - row[r].mean) * row[r].inverse;
        vf step = (grad * w - row[r].mean_g - n * row[r].mean_gn) * row[r].inverse;
        OF(store_some)(dx + r * width, OF(load_some)(dx + r * width, lanes) + step, lanes);
        dw += grad * n;
        db += grad;
    }
    store_floats(dweight, dw, lanes);
    if (dbias)
        store_floats(dbias, db, lanes);
}

ALWAYS void OF(norm_back_rows)(int rows, bool layer, int64_t width, const E *weight, const E *x,
                               const E *dout, E *dx, float *dweight, float *dbias)
{
    OF(norm_row) row[NORM_ROWS];
    int64_t c = 0;

    for (int r = 0; r < rows; r++)
        row[r] = OF(norm_row_of)(layer, width, weight, x + r * width, dout + r * width);
    for (; c + LANES <= width; c += LANES)
        OF(norm_back_step)
    (rows, row, width, LANES, weight + c, x + c, dout + c, dx + c, dweight + c,
     dbias ? dbias + c : NULL);
    if (c < width)
        OF(norm_back_step)
    (rows, row, width, width - c, weight + c, x + c, dout + c, dx + c, dweight + c,
     dbias ? dbias + c : NULL);
}

static void OF(norm_back)(bool layer, int64_t rows, int64_t width, const void *weight,
                          const void *x, const void *dout, void *dx, float *dweight, float *dbias)
{
    int64_t r = 0;

    memset(dweight, 0, (size_t)width * sizeof *dweight);
    if (dbias)
        memset(dbias, 0, (size_t)width * sizeof *dbias);
    for (; r + NORM_ROWS <= rows; r += NORM_ROWS)
        OF(norm_back_rows)
    (NORM_ROWS, layer, width, weight, (const E *)x + r * width, (const E *)dout + r * width,
     (E *)dx + r * width, dweight, dbias);
    for (; r < rows; r++)
        OF(norm_back_rows)
    (1, layer, width, weight, (const E *)x + r * width, (const E *)dout + r * width,
     (E *)dx + r * width, dweight, dbias);
}
