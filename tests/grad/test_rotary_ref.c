#include "trainer/nn/rotary.h"

#include <math.h>
#include <string.h>

#include "tests/grad/differences.h"

const char vsh_suite[] = "rotary_ref";

/* Two sequences of three tokens from position 5; one column of each row is no head's. */
enum { ROWS = 6, SEQ = 3, START = 5, HEADS = 2, DIM = 4, STRIDE = HEADS * DIM + 1 };

typedef struct {
    double *x, *out, *dout;
} rotary_case;

static double objective(void *context)
{
    rotary_case *c = context;

    memcpy(c->out, c->x, ROWS * STRIDE * sizeof *c->x);
    vsh_rotary_ref(ROWS, SEQ, START, HEADS, DIM, STRIDE, false, c->out);
    return weighted_sum(ROWS * STRIDE, c->out, c->dout);
}

static void rotating_back_gives_the_slopes(void)
{
    rotary_case c = {new_uniform(ROWS * STRIDE, 1, 1), new_doubles(ROWS * STRIDE),
                     new_uniform(ROWS * STRIDE, 2, 1)};
    double *dx = new_doubles(ROWS * STRIDE);

    memcpy(dx, c.dout, ROWS * STRIDE * sizeof *dx);
    vsh_rotary_ref(ROWS, SEQ, START, HEADS, DIM, STRIDE, true, dx);
    check_gradient(objective, &c, c.x, dx, ROWS * STRIDE);
}

static void the_pair_i_turns_by_position_times_its_frequency(void)
{
    double x[4] = {1, 1, 0, 0}; /* both pairs point along their first half */

    vsh_rotary_ref(1, 1, 3, 1, 4, 4, false, x);
    CHECK_NEAR(x[0], cos(3), 1e-15, 0);
    CHECK_NEAR(x[2], sin(3), 1e-15, 0);
    CHECK_NEAR(x[1], cos(0.03), 1e-15, 0); /* 10000^(-2/4) = 1/100 */
    CHECK_NEAR(x[3], sin(0.03), 1e-14, 0);
}

static void a_score_depends_on_the_distance_only(void)
{
    double at[2];

    for (int i = 0; i < 2; i++) {
        double q[4] = {0.3, -1, 2, 0.5}, k[4] = {1, 0.2, -0.7, 1.5};
        vsh_rotary_ref(1, 1, 9 + 20 * i, 1, 4, 4, false, q);
        vsh_rotary_ref(1, 1, 2 + 20 * i, 1, 4, 4, false, k);
        at[i] = weighted_sum(4, q, k);
    }
    CHECK_NEAR(at[1], at[0], 1e-12, 0);
}

const vsh_test vsh_tests[] = {
    {"rotating_back_gives_the_slopes", rotating_back_gives_the_slopes},
    {"the_pair_i_turns_by_position_times_its_frequency",
     the_pair_i_turns_by_position_times_its_frequency},
    {"a_score_depends_on_the_distance_only", a_score_depends_on_the_distance_only},
    {NULL, NULL}};
