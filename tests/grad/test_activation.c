#include "trainer/nn/activation.h"

#include "tests/grad/vectors.h"

const char vsh_suite[] = "activation";

static bool gated(vsh_mlp mlp) { return mlp == VSH_MLP_SWIGLU || mlp == VSH_MLP_GEGLU; }

static const vsh_mlp mlps[] = {VSH_MLP_GELU, VSH_MLP_RELU, VSH_MLP_SWIGLU, VSH_MLP_GEGLU};
enum { MLPS = sizeof mlps / sizeof mlps[0] };

/* Among ordinary values, ones where a careless formula overflows or divides zero by zero; what a
 * gate is multiplied with stays below 6. */
static array inputs(vsh_mlp mlp, vsh_element element, int64_t rows, int64_t width)
{
    static const double ends[] = {0, -0.0, 20, -20, 100, -100, 1e4, -1e4, -0.75, 88, -89};
    array pre = array_of(element, rows * width * (gated(mlp) ? 2 : 1), -6, 6, 1);

    for (int64_t i = 0; i < pre.count; i += 7)
        if (!gated(mlp) || i % (2 * width) < width)
            array_set(&pre, i, ends[i / 7 % 11]);
    return pre;
}

/* Each element by its own size: e^-x is known to x roundings, about 1e-6 where the value still
 * counts. */
static void forward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    for (int i = 0; i < MLPS; i++) {
        array pre = inputs(mlps[i], element, rows, width);
        array out = array_of(element, rows * width, 7, 8, 2);
        double *want = doubles(out.count, NULL);
        vsh_activation_forward(nn, mlps[i], element, rows, width, pre.data, out.data);
        vsh_activation_forward_ref(mlps[i], rows, width, pre.exact, want);
        check_array(vsh_mlp_words[mlps[i]], &out, 1, want, 0.01, tolerance(element));
    }
}

static void activations_agree_with_their_twins(void)
{
    everywhere(forward);
    with_shape(forward, 5, 20011); /* parts of few rows */
}

typedef struct {
    vsh_mlp mlp;
    array pre, grad, weight, dweight;
    double *want_pre, *want_out, *want_weight, *scale_weight;
} setup;

/* The twin knows no weights: they multiply the gradient that goes in and the output. */
static setup set_up(vsh_mlp mlp, bool weighted, vsh_element element, int64_t rows, int64_t width)
{
    setup s = {mlp, inputs(mlp, element, rows, width), array_of(element, rows * width, -1, 1, 2),
               array_of(VSH_F32, rows, 0.1, 1, 3), array_of(VSH_F32, rows, 7, 8, 4)};
    double *dout = doubles(s.grad.count, s.grad.exact);

    s.want_pre = doubles(s.pre.count, NULL);
    s.want_out = doubles(s.grad.count, NULL);
    s.want_weight = doubles(rows, NULL);
    s.scale_weight = doubles(rows, NULL);
    vsh_activation_forward_ref(mlp, rows, width, s.pre.exact, s.want_out);
    for (int64_t i = 0; i < s.grad.count; i++) {
        int64_t r = i / width;
        s.want_weight[r] += s.grad.exact[i] * s.want_out[i];
        s.scale_weight[r] += fabs(s.grad.exact[i] * s.want_out[i]);
        dout[i] *= weighted ? s.weight.exact[r] : 1;
        s.want_out[i] *= weighted ? s.weight.exact[r] : 1;
    }
    vsh_activation_backward_ref(mlp, rows, width, s.pre.exact, dout, s.want_pre);
    return s;
}

/* Slopes are differences of terms of about 1, so 1 is the least scale; for a gated one times the
 * other half. */
static void backward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    for (int i = 0; i < 2 * MLPS; i++) {
        bool weighted = i >= MLPS;
        setup s = set_up(mlps[i % MLPS], weighted, element, rows, width);
        vsh_activation_backward(nn, s.mlp, element, rows, width, s.pre.data, s.grad.data,
                                weighted ? s.weight.data : NULL, weighted ? s.dweight.data : NULL);
        check_array(vsh_mlp_words[s.mlp], &s.pre, 1, s.want_pre, gated(s.mlp) ? 6 : 1,
                    tolerance(element));
        check_array("out again", &s.grad, 1, s.want_out, 0.01, tolerance(element));
        for (int64_t r = 0; weighted && r < rows; r++)
            CHECK_NEAR(array_get(&s.dweight, r), s.want_weight[r], 0,
                       1e-5 * fmax(s.scale_weight[r], 0.01));
        digest(s.dweight.data, (size_t)rows * sizeof(float));
    }
}

static void gradients_of_activations_agree_with_their_twins(void)
{
    everywhere(backward);
    with_shape(backward, 5, 20011);
}

static void one_nan(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    for (int i = 0; i < MLPS; i++)
        for (int64_t at = 0; at < width; at++) {
            array pre = inputs(mlps[i], element, rows, width);
            array out = array_of(element, rows * width, 0, 1, 2);
            array_set(&pre, at, NAN);
            vsh_activation_forward(nn, mlps[i], element, rows, width, pre.data, out.data);
            for (int64_t k = 0; k < out.count; k++)
                CHECK(isnan(array_get(&out, k)) == (k == at));
        }
}

static void a_nan_stays_one_and_alone(void) { with_shape(one_nan, 2, 19); }

const vsh_test vsh_tests[] = {
    {"activations_agree_with_their_twins", activations_agree_with_their_twins},
    {"gradients_of_activations_agree_with_their_twins",
     gradients_of_activations_agree_with_their_twins},
    {"a_nan_stays_one_and_alone", a_nan_stays_one_and_alone},
    {NULL, NULL}};
