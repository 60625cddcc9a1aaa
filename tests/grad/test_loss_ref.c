#include "trainer/nn/loss.h"

#include <math.h>

#include "tests/grad/differences.h"

const char vsh_suite[] = "loss_ref";

enum { ROWS = 4, VOCAB = 9 };

typedef struct {
    const int32_t *ids;
    double *soft, *logits;
    double scale;
} loss_case;

static double objective(void *context)
{
    loss_case *c = context;

    return c->scale * vsh_loss_rows_ref(ROWS, VOCAB, c->ids, c->soft, c->scale, c->logits, NULL);
}

static void gradients_for_token_ids_are_slopes(void)
{
    const int32_t ids[ROWS] = {8, -1, 0, 3};
    loss_case c = {ids, NULL, new_uniform(ROWS * VOCAB, 1, 3), 0.25};
    double *dlogits = new_doubles(ROWS * VOCAB);

    vsh_loss_rows_ref(ROWS, VOCAB, ids, NULL, c.scale, c.logits, dlogits);
    check_gradient(objective, &c, c.logits, dlogits, ROWS * VOCAB);
    for (int v = 0; v < VOCAB; v++)
        CHECK_NEAR(dlogits[VOCAB + v], 0, 0, 0); /* the row that does not count */
}

static void gradients_for_distributions_are_slopes(void)
{
    loss_case c = {NULL, new_uniform(ROWS * VOCAB, 2, 1), new_uniform(ROWS * VOCAB, 1, 3), 0.5};
    double *dlogits = new_doubles(ROWS * VOCAB);

    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int v = 0; v < VOCAB; v++)
            sum += c.soft[r * VOCAB + v] = fabs(c.soft[r * VOCAB + v]);
        for (int v = 0; v < VOCAB; v++)
            c.soft[r * VOCAB + v] /= sum;
    }
    vsh_loss_rows_ref(ROWS, VOCAB, NULL, c.soft, c.scale, c.logits, dlogits);
    check_gradient(objective, &c, c.logits, dlogits, ROWS * VOCAB);
}

static void a_one_hot_distribution_is_a_token_id(void)
{
    const int32_t ids[2] = {2, 0};
    double soft[6] = {0, 0, 1, 1, 0, 0}, logits[6] = {1, 2, 3, -1, 0, 1}, hard_grad[6],
           soft_grad[6];

    CHECK_NEAR(vsh_loss_rows_ref(2, 3, NULL, soft, 1, logits, soft_grad),
               vsh_loss_rows_ref(2, 3, ids, NULL, 1, logits, hard_grad), 1e-15, 0);
    for (int i = 0; i < 6; i++)
        CHECK_NEAR(soft_grad[i], hard_grad[i], 1e-15, 0);
}

static void equal_logits_lose_the_log_of_the_vocabulary(void)
{
    const int32_t ids[3] = {0, -1, 4};
    double logits[15] = {0};

    for (int i = 0; i < 15; i++)
        logits[i] = 1000; /* exponentials must not overflow */
    CHECK_NEAR(vsh_loss_rows_ref(3, 5, ids, NULL, 1, logits, NULL), 2 * log(5), 1e-12, 0);
}

const vsh_test vsh_tests[] = {
    {"gradients_for_token_ids_are_slopes", gradients_for_token_ids_are_slopes},
    {"gradients_for_distributions_are_slopes", gradients_for_distributions_are_slopes},
    {"a_one_hot_distribution_is_a_token_id", a_one_hot_distribution_is_a_token_id},
    {"equal_logits_lose_the_log_of_the_vocabulary", equal_logits_lose_the_log_of_the_vocabulary},
    {NULL, NULL}};
