/* Which tokens of held-out text have a context that was there before. */
#include "tests/harness.h"
#include "trainer/study/held_out_loss.h"

const char vsh_suite[] = "held_out_loss";

static void a_token_counts_whose_last_three_stood_there_before(void)
{
    /*                      a  b  c  d  a  b  c  d  e  a  b  d | a  a  a  a  b  c  b  c  b  c  1  1
     */
    int32_t inputs[24] = {1, 2, 3, 4, 1, 2, 3, 4, 5, 1, 2, 4, 1, 1, 1, 1, 2, 3, 2, 3, 2, 3, 1, 1};
    static const bool repeats[24] = {[6] = true,
                                     [7] = true, /* the next window knows nothing of */
                                     [15] = true,
                                     [20] = true,
                                     [21] = true}; /* the first */
    int32_t targets[24];
    vsh_held_out w = {.sequences = 2, .seq = 12, .inputs = inputs, .targets = targets};

    for (int i = 0; i < 24; i++)
        targets[i] = i == 7 ? -1 : 9; /* one that did not count before */
    vsh_held_out_keep_repeats(&w);
    for (int i = 0; i < 24; i++)
        CHECK_INT(targets[i], repeats[i] && i != 7 ? 9 : -1);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

const vsh_test vsh_tests[] = {
    TEST(a_token_counts_whose_last_three_stood_there_before),
    {NULL, NULL},
};
