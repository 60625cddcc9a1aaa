#include "trainer/nn/loss.h"

#include <math.h>

#include "tests/grad/differences.h"

const char vsh_suite[] = "loss_ref";

enum { ROWS = 4, VOCAB = 9 };

typedef struct {
    const int32_t *ids;
    double *logits;
    double scale;
} loss_case;

static double objective(void *context)
{
    loss_case *c = context;

    return c->scale * vsh_loss_rows_ref(ROWS, VOCAB, c->ids, c->scale, c->logits, NULL);
}

static void gradients_for_token_ids_are_slopes(void)
{
    const int32_t ids[ROWS] = {8, -1, 0, 3};
    loss_case c = {ids, new_uniform(ROWS * VOCAB, 1, 3), 0.25};
    double *dlogits = new_doubles(ROWS * VOCAB);

    vsh_loss_rows_ref(ROWS, VOCAB, ids, c.scale, c.logits, dlogits);
    check_gradient(objective, &c, c.logits, dlogits, ROWS * VOCAB);
    for (int v = 0; v < VOCAB; v++)
        CHECK_NEAR(dlogits[VOCAB + v], 0, 0, 0); /* the row that does not count */
}

static void equal_logits_lose_the_log_of_the_vocabulary(void)
{
    const int32_t ids[3] = {0, -1, 4};
    double logits[15] = {0};

    for (int i = 0; i < 15; i++)
        logits[i] = 1000; /* exponentials must not overflow */
    CHECK_NEAR(vsh_loss_rows_ref(3, 5, ids, 1, logits, NULL), 2 * log(5), 1e-12, 0);
}

const vsh_test vsh_tests[] = {
    {"gradients_for_token_ids_are_slopes", gradients_for_token_ids_are_slopes},
    {"equal_logits_lose_the_log_of_the_vocabulary", equal_logits_lose_the_log_of_the_vocabulary},
    {NULL, NULL}};
