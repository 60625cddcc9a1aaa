#include "trainer/nn/row_int8.h"

#include <math.h>
#include <stdlib.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "row_int8";

enum { ROWS = 7, COLS = 50 };

static void fill(vsh_element element, void *w, float *exact)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        float value = (float)((i / COLS + 1) * (2 * vsh_random_uniform(1, 1, (uint64_t)i) - 1));
        if (element == VSH_B16) {
            ((vsh_bf16 *)w)[i] = vsh_bf16_of_float(value);
            value = vsh_float_of_bf16(((vsh_bf16 *)w)[i]);
        } else {
            ((float *)w)[i] = value;
        }
        exact[i] = value;
    }
}

/* Every weight is within half a step, and the largest of a row is 127 steps. */
static void check_rows(vsh_element element)
{
    float w[ROWS * COLS], exact[ROWS * COLS], scale[ROWS];
    int8_t q[ROWS * COLS];

    fill(element, w, exact);
    vsh_row_int8_make(element, ROWS, COLS, w, q, scale);
    for (int r = 0; r < ROWS; r++) {
        float largest = 0;
        int most = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) {
            CHECK(fabs((double)exact[i] - q[i] * (double)scale[r]) <= 0.5000001 * (double)scale[r]);
            largest = fmaxf(largest, fabsf(exact[i]));
            most = abs(q[i]) > most ? abs(q[i]) : most;
        }
        CHECK_INT(most, 127);
        CHECK_NEAR((double)scale[r], (double)largest / 127, 1e-7, 0);
    }
}

static void weights_are_within_half_a_step_of_their_row(void)
{
    check_rows(VSH_F32);
    check_rows(VSH_B16);
}

/* With a largest of 127 a step is 1. */
static void halves_go_to_the_even_neighbour(void)
{
    const float w[8] = {127, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -2.5F, 3.4999F};
    const int8_t want[8] = {127, 0, 2, 2, 0, -2, -2, 3};
    int8_t q[8];
    float scale;

    vsh_row_int8_make(VSH_F32, 1, 8, w, q, &scale);
    CHECK_NEAR((double)scale, 1, 0, 0);
    for (int i = 0; i < 8; i++)
        CHECK_INT(q[i], want[i]);
}

static void a_row_of_zeros_stays_one(void)
{
    const float w[6] = {0, -0.0F, 0, 1, 2, -4};
    int8_t q[6];
    float scale[2], back[6];

    vsh_row_int8_make(VSH_F32, 2, 3, w, q, scale);
    CHECK_NEAR((double)scale[0], 0, 0, 0);
    vsh_row_int8_restore(2, 3, q, scale, VSH_F32, back);
    for (int i = 0; i < 3; i++)
        CHECK_NEAR((double)back[i], 0, 0, 0);
    CHECK_NEAR((double)back[5], -4, 1e-7, 0);
}

/* Where 127 steps of the smallest numbers are more than the row's largest. */
static void the_smallest_numbers_stay_in_range(void)
{
    float w[3] = {1e-44F, -1e-44F, 3e-45F}, scale;
    int8_t q[3];

    vsh_row_int8_make(VSH_F32, 1, 3, w, q, &scale);
    for (int i = 0; i < 3; i++)
        CHECK(q[i] >= -127);
    w[0] = 2e-43F; /* 143 of the smallest: a scale of one of them */
    vsh_row_int8_make(VSH_F32, 1, 3, w, q, &scale);
    CHECK_INT(q[0], 127);
}

/* What was made wide again is made narrow without a further loss. */
static void narrow_again_is_the_same(void)
{
    float w[ROWS * COLS], exact[ROWS * COLS], scale[ROWS], scale_again[ROWS];
    int8_t q[ROWS * COLS], q_again[ROWS * COLS];

    fill(VSH_F32, w, exact);
    vsh_row_int8_make(VSH_F32, ROWS, COLS, w, q, scale);
    vsh_row_int8_restore(ROWS, COLS, q, scale, VSH_F32, w);
    vsh_row_int8_make(VSH_F32, ROWS, COLS, w, q_again, scale_again);
    for (int i = 0; i < ROWS * COLS; i++)
        CHECK_INT(q_again[i], q[i]);
    for (int r = 0; r < ROWS; r++)
        CHECK_NEAR((double)scale_again[r], (double)scale[r], 1e-6, 0);
}

const vsh_test vsh_tests[] = {
    {"weights_are_within_half_a_step_of_their_row", weights_are_within_half_a_step_of_their_row},
    {"halves_go_to_the_even_neighbour", halves_go_to_the_even_neighbour},
    {"a_row_of_zeros_stays_one", a_row_of_zeros_stays_one},
    {"the_smallest_numbers_stay_in_range", the_smallest_numbers_stay_in_range},
    {"narrow_again_is_the_same", narrow_again_is_the_same},
    {NULL, NULL}};
