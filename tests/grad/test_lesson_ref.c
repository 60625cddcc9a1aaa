#include "trainer/nn/lesson.h"

#include <math.h>

#include "tests/grad/differences.h"
#include "trainer/nn/loss.h"

const char vsh_suite[] = "lesson_ref";

enum { ROWS = 4, VOCAB = 9 };

typedef struct {
    const int32_t *ids;
    double weight, temperature, scale;
    double *teacher, *logits;
} lesson_case;

static const int32_t ids[ROWS] = {8, -1, 0, 3};

static double objective(void *context)
{
    lesson_case *c = context;

    return c->scale * vsh_lesson_rows_ref(ROWS, VOCAB, c->ids, c->weight, c->temperature, c->scale,
                                          c->teacher, c->logits, NULL);
}

static void gradients_are_slopes_at_every_weight_and_temperature(void)
{
    static const double weights[] = {0, 0.3, 1}, temperatures[] = {0.5, 1, 4};

    for (int i = 0; i < 9; i++) {
        lesson_case c = {ids,
                         weights[i / 3],
                         temperatures[i % 3],
                         0.25,
                         new_uniform(ROWS * VOCAB, 2, 3),
                         new_uniform(ROWS * VOCAB, 1, 3)};
        double *dlogits = new_doubles(ROWS * VOCAB);
        vsh_lesson_rows_ref(ROWS, VOCAB, ids, c.weight, c.temperature, c.scale, c.teacher, c.logits,
                            dlogits);
        check_gradient(objective, &c, c.logits, dlogits, ROWS * VOCAB);
        for (int v = 0; v < VOCAB; v++)
            CHECK_NEAR(dlogits[VOCAB + v], 0, 0, 0); /* the row that does not count */
    }
}

static void without_weight_it_is_the_loss_of_token_ids(void)
{
    double *teacher = new_uniform(ROWS * VOCAB, 2, 3), *logits = new_uniform(ROWS * VOCAB, 1, 3);

    CHECK_NEAR(vsh_lesson_rows_ref(ROWS, VOCAB, ids, 0, 3, 1, teacher, logits, NULL),
               vsh_loss_rows_ref(1, VOCAB, ids, 1, logits, NULL) +
                   vsh_loss_rows_ref(2, VOCAB, ids + 2, 1, logits + 2 * VOCAB, NULL),
               1e-13, 0);
}

/* KL is 0 and least where both distributions are one; logits may differ by a constant. */
static void who_knows_what_the_teacher_knows_has_nothing_to_learn(void)
{
    double *logits = new_uniform(ROWS * VOCAB, 1, 3), *teacher = new_doubles(ROWS * VOCAB);
    double *dlogits = new_doubles(ROWS * VOCAB);

    for (int i = 0; i < ROWS * VOCAB; i++)
        teacher[i] = logits[i] + 7;
    CHECK_NEAR(vsh_lesson_rows_ref(ROWS, VOCAB, ids, 1, 2, 1, teacher, logits, dlogits), 0, 0,
               1e-13);
    for (int i = 0; i < ROWS * VOCAB; i++)
        CHECK_NEAR(dlogits[i], 0, 0, 1e-14);
    teacher[0] += 1;
    CHECK(vsh_lesson_rows_ref(ROWS, VOCAB, ids, 1, 2, 1, teacher, logits, NULL) > 1e-3);
}

/* Two pieces, by hand: the teacher's odds of 3 to 1 softened by 2 are sqrt 3 to 1, the student's
 * are even. */
static void a_worked_row(void)
{
    const int32_t right[1] = {1};
    double teacher[2] = {log(3), 0}, logits[2] = {0, 0}, dlogits[2];
    double q = sqrt(3) / (sqrt(3) + 1), kl = q * log(2 * q) + (1 - q) * log(2 * (1 - q));

    CHECK_NEAR(vsh_lesson_rows_ref(1, 2, right, 0.25, 2, 1, teacher, logits, dlogits),
               0.75 * log(2) + 0.25 * 4 * kl, 1e-13, 0);
    CHECK_NEAR(dlogits[0], 0.75 * 0.5 + 0.25 * 2 * (0.5 - q), 1e-13, 0);
    CHECK_NEAR(dlogits[1], -dlogits[0], 1e-13, 0);
}

const vsh_test vsh_tests[] = {
    {"gradients_are_slopes_at_every_weight_and_temperature",
     gradients_are_slopes_at_every_weight_and_temperature},
    {"without_weight_it_is_the_loss_of_token_ids", without_weight_it_is_the_loss_of_token_ids},
    {"who_knows_what_the_teacher_knows_has_nothing_to_learn",
     who_knows_what_the_teacher_knows_has_nothing_to_learn},
    {"a_worked_row", a_worked_row},
    {NULL, NULL}};
