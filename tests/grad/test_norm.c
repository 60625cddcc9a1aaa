#include "trainer/nn/norm.h"

#include "tests/grad/vectors.h"

const char vsh_suite[] = "norm";

/* Neighbours lie on both sides of zero, so that no row is nearly constant. */
static array inputs(vsh_element element, int64_t rows, int64_t width)
{
    array x = array_of(element, rows * width, -1, 1, 1);

    for (int64_t i = 0; i < x.count; i++)
        array_set(&x, i, x.exact[i] + (i % width % 2 ? 1.5 : -1.5));
    return x;
}

typedef struct {
    vsh_norm_shape shape;
    array x, weight, bias;
    const double *bias_exact;
} setup;

static setup set_up(bool layer, bool biased, vsh_element element, int64_t rows, int64_t width)
{
    setup s = {.x = inputs(element, rows, width),
               .weight = array_of(element, width, 0.5, 1.5, 2),
               .bias = array_of(element, width, -1, 1, 3)};

    s.shape =
        (vsh_norm_shape){layer, element, rows, width, s.weight.data, biased ? s.bias.data : NULL};
    s.bias_exact = biased ? s.bias.exact : NULL;
    return s;
}

static void forward(bool layer, bool biased, const vsh_nn *nn, vsh_element element, int64_t rows,
                    int64_t width)
{
    setup s = set_up(layer, biased, element, rows, width);
    array out = array_of(element, rows * width, 7, 8, 4);
    double *want = doubles(out.count, NULL);

    vsh_norm_forward(nn, &s.shape, s.x.data, out.data);
    vsh_norm_forward_ref(layer, rows, width, s.x.exact, s.weight.exact, s.bias_exact, want);
    check_array("out", &out, width, want, 1, tolerance(element));
    vsh_norm_forward(nn, &s.shape, s.x.data, s.x.data);
    CHECK(memcmp(s.x.data, out.data, (size_t)out.count * vsh_element_bytes(element)) == 0);
}

static void rms_forward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    forward(false, false, nn, element, rows, width);
}
static void layer_forward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    forward(true, true, nn, element, rows, width);
    forward(true, false, nn, element, rows, width);
}

static void rms_norm_agrees_with_its_twin_also_in_place(void) { everywhere(rms_forward); }
static void layer_norm_agrees_with_its_twin_also_in_place(void) { everywhere(layer_forward); }

/* Sums over rows have a rounding each, and terms of both signs: their scale is the number of rows,
 * whose terms are about 1. */
static void backward(bool layer, bool biased, const vsh_nn *nn, vsh_element element, int64_t rows,
                     int64_t width)
{
    setup s = set_up(layer, biased, element, rows, width);
    array dout = array_of(element, rows * width, -1, 1, 5);
    array dx = array_of(element, rows * width, -1, 1, 6);
    array dweight = array_of(element, width, -1, 1, 7), dbias = array_of(element, width, -1, 1, 8);
    double *want_x = doubles(dx.count, dx.exact), *want_weight = doubles(width, dweight.exact);
    double *want_bias = doubles(width, dbias.exact), terms = sqrt((double)rows);
    float *partial = room_for(vsh_norm_partial_floats(rows, width), sizeof *partial);

    vsh_norm_backward(nn, &s.shape, s.x.data, dout.data, dx.data, dweight.data,
                      biased ? dbias.data : NULL, partial);
    vsh_norm_backward_ref(layer, rows, width, s.x.exact, s.weight.exact, dout.exact, want_x,
                          want_weight, biased ? want_bias : NULL);
    /* the deviation of a row of one is zero: 1 / sqrt(epsilon) multiplies a rounding */
    check_array("dx", &dx, width, want_x, layer && width == 1 ? 316 : 1, tolerance(element));
    check_array("dweight", &dweight, width, want_weight, terms, tolerance(element));
    check_array("dbias", &dbias, width, want_bias, terms, tolerance(element));
}

static void rms_backward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    backward(false, false, nn, element, rows, width);
}
static void layer_backward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    backward(true, true, nn, element, rows, width);
    backward(true, false, nn, element, rows, width);
}

static void gradients_of_rms_norm_agree_with_their_twin(void) { everywhere(rms_backward); }
static void gradients_of_layer_norm_agree_with_their_twin(void) { everywhere(layer_backward); }

/* mean 1000, deviation 0.6: x is known to 3e-5, so the result to 1e-4. The mean of squares less
 * the square of the mean would be off by 0.1. */
static void offset_rows(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    setup s = set_up(true, false, VSH_F32, rows, width);
    array out = array_of(VSH_F32, rows * width, 0, 1, 4);
    double *want = doubles(out.count, NULL);

    (void)element;
    for (int64_t i = 0; i < s.x.count; i++)
        array_set(&s.x, i, 1000 + vsh_random_uniform(2, 1, (uint64_t)i));
    vsh_norm_forward(nn, &s.shape, s.x.data, out.data);
    vsh_norm_forward_ref(true, rows, width, s.x.exact, s.weight.exact, NULL, want);
    check_array("out", &out, width, want, 1, 5e-4);
}

static void layer_norm_survives_a_large_mean(void) { with_shape(offset_rows, 3, 100); }

static void one_nan(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    for (int layer = 0; layer < 2; layer++)
        for (int64_t at = width; at < 2 * width; at++) {
            setup s = set_up(layer, true, element, rows, width);
            array out = array_of(element, rows * width, 0, 1, 4);
            array_set(&s.x, at, NAN);
            vsh_norm_forward(nn, &s.shape, s.x.data, out.data);
            for (int64_t i = 0; i < out.count; i++)
                CHECK(isnan(array_get(&out, i)) == (i / width == 1));
        }
}

static void a_nan_makes_its_row_nan_and_no_other(void) { with_shape(one_nan, 3, 21); }

const vsh_test vsh_tests[] = {
    {"rms_norm_agrees_with_its_twin_also_in_place", rms_norm_agrees_with_its_twin_also_in_place},
    {"layer_norm_agrees_with_its_twin_also_in_place",
     layer_norm_agrees_with_its_twin_also_in_place},
    {"gradients_of_rms_norm_agree_with_their_twin", gradients_of_rms_norm_agree_with_their_twin},
    {"gradients_of_layer_norm_agree_with_their_twin",
     gradients_of_layer_norm_agree_with_their_twin},
    {"layer_norm_survives_a_large_mean", layer_norm_survives_a_large_mean},
    {"a_nan_makes_its_row_nan_and_no_other", a_nan_makes_its_row_nan_and_no_other},
    {NULL, NULL}};
