/* The vector functions of simd.h, through the kernels that are little else. */
#include "trainer/nn/simd.h"

#include <float.h>

#include "tests/grad/vectors.h"

const char vsh_suite[] = "simd";

static void exp_of(const vsh_nn *nn, int64_t count, const float *x, float *out)
{
    nn->kernels->vector[VSH_F32].exp(count, x, out);
}

/* For every set of instructions, on this thread. */
static void for_each_set(void (*check)(const vsh_nn *nn))
{
    for (int i = 0; i < SETS; i++) {
        vsh_nn nn = {NULL, vsh_kernels_named(vectors_sets[i]), NULL};
        snprintf(vectors_where, sizeof vectors_where, "%s", vectors_sets[i]);
        if (nn.kernels)
            check(&nn);
        vsh_arena_free(&vectors_room);
    }
}

static void sweep_exp(const vsh_nn *nn)
{
    enum { COUNT = 1 << 20 };
    float *x = room_for(COUNT, sizeof *x), *out = room_for(COUNT, sizeof *out);
    double worst = 0;

    for (int i = 0; i < COUNT; i++)
        x[i] = (float)(-86.9 + (88.72 + 86.9) * i / (COUNT - 1));
    exp_of(nn, COUNT, x, out);
    for (int i = 0; i < COUNT; i++) {
        double off = fabs((double)out[i] / exp((double)x[i]) - 1);
        worst = off <= worst ? worst : off;
    }
    CHECK_NEAR(worst, 0, 0, 2e-7);
}

static void exp_is_within_two_in_ten_million_of_libm(void) { for_each_set(sweep_exp); }

static void ends_of_exp(const vsh_nn *nn)
{
    static const float x[] = {0, -0.0F, -INFINITY, -FLT_MAX, -88, INFINITY, FLT_MAX, 88.74F, NAN};
    float out[sizeof x / sizeof x[0]];

    exp_of(nn, 9, x, out);
    for (int i = 0; i < 2; i++)
        CHECK_NEAR((double)out[i], 1, 0, 0);
    for (int i = 2; i < 5; i++)
        CHECK_NEAR((double)out[i], 0, 0, 0);
    for (int i = 5; i < 8; i++)
        CHECK(isinf(out[i]) && out[i] > 0);
    CHECK(isnan(out[8]));
}

static void exp_ends_in_zero_and_infinity_and_keeps_nan(void) { for_each_set(ends_of_exp); }

static void all_halves(const vsh_nn *nn)
{
    enum { COUNT = 1 << 16 };
    const vsh_vector_kernels *kernels = &nn->kernels->vector[VSH_B16];
    vsh_bf16 *stored = room_for(COUNT, sizeof *stored), *back = room_for(COUNT, sizeof *back);
    float *wide = room_for(COUNT, sizeof *wide);
    bool same = true;

    for (int i = 0; i < COUNT; i++)
        stored[i] = (vsh_bf16)i;
    kernels->widen(COUNT, stored, wide);
    for (int i = 0; i < COUNT; i++) {
        float want = vsh_float_of_bf16(stored[i]);
        same = same && memcmp(&wide[i], &want, sizeof want) == 0;
    }
    CHECK(same);
    kernels->round(COUNT, wide, back);
    for (int i = 0; i < COUNT; i++) {
        bool nan = (i & 0x7fff) > 0x7f80; /* signalling ones become quiet */
        same = same && back[i] == (nan ? stored[i] | 0x40 : stored[i]);
    }
    CHECK(same);
}

static void every_bf16_survives_widening_and_rounding(void) { for_each_set(all_halves); }

/* Bits in steps of a prime: every exponent, and tails below, at and above the half. */
static void many_floats(const vsh_nn *nn)
{
    enum { COUNT = 1 << 20 };
    float *x = room_for(COUNT, sizeof *x);
    vsh_bf16 *got = room_for(COUNT, sizeof *got), *want = room_for(COUNT, sizeof *want);
    static const uint32_t tails[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};

    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t bits = i % 2 ? i * 4099U : (i / 12 * 7U % 65536) << 16 | tails[i / 2 % 6];
        memcpy(&x[i], &bits, sizeof bits);
        want[i] = vsh_bf16_of_float(x[i]);
    }
    nn->kernels->vector[VSH_B16].round(COUNT, x, got);
    CHECK(memcmp(got, want, COUNT * sizeof *got) == 0);
}

static void rounding_is_that_of_one_element(void) { for_each_set(many_floats); }

/* Sums of every length read and write exactly what they should. */
static void lengths(const vsh_nn *nn)
{
    for (vsh_element element = 0; element < VSH_ELEMENT_COUNT; element++)
        for (int64_t count = 1; count <= 70; count++) {
            array a = array_of(element, count, -1, 1, 1), b = array_of(element, count, -1, 1, 2);
            array out = array_of(element, count, 5, 6, 3), want = array_of(element, count, 0, 1, 4);
            for (int64_t i = 0; i < count; i++)
                array_set(&want, i, a.exact[i] + b.exact[i]);
            nn->kernels->vector[element].add(count, a.data, b.data, out.data);
            check_array("sum", &out, count, want.exact, 1, 0);
        }
}

static void parts_of_vectors_are_read_and_written_exactly(void) { for_each_set(lengths); }

const vsh_test vsh_tests[] = {
    {"exp_is_within_two_in_ten_million_of_libm", exp_is_within_two_in_ten_million_of_libm},
    {"exp_ends_in_zero_and_infinity_and_keeps_nan", exp_ends_in_zero_and_infinity_and_keeps_nan},
    {"every_bf16_survives_widening_and_rounding", every_bf16_survives_widening_and_rounding},
    {"rounding_is_that_of_one_element", rounding_is_that_of_one_element},
    {"parts_of_vectors_are_read_and_written_exactly",
     parts_of_vectors_are_read_and_written_exactly},
    {NULL, NULL}};
