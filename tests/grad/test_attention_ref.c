#include "trainer/nn/attention.h"

#include <math.h>

#include "tests/grad/differences.h"

const char vsh_suite[] = "attention_ref";

enum { SEQUENCES = 2, SEQ = 5, HEADS = 4, DIM = 3, ROWS = SEQUENCES * SEQ };

typedef struct {
    int64_t kv_heads, window;
    double *q, *k, *v, *out, *dout;
} attention_case;

static double objective(void *context)
{
    attention_case *c = context;

    vsh_attention_forward_ref(SEQUENCES, SEQ, HEADS, c->kv_heads, DIM, c->window, c->q, c->k, c->v,
                              c->out);
    return weighted_sum(ROWS * HEADS * DIM, c->out, c->dout);
}

static attention_case new_case(int64_t kv_heads, int64_t window)
{
    int64_t q = ROWS * HEADS * DIM, kv = ROWS * kv_heads * DIM;

    return (attention_case){kv_heads,
                            window,
                            new_uniform(q, 1, 2),
                            new_uniform(kv, 2, 2),
                            new_uniform(kv, 3, 1),
                            new_doubles(q),
                            new_uniform(q, 4, 1)};
}

static void check_attention(int64_t kv_heads, int64_t window)
{
    attention_case c = new_case(kv_heads, window);
    int64_t q = ROWS * HEADS * DIM, kv = ROWS * kv_heads * DIM;
    double *dq = new_doubles(q), *dk = new_doubles(kv), *dv = new_doubles(kv);

    vsh_attention_backward_ref(SEQUENCES, SEQ, HEADS, kv_heads, DIM, window, c.q, c.k, c.v, c.dout,
                               dq, dk, dv);
    check_gradient(objective, &c, c.q, dq, q);
    check_gradient(objective, &c, c.k, dk, kv);
    check_gradient(objective, &c, c.v, dv, kv);
}

static void gradients_over_all_keys_are_slopes(void)
{
    check_attention(4, 0);
    check_attention(2, 0);
    check_attention(1, 0);
}

static void gradients_over_a_window_are_slopes(void)
{
    check_attention(4, 1);
    check_attention(2, 3);
    check_attention(1, 9);
}

static void a_window_of_one_returns_the_own_value(void)
{
    attention_case c = new_case(HEADS, 1);

    objective(&c);
    for (int i = 0; i < ROWS * HEADS * DIM; i++)
        CHECK_NEAR(c.out[i], c.v[i], 1e-15, 0);
}

static void a_window_as_long_as_the_sequence_is_none(void)
{
    attention_case all = new_case(2, 0), wide = new_case(2, SEQ);

    CHECK_NEAR(objective(&wide), objective(&all), 0, 0);
}

/* Token 3 sees 1, 2 and 3 through a window of 3, never 0, 4 or the other sequence. */
static void a_token_sees_its_window_and_nothing_else(void)
{
    attention_case c = new_case(1, 3);

    for (int row = 0; row < ROWS; row++) {
        double before, *value = &c.v[row * DIM];
        objective(&c);
        before = c.out[3 * HEADS * DIM];
        *value += 1;
        objective(&c);
        CHECK((c.out[3 * HEADS * DIM] != before) == (row >= 1 && row <= 3));
        *value -= 1;
    }
}

/* With equal keys the weights are equal: head h takes the mean of the values of group h/(H/K). */
static void query_heads_share_the_keys_of_their_group(void)
{
    attention_case c = new_case(2, 0);

    for (int i = 0; i < ROWS * 2 * DIM; i++) {
        c.k[i] = 0;
        c.v[i] = i / DIM % 2; /* group 0 holds zeros, group 1 ones */
    }
    objective(&c);
    for (int i = 0; i < ROWS * HEADS * DIM; i++)
        CHECK_NEAR(c.out[i], i / DIM % HEADS < 2 ? 0 : 1, 1e-15, 1e-15);
}

const vsh_test vsh_tests[] = {
    {"gradients_over_all_keys_are_slopes", gradients_over_all_keys_are_slopes},
    {"gradients_over_a_window_are_slopes", gradients_over_a_window_are_slopes},
    {"a_window_of_one_returns_the_own_value", a_window_of_one_returns_the_own_value},
    {"a_window_as_long_as_the_sequence_is_none", a_window_as_long_as_the_sequence_is_none},
    {"a_token_sees_its_window_and_nothing_else", a_token_sees_its_window_and_nothing_else},
    {"query_heads_share_the_keys_of_their_group", query_heads_share_the_keys_of_their_group},
    {NULL, NULL}};
