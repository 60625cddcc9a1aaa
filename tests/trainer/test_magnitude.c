#include "trainer/study/magnitude.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "magnitude";

enum { COUNT = 1000 };

static int by_size(const void *a, const void *b)
{
    float left = *(const float *)a, right = *(const float *)b;

    return (left > right) - (left < right);
}

/* Against sorting: what goes is exactly what is smaller than the first that stays. */
static void the_smallest_go_and_no_other_changes(void)
{
    static const int64_t zeros[] = {0, 1, 2, 499, 500, 999, 1000};

    for (size_t z = 0; z < sizeof zeros / sizeof zeros[0]; z++) {
        float before[COUNT], after[COUNT], sizes[COUNT], least;
        for (int i = 0; i < COUNT; i++) {
            double u = vsh_random_uniform(1, 2, (uint64_t)i);
            before[i] = (float)((i % 2 ? 1 : -1) * exp(40 * u - 20));
            sizes[i] = fabsf(before[i]);
        }
        memcpy(after, before, sizeof after);
        qsort(sizes, COUNT, sizeof *sizes, by_size);
        least = zeros[z] < COUNT ? sizes[zeros[z]] : INFINITY;
        vsh_magnitude_prune(VSH_F32, COUNT, zeros[z], after);
        CHECK_INT(vsh_magnitude_nonzero(VSH_F32, COUNT, after), COUNT - zeros[z]);
        for (int i = 0; i < COUNT; i++)
            CHECK_NEAR((double)after[i], fabsf(before[i]) < least ? 0 : (double)before[i], 0, 0);
    }
}

static void of_equal_ones_the_first_go(void)
{
    float w[8] = {2, -1, 1, 3, 1, -1, 1, 0.5F};
    const float want[8] = {2, 0, 0, 3, 0, -1, 1, 0};

    vsh_magnitude_prune(VSH_F32, 8, 4, w);
    for (int i = 0; i < 8; i++)
        CHECK_NEAR((double)w[i], (double)want[i], 0, 0);
}

static void zeros_are_the_smallest_and_lose_their_sign(void)
{
    float w[5] = {1, -0.0F, 1e-45F, 0, -1e-45F};

    vsh_magnitude_prune(VSH_F32, 5, 3, w);
    CHECK_INT(vsh_magnitude_nonzero(VSH_F32, 5, w), 2);
    CHECK(!signbit(w[1]) && w[2] == 0 && w[4] < 0);
}

static void sixteen_bits_are_ranked_as_numbers(void)
{
    vsh_bf16 w[COUNT];
    float largest_gone = 0, least_left = INFINITY;

    for (int i = 0; i < COUNT; i++)
        w[i] = vsh_bf16_of_float((float)(vsh_random_uniform(1, 3, (uint64_t)i) - 0.5));
    for (int turn = 0; turn < 2; turn++) {
        vsh_bf16 pruned[COUNT];
        memcpy(pruned, w, sizeof w);
        vsh_magnitude_prune(VSH_B16, COUNT, 300, pruned);
        CHECK_INT(vsh_magnitude_nonzero(VSH_B16, COUNT, pruned), 700);
        for (int i = 0; i < COUNT; i++) {
            float size = fabsf(vsh_float_of_bf16(w[i]));
            if (pruned[i] == 0)
                largest_gone = fmaxf(largest_gone, size);
            else
                least_left = fminf(least_left, size);
        }
    }
    CHECK(largest_gone > 0 && largest_gone <= least_left);
}

const vsh_test vsh_tests[] = {
    {"the_smallest_go_and_no_other_changes", the_smallest_go_and_no_other_changes},
    {"of_equal_ones_the_first_go", of_equal_ones_the_first_go},
    {"zeros_are_the_smallest_and_lose_their_sign", zeros_are_the_smallest_and_lose_their_sign},
    {"sixteen_bits_are_ranked_as_numbers", sixteen_bits_are_ranked_as_numbers},
    {NULL, NULL}};
