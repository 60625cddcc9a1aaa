#include "trainer/nn/lesson.h"

#include "tests/grad/vectors.h"
#include "trainer/nn/loss.h"

const char vsh_suite[] = "lesson";

static const float scale = 0.25F;

typedef struct {
    double weight, temperature, size;
} manner;

/* Agrees with the twins: losses to 2e-6 of their parts, gradients to a few roundings of the
 * greatest of their row, or of the scale. */
static void check_lesson(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t vocab,
                         const manner *how)
{
    vsh_lesson lesson = {
        .weight = how->weight, .temperature = how->temperature, .text_losses = doubles(rows, NULL)};
    array x = array_of(element, rows * vocab, -how->size, how->size, 1);
    array z = array_of(VSH_F32, rows * vocab, -how->size, how->size, 2);
    int32_t *ids = room_for(rows, sizeof *ids);
    double *losses = doubles(rows, NULL), *want = doubles(x.count, NULL), want_loss;
    double *exact = doubles(x.count, x.exact), parts = how->size + log((double)vocab);

    for (int64_t r = 0; r < rows; r++)
        ids[r] = r % 7 == 3 ? -1 : (int32_t)(vsh_random_uniform(4, 1, (uint64_t)r) * (double)vocab);
    vsh_lesson_rows(nn, element, rows, vocab, ids, &lesson, scale, z.data, x.data, losses);
    for (int64_t r = 0; r < rows; r++) {
        want_loss =
            vsh_lesson_rows_ref(1, vocab, ids + r, how->weight, how->temperature, (double)scale,
                                z.exact + r * vocab, exact + r * vocab, want + r * vocab);
        CHECK_NEAR(losses[r], want_loss, 2e-6,
                   2e-6 * parts * (1 + how->temperature * how->temperature));
        CHECK_NEAR(lesson.text_losses[r],
                   vsh_loss_rows_ref(1, vocab, ids + r, 1, exact + r * vocab, NULL), 2e-6,
                   2e-6 * parts);
    }
    check_array("gradients", &x, vocab, want, 0.1 * (double)scale, tolerance(element));
    digest(losses, (size_t)rows * sizeof *losses);
}

static void mixed(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    check_lesson(nn, element, rows, width, &(manner){0.4, 1, 4});
}
static void warm(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    check_lesson(nn, element, rows, width, &(manner){0.7, 3, 4});
}
static void of_the_teacher_alone(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    check_lesson(nn, element, rows, width, &(manner){1, 2, 4});
}
static void extreme(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    check_lesson(nn, element, rows, width, &(manner){0.5, 1, 1e3});
}

static void losses_and_gradients_agree_with_their_twin(void)
{
    everywhere(mixed);
    everywhere(warm);
    with_shape(of_the_teacher_alone, 20, 5003); /* several chunks a row, several parts */
}

static void logits_of_a_thousand_do_no_harm(void) { with_shape(extreme, 9, 5003); }

/* Elements behind the last vector must not lead to 0 times infinity. */
static void rows_shorter_than_a_vector_are_whole(void)
{
    with_shape(warm, 3, 1);
    with_shape(warm, 3, 5);
}

const vsh_test vsh_tests[] = {
    {"losses_and_gradients_agree_with_their_twin", losses_and_gradients_agree_with_their_twin},
    {"logits_of_a_thousand_do_no_harm", logits_of_a_thousand_do_no_harm},
    {"rows_shorter_than_a_vector_are_whole", rows_shorter_than_a_vector_are_whole},
    {NULL, NULL}};
