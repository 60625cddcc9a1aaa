/* Softmax and its sums over one row of logits (trainer/nn/loss.h). */

/* The maximum; NaN may or may not count, the sums show it. */
static inline float OF(chunk_max)(int64_t count, const E *x)
{
    vf most[SUMS];
    int64_t i = 0;

    for (int k = 0; k < SUMS; k++)
        most[k] = vf_all(-INFINITY);
    for (; i + SUMS * LANES <= count; i += SUMS * LANES)
        for (int k = 0; k < SUMS; k++)
            most[k] = vf_max(most[k], LOAD(x + i + k * LANES));
    for (; i + LANES <= count; i += LANES)
        most[0] = vf_max(most[0], LOAD(x + i));
    if (i < count)
        most[0] = vf_max(most[0], LOAD_PART(x + i, count - i, -INFINITY));
    return vf_max_of(vf_max(vf_max(most[0], most[1]), vf_max(most[2], most[3])));
}

static inline float OF(chunk_exp_sum)(int64_t count, const E *x, float max)
{
    vf sum[SUMS] = {{0}};
    int64_t i = 0;

    for (; i + SUMS * LANES <= count; i += SUMS * LANES)
        for (int k = 0; k < SUMS; k++)
            sum[k] += vf_exp(LOAD(x + i + k * LANES) - max);
    for (; i + LANES <= count; i += LANES)
        sum[0] += vf_exp(LOAD(x + i) - max);
    if (i < count)
        sum[0] += vf_exp(LOAD_PART(x + i, count - i, -INFINITY) - max);
    return vf_sum(fold_sums(sum));
}

static double OF(exp_sum)(int64_t count, const void *x, float *max)
{
    const E *logits = x;
    float most = -INFINITY;
    double sum = 0;

    for (int64_t i = 0; i < count; i += LOSS_CHUNK) {
        int64_t size = count - i < LOSS_CHUNK ? count - i : LOSS_CHUNK;
        float here = OF(chunk_max)(size, logits + i);
        if (here > most) { /* rare after the first few chunks */
            sum *= exp((double)most - (double)here);
            most = here;
        }
        sum += (double)OF(chunk_exp_sum)(size, logits + i, most);
    }
    *max = most;
    return sum;
}

static void OF(soft_sums)(int64_t count, float max, const float *soft, const void *x,
                          double sums[2])
{
    const E *logits = x;

    sums[0] = sums[1] = 0;
    for (int64_t i = 0; i < count; i += LOSS_CHUNK) {
        int64_t end = count - i < LOSS_CHUNK ? count : i + LOSS_CHUNK, v = i;
        vf total = vf_all(0.0F), product = total;
        for (; v + LANES <= end; v += LANES) {
            vf p = vf_load(soft + v);
            total += p;
            product += p * (LOAD(logits + v) - max);
        }
        if (v < end) {
            vf p = vf_load_part(soft + v, end - v, 0.0F);
            total += p;
            product += p * (LOAD_PART(logits + v, end - v, max) - max);
        }
        sums[0] += (double)vf_sum(total);
        sums[1] += (double)vf_sum(product);
    }
}

ALWAYS void OF(softmax_row)(int64_t count, float max, float factor, float scale, const float *soft,
                            E *x)
{
    int64_t v = 0;

    for (; v + LANES <= count; v += LANES) {
        vf gradient = vf_exp(LOAD(x + v) - max) * factor;
        STORE(x + v, soft ? gradient - scale * vf_load(soft + v) : gradient);
    }
    if (v < count) {
        int64_t left = count - v;
        vf gradient = vf_exp(LOAD_PART(x + v, left, max) - max) * factor;
        STORE_PART(x + v, soft ? gradient - scale * vf_load_part(soft + v, left, 0.0F) : gradient,
                   left);
    }
}

static void OF(softmax)(int64_t count, float max, float factor, float scale, const float *soft,
                        void *x)
{
    if (soft)
        OF(softmax_row)(count, max, factor, scale, soft, x);
    else
        OF(softmax_row)(count, max, factor, scale, NULL, x);
}
