#include "trainer/nn/linear.h"

#include <float.h>

#include "tests/grad/vectors.h"

const char vsh_suite[] = "linear";

enum { EXTRA = 5 };

static void biased(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    int64_t stride = width + EXTRA;
    array y = array_of(element, rows * stride, -1, 1, 1),
          want = array_of(element, y.count, 0, 0, 1);
    array bias = array_of(element, width, -1, 1, 2);

    for (int64_t i = 0; i < y.count; i++)
        array_set(&want, i, y.exact[i] + (i % stride < width ? bias.exact[i % stride] : 0));
    vsh_bias_forward(nn, element, rows, width, stride, bias.data, y.data);
    check_array("y", &y, stride, want.exact, 1, 0);
}

static void a_bias_is_added_to_its_columns_exactly(void) { everywhere(biased); }

static void summed(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    int64_t stride = width + EXTRA;
    array dy = array_of(element, rows * stride, -1, 1, 1),
          dbias = array_of(element, width, -1, 1, 2);
    double *want = doubles(width, dbias.exact);
    float *partial = room_for(vsh_row_blocks(rows) * width, sizeof *partial);

    for (int64_t i = 0; i < dy.count; i++)
        if (i % stride < width)
            want[i % stride] += dy.exact[i];
    vsh_bias_backward(nn, element, rows, width, stride, dy.data, dbias.data, partial);
    check_array("dbias", &dbias, width, want, sqrt((double)rows), tolerance(element));
}

static void the_gradient_of_a_bias_is_the_sum_over_rows(void) { everywhere(summed); }

static void columns(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    int64_t stride = width + EXTRA;
    array from = array_of(element, rows * width, -1, 1, 1);
    array to = array_of(element, rows * stride, -1, 1, 2);
    double *want = doubles(to.count, to.exact);

    for (int64_t i = 0; i < from.count; i++)
        want[i / width * stride + i % width] = from.exact[i];
    vsh_copy_columns(nn, element, rows, width, from.data, width, to.data, stride);
    check_array("to", &to, stride, want, 1, 0);
}

static void copied_columns_leave_the_others(void) { everywhere(columns); }

static void vectors(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    int64_t count = rows * width;
    array from = array_of(element, count, -1, 1, 1), to = array_of(element, count, -1, 1, 2);
    array sum = array_of(element, count, 0, 0, 3);

    for (int64_t i = 0; i < count; i++)
        array_set(&sum, i, from.exact[i] + to.exact[i]);
    vsh_add(nn, element, count, from.data, to.data);
    check_array("sum", &to, count, sum.exact, 1, 0);
    vsh_copy(nn, element, count, from.data, to.data);
    check_array("copy", &to, count, from.exact, 1, 0);
    vsh_zero(nn, element, count, to.data);
    check_array("zero", &to, count, doubles(count, NULL), 1, 0);
}

static void sums_copies_and_zeros_are_exact(void)
{
    everywhere(vectors);
    with_shape(vectors, 3, 33333); /* several parts */
}

static void between_types(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    int64_t count = rows * width;
    array wide = array_of(VSH_F32, count, -1, 1, 1), narrow = array_of(VSH_B16, count, 0, 0, 2);
    array want = array_of(VSH_B16, count, 0, 0, 3);

    (void)element;
    for (int64_t i = 0; i < count; i++)
        array_set(&want, i, wide.exact[i]);
    vsh_round(nn, count, wide.data, narrow.data);
    check_array("narrow", &narrow, count, want.exact, 1, 0);
    vsh_widen(nn, count, narrow.data, wide.data);
    check_array("wide", &wide, count, want.exact, 1, 0);
}

static void stored_types_are_rounded_and_widened_exactly(void)
{
    everywhere(between_types);
    with_shape(between_types, 3, 33333);
}

static void bad_elements(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    int64_t count = rows * width;
    array x = array_of(element, count, -1, 1, 1);

    array_set(&x, 0, FLT_MAX / 2);
    array_set(&x, count - 1, 1e-40);
    CHECK(vsh_all_finite(nn, element, count, x.data));
    CHECK(vsh_all_finite(nn, element, 0, x.data));
    for (int64_t i = 0; i<count; i += count> 1000 ? 4001 : 1) {
        double was = x.exact[i];
        array_set(&x, i, bad[i % 3]);
        CHECK(!vsh_all_finite(nn, element, count, x.data));
        CHECK(vsh_all_finite(nn, element, i, x.data));
        array_set(&x, i, was);
    }
}

static void an_infinity_or_nan_is_found_wherever_it_is(void)
{
    with_shape(bad_elements, 1, 1);
    with_shape(bad_elements, 1, 171);
    with_shape(bad_elements, 3, 33333);
}

const vsh_test vsh_tests[] = {
    {"a_bias_is_added_to_its_columns_exactly", a_bias_is_added_to_its_columns_exactly},
    {"the_gradient_of_a_bias_is_the_sum_over_rows", the_gradient_of_a_bias_is_the_sum_over_rows},
    {"copied_columns_leave_the_others", copied_columns_leave_the_others},
    {"sums_copies_and_zeros_are_exact", sums_copies_and_zeros_are_exact},
    {"stored_types_are_rounded_and_widened_exactly", stored_types_are_rounded_and_widened_exactly},
    {"an_infinity_or_nan_is_found_wherever_it_is", an_infinity_or_nan_is_found_wherever_it_is},
    {NULL, NULL}};
