/* One row of heads rotated (trainer/nn/rotary.h). */

ALWAYS void OF(rotate_step)(int64_t half, int64_t lanes, float sign, const float *table, E *x)
{
    vf cosine = load_floats(table, lanes), sine = sign * load_floats(table + half, lanes);
    vf a = OF(load_some)(x, lanes), b = OF(load_some)(x + half, lanes);

    OF(store_some)(x, a * cosine - b * sine, lanes);
    OF(store_some)(x + half, b * cosine + a * sine, lanes);
}

static void OF(rotate)(int64_t heads, int64_t head_dim, const float *table, bool back, void *x)
{
    float sign = back ? -1.0F : 1.0F;
    int64_t half = head_dim / 2;

    for (int64_t h = 0; h < heads; h++) {
        E *head = (E *)x + h * head_dim;
        int64_t i = 0;
        for (; i + LANES <= half; i += LANES)
            OF(rotate_step)(half, LANES, sign, table + i, head + i);
        if (i < half)
            OF(rotate_step)(half, half - i, sign, table + i, head + i);
    }
}
