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

static void OF(softmax)(int64_t count, float max, float factor, void *to)
{
    E *x = to;
    int64_t v = 0;

    for (; v + LANES <= count; v += LANES)
        STORE(x + v, vf_exp(LOAD(x + v) - max) * factor);
    if (v < count)
        STORE_PART(x + v, vf_exp(LOAD_PART(x + v, count - v, max) - max) * factor, count - v);
}
