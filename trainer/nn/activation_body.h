/* Activations (trainer/nn/activation.h). */

ALWAYS void OF(activation_step)(curve kind, bool gated, int64_t width, int64_t lanes, const E *pre,
                                E *out)
{
    vf value = curve_value(kind, OF(load_some)(pre, lanes));

    if (gated)
        value *= OF(load_some)(pre + width, lanes);
    OF(store_some)(out, value, lanes);
}

ALWAYS void OF(activation)(curve kind, bool gated, int64_t rows, int64_t width, const E *pre,
                           E *out)
{
    int64_t c;

    if (!gated) { /* one long row */
        width *= rows;
        rows = 1;
    }
    for (; rows > 0; rows--, pre += gated ? 2 * width : width, out += width) {
        for (c = 0; c + LANES <= width; c += LANES)
            OF(activation_step)(kind, gated, width, LANES, pre + c, out + c);
        if (c < width)
            OF(activation_step)(kind, gated, width, width - c, pre + c, out + c);
    }
}

/* Returns out times its gradient, of which weight's is the sum. */
ALWAYS vf OF(activation_back_step)(curve kind, bool gated, int64_t width, int64_t lanes,
                                   float weight, E *pre, E *out_grad)
{
    curve_point act = curve_at(kind, OF(load_some)(pre, lanes));
    vf grad = OF(load_some)(out_grad, lanes), weighted = grad * weight, out = act.value;

    if (gated) {
        vf value = OF(load_some)(pre + width, lanes);
        OF(store_some)(pre + width, weighted * act.value, lanes);
        out *= value;
        weighted *= value;
    }
    OF(store_some)(pre, weighted * act.slope, lanes);
    OF(store_some)(out_grad, out * weight, lanes);
    return out * grad;
}

ALWAYS void OF(activation_back)(curve kind, bool gated, int64_t rows, int64_t width, E *pre,
                                E *out_grad, const float *weight, float *dweight)
{
    for (int64_t r = 0; r < rows; r++, pre += gated ? 2 * width : width, out_grad += width) {
        float w = weight ? weight[r] : 1.0F;
        vf sum = vf_all(0.0F);
        int64_t c = 0;
        for (; c + LANES <= width; c += LANES)
            sum += OF(activation_back_step)(kind, gated, width, LANES, w, pre + c, out_grad + c);
        if (c < width)
            sum +=
                OF(activation_back_step)(kind, gated, width, width - c, w, pre + c, out_grad + c);
        if (weight)
            dweight[r] = vf_sum(sum);
    }
}

#define ACTIVATION(name, kind, gated)                                                              \
    static void OF(name##_rows)(int64_t rows, int64_t width, const void *pre, void *out)           \
    {                                                                                              \
        OF(activation)(kind, gated, rows, width, pre, out);                                        \
    }                                                                                              \
    static void OF(name##_back)(int64_t rows, int64_t width, void *pre, void *out_grad,            \
                                const float *weight, float *dweight)                               \
    {                                                                                              \
        OF(activation_back)(kind, gated, rows, width, pre, out_grad, weight, dweight);             \
    }
ACTIVATION(gelu, GELU, false)
ACTIVATION(relu, RELU, false)
ACTIVATION(swiglu, SILU, true)
ACTIVATION(geglu, GELU, true)
#undef ACTIVATION
