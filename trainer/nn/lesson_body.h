/* What a row learns from a teacher's logits (trainer/nn/lesson.h). */

static double OF(warm_sum)(int64_t count, float max, float inverse, const void *x)
{
    const E *logits = x;
    double sum = 0;

    for (int64_t i = 0; i < count; i += LOSS_CHUNK) {
        int64_t end = count - i < LOSS_CHUNK ? count : i + LOSS_CHUNK, v = i;
        vf total = vf_all(0.0F);
        for (; v + LANES <= end; v += LANES)
            total += vf_exp((LOAD(logits + v) - max) * inverse);
        if (v < end)
            total += vf_exp((LOAD_PART(logits + v, end - v, -INFINITY) - max) * inverse);
        sum += (double)vf_sum(total);
    }
    return sum;
}

static void OF(lesson_sums)(int64_t count, const float max[2], float inverse, float *teacher,
                            const void *x, double sums[3])
{
    const E *logits = x;

    sums[0] = sums[1] = sums[2] = 0;
    for (int64_t i = 0; i < count; i += LOSS_CHUNK) {
        int64_t end = count - i < LOSS_CHUNK ? count : i + LOSS_CHUNK, v = i;
        vf total = vf_all(0.0F), own = total, other = total;
        for (; v + LANES <= end; v += LANES) {
            vf z = (vf_load(teacher + v) - max[0]) * inverse, e = vf_exp(z);
            total += e;
            own += e * z;
            other += e * ((LOAD(logits + v) - max[1]) * inverse);
            vf_store(teacher + v, e);
        }
        if (v < end) {
            /* lanes beyond the row weigh nothing, and what they weigh is finite */
            vf e = vf_exp((vf_load_part(teacher + v, end - v, -INFINITY) - max[0]) * inverse);
            total += e;
            own += e * ((vf_load_part(teacher + v, end - v, max[0]) - max[0]) * inverse);
            other += e * ((LOAD_PART(logits + v, end - v, max[1]) - max[1]) * inverse);
            vf_store_part(teacher + v, e, end - v);
        }
        sums[0] += (double)vf_sum(total);
        sums[1] += (double)vf_sum(own);
        sums[2] += (double)vf_sum(other);
    }
}

static void OF(lesson_back)(int64_t count, float max, float inverse, const float factor[3],
                            const float *softened, void *x)
{
    E *logits = x;
    int64_t v = 0;

    for (; v + LANES <= count; v += LANES) {
        vf above = LOAD(logits + v) - max;
        STORE(logits + v, vf_exp(above) * factor[0] + vf_exp(above * inverse) * factor[1] -
                              vf_load(softened + v) * factor[2]);
    }
    if (v < count) {
        vf above = LOAD_PART(logits + v, count - v, max) - max;
        vf gradient = vf_exp(above) * factor[0] + vf_exp(above * inverse) * factor[1] -
                      vf_load_part(softened + v, count - v, 0.0F) * factor[2];
        STORE_PART(logits + v, gradient, count - v);
    }
}
