#include "planner/advice/low_precision.h"

#include <math.h>

#include "tests/harness.h"

const char vsh_suite[] = "advice_low_precision";

/* science-worked.json kumar_Neff_*: the form as printed, without offset. */
static void the_printed_form_has_no_offset(void)
{
    CHECK_NEAR(vsh_kumar_factor(4, 2.6745, 0), 0.7758873956507362, 1e-9, 0);
    CHECK_NEAR(vsh_kumar_factor(8, 2.6745, 0), 0.9497735405717903, 1e-9, 0);
    CHECK_NEAR(vsh_kumar_factor(16, 2.6745, 0), 0.9974773027733064, 1e-9, 0);
    CHECK_NEAR(vsh_kumar_factor(8, 2.6745, 0) * vsh_kumar_factor(8, 2.2102, 0) *
                   vsh_kumar_factor(8, 0.9578, 0),
               0.9241074591326202, 1e-9, 0);
}

/* Table 2 with its offsets n. */
static void eight_bits_everywhere_count_0_828_of_the_parameters(void)
{
    CHECK_NEAR(vsh_kumar_effective_share(8, 8, 8), 0.828, 0, 5e-4);
    CHECK_NEAR(vsh_kumar_effective_share(8, 0, 0), 0.932, 0, 5e-4);
    CHECK_NEAR(vsh_kumar_effective_share(4, 4, 4), 0.191, 0, 5e-4);
    CHECK_NEAR(vsh_kumar_effective_share(16, 16, 16), 0.994, 0, 5e-4);
    CHECK_NEAR(vsh_kumar_effective_share(0, 0, 0), 1, 0, 0);
}

/* The paper: with cost N D P the best precision is 7 - 8 bits; the offsets must give that back. */
static void the_best_precision_is_seven_bits(void)
{
    double best = 0, most = 0;

    for (double bits = 3.5; bits < 16; bits += 0.01) {
        double share = vsh_kumar_effective_share(bits, bits, bits) / bits;
        if (share > most) {
            most = share;
            best = bits;
        }
    }
    CHECK_NEAR(best, 7.0, 0, 0.05);
}

static void more_bits_never_cost(void)
{
    for (double bits = 4; bits < 32; bits++)
        CHECK(vsh_kumar_effective_share(bits, bits, bits) <
              vsh_kumar_effective_share(bits + 1, bits + 1, bits + 1));
}

static void ten_times_the_tokens_triple_the_penalty_of_quantizing_afterwards(void)
{
    CHECK_NEAR(vsh_kumar_after_training_ratio(10), 3.2121809339879848, 1e-9, 0);
    CHECK_NEAR(vsh_kumar_after_training_ratio(1), 1, 0, 0);
}

static void a_group_of_weights_carries_its_scale(void)
{
    CHECK_NEAR(vsh_quantized_bytes(4, 64) * 8, 4.25, 1e-12, 0);
    CHECK_NEAR(vsh_quantized_bytes(8, 64) * 8, 8.25, 1e-12, 0);
}

const vsh_test vsh_tests[] = {
    {"the_printed_form_has_no_offset", the_printed_form_has_no_offset},
    {"eight_bits_everywhere_count_0_828_of_the_parameters",
     eight_bits_everywhere_count_0_828_of_the_parameters},
    {"the_best_precision_is_seven_bits", the_best_precision_is_seven_bits},
    {"more_bits_never_cost", more_bits_never_cost},
    {"ten_times_the_tokens_triple_the_penalty_of_quantizing_afterwards",
     ten_times_the_tokens_triple_the_penalty_of_quantizing_afterwards},
    {"a_group_of_weights_carries_its_scale", a_group_of_weights_carries_its_scale},
    {NULL, NULL}};
